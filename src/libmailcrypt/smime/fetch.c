/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "smime/fetch.h"

#include "base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define TYPE_LINE (BIO_TYPE_SOURCE_SINK | 125)

#define MAX_URL_BYTES 2048
#define MAX_REDIRECTIONS 3
#define MAX_ADDRESSES 4
/* Status line and header fields of an answer. */
#define MAX_HEADER_BYTES ((gsize) 64 * 1024)

/* ------------------------------------------------------------------ addresses -- */

/* RFC 6890 and its registries: what is not one machine on the Internet. */
static const char *const special_v4[] = {
  "0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
  "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
  "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",   NULL,
};
/* Inside of 2000::/3: tunnels to addresses of the old kind, and examples. */
static const char *const special_v6[] = { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", NULL };

static gboolean
is_in (GInetAddress *address, const char *network)
{
  g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (network, NULL);
  return mask != NULL && g_inet_address_mask_matches (mask, address);
}

gboolean
_mc_address_is_public (GInetAddress *address)
{
  gboolean v4 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4;
  const char *const *special = v4 ? special_v4 : special_v6;
  if (!v4 && !is_in (address, "2000::/3"))
    return FALSE;
  for (; *special != NULL; special++)
    if (is_in (address, *special))
      return FALSE;
  return TRUE;
}

/* ----------------------------------------------------------------- connection -- */

/* A connection that ends at its deadline, and after so many octets. */
typedef struct {
  GSocket *socket;
  GCancellable *cancellable;
  gint64 deadline;
  gsize left;
  GError *error;
} Line;

static void
line_clear (Line *line)
{
  g_clear_object (&line->socket);
  g_clear_error (&line->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Line, line_clear)

static void
set_late (GError **error)
{
  _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("no answer in time"));
}

static gboolean
wait_for (Line *line, GIOCondition condition)
{
  gint64 left = line->deadline - g_get_monotonic_time ();
  if (left > 0
      && g_socket_condition_timed_wait (line->socket, condition, left, line->cancellable, &line->error))
    return TRUE;
  if (line->error == NULL || g_error_matches (line->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    g_clear_error (&line->error);
    set_late (&line->error);
  }
  return FALSE;
}

static int
line_read (BIO *bio, char *buffer, size_t size, size_t *ret_done)
{
  Line *line = BIO_get_data (bio);
  *ret_done = 0;
  BIO_clear_retry_flags (bio);
  if (line->error == NULL && line->left == 0)
    _mc_set_error (&line->error, MC_ERROR_LIMIT, NULL, _("the answer is too long"));
  if (line->error != NULL || !wait_for (line, G_IO_IN))
    return 0;
  gssize done = g_socket_receive (line->socket, buffer, MIN (size, line->left), line->cancellable,
                                  &line->error);
  if (done <= 0)
    return 0;
  line->left -= (gsize) done;
  *ret_done = (size_t) done;
  return 1;
}

static int
line_write (BIO *bio, const char *data, size_t size, size_t *ret_done)
{
  Line *line = BIO_get_data (bio);
  *ret_done = 0;
  BIO_clear_retry_flags (bio);
  if (line->error != NULL || !wait_for (line, G_IO_OUT))
    return 0;
  gssize done = g_socket_send (line->socket, data, size, line->cancellable, &line->error);
  if (done <= 0)
    return 0;
  *ret_done = (size_t) done;
  return 1;
}

static int
line_create (BIO *bio)
{
  BIO_set_init (bio, 1);
  return 1;
}

static long
line_control (BIO *bio, int command, long number, void *pointer)
{
  (void) bio;
  (void) number;
  (void) pointer;
  return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
line_method (void)
{
  BIO_METHOD *method = BIO_meth_new (TYPE_LINE, "mailcrypt line");
  if (method == NULL)
    return NULL;
  BIO_meth_set_create (method, line_create);
  BIO_meth_set_read_ex (method, line_read);
  BIO_meth_set_write_ex (method, line_write);
  BIO_meth_set_ctrl (method, line_control);
  return method;
}

static gboolean
connect_to (Line *line, GInetAddress *address, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) where = g_inet_socket_address_new (address, port);
  g_autoptr (GError) problem = NULL;
  line_clear (line);
  line->socket = g_socket_new (g_inet_address_get_family (address), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_TCP, error);
  if (line->socket == NULL)
    return FALSE;
  g_socket_set_blocking (line->socket, FALSE);
  if (g_socket_connect (line->socket, where, line->cancellable, &problem))
    return TRUE;
  if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_PENDING)) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (wait_for (line, G_IO_OUT))
    return g_socket_check_connect_result (line->socket, error);
  g_propagate_error (error, g_steal_pointer (&line->error));
  return FALSE;
}

