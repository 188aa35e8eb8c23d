/* SPDX-License-Identifier: MIT */
/*
 * attach.c - the terminal of a VM on ours: bytes pass both ways untouched, but for Ctrl-], which opens a small menu,
 * and for the start of a frame (frame.h), which must be VOS' own: a program would believe what is in it.
 */
#include <string.h>

#include "handlers.h"
#include "units.h"

#define TAIL_LINES 12u

static struct vm_entry *attached(struct session *s)
{
	return &s->console->inventory.vms[s->attached];
}

static void show_bytes(struct session *s, const char *bytes, size_t count)
{
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\x1b')
			s->was_escape = true;
		if (!frame_would_begin(&s->guest_matched, bytes[i]))
			continue;
		out_bytes(&s->raw, bytes + shown, i - shown);
		out_text(&s->raw, "\x18");	/* CAN: no terminal, and no program, takes it for a string */
		shown = i;
	}
	out_bytes(&s->raw, bytes + shown, count - shown);
}

void attach_show(struct session *s, u64 at, const char *bytes, size_t count)
{
	if (at != s->shown_at)
		return;
	show_bytes(s, bytes, count);
	s->shown_at += count;
}

void attach_catch_up(struct session *s)
{
	const struct history *history = &attached(s)->history;
	char bytes[256];
	size_t count;

	if (s->mode != MODE_ATTACHED || s->shown_at == history->written)
		return;
	if (s->shown_at < history_start(history) && session_output_used(s) <= OUTPUT_SHORT_BYTES) {
		out_text(&s->terminal, "\n[some output was dropped]\n");
		s->shown_at = history_start(history);
	}
	while (session_output_used(s) <= OUTPUT_SHORT_BYTES &&
		(count = history_read(history, s->shown_at, bytes, sizeof(bytes))) > 0)
		attach_show(s, s->shown_at, bytes, count);
}

/* What the guest wrote from there on, as it was written. */
static void show_history(struct session *s, const struct history *history, u64 at)
{
	char bytes[256];
	size_t count;

	while ((count = history_read(history, at, bytes, sizeof(bytes))) > 0) {
		show_bytes(s, bytes, count);
		at += count;
	}
	s->shown_at = history->written;
}

/* Why nothing moves there; nothing of a VM that runs. */
static void tell_state(const struct out *out, const struct vm_report *r)
{
	if (r->state == VM_PAUSED)
		out_format(out, "[%s is paused; resume-vm %s resumes it]\n", r->name, r->name);
	else if (r->state == VM_SUSPENDED)
		out_format(out, "[%s is suspended; any key wakes it]\n", r->name);
	else if (r->state != VM_RUNNING && r->reason != STOP_REQUEST)
		out_format(out, "[%s is %s (%s)]\n", r->name, state_text(r->state), reason_text(r->reason));
	else if (r->state != VM_RUNNING)
		out_format(out, "[%s is %s]\n", r->name, state_text(r->state));
}

static void show(struct session *s, const struct vm_entry *vm)
{
	s->attached = vm->report.index;
	memcpy(s->attached_name, vm->report.name, sizeof(s->attached_name));
	out_format(&s->terminal, "[attached to %s; Ctrl-] opens a menu]\n", vm->report.name);
	tell_state(&s->terminal, &vm->report);
	show_history(s, &vm->history, history_tail(&vm->history, TAIL_LINES));	/* so that one sees where it is */
}

static void state_in_words(char *text, size_t size, const struct vm_report *r)
{
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, size);
	out = out_to_buffer(&buffer);
	report_state(&out, r);
	text[strcspn(text, "\n")] = 0;
}

void console_begin(struct session *s, struct job *job)
{
	const struct vm_entry *vm = job_vm(s, job);
	struct cmd_error error;
	char words[160];

	if (!vm)
		return;
	if (!vm_is_live(vm)) {
		state_in_words(words, sizeof(words), &vm->report);
		error_set(&error, RESULT_STATE, "%s. Try start-vm %s; log-vm %s shows its output", words,
			job->args.name, job->args.name);
		job_fail(s, job, &error);
		return;
	}
	s->mode = MODE_ATTACHED;
	job_ok(s, job);
	s->was_escape = false;
	show(s, vm);
}

/* The guest may have left colours behind, or a hidden cursor. One that never sent an escape has not. */
static void end_row(struct session *s)
{
	if (s->was_escape)
		out_text(&s->raw, "\x1b[0m\x1b[?25h");
	out_text(&s->terminal, "\n");
}

/* Back to the prompt, with what was held back meanwhile. */
static void leave(struct session *s)
{
	notice_release(s);
	memset(&s->keys, 0, sizeof(s->keys));
	prompt_show(s);
}

static void detach(struct session *s)
{
	end_row(s);
	out_format(&s->terminal, "[detached from %s; console %s attaches again]\n", s->attached_name, s->attached_name);
	leave(s);
}

/*
 * The VM is not there any more. What is on its way now was meant for the guest, be it the answer to a question that the
 * guest asked the terminal, or a key: none of it may get to the prompt.
 */
static void end(struct session *s)
{
	out_text(&s->terminal, ". Press Enter for the prompt]\n");
	input_discard(s);
	s->mode = MODE_ENDED;
	notice_release(s);
}

static void tell_stop(const struct out *out, const struct vm_entry *vm)
{
	static const char *const by[] = {
		[ASKER_NONE] = "", [ASKER_PERSON] = " by stop-vm", [ASKER_PROGRAM] = " by a program's stop-vm",
	};
	const char *name = vm->report.name;

	if (vm->report.reason == STOP_GUEST_POWEROFF)
		out_format(out, "[%s has stopped: its guest powered off%s%s", name, vm->stop_asker ? ", asked" : "",
			by[vm->stop_asker]);
	else
		out_format(out, "[%s was %s%s", name, vm->report.reason == STOP_FORCED ? "forced off" : "stopped",
			by[vm->stop_asker]);
}

