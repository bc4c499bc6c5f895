/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpg-agent as a source of passphrases: it caches them and brings pinentry. */
#include "config.h"

#include "keys/passphrase.h"

#include "base/secret.h"
#include "base/text.h"
#include "context.h"
#include "examine.h"

#include <assuan.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_NAME "S.gpg-agent"
#define MAX_PASSPHRASE_BYTES 2048
#define MAX_ARGUMENT_BYTES 300      /* an Assuan line holds 1000, with three of them */
#define CACHE_ID_DIGITS 40          /* an id may have 50 characters */

typedef struct assuan_context_s Assuan;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Assuan, assuan_release)

/* ---------------------------------------------------------------- the socket -- */

/* libassuan's defaults, but an agent that dies raises no SIGPIPE in our host. */
static ssize_t
hook_read (assuan_context_t assuan, assuan_fd_t fd, void *buffer, size_t size)
{
  (void) assuan;
  return read (fd, buffer, size);
}

static ssize_t
hook_write (assuan_context_t assuan, assuan_fd_t fd, const void *buffer, size_t size)
{
  (void) assuan;
  return send (fd, buffer, size, MSG_NOSIGNAL);
}

static int
hook_recvmsg (assuan_context_t assuan, assuan_fd_t fd, assuan_msghdr_t message, int flags)
{
  (void) assuan;
  return (int) recvmsg (fd, message, flags);
}

static int
hook_sendmsg (assuan_context_t assuan, assuan_fd_t fd, const assuan_msghdr_t message, int flags)
{
  (void) assuan;
  return (int) sendmsg (fd, message, flags | MSG_NOSIGNAL);
}

static pid_t
hook_waitpid (assuan_context_t assuan, pid_t pid, int nowait, int *status, int options)
{
  (void) assuan;
  return nowait ? 0 : waitpid (pid, status, options);
}

static struct assuan_system_hooks hooks = {
  .version = ASSUAN_SYSTEM_HOOKS_VERSION,
  .usleep = __assuan_usleep,
  .pipe = __assuan_pipe,
  .close = __assuan_close,
  .read = hook_read,
  .write = hook_write,
  .recvmsg = hook_recvmsg,
  .sendmsg = hook_sendmsg,
  .spawn = __assuan_spawn,
  .waitpid = hook_waitpid,
  .socketpair = __assuan_socketpair,
  .socket = __assuan_socket,
  .connect = __assuan_connect,
};

static Assuan *
connect_to (const char *path)
{
  struct stat buffer;
  if (path == NULL || stat (path, &buffer) != 0
      || strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return NULL;

  g_autoptr (Assuan) assuan = NULL;
  if (assuan_new_ext (&assuan, GPG_ERR_SOURCE_USER_1, assuan_get_malloc_hooks (), NULL, NULL) != 0)
    return NULL;
  assuan_ctx_set_system_hooks (assuan, &hooks);
  assuan_set_flag (assuan, ASSUAN_NO_LOGGING, 1);
  if (assuan_socket_connect (assuan, path, ASSUAN_INVALID_PID, 0) != 0)
    return NULL;
  return g_steal_pointer (&assuan);
}

/* Where GnuPG puts the socket of its default home, unless told otherwise. */
static Assuan *
connect_well_known (const char *home)
{
  g_autofree char *usual = g_build_filename (g_get_home_dir (), ".gnupg", NULL);
  g_autofree char *beside = g_build_filename (home != NULL ? home : usual, SOCKET_NAME, NULL);
  g_autofree char *runtime =
    g_strdup_printf ("/run/user/%lu/gnupg/" SOCKET_NAME, (unsigned long) geteuid ());
  Assuan *assuan = NULL;
  if (home == NULL || g_strcmp0 (home, usual) == 0)
    assuan = connect_to (runtime);
  return assuan != NULL ? assuan : connect_to (beside);
}

/* Runs gpgconf for @home; its output without the newline, NULL when it failed. */
static char *
run_gpgconf (const char *home, const char *option, const char *argument)
{
  const char *with_home[] = { "gpgconf", "--homedir", home, option, argument, NULL };
  const char *without[] = { "gpgconf", option, argument, NULL };
  g_autofree char *output = NULL;
  int status = 0;
  if (!g_spawn_sync (NULL, (char **) (home != NULL ? with_home : without), NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL,
                     &status, NULL)
      || !g_spawn_check_wait_status (status, NULL))
    return NULL;
  g_strchomp (output);
  return g_steal_pointer (&output);
}

/* A running agent, started when there is none. */
static Assuan *
connect_agent (const char *home, char **ret_why)
{
  Assuan *assuan = connect_well_known (home);
  if (assuan != NULL)
    return assuan;

  g_autofree char *escaped = run_gpgconf (home, "--list-dirs", "agent-socket");
  if (escaped == NULL) {
    *ret_why = g_strdup (_("no agent (gpgconf does not work)"));
    return NULL;
  }
  g_autofree char *path = g_uri_unescape_string (escaped, NULL);
  assuan = connect_to (path);
  if (assuan != NULL)
    return assuan;

  g_autofree char *launched = run_gpgconf (home, "--launch", "gpg-agent");
  assuan = launched != NULL ? connect_to (path) : NULL;
  if (assuan == NULL)
    *ret_why = g_strdup (_("no agent, and it could not be started"));
  return assuan;
}

/* ---------------------------------------------------------------- the dialogue -- */

/* One argument, percent-plus escaped as GnuPG does it and cut to its place in the line;
 * "X" when there is none. */
static char *
escape_argument (const char *text)
{
  if (text == NULL || *text == '\0')
    return g_strdup ("X");

  g_autoptr (GString) escaped = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gsize size = (gsize) (g_utf8_next_char (p) - p);
    if (escaped->len + size * 3 > MAX_ARGUMENT_BYTES)
      break;
    if (*p == ' ')
      g_string_append_c (escaped, '+');
    else if (*p == '+' || *p == '%' || *p == '"' || (guchar) *p < 0x20)
      g_string_append_printf (escaped, "%%%02X", (guint) (guchar) *p);
    else
      g_string_append_len (escaped, p, (gssize) size);
  }
  return g_string_free (g_steal_pointer (&escaped), FALSE);
}

