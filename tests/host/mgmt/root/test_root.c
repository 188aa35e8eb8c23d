/* SPDX-License-Identifier: MIT */
/*
 * All of root on a fake kernel. The test plays the console, well-behaved VMMs and time, and makes every call fail once.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "ring.h"
#include "root.h"
#include "root_bench.h"
#include "serial.h"
#include "vm_layout.h"
#include "wires.h"
#define REQUESTS (REQUEST_RING_BYTES / sizeof(struct request))

static void services_are_wired(void **state)
{
	u64 serial = fake_pd_of(bench_serial), console = fake_pd_of(bench_console);
	const struct console_args *args = fake_memory(console, CONSOLE_ARGS);

	(void)state;
	assert_true(fake_is_running(bench_serial) && fake_is_running(bench_console));
	assert_ptr_equal(fake_memory(serial, LINE_RX), fake_memory(console, CONSOLE_LINE_RX(LINE_SERIAL)));
	assert_ptr_equal(fake_memory(serial, LINE_TX), fake_memory(console, CONSOLE_LINE_TX(LINE_SERIAL)));
	assert_int_equal(fake_badge(console, CONSOLE_H_LINE + LINE_SERIAL, bench_serial), LINE_BIT_CONSOLE);
	assert_int_equal(fake_badge(serial, LINE_H_CONSOLE, bench_console), CONSOLE_BIT_LINE);
	assert_int_equal(fake_badge(console, H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_REQUEST);
	assert_int_equal(args->conf_bytes, 8);
	assert_int_equal(args->lines, BIT32(LINE_SERIAL) | BIT32(LINE_SERIAL2));
	assert_memory_equal(fake_memory(console, CONSOLE_CONF), "vm x { }", 8);
	assert_int_equal(fake_rights(console, CONSOLE_CONF), RIGHT_R);
	assert_int_equal(fake_rights(console, CONSOLE_ARGS), RIGHT_R);
	assert_int_equal(fake_rights(console, LOG_ADDRESS), RIGHT_R);
	assert_int_equal(fake_rights(console, 0x401000), RIGHT_R | RIGHT_X);
	assert_int_equal(fake_rights(console, 0x402000), RIGHT_R | RIGHT_W);
	assert_memory_equal(fake_memory(console, 0x402010), "data", 4);
	assert_null(fake_memory(serial, CONSOLE_REQUEST_RING + 0x800000));
	assert_int_equal(fake_rights(serial, LOG_ADDRESS), 0);
}

/* com2= (fake_platform.c): another instance of the same program, with a device and rings of its own. */
static void second_line_is_wired(void **state)
{
	u64 second = fake_thread_nth(SERVICE_SERIAL2), h_pd = fake_pd_of(second), console = fake_pd_of(bench_console);
	const struct serial_args *args = fake_memory(h_pd, SERIAL_ARGS);
	const struct serial_args *first = fake_memory(fake_pd_of(bench_serial), SERIAL_ARGS);

	(void)state;
	assert_true(fake_is_running(second));
	assert_string_equal(args->name, "serial2");
	assert_int_equal(args->port, 0x2f8);
	assert_int_equal(args->has_irq, 1);
	assert_int_equal(args->baud, 9600);
	assert_string_equal(first->name, "serial");
	assert_int_equal(first->port, 0x3f8);
	assert_int_equal(first->baud, INFO->serial_baud);
	assert_int_equal(fake_rights(h_pd, SERIAL_ARGS), RIGHT_R);
	assert_ptr_equal(fake_memory(h_pd, LINE_RX), fake_memory(console, CONSOLE_LINE_RX(LINE_SERIAL2)));
	assert_ptr_equal(fake_memory(h_pd, LINE_TX), fake_memory(console, CONSOLE_LINE_TX(LINE_SERIAL2)));
	assert_ptr_not_equal(fake_memory(h_pd, LINE_RX), fake_memory(fake_pd_of(bench_serial), LINE_RX));
	assert_int_equal(fake_badge(console, CONSOLE_H_LINE + LINE_SERIAL2, second), LINE_BIT_CONSOLE);
	assert_int_equal(fake_badge(h_pd, LINE_H_CONSOLE, bench_console), CONSOLE_BIT_LINE);
}

