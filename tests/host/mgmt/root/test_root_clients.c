/* SPDX-License-Identifier: MIT */
/*
 * Root with three clients: each is answered on its own line, within its own rights, whatever the others do.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c more_services.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "fake_kernel.h"
#include "info_page.h"
#include "more_services.h"
#include "root.h"
#include "root_bench.h"
#include "vm_layout.h"

/* The other two's ends of their rings. */
static struct line {
	struct ring requests, replies;
	struct reply answer;	/* to the last request; kind 0 = not yet */
	u32 answers, events;
} lines[CLIENT_LOGS + 1];

static void attach(u32 client, u64 thread)
{
	const struct client_row *row = &client_table[client];
	u64 h_pd = fake_pd_of(thread);

	ring_attach_producer(&lines[client].requests, fake_memory(h_pd, wires[row->request_wire].from_at),
			     REQUEST_RING_BYTES);
	ring_attach_consumer(&lines[client].replies, fake_memory(h_pd, wires[row->reply_wire].to_at), REPLY_RING_BYTES);
}

static void take(u32 client)
{
	struct line *line = &lines[client];
	struct reply reply;

	while (ring_get(&line->replies, &reply, sizeof(reply)))
		if (reply.kind == REPLY_EVENT) {
			line->events++;
		} else {
			line->answers++;
			line->answer = reply;
		}
}

static void turns(u64 bits, u32 count)
{
	bench_turns(bits, count);
	take(CLIENT_USERS);
	take(CLIENT_LOGS);
}

static void send(u32 client, enum request_op op, const char *name, u32 id)
{
	struct request r = bench_make_request(op, name, 0);

	r.id = id;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB };
	lines[client].answer = (struct reply){ 0 };
	assert_true(ring_put(&lines[client].requests, &r, sizeof(r)));
	turns(ROOT_BIT_REQUEST, 1);
}

static void expect(u32 client, enum error error)
{
	assert_int_equal(lines[client].answer.kind, REPLY_ANSWER);
	assert_int_equal(lines[client].answer.error, error);
}

static int setup(void **state)
{
	int rc = bench_boot(state);

	attach(CLIENT_USERS, fake_thread_nth(MORE_USERS));
	attach(CLIENT_LOGS, fake_thread_nth(MORE_LOGS));
	return rc;
}

/* Each request, by somebody who has the right and by somebody who has not. */
static void rights(void **state)
{
	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	for (u32 op = REQ_CREATE; op < REQ_OP_COUNT; op++) {
		bool is_look = op == REQ_STATUS || op == REQ_LIST || op == REQ_IMAGES || op == REQ_HOST ||
			       op == REQ_STATS || op == REQ_PCPU || op == REQ_MEMORY || op == REQ_DEVICES ||
			       op == REQ_SERVICES || op == REQ_DISKS || op == REQ_VOLUMES || op == REQ_POOLS ||
			       op == REQ_SWITCHES || op == REQ_PORTS || op == REQ_STATIONS ||
			       op == REQ_ROUTERS || op == REQ_ROUTER_LINES || op == REQ_SESSIONS;
		bool is_power = op == REQ_REBOOT || op == REQ_POWEROFF;

		send(CLIENT_USERS, op, "a", op);
		assert_int_equal(lines[CLIENT_USERS].answer.id, op);
		assert_true(is_look == (lines[CLIENT_USERS].answer.error != ERR_DENIED));
		assert_true(is_look == (lines[CLIENT_USERS].answer.result != RESULT_DENIED));
		if (!is_power)
			continue;
		send(CLIENT_LOGS, op, "a", op);
		expect(CLIENT_LOGS, ERR_DENIED);
	}
	send(CLIENT_USERS, REQ_OP_COUNT, "a", 99);
	expect(CLIENT_USERS, ERR_BAD_FIELD);
	bench_expect_state("a", VM_DEFINED, STOP_NONE);
	bench_delete("a");
}

