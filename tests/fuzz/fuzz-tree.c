/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any octets as a message: read, decoded, made canonical. As a program it runs the files
 * named on its command line; with -fsanitize=fuzzer and -DMC_FUZZER_ENGINE it is a fuzzer. */
#include "config.h"

#include "mime/compose.h"
#include "mime/scan.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static McSpool *
make_spool (const McLimits *limits, const guint8 *data, gsize size)
{
  McSpool *spool = _mc_spool_new (limits);
  g_assert_true (_mc_spool_append (spool, data, size, NULL));
  return spool;
}

/* Every range lies in its parent's, and siblings do not overlap. */
static void
check_ranges (const McEntity *entity)
{
  guint64 at = entity->body.start;

  g_assert_cmpuint (entity->header.start, <=, entity->header.end);
  g_assert_cmpuint (entity->header.end, ==, entity->body.start);
  g_assert_cmpuint (entity->body.start, <=, entity->body.end);
  for (guint i = 0; i < entity->children->len; i++) {
    const McEntity *child = g_ptr_array_index (entity->children, i);
    g_assert_cmpuint (at, <=, child->header.start);
    g_assert_cmpuint (child->body.end, <=, entity->body.end);
    check_ranges (child);
    at = child->body.end;
  }
}

static void
check_entity (const McEntity *entity, const McLimits *limits)
{
  g_autoptr (McSpool) output = _mc_spool_new (limits);
  g_autofree char *text = _mc_entity_read_text (entity, limits, 100, NULL);

  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
  (void) _mc_entity_decode (entity, output, TRUE, NULL, NULL);
  for (guint i = 0; i < entity->children->len; i++)
    check_entity (g_ptr_array_index (entity->children, i), limits);
}

static gboolean
is_same (const McEntity *a, const McEntity *b)
{
  if (strcmp (a->type, b->type) != 0 || a->children->len != b->children->len
      || a->header.start != b->header.start || a->body.start != b->body.start
      || a->body.end != b->body.end || a->unterminated != b->unterminated)
    return FALSE;
  for (guint i = 0; i < a->children->len; i++)
    if (!is_same (g_ptr_array_index (a->children, i), g_ptr_array_index (b->children, i)))
      return FALSE;
  return TRUE;
}

/* What the size of a read is does not show. */
static void
check_small_reads (McSpan span, const McLimits *limits, const McEntity *root)
{
  for (gsize size = 1; size <= 3; size++) {
    g_auto (McScan) scan = { 0 };
    g_assert_true (_mc_scan (span, limits, TRUE, size, &scan, NULL));
    g_assert_true (is_same (root, scan.root));
  }
}

static void
check_payload (const McTree *tree, McCanonMode mode, const McLimits *limits)
{
  McTree *parsed = NULL;
  g_autoptr (McSpool) first = _mc_spool_new (limits);
  g_autoptr (McSpool) second = _mc_spool_new (limits);

  if (tree->root->disagrees)
    return;
  g_assert_true (_mc_compose_payload (tree, mode, first, NULL));
  if (!_mc_tree_parse (_mc_span_whole (first), limits, TRUE, &parsed, NULL))
    return;   /* what was added may exceed a limit */
  g_autoptr (McTree) again = parsed;
  /* A message of nothing but white space may be gone. */
  g_assert_cmpuint (again->n_entities, <=, tree->n_entities);
  g_assert_true (_mc_compose_payload (again, mode, second, NULL));
  g_autoptr (GBytes) a = _mc_span_load (_mc_span_whole (first), G_MAXUINT32, NULL);
  g_autoptr (GBytes) b = _mc_span_load (_mc_span_whole (second), G_MAXUINT32, NULL);
  g_assert_true (g_bytes_equal (a, b));
}

static void
check_fields (const McTree *tree, const McLimits *limits)
{
  g_autoptr (McSpool) output = _mc_spool_new (limits);

  for (guint i = 0; i < tree->fields->len; i++) {
    const McField *field = g_ptr_array_index (tree->fields, i);
    gboolean clean;
    g_assert_true (g_utf8_validate (field->value, -1, NULL));
    g_strfreev (_mc_addresses_parse (field->body, &clean, NULL));
  }
  g_autoptr (GPtrArray) lines = _mc_header_lines_of (tree->fields);
  g_assert_true (_mc_compose_header (lines, MC_HEADER_SEND, "\r\n", output, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  McLimits limits;
  McTree *parsed = NULL;

  _mc_limits_init (&limits);
  limits.memory_bytes = 64 * 1024 * 1024;
  limits.header_bytes = 64 * 1024;
  g_autoptr (McSpool) spool = make_spool (&limits, data, size);
  McSpan span = _mc_span_whole (spool);
  if (!_mc_tree_parse (span, &limits, TRUE, &parsed, NULL))
    return 0;

  g_autoptr (McTree) tree = parsed;
  check_ranges (tree->root);
  check_small_reads (span, &limits, tree->root);
  check_entity (tree->root, &limits);
  check_fields (tree, &limits);
  check_payload (tree, MC_CANON_SIGN, &limits);
  check_payload (tree, MC_CANON_ENCRYPT, &limits);
  return 0;
}

#ifndef MC_FUZZER_ENGINE
int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    g_autofree char *data = NULL;
    gsize size;
    if (!g_file_get_contents (argv[i], &data, &size, NULL)) {
      fprintf (stderr, "fuzz-tree: cannot read %s\n", argv[i]);
      return 1;
    }
    (void) LLVMFuzzerTestOneInput ((const guint8 *) data, size);
  }
  return 0;
}
#endif
