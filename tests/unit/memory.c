/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MASK 0x5A
#define SCAN_BYTES ((gsize) 1 << 20)
#define MAX_MAPPING_BYTES ((guint64) 1 << 30)   /* what is larger is a sanitizer's */

void
trace_init (Trace *trace)
{
  for (gsize i = 0; i < TRACE_BYTES; i++)
    trace->disguised[i] = (guint8) g_random_int ();
}

void
trace_reveal (const Trace *trace, guint8 *ret_marker)
{
  for (gsize i = 0; i < TRACE_BYTES; i++)
    ret_marker[i] = trace->disguised[i] ^ MASK;
}

static gboolean
is_marker (const Trace *trace, const guint8 *at)
{
  for (gsize i = 0; i < TRACE_BYTES; i++)
    if ((at[i] ^ MASK) != trace->disguised[i])
      return FALSE;
  return TRUE;
}

static guint
count_in_block (const Trace *trace, const guint8 *block, gsize size)
{
  guint count = 0;
  const guint8 *end = block + size;
  const guint8 *at = block;
  while ((at = memchr (at, trace->disguised[0] ^ MASK, (gsize) (end - at))) != NULL) {
    if (end - at < TRACE_BYTES)
      break;
    if (is_marker (trace, at))
      count++;
    at++;
  }
  return count;
}

static guint
count_in_mapping (const Trace *trace, int fd, guint64 start, guint64 end, guint8 *block)
{
  guint count = 0;
  /* Blocks overlap, so that a marker across two of them is seen (once). */
  for (guint64 at = start; at + TRACE_BYTES <= end; at += SCAN_BYTES - (TRACE_BYTES - 1)) {
    gssize size = pread (fd, block, (gsize) MIN (SCAN_BYTES, end - at), (off_t) at);
    if (size <= 0)
      break;
    count += count_in_block (trace, block, (gsize) size);
  }
  return count;
}

guint
trace_count (const Trace *trace)
{
  guint8 *block = mmap (NULL, SCAN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
  g_assert (block != MAP_FAILED);
  /* Ends the mappings around it: it must not be scanned itself. */
  g_assert (madvise (block, SCAN_BYTES, MADV_DONTDUMP) == 0);
  int fd = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  g_assert (fd >= 0);

  g_autofree char *maps = NULL;
  g_assert (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (maps, "\n", -1);
  guint count = 0;
  for (gsize i = 0; lines[i] != NULL; i++) {
    unsigned long long start = 0, end = 0;
    char writable = '-';
    if (sscanf (lines[i], "%llx-%llx %*c%c", &start, &end, &writable) != 3 || writable != 'w'
        || end - start > MAX_MAPPING_BYTES || start == (guint64) (guintptr) block)
      continue;
    count += count_in_mapping (trace, fd, start, end, block);
  }
  (void) close (fd);
  (void) munmap (block, SCAN_BYTES);
  return count;
}

gboolean
memory_has_flag (gconstpointer address, const char *flag)
{
  g_autofree char *text = NULL;
  g_assert (g_file_get_contents ("/proc/self/smaps", &text, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gboolean here = FALSE;
  for (gsize i = 0; lines[i] != NULL; i++) {
    unsigned long long start = 0, end = 0;
    if (sscanf (lines[i], "%llx-%llx ", &start, &end) == 2)
      here = (guintptr) address >= start && (guintptr) address < end;
    else if (here && g_str_has_prefix (lines[i], "VmFlags:"))
      return strstr (lines[i], flag) != NULL;
  }
  return FALSE;
}
