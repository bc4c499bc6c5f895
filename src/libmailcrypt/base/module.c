/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/module.h"

#include "base/error.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>
#include <gmodule.h>
#include <link.h>

/* Where modules may be, seen from the folder of the object that holds this code. */
static const char *const module_folders[] = {
  "mailcrypt",   /* installed */
  ".",           /* not installed: libtool's .libs holds library and modules alike */
  ".libs",       /* not installed, and this code is linked into a program */
};

/* The folder of the object that holds this code; NULL when it cannot be found out. */
static char *
find_own_folder (void)
{
  Dl_info info;
  struct link_map *map = NULL;
  if (dladdr1 ((const void *) &module_folders, &info, (void **) &map, RTLD_DL_LINKMAP) == 0)
    return NULL;

  /* For the program itself the loader knows argv[0] only, which may be anything. */
  if (map == NULL || map->l_name == NULL || map->l_name[0] == '\0') {
    g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
    return program != NULL ? g_path_get_dirname (program) : NULL;
  }
  return g_path_get_dirname (map->l_name);
}

static char *
find_module_file (const char *name)
{
  g_autofree char *folder = find_own_folder ();
  if (folder == NULL)
    return NULL;

  g_autofree char *file = g_strconcat (name, ".so", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (module_folders); i++) {
    g_autofree char *path = g_build_filename (folder, module_folders[i], file, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  return NULL;
}

gpointer
_mc_module_symbol (const char *name, const char *symbol, GError **error)
{
  const char *hint = _("reinstall mailcrypt");
  g_autofree char *path = find_module_file (name);
  if (path == NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, hint, _("module not found: '%s'"), name);
    return NULL;
  }

  GModule *module = g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (module == NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, hint, _("module '%s' cannot be loaded: %s"), name,
                   g_module_error ());
    return NULL;
  }
  g_module_make_resident (module);

  gpointer address = NULL;
  if (!g_module_symbol (module, symbol, &address) || address == NULL) {
    _mc_set_error (error, MC_ERROR_ENGINE, hint, _("module '%s' is of another version"), name);
    return NULL;
  }
  return address;
}
