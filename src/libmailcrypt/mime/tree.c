/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/tree.h"

#include "base/error.h"
#include "mime/fields.h"
#include "mime/gmime-stream.h"
#include "mime/header.h"
#include "mime/scan.h"

#include <glib/gi18n-lib.h>

/* GMime keeps preambles and epilogues in memory and takes long over crowded headers. Beyond
 * these it is not asked, and the message not believed. */
#define MAX_SURROUND_BYTES ((guint64) 4 * 1024 * 1024)
#define MAX_HEADER_STEPS ((guint64) 200 * 1000)

void
_mc_tree_free (McTree *tree)
{
  if (tree == NULL)
    return;
  g_clear_pointer (&tree->root, _mc_entity_free);
  g_clear_pointer (&tree->fields, g_ptr_array_unref);
  g_free (tree);
}

/* -------------------------------------------------------------- comparison -- */

/* One entity as the two readers see it. */
typedef struct {
  McEntity *ours;
  GMimeObject *theirs;     /* borrowed; NULL: not there */
} Pair;

static gboolean
have_same_type (const McEntity *entity, GMimeObject *object)
{
  GMimeContentType *type = g_mime_object_get_content_type (object);
  g_autofree char *name = type != NULL ? g_mime_content_type_get_mime_type (type) : NULL;

  /* For what cannot be read GMime has a default of its own. */
  return entity->type_invalid || (name != NULL && _mc_entity_is (entity, name));
}

static guint
count_theirs (GMimeObject *object)
{
  if (GMIME_IS_MULTIPART (object))
    return (guint) MAX (0, g_mime_multipart_get_count (GMIME_MULTIPART (object)));
  if (GMIME_IS_MESSAGE_PART (object))
    return g_mime_message_part_get_message (GMIME_MESSAGE_PART (object)) != NULL ? 1 : 0;
  return 0;
}

static GMimeObject *
get_theirs (GMimeObject *object, guint i)
{
  if (GMIME_IS_MULTIPART (object))
    return g_mime_multipart_get_part (GMIME_MULTIPART (object), (int) i);
  return g_mime_message_get_mime_part (
    g_mime_message_part_get_message (GMIME_MESSAGE_PART (object)));
}

static void
compare_one (Pair pair, GArray *queue)
{
  if (pair.theirs == NULL || !have_same_type (pair.ours, pair.theirs)
      || count_theirs (pair.theirs) != pair.ours->children->len) {
    pair.ours->frame_disagrees = TRUE;
    return;
  }
  for (guint i = 0; i < pair.ours->children->len; i++) {
    Pair next = { g_ptr_array_index (pair.ours->children, i), get_theirs (pair.theirs, i) };
    g_array_append_val (queue, next);
  }
}

static void
compare (McEntity *root, GMimeObject *object)
{
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (Pair));
  Pair first = { root, object };

  g_array_append_val (queue, first);
  for (guint i = 0; i < queue->len; i++)
    compare_one (g_array_index (queue, Pair, i), queue);
}

/* A doubt about a part's own type or parts is one about its multipart; what is further down
 * cannot move anything up here. Returns what is doubtful of @entity itself. */
static gboolean
raise_doubts (McEntity *entity)
{
  gboolean own = entity->frame_disagrees;

  for (guint i = 0; i < entity->children->len; i++) {
    McEntity *child = g_ptr_array_index (entity->children, i);
    entity->frame_disagrees |= raise_doubts (child);
    entity->disagrees |= child->disagrees;
  }
  entity->disagrees |= entity->frame_disagrees;
  return own;
}

/* The message without its quiet lines; @ret_spool is what then holds it. */
static gboolean
make_outline (const McScan *scan, const McLimits *limits, McSpool **ret_spool, McSpan *ret_outline,
              GError **error)
{
  McSpan rest = *ret_outline = _mc_entity_get_span (scan->root);
  if (scan->quiet->len == 0)
    return TRUE;

  McSpool *outline = *ret_spool = _mc_spool_new (limits);
  for (guint i = 0; i < scan->quiet->len; i++) {
    McSpan quiet = g_array_index (scan->quiet, McSpan, i);
    McSpan before = { rest.spool, rest.start, quiet.start };
    if (!_mc_spool_append_span (outline, before, error))
      return FALSE;
    rest.start = quiet.end;
  }
  if (!_mc_spool_append_span (outline, rest, error))
    return FALSE;
  *ret_outline = _mc_span_whole (outline);
  return TRUE;
}

/* The scanner's limits were kept, so the depth of GMime's recursion is bounded. */
static gboolean
compare_with_gmime (const McScan *scan, const McLimits *limits, GError **error)
{
  McEntity *root = scan->root;

  if (scan->surround_bytes > MAX_SURROUND_BYTES || scan->header_steps > MAX_HEADER_STEPS) {
    root->frame_disagrees = TRUE;
    return TRUE;
  }
  /* GMime wants a header; without one there is one part of text, whoever reads it. */
  if (_mc_span_size (root->header) == 0)
    return TRUE;

  g_autoptr (McSpool) spool = NULL;
  McSpan outline;
  if (!make_outline (scan, limits, &spool, &outline, error))
    return FALSE;
  g_autoptr (GMimeStream) stream = _mc_gmime_stream_new (outline);
  g_autoptr (GMimeParser) parser = g_mime_parser_new_with_stream (stream);
  g_mime_parser_set_persist_stream (parser, TRUE);
  g_mime_parser_set_format (parser, GMIME_FORMAT_MESSAGE);
  g_autoptr (GMimeObject) object = g_mime_parser_construct_part (parser, NULL);
  if (_mc_gmime_stream_take_error (stream, error))
    return FALSE;
  compare (root, object);
  return TRUE;
}

/* ----------------------------------------------------------------- parsing -- */

gboolean
_mc_tree_parse (McSpan span, const McLimits *limits, gboolean message, McTree **ret_tree,
                GError **error)
{
  g_auto (McScan) scan = { 0 };

  if (!_mc_scan (span, limits, message, 0, &scan, error))
    return FALSE;
  if (message && _mc_span_size (_mc_entity_get_span (scan.root)) == 0) {
    _mc_set_error (error, MC_ERROR_MALFORMED, NULL, _("message is empty"));
    return FALSE;
  }
  if (!compare_with_gmime (&scan, limits, error))
    return FALSE;
  (void) raise_doubts (scan.root);

  g_autoptr (GPtrArray) fields = _mc_fields_read (scan.root->header, error);
  if (fields == NULL)
    return FALSE;

  McTree *tree = g_new0 (McTree, 1);
  tree->n_entities = scan.n_entities;
  tree->depth = scan.depth;
  tree->root = g_steal_pointer (&scan.root);
  tree->fields = g_steal_pointer (&fields);
  *ret_tree = tree;
  return TRUE;
}
