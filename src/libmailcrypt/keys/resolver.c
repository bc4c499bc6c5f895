/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/resolver.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"
#include "context.h"
#include "keys/find.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* How many candidates of one address an error message names. */
#define MAX_NAMED 4

/* One question, in canonical form. */
typedef struct {
  const char *shown;        /* as asked, escaped */
  char *address;            /* nullable */
  char *fingerprint;        /* nullable; one of both is set */
  McKeyUse use;
  GStrv pins;               /* fingerprints pinned for the address, the last one set first */
  McPeer *peer;             /* nullable: what the address says of itself; S/MIME */
} Question;

static void
question_clear (Question *question)
{
  g_free (question->address);
  g_free (question->fingerprint);
  g_strfreev (question->pins);
  _mc_peer_free (question->peer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Question, question_clear)

McCandidate *
_mc_candidate_ref (McCandidate *candidate)
{
  candidate->ref_count++;
  return candidate;
}

void
_mc_candidate_unref (McCandidate *candidate)
{
  if (--candidate->ref_count > 0)
    return;
  mc_key_unref (candidate->key);
  g_ptr_array_unref (candidate->merits);
  g_ptr_array_unref (candidate->reasons);
  g_free (candidate);
}

void
_mc_resolution_free (McResolution *resolution)
{
  if (resolution == NULL)
    return;
  g_free (resolution->address);
  g_ptr_array_unref (resolution->candidates);
  g_clear_error (&resolution->problem);
  g_free (resolution);
}

/* ------------------------------------------------------------------ judging -- */

static void
add_reason (GPtrArray *reasons, const char *code, const char *hint, const char *text)
{
  g_ptr_array_add (reasons, _mc_reason_new (code, hint, "%s", text));
}

/* Of an own key the owner can make more. */
static char *
get_renewal (const McKey *key)
{
  if (key->secret == MC_SECRET_NONE)
    return g_strdup (_("import the renewed one: mailcrypt keys import FILE"));
  if (key->protocol == MC_PROTOCOL_OPENPGP)
    return g_strdup_printf (_("extend it: gpg --quick-set-expire %s 2y"), key->fingerprint);
  return g_strdup (_("renew it: mailcrypt keys generate ADDRESS --protocol smime --csr FILE"));
}

/* Everything that is not plainly valid is a reason against it. */
static void
judge_validity (const McKey *key, GPtrArray *reasons)
{
  g_autofree char *renewal = NULL;
  switch (key->validity) {
  case MC_VALIDITY_VALID:
    return;
  case MC_VALIDITY_EXPIRED:
    renewal = get_renewal (key);
    add_reason (reasons, "expired", renewal, _("expired"));
    return;
  case MC_VALIDITY_NOT_YET:
    add_reason (reasons, "not-yet-valid", _("check the clock of this computer"), _("not yet valid"));
    return;
  case MC_VALIDITY_REVOKED:
    add_reason (reasons, "revoked", _("import the new one: mailcrypt keys import FILE"),
                _("revoked"));
    return;
  case MC_VALIDITY_UNUSABLE:
    add_reason (reasons, "disabled", NULL, _("disabled or broken"));
    return;
  case MC_VALIDITY_UNKNOWN:
  default:
    add_reason (reasons, "unknown-validity", NULL, _("its validity could not be found out"));
    return;
  }
}

/* What the backend knows about @code, else @text. */
static void
add_use_reason (const McKey *key, GPtrArray *reasons, const char *code, const char *detail_code,
                const char *text)
{
  for (guint i = 0; i < key->reasons->len; i++) {
    const McReason *detail = g_ptr_array_index (key->reasons, i);
    if (strcmp (detail->code, detail_code) == 0) {
      add_reason (reasons, code, detail->hint, detail->text);
      return;
    }
  }
  add_reason (reasons, code, NULL, text);
}

/* What is over says enough by that; of what else is not valid a backend may not know what
 * it was made for. */
static gboolean
tells_its_use (const McKey *key)
{
  if (key->validity == MC_VALIDITY_EXPIRED || key->validity == MC_VALIDITY_REVOKED)
    return FALSE;
  return key->use != 0 || key->validity == MC_VALIDITY_VALID;
}

static void
judge_use (const McKey *key, McKeyUse use, GPtrArray *reasons)
{
  McKeyUse lacking = tells_its_use (key) ? use & ~key->use : 0;
  if ((lacking & MC_KEY_CAN_ENCRYPT) != 0)
    add_use_reason (key, reasons, "cannot-encrypt", "no-encryption-subkey",
                    _("not made for encryption"));
  if ((lacking & MC_KEY_CAN_SIGN) != 0)
    add_use_reason (key, reasons, "cannot-sign", "no-signing-subkey", _("not made for signing"));
  if ((use & MC_KEY_CAN_SIGN) != 0 && key->secret == MC_SECRET_NONE)
    add_reason (reasons, "no-secret-part",
                _("import it with its private key: mailcrypt keys import FILE"),
                _("its private key is not here"));
  if (key->weak)
    add_reason (reasons, "weak-key", NULL, _("too weak"));
}

/* Of several identities with this address the most trusted one speaks. */
static McTrustFact
get_trust (const McKey *key, const char *address)
{
  McTrustFact trust = MC_TRUST_UNKNOWN;
  for (guint i = 0; i < key->identities->len; i++) {
    const McIdentity *identity = g_ptr_array_index (key->identities, i);
    if (address != NULL && g_strcmp0 (identity->address, address) != 0)
      continue;
    if (identity->trust == MC_TRUST_TRUSTED)
      return MC_TRUST_TRUSTED;
    if (identity->trust == MC_TRUST_UNTRUSTED)
      trust = MC_TRUST_UNTRUSTED;
  }
  return trust;
}

static gboolean
is_distrusted (const McKey *key)
{
  return _mc_reasons_have (key->reasons, "distrusted");
}

/* Encryption: only to a key that is known to be the addressee's. One whose secret part is
 * here is the user's own. Signing asks only that the user has not rejected the key. */
static gboolean
needs_trust (const McKey *key, McKeyUse use)
{
  return (use & MC_KEY_CAN_ENCRYPT) != 0 && key->secret == MC_SECRET_NONE;
}

/* Whether what is over was ever trusted is nobody's question any more. */
static void
judge_trust (const McKey *key, const Question *question, GPtrArray *reasons)
{
  g_autofree char *hint = NULL;
  if (is_distrusted (key)) {
    hint = g_strdup_printf (_("to take that back: mailcrypt keys trust %s"), key->fingerprint);
    add_reason (reasons, "distrusted", hint, _("distrusted by you"));
    return;
  }
  if (!needs_trust (key, question->use)
      || get_trust (key, question->address) == MC_TRUST_TRUSTED
      || key->validity == MC_VALIDITY_EXPIRED || key->validity == MC_VALIDITY_REVOKED)
    return;

  if (question->address != NULL)
    hint = g_strdup_printf (_("if it is theirs: mailcrypt keys trust %s --for %s"),
                            key->fingerprint, question->address);
  else
    hint = g_strdup_printf (_("if it is theirs: mailcrypt keys trust %s"), key->fingerprint);
  add_reason (reasons, "untrusted", hint, _("not trusted"));
}

static void
judge_address (const McKey *key, const Question *question, GPtrArray *reasons)
{
  if (question->address != NULL && _mc_key_find_identity (key, question->address) == NULL)
    add_reason (reasons, "wrong-address", NULL, _("made for another address"));
}

/* Of these the backend knows more: a broken chain, for one. */
static gboolean
needs_detail (GPtrArray *reasons)
{
  return _mc_reasons_have (reasons, "untrusted") || _mc_reasons_have (reasons, "disabled")
         || _mc_reasons_have (reasons, "unknown-validity");
}

/* 0 for the pin set last, G_MAXUINT for none. */
static guint
get_pin_rank (const McKey *key, const Question *question)
{
  for (guint i = 0; question->pins != NULL && question->pins[i] != NULL; i++)
    if (strcmp (question->pins[i], key->fingerprint) == 0)
      return i;
  return G_MAXUINT;
}

static void
find_merits (const McKey *key, const Question *question, GPtrArray *merits)
{
  if (question->fingerprint != NULL)
    add_reason (merits, "named", NULL, _("named by its fingerprint"));
  if (get_pin_rank (key, question) != G_MAXUINT)
    add_reason (merits, "pinned", NULL, _("pinned for the address by you"));
  if (question->address != NULL && _mc_key_find_identity (key, question->address) != NULL)
    add_reason (merits, "address", NULL, _("bound to the address"));
  if (key->secret != MC_SECRET_NONE)
    add_reason (merits, "own", NULL, _("your own"));
  if (get_trust (key, question->address) == MC_TRUST_TRUSTED)
    add_reason (merits, "trusted", NULL, _("trusted"));
  if (key->validity == MC_VALIDITY_VALID)
    add_reason (merits, "valid", NULL, _("valid now"));
}

static McCandidate *
judge (McKey *key, const Question *question)
{
  McCandidate *candidate = g_new0 (McCandidate, 1);
  candidate->ref_count = 1;
  candidate->key = mc_key_ref (key);
  candidate->merits = _mc_reasons_new ();
  candidate->reasons = _mc_reasons_new ();
  judge_address (key, question, candidate->reasons);
  judge_validity (key, candidate->reasons);
  judge_use (key, question->use, candidate->reasons);
  judge_trust (key, question, candidate->reasons);
  candidate->usable = candidate->reasons->len == 0;
  if (needs_detail (candidate->reasons))
    _mc_reasons_merge (candidate->reasons, key->reasons);
  find_merits (key, question, candidate->merits);
  return candidate;
}

/* ------------------------------------------------------------------ ranking -- */

/* The certificate that its owner asks to be encrypted to counts as new as the asking
 * (RFC 8551 section 2.5.3); one that was made since then is newer. */
static gint64
get_date (const McCandidate *candidate, const Question *question)
{
  const McPeer *peer = question->peer;
  if (peer == NULL || g_strcmp0 (peer->preferred, candidate->key->fingerprint) != 0)
    return candidate->key->valid_from;
  return MAX (peer->signed_at, candidate->key->valid_from);
}

/* What decides between two candidates; the order is that of the questions. */
typedef enum {
  BY_NOTHING,
  BY_USABILITY,
  BY_PIN,
  BY_TRUST,
  BY_FLAWS,
  BY_AGE,
  BY_WISH,                  /* of the owner, which counts as age */
} Criterion;

static Criterion
decide (const McCandidate *left, const McCandidate *right, const Question *question,
        gboolean *ret_left_wins)
{
  const McKey *left_key = left->key, *right_key = right->key;
  guint left_pin = get_pin_rank (left_key, question);
  guint right_pin = get_pin_rank (right_key, question);
  gboolean left_trusted = get_trust (left_key, question->address) == MC_TRUST_TRUSTED;
  gboolean right_trusted = get_trust (right_key, question->address) == MC_TRUST_TRUSTED;
  const struct {
    Criterion criterion;
    gint64 left, right;     /* more is better */
  } rows[] = {
    { BY_USABILITY, left->usable, right->usable },
    { BY_PIN, -(gint64) left_pin, -(gint64) right_pin },
    { BY_TRUST, left_trusted, right_trusted },
    { BY_FLAWS, -(gint64) left->reasons->len, -(gint64) right->reasons->len },
    { BY_AGE, get_date (left, question), get_date (right, question) },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].left != rows[i].right) {
      gboolean wins = *ret_left_wins = rows[i].left > rows[i].right;
      gboolean wish = rows[i].criterion == BY_AGE
                      && (wins ? left_key->valid_from <= right_key->valid_from
                               : right_key->valid_from <= left_key->valid_from);
      return wish ? BY_WISH : rows[i].criterion;
    }
  return BY_NOTHING;
}