static void screen_driver_gets_the_screen(void **state)
{
	u64 screen = fake_pd_of(bench_screen);

	(void)state;
	assert_true(fake_is_running(bench_screen));
	assert_int_equal(fake_rights(screen, SCREEN_MEMORY), RIGHT_R | RIGHT_W);
	assert_int_equal(fake_rights(screen, SCREEN_MEMORY + 768 * 4096), RIGHT_R | RIGHT_W);	/* begins mid-page */
	assert_int_equal(fake_rights(screen, SCREEN_MEMORY + 769 * 4096), 0);
	assert_int_equal(fake_rights(screen, LOG_ADDRESS), RIGHT_R);
	assert_int_equal(fake_badge(HANDLE_SELF_PD, SLOT_WIRE + WIRE_SCREEN_LOG, bench_screen), SCREEN_BIT_LOG);
	assert_int_equal(fake_rights(fake_pd_of(bench_console), SCREEN_MEMORY), 0);
	assert_in_range(fake_share(screen, PD_SET_CAP), 1, 50);
}

static void images_are_listed(void **state)
{
	static const struct { const char *name; u64 bytes; u32 is_default; } want[] = {
		{ "debian-kernel", 6, 1 }, { "large-kernel", 32, 0 }, { "debian-initrd", 6, 1 },
		{ "tiny", 12, 0 },
	};
	struct request r = bench_make_request(REQ_IMAGES, "", 0);

	(void)state;
	for (r.index = 0; r.index <= 4; r.index++) {
		bench_send(&r);
		bench_expect(ERR_NO_IMAGE);
		assert_int_equal(bench_row_count, 4 - r.index);
		for (u32 i = r.index; i < 4; i++) {
			const struct image_report *image = &bench_rows[i - r.index].image;

			assert_string_equal(image->name, want[i].name);
			assert_int_equal(image->bytes, want[i].bytes);
			assert_int_equal(image->is_default, want[i].is_default);
		}
	}
	bench_ask(REQ_HOST, "", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.host.memory_free, fake_free_bytes());
}

