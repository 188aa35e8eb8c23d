/* SPDX-License-Identifier: MIT */
/*
 * console.c - the console as a whole: where each byte of input goes, what comes of VMs and of root, the kernel's log,
 * and a turn of all of it. Only main.c calls this.
 */
#include <string.h>

#include "console.h"

/* What one turn does at most, so that none starves the others. */
#define VM_TURN_BYTES 16384u
#define TURN_INPUT_BYTES 512u
#define TURN_LOG_LINES 32u

/* ---- input ---- */

static void plain(struct session *s, u8 byte)
{
	if (s->mode == MODE_BUSY && byte == 3) {
		input_discard(s);
		prompt_interrupt(s);
		return;
	}
	if (s->mode == MODE_TOP && byte == 3) {
		input_discard(s);
		top_interrupt(s);
		return;
	}
	if (s->mode == MODE_ATTACHED && byte == ATTACH_ESCAPE_KEY &&
		!s->ops->vm_has_room(s->ops->context, s->attached)) {
		input_discard(s);
		attach_escape(s);
		return;
	}
	input_push(s, byte);
}

/*
 * An ESC that was passed on as a key, and was a frame's: it may wait in the queue still, or have begun a sequence. If
 * the queue was full, the ESC never got in.
 */
static void take_back_escape(struct session *s)
{
	if (input_take_back(s, 0x1b))
		return;
	memset(&s->keys, 0, sizeof(s->keys));
	s->top.reply_length = 0;
}

static void scanned(struct session *s, const struct frame_result *result)
{
	if (result->takes_back)
		take_back_escape(s);
	for (u32 i = 0; i < result->plain_count; i++)
		plain(s, result->plain[i]);
	if (result->broken)
		rpc_broken(s, result->broken, s->scanner.body, s->scanner.count);
	if (result->is_complete)
		rpc_frame(s, s->scanner.body, s->scanner.count);
}

void console_input(struct session *s, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct frame_result result = frame_feed(&s->scanner, (u8)bytes[i]);

		scanned(s, &result);
	}
	s->scanner_fed_ns = session_now(s);
}

static void scanner_timer(struct session *s)
{
	u64 after = frame_idle_after(&s->scanner);
	struct frame_result result;

	if (after == 0 || session_now(s) - s->scanner_fed_ns < after)
		return;
	result = frame_idle(&s->scanner);
	if (result.broken && session_attached(s) == VM_COUNT)
		result.plain_count = 0;	/* a guest may have a use for ESC _ v as keys; the prompt has not */
	scanned(s, &result);
}

/* One byte of input to whom it belongs now; false if there is none, or it has to wait. */
static bool input_step(struct session *s)
{
	char byte;

	if (s->mode == MODE_TOP)
		return top_input(s);
	if (s->mode == MODE_BUSY || (s->mode == MODE_ATTACHED && !s->ops->vm_has_room(s->ops->context, s->attached)))
		return false;
	if ((s->mode == MODE_PROMPT || s->mode == MODE_QUESTION) && session_output_used(s) > OUTPUT_SHORT_BYTES)
		return false;
	if (!input_pop(s, &byte))
		return false;
	if (s->mode == MODE_ATTACHED || s->mode == MODE_MENU || s->mode == MODE_ENDED)
		attach_feed(s, byte);
	else
		prompt_feed(s, byte);
	return true;
}

/* ---- VMs ---- */

static bool is_shown(const struct session *s, u32 vm)
{
	return s->mode == MODE_ATTACHED && s->attached == vm;
}

bool console_takes_vm_output(const struct session *s, u32 vm)
{
	if (is_shown(s, vm))
		return session_output_used(s) <= OUTPUT_SHORT_BYTES;
	return s->inventory.vms[vm].is_used;
}

static bool drain_vm(struct session *s, u32 index, u32 limit)
{
	struct vm_entry *vm = &s->inventory.vms[index];
	char bytes[512];
	u32 total = 0;

	while (total < limit && console_takes_vm_output(s, index)) {
		size_t count = s->ops->vm_read(s->ops->context, index, bytes, sizeof(bytes));

		if (count == 0)
			break;
		total += (u32)count;
		history_add(&vm->history, bytes, count);
		if (is_shown(s, index))
			attach_show(s, bytes, count);
	}
	return total > 0;
}

