/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpg-agent as a source: a real one with a pinentry that follows a script, and one that
 * is played by a child process. */
#include "config.h"

#include "unit.h"

#include "base/secret.h"
#include "context.h"
#include "keys/passphrase.h"
#include "scratch.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FINGERPRINT "0123456789abcdef0123456789abcdef01234567" "ffffffffffffffffffffffff"
#define CACHE_ID "mc:0123456789abcdef0123456789abcdef01234567"

/* Answers GETPIN with the next line of "answers", keeps what it is told in "told". */
static const char pinentry[] =
  "#!/bin/sh\n"
  "cd \"${0%/*}\" || exit 1\n"
  "echo OK\n"
  "while read -r line; do\n"
  "  printf '%s\\n' \"$line\" >>told\n"
  "  case $line in\n"
  "    GETPIN*)\n"
  "      read -r answer <answers\n"
  "      sed -i 1d answers\n"
  "      case $answer in\n"
  "        CANCEL) echo 'ERR 83886179 cancelled' ;;\n"
  "        NOTTY) echo 'ERR 83918950 no tty' ;;\n"
  "        WAIT) while [ -e answers ]; do sleep 0.1; done ;;\n"
  "        *) printf 'D %s\\n' \"$answer\"; echo OK ;;\n"
  "      esac ;;\n"
  "    BYE*) echo OK; exit ;;\n"
  "    *) echo OK ;;\n"
  "  esac\n"
  "done\n";

static char *folder;
static McContext *context;

/* ------------------------------------------------------------------- helpers -- */

static void
put_file (const char *name, const char *content, int mode)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  CU_ASSERT_TRUE (g_file_set_contents (path, content, -1, NULL));
  CU_ASSERT_EQUAL (g_chmod (path, mode), 0);
}

static gboolean
was_told (const char *text)
{
  g_autofree char *path = g_build_filename (folder, "told", NULL);
  g_autofree char *content = NULL;
  return g_file_get_contents (path, &content, NULL, NULL) && strstr (content, text) != NULL;
}

static void
forget_told (void)
{
  g_autofree char *path = g_build_filename (folder, "told", NULL);
  (void) g_unlink (path);
}

static void
set_up (void)
{
  folder = scratch_new ();
  put_file ("pinentry", pinentry, 0700);
  put_file ("answers", "", 0600);
  g_autofree char *options = g_strdup_printf ("pinentry-program %s/pinentry\n"
                                              "allow-preset-passphrase\n", folder);
  put_file ("gpg-agent.conf", options, 0600);
  context = scratch_context (folder);
  mc_context_set_terminal (context, "/dev/null", "dumb");
}

/* What the agent answers to @command; it must run. */
static char *
talk (const char *command)
{
  const char *argv[] = { "gpg-connect-agent", "--no-autostart", "--homedir", folder, command,
                         "/bye", NULL };
  char *output = NULL;
  CU_ASSERT_TRUE_FATAL (g_spawn_sync (NULL, (char **) argv, NULL,
                                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                                      NULL, &output, NULL, NULL, NULL));
  return output;
}

static void
stop_agent (void)
{
  g_autofree char *answer = talk ("GETINFO pid");
  int pid = 0;
  if (sscanf (answer, "D %d", &pid) != 1 || pid <= 1)
    return;
  (void) kill (pid, SIGTERM);
  for (guint i = 0; i < 200 && kill (pid, 0) == 0; i++)
    g_usleep (10000);
  (void) kill (pid, SIGKILL);   /* one that still waits for its pinentry */
}

static void
tear_down (void)
{
  stop_agent ();
  g_clear_pointer (&context, mc_context_free);
  g_clear_pointer (&folder, scratch_free);
}

static const McPassphraseRequest request = {
  .protocol = MC_PROTOCOL_SMIME,
  .fingerprint = FINGERPRINT,
  .purpose = "key of \"bob\"+100% Bärbel",
};

static gboolean
is_right (McSecret *secret, gpointer user_data)
{
  const char *right = user_data;
  return _mc_secret_get_size (secret) == strlen (right)
         && strcmp (_mc_secret_get_data (secret), right) == 0;
}

static gboolean
find (const char *right, GError **error)
{
  return _mc_passphrase_find (context, &request, is_right, (gpointer) right, NULL, error);
}