static void a_vm_gets_what_the_layout_says(void **state)
{
	const struct vmm_args *args;
	u64 pd;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_ask(REQ_START, "a", 0);
	pd = fake_pd_of(bench_vmm_thread());
	args = fake_memory(pd, VMM_ARGS);
	assert_int_equal(fake_rights(pd, VMM_ARGS), RIGHT_R);
	assert_string_equal(args->name, "a");
	assert_string_equal(args->cmdline, "console=ttyS0");
	assert_int_equal(args->image_count, 2);
	assert_int_equal(args->images[0].kind, IMAGE_KERNEL);
	assert_int_equal(args->images[1].kind, IMAGE_INITRD);
	assert_memory_equal(fake_memory(pd, VMM_IMAGES), "kernel", 6);
	assert_memory_equal(fake_memory(pd, VMM_IMAGES + VMM_IMAGE_STRIDE), "initrd", 6);
	assert_int_equal(fake_rights(pd, VMM_IMAGES), RIGHT_R);
	assert_int_equal(fake_rights(pd, VMM_RAM + 16 * MIB - 1), RIGHT_R | RIGHT_W);
	assert_null(fake_memory(pd, VMM_RAM + 16 * MIB));
	assert_non_null(fake_memory(pd, VMM_VCPU_PAGES));
	assert_ptr_equal(fake_memory(pd, VMM_RINGS), fake_memory(fake_pd_of(bench_console), CONSOLE_VM_RINGS));
	assert_int_equal(fake_badge(pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_VMM);
	assert_int_equal(fake_badge(pd, VMM_H_CONSOLE, bench_console), CONSOLE_BIT_VM);
	assert_int_equal(fake_badge(pd, VMM_H_THREAD, bench_vmm_thread()), VMM_BIT_KICK);
	assert_int_equal(fake_badge(fake_pd_of(bench_console), CONSOLE_H_VM, bench_vmm_thread()), VMM_BIT_CONSOLE);
	bench_delete("a");
}

static void lives_and_dies(void **state)
{
	struct request r;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_ask(REQ_STOP, "a", 0);
	bench_expect(ERR_VM_STATE);
	bench_ask(REQ_NMI, "a", 0);
	bench_expect(ERR_VM_STATE);
	assert_int_equal(bench_answer.result, RESULT_STATE);
	bench_start("a");
	bench_ask(REQ_START, "a", 0);
	bench_expect(ERR_VM_STATE);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_VM_STATE);
	(void)fake_pending(bench_vmm_thread());
	bench_ask(REQ_NMI, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
	assert_int_equal(bench_vmm_control()->nmi_button, 1);
	assert_int_equal(fake_pending(bench_vmm_thread()), VMM_BIT_CONTROL);
	r = bench_make_request(REQ_STOP, "a", 0);
	r.timeout_ms = 3600000;
	bench_send(&r);
	assert_false(bench_is_answered());
	assert_int_equal(bench_vmm_control()->power_button, 1);
	assert_int_equal(fake_pending(bench_vmm_thread()), VMM_BIT_CONTROL);
	bench_events = 0;
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_STOPPED);
	assert_int_equal(bench_answer.vm.reason, STOP_GUEST_POWEROFF);
	bench_turns(0, 1);
	assert_true(bench_events >= 1);
	assert_int_equal(bench_last_event.vm.state, VM_STOPPED);
	bench_delete("a");
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NO_VM);
}

static void a_deaf_guest_is_forced(void **state)
{
	struct request r = bench_make_request(REQ_STOP, "a", 0);

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	r.timeout_ms = 1;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_STOPPED);
	assert_int_equal(bench_answer.vm.reason, STOP_FORCED);
	bench_start("a");
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_STOPPED);
	bench_delete("a");
}

/* A guest that boots loses the first presses; nobody waits longer than the least patient one. */
static void the_button_is_pressed_again(void **state)
{
	struct request r = bench_make_request(REQ_STOP, "a", 0);
	u32 presses;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	r.timeout_ms = 3600000;
	bench_send(&r);
	while ((presses = bench_vmm_control()->power_button) < 4) {
		assert_true(presses >= 1);
		(void)fake_pending(bench_vmm_thread());
		bench_turns(0, 1);
		assert_false(bench_is_answered());
		if (bench_vmm_control()->power_button != presses)
			assert_int_equal(fake_pending(bench_vmm_thread()), VMM_BIT_CONTROL);
	}
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.reason, STOP_GUEST_POWEROFF);
	bench_start("a");
	bench_send(&r);
	r.timeout_ms = 1;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.reason, STOP_FORCED);
	bench_start("a");
	r.timeout_ms = 1500;
	bench_send(&r);
	r.timeout_ms = 3600000;		/* does not give it more time */
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.reason, STOP_FORCED);
	bench_delete("a");
}

static void a_stop_is_taken_back(void **state)
{
	struct request r = bench_make_request(REQ_STOP, "a", 0), cancel = bench_make_request(REQ_CANCEL, "", 0);
	u32 first;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	r.timeout_ms = 3600000;
	bench_send(&r);
	first = r.id;
	bench_send(&r);
	cancel.index = r.id + 1000;		/* there is no such request */
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	cancel.index = first;			/* the other one still wants it stopped */
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	bench_expect_state("a", VM_STOPPING, STOP_REQUEST);
	cancel.index = r.id;
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	bench_delete("a");
}

