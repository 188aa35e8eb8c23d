/*
 * All of root on a fake kernel. The test plays the console, the VMMs and time, well-behaved and hostile, and makes every call fail once.
 */
/* sources: tests/host/fake/fake_kernel.c mgmt/root/loop.c mgmt/root/shared.c mgmt/root/service.c mgmt/root/console_link.c */
/* sources: mgmt/root/waiter.c mgmt/root/answer.c mgmt/root/dispatch.c mgmt/root/power.c mgmt/root/vm.c mgmt/root/vm_act.c */
/* sources: mgmt/root/vm_build.c mgmt/root/vm_report.c mgmt/root/lifecycle.c mgmt/root/ending.c mgmt/root/spec.c */
/* sources: mgmt/root/image.c mgmt/root/refusal.c mgmt/root/holdings.c mgmt/root/view.c mgmt/root/pd.c mgmt/root/pd_elf.c */
/* sources: mgmt/root/boot_modules.c mgmt/root/newc.c drivers/rt/rt_time.c kernel/lib/ring.c */
/* includes: tests/host/fake drivers/rt mgmt/root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <elf.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "ring.h"
#include "root.h"
#include "serial.h"
#include "vm_layout.h"

#define TURNS_MAX 100000u

static struct ring requests, replies;
static u64 h_serial, h_console;		/* threads */
static u32 last_id, events;
static struct reply answer, last_event;
static u64 idle_bytes;
static u32 idle_objects;

/* ---- the console's part ---- */

static void console_attach(void)
{
	u64 h_pd = fake_pd_of(h_console);

	ring_attach_producer(&requests, fake_memory(h_pd, CONSOLE_REQUEST_RING), REQUEST_RING_BYTES);
	ring_attach_consumer(&replies, fake_memory(h_pd, CONSOLE_REPLY_RING), REPLY_RING_BYTES);
}

static void take_replies(void)
{
	struct reply reply;

	while (ring_get(&replies, &reply, sizeof(reply))) {
		assert_true(reply.kind == REPLY_ANSWER || reply.kind == REPLY_EVENT);
		if (reply.kind == REPLY_EVENT) {
			events++;
			last_event = reply;
		} else if (reply.id == last_id) {
			answer = reply;
		}
	}
}

static void turns(u64 bits, u32 count)
{
	for (u32 i = 0; i < count; i++)
		(void)root_turn(i == 0 ? bits : 0);
	take_replies();
}

static void send(struct request *r)
{
	r->id = ++last_id;
	memset(&answer, 0, sizeof(answer));
	assert_true(ring_put(&requests, r, sizeof(*r)));
	turns(ROOT_BIT_REQUEST, 1);
}

static struct request make_request(enum request_op op, const char *name, u32 flags)
{
	struct request r = { .op = op, .flags = flags };

	strcpy(r.name, name);
	return r;
}

static void ask(enum request_op op, const char *name, u32 flags)
{
	struct request r = make_request(op, name, flags);

	send(&r);
}

static bool is_answered(void)
{
	return answer.kind == REPLY_ANSWER;
}

static void await_answer(void)
{
	for (u32 i = 0; i < TURNS_MAX && !is_answered(); i++)
		turns(0, 1);
	assert_true(is_answered());
}

static void expect(enum error error)
{
	await_answer();
	assert_int_equal(answer.error, error);
}

static void create(const char *name, u32 restart, u32 limit)
{
	struct request r = make_request(REQ_CREATE, name, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .restart = restart, .restart_limit = limit };
	send(&r);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_DEFINED);
}

/* ---- a VMM's part ---- */

static u64 vmm_thread(void)
{
	return fake_thread_nth(fake_threads_made() - 1);
}

static volatile struct vmm_control *vmm_control(void)
{
	return fake_memory(fake_pd_of(vmm_thread()), VMM_CONTROL);
}

static void vmm_says(enum vmm_phase phase, enum vm_reason reason)
{
	vmm_control()->reason = reason;
	vmm_control()->phase = phase;
	turns(ROOT_BIT_VMM, 1);
}