static void
check_fails (const char *said)
{
  g_autoptr (GError) error = NULL;
  CU_ASSERT_FALSE (find ("right", &error));
  CU_ASSERT_TRUE_FATAL (g_error_matches (error, MC_ERROR, MC_ERROR_NO_SECRET));
  CU_ASSERT_TRUE (g_str_has_suffix (error->message, said));
  if (!g_str_has_suffix (error->message, said))
    g_printerr ("%s\n", error->message);
}

/* -------------------------------------------------------------- the real agent -- */

static void
test_asks_and_caches (void)
{
  put_file ("answers", "right %25+ one\n", 0600);
  CU_ASSERT_TRUE (find ("right %+ one", NULL));
  CU_ASSERT_TRUE (was_told ("GETPIN"));
  CU_ASSERT_TRUE (was_told ("OPTION ttyname=/dev/null"));
  CU_ASSERT_TRUE (was_told ("OPTION ttytype=dumb"));
  CU_ASSERT_TRUE (was_told ("SETDESC key of %22bob%22%2B100%25 Bärbel"));
  CU_ASSERT_FALSE (was_told ("SETERROR"));

  forget_told ();
  CU_ASSERT_TRUE (find ("right %+ one", NULL));
  CU_ASSERT_FALSE (was_told ("GETPIN"));
}

static void
test_wrong_then_right (void)
{
  put_file ("answers", "wrong\nright\n", 0600);
  CU_ASSERT_TRUE (find ("right", NULL));
  CU_ASSERT_TRUE (was_told ("SETERROR Wrong passphrase"));
  forget_told ();
  CU_ASSERT_TRUE (find ("right", NULL));
  CU_ASSERT_FALSE (was_told ("GETPIN"));
}

static void
test_wrong_in_the_cache (void)
{
  g_autofree char *started = NULL;
  put_file ("answers", "right\n", 0600);
  CU_ASSERT_TRUE (find ("right", NULL));
  started = talk ("PRESET_PASSPHRASE " CACHE_ID " -1 776f7273");
  CU_ASSERT_TRUE (g_str_has_prefix (started, "OK"));
  put_file ("answers", "right\n", 0600);
  forget_told ();
  CU_ASSERT_TRUE (find ("right", NULL));
  CU_ASSERT_TRUE (was_told ("GETPIN"));
}

static void
test_preset (void)
{
  g_autofree char *preset = NULL;
  put_file ("answers", "CANCEL\n", 0600);
  check_fails ("gpg-agent: cancelled");   /* and it runs now */
  preset = talk ("PRESET_PASSPHRASE " CACHE_ID " -1 7269676874");
  CU_ASSERT_TRUE (g_str_has_prefix (preset, "OK"));
  forget_told ();
  CU_ASSERT_TRUE (find ("right", NULL));
  CU_ASSERT_FALSE (was_told ("GETPIN"));
}

static void
test_three_times_wrong (void)
{
  put_file ("answers", "1\n2\n3\nright\n", 0600);
  check_fails ("gpg-agent: wrong");
  put_file ("answers", "right\n", 0600);
  forget_told ();
  CU_ASSERT_TRUE (find ("right", NULL));   /* the wrong one is not kept */
  CU_ASSERT_TRUE (was_told ("GETPIN"));
}

static void
test_person_cancels (void)
{
  put_file ("answers", "CANCEL\n", 0600);
  check_fails ("gpg-agent: cancelled");
}

static void
test_no_terminal (void)
{
  put_file ("answers", "NOTTY\n", 0600);
  check_fails ("gpg-agent: no terminal for its pinentry");
}

static void
test_no_pinentry (void)
{
  put_file ("gpg-agent.conf", "pinentry-program /nowhere/pinentry\n", 0600);
  check_fails ("gpg-agent: no pinentry");
}

static void
test_empty (void)
{
  put_file ("answers", "\n", 0600);
  CU_ASSERT_TRUE (find ("", NULL));
}

static void
test_fresh (void)
{
  McPassphraseRequest fresh = request;
  fresh.fresh = TRUE;
  put_file ("answers", "first\nsecond\nsecond\n", 0600);
  CU_ASSERT_TRUE (find ("first", NULL));
  CU_ASSERT_TRUE (_mc_passphrase_find (context, &fresh, is_right, (gpointer) "second", NULL, NULL));
  CU_ASSERT_TRUE (was_told ("SETDESC Please re-enter"));
  forget_told ();
  CU_ASSERT_TRUE (find ("first", NULL));   /* the cache is as it was */
  CU_ASSERT_FALSE (was_told ("GETPIN"));
}