/* The guest's own doing, which no event tells of: whoever asks is told, and a stop presses its button as always. */
static void a_guest_suspends_itself(void **state)
{
	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	bench_turns(0, 1);
	bench_events = 0;
	bench_vmm_control()->is_suspended = 1;
	bench_turns(ROOT_BIT_VMM, 2);
	bench_expect_state("a", VM_SUSPENDED, STOP_REQUEST);
	assert_int_equal(bench_events, 0);
	bench_ask(REQ_START, "a", 0);
	bench_expect(ERR_VM_STATE);
	assert_int_equal(bench_answer.have, VM_SUSPENDED);
	bench_ask(REQ_PAUSE, "a", 0);
	bench_vmm_control()->is_paused = 1;
	bench_turns(ROOT_BIT_VMM, 1);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_PAUSED);
	bench_ask(REQ_RESUME, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_SUSPENDED);
	bench_turns(0, 1);
	assert_int_equal(bench_last_event.vm.state, VM_RUNNING);	/* nobody would tell of its end */
	bench_ask(REQ_STOP, "a", 0);
	bench_turns(0, 1);
	assert_int_equal(bench_vmm_control()->power_button, 1);
	bench_vmm_control()->is_suspended = 0;
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.reason, STOP_GUEST_POWEROFF);
	bench_delete("a");
}

static void pauses(void **state)
{
	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	bench_ask(REQ_PAUSE, "a", 0);
	assert_int_equal(bench_vmm_control()->want_paused, 1);
	bench_turns(ROOT_BIT_VMM, 1);
	assert_false(bench_is_answered());
	bench_vmm_control()->is_paused = 1;
	bench_turns(ROOT_BIT_VMM, 1);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_PAUSED);
	assert_false(fake_is_running(bench_vmm_thread()));	/* whatever it says: the kernel keeps it still */
	bench_ask(REQ_PAUSE, "a", 0);
	bench_expect(ERR_VM_STATE);
	bench_ask(REQ_RESUME, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
	assert_int_equal(bench_vmm_control()->want_paused, 2);
	assert_true(fake_is_running(bench_vmm_thread()));
	/* What it said of the first pause is no answer to a second. One that gives none is stopped all the same. */
	bench_ask(REQ_PAUSE, "a", 0);
	bench_turns(ROOT_BIT_VMM, 1);
	assert_int_equal(bench_vmm_control()->want_paused, 3);
	assert_false(bench_is_answered());
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_PAUSED);
	assert_false(fake_is_running(bench_vmm_thread()));
	bench_ask(REQ_RESUME, "a", 0);
	bench_expect(ERR_NONE);
	assert_true(fake_is_running(bench_vmm_thread()));
	/* The button of a paused VM wakes it. */
	bench_ask(REQ_PAUSE, "a", 0);
	bench_expect(ERR_NONE);
	bench_ask(REQ_STOP, "a", 0);
	assert_int_equal(bench_vmm_control()->want_paused, 6);
	assert_int_equal(bench_vmm_control()->power_button, 1);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	bench_expect(ERR_NONE);
	bench_delete("a");
}

static void reboots(void **state)
{
	u32 made;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	made = fake_threads_made();
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);	/* seconds of root's time */
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_turns(0, 5);
	assert_int_equal(fake_threads_made(), made + 1);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect_state("a", VM_RUNNING, STOP_GUEST_REBOOT);
	assert_int_equal(bench_answer.vm.restarts, 1);
	bench_ask(REQ_RESET, "a", 0);
	for (u32 i = 0; i < 50 && fake_threads_made() == made + 1; i++)
		bench_turns(0, 1);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
	/* One that resets itself at once has to wait, and can be stopped meanwhile. */
	made = fake_threads_made();
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_turns(0, 5);
	assert_int_equal(fake_threads_made(), made);
	bench_expect_state("a", VM_STARTING, STOP_GUEST_REBOOT);
	assert_int_not_equal(bench_await_thread(made), 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_turns(0, 5);
	bench_ask(REQ_STOP, "a", 0);
	bench_expect(ERR_NONE);
	bench_expect_state("a", VM_STOPPED, STOP_GUEST_REBOOT);
	bench_start("a");
	/* A guest that reboots instead of powering off is stopped all the same. */
	bench_ask(REQ_STOP, "a", 0);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_STOPPED);
	bench_delete("a");
}