static void start(const char *name)
{
	ask(REQ_START, name, 0);
	assert_false(is_answered());
	assert_true(fake_is_running(vmm_thread()));
	vmm_says(PHASE_RUNNING, WHY_NONE);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_RUNNING);
}

static void expect_state(const char *name, enum vm_state state, enum vm_reason reason)
{
	ask(REQ_STATUS, name, 0);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, state);
	assert_int_equal(answer.vm.reason, reason);
}

static void delete(const char *name)
{
	ask(REQ_DELETE, name, REQ_FLAG_FORCE);
	expect(ERR_NONE);
	assert_int_equal(fake_free_bytes(), idle_bytes);
	assert_int_equal(fake_object_count(), idle_objects);
}

/* ---- boot ---- */

static u8 program[0x3000];

static void make_program(void)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_entry = 0x401000, .e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
	};
	Elf64_Phdr ph[2] = {
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x1000, .p_vaddr = 0x401000, .p_filesz = 0x100, .p_memsz = 0x100 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x2010, .p_vaddr = 0x402010, .p_filesz = 4, .p_memsz = 0x2000 },
	};

	memcpy(program, &header, sizeof(header));
	memcpy(program + sizeof(header), ph, sizeof(ph));
	memcpy(program + 0x2010, "data", 4);
}

static u64 add_file(u8 *archive, u64 at, const char *name, const char *text)
{
	char header[111];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u, 0100644u, 0u, 0u, 1u, 0u,
		 (u32)strlen(text), 0u, 0u, 0u, 0u, (u32)strlen(name) + 1, 0u);
	memcpy(archive + at, header, 110);
	strcpy((char *)archive + at + 110, name);
	at = (at + 110 + strlen(name) + 1 + 3) & ~3ull;
	memcpy(archive + at, text, strlen(text));
	return (at + strlen(text) + 3) & ~3ull;
}

static int boot(void **state)
{
	static u8 archive[2048];
	u64 bytes = add_file(archive, 0, "debian-initrd", "initrd");

	(void)state;
	bytes = add_file(archive, bytes, "images/tiny", "a tiny guest");
	bytes = add_file(archive, bytes, "vos.conf", "vm x { }");
	make_program();
	fake_boot();
	fake_module("console", program, sizeof(program), true);
	fake_module("serial", program, sizeof(program), true);
	fake_module("vmm", program, sizeof(program), true);
	fake_module("debian-kernel", "kernel", 6, false);
	fake_module("bad name", "x", 1, false);
	fake_module("bundle", archive, bytes, false);
	assert_int_equal(root_start(), ST_OK);
	h_serial = fake_thread_nth(0);
	h_console = fake_thread_nth(1);
	console_attach();
	turns(0, 3);
	idle_bytes = fake_free_bytes();
	idle_objects = fake_object_count();
	return 0;
}

