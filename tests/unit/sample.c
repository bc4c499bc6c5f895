/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sample.h"

#include <CUnit/CUnit.h>
#include <string.h>

McSpool *
sample_spool (const char *data, gssize size)
{
  McLimits limits;
  _mc_limits_init (&limits);
  limits.memory_bytes = 64 * 1024 * 1024;
  McSpool *spool = _mc_spool_new (&limits);
  gsize n = size < 0 ? strlen (data) : (gsize) size;
  CU_ASSERT_TRUE_FATAL (_mc_spool_append (spool, data, n, NULL));
  return spool;
}

char *
sample_text (McSpan span)
{
  gsize size;
  g_autoptr (GBytes) bytes = _mc_span_load (span, (gsize) _mc_span_size (span), NULL);
  CU_ASSERT_PTR_NOT_NULL_FATAL (bytes);
  const char *data = g_bytes_get_data (bytes, &size);
  return g_strndup (data, size);
}

char *
sample_spool_text (McSpool *spool)
{
  return sample_text (_mc_span_whole (spool));
}

McTree *
sample_tree (const char *text, McSpool **ret_spool)
{
  McLimits limits;
  McTree *tree = NULL;
  g_autoptr (GError) error = NULL;

  _mc_limits_init (&limits);
  *ret_spool = sample_spool (text, -1);
  (void) _mc_tree_parse (_mc_span_whole (*ret_spool), &limits, TRUE, &tree, &error);
  CU_ASSERT_PTR_NULL (error);
  CU_ASSERT_PTR_NOT_NULL_FATAL (tree);
  return tree;
}

static void
describe_span (GString *out, McSpan span)
{
  g_autofree char *text = sample_text (span);
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  g_autofree char *marked = g_strjoinv ("^", lines);

  g_string_append_printf (out, "[%s]", g_strdelimit (marked, "\n", '|'));
}

static void
describe (GString *out, const McEntity *entity)
{
  g_string_append (out, entity->type);
  if (entity->children->len == 0) {
    describe_span (out, entity->header);
    describe_span (out, entity->body);
  } else {
    g_string_append_c (out, '{');
    for (guint i = 0; i < entity->children->len; i++) {
      if (i > 0)
        g_string_append_c (out, ' ');
      describe (out, g_ptr_array_index (entity->children, i));
    }
    g_string_append_c (out, '}');
  }
  if (entity->unterminated)
    g_string_append (out, "~");
  if (entity->frame_disagrees || entity->disagrees)
    g_string_append (out, "!");
}

char *
sample_describe (const McEntity *root)
{
  GString *out = g_string_new (NULL);
  describe (out, root);
  return g_string_free (out, FALSE);
}

char *
sample_crlf (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return g_strjoinv ("\r\n", lines);
}

char *
sample_repeat (const char *unit, gsize n)
{
  GString *text = g_string_sized_new (strlen (unit) * n + 1);
  for (gsize i = 0; i < n; i++)
    g_string_append (text, unit);
  return g_string_free (text, FALSE);
}