static void crashes(void **state)
{
	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_ask(REQ_START, "a", 0);
	memcpy((void *)(uintptr_t)bench_vmm_control()->text, "not an image", 13);
	bench_vmm_says(PHASE_ENDED, STOP_BAD_IMAGE);
	bench_expect(ERR_VM_ENDED);
	assert_int_equal(bench_answer.vm.state, VM_CRASHED);
	assert_int_equal(bench_answer.vm.reason, STOP_BAD_IMAGE);
	assert_string_equal(bench_answer.vm.text, "not an image");
	bench_start("a");
	fake_fault(bench_vmm_thread(), 15, 0x401234, 0xbad);
	bench_turns(ROOT_BIT_FAULT, 20);
	bench_expect_state("a", VM_CRASHED, STOP_VMM_FAULT);
	assert_int_equal(bench_answer.vm.vmm_fault, 15);
	assert_int_equal(bench_answer.vm.rip, 0x401234);
	assert_int_equal(bench_answer.vm.detail, 0xbad);
	bench_delete("a");
}

static void restarts_on_failure(void **state)
{
	u32 made;

	(void)state;
	bench_create("a", RESTART_ON_FAILURE, 2);
	bench_start("a");
	made = fake_threads_made();
	for (u32 i = 1; i <= 2; i++) {
		bench_vmm_says(PHASE_ENDED, STOP_TRIPLE_FAULT);
		assert_int_not_equal(bench_await_thread(made + i - 1), 0);
		bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	}
	bench_vmm_says(PHASE_ENDED, STOP_TRIPLE_FAULT);
	bench_turns(0, 20);
	bench_expect_state("a", VM_CRASHED, STOP_TRIPLE_FAULT);
	assert_int_equal(bench_answer.vm.restarts, 2);
	bench_delete("a");
}

/* Whatever call fails while a VM is started: a error, and all memory is back. */
static void any_call_may_fail(void **state)
{
	u32 n;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	for (n = 1; n < 100; n++) {
		fake_fail_call(n, ST_NOMEM);
		bench_ask(REQ_START, "a", 0);
		bench_turns(0, 20);
		if (!bench_is_answered())
			break;
		assert_int_equal(bench_answer.error, ERR_NO_MEMORY);
		assert_int_equal(bench_answer.result, RESULT_RESOURCES);
		bench_expect_state("a", VM_DEFINED, STOP_NONE);
		assert_int_equal(fake_free_bytes(), bench_idle_bytes);
		assert_int_equal(fake_object_count(), bench_idle_objects);
	}
	fake_fail_call(0, ST_OK);
	assert_in_range(n, 20, 60);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	/* And while it restarts by itself: a crash. */
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	fake_fail_call(5, ST_NOMEM);
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_REBOOT);
	bench_turns(0, 50);
	fake_fail_call(0, ST_OK);
	bench_expect_state("a", VM_CRASHED, STOP_NO_MEMORY);
	bench_delete("a");
}

static void memory_is_counted(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "big", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = FAKE_MEMORY_BYTES, .memory_policy = MEMORY_EAGER };
	bench_send(&r);
	bench_expect(ERR_NO_MEMORY);
	assert_true(bench_answer.need > FAKE_MEMORY_BYTES);
	assert_int_equal(bench_answer.have, fake_free_bytes());
	r.spec.memory_bytes = 300 * MIB;
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	r.flags = 0;
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_send(&r);
	bench_expect(ERR_VM_EXISTS);
	strcpy(r.name, "other");
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("big");
	bench_ask(REQ_START, "other", 0);
	bench_expect(ERR_NO_MEMORY);
	bench_ask(REQ_DELETE, "other", 0);
	bench_expect(ERR_NONE);
	bench_delete("big");
}

