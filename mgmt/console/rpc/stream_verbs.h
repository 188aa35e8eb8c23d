/* SPDX-License-Identifier: MIT */
/*
 * stream_verbs.h - requests about streams and uploads, for the table of rpc.c (verbs.h).
 */
#ifndef VOS_STREAM_VERBS_H
#define VOS_STREAM_VERBS_H

#include "session.h"

void open_console_serve(struct session *s, u32 arguments, const struct answer_to *to);
void open_log_serve(struct session *s, u32 arguments, const struct answer_to *to);
void open_events_serve(struct session *s, u32 arguments, const struct answer_to *to);
void credit_serve(struct session *s, u32 arguments, const struct answer_to *to);
void close_stream_serve(struct session *s, u32 arguments, const struct answer_to *to);
/* upload.c */
void open_upload_serve(struct session *s, u32 arguments, const struct answer_to *to);
void finish_upload_serve(struct session *s, u32 arguments, const struct answer_to *to);

/* volume_stream.c */
void open_export_serve(struct session *s, u32 arguments, const struct answer_to *to);

/* capture_stream.c */
void open_capture_serve(struct session *s, u32 arguments, const struct answer_to *to);

/* A job for that client's request; NULL: it was refused. */
struct job *rpc_begin(struct session *s, const struct command *command, const struct answer_to *to);
/* That member is true. */
struct json;
bool rpc_is_true(const struct json *json, u32 arguments, const char *name);
/* The stream that "stream" of the arguments names, if it is this client's; else NULL, and *error says why. */
struct stream *stream_named(struct session *s, u32 arguments, const struct answer_to *to, struct cmd_error *error);

#endif