static void services_are_wired(void **state)
{
	u64 serial = fake_pd_of(h_serial), console = fake_pd_of(h_console);
	const struct console_args *args = fake_memory(console, CONSOLE_ARGS);

	(void)state;
	assert_true(fake_is_running(h_serial) && fake_is_running(h_console));
	assert_ptr_equal(fake_memory(serial, SERIAL_RX), fake_memory(console, CONSOLE_SERIAL_RX));
	assert_ptr_equal(fake_memory(serial, SERIAL_TX), fake_memory(console, CONSOLE_SERIAL_TX));
	assert_int_equal(fake_badge(console, CONSOLE_H_SERIAL, h_serial), SERIAL_BIT_CONSOLE);
	assert_int_equal(fake_badge(serial, SERIAL_H_CONSOLE, h_console), CONSOLE_BIT_SERIAL);
	assert_int_equal(fake_badge(console, H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_REQUEST);
	assert_int_equal(args->conf_bytes, 8);
	assert_int_equal(args->has_serial, 1);
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

static void images_are_listed(void **state)
{
	static const struct { const char *name; u64 bytes; u32 is_default; } want[] = {
		{ "debian-kernel", 6, 1 }, { "debian-initrd", 6, 1 }, { "tiny", 12, 0 },
	};
	struct request r = make_request(REQ_IMAGES, "", 0);

	(void)state;
	for (r.index = 0; r.index < 3; r.index++) {
		send(&r);
		expect(ERR_NONE);
		assert_string_equal(answer.image.name, want[r.index].name);
		assert_int_equal(answer.image.bytes, want[r.index].bytes);
		assert_int_equal(answer.image.is_default, want[r.index].is_default);
	}
	send(&r);
	expect(ERR_NO_IMAGE);
	ask(REQ_HOST, "", 0);
	expect(ERR_NONE);
	assert_int_equal(answer.host.memory_free, fake_free_bytes());
}

static void a_vm_gets_what_the_layout_says(void **state)
{
	const struct vmm_args *args;
	u64 pd;

	(void)state;
	create("a", RESTART_NEVER, 0);
	ask(REQ_START, "a", 0);
	pd = fake_pd_of(vmm_thread());
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
	assert_ptr_equal(fake_memory(pd, VMM_RINGS), fake_memory(fake_pd_of(h_console), CONSOLE_VM_RINGS));
	assert_int_equal(fake_badge(pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD), ROOT_BIT_VMM);
	assert_int_equal(fake_badge(pd, VMM_H_CONSOLE, h_console), CONSOLE_BIT_VM);
	assert_int_equal(fake_badge(pd, VMM_H_THREAD, vmm_thread()), VMM_BIT_KICK);
	assert_int_equal(fake_badge(fake_pd_of(h_console), CONSOLE_H_VM, vmm_thread()), VMM_BIT_CONSOLE);
	delete("a");
}

static void lives_and_dies(void **state)
{
	struct request r;

	(void)state;
	create("a", RESTART_NEVER, 0);
	ask(REQ_STOP, "a", 0);
	expect(ERR_VM_STATE);
	assert_int_equal(answer.result, RESULT_STATE);
	start("a");
	ask(REQ_START, "a", 0);
	expect(ERR_VM_STATE);
	ask(REQ_DELETE, "a", 0);
	expect(ERR_VM_STATE);
	(void)fake_pending(vmm_thread());
	r = make_request(REQ_STOP, "a", 0);
	r.timeout_ms = 3600000;
	send(&r);
	assert_false(is_answered());
	assert_int_equal(vmm_control()->power_button, 1);
	assert_int_equal(fake_pending(vmm_thread()), VMM_BIT_CONTROL);
	events = 0;
	vmm_says(PHASE_ENDED, WHY_GUEST_POWEROFF);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_STOPPED);
	assert_int_equal(answer.vm.reason, WHY_GUEST_POWEROFF);
	turns(0, 1);
	assert_true(events >= 1);
	assert_int_equal(last_event.vm.state, VM_STOPPED);
	delete("a");
	ask(REQ_STATUS, "a", 0);
	expect(ERR_NO_VM);
}

static void a_deaf_guest_is_forced(void **state)
{
	struct request r = make_request(REQ_STOP, "a", 0);

	(void)state;
	create("a", RESTART_NEVER, 0);
	start("a");
	r.timeout_ms = 1;
	send(&r);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_STOPPED);
	assert_int_equal(answer.vm.reason, WHY_FORCED);
	start("a");
	ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_STOPPED);
	delete("a");
}

static void pauses(void **state)
{
	(void)state;
	create("a", RESTART_NEVER, 0);
	start("a");
	ask(REQ_PAUSE, "a", 0);
	assert_int_equal(vmm_control()->want_paused, 1);
	vmm_control()->is_paused = 1;
	turns(ROOT_BIT_VMM, 1);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_PAUSED);
	ask(REQ_PAUSE, "a", 0);
	expect(ERR_VM_STATE);
	ask(REQ_RESUME, "a", 0);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_RUNNING);
	assert_int_equal(vmm_control()->want_paused, 0);
	vmm_control()->is_paused = 0;
	/* A VMM that does not answer is stopped by the kernel. */
	ask(REQ_PAUSE, "a", 0);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_PAUSED);
	assert_false(fake_is_running(vmm_thread()));
	ask(REQ_RESUME, "a", 0);
	expect(ERR_NONE);
	assert_true(fake_is_running(vmm_thread()));
	/* The button of a paused VM wakes it. */
	ask(REQ_PAUSE, "a", 0);
	expect(ERR_NONE);
	ask(REQ_STOP, "a", 0);
	assert_int_equal(vmm_control()->want_paused, 0);
	assert_int_equal(vmm_control()->power_button, 1);
	vmm_says(PHASE_ENDED, WHY_GUEST_POWEROFF);
	expect(ERR_NONE);
	delete("a");
}