static int
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const McCandidate *left = *(McCandidate *const *) a;
  const McCandidate *right = *(McCandidate *const *) b;
  gboolean left_wins = FALSE;
  if (decide (left, right, user_data, &left_wins) != BY_NOTHING)
    return left_wins ? -1 : 1;
  return strcmp (left->key->fingerprint, right->key->fingerprint);
}

/* Why a usable candidate stands behind the best. */
static const struct {
  const char *code, *text;
} runner_up[] = {
  [BY_PIN] = { "not-pinned", N_("another one is pinned, or was pinned later") },
  [BY_TRUST] = { "less-trusted", N_("another one is trusted") },
  [BY_AGE] = { "older", N_("a newer one is here") },
  [BY_WISH] = { "not-preferred", N_("its owner asks for another one") },
};

static void
mark_ambiguous (McCandidate *candidate, const Question *question)
{
  g_autofree char *hint =
    g_strdup_printf (_("choose one: mailcrypt keys trust %s --for %s"),
                     candidate->key->fingerprint, question->address);
  if (!_mc_reasons_have (candidate->reasons, "ambiguous"))
    add_reason (candidate->reasons, "ambiguous", hint, _("another one is just as good"));
}

/* @candidates are in order, best first. Returns whether there is no winner among several. */
static gboolean
choose (GPtrArray *candidates, const Question *question)
{
  McCandidate *best = candidates->len > 0 ? g_ptr_array_index (candidates, 0) : NULL;
  gboolean left_wins = FALSE, ambiguous = FALSE;
  if (best == NULL || !best->usable)
    return FALSE;
  for (guint i = 1; i < candidates->len; i++) {
    McCandidate *other = g_ptr_array_index (candidates, i);
    if (!other->usable)
      break;
    Criterion criterion = decide (best, other, question, &left_wins);
    if (criterion != BY_NOTHING && runner_up[criterion].code != NULL)
      add_reason (other->reasons, runner_up[criterion].code, NULL, _(runner_up[criterion].text));
    if (criterion != BY_NOTHING)
      continue;
    ambiguous = TRUE;
    mark_ambiguous (other, question);
  }
  if (ambiguous)
    mark_ambiguous (best, question);
  best->chosen = !ambiguous;
  return ambiguous;
}

