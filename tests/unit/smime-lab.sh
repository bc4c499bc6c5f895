#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the certificates that the S/MIME unit tests work with, in the current folder.
# The root is RSA, the intermediate authority EC; "alice.crt" goes with "alice.key".
set -e

# key NAME OPENSSL-GENPKEY-OPTIONS
key ()
{
  name=$1
  shift
  openssl genpkey -quiet -out "$name.key" "$@"
}

rsa () { key "$1" -algorithm RSA -pkeyopt "rsa_keygen_bits:$2"; }
ec () { key "$1" -algorithm EC -pkeyopt "ec_paramgen_curve:$2"; }

# certify NAME ISSUER SUBJECT EXTENSIONS [X509-OPTIONS]: for the key of that name
certify ()
{
  name=$1 issuer=$2 subject=$3 extensions=$4
  shift 4
  printf '%b' "$extensions" >"$name.ext"
  openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
  if [ "$issuer" = self ]; then
    openssl x509 -req -in "$name.csr" -signkey "$name.key" -extfile "$name.ext" \
      -days 365 -out "$name.crt" "$@"
  else
    openssl x509 -req -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" \
      -CAcreateserial -extfile "$name.ext" -days 365 -out "$name.crt" "$@"
  fi 2>/dev/null
}

# person NAME USAGE [EXTENDED-USAGE] [ISSUER]
person ()
{
  certify "$1" "${4:-int}" "/CN=$1" "subjectAltName=email:$1@example.org\n\
basicConstraints=critical,CA:FALSE\nkeyUsage=critical,$2\n\
extendedKeyUsage=${3:-emailProtection}\nsubjectKeyIdentifier=hash\n"
}

authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
rsa root 2048
certify root self '/CN=Test Root' "$authority" -days 3650
ec int P-256
certify int root '/O=Test/CN=Test Intermediate' "$authority" -days 1825
ec other P-256
certify other self '/CN=Another Root' "$authority"

rsa alice 2048
person alice digitalSignature,keyEncipherment
for curve in 256 384 521; do
  ec "p$curve" "P-$curve"
  person "p$curve" digitalSignature,keyAgreement
done
key pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
person pss digitalSignature
key pss384 -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 \
  -pkeyopt rsa_pss_keygen_md:sha384 -pkeyopt rsa_pss_keygen_mgf1_md:sha384
person pss384 digitalSignature
rsa weak 1024
person weak digitalSignature,keyEncipherment

# One person with two certificates.
ec dsign P-256
certify dsign int '/CN=dora' 'subjectAltName=email:dora@example.org\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n'
ec dcrypt P-256
certify dcrypt int '/CN=dora' 'subjectAltName=email:dora@example.org\nkeyUsage=keyAgreement\nextendedKeyUsage=emailProtection\n'

# The same key once more: same key identifier.
cp alice.key renewed.key
certify renewed int '/CN=alice' 'subjectAltName=email:alice@example.org\nkeyUsage=critical,digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n'

for purpose in server:digitalSignature:serverAuth any:digitalSignature:anyExtendedKeyUsage \
    nonrep:nonRepudiation:emailProtection agree:keyAgreement:emailProtection \
    encipher:keyEncipherment:emailProtection; do
  IFS=: read -r name usage extended <<WORDS
$purpose
WORDS
  ec "$name" P-256
  person "$name" "$usage" "$extended"
done
ec stranger P-256
person stranger digitalSignature,keyAgreement emailProtection other
ec old P-256
certify old root '/CN=old' 'subjectAltName=email:old@example.org\n' -sha1
ec eve P-256
certify eve self '/CN=eve' 'subjectAltName=email:eve@example.org\nkeyUsage=digitalSignature,keyAgreement\n'
key ed -algorithm ED25519
person ed digitalSignature

# Revocation lists: of the intermediate authority, "nonrep" revoked; of the root.
crl ()
{
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s.db\ndefault_md=sha256\ncrlnumber=%s.num\n' \
    "$1" "$1" >"$1.cnf"
  : >"$1.db"
  echo 01 >"$1.num"
  if [ -n "$2" ]; then
    openssl ca -config "$1.cnf" -cert "$1.crt" -keyfile "$1.key" -revoke "$2.crt" 2>/dev/null
  fi
  openssl ca -config "$1.cnf" -cert "$1.crt" -keyfile "$1.key" -gencrl -crldays 30 \
    -out "$1.crl" 2>/dev/null
}
crl root ''
crl int nonrep

printf 'Content-Type: text/plain\r\n\r\nHello, world.\r\n' >message