static void
test_long_purpose (void)
{
  McPassphraseRequest longer = request;
  g_autofree char *purpose = g_strnfill (5000, '%');
  longer.purpose = purpose;
  put_file ("answers", "right\n", 0600);
  CU_ASSERT_TRUE (_mc_passphrase_find (context, &longer, is_right, (gpointer) "right", NULL, NULL));
}

static gpointer
cancel_soon (gpointer cancellable)
{
  for (guint i = 0; i < 1000 && !was_told ("GETPIN"); i++)
    g_usleep (10000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_caller_cancels (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  put_file ("answers", "WAIT\n", 0600);
  gint64 start = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  CU_ASSERT_FALSE (_mc_passphrase_find (context, &request, is_right, (gpointer) "right", cancellable,
                                        &error));
  g_thread_join (thread);
  CU_ASSERT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  CU_ASSERT_TRUE (g_get_monotonic_time () - start < 20 * G_USEC_PER_SEC);
}

/* ------------------------------------------------------------- a played agent -- */

/* Answers each line by @reply when it is GET_PASSPHRASE (NULL: hangs up), else by OK. */
static void
play (int listener, const char *reply)
{
  int fd = accept (listener, NULL, NULL);
  FILE *stream = fd >= 0 ? fdopen (fd, "r+") : NULL;
  char line[1100];
  if (stream == NULL)
    _exit (1);
  if (write (fd, "OK\n", 3) != 3)
    _exit (1);
  while (fgets (line, sizeof line, stream) != NULL) {
    const char *answer = g_str_has_prefix (line, "GET_PASSPHRASE") ? reply : "OK\n";
    if (answer == NULL || write (fd, answer, strlen (answer)) < 0)
      _exit (0);
  }
  _exit (0);
}

static void
check_played (const char *reply, const char *said)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = g_build_filename (folder, "S.gpg-agent", NULL);
  int listener = socket (AF_UNIX, SOCK_STREAM, 0);
  (void) g_unlink (path);
  (void) g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  CU_ASSERT_EQUAL_FATAL (bind (listener, (struct sockaddr *) &address, sizeof address), 0);
  CU_ASSERT_EQUAL_FATAL (listen (listener, 1), 0);
  pid_t pid = fork ();
  if (pid == 0)
    play (listener, reply);
  (void) close (listener);
  check_fails (said);
  (void) kill (pid, SIGKILL);
  (void) waitpid (pid, NULL, 0);
  (void) g_unlink (path);
}

static void
test_played (void)
{
  g_autofree char *line = g_strnfill (900, 'x');
  g_autoptr (GString) much = g_string_new (NULL);
  for (guint i = 0; i < 5; i++)
    g_string_append_printf (much, "D %s\n", line);
  g_string_append (much, "OK\n");

  check_played (NULL, "gpg-agent: it ended in the middle");
  check_played (much->str, "gpg-agent: Provided object is too large");
  check_played ("ERR 67108922 no data\n", "gpg-agent: has none");
  check_played ("ERR 67108926 timeout\n", "gpg-agent: nobody answered its pinentry");
}

static CU_TestInfo tests[] = {
  { "asks and caches", test_asks_and_caches },
  { "wrong, then right", test_wrong_then_right },
  { "wrong in the cache", test_wrong_in_the_cache },
  { "preset", test_preset },
  { "three times wrong", test_three_times_wrong },
  { "the person cancels", test_person_cancels },
  { "no terminal", test_no_terminal },
  { "no pinentry", test_no_pinentry },
  { "an empty passphrase", test_empty },
  { "a fresh one", test_fresh },
  { "a long purpose", test_long_purpose },
  { "the caller cancels", test_caller_cancels },
  { "answers that a real agent does not give", test_played },
  CU_TEST_INFO_NULL,
};

const CU_SuiteInfo suite_agent = {
  .pName = "agent",
  .pTests = tests,
  .pSetUpFunc = set_up,
  .pTearDownFunc = tear_down,
};
