/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The least that a GPGME program does to decrypt: standard input to standard output.
 * bench.py compares the tool's start-up with it. */
#include <gpgme.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

static int
fail (const char *what, gpgme_error_t error)
{
  fprintf (stderr, "minimal-gpgme: %s: %s\n", what, gpgme_strerror (error));
  return 1;
}

int
main (void)
{
  gpgme_ctx_t context;
  gpgme_data_t cipher, plain;
  gpgme_error_t error;

  setlocale (LC_ALL, "");
  /* As the tool does: it halves the start-up. */
  gpgme_set_global_flag ("disable-gpgconf", "1");
  gpgme_check_version (NULL);
  if ((error = gpgme_new (&context)) != 0)
    return fail ("context", error);
  if ((error = gpgme_data_new_from_fd (&cipher, STDIN_FILENO)) != 0)
    return fail ("input", error);
  if ((error = gpgme_data_new_from_fd (&plain, STDOUT_FILENO)) != 0)
    return fail ("output", error);
  if ((error = gpgme_op_decrypt_verify (context, cipher, plain)) != 0)
    return fail ("decrypt", error);
  gpgme_data_release (cipher);
  gpgme_data_release (plain);
  gpgme_release (context);
  return 0;
}
