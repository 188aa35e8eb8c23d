/* SPDX-License-Identifier: MIT */
/*
 * fake_end.h - the end of a console, which a machine's never has: all its memory goes back. Included by fake_root.c
 * alone.
 */
#ifndef VOS_FAKE_END_H
#define VOS_FAKE_END_H

#include <stdlib.h>
#include <string.h>

#include "console.h"

static inline void fake_end_line(struct session *s)
{
	queue_clear(&s->input);
	queue_clear(&s->output);
	queue_clear(&s->held);
	for (u32 i = 0; i < EDIT_HISTORY; i++)
		free(s->editor.history[i]);
	free(s->top.shown);
	free(s->scanner.body);
	for (u32 i = 0; i < STREAM_COUNT; i++)
		free(s->streams.list[i]);
	for (u32 i = 0; i < CLIENT_COUNT; i++)
		if (s->clients.list[i].number)
			client_forget(s, &s->clients.list[i]);
	memset(s, 0, sizeof(*s));
}

static inline void fake_end_console(struct console *c)
{
	for (u32 i = 0; i < c->line_count; i++)
		fake_end_line(c->lines[i]);
	for (u32 i = 0; i < VM_COUNT; i++)
		history_free(&c->inventory.vms[i].history);
	for (u32 i = 0; i < JOB_COUNT; i++)
		free(c->jobs[i].targets);
	free(c->keeper.text);
	for (u32 i = 0; i < EVENTS_KEPT; i++)
		free(c->events.texts[i]);
	memset(c, 0, sizeof(*c));
}

#endif