/* ------------------------------------------------------------------ finding -- */

static gboolean
ask (Question *question, McProtocol protocol, const char *text, GError **error)
{
  if (strchr (text, '@') != NULL)
    question->address = _mc_address_normalise (text, -1);
  else
    question->fingerprint = _mc_fingerprint_normalise (protocol, text);
  if (question->address != NULL || question->fingerprint != NULL)
    return TRUE;

  /* A fingerprint of the other protocol is a good question with an empty answer. */
  question->fingerprint = _mc_fingerprint_normalise (MC_PROTOCOL_UNKNOWN, text);
  if (question->fingerprint != NULL)
    return TRUE;
  _mc_set_error (error, MC_ERROR_INVALID, NULL,
                 _("neither a mail address nor a full fingerprint: '%s'"), question->shown);
  return FALSE;
}

/* What the user and the address itself say about its keys. */
static gboolean
find_wishes (McContext *context, McProtocol protocol, Question *question, GError **error)
{
  McStore *store = NULL;
  if (question->address == NULL)
    return TRUE;
  if (!_mc_context_get_store (context, FALSE, &store, error))
    return FALSE;
  question->pins = _mc_store_pinned_for (store, protocol, question->address, error);
  if (question->pins == NULL)
    return FALSE;
  return protocol != MC_PROTOCOL_SMIME || (question->use & MC_KEY_CAN_ENCRYPT) == 0
         || _mc_store_get_peer (store, question->address, &question->peer, error);
}

