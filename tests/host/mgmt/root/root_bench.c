/* SPDX-License-Identifier: MIT */
/*
 * root_bench.c - see root_bench.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <elf.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "ring.h"
#include "root.h"
#include "root_bench.h"
#include "vm_layout.h"

#define AWAIT_S 30	/* real ones: root is waited for by time, not by turns, which are short */

struct ring bench_requests, bench_replies;
u64 bench_serial, bench_console, bench_screen;	/* threads */
static u32 last_id, task_id;
struct definitions_report bench_task;
u32 bench_events, bench_row_count;
struct reply bench_answer, bench_last_event, bench_rows[BENCH_ROWS];
u64 bench_idle_bytes;
u32 bench_idle_objects;
const char *const *bench_programs;

/* ---- the console's part ---- */

void bench_console_attach(void)
{
	u64 h_pd = fake_pd_of(bench_console);

	ring_attach_producer(&bench_requests, fake_memory(h_pd, CONSOLE_REQUEST_RING), REQUEST_RING_BYTES);
	ring_attach_consumer(&bench_replies, fake_memory(h_pd, CONSOLE_REPLY_RING), REPLY_RING_BYTES);
}

static void take_replies(void)
{
	struct reply reply;

	while (ring_get(&bench_replies, &reply, sizeof(reply))) {
		assert_true(reply.kind == REPLY_ANSWER || reply.kind == REPLY_EVENT);
		if (reply.kind == REPLY_EVENT) {
			bench_events++;
			bench_last_event = reply;
		} else if (reply.id == task_id) {
			bench_task = reply.definitions;
			task_id = 0;
		} else if (reply.id == last_id) {
			bench_answer = reply;
			if (reply.error == ERR_NONE && bench_row_count < BENCH_ROWS)
				bench_rows[bench_row_count++] = reply;
		}
	}
}

bool bench_is_guard_slow;

/* Guard has hashed the audit log. */
static void chain(void)
{
	struct audit_log *log = shared_at(SHARED_AUDIT);

	if (!bench_is_guard_slow)
		log->chained = log->written;
}

void bench_turns(u64 bits, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		chain();
		(void)root_turn(i == 0 ? bits : 0);
	}
	take_replies();
}

void bench_settle(u64 bits)
{
	chain();
	while (root_turn(bits) == 0) {
		chain();
		bits = 0;
	}
	take_replies();
}

void bench_ask_task(u64 number, u64 bytes)
{
	static u32 tasks;
	struct request r = bench_make_request(REQ_DEFINITIONS, "", 0);

	r.definitions = (struct definitions_request){ .number = number, .bytes = bytes };
	task_id = r.id = ~tasks++;
	assert_true(ring_put(&bench_requests, &r, sizeof(r)));
	bench_turns(ROOT_BIT_REQUEST, 3);
}

void bench_send(struct request *r)
{
	r->id = ++last_id;
	memset(&bench_answer, 0, sizeof(bench_answer));
	bench_row_count = 0;
	assert_true(ring_put(&bench_requests, r, sizeof(*r)));
	bench_turns(ROOT_BIT_REQUEST, 1);
}

struct request bench_make_request(enum request_op op, const char *name, u32 flags)
{
	struct request r = { .op = op, .flags = flags };

	strcpy(r.name, name);
	return r;
}

void bench_ask(enum request_op op, const char *name, u32 flags)
{
	struct request r = bench_make_request(op, name, flags);

	bench_send(&r);
}

bool bench_is_answered(void)
{
	return bench_answer.kind == REPLY_ANSWER && bench_answer.more == 0;
}

void bench_await_answer(void)
{
	time_t limit = time(NULL) + AWAIT_S;

	while (!bench_is_answered() && time(NULL) < limit)
		bench_turns(0, 1);
	assert_true(bench_is_answered());
}

void bench_expect(enum error error)
{
	bench_await_answer();
	assert_int_equal(bench_answer.error, error);
}

void bench_create(const char *name, u32 restart, u32 limit)
{
	struct request r = bench_make_request(REQ_CREATE, name, 0);

	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .restart = restart, .restart_limit = limit };
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_DEFINED);
}

/* ---- a VMM's part ---- */

u64 bench_vmm_thread(void)
{
	return fake_thread_nth(fake_threads_made() - 1);
}