/* Nothing of its RAM is taken at the start, so it may be larger than the machine's. */
static void lazy_memory_is_not_counted(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "huge", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 1000 * FAKE_MEMORY_BYTES };
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_start("huge");
	assert_true(fake_free_bytes() > bench_idle_bytes - MIB);
	fake_fault(bench_vmm_thread(), FAULT_NOMEM, 0x401000, VMM_RAM);
	bench_turns(ROOT_BIT_FAULT, 20);
	bench_expect_state("huge", VM_CRASHED, STOP_NO_MEMORY);
	assert_non_null(strstr(bench_answer.vm.text, "of its 512000 MiB"));
	bench_delete("huge");
	r.spec.memory_policy = MEMORY_POLICY_COUNT;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	assert_int_equal(bench_answer.have, FIELD_MEMORY_POLICY);
}

/* The VMM's first instruction comes after the last grant; a grant that fails ends the VM. */
static void eager_memory_comes_first(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "eager", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .memory_policy = MEMORY_EAGER };
	bench_send(&r);
	bench_expect(ERR_NONE);
	bench_ask(REQ_START, "eager", 0);
	bench_turns(0, 1);
	assert_false(fake_is_running(bench_vmm_thread()));
	bench_turns(0, 8);
	assert_true(fake_is_running(bench_vmm_thread()));
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	bench_ask(REQ_STOP, "eager", REQ_FLAG_FORCE);
	bench_expect(ERR_NONE);
	bench_ask(REQ_START, "eager", 0);
	bench_turns(0, 1);
	fake_fail_call(1, ST_NOMEM);
	bench_turns(0, 20);
	bench_expect_state("eager", VM_CRASHED, STOP_NO_MEMORY);
	bench_delete("eager");
}

/* What root knows it made is what the kernel says is in use, at every moment of a VM's life. */
static void expect_memory_adds_up(u32 vms)
{
	const struct memory_report *r = &bench_answer.memory;
	u64 sum = 0;

	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(r->installed, FAKE_MEMORY_BYTES);
	assert_int_equal(r->kernel + r->system + r->vms + r->free, FAKE_MEMORY_BYTES);
	for (u32 i = 0; i < VM_COUNT; i++) {
		sum += r->vm[i];
		vms -= r->vm[i] != 0;
	}
	assert_int_equal(vms, 0);
	assert_int_equal(sum, r->vms);
}

static void memory_adds_up(void **state)
{
	(void)state;
	expect_memory_adds_up(0);
	bench_create("a", RESTART_NEVER, 0);
	expect_memory_adds_up(1);
	bench_create("b", RESTART_NEVER, 0);
	bench_start("a");
	expect_memory_adds_up(2);
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_in_range(bench_answer.vm.overhead_bytes, 100 * KIB, 512 * KIB);
	bench_ask(REQ_RESET, "a", 0);
	for (u32 i = 0; i < 30; i++)
		expect_memory_adds_up(2);
	fake_fail_call(9, ST_NOMEM);
	bench_ask(REQ_START, "b", 0);
	bench_expect(ERR_NO_MEMORY);
	for (u32 i = 0; i < 30; i++)
		expect_memory_adds_up(2);
	bench_ask(REQ_DELETE, "b", 0);
	bench_expect(ERR_NONE);
	expect_memory_adds_up(1);
	bench_delete("a");
	expect_memory_adds_up(0);
}

static void a_hundred_times(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100; i++) {
		bench_create("a", RESTART_NEVER, 0);
		bench_start("a");
		bench_ask(REQ_STOP, "a", 0);
		bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
		bench_expect(ERR_NONE);
		bench_delete("a");
	}
}

