/* SPDX-License-Identifier: MIT */
/*
 * session.c - the queues of the line and what is on the screen: input, output, frames, notices.
 */
#include <string.h>

#include "session.h"
#include "units.h"

u64 session_now(const struct session *s)
{
	return s->ops->now_ns(s->ops->context);
}

/* ---- output ---- */

u32 session_output_used(const struct session *s)
{
	return s->out_head - s->out_tail;
}

bool session_has_output(const struct session *s)
{
	return s->out_head != s->out_tail;
}

static void raw_write(void *context, const char *bytes, size_t count)
{
	struct session *s = context;

	for (size_t i = 0; i < count && session_output_used(s) < OUTPUT_BYTES; i++)
		s->output[s->out_head++ % OUTPUT_BYTES] = bytes[i];
}

static void terminal_write(void *context, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			raw_write(context, "\r", 1);
		raw_write(context, bytes + i, 1);
	}
}

bool session_flush(struct session *s)
{
	u32 before = s->out_tail;

	while (session_has_output(s)) {
		u32 at = s->out_tail % OUTPUT_BYTES, count = session_output_used(s);
		size_t taken;

		if (count > OUTPUT_BYTES - at)
			count = OUTPUT_BYTES - at;
		taken = s->ops->send(s->ops->context, s->output + at, count);
		s->out_tail += (u32)taken;
		if (taken < count)
			break;
	}
	return s->out_tail != before;
}

/* Somebody else draws on the screen. */
bool session_is_screen_taken(const struct session *s)
{
	return session_attached(s) != VM_COUNT || (s->mode == MODE_TOP && s->top.is_screen);
}

struct out notice_begin(struct session *s)
{
	if (session_is_screen_taken(s))
		return out_to_buffer(&s->held_buffer);
	edit_hide(&s->editor);
	return s->terminal;
}

void notice_end(struct session *s)
{
	if (s->mode == MODE_PROMPT || s->mode == MODE_QUESTION)
		edit_show(&s->editor);
}

/* Send s->json_text as a frame; the line being edited is untouched, since terminals don't show frames. */
void session_send_frame(struct session *s, const char *channel)
{
	frame_encode(&s->raw, channel, s->json_text, s->json_buffer.used);
}

void notice_release(struct session *s)
{
	out_text(&s->terminal, s->held);
	if (s->held_buffer.is_full)
		out_text(&s->terminal, "\n[messages dropped]\n");
	out_buffer_init(&s->held_buffer, s->held, sizeof(s->held));
}

/* ---- input ---- */

static u32 input_used(const struct session *s)
{
	return s->in_head - s->in_tail;
}

/* A frame's start that was held back may come out on top of what is put in. */
size_t session_input_room(const struct session *s)
{
	u32 used = input_used(s) + 16;

	if (session_output_used(s) > OUTPUT_BYTES / 16)
		return 0;
	return used < INPUT_BYTES ? INPUT_BYTES - used : 0;
}

bool session_has_input(const struct session *s)
{
	return input_used(s) > 0;
}

bool input_peek(const struct session *s, char *byte)
{
	if (!input_used(s))
		return false;
	*byte = s->input[s->in_tail % INPUT_BYTES];
	return true;
}

bool input_pop(struct session *s, char *byte)
{
	if (!input_peek(s, byte))
		return false;
	s->in_tail++;
	return true;
}

void input_discard(struct session *s)
{
	s->in_tail = s->in_head;
}

void input_push(struct session *s, u8 byte)
{
	if (input_used(s) < INPUT_BYTES)
		s->input[s->in_head++ % INPUT_BYTES] = (char)byte;
}

bool input_take_back(struct session *s, char byte)
{
	if (!input_used(s) || s->input[(s->in_head - 1) % INPUT_BYTES] != byte)
		return false;
	s->in_head--;
	return true;
}

u32 session_attached(const struct session *s)
{
	return s->mode == MODE_ATTACHED || s->mode == MODE_MENU ? s->attached : VM_COUNT;
}

bool session_takes_reply(const struct session *s)
{
	return session_output_used(s) < OUTPUT_BYTES / 4;
}

/* ---- all together ---- */

void session_init(struct session *s, const struct session_ops *ops)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->last_class = error_class(RESULT_OK);
	s->terminal = (struct out){ terminal_write, s };
	s->raw = (struct out){ raw_write, s };
	out_buffer_init(&s->held_buffer, s->held, sizeof(s->held));
	edit_init(&s->editor, s->terminal);
}