/* ---------------------------------------------------------------------- names -- */

typedef struct {
  GList *addresses;
  GError *error;
  gboolean done;
} Lookup;

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Lookup *lookup = user_data;
  lookup->addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &lookup->error);
  lookup->done = TRUE;
}

static gboolean
on_late (gpointer stop)
{
  g_cancellable_cancel (stop);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer stop)
{
  (void) cancellable;
  g_cancellable_cancel (stop);
}

/* GInetAddress of @host; what a resolver takes longer for than there is time is given up. */
static GList *
look_up (const char *host, const Line *line, GError **error)
{
  Lookup lookup = { 0 };
  gint64 left = line->deadline - g_get_monotonic_time ();
  g_autoptr (GMainContext) main_context = g_main_context_new ();
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  g_autoptr (GSource) late = g_timeout_source_new (left > 0 ? (guint) (left / 1000) : 0);
  gulong chained = line->cancellable != NULL
                   ? g_cancellable_connect (line->cancellable, G_CALLBACK (on_cancelled), stop, NULL) : 0;

  g_main_context_push_thread_default (main_context);
  g_source_set_callback (late, on_late, stop, NULL);
  g_source_attach (late, main_context);
  g_resolver_lookup_by_name_async (resolver, host, stop, on_resolved, &lookup);
  while (!lookup.done)
    g_main_context_iteration (main_context, TRUE);
  g_source_destroy (late);
  g_main_context_pop_thread_default (main_context);
  g_cancellable_disconnect (line->cancellable, chained);

  if (lookup.error != NULL && g_cancellable_is_cancelled (stop)
      && !g_cancellable_is_cancelled (line->cancellable)) {
    g_clear_error (&lookup.error);
    set_late (&lookup.error);
  }
  if (lookup.error != NULL)
    g_propagate_error (error, lookup.error);
  return lookup.addresses;
}

/* Connects to the first address of @host that answers, out of those that may be asked. The
 * name is looked up once: no other answer can come in between. */
static gboolean
open_line (Line *line, const char *host, guint16 port, gboolean anywhere, GError **error)
{
  GList *addresses = look_up (host, line, error);
  g_autoptr (GError) problem = NULL;
  gboolean connected = FALSE;
  int tried = 0;
  if (addresses == NULL)
    return FALSE;
  for (const GList *at = addresses; at != NULL && !connected && tried < MAX_ADDRESSES; at = at->next) {
    if (!anywhere && !_mc_address_is_public (at->data))
      continue;
    tried++;
    g_clear_error (&problem);
    connected = connect_to (line, at->data, port, &problem);
  }
  g_resolver_free_addresses (addresses);
  if (connected)
    return TRUE;
  if (problem != NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  else
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("it has no public address"));
  return FALSE;
}

/* ----------------------------------------------------------------------- HTTP -- */

/* Printable ASCII without blanks: nothing that could end a line of the request. */
static GUri *
parse_url (const char *url, GError **error)
{
  gsize size = strlen (url);
  gboolean clean = size <= MAX_URL_BYTES;
  for (gsize i = 0; clean && i < size; i++)
    clean = g_ascii_isgraph (url[i]);
  g_autoptr (GUri) uri = clean ? g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  if (host != NULL && host[0] != '\0' && strchr (host, '%') == NULL
      && g_ascii_strcasecmp (g_uri_get_scheme (uri), "http") == 0 && g_uri_get_userinfo (uri) == NULL
      && g_uri_get_port (uri) != 0)
    return g_steal_pointer (&uri);
  _mc_set_error (error, MC_ERROR_INVALID, NULL, _("not a plain http address"));
  return NULL;
}

static guint16
get_port (GUri *uri)
{
  int port = g_uri_get_port (uri);
  return port > 0 ? (guint16) port : 80;
}

