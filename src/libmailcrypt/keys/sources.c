/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "keys/sources.h"

#include "base/address.h"
#include "base/error.h"
#include "base/text.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const McKeySource *const sources[] = {
  &_mc_source_local,
  &_mc_source_wkd,
  &_mc_source_keyserver,
  &_mc_source_dane,
};

const McKeySource *
mc_key_source_get (guint i)
{
  return i < G_N_ELEMENTS (sources) ? sources[i] : NULL;
}

const char *
mc_key_source_get_name (const McKeySource *source)
{
  return source->name;
}

const char *
mc_key_source_get_meaning (const McKeySource *source)
{
  return _(source->meaning);
}

gboolean
mc_key_source_get_uses_network (const McKeySource *source)
{
  return source->uses_network;
}

static const McKeySource *
find_source (const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++) {
    if (strcmp (sources[i]->name, name) == 0)
      return sources[i];
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", sources[i]->name);
  }
  g_autofree char *shown = _mc_text_escape_line (name, -1);
  g_autofree char *hint = g_strdup_printf (_("the sources are: %s"), names->str);
  _mc_set_error (error, MC_ERROR_INVALID, hint, _("unknown source of keys '%s'"), shown);
  return NULL;
}

GPtrArray *
mc_keys_lookup (McContext *context, const char *source, const char *address,
                GCancellable *cancellable, GError **error)
{
  const McKeySource *found = find_source (source, error);
  g_autofree char *canonical = found != NULL ? _mc_address_normalise (address, -1) : NULL;
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) mc_key_unref);
  if (found != NULL && canonical == NULL) {
    g_autofree char *shown = _mc_text_escape_line (address, -1);
    _mc_set_error (error, MC_ERROR_INVALID, NULL, _("'%s' is no mail address"), shown);
  }
  return canonical != NULL && found->find (found, context, canonical, keys, cancellable, error)
           ? g_steal_pointer (&keys) : NULL;
}
