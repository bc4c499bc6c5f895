/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secret keys out of gpg-agent, and only those that are under a passphrase. */
#include "config.h"

#include "openpgp/openpgp.h"

#include "base/error.h"
#include "openpgp/armor.h"
#include "openpgp/packets.h"

#include <glib/gi18n-lib.h>

/* ---------------------------------------------------------------- protection -- */

/* The current packet's body, octet by octet. */
typedef struct {
  McPackets *packets;
  GCancellable *cancellable;
  gboolean short_of;        /* it ended too early, or could not be read */
} Body;

static guint
next_octet (Body *body)
{
  guint8 octet = 0;
  if (_mc_packets_read (body->packets, &octet, 1, body->cancellable, NULL) != 1)
    body->short_of = TRUE;
  return octet;
}

static void
skip (Body *body, guint n)
{
  for (guint i = 0; i < n && !body->short_of; i++)
    (void) next_octet (body);
}

/* RFC 9580 section 3.2: a count of bits, then the octets. */
static void
skip_integer (Body *body)
{
  guint bits = next_octet (body) << 8;
  bits |= next_octet (body);
  skip (body, (bits + 7) / 8);
}

static void
skip_counted (Body *body)
{
  skip (body, next_octet (body));
}

/* RFC 9580 section 5.5.5: what stands of the public key before its secret part. FALSE:
 * unknown. */
static gboolean
skip_public_part (Body *body, guint algorithm)
{
  guint integers = 0;
  switch (algorithm) {
  case 1: case 2: case 3:       /* RSA */
    integers = 2;
    break;
  case 16:                      /* Elgamal */
    integers = 3;
    break;
  case 17:                      /* DSA */
    integers = 4;
    break;
  case 18:                      /* ECDH: curve, point, parameters of the derivation */
    skip_counted (body);
    skip_integer (body);
    skip_counted (body);
    return TRUE;
  case 19: case 22:             /* ECDSA, EdDSA: curve, point */
    skip_counted (body);
    integers = 1;
    break;
  default:
    return FALSE;
  }
  for (guint i = 0; i < integers; i++)
    skip_integer (body);
  return TRUE;
}

/* Whether the secret part is encrypted, or not there at all (on a card, or a subkey alone).
 * What cannot be read is not taken for protected. */
static gboolean
is_protected (Body *body)
{
  if (next_octet (body) != 4)
    return FALSE;
  skip (body, 4);
  return skip_public_part (body, next_octet (body)) && next_octet (body) >= 253
         && !body->short_of;
}

static gboolean
check_protection (McEngine *engine, McSpool *armour, GCancellable *cancellable, GError **error)
{
  const McLimits *limits = _mc_context_get_limits (engine->context);
  guint64 budget = limits->total_bytes;
  guint tag = 0;
  g_autoptr (GInputStream) stream =
    _mc_armor_open (_mc_span_whole (armour), NULL, cancellable, error);
  if (stream == NULL)
    return FALSE;
  g_autoptr (McPackets) packets = _mc_packets_new (stream, &budget);
  do {
    Body body = { packets, cancellable, FALSE };
    if (!_mc_packets_next (packets, &tag, cancellable, error))
      return FALSE;
    if ((tag == MC_TAG_SECRET_KEY || tag == MC_TAG_SECRET_SUBKEY) && !is_protected (&body)) {
      _mc_set_error (error, MC_ERROR_INVALID, _("give it one: gpg --change-passphrase FPR"),
                     _("the secret key has no passphrase; it is not exported like that"));
      return FALSE;
    }
  } while (tag != 0);
  return TRUE;
}

/* -------------------------------------------------------------------- export -- */

static gboolean
run_export (McEngine *engine, McKey *key, McRunMode mode, McSpool *output, gboolean *ret_again,
            GCancellable *cancellable, GError **error)
{
  g_auto (McRun) run = { 0 };
  g_auto (McData) data = { 0 };
  if (!_mc_run_start (&run, engine, mode, cancellable, error)
      || !_mc_data_open_output (&data, output, error))
    return FALSE;
  run.fingerprint = key->fingerprint;
  gpgme_set_armor (run.gpgme, 1);
  gpgme_error_t code =
    gpgme_op_export (run.gpgme, key->fingerprint, GPGME_EXPORT_MODE_SECRET, data.data);
  if (_mc_data_take_error (&data, error))
    return FALSE;
  if (_mc_run_wants_agent (&run, code)) {
    *ret_again = TRUE;
    return FALSE;
  }
  /* gpg says that it went well when nobody gave the passphrase. */
  if (code == 0 && _mc_spool_get_size (output) > 0)
    return TRUE;
  _mc_run_set_error (&run, code != 0 ? code : gpgme_error (GPG_ERR_NO_SECKEY), error,
                     _("cannot export the secret key %s"), key->fingerprint);
  return FALSE;
}

gboolean
_mc_openpgp_export_secret (McEngine *engine, McKey *key, McSecret *new_passphrase, McSpool *output,
                           GCancellable *cancellable, GError **error)
{
  if (new_passphrase != NULL) {
    _mc_set_error (error, MC_ERROR_INVALID, _("change it first: gpg --change-passphrase FPR"),
                   _("an OpenPGP key is exported under the passphrase that it has"));
    return FALSE;
  }
  gboolean again = FALSE;
  g_autoptr (McSpool) armour = _mc_spool_new (_mc_context_get_limits (engine->context));
  gboolean ok = run_export (engine, key, MC_RUN_SECRET, armour, &again, cancellable, error);
  if (again)
    ok = run_export (engine, key, MC_RUN_SECRET_AGENT, armour, &again, cancellable, error);
  if (!ok || !check_protection (engine, armour, cancellable, error))
    return FALSE;
  return _mc_spool_append_span (output, _mc_span_whole (armour), error);
}
