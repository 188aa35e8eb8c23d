/* SPDX-License-Identifier: MIT */
/*
 * log_keeper.c - what VMs print outlives the machine: each VM's history is read from the pool when the VM is defined,
 * and written there in rounds, some seconds after something was printed. Root has the pool (lib/proto/vm_log.h); one
 * request is under way at a time, and no guest waits for it: what comes too fast is missing there, too.
 */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "units.h"

#define ROUND_NS (3 * NS_PER_SECOND)	/* from a byte to the round that writes it */
#define POWER_NS (2 * NS_PER_SECOND)	/* that reboot and shutdown wait for the last one */
#define AGAIN_NS (60 * NS_PER_SECOND)	/* after root has refused a VM's */

static void logs_answer(struct session *s, struct job *job, const struct reply *reply);

static const struct command logs_command = { .verb = "logs", .ops = { .answer = logs_answer } };

static u64 now_of(const struct console *c)
{
	return c->ops->now_ns(c->ops->context);
}

static bool is_there(const struct vm_entry *vm)
{
	return vm->is_used && !vm->report.is_leaving;
}

static bool is_unwritten(const struct vm_entry *vm)
{
	return vm->log.is_read && vm->log.kept != vm->history.written;
}

/* Where no pool keeps definitions, it keeps no logs. */
static bool is_on(const struct console *c)
{
	u32 place = c->keeper.task.place;

	return c->keeper.is_settled && (place == DEFINITIONS_IN_POOL || place == DEFINITIONS_NOT_WRITTEN);
}

static struct job *begin(struct console *c, const struct vm_entry *vm)
{
	struct job *job = job_new_logs(c->lines[0]);

	job->args.command = &logs_command;
	memcpy(job->request.name, vm->report.name, sizeof(job->request.name));
	c->logs.number = vm->number;
	return job;
}

/* ---- reading ---- */

static void begin_read(struct console *c, struct vm_entry *vm)
{
	struct job *job;

	if (c->logs.number != vm->number)
		c->logs.old.written = c->logs.next = c->logs.end = c->logs.piece = 0;
	job = begin(c, vm);
	job->request.log.start = c->logs.next;
	job_send(c->lines[0], job, REQ_LOG_READ);
}

static void add_seam(struct console *c, struct history *old)
{
	u64 wall_ns = c->inventory.info->wall_boot_ns;
	char text[128], time[UNIT_TEXT_BYTES] = "";
	char last;

	if (history_read(old, old->written - 1, &last, 1) == 1 && last != '\n')
		history_add(old, "\n", 1);
	if (wall_ns != 0)
		(void)date_text(time, wall_ns);
	snprintf(text, sizeof(text), "--- %s was started again%s%s ---\n",
		 c->startup.is_again ? "VOS' console" : "VOS", wall_ns != 0 && !c->startup.is_again ? " " : "",
		 c->startup.is_again ? "" : time);
	history_add(old, text, strlen(text));
}

/* All of it is there: it comes before what was printed since. The last piece is written again with what follows. */
static void take_old(struct console *c, struct vm_entry *vm)
{
	struct history *old = &c->logs.old;
	struct vm_log *log = &vm->log;
	u64 printed = old->written;

	log->is_read = true;
	log->kept = log->from = vm->history.first;
	log->ahead = 0 - vm->history.first;
	if (printed == 0)
		return;
	add_seam(c, old);
	log->kept = log->from = vm->history.first - (old->written - printed);
	log->ahead = c->logs.end - log->kept;
	history_put_before(&vm->history, old);
	log->from -= c->logs.end - c->logs.piece;
	if (log->from < history_start(&vm->history) || log->from > log->kept)
		log->from = log->kept;
}

static void read_answered(struct console *c, struct vm_entry *vm, const struct log_piece *piece)
{
	if (piece->count > LOG_PIECE_BYTES || (piece->count != 0 && piece->start < c->logs.next)) {
		vm->log.again_ns = now_of(c) + AGAIN_NS;	/* root lies */
		return;
	}
	history_add(&c->logs.old, piece->bytes, piece->count);
	if (piece->count != 0) {
		c->logs.piece = piece->start;
		c->logs.end = piece->start + piece->count;
		c->logs.next = piece->start + 1;
	}
	if (piece->is_more == 0)
		take_old(c, vm);
}

/* ---- writing ---- */

static void begin_write(struct console *c, struct vm_entry *vm)
{
	struct job *job = begin(c, vm);
	struct log_piece *piece = &job->request.log;
	struct vm_log *log = &vm->log;

	if (log->from < history_start(&vm->history))	/* that is lost */
		log->from = history_start(&vm->history);
	piece->start = log->from + log->ahead;
	piece->count = (u32)history_read(&vm->history, log->from, piece->bytes, LOG_PIECE_BYTES);
	c->logs.sent = piece->count;
	job_send(c->lines[0], job, REQ_LOG_WRITE);
}

