/* SPDX-License-Identifier: MIT */
/*
 * console.c - the console as a whole: where each byte of input goes, what comes of VMs and of root, the kernel's log,
 * and a turn of all of it. Only main.c calls this.
 */
#include <string.h>

#include "console.h"
#include "idle.h"

/* What one turn does at most, so that none starves the others. */
#define VM_TURN_BYTES 16384u
#define TURN_INPUT_BYTES 512u
#define TURN_LOG_LINES 32u

/* The first number of a client is random, and there is room for as many as ever come. */
#define CLIENT_NUMBER_MASK (BIT64(48) - 1)

/* ---- input ---- */

static bool attached_has_room(const struct session *s)
{
	return s->console->ops->vm_has_room(s->console->ops->context, s->attached);
}

static void plain(struct session *s, u8 byte)
{
	s->key_ns = session_now(s);
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
	if (s->mode == MODE_ATTACHED && byte == ATTACH_ESCAPE_KEY && !attached_has_room(s)) {
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
		rpc_broken(s, result);
	if (result->is_frame)
		rpc_frame(s, result);
}

void console_input(struct session *s, const char *bytes, size_t count)
{
	struct frame_result result;

	do {
		size_t taken = frame_scan(&s->scanner, bytes, count, &result);

		bytes += taken;
		count -= taken;
		scanned(s, &result);
	} while (count || !frame_is_empty(&result));
	s->scanner_fed_ns = session_now(s);
}

void console_break(struct session *s)
{
	idle_log_out(s, "a break on the line");
}

void console_cut(struct session *s)
{
	frame_scanner_init(&s->scanner, s->scanner.kind, s->scanner.body, frame_buffer_bytes(s->scanner.kind));
	queue_clear(&s->output);
	s->output.is_cut = false;
}

static void scanner_timer(struct session *s)
{
	u64 after = frame_idle_after(&s->scanner);
	struct frame_result result;

	if (after == 0 || session_now(s) - s->scanner_fed_ns < after)
		return;
	frame_idle(&s->scanner, &result);
	if (result.broken && session_attached(s) == VM_COUNT)
		result.plain_count = 0;	/* a guest may have a use for ESC _ v as keys; the prompt has not */
	scanned(s, &result);
	console_input(s, NULL, 0);
}

/* One byte of input to whom it belongs now; false if there is none, or it has to wait. */
static bool input_step(struct session *s)
{
	char byte;

	prompt_check(s);
	if (s->mode == MODE_TOP)
		return top_input(s);
	if (s->mode == MODE_BUSY || (s->mode == MODE_ATTACHED && !attached_has_room(s)))
		return false;
	if (s->mode <= MODE_SECRET && session_output_used(s) > OUTPUT_SHORT_BYTES)
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

/*
 * A guest whose terminal is shown waits for the line. If several show it, for the fastest: the others have the history,
 * and catch up.
 */
bool console_takes_vm_output(const struct console *c, u32 vm)
{
	bool is_seen = false;

	for (u32 i = 0; i < c->line_count; i++) {
		if (!is_shown(c->lines[i], vm))
			continue;
		if (session_output_used(c->lines[i]) <= OUTPUT_SHORT_BYTES)
			return true;
		is_seen = true;
	}
	return !is_seen && c->inventory.vms[vm].is_used;
}

static void show_output(struct console *c, u32 vm, u64 at, const char *bytes, size_t count)
{
	for (u32 i = 0; i < c->line_count; i++)
		if (is_shown(c->lines[i], vm) && session_output_used(c->lines[i]) <= OUTPUT_SHORT_BYTES)
			attach_show(c->lines[i], at, bytes, count);
}

static bool drain_vm(struct console *c, u32 index, u32 limit)
{
	struct history *history = &c->inventory.vms[index].history;
	char bytes[512];
	u32 total = 0;

	while (total < limit && console_takes_vm_output(c, index)) {
		u64 at = history->written;
		size_t count = c->ops->vm_read(c->ops->context, index, bytes, sizeof(bytes));

		if (count == 0)
			break;
		total += (u32)count;
		history_add(history, bytes, count);
		show_output(c, index, at, bytes, count);
	}
	return total > 0;
}

static bool drain_vms(struct console *c)
{
	bool is_some = false;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (c->inventory.vms[i].is_used)
			is_some = drain_vm(c, i, VM_TURN_BYTES) || is_some;
	return is_some;
}

/* States worth a line to somebody who did not ask. */
static bool is_news(u32 state)
{
	return state == VM_RUNNING || state == VM_PAUSED || state == VM_STOPPED || state == VM_CRASHED;
}

static void tell_event(struct session *s, const struct vm_entry *vm)
{
	u32 *told = session_told(s, vm), before = *told;
	struct out out;

	rpc_event(s, vm);
	*told = vm->report.state;
	if (session_attached(s) == vm->report.index) {
		attach_state(s, vm, before);
		return;
	}
	if (before == vm->report.state || !is_news(vm->report.state) || job_is_about(s, vm->report.name))
		return;
	out = notice_begin(s);
	report_state(&out, &vm->report);
	notice_end(s);
}

static void event(struct console *c, const struct reply *reply)
{
	struct vm_entry *vm = inventory_update(&c->inventory, &reply->vm);

	if (!vm)
		return;
	event_ring_add(c, vm);
	(void)drain_vm(c, reply->vm.index, HISTORY_BYTES);
	for (u32 i = 0; i < c->line_count; i++)
		tell_event(c->lines[i], vm);
}

void console_reply(struct console *c, const struct reply *reply)
{
	if (reply->kind == REPLY_EVENT)
		event(c, reply);
	else if (reply->kind == REPLY_ANSWER)
		job_answer(c, reply);
}

bool console_takes_reply(const struct console *c)
{
	for (u32 i = 0; i < c->line_count; i++)
		if (!session_takes_reply(c->lines[i]))
			return false;
	return true;
}

/* ---- the kernel's log ---- */

static u64 log_head(const struct session *s)
{
	return __atomic_load_n(&s->console->log->head, __ATOMIC_ACQUIRE);
}

static char log_byte(const struct session *s, u64 at)
{
	return s->console->log->text[at % LOG_BYTES];
}

static bool takes_log(const struct session *s)
{
	return !login_is_locked(s) && !session_is_screen_taken(s) &&
	       session_output_used(s) <= OUTPUT_SHORT_BYTES;
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

void console_init(struct console *c, const struct console_ops *ops, const struct info_page *info,
	const struct log_ring *log, const struct console_args *args, const char *conf)
{
	commands = command_rows;
	c->ops = ops;
	c->log = log;
	c->conf = conf;
	c->conf_bytes = (size_t)args->conf_bytes;
	c->inventory.info = info;
	c->boot_id = args->boot_id;
	c->start = args->start;
	c->inventory.are_vms_coming = true;
	c->inventory.history_first = HISTORY_BYTES;	/* until it is known that no pool has logs */
	c->has_users = args->has_users != 0;
	c->begun_ns = ops->now_ns(ops->context);
	c->next_client = 1 + (ops->random(ops->context) & CLIENT_NUMBER_MASK);
}

bool console_open(struct console *c, struct session *s, const struct line_ops *line, enum frame_kind kind)
{
	if (c->line_count == LINE_COUNT || !session_init(s, c, line, kind))
		return false;
	s->index = c->line_count++;
	c->lines[s->index] = s;
	s->log_at = log_head(s);
	if (c->start > 1)
		rpc_tell_start(s);
	for (u32 i = 0; i < VM_COUNT; i++)
		if (c->inventory.vms[i].is_used)
			*session_told(s, &c->inventory.vms[i]) = c->inventory.vms[i].report.state;
	out_text(&s->terminal, "\n");
	report_banner(&s->terminal, c->inventory.info);
	if (!c->has_users)
		out_text(&s->terminal, "No users are defined: whoever is at this line is admin.\n");
	out_text(&s->terminal, "Type help for the commands; Tab completes, ? explains.\n");
	prompt_show(s);
	if (s->index == 0)
		keeper_begin(s);
	return true;
}

/* A piece of an answer, client by client. */
static bool send_piece(struct session *s)
{
	for (u32 i = 0; s->clients.count && i < CLIENT_COUNT; i++)
		if (client_send_piece(s, &s->clients.list[s->clients.turn++ % CLIENT_COUNT]))
			return true;
	return false;
}

/* Answers and streams take turns. */
static bool send_to_programs(struct session *s)
{
	bool is_some = false, is_sent = true;

	while (is_sent && session_output_used(s) <= OUTPUT_SHORT_BYTES) {
		is_sent = send_piece(s);
		is_sent = stream_send_one(s) || is_sent;
		is_some = is_some || is_sent;
	}
	return is_some;
}

static bool run_line(struct session *s)
{
	bool is_some = stream_turn(s);

	is_some = upload_turn(s) || is_some;
	is_some = fetched_turn(s) || is_some;
	is_some = send_to_programs(s) || is_some;
	if (s->kind == FRAME_PLAIN)
		return is_some;
	attach_catch_up(s);
	for (u32 i = 0; i < TURN_INPUT_BYTES && input_step(s); i++)
		is_some = true;
	for (u32 i = 0; i < TURN_LOG_LINES && log_step(s); i++)
		is_some = true;
	return is_some;
}

bool console_run(struct console *c)
{
	bool is_some = false;

	for (u32 i = 0; i < c->line_count; i++) {
		scanner_timer(c->lines[i]);
		client_nak_timer(c->lines[i]);
		rpc_forget_silent(c->lines[i]);
		attach_check(c->lines[i]);
		idle_check(c->lines[i]);
	}
	log_keeper_turn(c);
	job_pump(c);
	keeper_turn(c);
	users_turn(c);
	for (u32 i = 0; i < c->line_count; i++)
		is_some = run_line(c->lines[i]) || is_some;
	is_some = drain_vms(c) || is_some;
	for (u32 i = 0; i < c->line_count; i++)
		is_some = session_flush(c->lines[i]) || is_some;
	return is_some;
}

bool console_waits_for_vm(const struct console *c, u32 vm)
{
	for (u32 i = 0; i < c->line_count; i++)
		if ((session_attached(c->lines[i]) == vm && session_has_input(c->lines[i])) ||
			stream_waits_for_vm(c->lines[i], vm))
			return true;
	return false;
}

bool console_has_request(const struct console *c)
{
	for (u32 i = 0; i < JOB_COUNT; i++)
		if (c->jobs[i].is_used && c->jobs[i].is_unsent && !job_is_early(&c->jobs[i]))
			return true;
	return false;
}

static u64 earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 line_deadline_ns(struct session *s)
{
	u64 after = frame_idle_after(&s->scanner), scan = after ? s->scanner_fed_ns + after : ~0ull;
	u64 stall = session_stall_ns(s);

	if (stall <= session_now(s))	/* that is over */
		stall = ~0ull;
	stall = earlier(stall, idle_deadline_ns(s));
	return earlier(earlier(scan, stall), earlier(client_deadline_ns(s),
		earlier(stream_deadline_ns(s), fetched_deadline_ns(s))));
}

u64 console_deadline_ns(const struct console *c)
{
	u64 deadline = earlier(job_deadline_ns(c), log_keeper_due_ns(c));

	for (u32 i = 0; i < c->line_count; i++)
		deadline = earlier(deadline, line_deadline_ns(c->lines[i]));
	return deadline;
}