/* As the field Host has it. */
static char *
make_host (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  gboolean v6 = strchr (host, ':') != NULL;
  return g_strdup_printf ("%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", get_port (uri));
}

static char *
make_path (GUri *uri)
{
  const char *query = g_uri_get_query (uri), *path = g_uri_get_path (uri);
  return g_strconcat (path[0] != '\0' ? path : "/", query != NULL ? "?" : NULL, query, NULL);
}

static OSSL_HTTP_REQ_CTX *
make_request (const McFetch *job, GUri *uri, BIO *bio)
{
  g_autofree char *host = make_host (uri);
  g_autofree char *path = make_path (uri);
  gsize size = 0;
  const void *data = job->body != NULL ? g_bytes_get_data (job->body, &size) : NULL;
  g_autoptr (BIO) body = data != NULL ? BIO_new_mem_buf (data, (int) size) : NULL;
  OSSL_HTTP_REQ_CTX *request =
    OSSL_HTTP_open (host, NULL, NULL, NULL, 0, bio, bio, NULL, NULL, 0, 0);
  if (request != NULL
      && OSSL_HTTP_set1_request (request, path, NULL, body != NULL ? job->body_type : NULL, body,
                                 job->answer_type, 1, job->max_bytes, 0, 0) == 1)
    return request;
  OSSL_HTTP_close (request, 0);
  return NULL;
}

/* NULL without an error: *ret_redirection says where to go on. */
static GBytes *
exchange (const McFetch *job, GUri *uri, Line *line, char **ret_redirection, GError **error)
{
  g_autoptr (BIO_METHOD) method = line_method ();
  g_autoptr (BIO) bio = method != NULL ? BIO_new (method) : NULL;
  if (bio == NULL) {
    _mc_smime_set_openssl_error (error, MC_ERROR_ENGINE, _("no connection can be made"));
    return NULL;
  }
  BIO_set_data (bio, line);
  OSSL_HTTP_REQ_CTX *request = make_request (job, uri, bio);
  char *redirection = NULL;
  g_autoptr (BIO) answer = request != NULL ? OSSL_HTTP_exchange (request, &redirection) : NULL;
  GBytes *bytes = NULL;
  if (answer != NULL) {
    char *data = NULL;
    long size = BIO_get_mem_data (answer, &data);
    bytes = g_bytes_new (data, size > 0 ? (gsize) size : 0);
  } else if (redirection != NULL && line->error == NULL)
    *ret_redirection = g_strdup (redirection);
  else if (line->error != NULL)
    g_propagate_error (error, g_steal_pointer (&line->error));
  else
    _mc_smime_set_openssl_error (error, MC_ERROR_IO, _("no answer of use"));
  OPENSSL_free (redirection);
  OSSL_HTTP_close (request, 1);
  return bytes;
}

/* @location may be without scheme and host. */
static GUri *
redirect (GUri *uri, const char *location, GError **error)
{
  g_autofree char *host = make_host (uri);
  g_autofree char *url = location[0] == '/' ? g_strconcat ("http://", host, location, NULL)
                                            : g_strdup (location);
  return parse_url (url, error);
}

GBytes *
_mc_fetch (const McFetch *job, GCancellable *cancellable, GError **error)
{
  MC_OPENSSL_SCOPE ();
  g_autoptr (GUri) uri = parse_url (job->url, error);
  for (int i = 0; uri != NULL && i <= MAX_REDIRECTIONS; i++) {
    g_auto (Line) line = { .cancellable = cancellable, .deadline = job->deadline,
                           .left = job->max_bytes + MAX_HEADER_BYTES };
    g_autofree char *redirection = NULL;
    if (!open_line (&line, g_uri_get_host (uri), get_port (uri), job->anywhere, error))
      return NULL;
    GBytes *answer = exchange (job, uri, &line, &redirection, error);
    if (answer != NULL || redirection == NULL)
      return answer;
    GUri *next = redirect (uri, redirection, error);
    g_uri_unref (uri);
    uri = next;
  }
  if (uri != NULL)
    _mc_set_error (error, MC_ERROR_LIMIT, NULL, _("it redirects too often"));
  return NULL;
}