static void reboots(void **state)
{
	u32 made;

	(void)state;
	create("a", RESTART_NEVER, 0);
	start("a");
	made = fake_threads_made();
	vmm_says(PHASE_ENDED, WHY_GUEST_REBOOT);
	turns(0, 50);
	assert_int_equal(fake_threads_made(), made + 1);
	vmm_says(PHASE_RUNNING, WHY_NONE);
	expect_state("a", VM_RUNNING, WHY_GUEST_REBOOT);
	assert_int_equal(answer.vm.restarts, 1);
	ask(REQ_RESET, "a", 0);
	for (u32 i = 0; i < 50 && fake_threads_made() == made + 1; i++)
		turns(0, 1);
	vmm_says(PHASE_RUNNING, WHY_NONE);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_RUNNING);
	/* A guest that reboots instead of powering off is stopped all the same. */
	ask(REQ_STOP, "a", 0);
	vmm_says(PHASE_ENDED, WHY_GUEST_REBOOT);
	expect(ERR_NONE);
	assert_int_equal(answer.vm.state, VM_STOPPED);
	delete("a");
}

static void crashes(void **state)
{
	(void)state;
	create("a", RESTART_NEVER, 0);
	ask(REQ_START, "a", 0);
	memcpy((void *)(uintptr_t)vmm_control()->text, "not an image", 13);
	vmm_says(PHASE_ENDED, WHY_BAD_IMAGE);
	expect(ERR_VM_ENDED);
	assert_int_equal(answer.vm.state, VM_CRASHED);
	assert_int_equal(answer.vm.reason, WHY_BAD_IMAGE);
	assert_string_equal(answer.vm.text, "not an image");
	start("a");
	fake_fault(vmm_thread(), 15, 0x401234, 0xbad);
	turns(ROOT_BIT_FAULT, 20);
	expect_state("a", VM_CRASHED, WHY_VMM_FAULT);
	assert_int_equal(answer.vm.vmm_fault, 15);
	assert_int_equal(answer.vm.rip, 0x401234);
	assert_int_equal(answer.vm.detail, 0xbad);
	delete("a");
}

static void restarts_on_failure(void **state)
{
	u32 made;

	(void)state;
	create("a", RESTART_ON_FAILURE, 2);
	start("a");
	made = fake_threads_made();
	for (u32 i = 1; i <= 2; i++) {
		vmm_says(PHASE_ENDED, WHY_TRIPLE_FAULT);
		for (u32 n = 0; n < 1000 && fake_threads_made() == made + i - 1; n++) {
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
			turns(0, 1);
		}
		assert_int_equal(fake_threads_made(), made + i);
		vmm_says(PHASE_RUNNING, WHY_NONE);
	}
	vmm_says(PHASE_ENDED, WHY_TRIPLE_FAULT);
	turns(0, 20);
	expect_state("a", VM_CRASHED, WHY_TRIPLE_FAULT);
	assert_int_equal(answer.vm.restarts, 2);
	delete("a");
}

/* Whatever call fails while a VM is started: a refusal, and all memory is back. */
static void any_call_may_fail(void **state)
{
	u32 n;

	(void)state;
	create("a", RESTART_NEVER, 0);
	for (n = 1; n < 100; n++) {
		fake_fail_call(n, ST_NOMEM);
		ask(REQ_START, "a", 0);
		turns(0, 20);
		if (!is_answered())
			break;
		assert_int_equal(answer.error, ERR_NO_MEMORY);
		assert_int_equal(answer.result, RESULT_RESOURCES);
		expect_state("a", VM_DEFINED, WHY_NONE);
		assert_int_equal(fake_free_bytes(), idle_bytes);
		assert_int_equal(fake_object_count(), idle_objects);
	}
	fake_fail_call(0, ST_OK);
	assert_in_range(n, 20, 60);
	vmm_says(PHASE_RUNNING, WHY_NONE);
	expect(ERR_NONE);
	/* And while it restarts by itself: a crash. */
	fake_fail_call(5, ST_NOMEM);
	vmm_says(PHASE_ENDED, WHY_GUEST_REBOOT);
	turns(0, 50);
	fake_fail_call(0, ST_OK);
	expect_state("a", VM_CRASHED, WHY_NO_MEMORY);
	delete("a");
}