volatile struct vmm_control *bench_vmm_control(void)
{
	return fake_memory(fake_pd_of(bench_vmm_thread()), VMM_CONTROL);
}

void bench_vmm_says(enum vmm_phase phase, enum vm_reason reason)
{
	bench_vmm_control()->reason = reason;
	bench_vmm_control()->phase = phase;
	bench_turns(ROOT_BIT_VMM, 1);
}

void bench_start(const char *name)
{
	bench_ask(REQ_START, name, 0);
	bench_turns(0, 8);		/* a VM whose memory is granted first takes some */
	assert_false(bench_is_answered());
	assert_true(fake_is_running(bench_vmm_thread()));
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, VM_RUNNING);
}

void bench_expect_state(const char *name, enum vm_state state, enum vm_reason reason)
{
	bench_ask(REQ_STATUS, name, 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.state, state);
	assert_int_equal(bench_answer.vm.reason, reason);
}

void bench_delete(const char *name)
{
	bench_ask(REQ_DELETE, name, REQ_FLAG_FORCE);
	bench_expect(ERR_NONE);
	assert_int_equal(fake_free_bytes(), bench_idle_bytes);
	assert_int_equal(fake_object_count(), bench_idle_objects);
}

u64 bench_await_thread(u32 made)
{
	for (u32 n = 0; n < 2000 && fake_threads_made() == made; n++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		(void)root_turn(0);
	}
	return fake_thread_nth(made);
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
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_offset = 0x1000,
		  .p_vaddr = 0x401000,
		  .p_filesz = 0x100,
		  .p_memsz = 0x100 },
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_W,
		  .p_offset = 0x2010,
		  .p_vaddr = 0x402010,
		  .p_filesz = 4,
		  .p_memsz = 0x2000 },
	};

	memcpy(program, &header, sizeof(header));
	memcpy(program + sizeof(header), ph, sizeof(ph));
	memcpy(program + 0x2010, "data", 4);
}

static u64 add_file(u8 *archive, u64 at, const char *name, const char *text)
{
	char header[111];

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u, 0100644u, 0u,
		 0u, 1u, 0u, (u32)strlen(text), 0u, 0u, 0u, 0u, (u32)strlen(name) + 1, 0u);
	memcpy(archive + at, header, 110);
	strcpy((char *)archive + at + 110, name);
	at = (at + 110 + strlen(name) + 1 + 3) & ~3ull;
	memcpy(archive + at, text, strlen(text));
	return (at + strlen(text) + 3) & ~3ull;
}

int bench_boot(void **state)
{
	/* Multiboot, with its addresses in the header: 3 MiB from 2 MiB on. */
	static const u32 large[] = { 0x1badb002, BIT32(16), 0u - 0x1badb002 - BIT32(16), 2 * MIB, 2 * MIB, 0, 5 * MIB,
		2 * MIB };
	static u8 archive[2048];
	u64 bytes = add_file(archive, 0, "debian-initrd", "initrd");

	(void)state;
	bytes = add_file(archive, bytes, "images/tiny", "a tiny guest");
	bytes = add_file(archive, bytes, "vos.conf", "vm x { }");
	make_program();
	fake_boot();
	fake_module("console", program, sizeof(program), true);
	fake_module("serial", program, sizeof(program), true);
	fake_module("screen", program, sizeof(program), true);
	fake_module("store", program, sizeof(program), true);
	fake_module("vmm", program, sizeof(program), true);
	fake_module("guard", program, sizeof(program), true);
	for (const char *const *name = bench_programs; name != NULL && *name != NULL; name++)
		fake_module(*name, program, sizeof(program), true);
	fake_module("debian-kernel", "kernel", 6, false);
	fake_module("large-kernel", large, sizeof(large), false);
	fake_module("bad name", "x", 1, false);
	fake_module("bundle", archive, bytes, false);
	assert_int_equal(root_start(), ST_OK);
	bench_serial = fake_thread_nth(0);
	bench_console = fake_thread_nth(1);
	bench_screen = fake_thread_nth(2);
	bench_console_attach();
	bench_turns(0, 3);
	bench_idle_bytes = fake_free_bytes();
	bench_idle_objects = fake_object_count();
	return 0;
}
