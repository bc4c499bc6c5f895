/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs that decrypt and verify. The client believes standard output, whatever the exit
 * status, and certain lines on standard error; so both stay empty of them until everything
 * is known to be well. */
#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "input.h"
#include "mutt-status.h"
#include "mutt.h"
#include "output.h"
#include "text.h"

/* What a verb expects, and what its client wants to see. */
typedef struct {
  McProtocol protocol;
  McLayerKind kind;         /* what the object has to be at least */
  McOpenFlags flags;
  gboolean own_part;
  gboolean passphrase;      /* the client pipes one */
} Reading;

/* ------------------------------------------------------------------ verdicts -- */

static gboolean
have_kind (const McReport *report, McLayerKind kind)
{
  GPtrArray *layers = mc_report_get_layers (report);
  for (guint i = 0; i < layers->len; i++)
    if (mc_layer_get_kind (g_ptr_array_index (layers, i)) == kind)
      return TRUE;
  return FALSE;
}

/* A signature that says the content is not what was signed, or says nothing. */
static gboolean
is_broken (McSignatureStatus status)
{
  return status == MC_SIGNATURE_BAD || status == MC_SIGNATURE_ERROR
         || status == MC_SIGNATURE_UNKNOWN;
}

/* Fails unless the content may be shown. */
static gboolean
check_content (const Reading *reading, McObject *object, GError **error)
{
  const McReport *report = mc_object_get_report (object);
  McSignatureStatus signature = mc_report_get_signature_status (report);
  int status = mc_report_get_decrypt_status (report);
  gboolean encrypted = have_kind (report, MC_LAYER_ENCRYPTED);
  if (reading->kind == MC_LAYER_ENCRYPTED && !encrypted) {
    tool_set_error (error, STATUS_NOT_PROTECTED, "not-encrypted", NULL,
                    _("the object is not encrypted"));
    return FALSE;
  }
  if (encrypted && status != STATUS_OK) {
    tool_set_report_error (error, report, status);
    return FALSE;
  }
  if (!encrypted && is_broken (signature)) {
    g_autofree char *text = text_describe_signature (signature, "");
    tool_set_error (error, STATUS_BAD_SIGNATURE, "bad-signature", NULL, "%s", text);
    return FALSE;
  }
  if (mc_object_has_content (object))
    return TRUE;
  tool_set_error (error, STATUS_MALFORMED, "malformed", NULL, _("the object holds nothing"));
  return FALSE;
}

/* -------------------------------------------------------------- standard error -- */

/* The client decrypts for an answer, too, without showing anything to the filter. Of a message
 * that does not say inside which one it is, only the filter learns that. */
static void
remember (Tool *tool, const MuttStatus *status, const GError *failure)
{
  const char *id = mutt_status_find_header (status, "Message-ID");
  if (failure == NULL && id != NULL && tool->context != NULL && mutt_status_is_decrypted (status))
    mc_context_remember (tool->context, id);
}

/* For the display filter. Without it the filter says that nothing is protected. */
static void
print_seal (Tool *tool, const Reading *reading, McObject *object, const GError *failure)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *runtime = tool_find_runtime ();
  g_autoptr (MuttStatus) status =
    mutt_status_from_object (object, reading->kind, reading->protocol, reading->own_part,
                             failure, tool->cancellable);
  remember (tool, status, failure);
  g_autofree char *line = mutt_status_seal (status, runtime, &error);
  gboolean done = line != NULL;
  if (done)
    fprintf (stderr, "%s\n", line);
  /* Of a failed decryption the client shows nothing of what is said here. */
  if (done && failure != NULL && reading->kind == MC_LAYER_ENCRYPTED)
    done = mutt_status_leave (status, runtime, &error);
  if (!done)
    tool_warn (tool, tool_error_get_hint (error), "%s", error->message);
}

/* The lines that GnuPG would print, for $pgp_check_gpg_decrypt_status_fd and
 * $pgp_good_sign. */
static void
print_decryption (gboolean good)
{
  fprintf (stderr, "[GNUPG:] BEGIN_DECRYPTION\n[GNUPG:] %s\n[GNUPG:] END_DECRYPTION\n",
           good ? "DECRYPTION_OKAY" : "DECRYPTION_FAILED");
}

static void
print_good_signature (const McReport *report)
{
  const McSigner *signer = mc_report_get_signer (report);
  const char *key = signer != NULL ? mc_signer_get_fingerprint (signer) : NULL;
  g_autofree char *who = text_describe_signer (signer);
  fprintf (stderr, "[GNUPG:] GOODSIG %s %s\n", key != NULL ? key : "-", who);
}

/* A person without the filter is to know, too, why the client says no. */
static void
print_doubt (const Tool *tool, const McReport *report)
{
  McSignatureStatus status = mc_report_get_signature_status (report);
  if (status == MC_SIGNATURE_GOOD || status == MC_SIGNATURE_NONE)
    return;
  g_autofree char *who = text_describe_signer (mc_report_get_signer (report));
  g_autofree char *text = text_describe_signature (status, who);
  tool_warn (tool, NULL, "%s", text);
}

