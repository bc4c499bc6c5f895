/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An opened message and its parts, for the library's own use. */
#pragma once

#include "context.h"
#include "headers.h"
#include "mime/tree.h"

struct _McPart {
  McMessage *message;       /* borrowed: owns this */
  McEntity *entity;         /* borrowed from one of the message's trees */
  char *path;
  GPtrArray *children;      /* of McPart (owned) */
  GPtrArray *own_layers;    /* of McLayer (owned): what this entity is, outermost first */
  GStrv around;             /* paths of the layers around it, outermost first */
  GPtrArray *oddities;      /* of McReason (owned) */
  char *format;             /* nullable: of an opaque object, as McUnwrapped has it */
  char *header_protection;  /* nullable: parameters and fields of it, as they stand there */
  GPtrArray *certificates;  /* of McKey (owned): those that come with it */
  McSpool *content;         /* nullable (owned): stands for the decoded body (inline OpenPGP) */
  gboolean is_body;
  gboolean is_mechanism;    /* a signature, or the Version part: nothing to open */
};

McPart *_mc_part_new (McMessage *message, McEntity *entity, McPart *parent);
void _mc_part_free (McPart *part);
void _mc_part_add_layer (McPart *part, McLayer *layer);   /* takes a reference */
void _mc_part_take_certificates (McPart *part, McUnwrapped *unwrapped);
void _mc_part_add_oddity (McPart *part, const char *code, const char *text);

struct _McMessage {
  McContext *context;       /* borrowed */
  GPtrArray *spools;        /* of McSpool (owned): all that the trees point into */
  GPtrArray *trees;         /* of McTree (owned); the first is the message as it came */
  McPart *root;
  GPtrArray *leaves;        /* of McPart (borrowed) */
  McReport *report;
  char *sender;             /* nullable: canonical; who is held against the signers */
  McHeaderProtection protection;
  McPart *payload;          /* nullable: the one whose header that is */
  McPart *legacy_part;      /* nullable: what protected-headers="v1" repeats for old readers */
  McPart *wrapper;          /* nullable: RFC8551HP's message/rfc822, there for the header's sake */
  GPtrArray *inside;        /* of McField (owned): the header that the payload protects; may be empty */
  McSpan decrypted;         /* what the innermost encrypted layer of the envelope held */
  McPart *inline_part;      /* nullable: the part that is an inline OpenPGP message, opened */
};

McMessage *_mc_message_new (McContext *context);
/* The header of the message without its protection (of McHeaderLine): the fields that the
 * payload protects, and of those outside what is not theirs to say. */
GPtrArray *_mc_headers_restore (McMessage *message);
/* Keeps @spool alive as long as the message. Takes over the reference. */
McSpool *_mc_message_keep (McMessage *message, McSpool *spool);
/* Fills leaves and marks the Main Body Parts, once the tree of parts stands. */
void _mc_message_finish_parts (McMessage *message);
