/* SPDX-License-Identifier: MIT */
/*
 * session.c - the queues of a line and what is on its screen: input, output, frames, notices.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "units.h"

u64 session_now(const struct session *s)
{
	return s->console->ops->now_ns(s->console->ops->context);
}

/* ---- output ---- */

u32 session_output_used(const struct session *s)
{
	return s->output.used;
}

bool session_has_output(const struct session *s)
{
	return s->output.used != 0;
}

static bool is_full(const struct session *s)
{
	return session_output_used(s) >= OUTPUT_BYTES / 4;
}

static void queue_write(void *context, const char *bytes, size_t count)
{
	queue_push(context, bytes, count);
}

/* Text on a line where nobody reads. */
static void drop_write(void *context, const char *bytes, size_t count)
{
	(void)context;
	(void)bytes;
	(void)count;
}

static void terminal_write(void *context, const char *bytes, size_t count)
{
	while (count) {
		const char *newline = memchr(bytes, '\n', count);
		size_t length = newline ? (size_t)(newline - bytes) : count;

		queue_push(context, bytes, length);
		if (!newline)
			return;
		queue_push(context, "\r\n", 2);
		bytes += length + 1;
		count -= length + 1;
	}
}

bool session_flush(struct session *s)
{
	u32 before = session_output_used(s);
	const char *bytes;
	size_t count, taken;

	while ((count = queue_peek(&s->output, &bytes)) != 0) {
		taken = s->line->send(s->line->context, bytes, count);
		queue_drop(&s->output, taken);
		if (taken < count)
			break;
	}
	if (session_output_used(s) < OUTPUT_SHORT_BYTES)
		s->full_ns = 0;
	else if (is_full(s) && s->full_ns == 0)
		s->full_ns = session_now(s);
	return session_output_used(s) != before;
}

/* Somebody else draws on the screen. */
bool session_is_screen_taken(const struct session *s)
{
	return session_attached(s) != VM_COUNT || (s->mode == MODE_TOP && s->top.is_screen);
}

struct out notice_begin(struct session *s)
{
	if (login_is_locked(s))
		return (struct out){ drop_write, NULL };
	if (session_is_screen_taken(s))
		return s->held_out;
	edit_hide(&s->editor);
	return s->terminal;
}

void notice_end(struct session *s)
{
	if (s->mode <= MODE_SECRET && !login_is_locked(s))
		edit_show(&s->editor);
}

void session_send_frame(struct session *s, const char *channel)
{
	struct frame_sink sink = { s->raw.write, s->raw.context };

	frame_encode(s->kind, &sink, channel, s->console->json_text, s->console->json_buffer.used);
}

void notice_release(struct session *s)
{
	const char *bytes;
	size_t count;

	while ((count = queue_peek(&s->held, &bytes)) != 0) {
		out_bytes(&s->terminal, bytes, count);
		queue_drop(&s->held, count);
	}
	if (s->held.is_cut)
		out_text(&s->terminal, "\n[messages dropped]\n");
	s->held.is_cut = false;
}

/* ---- input ---- */

/* A frame's start that was held back may come out on top of what is put in. */
size_t session_input_room(const struct session *s)
{
	u32 used = s->input.used + 16;

	if (session_output_used(s) > OUTPUT_BYTES / 16)
		return 0;
	return used < INPUT_BYTES ? INPUT_BYTES - used : 0;
}

bool session_has_input(const struct session *s)
{
	return s->input.used > 0;
}

bool input_peek(const struct session *s, char *byte)
{
	const char *bytes;

	if (!queue_peek(&s->input, &bytes))
		return false;
	*byte = *bytes;
	return true;
}

bool input_pop(struct session *s, char *byte)
{
	if (!input_peek(s, byte))
		return false;
	queue_drop(&s->input, 1);
	return true;
}

void input_discard(struct session *s)
{
	queue_clear(&s->input);
}

void input_push(struct session *s, u8 byte)
{
	char c = (char)byte;

	queue_push(&s->input, &c, 1);
}

bool input_take_back(struct session *s, char byte)
{
	return queue_take_back(&s->input, byte);
}

u32 session_attached(const struct session *s)
{
	return s->mode == MODE_ATTACHED || s->mode == MODE_MENU ? s->attached : VM_COUNT;
}

/* A line that trickles has its time once, and again when nearly all that it was sent has gone out. */
u64 session_stall_ns(const struct session *s)
{
	u64 since = s->full_ns ? s->full_ns : session_now(s);

	return is_full(s) && s->console->line_count > 1 ? since + LINE_STALL_NS : ~0ull;
}

bool session_takes_reply(const struct session *s)
{
	return !is_full(s) || session_now(s) >= session_stall_ns(s);
}

/* ---- what was told ---- */

u32 *session_told(struct session *s, const struct vm_entry *vm)
{
	struct told *told = &s->told[vm->report.index];

	if (told->number != vm->number)
		*told = (struct told){ vm->number, VM_DEFINED };
	return &told->state;
}

/* ---- all together ---- */

bool session_init(struct session *s, struct console *console, const struct line_ops *line, enum frame_kind kind)
{
	char *body = malloc(frame_buffer_bytes(kind));

	if (!body)
		return false;
	frame_scanner_init(&s->scanner, kind, body, frame_buffer_bytes(kind));
	s->kind = kind;
	s->console = console;
	s->line = line;
	s->last_class = error_class(RESULT_OK);
	s->input.limit = INPUT_BYTES;
	s->output.limit = OUTPUT_BYTES;
	s->held.limit = HELD_BYTES;
	s->terminal = (struct out){ kind == FRAME_PLAIN ? drop_write : terminal_write, &s->output };
	s->raw = (struct out){ queue_write, &s->output };
	s->held_out = (struct out){ kind == FRAME_PLAIN ? drop_write : queue_write, &s->held };
	edit_init(&s->editor, s->terminal);
	return true;
}
