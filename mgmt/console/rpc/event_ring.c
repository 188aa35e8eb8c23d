/* SPDX-License-Identifier: MIT */
/*
 * event_ring.c - the last events, numbered, as JSON text: short ones, so that an event is one frame. See stream.h.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "stream.h"

static void write_event(const struct out *out, const struct console *c, const struct vm_entry *vm)
{
	const struct vm_report *r = &vm->report;
	struct json_writer writer = { .out = out };

	json_open(&writer, 0, '{');
	json_text(&writer, "event", "VM_STATE");
	json_number(&writer, "seq", c->events.next);
	json_number(&writer, "uptime-ns", c->ops->now_ns(c->ops->context));
	json_open(&writer, "data", '{');
	json_text(&writer, "name", r->name);
	json_text(&writer, "state", state_text(r->state));
	json_text(&writer, "reason", reason_text(r->reason));
	json_bytes(&writer, "text", r->text, strnlen(r->text, sizeof(r->text)));
	json_close(&writer, '}');
	json_close(&writer, '}');
}

void event_ring_add(struct console *c, const struct vm_entry *vm)
{
	static char text[EVENT_BYTES];
	char **place = &c->events.texts[c->events.next % EVENTS_KEPT];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	write_event(&out, c, vm);
	free(*place);
	*place = buffer.is_full ? NULL : malloc(buffer.used + 1);
	if (*place) {
		memcpy(*place, text, buffer.used);
		(*place)[buffer.used] = 0;
	}
	c->events.next++;
}

u64 event_ring_start(const struct event_ring *ring)
{
	return ring->next > EVENTS_KEPT ? ring->next - EVENTS_KEPT : 0;
}
