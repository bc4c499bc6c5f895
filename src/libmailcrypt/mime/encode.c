/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mime/encode.h"

#include <string.h>

/* -------------------------------------------------------- quoted-printable -- */

/* RFC 2045 allows 76; two are kept for what guard_line_start() adds, one for "=". */
#define MAX_LINE 73

void
_mc_quoter_init (McQuoter *quoter, McWriter *writer)
{
  memset (quoter, 0, sizeof *quoter);
  quoter->writer = writer;
}

/* The size of what is written in place of the line's first octet. */
static gsize
guard_line_start (const McQuoter *quoter)
{
  const char *line = quoter->line;
  gboolean from = quoter->size >= 5 && memcmp (line, "From ", 5) == 0;
  gboolean dashes = quoter->size >= 2 && memcmp (line, "--", 2) == 0;

  if (!from && !dashes)
    return 0;
  _mc_writer_puts (quoter->writer, from ? "=46" : "=2D");
  return 1;
}

static void
end_line (McQuoter *quoter, const char *line_break)
{
  gsize skip = guard_line_start (quoter);
  _mc_writer_put (quoter->writer, quoter->line + skip, quoter->size - skip);
  _mc_writer_puts (quoter->writer, line_break);
  quoter->size = 0;
}

static void
add (McQuoter *quoter, const char *token, gsize size)
{
  if (quoter->size + size > MAX_LINE)
    end_line (quoter, "=\r\n");
  memcpy (quoter->line + quoter->size, token, size);
  quoter->size += size;
}

static void
add_quoted (McQuoter *quoter, char c)
{
  static const char digits[] = "0123456789ABCDEF";
  guint8 octet = (guint8) c;
  char token[3] = { '=', digits[octet >> 4], digits[octet & 15] };
  add (quoter, token, 3);
}

static void
settle_blank (McQuoter *quoter, gboolean at_end)
{
  if (quoter->blank != '\0' && at_end)
    add_quoted (quoter, quoter->blank);
  else if (quoter->blank != '\0')
    add (quoter, &quoter->blank, 1);
  quoter->blank = '\0';
}

static void
settle_cr (McQuoter *quoter)
{
  if (!quoter->after_cr)
    return;
  settle_blank (quoter, FALSE);
  add_quoted (quoter, '\r');
  quoter->after_cr = FALSE;
}

static void
quote_octet (McQuoter *quoter, char c)
{
  if (c == '\n') {
    quoter->after_cr = FALSE;
    settle_blank (quoter, TRUE);
    end_line (quoter, "\r\n");
    return;
  }
  settle_cr (quoter);
  if (c == '\r') {
    quoter->after_cr = TRUE;
    return;
  }
  settle_blank (quoter, FALSE);
  if (c == ' ' || c == '\t')
    quoter->blank = c;
  else if (c > ' ' && c < 0x7f && c != '=')
    add (quoter, &c, 1);
  else
    add_quoted (quoter, c);
}

void
_mc_quoter_put (McQuoter *quoter, const char *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    quote_octet (quoter, data[i]);
}

void
_mc_quoter_finish (McQuoter *quoter)
{
  settle_cr (quoter);
  settle_blank (quoter, TRUE);
  end_line (quoter, "");
}

/* ------------------------------------------------------------------ base64 -- */

void
_mc_base64_init (McBase64 *base64, McWriter *writer, gboolean crlf)
{
  memset (base64, 0, sizeof *base64);
  base64->writer = writer;
  base64->crlf = crlf;
}

static void
put_line (McBase64 *base64)
{
  char out[80];
  int state = 0, save = 0;

  if (base64->size == 0)
    return;
  gsize n = g_base64_encode_step (base64->line, base64->size, FALSE, out, &state, &save);
  n += g_base64_encode_close (FALSE, out + n, &state, &save);
  if (base64->begun)
    _mc_writer_puts (base64->writer, "\r\n");
  _mc_writer_put (base64->writer, out, n);
  base64->begun = TRUE;
  base64->size = 0;
}

static void
take (McBase64 *base64, const char *data, gsize size)
{
  while (size > 0) {
    gsize part = MIN (size, sizeof base64->line - base64->size);
    memcpy (base64->line + base64->size, data, part);
    base64->size += part;
    if (base64->size == sizeof base64->line)
      put_line (base64);
    data += part;
    size -= part;
  }
}

void
_mc_base64_put (McBase64 *base64, const char *data, gsize size)
{
  if (!base64->crlf) {
    take (base64, data, size);
    return;
  }
  for (gsize i = 0; i < size; i++) {
    if (data[i] == '\n' && !base64->after_cr)
      take (base64, "\r", 1);
    take (base64, data + i, 1);
    base64->after_cr = data[i] == '\r';
  }
}

void
_mc_base64_finish (McBase64 *base64)
{
  put_line (base64);
}