/* An engine that cannot be asked has no keys, and *ret_problem says why. */
static gboolean
find_keys (McContext *context, McProtocol protocol, const Question *question, GPtrArray *keys,
           GError **ret_problem, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own = NULL;
  McKeyQuery query = { .address = question->address, .fingerprint = question->fingerprint,
                       .judge = TRUE, .use = question->use };
  if (_mc_keys_find (context, protocol, &query, keys, cancellable, &own))
    return TRUE;
  if (!g_error_matches (own, MC_ERROR, MC_ERROR_ENGINE)) {
    g_propagate_error (error, g_steal_pointer (&own));
    return FALSE;
  }
  g_ptr_array_set_size (keys, 0);
  *ret_problem = g_steal_pointer (&own);
  return TRUE;
}

gboolean
_mc_resolve (McContext *context, McProtocol protocol, const char *address_or_fingerprint,
             McKeyUse use, McResolution **ret_resolution, GCancellable *cancellable,
             GError **error)
{
  g_return_val_if_fail (protocol != MC_PROTOCOL_UNKNOWN, FALSE);

  g_autofree char *shown = _mc_text_escape_line (address_or_fingerprint, -1);
  g_auto (Question) question = { .shown = shown, .use = use };
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  g_autoptr (GError) problem = NULL;
  if (!ask (&question, protocol, address_or_fingerprint, error)
      || !find_wishes (context, protocol, &question, error)
      || !find_keys (context, protocol, &question, keys, &problem, cancellable, error))
    return FALSE;

  McResolution *resolution = g_new0 (McResolution, 1);
  resolution->address = g_strdup (address_or_fingerprint);
  resolution->protocol = protocol;
  resolution->problem = g_steal_pointer (&problem);
  resolution->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) _mc_candidate_unref);
  for (guint i = 0; i < keys->len; i++)
    g_ptr_array_add (resolution->candidates, judge (g_ptr_array_index (keys, i), &question));
  g_ptr_array_sort_with_data (resolution->candidates, compare, &question);

  resolution->ambiguous = choose (resolution->candidates, &question);
  McCandidate *best = keys->len > 0 ? g_ptr_array_index (resolution->candidates, 0) : NULL;
  if (best != NULL && best->chosen)
    resolution->chosen = best->key;
  *ret_resolution = resolution;
  return TRUE;
}

