/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every file of the tool shares: commands, their flags, errors and statuses. */
#pragma once

#include "libmailcrypt.h"

/* Exit statuses, as mailcrypt(1) lists them. */
enum {
  STATUS_OK = 0,
  STATUS_INTERNAL = 1,
  STATUS_USAGE = 2,
  STATUS_NOT_PROTECTED = 3,
  STATUS_BAD_SIGNATURE = 4,
  STATUS_UNKNOWN_SIGNER = 5,
  STATUS_NOT_TRUSTED = 6,
  STATUS_NOT_SENDER = 7,
  STATUS_NO_SECRET = 8,
  STATUS_INTEGRITY = 9,
  STATUS_MALFORMED = 10,
  STATUS_NO_KEY = 11,
  STATUS_ENVIRONMENT = 12,
};

/* ----------------------------------------------------------------- commands -- */

typedef struct _Command Command;
typedef struct _Tool Tool;

/* Which groups of shared options a command takes (options.c). */
typedef enum {
  COMMAND_CHAINS = 1 << 0,    /* judges certificate chains: --at, --trust-anchor, ... */
  COMMAND_JUDGES = 1 << 1,    /* judges signatures: --policy, --no-from-check, ... */
  COMMAND_SECRET = 1 << 2,    /* uses a secret key: --passphrase-fd */
  COMMAND_PROTOCOL = 1 << 3,  /* --protocol */
  COMMAND_READS = 1 << 4,     /* decrypts what it reads: --allow-legacy */
  COMMAND_NETWORK = 1 << 5,   /* may ask about revocation where the settings want it */
  COMMAND_FOREIGN = 1 << 6,   /* options that are not ours are another program's: operands */
} CommandFlags;

struct _Command {
  const char *name;           /* NULL ends a table */
  const char *operands;       /* for the usage line, e.g. "[FILE]" */
  const char *help;           /* one line, marked for translation */
  CommandFlags flags;
  const GOptionEntry *options;  /* its own; nullable */
  guint least_operands, most_operands;
  /* Returns the exit status; sets @error for what could not be done. */
  int (*run) (Tool *tool, GError **error);
  const Command *commands;    /* nullable: a table of sub-commands instead of run */
};

/* One run of the tool. */
struct _Tool {
  const Command *command;     /* NULL until it is known */
  char *name;                 /* its words, e.g. "keys import"; NULL like command */
  char **operands;            /* NULL-terminated */
  GCancellable *cancellable;
  McContext *context;         /* made by tool_get_context() */
  McSettings *settings;       /* the same */
  gboolean json_done;         /* the one JSON object is already on standard output */
};

extern const Command tool_commands[];

/* The first operand, NULL (standard input) when there is none. */
const char *tool_get_file (const Tool *tool);

/* The context: settings, folders, terminal and options applied. Made when first asked
 * for; NULL with @error. (transfer none) */
McContext *tool_get_context (Tool *tool, GError **error);

/* The folder for session files; NULL when there is none. It needs no context. (transfer full) */
char *tool_find_runtime (void);

/* The input @file as input_open(), watched; not where the passphrase is to come from. */
GInputStream *tool_open_input (const char *file, GError **error);
/* The flags that shared options ask for. */
McOpenFlags tool_get_open_flags (void);
/* Opens the message that the command line names; @flags come on top of the shared ones. */
McMessage *tool_open_message (Tool *tool, McOpenFlags flags, GError **error);

/* ------------------------------------------------------------------- errors -- */

#define TOOL_ERROR (tool_error_quark ())
GQuark tool_error_quark (void);

/* Sets an error of the tool's own: @status is its exit status, @word its stable name in
 * JSON, @hint (nullable) one or more lines on what to do. */
void tool_set_error (GError **error, int status, const char *word, const char *hint,
                     const char *format, ...) G_GNUC_PRINTF (5, 6);
/* The same with the message of errno value @number behind it; status 12. */
void tool_set_errno (GError **error, int number, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Wrong use of the command line: status 2. */
#define tool_set_usage(error, hint, ...) \
  tool_set_error ((error), STATUS_USAGE, "usage", (hint), __VA_ARGS__)

/* These take errors of every domain. */
int tool_error_get_status (const GError *error);
const char *tool_error_get_word (const GError *error);
const char *tool_error_get_hint (const GError *error);   /* nullable */

/* Sets the error behind a report that says the content could not be had. */
void tool_set_report_error (GError **error, const McReport *report, int status);

/* Tells the person, and with --json the program, and returns the exit status. */
int tool_print_error (Tool *tool, const GError *error);
/* A warning, unless --quiet. @hint is nullable. */
void tool_warn (const Tool *tool, const char *hint, const char *format, ...)
  G_GNUC_PRINTF (3, 4);
/* A warning that no option silences: what was written is not what it may be taken for. */
void tool_alert (const Tool *tool, const char *hint, const char *message);
/* What is no cause for concern, unless --quiet. */
void tool_note (const Tool *tool, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The lines of @hint (nullable), fit for a screen, each of them once. (transfer full) */
char **tool_split_hints (const char *hint);
