/* SPDX-License-Identifier: MIT */
/*
 * main.c - the console as a PD: rings, signals and time around the console and its lines.
 *
 * Before it sleeps it sets "please signal me" in every ring it waits for and looks once more, so that no signal is
 * missed.
 */
#include "console.h"
#include "range.h"
#include "ring.h"
#include "rt_log.h"
#include "rt_ring.h"
#include "rt_time.h"
#include "serial.h"
#include "sys.h"
#include "user.h"
#include "vm_layout.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define LOG ((const struct log_ring *)LOG_ADDRESS)
#define ARGS ((const struct console_args *)CONSOLE_ARGS)

#define INPUT_UNIT_BYTES 2u	/* what one byte or a break takes, at most */

struct vm_rings {
	u32 number;		/* vm_entry's that they are attached for */
	struct ring output;	/* we consume */
	struct ring input;	/* we produce */
};

/* One of the console's lines, as root wired it. */
struct line {
	u32 rx_bytes, tx_bytes;
	struct ring rx, tx;
	struct session session;
};

static struct console console;
static struct line lines[LINE_KINDS] = {
	[LINE_SERIAL] = { .rx_bytes = SERIAL_RX_BYTES, .tx_bytes = SERIAL_TX_BYTES },
	[LINE_SERIAL2] = { .rx_bytes = SERIAL_RX_BYTES, .tx_bytes = SERIAL_TX_BYTES },
	[LINE_PORT] = { .rx_bytes = PORT_RX_BYTES, .tx_bytes = PORT_TX_BYTES },
};
static struct vm_rings vm_rings[VM_COUNT];
static struct ring requests, replies;
static struct rt_time timebase;

static u64 now_ns(void *context)
{
	(void)context;
	return rt_time_now_ns(&timebase);
}

static bool is_there(u32 i)
{
	return (ARGS->lines & BIT32(i)) != 0;
}

static size_t send(void *context, const char *bytes, size_t count)
{
	struct line *line = context;
	u32 i = (u32)(line - lines), taken;

	if (!is_there(i))
		return count;	/* nobody will ever see it */
	taken = ring_write(&line->tx, bytes, count < line->tx_bytes ? (u32)count : line->tx_bytes);
	if (taken)
		rt_ring_wrote(&line->tx, CONSOLE_H_LINE + i);
	return taken;
}

static bool request(void *context, const struct request *message)
{
	(void)context;
	if (!ring_put(&requests, message, sizeof(*message)))
		return false;
	rt_ring_wrote(&requests, H_ROOT_SIGNAL);
	return true;
}

static struct ring_shared *shared(u64 address)
{
	return (struct ring_shared *)address;	/* root maps it there: vm_layout.h */
}

/* A VM's rings are mapped always; they are cleared before a VM takes the place, hence attached anew for each. */
static struct vm_rings *rings_of(u32 vm)
{
	struct vm_rings *rings = &vm_rings[vm];
	u64 address = CONSOLE_VM_RINGS + (u64)vm * VM_RINGS_BYTES;
	u32 number = console.inventory.vms[vm].number;

	if (rings->number == number && number != 0)
		return rings;
	ring_attach_consumer(&rings->output, shared(address), VM_OUTPUT_RING_BYTES);
	ring_attach_producer(&rings->input, shared(address + VM_INPUT_RING_OFFSET), VM_INPUT_RING_BYTES);
	rings->number = number;
	return rings;
}

static size_t vm_read(void *context, u32 vm, char *bytes, size_t count)
{
	struct vm_rings *rings = rings_of(vm);
	u32 taken = ring_read(&rings->output, bytes, (u32)count);

	(void)context;
	if (taken)
		rt_ring_took(&rings->output, CONSOLE_H_VM + vm);
	return taken;
}

static bool vm_has_room(void *context, u32 vm)
{
	(void)context;
	return ring_room(&rings_of(vm)->input) >= INPUT_UNIT_BYTES;
}

static void write_input(u32 vm, const u8 *bytes, u32 count)
{
	struct vm_rings *rings = rings_of(vm);

	if (ring_put(&rings->input, bytes, count))
		rt_ring_wrote(&rings->input, CONSOLE_H_VM + vm);
}

static void vm_write(void *context, u32 vm, char byte)
{
	u8 bytes[INPUT_UNIT_BYTES] = { (u8)byte, (u8)byte };

	(void)context;
	write_input(vm, bytes, bytes[0] == VM_INPUT_MARK ? 2 : 1);
}

static void vm_break(void *context, u32 vm)
{
	static const u8 bytes[INPUT_UNIT_BYTES] = { VM_INPUT_MARK, VM_INPUT_BREAK };

	(void)context;
	write_input(vm, bytes, sizeof(bytes));
}

/* Without the processor's random numbers, the time since power-on in its smallest steps, spread over all bits. */
static u64 random_word(void *context)
{
	static u64 spread;
	u64 word;

	(void)context;
	if (user_random(&word, sizeof(word)))
		return word;
	spread = (spread ^ __builtin_ia32_rdtsc()) * 0x9e3779b97f4a7c15ull;
	return spread ^ spread >> 29;
}

static void log_line(void *context, const char *text)
{
	(void)context;
	rt_log("console: %s", text);
}

static const struct line_ops line_ops[LINE_KINDS] = {
	[LINE_SERIAL] = { .send = send, .context = &lines[LINE_SERIAL], .name = "the first serial line" },
	[LINE_SERIAL2] = { .send = send, .context = &lines[LINE_SERIAL2], .name = "com2" },
	[LINE_PORT] = { .send = send, .context = &lines[LINE_PORT], .name = "the virtio port" },
};