static int
get_exit_status (const McReport *report)
{
  McSignatureStatus status = mc_report_get_signature_status (report);
  return status == MC_SIGNATURE_GOOD || status == MC_SIGNATURE_NONE ? MUTT_OK : MUTT_FAILED;
}

/* ------------------------------------------------------------ opaque objects -- */

static McObject *
open_object (Tool *tool, const Reading *reading, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  if (context == NULL || (reading->passphrase && !mutt_take_passphrase (tool, error)))
    return NULL;
  g_autoptr (GInputStream) input = input_open (tool_get_file (tool), error);
  if (input == NULL)
    return NULL;
  return mc_object_open (context, reading->protocol, input, reading->flags, tool->cancellable,
                         error);
}

static gboolean
write_content (Tool *tool, McObject *object, GError **error)
{
  g_autoptr (Output) output = output_new ("-", OUTPUT_RAW, error);
  return output != NULL
         && mc_object_write (object, output_get_stream (output), tool->cancellable, error)
         && output_commit (output, error);
}

/* First the line that the client looks for, if it is deserved. */
static void
print_lines (Tool *tool, const Reading *reading, McObject *object, const GError *failure)
{
  const McReport *report = object != NULL ? mc_object_get_report (object) : NULL;
  gboolean good = failure == NULL && report != NULL
                  && mc_report_get_signature_status (report) == MC_SIGNATURE_GOOD;
  gboolean encrypted = reading->kind == MC_LAYER_ENCRYPTED
                       || (report != NULL && have_kind (report, MC_LAYER_ENCRYPTED));
  if (reading->protocol == MC_PROTOCOL_SMIME && good)
    fputs ("Verification successful\n", stderr);
  if (failure == NULL && report != NULL)
    print_doubt (tool, report);
  print_seal (tool, reading, object, failure);
  if (reading->protocol == MC_PROTOCOL_SMIME)
    return;
  if (encrypted)
    print_decryption (failure == NULL);
  if (good)
    print_good_signature (report);
}

static int
read_object (Tool *tool, const Reading *reading)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (McObject) object = open_object (tool, reading, &failure);
  if (object != NULL && check_content (reading, object, &failure))
    write_content (tool, object, &failure);
  print_lines (tool, reading, object, failure);
  return failure != NULL ? mutt_fail (tool, &failure)
                         : get_exit_status (mc_object_get_report (object));
}

int
mutt_pgp_decode (Tool *tool, GError **error)
{
  (void) error;
  const Reading reading = { .protocol = MC_PROTOCOL_OPENPGP, .kind = MC_LAYER_UNKNOWN,
                            .flags = MC_OPEN_INLINE, .own_part = TRUE };
  return read_object (tool, &reading);
}

int
mutt_pgp_decrypt (Tool *tool, GError **error)
{
  (void) error;
  const Reading reading = { .protocol = MC_PROTOCOL_OPENPGP, .kind = MC_LAYER_ENCRYPTED };
  return read_object (tool, &reading);
}

int
mutt_smime_decrypt (Tool *tool, GError **error)
{
  (void) error;
  const Reading reading = { .protocol = MC_PROTOCOL_SMIME, .kind = MC_LAYER_ENCRYPTED,
                            .passphrase = TRUE };
  return read_object (tool, &reading);
}

int
mutt_smime_verify_opaque (Tool *tool, GError **error)
{
  (void) error;
  const Reading reading = { .protocol = MC_PROTOCOL_SMIME, .kind = MC_LAYER_SIGNED };
  return read_object (tool, &reading);
}

/* ------------------------------------------------------- detached signatures -- */

static McObject *
verify_object (Tool *tool, McProtocol protocol, GError **error)
{
  McContext *context = tool_get_context (tool, error);
  if (context == NULL)
    return NULL;
  g_autoptr (GInputStream) signature = input_open (tool->operands[0], error);
  g_autoptr (GInputStream) content =
    signature != NULL ? input_open (tool->operands[1], error) : NULL;
  if (content == NULL)
    return NULL;
  return mc_object_verify (context, protocol, content, signature, tool->cancellable, error);
}

static int
verify_detached (Tool *tool, McProtocol protocol)
{
  g_autoptr (GError) failure = NULL;
  const Reading reading = { .protocol = protocol, .kind = MC_LAYER_SIGNED };
  g_autoptr (McObject) object = verify_object (tool, protocol, &failure);
  print_lines (tool, &reading, object, failure);
  return object != NULL ? get_exit_status (mc_object_get_report (object))
                        : mutt_fail (tool, &failure);
}

int
mutt_pgp_verify (Tool *tool, GError **error)
{
  (void) error;
  return verify_detached (tool, MC_PROTOCOL_OPENPGP);
}

int
mutt_smime_verify (Tool *tool, GError **error)
{
  (void) error;
  return verify_detached (tool, MC_PROTOCOL_SMIME);
}
