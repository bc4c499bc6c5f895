/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mta.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Short options of sendmail, postfix, exim and msmtp that take a value. */
#define WITH_VALUE "ABCFLNORVXabefhopr"

/* -------------------------------------------------------------------- words -- */

void
mta_words_clear (MtaWords *words)
{
  g_clear_pointer (&words->options, g_ptr_array_unref);
  g_clear_pointer (&words->bare, g_ptr_array_unref);
  g_clear_pointer (&words->recipients, g_ptr_array_unref);
}

static void
add_option (MtaWords *words, const char *word)
{
  g_ptr_array_add (words->options, g_strdup (word));
  g_ptr_array_add (words->bare, g_strdup (word));
}

static gboolean
refuse_mode (const char *word, GError **error)
{
  tool_set_usage (error, _("call the mailer itself"), _("'%s' does not send a message"), word);
  return FALSE;
}

/* The cluster of flags without -t; nothing when that was all. */
static void
add_bare (MtaWords *words, const char *word, gsize flags)
{
  g_autoptr (GString) bare = g_string_new ("-");
  for (const char *c = word + 1; *c != '\0'; c++)
    if (*c != 't' || (gsize) (c - word) >= flags)
      g_string_append_c (bare, *c);
  if (bare->len > 1)
    g_ptr_array_add (words->bare, g_strdup (bare->str));
}

/* @next (nullable) is the word behind @word; *@ret_taken tells that it is the value. */
static gboolean
parse_short (MtaWords *words, const char *word, const char *next, gboolean *ret_taken,
             GError **error)
{
  const char *c = word + 1;
  for (; *c != '\0' && strchr (WITH_VALUE, *c) == NULL; c++) {
    if (*c == 'q' || *c == 'I')
      return refuse_mode (word, error);
    if (*c == 'd')   /* what follows is the level */
      break;
    words->from_header |= *c == 't';
    words->keeps_dots |= *c == 'i';
  }
  if (*c == 'b' && strcmp (c, "bm") != 0)
    return refuse_mode (word, error);
  words->keeps_dots |= strcmp (c, "oi") == 0;
  g_ptr_array_add (words->options, g_strdup (word));
  add_bare (words, word, (gsize) (c - word));
  *ret_taken = *c != '\0' && *c != 'd' && c[1] == '\0';
  if (*ret_taken && next == NULL) {
    tool_set_usage (error, NULL, _("option '%s' needs a value"), word);
    return FALSE;
  }
  if (*ret_taken)
    add_option (words, next);
  return TRUE;
}

gboolean
mta_words_parse (MtaWords *words, char **operands, GError **error)
{
  gboolean ended = FALSE;
  words->options = g_ptr_array_new_with_free_func (g_free);
  words->bare = g_ptr_array_new_with_free_func (g_free);
  words->recipients = g_ptr_array_new_with_free_func (g_free);
  for (; *operands != NULL; operands++) {
    const char *word = *operands;
    gboolean taken = FALSE;
    if (ended || word[0] != '-' || word[1] == '\0')
      g_ptr_array_add (words->recipients, g_strdup (word));
    else if (strcmp (word, "--") == 0)
      ended = TRUE;
    else if (word[1] == '-')
      add_option (words, word);
    else if (!parse_short (words, word, operands[1], &taken, error))
      return FALSE;
    operands += taken ? 1 : 0;
  }
  if (words->recipients->len > 0 || words->from_header)
    return TRUE;
  tool_set_usage (error, _("name the recipients, or take them from the header with -t"),
                  _("there is nobody to send to"));
  return FALSE;
}

