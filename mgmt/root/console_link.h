/*
 * console_link.h - the two rings between root and the console. The console is not trusted: a request is a private
 * copy of whatever it wrote.
 */
#ifndef VOS_CONSOLE_LINK_H
#define VOS_CONSOLE_LINK_H

#include "request.h"
#include "types.h"

/* Forget what is in the rings: a new console begins. */
void console_link_reset(void);

/* The next request, if there is one and room for an answer. */
bool console_link_receive(struct request *out);

/* Replies that there is room for now. */
u32 console_link_room(void);

/* False: no room now; the console will signal when there is. */
bool console_link_send(const struct reply *reply);

/* Before root sleeps. False: a request is there after all. */
bool console_link_may_sleep(void);

#endif