static void memory_is_counted(void **state)
{
	struct request r = make_request(REQ_CREATE, "big", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = FAKE_MEMORY_BYTES };
	send(&r);
	expect(ERR_NO_MEMORY);
	assert_int_equal(answer.have, fake_free_bytes());
	r.spec.memory_bytes = 150 * MIB;
	r.flags = REQ_FLAG_DRY_RUN;
	send(&r);
	expect(ERR_NONE);
	r.flags = 0;
	send(&r);
	expect(ERR_NONE);
	send(&r);
	expect(ERR_VM_EXISTS);
	strcpy(r.name, "other");
	send(&r);
	expect(ERR_NONE);
	start("big");
	ask(REQ_START, "other", 0);
	expect(ERR_NO_MEMORY);
	ask(REQ_DELETE, "other", 0);
	expect(ERR_NONE);
	delete("big");
}

static void a_hundred_times(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100; i++) {
		create("a", RESTART_NEVER, 0);
		start("a");
		ask(REQ_STOP, "a", 0);
		vmm_says(PHASE_ENDED, WHY_GUEST_POWEROFF);
		expect(ERR_NONE);
		delete("a");
	}
}

static void the_table_fills_up(void **state)
{
	struct request r = make_request(REQ_CREATE, "", 0);
	u32 seen = 0;

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 2 * MIB };
	for (u32 i = 0; i <= VM_COUNT; i++) {
		snprintf(r.name, sizeof(r.name), "vm-%u", i);
		send(&r);
		expect(i < VM_COUNT ? ERR_NONE : ERR_TOO_MANY_VMS);
	}
	r = make_request(REQ_LIST, "", 0);
	for (;;) {
		send(&r);
		await_answer();
		if (answer.error != ERR_NONE)
			break;
		r.index = answer.vm.index + 1;
		seen++;
	}
	assert_int_equal(seen, VM_COUNT);
	for (u32 i = 0; i < VM_COUNT; i++) {
		snprintf(r.name, sizeof(r.name), "vm-%u", i);
		delete(r.name);
	}
}

/* Nobody reads the replies: nothing is lost, root does not spin on it, and answers come when there is room again. */
static void a_slow_console(void **state)
{
	u32 sent = 0, got = 0;
	struct request r = make_request(REQ_HOST, "", 0);
	struct reply reply;

	(void)state;
	for (u32 i = 0; i < 200; i++) {
		r.id = 1000 + i;
		sent += ring_put(&requests, &r, sizeof(r));
		(void)root_turn(ROOT_BIT_REQUEST);
	}
	assert_true(root_turn(0) == DEADLINE_NONE);
	assert_true(ring_producer_take_waiting(&replies));
	for (u32 i = 0; i < 200; i++) {
		while (ring_get(&replies, &reply, sizeof(reply)))
			assert_int_equal(reply.id, 1000 + got++);
		(void)root_turn(ROOT_BIT_REQUEST);
	}
	assert_int_equal(got, sent);
	assert_true(sent > REPLY_RING_BYTES / sizeof(reply));
}

static u64 seed = 88172645463325252ull;

static u64 random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A VMM that writes anything into its control page at any time, while requests come in. */
static void a_hostile_vmm(void **state)
{
	(void)state;
	create("a", RESTART_ALWAYS, 0);
	for (u32 round = 0; round < 2000; round++) {
		u64 h = fake_threads_made() > 2 ? vmm_thread() : 0;
		u32 *words = h != 0 ? fake_memory(fake_pd_of(h), VMM_CONTROL) : NULL;

		for (u32 i = 0; words != NULL && i < 16; i++)
			words[random_u64() % 64] = (u32)(random_u64() & 1 ? random_u64() % 20 : random_u64());
		ask((u32)(REQ_START + random_u64() % (REQ_DELETE - REQ_START)), "a", (u32)random_u64() & REQ_FLAG_FORCE);
		turns(random_u64() & 7, 3);
	}
	turns(0, 50);
	delete("a");
}

