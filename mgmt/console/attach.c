/*
 * attach.c - the terminal of a VM on ours: bytes pass both ways untouched, but for Ctrl-], which opens a small menu,
 * and for the start of a frame (frame.h), which must be VOS' own: a program would believe what is in it.
 */
#include <string.h>

#include "session.h"
#include "units.h"

#define TAIL_LINES 12u

static struct vm_entry *attached(struct session *s)
{
	return &s->machine.vms[s->attached];
}

void attach_show(struct session *s, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\x1b')
			s->was_escape = true;
		if (frame_would_begin(&s->guest_matched, bytes[i]))
			out_text(&s->raw, "\x18");	/* CAN: no terminal, and no program, takes it for a string */
		out_bytes(&s->raw, bytes + i, 1);
	}
}

/* What the guest wrote last, so that one sees where it is; as it was written, from the start of a line. */
static void show_tail(struct session *s, const struct vm_entry *vm)
{
	u64 at = history_tail(&vm->history, TAIL_LINES);
	char bytes[256];
	size_t count;

	while ((count = history_read(&vm->history, at, bytes, sizeof(bytes))) > 0) {
		attach_show(s, bytes, count);
		at += count;
	}
}

static void show(struct session *s, const struct vm_entry *vm)
{
	s->attached = vm->report.index;
	memcpy(s->attached_name, vm->report.name, sizeof(s->attached_name));
	out_format(&s->terminal, "[%s: Ctrl-] leaves and has a menu]\n", vm->report.name);
	show_tail(s, vm);
}

void console_begin(struct session *s, struct job *job)
{
	const struct vm_entry *vm = job_vm(s, job);
	struct fault fault;

	if (!vm)
		return;
	if (!vm_is_live(vm)) {
		fault_set(&fault, RESULT_STATE, "%s is %s. Try start-vm %s; log-vm %s shows what it wrote",
			job->args.name, state_text(vm->report.state), job->args.name, job->args.name);
		job_fail(s, job, &fault);
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
	out_format(&s->terminal, "[left %s; console %s comes back]\n", s->attached_name, s->attached_name);
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

	if (vm->report.reason == WHY_GUEST_POWEROFF)
		out_format(out, "[%s has stopped: its guest powered off%s%s", name, vm->stop_asker ? ", asked" : "",
			by[vm->stop_asker]);
	else
		out_format(out, "[%s was %s%s", name, vm->report.reason == WHY_FORCED ? "forced off" : "stopped",
			by[vm->stop_asker]);
}

void attach_state(struct session *s, const struct vm_entry *vm)
{
	if (vm_is_live(vm)) {
		if (vm->report.state == VM_PAUSED)
			out_format(&s->terminal, "\n[%s is paused]\n", vm->report.name);
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
		const struct vm_entry *vm = &s->machine.vms[(s->attached + i * step) % VM_COUNT];

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
		out_foreign(&s->terminal, bytes, count);
		at += count;
	}
	out_format(&s->terminal, "\n[%s goes on]\n", vm->report.name);
}

static void show_menu(struct session *s, u64 open_ns)
{
	out_format(&s->terminal, "\n[%s] d leave  n next VM  p previous  l log  ] send Ctrl-]  ? help",
		attached(s)->report.name);
	s->mode = MODE_MENU;
	s->menu_until_ns = session_now(s) + open_ns;
}

static void menu_help(struct session *s)
{
	out_format(&s->terminal,
		"\n  d  back to VOS's prompt; so does Enter, and so does waiting (%u seconds; now %u)\n"
		"  n, p  next and previous running VM\n  l  the last 100 lines that %s wrote\n"
		"  ]  send a Ctrl-] to %s\n  any other key  go on here",
		(u32)(MENU_NS / NS_PER_SECOND), (u32)(MENU_HELP_NS / NS_PER_SECOND),
		attached(s)->report.name, attached(s)->report.name);
	show_menu(s, MENU_HELP_NS);
}

static void menu(struct session *s, char byte)
{
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
	case '?': case 'h':
		menu_help(s);
		return;
	case ']': case ATTACH_ESCAPE_KEY:
		if (s->ops->vm_has_room(s->ops->context, s->attached))
			s->ops->vm_write(s->ops->context, s->attached, ATTACH_ESCAPE_KEY);
		break;
	default:
		break;
	}
	out_format(&s->terminal, "\n[%s]\n", attached(s)->report.name);
}

void attach_timer(struct session *s)
{
	if (s->mode == MODE_MENU && session_now(s) >= s->menu_until_ns)
		detach(s);
}

static void ended(struct session *s, char byte)
{
	if (byte != '\r' && byte != '\n')
		return;
	leave(s);
	s->keys.was_return = byte == '\r';
}

void attach_escape(struct session *s)
{
	show_menu(s, MENU_NS);
}

void attach_feed(struct session *s, char byte)
{
	if (s->mode == MODE_ENDED)
		ended(s, byte);
	else if (s->mode == MODE_MENU)
		menu(s, byte);
	else if (byte == ATTACH_ESCAPE_KEY)
		show_menu(s, MENU_NS);
	else
		s->ops->vm_write(s->ops->context, s->attached, byte);
}