static const struct console_ops ops = {
	.now_ns = now_ns,
	.request = request,
	.vm_read = vm_read,
	.vm_has_room = vm_has_room,
	.vm_write = vm_write,
	.vm_break = vm_break,
	.random = random_word,
	.log = log_line,
	.uploads = (u8 *)CONSOLE_UPLOADS,
	.definitions = (char *)CONSOLE_DEFINITIONS,
};

static bool take_replies(void)
{
	static struct reply reply;
	bool is_some = false;

	while (console_takes_reply(&console) && ring_get(&replies, &reply, sizeof(reply))) {
		rt_ring_took(&replies, H_ROOT_SIGNAL);
		console_reply(&console, &reply);
		is_some = true;
	}
	return is_some;
}

static bool take_input(u32 i)
{
	struct line *line = &lines[i];
	static char bytes[4096];
	size_t room = min_u64(session_input_room(&line->session), sizeof(bytes));
	bool is_cut;
	u32 count = ring_used_to_cut(&line->rx, &is_cut);

	if (is_cut && i == LINE_PORT)
		console_cut(&line->session);
	else if (is_cut)
		console_break(&line->session);
	count = ring_read(&line->rx, bytes, (u32)min_u64(room, count));
	if (count == 0)
		return is_cut;
	rt_ring_took(&line->rx, CONSOLE_H_LINE + i);
	console_input(&line->session, bytes, count);
	return true;
}

static bool take_inputs(void)
{
	bool is_some = false;

	for (u32 i = 0; i < LINE_KINDS; i++)
		if (is_there(i))
			is_some = take_input(i) || is_some;
	return is_some;
}

static void line_set_waiting(struct line *line, bool is_waiting)
{
	ring_consumer_wait(&line->rx, is_waiting);
	ring_producer_wait(&line->tx, is_waiting && session_has_output(&line->session));
}

static void set_waiting(bool is_waiting)
{
	ring_consumer_wait(&replies, is_waiting);
	ring_producer_wait(&requests, is_waiting && console_has_request(&console));
	for (u32 i = 0; i < VM_COUNT; i++) {
		if (!console.inventory.vms[i].is_used)
			continue;
		ring_consumer_wait(&rings_of(i)->output, is_waiting && console_takes_vm_output(&console, i));
		ring_producer_wait(&rings_of(i)->input, is_waiting && console_waits_for_vm(&console, i));
	}
	for (u32 i = 0; i < LINE_KINDS; i++)
		if (is_there(i))
			line_set_waiting(&lines[i], is_waiting);
}

static bool line_has_work(const struct line *line)
{
	const struct session *s = &line->session;

	if (ring_used(&line->rx) && session_input_room(s))
		return true;
	return session_has_output(s) && ring_room(&line->tx);
}

static bool vm_has_work(u32 vm)
{
	return (console_takes_vm_output(&console, vm) && ring_used(&rings_of(vm)->output)) ||
	       (console_waits_for_vm(&console, vm) && vm_has_room(0, vm));
}

/* Something that could be done now, after the waiting flags were set. */
static bool has_work(void)
{
	if (ring_used(&replies) >= sizeof(struct reply) && console_takes_reply(&console))
		return true;
	if (console_has_request(&console) && ring_room(&requests) >= sizeof(struct request))
		return true;
	for (u32 i = 0; i < LINE_KINDS; i++)
		if (is_there(i) && line_has_work(&lines[i]))
			return true;
	for (u32 i = 0; i < VM_COUNT; i++)
		if (console.inventory.vms[i].is_used && vm_has_work(i))
			return true;
	return false;
}

static void wait(void)
{
	u64 deadline = console_deadline_ns(&console), now = now_ns(0), bits;

	set_waiting(true);
	if (!has_work() && deadline > now)
		(void)!sys_notify_wait(
			deadline == ~0ull ? DEADLINE_NONE : rt_time_after(&timebase, deadline - now), &bits);
	set_waiting(false);
}

/* The first one is a person's; without a serial port it is there all the same, and applies vos.conf. */
static void open_line(u32 i)
{
	enum frame_kind kind = i == LINE_SERIAL ? FRAME_TEXT : FRAME_PLAIN;
	struct line *line = &lines[i];

	if (is_there(i)) {
		ring_attach_consumer(&line->rx, shared(CONSOLE_LINE_RX(i)), line->rx_bytes);
		ring_attach_producer(&line->tx, shared(CONSOLE_LINE_TX(i)), line->tx_bytes);
	}
	if ((is_there(i) || i == LINE_SERIAL) && !console_open(&console, &line->session, &line_ops[i], kind))
		rt_log("console: no memory for line %u", (unsigned)i);
}

int main(void)
{
	rt_time_init(&timebase, INFO->tsc_hz, INFO->tsc_boot);
	ring_attach_producer(&requests, shared(CONSOLE_REQUEST_RING), REQUEST_RING_BYTES);
	ring_attach_consumer(&replies, shared(CONSOLE_REPLY_RING), REPLY_RING_BYTES);
	console_init(&console, &ops, INFO, LOG, ARGS, ARGS->conf_bytes ? (const char *)CONSOLE_CONF : NULL);
	for (u32 i = 0; i < LINE_KINDS; i++)
		open_line(i);
	for (;;) {
		bool is_some = take_replies();

		is_some = take_inputs() || is_some;
		if (!console_run(&console) && !is_some)
			wait();
	}
}