static gpg_error_t
send_command (Assuan *assuan, const char *command)
{
  return assuan_transact (assuan, command, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void
send_option (Assuan *assuan, const char *name, const char *value)
{
  if (value == NULL || *value == '\0' || strpbrk (value, "\r\n") != NULL)
    return;
  g_autofree char *command = g_strdup_printf ("OPTION %s=%s", name, value);
  (void) send_command (assuan, command);   /* one that the agent does not know is no loss */
}

static void
send_options (Assuan *assuan, McContext *context)
{
  send_option (assuan, "ttyname", _mc_context_get_tty (context));
  send_option (assuan, "ttytype", _mc_context_get_term (context));
  send_option (assuan, "lc-ctype", setlocale (LC_CTYPE, NULL));
  send_option (assuan, "lc-messages", setlocale (LC_MESSAGES, NULL));
}

/* The id that the agent's cache knows the passphrase by; "X" for none. */
static char *
make_cache_id (const McPassphraseRequest *request)
{
  if (request->fresh || request->fingerprint == NULL)
    return g_strdup ("X");
  return g_strdup_printf ("mc:%.*s", CACHE_ID_DIGITS, request->fingerprint);
}

static char *
make_command (const McPassphraseRequest *request, guint attempt)
{
  g_autofree char *id = make_cache_id (request);
  g_autofree char *wrong = escape_argument (attempt > 0 ? _("Wrong passphrase, try again.") : NULL);
  g_autofree char *prompt = escape_argument (_("Passphrase:"));
  g_autofree char *purpose = escape_argument (request->purpose);
  return g_strdup_printf ("GET_PASSPHRASE --data %s-- %s %s %s %s",
                          request->fresh ? "--repeat=1 " : "", id, wrong, prompt, purpose);
}

/* Where the answer is put together: locked memory of fixed size. */
typedef struct {
  McSecret *buffer;
  gsize size;
} Answer;

static gpg_error_t
receive (void *user_data, const void *data, size_t size)
{
  Answer *answer = user_data;
  if (size > MAX_PASSPHRASE_BYTES - answer->size)
    return gpg_error (GPG_ERR_TOO_LARGE);
  memcpy (_mc_secret_get_data (answer->buffer) + answer->size, data, size);
  answer->size += size;
  return 0;
}

/* What the agent's error means for a person. */
static McPassphraseAnswer
explain (gpg_error_t failure, char **ret_why)
{
  switch (gpg_err_code (failure)) {
  case GPG_ERR_CANCELED:
  case GPG_ERR_FULLY_CANCELED:
    return MC_PASSPHRASE_CANCELLED;
  case GPG_ERR_NO_DATA:
    return MC_PASSPHRASE_ABSENT;
  case GPG_ERR_NO_PIN_ENTRY:
    *ret_why = g_strdup (_("no pinentry"));
    return MC_PASSPHRASE_UNAVAILABLE;
  case GPG_ERR_ENOTTY:
  case GPG_ERR_ENXIO:
    *ret_why = g_strdup (_("no terminal for its pinentry"));
    return MC_PASSPHRASE_UNAVAILABLE;
  case GPG_ERR_TIMEOUT:
    *ret_why = g_strdup (_("nobody answered its pinentry"));
    return MC_PASSPHRASE_UNAVAILABLE;
  case GPG_ERR_EOF:
  case GPG_ERR_EPIPE:
  case GPG_ERR_ECONNRESET:
    *ret_why = g_strdup (_("it ended in the middle"));
    return MC_PASSPHRASE_UNAVAILABLE;
  default:
    *ret_why = g_strdup (gpg_strerror (failure));
    return MC_PASSPHRASE_UNAVAILABLE;
  }
}

/* A cancelled caller must not wait for a person: closing the connection ends the call. */
static void
hang_up (GCancellable *cancellable, gpointer user_data)
{
  (void) cancellable;
  (void) shutdown (GPOINTER_TO_INT (user_data), SHUT_RDWR);
}

static gpg_error_t
get_passphrase (Assuan *assuan, const char *command, Answer *answer, GCancellable *cancellable)
{
  assuan_fd_t fds[2];   /* room for two is asked for, the socket is the first */
  if (assuan_get_active_fds (assuan, 0, fds, G_N_ELEMENTS (fds)) < 1)
    return gpg_error (GPG_ERR_ASS_GENERAL);

  gulong id = 0;
  if (cancellable != NULL)
    id = g_cancellable_connect (cancellable, G_CALLBACK (hang_up), GINT_TO_POINTER (fds[0]), NULL);
  assuan_begin_confidential (assuan);
  gpg_error_t failure = assuan_transact (assuan, command, receive, answer, NULL, NULL, NULL, NULL);
  assuan_end_confidential (assuan);
  g_cancellable_disconnect (cancellable, id);
  return failure;
}

static Assuan *
connect_for (McContext *context, char **ret_why)
{
  const char *home =
    mc_settings_get_folder (_mc_context_get_settings (context), MC_FOLDER_GNUPG);
  return connect_agent (home, ret_why);
}

static McPassphraseAnswer
ask_agent (McContext *context, const McPassphraseRequest *request, guint attempt,
           McSecret **ret_secret, char **ret_why, GCancellable *cancellable)
{
  static const char blank[MAX_PASSPHRASE_BYTES];
  g_autoptr (Assuan) assuan = connect_for (context, ret_why);
  if (assuan == NULL)
    return MC_PASSPHRASE_UNAVAILABLE;

  send_options (assuan, context);
  g_autofree char *command = make_command (request, attempt);
  g_autoptr (McSecret) buffer = mc_secret_new (blank, sizeof blank);
  Answer answer = { buffer, 0 };
  gpg_error_t failure = get_passphrase (assuan, command, &answer, cancellable);
  if (failure != 0)
    return explain (failure, ret_why);
  *ret_secret = mc_secret_new (_mc_secret_get_data (buffer), answer.size);
  return MC_PASSPHRASE_HERE;
}

static void
forget_in_agent (McContext *context, const McPassphraseRequest *request)
{
  g_autofree char *why = NULL;
  g_autoptr (Assuan) assuan = NULL;
  if (request->fresh || request->fingerprint == NULL)
    return;
  assuan = connect_for (context, &why);
  if (assuan == NULL)
    return;
  g_autofree char *id = make_cache_id (request);
  g_autofree char *command = g_strdup_printf ("CLEAR_PASSPHRASE %s", id);
  (void) send_command (assuan, command);
}

static gpg_error_t
take_text (void *user_data, const void *data, size_t size)
{
  g_string_append_len (user_data, data, (gssize) MIN (size, 100));
  return 0;
}

void
_mc_agent_examine (McContext *context, GPtrArray *findings)
{
  g_autofree char *why = NULL;
  g_autoptr (GString) version = g_string_new (NULL);
  g_autoptr (Assuan) assuan = connect_for (context, &why);
  if (assuan == NULL) {
    _mc_findings_add (findings, MC_FINDING_PROBLEM, "agent", "no-agent",
                      "gpgconf --launch gpg-agent", _("gpg-agent: %s"), why != NULL ? why : "-");
    return;
  }
  (void) assuan_transact (assuan, "GETINFO version", take_text, version, NULL, NULL, NULL, NULL);
  g_autofree char *shown = _mc_text_escape_line (version->str, -1);
  _mc_findings_add (findings, MC_FINDING_GOOD, "agent", "agent-works", NULL,
                    _("gpg-agent %s answers"), shown);
}

const McPassphraseSource _mc_passphrase_agent = {
  .name = "gpg-agent",
  .interactive = TRUE,
  .ask = ask_agent,
  .forget = forget_in_agent,
};