char **
mta_make_argv (char **command, const MtaWords *words, gboolean as_given,
               const char *const *recipients)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  GPtrArray *options = as_given ? words->options : words->bare;
  for (; *command != NULL; command++)
    g_strv_builder_add (argv, *command);
  /* a line with one dot is part of a message, not its end */
  if (!words->keeps_dots)
    g_strv_builder_add (argv, "-oi");
  for (guint i = 0; i < options->len; i++)
    g_strv_builder_add (argv, g_ptr_array_index (options, i));
  if (as_given ? words->recipients->len > 0 : *recipients != NULL)
    g_strv_builder_add (argv, "--");
  for (guint i = 0; as_given && i < words->recipients->len; i++)
    g_strv_builder_add (argv, g_ptr_array_index (words->recipients, i));
  for (; !as_given && *recipients != NULL; recipients++)
    g_strv_builder_add (argv, *recipients);
  return g_strv_builder_end (argv);
}

/* ------------------------------------------------------------------ running -- */

/* Whether we are where a person can interrupt us: then the mailer is, too, and has to stay among
 * the programs that may ask on the terminal. */
static gboolean
has_terminal (void)
{
  int fd = open ("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* In the child. */
static void
lead_group (gpointer user_data)
{
  (void) user_data;
  (void) setpgid (0, 0);
}

/* Ends the mailer with all that it has started, if that can be told from others. */
static void
end_mailer (GPid pid)
{
  if (getpgid (pid) == pid)
    kill (-pid, SIGKILL);
  kill (pid, SIGKILL);
}

/* The state that waitpid() has, the mailer being gone. */
static int
wait_for (GPid pid)
{
  int state = 0;
  while (waitpid (pid, &state, 0) < 0)
    if (errno != EINTR)
      return -1;
  g_spawn_close_pid (pid);
  return state;
}

/* Whether nobody reads from the pipe any more. */
static gboolean
is_broken (int fd)
{
  struct pollfd pipe = { .fd = fd, .events = POLLOUT };
  return poll (&pipe, 1, 0) == 1 && (pipe.revents & POLLERR) != 0;
}

/* Writes all of @copy. What was not written whole must not look like a whole message: then the
 * mailer is ended before it comes to the end of its input. *@ret_unread: it does not read. */
static gboolean
feed (GPid pid, int fd, const McCopy *copy, gboolean *ret_unread, GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (fd, TRUE);
  *ret_unread = FALSE;
  if (mc_copy_write (copy, output, cancellable, &failure)
      && g_output_stream_close (output, NULL, &failure))
    return TRUE;
  *ret_unread = is_broken (fd);
  if (*ret_unread)
    return TRUE;
  end_mailer (pid);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static int
judge (const char *name, int state, gboolean unread, GError **error)
{
  int status = WIFEXITED (state) ? WEXITSTATUS (state) : MTA_TRY_AGAIN;
  if (status == 0 && !unread)
    return 0;
  if (WIFSIGNALED (state))
    tool_set_error (error, status, "mta", NULL, _("'%s' was killed by signal %d"), name,
                    WTERMSIG (state));
  else if (status == 0)
    tool_set_error (error, status = MTA_TRY_AGAIN, "mta", NULL,
                    _("'%s' did not read the whole message"), name);
  else
    tool_set_error (error, status, "mta", NULL, _("'%s' ended with status %d"), name, status);
  /* shells say so of programs that cannot be run; mutt takes 126 for success */
  return status == 126 || status == 127 ? MTA_TRY_AGAIN : status;
}

int
mta_run (char **argv, const McCopy *copy, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GPid pid = 0;
  int fd = -1;
  gboolean unread = FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return MTA_TRY_AGAIN;
  if (!g_spawn_async_with_pipes (NULL, argv, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                 has_terminal () ? NULL : lead_group, NULL, &pid, &fd, NULL, NULL,
                                 &failure)) {
    tool_set_error (error, MTA_UNAVAILABLE, "mta",
                    _("the setting 'mta', or --mta, names the program"), "%s", failure->message);
    return MTA_UNAVAILABLE;
  }
  gboolean fed = feed (pid, fd, copy, &unread, cancellable, error);
  int state = wait_for (pid);
  return fed ? judge (argv[0], state, unread, error) : MTA_TRY_AGAIN;
}