/* ------------------------------------------------------------------- errors -- */

static char *
describe_candidate (const McCandidate *candidate)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, candidate->key->protocol == MC_PROTOCOL_SMIME
                                  ? _("certificate %s: ") : _("key %s: "),
                          candidate->key->fingerprint);
  for (guint i = 0; i < candidate->reasons->len; i++) {
    const McReason *reason = g_ptr_array_index (candidate->reasons, i);
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", reason->text);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
describe_resolution (const McResolution *resolution, GString *text)
{
  if (resolution->problem != NULL) {
    g_string_append (text, resolution->problem->message);
    return;
  }
  if (resolution->candidates->len == 0) {
    g_string_append (text, resolution->protocol == MC_PROTOCOL_SMIME
                             ? _("no S/MIME certificate here") : _("no OpenPGP key here"));
    return;
  }
  for (guint i = 0; i < MIN (resolution->candidates->len, MAX_NAMED); i++) {
    g_autofree char *one = describe_candidate (g_ptr_array_index (resolution->candidates, i));
    g_string_append_printf (text, "%s%s", i > 0 ? "; " : "", one);
  }
  if (resolution->candidates->len > MAX_NAMED)
    g_string_append_printf (text, _("; and %u more"), resolution->candidates->len - MAX_NAMED);
}

/* One line for each address; what both protocols say about it stands together. */
static char *
describe_all (GPtrArray *resolutions)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < resolutions->len; i++) {
    const McResolution *first = g_ptr_array_index (resolutions, i);
    if (first->chosen != NULL || !g_hash_table_add (done, first->address))
      continue;
    g_autofree char *shown = _mc_text_escape_line (first->address, -1);
    g_string_append_printf (text, "%s", text->len > 0 ? "\n" : "");
    g_string_append_printf (text, _("no usable key for %s: "), shown);
    for (guint j = i; j < resolutions->len; j++) {
      const McResolution *other = g_ptr_array_index (resolutions, j);
      if (other->chosen != NULL || strcmp (other->address, first->address) != 0)
        continue;
      if (j > i)
        g_string_append (text, "; ");
      describe_resolution (other, text);
    }
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Only what would make a candidate usable: not how to trust one that has expired. */
static const char *
get_candidates_hint (const McResolution *resolution)
{
  for (guint i = 0; i < MIN (resolution->candidates->len, MAX_NAMED); i++) {
    const McCandidate *candidate = g_ptr_array_index (resolution->candidates, i);
    const McReason *reason =
      candidate->reasons->len > 0 ? g_ptr_array_index (candidate->reasons, 0) : NULL;
    if (reason != NULL && reason->hint != NULL)
      return reason->hint;
  }
  return NULL;
}

/* The one thing to do for the address of resolution @first, whatever the protocol: rather
 * with a key that is here than with one still to be had. */
static const char *
choose_hint (GPtrArray *resolutions, guint first, McKeyUse use)
{
  const char *address = ((McResolution *) resolutions->pdata[first])->address;
  const char *of_engine = NULL, *of_nobody = NULL;
  for (guint i = first; i < resolutions->len; i++) {
    const McResolution *resolution = g_ptr_array_index (resolutions, i);
    if (resolution->chosen != NULL || strcmp (resolution->address, address) != 0)
      continue;
    const char *hint = get_candidates_hint (resolution);
    if (hint != NULL)
      return hint;
    if (resolution->problem != NULL && of_engine == NULL)
      of_engine = mc_error_get_hint (resolution->problem);
    else if (resolution->candidates->len == 0)
      of_nobody = (use & MC_KEY_CAN_SIGN) != 0
                    ? _("mailcrypt keys import FILE, or mailcrypt keys generate ADDRESS")
                    : _("ask for it, then: mailcrypt keys import FILE");
  }
  return of_engine != NULL ? of_engine : of_nobody;
}

static char *
join_hints (GPtrArray *resolutions, McKeyUse use)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) given = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < resolutions->len; i++) {
    const McResolution *resolution = g_ptr_array_index (resolutions, i);
    if (resolution->chosen != NULL || !g_hash_table_add (done, resolution->address))
      continue;
    const char *hint = choose_hint (resolutions, i, use);
    if (hint != NULL && g_hash_table_add (given, (gpointer) hint))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", hint);
  }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* Whether an engine could not be asked, and no key of any other is here. */