/* Ids are each client's own: who waits is answered alone, and nobody cancels for another. */
static void answers_are_private(void **state)
{
	struct request stop = bench_make_request(REQ_STOP, "a", 0), cancel = bench_make_request(REQ_CANCEL, "", 0);
	u32 answers;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	bench_send(&stop);
	cancel.index = stop.id;
	cancel.id = 7;
	assert_true(ring_put(&lines[CLIENT_LOGS].requests, &cancel, sizeof(cancel)));
	turns(ROOT_BIT_REQUEST, 2);
	expect(CLIENT_LOGS, ERR_NONE);
	assert_false(bench_is_answered());
	bench_expect_state("a", VM_STOPPING, STOP_REQUEST);
	send(CLIENT_LOGS, REQ_STOP, "a", stop.id);	/* the same id */
	assert_int_equal(lines[CLIENT_LOGS].answer.kind, 0);
	answers = lines[CLIENT_USERS].answers;
	bench_vmm_says(PHASE_ENDED, STOP_GUEST_POWEROFF);
	turns(0, 20);
	expect(CLIENT_LOGS, ERR_NONE);
	assert_int_equal(lines[CLIENT_LOGS].answer.id, stop.id);
	assert_int_equal(lines[CLIENT_USERS].answers, answers);
	bench_delete("a");
}

static void events_go_to_whom_they_interest(void **state)
{
	u32 console = bench_events, users = lines[CLIENT_USERS].events;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	turns(0, 1);
	assert_true(bench_events > console);
	assert_int_equal(lines[CLIENT_USERS].events - users, bench_events - console);
	assert_int_equal(lines[CLIENT_LOGS].events, 0);
	bench_delete("a");
	turns(0, 1);
}

/* One that reads nothing: the others are answered and told all the same, and what it missed comes when it reads. */
static void a_client_that_does_not_read(void **state)
{
	struct request host = bench_make_request(REQ_HOST, "", 0);
	u32 events, answers;

	(void)state;
	turns(0, 1);
	answers = lines[CLIENT_USERS].answers;
	for (u32 i = 0; i < 100; i++) {
		(void)ring_put(&lines[CLIENT_USERS].requests, &host, sizeof(host));
		bench_turns(ROOT_BIT_REQUEST, 1);
	}
	events = bench_events;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	assert_true(bench_events > events);
	assert_int_equal(root_turn(0), DEADLINE_NONE);
	events = lines[CLIENT_USERS].events;
	for (u32 i = 0; i < 20; i++)
		turns(ROOT_BIT_REQUEST, 1);
	assert_true(lines[CLIENT_USERS].answers >= answers + REPLY_RING_BYTES / sizeof(struct reply));
	assert_true(lines[CLIENT_USERS].events > events);
	bench_delete("a");
}

/* A client that faults comes back with empty rings; who else waits goes on waiting. */
static void a_client_comes_back(void **state)
{
	volatile struct vmm_control *control;
	u32 made;

	(void)state;
	bench_create("a", RESTART_NEVER, 0);
	bench_start("a");
	control = bench_vmm_control();	/* the last thread is another one soon */
	bench_ask(REQ_STOP, "a", 0);
	send(CLIENT_LOGS, REQ_STOP, "a", 11);
	made = fake_threads_made();
	fake_fault(fake_thread_nth(MORE_LOGS), 15, 0x400000, 0);
	(void)root_turn(ROOT_BIT_FAULT);
	attach(CLIENT_LOGS, bench_await_thread(made));
	control->reason = STOP_GUEST_POWEROFF;
	control->phase = PHASE_ENDED;
	turns(ROOT_BIT_VMM, 20);
	bench_expect(ERR_NONE);
	assert_int_equal(lines[CLIENT_LOGS].answer.kind, 0);
	send(CLIENT_LOGS, REQ_HOST, "", 12);
	expect(CLIENT_LOGS, ERR_NONE);
	bench_delete("a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights), cmocka_unit_test(answers_are_private),
		cmocka_unit_test(events_go_to_whom_they_interest), cmocka_unit_test(a_client_that_does_not_read),
		cmocka_unit_test(a_client_comes_back),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
