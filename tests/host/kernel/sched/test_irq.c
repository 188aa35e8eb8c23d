/* SPDX-License-Identifier: MIT */
/*
 * An interrupt of a device from its pin to its driver's next look at it, on several pCPUs, with random interleavings:
 * the I/O APIC's pin, the local APIC's request, the shipped irq.c, notify.c and scheduler, and a driver that does as
 * drivers/serial/main.c: it serves the device until there is nothing, waits, acknowledges, and looks again. Whatever
 * happens in which order: once everything has come to rest, the device has been served and the pin is open.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c sched_sim.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "irq.h"
#include "kernel_upcalls.h"
#include "notify.h"
#include "sched_sim.h"
#include "syscalls.h"

#define BIT_IRQ 1u
#define BIT_CLIENT 2u
#define DRIVER 0u	/* of the simulation's threads */
#define ROUNDS 100000u
#define REST_MAX 20000u

/* A pin that is masked forgets an edge. */
static struct {
	u32 line;
	bool is_level, is_masked, is_requested;		/* requested: at the local APIC of pCPU 0 */
	u32 events;					/* the device's; the pin is high as long as there are any */
	u32 served, fired, lost_edges;
} pin;

static struct {
	enum { SERVES, LOOKS, WAITS } at;
	struct irq *irq;
} driver;

/* ---- the chips ---------------------------------------------------------------------------------- */

enum status arch_irq_route(u32 gsi, u32 flags)
{
	assert_int_equal(gsi, pin.line);
	pin.is_level = (flags & IRQ_LEVEL) != 0;
	pin.is_masked = true;
	return ST_OK;
}

static void level_fires(void)
{
	if (pin.is_level && pin.events != 0 && !pin.is_masked)
		pin.is_requested = true;
}

void arch_irq_mask(u32 gsi)
{
	assert_int_equal(gsi, pin.line);
	pin.is_masked = true;
}

void arch_irq_unmask(u32 gsi)
{
	assert_int_equal(gsi, pin.line);
	pin.is_masked = false;
	level_fires();
}

bool arch_irq_message(u32 line, const struct pcpu *pcpu, struct irq_message *out)
{
	(void)line;
	(void)pcpu;
	(void)out;
	return false;
}

static void device_event(void)
{
	bool is_edge = pin.events++ == 0;

	if (is_edge && !pin.is_level && pin.is_masked)
		pin.lost_edges++;
	else if (is_edge && !pin.is_level)
		pin.is_requested = true;
	level_fires();
}

/* pCPU 0 takes the interrupt, between two instructions of ring 3 or in its sleep. */
static bool take_interrupt(void)
{
	if (!pin.is_requested)
		return false;
	fake_here = 0;
	pin.is_requested = false;
	pin.fired++;
	kernel_irq(pin.line);
	level_fires();
	return true;
}

/* ---- the driver --------------------------------------------------------------------------------- */

static void collect(void)
{
	u64 bits = notify_take(threads[DRIVER]);

	driver.at = bits != 0 ? SERVES : WAITS;
	if (bits & BIT_IRQ)
		irq_ack(driver.irq);
}

/* Its next step, where it can do one: what is between two steps others may come between. */
static bool drive(void)
{
	fake_here = threads[DRIVER]->pcpu->id;
	if (thread_current() != threads[DRIVER] || !sim_can_call())
		return false;
	switch (driver.at) {
	case SERVES:
		if (pin.events != 0) {
			pin.events--;
			pin.served++;
		} else {
			driver.at = LOOKS;
		}
		break;
	case LOOKS:
		collect();
		break;
	case WAITS:
		driver.at = LOOKS;	/* whenever the call returns */
		sim_wait(DEADLINE_NONE);
		break;
	}
	return true;
}

/* ---- everybody else ----------------------------------------------------------------------------- */

static void set_affinity(u32 i, u64 mask)
{
	groups[i].affinity = mask;
	sched_changed(threads[i]);
}

static void others(unsigned *seed)
{
	u32 i = 1 + (u32)rand_r(seed) % (THREADS - 1);

	fake_here = (u32)rand_r(seed) % FAKE_PCPUS;
	switch (rand_r(seed) % 8) {
	case 0:
		(void)!sched_start(threads[i]);
		break;
	case 1:
		notify_signal(threads[i], 1);
		break;
	case 2:
		notify_signal(threads[DRIVER], BIT_CLIENT);
		break;
	case 3:
		set_affinity(rand_r(seed) % 4 == 0 ? DRIVER : i, 1 + (u32)rand_r(seed) % (BIT32(FAKE_PCPUS) - 1));
		break;
	default:
		if (!sim_can_call() || thread_current() == threads[DRIVER])
			break;
		if (rand_r(seed) % 4 == 0)
			sim_yield();
		else if (notify_take(thread_current()) == 0)
			sim_wait(rand_r(seed) % 2 == 0 ? DEADLINE_NONE : fake_tsc + (u64)rand_r(seed) % 5000);
		break;
	}
}

static bool all_step(void)
{
	bool is_busy = false;

	for (u32 p = 0; p < FAKE_PCPUS; p++)
		is_busy |= sim_step(p);
	return is_busy;
}

/* No event comes any more; nobody but the driver does anything by itself. */
static void assert_comes_to_rest(void)
{
	u32 left = REST_MAX;

	while (left-- != 0 && (take_interrupt() | drive() | all_step()))
		;
	assert_int_not_equal(left, 0);
	sim_check(true);
	assert_int_equal(pin.events, 0);
	assert_false(pin.is_masked);
	assert_int_equal(driver.irq->unacked_tsc, 0);
	assert_int_equal(threads[DRIVER]->state, THREAD_WAITING);
	assert_int_equal(threads[DRIVER]->pending, 0);
}

/* The line stays bound, so each run has one of its own. */
static void run(u32 line, u32 flags)
{
	unsigned seed = 8 + flags;

	pin = (typeof(pin)){ .line = line };
	driver = (typeof(driver)){ 0 };
	groups[DRIVER].class = SCHED_CLASS_SYSTEM;
	threads[DRIVER]->class = SCHED_CLASS_SYSTEM;
	sim_go(DRIVER);
	assert_int_equal(irq_create(line, flags, threads[DRIVER], BIT_IRQ, &driver.irq), ST_OK);
	irq_open(driver.irq);
	for (u32 round = 0; round < ROUNDS; round++) {
		switch (rand_r(&seed) % 8) {
		case 0:
			device_event();
			break;
		case 1:
			(void)take_interrupt();
			break;
		case 2:
		case 3:
			(void)drive();
			break;
		case 4:
			others(&seed);
			break;
		default:
			(void)sim_step((u32)rand_r(&seed) % FAKE_PCPUS);
			break;
		}
		sim_check(false);
		fake_tsc += rand_r(&seed) % 8 == 0 ? (u64)rand_r(&seed) % 2000 : 0;
		if (round % 64 == 0)
			assert_comes_to_rest();
	}
	assert_comes_to_rest();
	print_message("%u events, %u interrupts, %u edges lost while masked\n", pin.served, pin.fired, pin.lost_edges);
	assert_true(pin.fired > ROUNDS / 100 && pin.served > pin.fired);
	assert_true(pin.is_level || pin.lost_edges != 0);
	sim_end();
}

static void test_edges(void **state)
{
	(void)state;
	run(4, 0);
}

static void test_levels(void **state)
{
	(void)state;
	run(5, IRQ_LEVEL);
}

static int setup(void **state)
{
	(void)state;
	sim_begin(FAKE_PCPUS);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_edges, setup),
		cmocka_unit_test_setup(test_levels, setup),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