/* A console that writes anything into the request ring. */
static void a_hostile_console(void **state)
{
	struct request r;
	u32 *words = (u32 *)&r;

	(void)state;
	for (u32 round = 0; round < 5000; round++) {
		for (u32 i = 0; i < sizeof(r) / 4; i++)
			words[i] = (u32)random_u64();
		r.op = (u32)(random_u64() % (REQ_OP_COUNT + 2));
		if (r.op == REQ_REBOOT || r.op == REQ_POWEROFF)
			continue;
		if (random_u64() & 1)
			strcpy(r.name, "x");
		if (random_u64() & 1)
			r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 2 * MIB };
		(void)ring_write(&requests, &r, sizeof(r) - (random_u64() % 64 == 0));	/* and now and then a byte too few */
		turns(ROOT_BIT_REQUEST, 1);
	}
	/* Indices of nonsense: no requests, or no room, and nothing worse. */
	((struct ring_shared *)fake_memory(fake_pd_of(h_console), CONSOLE_REQUEST_RING))->head = (u32)random_u64();
	((struct ring_shared *)fake_memory(fake_pd_of(h_console), CONSOLE_REPLY_RING))->tail = (u32)random_u64();
	turns(ROOT_BIT_REQUEST, 10);
}

/* The console faults: a new one comes, meets everybody, and the VMs did not notice. */
static void the_console_comes_back(void **state)
{
	u64 h_vmm;
	u32 made;

	(void)state;
	fake_fault(h_console, 15, 0x400000, 0);
	made = fake_threads_made();
	(void)root_turn(ROOT_BIT_FAULT);
	for (u32 n = 0; n < 1000 && fake_threads_made() == made; n++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		(void)root_turn(0);
	}
	h_console = fake_thread_nth(made);
	assert_true(h_console != 0 && fake_is_running(h_console));
	console_attach();
	services_are_wired(state);
	ask(REQ_DELETE, "x", REQ_FLAG_FORCE);	/* left over by the hostile one */
	await_answer();
	create("a", RESTART_NEVER, 0);
	start("a");
	h_vmm = vmm_thread();
	made = fake_threads_made();
	fake_fault(h_console, 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	for (u32 n = 0; n < 1000 && fake_threads_made() == made; n++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		(void)root_turn(0);
	}
	h_console = fake_thread_nth(made);
	console_attach();
	assert_true(fake_is_running(h_vmm));
	assert_int_equal(fake_badge(fake_pd_of(h_vmm), VMM_H_CONSOLE, h_console), CONSOLE_BIT_VM);
	assert_int_equal(fake_badge(fake_pd_of(h_console), CONSOLE_H_VM, h_vmm), VMM_BIT_CONSOLE);
	expect_state("a", VM_RUNNING, WHY_REQUEST);
	delete("a");
}

static void the_machine_may_stay_on(void **state)
{
	(void)state;
	ask(REQ_POWEROFF, "", 0);
	assert_false(is_answered());
	expect(ERR_NO_POWEROFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_wired), cmocka_unit_test(images_are_listed),
		cmocka_unit_test(a_vm_gets_what_the_layout_says), cmocka_unit_test(lives_and_dies),
		cmocka_unit_test(a_deaf_guest_is_forced), cmocka_unit_test(pauses), cmocka_unit_test(reboots),
		cmocka_unit_test(crashes), cmocka_unit_test(restarts_on_failure), cmocka_unit_test(any_call_may_fail),
		cmocka_unit_test(memory_is_counted), cmocka_unit_test(a_hundred_times), cmocka_unit_test(the_table_fills_up),
		cmocka_unit_test(a_slow_console), cmocka_unit_test(a_hostile_vmm), cmocka_unit_test(a_hostile_console),
		cmocka_unit_test(the_console_comes_back), cmocka_unit_test(the_machine_may_stay_on),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