static void begin_flush(struct console *c, struct vm_entry *vm)
{
	c->logs.sent = 0;
	job_send(c->lines[0], begin(c, vm), REQ_LOG_WRITE);
}

static void write_answered(struct console *c, struct vm_entry *vm)
{
	struct vm_log *log = &vm->log;

	if (c->logs.sent == 0)
		return;
	c->logs.is_flush_due = true;
	log->kept = log->from + c->logs.sent;
	log->from = c->logs.sent == LOG_PIECE_BYTES ? log->kept : log->from;
}

/* ---- rounds ---- */

static void logs_answer(struct session *s, struct job *job, const struct reply *reply)
{
	struct console *c = s->console;
	struct vm_entry *vm = inventory_find(&c->inventory, job->request.name);
	enum request_op op = (enum request_op)job->request.op;

	job_drop(job);
	if (!vm || vm->number != c->logs.number)	/* it is gone */
		return;
	if (reply->result != RESULT_OK)
		vm->log.again_ns = now_of(c) + AGAIN_NS;
	else if (op == REQ_LOG_READ)
		read_answered(c, vm, &reply->log);
	else
		write_answered(c, vm);
}

/* When the next request is due: to read at once, to write a while after the first byte. */
static u64 find_due(struct console *c)
{
	u64 now = now_of(c), read_ns = ~0ull, write_ns = ~0ull;

	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm_entry *vm = &c->inventory.vms[i];
		u64 at = vm->log.again_ns > now ? vm->log.again_ns : now;

		if (is_there(vm) && !vm->log.is_read && at < read_ns)
			read_ns = at;
		else if (is_there(vm) && is_unwritten(vm) && at < write_ns)
			write_ns = at;
	}
	if (write_ns != ~0ull && c->logs.round_ns == 0)
		c->logs.round_ns = now + ROUND_NS;
	if (write_ns != ~0ull && write_ns < c->logs.round_ns && c->logs.power_ns == 0)
		write_ns = c->logs.round_ns;
	return read_ns < write_ns ? read_ns : write_ns;
}

/* The VM whose turn it is; each once in a round, and as far as it had printed then. */
static struct vm_entry *next_vm(struct console *c)
{
	u64 now = now_of(c);

	for (; c->logs.turn < VM_COUNT; c->logs.turn++, c->logs.is_begun = false) {
		struct vm_entry *vm = &c->inventory.vms[c->logs.turn];

		if (!is_there(vm) || vm->log.again_ns > now)
			continue;
		if (!c->logs.is_begun)
			c->logs.until = vm->history.written;
		c->logs.is_begun = true;
		if (!vm->log.is_read || (is_unwritten(vm) && vm->log.kept < c->logs.until))
			return vm;
	}
	return NULL;
}

static struct vm_entry *any_vm(struct console *c)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (is_there(&c->inventory.vms[i]))
			return &c->inventory.vms[i];
	return NULL;
}

static void go_on(struct console *c)
{
	struct vm_entry *vm = next_vm(c), *any = any_vm(c);

	if (vm) {
		if (vm->log.is_read)
			begin_write(c, vm);
		else
			begin_read(c, vm);
		return;
	}
	c->logs.is_in_round = false;
	c->logs.round_ns = 0;
	if (c->logs.is_flush_due && any)
		begin_flush(c, any);
	c->logs.is_flush_due = false;
}

/* What can be written at all. */
static bool is_any_unwritten(const struct console *c)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm_entry *vm = &c->inventory.vms[i];

		if (is_there(vm) && is_unwritten(vm) && vm->log.again_ns <= now_of(c))
			return true;
	}
	return c->logs.is_in_round;
}

static void look_for_power(struct console *c)
{
	bool is_any = false;

	for (u32 i = 0; i < JOB_COUNT; i++)
		is_any = is_any || (c->jobs[i].is_used && job_ends_vos(&c->jobs[i]));
	if (!is_any)
		c->logs.power_ns = 0;
	else if (c->logs.power_ns == 0)
		c->logs.power_ns = now_of(c) + POWER_NS;
	c->logs.is_late = is_on(c) && (is_any_unwritten(c) || job_of_logs(c)->is_used);
}

void log_keeper_turn(struct console *c)
{
	look_for_power(c);
	c->logs.due_ns = c->logs.power_ns > now_of(c) ? c->logs.power_ns : ~0ull;
	if (!is_on(c) || job_of_logs(c)->is_used)
		return;
	if (!c->logs.is_in_round) {
		u64 due_ns = find_due(c);

		c->logs.due_ns = due_ns < c->logs.due_ns ? due_ns : c->logs.due_ns;
		if (now_of(c) < due_ns)
			return;
		c->logs.is_in_round = true;
		c->logs.is_begun = false;
		c->logs.turn = 0;
	}
	go_on(c);
}

u64 log_keeper_due_ns(const struct console *c)
{
	return c->logs.due_ns;
}