static bool drain_vms(struct session *s)
{
	bool is_some = false;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->inventory.vms[i].is_used)
			is_some = drain_vm(s, i, VM_TURN_BYTES) || is_some;
	return is_some;
}

/* States worth a line to somebody who did not ask. */
static bool is_news(u32 state)
{
	return state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPED || state == VM_CRASHED;
}

static void event(struct session *s, const struct reply *reply)
{
	struct vm_entry *vm = inventory_update(&s->inventory, &reply->vm);
	struct out out;
	bool is_told;
	u32 before;

	if (!vm)
		return;
	(void)drain_vm(s, reply->vm.index, HISTORY_BYTES);
	rpc_event(s, vm);
	before = vm->told_state;
	is_told = before == vm->report.state;
	vm->told_state = vm->report.state;
	if (session_attached(s) == reply->vm.index) {
		attach_state(s, vm, before);
		return;
	}
	if (is_told || !is_news(vm->report.state) || job_is_about(s, vm->report.name))
		return;
	out = notice_begin(s);
	report_state(&out, &vm->report);
	notice_end(s);
}

void console_reply(struct session *s, const struct reply *reply)
{
	if (reply->kind == REPLY_EVENT)
		event(s, reply);
	else if (reply->kind == REPLY_ANSWER)
		job_answer(s, reply);
}

/* ---- the kernel's log ---- */

static u64 log_head(const struct session *s)
{
	return __atomic_load_n(&s->log->head, __ATOMIC_ACQUIRE);
}

static char log_byte(const struct session *s, u64 at)
{
	return s->log->text[at % LOG_BYTES];
}

static bool takes_log(const struct session *s)
{
	return !session_is_screen_taken(s) && session_output_used(s) <= OUTPUT_SHORT_BYTES;
}

/* One more whole line, if there is one and somebody could see it. */
static bool log_step(struct session *s)
{
	u64 head = log_head(s), end;
	char line[256];
	u32 length = 0;
	struct out out;

	if (!takes_log(s))
		return false;
	if (head - s->log_at > LOG_BYTES)
		s->log_at = head - LOG_BYTES;
	for (end = s->log_at; end < head && log_byte(s, end) != '\n'; end++)
		if (length < sizeof(line))
			line[length++] = log_byte(s, end);
	if (end == head)
		return false;
	s->log_at = end + 1;
	out = notice_begin(s);
	out_escaped(&out, line, length);
	out_text(&out, "\n");
	notice_end(s);
	return true;
}

/* ---- all together ---- */

void console_init(struct session *s, const struct session_ops *ops, const struct info_page *info,
	const struct log_ring *log, const char *conf, size_t conf_bytes)
{
	commands = command_rows;
	session_init(s, ops);
	s->log = log;
	s->log_at = log_head(s);
	s->conf = conf;
	s->conf_bytes = conf_bytes;
	s->inventory.info = info;
	out_text(&s->terminal, "\n");
	report_banner(&s->terminal, info);
	out_text(&s->terminal, "Type help for the commands; Tab completes, ? explains.\n");
	prompt_show(s);
	job_begin(s, job_new(s, JOB_STARTUP), &startup_ops);
}

bool console_run(struct session *s)
{
	bool is_some = false;

	scanner_timer(s);
	attach_check(s);
	job_pump(s);
	for (u32 i = 0; i < TURN_INPUT_BYTES && input_step(s); i++)
		is_some = true;
	for (u32 i = 0; i < TURN_LOG_LINES && log_step(s); i++)
		is_some = true;
	is_some = drain_vms(s) || is_some;
	return session_flush(s) || is_some;
}

bool console_has_request(const struct session *s)
{
	for (u32 i = 0; i < JOB_COUNT; i++)
		if (s->jobs[i].is_used && s->jobs[i].is_unsent)
			return true;
	return false;
}

u64 console_deadline_ns(const struct session *s)
{
	u64 deadline = job_deadline_ns(s), after = frame_idle_after(&s->scanner);

	if (after && s->scanner_fed_ns + after < deadline)
		deadline = s->scanner_fed_ns + after;
	return deadline;
}
