/* SPDX-License-Identifier: MIT */
/*
 * verbs.h - requests of programs that are no commands of the table: rpc.c has a row for each, and the functions that
 * serve them use those of verbs.c.
 */
#ifndef VOS_VERBS_H
#define VOS_VERBS_H

#include "session.h"

struct rpc_verb {
	const char *verb;
	/* The program has said hello, and the request has an id: a repeat is answered with the answer that was kept,
	 * and does nothing. Else the request is served each time that it comes. */
	bool is_counted;
	enum user_role role;	/* that it needs, if it is counted; what others do needs none */
	/*
	 * console->json is the message, `arguments` its object of that name or 0. The answer: job_json_begin, "return",
	 * job_json_end_for; or rpc_refuse.
	 */
	void (*serve)(struct session *s, u32 arguments, const struct answer_to *to);
};

/* An answer that is an error. */
void rpc_refuse(struct session *s, const struct cmd_error *error, const struct answer_to *to);
/* The same, E_LINK, to a program that is no client as far as is known. */
void rpc_refuse_link(struct session *s, const char *why, const char *id);
/* The token is a whole number from 0 to CLIENT_ID_MAX. */
bool rpc_number(const struct json *json, u32 token, u64 *number);
/* A member of `arguments`, or of the whole message (0), that is such a number; false: there is none. */
bool rpc_number_of(const struct json *json, u32 arguments, const char *name, u64 *number);

void sync_serve(struct session *s, u32 arguments, const struct answer_to *to);
void hello_serve(struct session *s, u32 arguments, const struct answer_to *to);
void bye_serve(struct session *s, u32 arguments, const struct answer_to *to);
void resend_serve(struct session *s, u32 arguments, const struct answer_to *to);

#endif
