#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A first look: Alice writes to Bob, once with OpenPGP and once with S/MIME.
#
# Usage: demo.sh [MAIL]     MAILCRYPT names the tool (default: mailcrypt from PATH)
#
# Everything happens in a throw-away folder. Each command is printed before it runs,
# and the first one that fails ends the demo with its status.
set -eu

mailcrypt=${MAILCRYPT:-mailcrypt}
here=$(cd "$(dirname "$0")" && pwd)
mail=${1:-$here/demo.eml}
[ -f "$mail" ] || { echo "demo: no such mail: $mail" >&2; exit 2; }
command -v "$mailcrypt" > /dev/null || { echo "demo: no such tool: $mailcrypt" >&2; exit 2; }

# Short, since the agent's socket has a path of at most 108 bytes.
demo=$(mktemp -d /tmp/mcXXXXXX)

clean_up() {
  status=$?
  trap - EXIT
  for home in "$demo"/*/gnupg; do
    GNUPGHOME=$home gpgconf --kill all > /dev/null 2>&1 || :
  done
  rm -rf "$demo"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
  bold='' dim='' plain=''
fi

title() { printf '\n%s==== %s ====%s\n' "$bold" "$1" "$plain"; }
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# as PERSON ARGUMENT...: print the command, then run it on that person's machine.
as() {
  person=$1 status=0
  shift
  printf '%s%s$ mailcrypt' "$dim" "$person"
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9@./:_=-]* | '') printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '%s\n' "$plain"
  on "$person" "$@" 2>&1 || status=$?
  [ "$status" -eq 0 ] || printf '%s(exit status %s)%s\n' "$dim" "$status" "$plain"
  return "$status"
}

# on PERSON ARGUMENT...: the same without a word.
on() {
  person=$1
  shift
  HOME=$demo/$person GNUPGHOME=$demo/$person/gnupg MAILCRYPT_HOME=$demo/$person/mailcrypt \
    "$mailcrypt" "$@"
}

# The fingerprint in the list of keys of PERSON for ADDRESS.
fingerprint() {
  on "$1" --json keys list --protocol "$3" "$2" |
    sed -n 's/.*"fingerprint" *: *"\([0-9A-Fa-f]*\)".*/\1/p' | head -n 1
}

make_person() {
  mkdir -p "$demo/$1"
  mkdir -m 700 "$demo/$1/gnupg"
}

# make_key PERSON NAME PROTOCOL: without a passphrase, since nobody is here to type one.
make_key() {
  case $3 in
    smime) as "$1" keys generate "$1@example.org" --name "$2" --protocol smime --self-signed \
      --passphrase-fd 3 3< "$demo/empty-passphrase" ;;
    *) as "$1" keys generate "$1@example.org" --name "$2" --protocol openpgp \
      --passphrase-fd 3 3< "$demo/empty-passphrase" ;;
  esac
}

# hand_over FROM TO PROTOCOL: FROM's public key goes to TO, who compares the fingerprint.
hand_over() {
  as "$1" keys export "$1@example.org" --protocol "$3" -o "$1-key.$3"
  as "$2" keys import "$1-key.$3"
  print=$(fingerprint "$2" "$1@example.org" "$3")
  as "$2" keys trust "$print" --for "$1@example.org"
}

# converse PROTOCOL: the part that is the same for both.
converse() {
  say "They exchange their public keys and compare fingerprints."
  hand_over alice bob "$1"
  hand_over bob alice "$1"

  say "Alice signs and encrypts her mail."
  as alice encrypt --sign --protocol "$1" -o "sealed-$1.eml" letter.eml
  printf '%s%s%s\n' "$dim" "$(wc -c < letter.eml) bytes before, $(wc -c < "sealed-$1.eml") after" "$plain"

  say "What anybody on the way can see of it:"
  as bob inspect "sealed-$1.eml"

  say "Bob verifies: who wrote this, and was it private?"
  as bob verify "sealed-$1.eml"

  say "Bob reads it."
  as bob show "sealed-$1.eml"

  say "Bob keeps a decrypted copy, and the attachment."
  as bob decrypt -o "opened-$1.eml" "sealed-$1.eml"
  as bob extract --part 2 -o "plan-$1.csv" "opened-$1.eml"
  cat "plan-$1.csv"

  say "Somebody else cannot read it, and the status says so."
  make_person "eve-$1"
  if as "eve-$1" decrypt "sealed-$1.eml"; then
    echo "demo: somebody without a key could read the mail" >&2
    exit 1
  fi
}

printf '\n' > "$demo/empty-passphrase"
make_person alice
make_person bob
cp "$mail" "$demo/letter.eml"
cd "$demo"

title "The mail"
sed -n '1,/^$/p' letter.eml

title "OpenPGP (PGP/MIME)"
say "Alice and Bob make a key each."
make_key alice "Alice Example" openpgp
make_key bob "Bob Example" openpgp
converse openpgp

title "S/MIME"
say "The same with certificates. Here they sign their own; a real one comes from an authority (--csr)."
make_key alice "Alice Example" smime
make_key bob "Bob Example" smime
converse smime

title "Done"
echo "Both ways work. 'mailcrypt help' lists what else it does."