static void the_table_fills_up(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "", 0);
	u32 seen = 0;

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 2 * MIB };
	for (u32 i = 0; i <= VM_COUNT; i++) {
		snprintf(r.name, sizeof(r.name), "vm-%u", i);
		bench_send(&r);
		bench_expect(i < VM_COUNT ? ERR_NONE : ERR_TOO_MANY_VMS);
	}
	r = bench_make_request(REQ_LIST, "", 0);
	for (u32 requests = 0; bench_answer.error != ERR_NO_VM; requests++) {
		assert_true(requests < VM_COUNT / 8);	/* many rows come for each */
		bench_send(&r);
		bench_await_answer();
		for (u32 i = 0; i < bench_row_count; i++)
			assert_int_equal(bench_rows[i].vm.index, seen++);
		r.index = seen;
	}
	assert_int_equal(seen, VM_COUNT);
	for (u32 i = 0; i < VM_COUNT; i++) {
		snprintf(r.name, sizeof(r.name), "vm-%u", i);
		bench_delete(r.name);
	}
}

/* The console takes nothing: tables fill the ring with whole rows, and a table's last row says that it is the last. */
static void expect_whole_tables(u32 others)
{
	struct request r = bench_make_request(REQ_HOST, "", 0);
	struct reply reply;
	u32 ends = 0;

	for (r.id = 1000; r.id < 1000 + REQUESTS; r.id++) {
		if (r.id == 1000 + others)
			r.op = REQ_PCPU;
		assert_true(ring_put(&bench_requests, &r, sizeof(r)));
	}
	for (u32 i = 0; i < REQUESTS; i++)
		(void)root_turn(ROOT_BIT_REQUEST);
	assert_true(ring_used(&bench_replies) % sizeof(reply) == 0);
	for (u32 i = 0; i < REQUESTS; i++) {
		while (ring_get(&bench_replies, &reply, sizeof(reply))) {
			assert_int_equal(reply.id, 1000 + ends);
			ends += reply.more == 0;
		}
		(void)root_turn(ROOT_BIT_REQUEST);
	}
	assert_int_equal(ends, REQUESTS);
}

static void tables_fit_into_the_ring(void **state)
{
	(void)state;
	for (u32 others = 0; others < 3; others++)	/* a table has three replies: the ring ends within each */
		expect_whole_tables(others);
}

static void a_table_has_an_end(void **state)
{
	static const u32 ends[][2] = {
		{ REQ_LIST, ERR_NO_VM }, { REQ_IMAGES, ERR_NO_IMAGE }, { REQ_PCPU, ERR_NO_PCPU },
	};
	static const u32 indices[] = { VM_COUNT, 0x7fffffff, 0x80000000, 0xffffffff };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(ends); i++)
		for (u32 n = 0; n < ARRAY_COUNT(indices); n++) {
			struct request r = bench_make_request(ends[i][0], "", 0);

			r.index = indices[n];
			bench_send(&r);
			bench_expect(ends[i][1]);
			assert_int_equal(bench_row_count, 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_wired),
		cmocka_unit_test(second_line_is_wired), cmocka_unit_test(screen_driver_gets_the_screen),
		cmocka_unit_test(images_are_listed),
		cmocka_unit_test(a_vm_gets_what_the_layout_says), cmocka_unit_test(lives_and_dies),
		cmocka_unit_test(a_deaf_guest_is_forced), cmocka_unit_test(the_button_is_pressed_again),
		cmocka_unit_test(a_stop_is_taken_back), cmocka_unit_test(a_guest_suspends_itself),
		cmocka_unit_test(pauses), cmocka_unit_test(reboots),
		cmocka_unit_test(crashes), cmocka_unit_test(restarts_on_failure), cmocka_unit_test(any_call_may_fail),
		cmocka_unit_test(memory_is_counted), cmocka_unit_test(lazy_memory_is_not_counted),
		cmocka_unit_test(eager_memory_comes_first), cmocka_unit_test(memory_adds_up),
		cmocka_unit_test(a_hundred_times), cmocka_unit_test(the_table_fills_up),
		cmocka_unit_test(tables_fit_into_the_ring), cmocka_unit_test(a_table_has_an_end),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