static void tell_change(struct session *s, const struct vm_entry *vm, u32 before)
{
	u32 state = vm->report.state;

	if (state == before || (state == VM_RUNNING && before != VM_PAUSED))
		return;
	out_text(&s->terminal, "\n");
	if (state == VM_RUNNING)
		out_format(&s->terminal, "[%s is running again]\n", vm->report.name);
	else
		tell_state(&s->terminal, &vm->report);
}

void attach_state(struct session *s, const struct vm_entry *vm, u32 before)
{
	if (vm_is_live(vm)) {
		tell_change(s, vm, before);
		return;
	}
	end_row(s);
	if (vm->report.state == VM_CRASHED) {
		out_format(&s->terminal, "[%s has crashed: ", vm->report.name);
		report_reason(&s->terminal, &vm->report);
	} else {
		tell_stop(&s->terminal, vm);
	}
	end(s);
}

void attach_check(struct session *s)
{
	if (session_attached(s) == VM_COUNT || (attached(s)->is_used &&
		strcmp(attached(s)->report.name, s->attached_name) == 0))
		return;
	end_row(s);
	out_format(&s->terminal, "[%s has been deleted", s->attached_name);
	end(s);
}

static void go_to(struct session *s, u32 step)
{
	for (u32 i = 1; i <= VM_COUNT; i++) {
		const struct vm_entry *vm = &s->console->inventory.vms[(s->attached + i * step) % VM_COUNT];

		if (!vm->is_used || !vm_is_live(vm))
			continue;
		out_text(&s->terminal, "\n");
		if (vm == attached(s))
			out_text(&s->terminal, "[no other VM is running]\n");
		show(s, vm);
		return;
	}
}

static void show_log(struct session *s)
{
	const struct vm_entry *vm = attached(s);
	u64 at = history_tail(&vm->history, 100);
	char bytes[256];
	size_t count;

	out_format(&s->terminal, "\n[last lines of %s]\n", vm->report.name);
	while ((count = history_read(&vm->history, at, bytes, sizeof(bytes))) > 0) {
		out_escaped(&s->terminal, bytes, count);
		at += count;
	}
	out_format(&s->terminal, "\n[%s continues]\n", vm->report.name);
}

static void show_menu(struct session *s)
{
	out_format(&s->terminal, "\n[%s] d detach  n next VM  p previous  l log  b break  ] send Ctrl-]  ? help",
		s->attached_name);
	s->mode = MODE_MENU;
}

static void menu_help(struct session *s)
{
	out_format(&s->terminal,
		"\n  d  detach, back to VOS's prompt (also Enter)\n  n, p  next and previous running VM\n"
		"  l  the last 100 lines that %s wrote\n  b  send a break to %s\n  ]  send a Ctrl-] to %s\n"
		"  any other key  back to the guest",
		s->attached_name, s->attached_name, s->attached_name);
	show_menu(s);
}

/* Back at the guest's terminal: what it wrote meanwhile. */
static void go_on(struct session *s, const char *words)
{
	const struct history *history = &attached(s)->history;
	bool is_lost = s->shown_at < history_start(history);

	out_format(&s->terminal, "\n[%s%s%s]\n", s->attached_name, words,
		is_lost ? "; some output was dropped" : "");
	show_history(s, history, is_lost ? history_start(history) : s->shown_at);
}

static void send_break(struct session *s)
{
	if (!s->console->ops->vm_has_room(s->console->ops->context, s->attached)) {
		go_on(s, " takes no input now");
		return;
	}
	s->console->ops->vm_break(s->console->ops->context, s->attached);
	go_on(s, ": a break was sent");
}

static void send_escape_key(struct session *s)
{
	if (s->console->ops->vm_has_room(s->console->ops->context, s->attached))
		s->console->ops->vm_write(s->console->ops->context, s->attached, ATTACH_ESCAPE_KEY);
	go_on(s, "");
}

static void menu(struct session *s, char byte)
{
	if (byte == '?' || byte == 'h') {
		menu_help(s);
		return;
	}
	s->mode = MODE_ATTACHED;
	switch (byte) {
	case 'd': case 'D': case '\r': case '\n': case 'q':
		detach(s);
		return;
	case 'n': case 'N':
		go_to(s, 1);
		return;
	case 'p': case 'P':
		go_to(s, VM_COUNT - 1);
		return;
	case 'l': case 'L':
		show_log(s);
		return;
	case 'b': case 'B':
		send_break(s);
		return;
	case ']': case ATTACH_ESCAPE_KEY:
		send_escape_key(s);
		return;
	default:
		go_on(s, "");
		return;
	}
}

static void ended(struct session *s, char byte)
{
	if (byte != '\r' && byte != '\n')
		return;
	leave(s);
	s->keys.was_return = byte == '\r';
}

void attach_leave(struct session *s)
{
	if (s->mode == MODE_ENDED)
		leave(s);
	else
		detach(s);
}

void attach_escape(struct session *s)
{
	show_menu(s);
}

void attach_feed(struct session *s, char byte)
{
	if (s->mode == MODE_ENDED)
		ended(s, byte);
	else if (s->mode == MODE_MENU)
		menu(s, byte);
	else if (byte == ATTACH_ESCAPE_KEY)
		show_menu(s);
	else
		s->console->ops->vm_write(s->console->ops->context, s->attached, byte);
}