static gboolean
lacks_an_engine (GPtrArray *resolutions)
{
  gboolean lacks = FALSE;
  for (guint i = 0; i < resolutions->len; i++) {
    const McResolution *resolution = g_ptr_array_index (resolutions, i);
    if (resolution->chosen == NULL && resolution->candidates->len > 0)
      return FALSE;
    lacks |= resolution->problem != NULL;
  }
  return lacks;
}

static gboolean
lacks_only_secret (const McResolution *resolution)
{
  for (guint i = 0; i < resolution->candidates->len; i++) {
    const McCandidate *candidate = g_ptr_array_index (resolution->candidates, i);
    if (candidate->reasons->len == 1 && _mc_reasons_have (candidate->reasons, "no-secret-part"))
      return TRUE;
  }
  return FALSE;
}

void
_mc_resolutions_set_error (GPtrArray *resolutions, McKeyUse use, GError **error)
{
  McError code = lacks_an_engine (resolutions) ? MC_ERROR_ENGINE : MC_ERROR_NO_KEY;
  if ((use & MC_KEY_CAN_SIGN) != 0)
    for (guint i = 0; i < resolutions->len; i++) {
      const McResolution *resolution = g_ptr_array_index (resolutions, i);
      if (resolution->chosen == NULL && lacks_only_secret (resolution))
        code = MC_ERROR_NO_SECRET;
    }

  g_autofree char *text = describe_all (resolutions);
  g_autofree char *hint = join_hints (resolutions, use);
  _mc_set_error (error, code, hint, "%s", text);
}
