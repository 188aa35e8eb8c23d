/* SPDX-License-Identifier: MIT */
/*
 * main.c - the console as a PD: rings, signals and time around the console and its one line, the serial one.
 *
 * Before it sleeps it sets "please signal me" in every ring it waits for and looks once more, so that no signal is
 * missed.
 */
#include "console.h"
#include "ring.h"
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

static struct console console;
static struct session session;
static struct vm_rings vm_rings[VM_COUNT];
static struct ring serial_rx, serial_tx, requests, replies;
static struct rt_time timebase;

static u64 now_ns(void *context)
{
	(void)context;
	return rt_time_now_ns(&timebase);
}

static size_t send(void *context, const char *bytes, size_t count)
{
	u32 taken;

	(void)context;
	if (!ARGS->has_serial)
		return count;	/* nobody will ever see it */
	taken = ring_write(&serial_tx, bytes, count < SERIAL_TX_BYTES ? (u32)count : SERIAL_TX_BYTES);
	if (taken)
		rt_ring_wrote(&serial_tx, CONSOLE_H_SERIAL);
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

static const struct line_ops line = { .send = send };

static const struct console_ops ops = {
	.now_ns = now_ns,
	.request = request,
	.vm_read = vm_read,
	.vm_has_room = vm_has_room,
	.vm_write = vm_write,
	.vm_break = vm_break,
	.random = random_word,
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

static bool take_input(void)
{
	char bytes[256];
	size_t room = session_input_room(&session);
	u32 count = ring_read(&serial_rx, bytes, room < sizeof(bytes) ? (u32)room : (u32)sizeof(bytes));

	if (count == 0)
		return false;
	rt_ring_took(&serial_rx, CONSOLE_H_SERIAL);
	console_input(&session, bytes, count);
	return true;
}

static void set_waiting(bool is_waiting)
{
	u32 shown = session_attached(&session);

	ring_consumer_wait(&serial_rx, is_waiting);
	ring_consumer_wait(&replies, is_waiting);
	ring_producer_wait(&serial_tx, is_waiting && session_has_output(&session));
	ring_producer_wait(&requests, is_waiting && console_has_request(&console));
	for (u32 i = 0; i < VM_COUNT; i++)
		if (console.inventory.vms[i].is_used)
			ring_consumer_wait(&rings_of(i)->output, is_waiting && console_takes_vm_output(&console, i));
	if (shown != VM_COUNT)
		ring_producer_wait(&rings_of(shown)->input, is_waiting && !vm_has_room(0, shown));
}

/* Something that could be done now, after the waiting flags were set. */
static bool has_work(void)
{
	u32 shown = session_attached(&session);

	if (ring_used(&serial_rx) && session_input_room(&session))
		return true;
	if (ring_used(&replies) >= sizeof(struct reply) && console_takes_reply(&console))
		return true;
	if (session_has_output(&session) && ring_room(&serial_tx))
		return true;
	if (console_has_request(&console) && ring_room(&requests) >= sizeof(struct request))
		return true;
	if (shown != VM_COUNT && session_has_input(&session) && vm_has_room(0, shown))
		return true;
	for (u32 i = 0; i < VM_COUNT; i++)
		if (console_takes_vm_output(&console, i) && ring_used(&rings_of(i)->output))
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

int main(void)
{
	rt_time_init(&timebase, INFO->tsc_hz, INFO->tsc_boot);
	ring_attach_consumer(&serial_rx, shared(CONSOLE_SERIAL_RX), SERIAL_RX_BYTES);
	ring_attach_producer(&serial_tx, shared(CONSOLE_SERIAL_TX), SERIAL_TX_BYTES);
	ring_attach_producer(&requests, shared(CONSOLE_REQUEST_RING), REQUEST_RING_BYTES);
	ring_attach_consumer(&replies, shared(CONSOLE_REPLY_RING), REPLY_RING_BYTES);
	console_init(&console, &ops, INFO, LOG, ARGS->conf_bytes ? (const char *)CONSOLE_CONF : NULL,
		(size_t)ARGS->conf_bytes);
	(void)console_open(&console, &session, &line, FRAME_TEXT);
	for (;;) {
		bool is_some = take_replies();

		is_some = take_input() || is_some;
		if (!console_run(&console) && !is_some)
			wait();
	}
}
