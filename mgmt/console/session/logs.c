/* SPDX-License-Identifier: MIT */
/*
 * logs.c - the commands log and log-vm: the kernel's log and a VM's history look alike here, a position, an end, and a
 * way to read. People get text, programs a piece at a time.
 */
#include <string.h>

#include "handlers.h"
#include "units.h"

#define PIECE_BYTES 24576u	/* of a log, at most, in one JSON object */
#define LINE_MAX 256u		/* the kernel's lines are not longer */

/* ---- the two logs ---- */

static bool is_kernel(const struct job *job)
{
	return !(job->args.command->takes & ARG_BIT(ARG_NAME));
}

static u64 kernel_head(const struct session *s)
{
	return __atomic_load_n(&s->console->log->head, __ATOMIC_ACQUIRE);
}

/* The first whole line that is still there. */
static u64 kernel_start(const struct session *s)
{
	u64 head = kernel_head(s), at = head > LOG_BYTES ? head - LOG_BYTES : 0;

	if (at == 0)
		return 0;
	while (at < head && s->console->log->text[at % LOG_BYTES] != '\n')
		at++;
	return at < head ? at + 1 : head;
}

static u64 kernel_tail(const struct session *s, u32 lines)
{
	u64 head = kernel_head(s), start = kernel_start(s), at = head > start ? head - 1 : head;

	for (; at > start; at--)
		if (s->console->log->text[(at - 1) % LOG_BYTES] == '\n' && --lines == 0)
			break;
	return at;
}

/* Fewer than `count`, or none, if they were overwritten meanwhile. */
static size_t read_log(struct session *s, const struct job *job, u64 at, char *to, size_t count)
{
	const struct vm_entry *vm;
	size_t i;

	if (!is_kernel(job)) {
		vm = inventory_find(&s->console->inventory, job->args.name);
		return vm ? history_read(&vm->history, at, to, count) : 0;
	}
	for (i = 0; i < count; i++)
		to[i] = s->console->log->text[(at + i) % LOG_BYTES];
	return kernel_head(s) - at <= LOG_BYTES ? i : 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "[   12.345678] " at the start of a line of the kernel's: seconds since its start. */
static bool take_uptime(const char *line, size_t length, u64 *ns)
{
	u64 number[2] = { 0, 0 };
	size_t at = 1;

	if (length == 0 || line[0] != '[')
		return false;
	while (at < length && line[at] == ' ')
		at++;
	for (u32 i = 0; i < 2; i++, at++) {
		size_t start = at;

		for (; at < length && is_digit(line[at]) && at - start < 10; at++)
			number[i] = number[i] * 10 + (u64)(line[at] - '0');
		if (at == start || at == length || line[at] != ".]"[i])
			return false;
	}
	*ns = number[0] * NS_PER_SECOND + number[1] * 1000;
	return true;
}

/* ---- a piece of one ---- */

struct piece {
	const struct job *job;		/* its print_at is where the piece begins */
	u64 wall_boot_ns;		/* 0 = not known */
	const char *bytes;		/* for people: a line, or a part of one */
	size_t count;
};

static void piece_text(const struct out *out, const void *what)
{
	const struct piece *piece = what;
	char time[UNIT_TEXT_BYTES];
	u64 ns;

	if (is_kernel(piece->job) && piece->wall_boot_ns && take_uptime(piece->bytes, piece->count, &ns))
		out_format(out, "%s ", date_text(time, piece->wall_boot_ns + ns));
	out_escaped(out, piece->bytes, piece->count);
}

static void piece_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct piece *piece = what;
	const struct job *job = piece->job;

	json_open(writer, key, '{');
	json_bytes(writer, "text", piece->bytes, piece->count);
	json_number(writer, "offset", job->print_at);
	json_number(writer, "next", job->print_at + piece->count);
	json_number(writer, "end", job->print_end);
	if (is_kernel(job))
		json_number(writer, "boot-time-ns", piece->wall_boot_ns);
	json_close(writer, '}');
}

static const struct view view = { piece_text, piece_json };

/* The next piece of at most `size` bytes; empty if it was overwritten meanwhile. */
static struct piece next_piece(struct session *s, const struct job *job, char *bytes, size_t size)
{
	u64 left = job->print_end - job->print_at;
	size_t count = read_log(s, job, job->print_at, bytes, left < size ? (size_t)left : size);

	return (struct piece){ job, s->console->inventory.info->wall_boot_ns, bytes, count };
}

static void cut_to_line(struct piece *piece)
{
	const char *newline = memchr(piece->bytes, '\n', piece->count);

	if (newline)
		piece->count = (size_t)(newline - piece->bytes) + 1;
}

void log_proceed(struct session *s, struct job *job)
{
	char bytes[LINE_MAX], last = '\n';
	struct out out;

	while (job->print_at < job->print_end && session_output_used(s) < OUTPUT_SHORT_BYTES) {
		struct piece piece = next_piece(s, job, bytes, sizeof(bytes));

		if (piece.count == 0) {
			job->print_at = job->print_end;
			break;
		}
		cut_to_line(&piece);
		job_show_part(s, job, &view, &piece);
		job->print_at += piece.count;
		last = bytes[piece.count - 1];
	}
	if (job->print_at < job->print_end)
		return;
	job->is_printing = false;
	if (last != '\n') {
		out = job_text_begin(s, job);
		out_text(&out, "\n");
		job_text_end(s, job);
	}
	job_ok(s, job);
}

/* ---- the commands ---- */

static void print_log(struct session *s, struct job *job, u64 start, u64 tail, u64 end)
{
	static char bytes[PIECE_BYTES];
	u64 offset = job->args.offset;
	struct piece piece;

	job->print_end = end;
	job->print_at = args_has(&job->args, ARG_LINES) ? tail : offset <= start ? start : offset < end ? offset : end;
	if (job_is_json(job)) {
		piece = next_piece(s, job, bytes, sizeof(bytes));
		job_show(s, job, &view, &piece);
	} else {
		job->is_printing = true;
	}
}

void log_vm_begin(struct session *s, struct job *job)
{
	const struct vm_entry *vm = job_vm(s, job);

	if (vm)
		print_log(s, job, history_start(&vm->history), history_tail(&vm->history, job->args.lines),
			vm->history.written);
}

void log_begin(struct session *s, struct job *job)
{
	print_log(s, job, kernel_start(s), kernel_tail(s, job->args.lines), kernel_head(s));
}
