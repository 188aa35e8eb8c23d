/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: shares of the processors and the requests that tell about time, well-meant and hostile ones.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "info_page.h"
#include "root.h"
#include "root_bench.h"
#include "stats.h"
#include "vcpu_page.h"

#define STATES_OF_A_RUN 5u

static struct request a_set(const char *name, u32 fields, struct vm_share share)
{
	struct request r = bench_make_request(REQ_SET, name, 0);

	r.fields = fields;
	r.spec.share = share;
	return r;
}

static void set(u32 fields, struct vm_share share, enum error error)
{
	struct request r = a_set("a", fields, share);

	bench_send(&r);
	bench_expect(error);
}

static u64 told(enum pd_op op)
{
	return fake_share(fake_pd_of(bench_vmm_thread()), op);
}

static void create(u32 cpus, struct vm_share share)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	r.spec = (struct vm_spec){ .cpus = cpus, .memory_bytes = 16 * MIB, .share = share };
	bench_send(&r);
	bench_expect(ERR_NONE);
}

/* Each start tells the kernel the spec's share; what the kernel has by itself is not told. */
static void a_start_tells_the_share(void **state)
{
	(void)state;
	create(1, (struct vm_share){ 0 });
	assert_int_equal(bench_answer.vm.spec.share.weight, SHARE_WEIGHT_DEFAULT);
	assert_true(bench_answer.vm.spec.share.affinity == SHARE_ALL_PCPUS);
	bench_start("a");
	for (u32 op = 0; op < PD_OP_COUNT; op++)
		assert_int_equal(told(op), 0);
	bench_delete("a");
	create(2, (struct vm_share){ .class = SCHED_CLASS_RT, .cap = 150, .affinity = 1 });
	for (u32 i = 0; i < 2; i++) {
		bench_start("a");
		assert_int_equal(told(PD_SET_CLASS), SCHED_CLASS_RT);
		assert_int_equal(told(PD_SET_CAP), 150);
		assert_int_equal(told(PD_SET_AFFINITY), 1);
		bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
		bench_expect(ERR_NONE);
	}
	bench_delete("a");
}

static void set_while_it_runs(void **state)
{
	u32 weight = BIT32(FIELD_WEIGHT), all = weight | BIT32(FIELD_CAP) | BIT32(FIELD_AFFINITY) | BIT32(FIELD_CLASS);

	(void)state;
	create(2, (struct vm_share){ 0 });
	set(weight, (struct vm_share){ .weight = 300, .cap = 77 }, ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.share.weight, 300);
	assert_int_equal(bench_answer.vm.spec.share.cap, 0);		/* it was not asked for */
	bench_start("a");
	assert_int_equal(told(PD_SET_WEIGHT), 300);
	set(all, (struct vm_share){ .weight = 7, .cap = 200, .affinity = 3 }, ERR_NONE);
	assert_int_equal(told(PD_SET_WEIGHT), 7);
	assert_int_equal(told(PD_SET_CAP), 200);
	assert_int_equal(told(PD_SET_AFFINITY), 3);
	set(BIT32(FIELD_CLASS), (struct vm_share){ .class = SCHED_CLASS_RT }, ERR_NONE);
	assert_int_equal(told(PD_SET_CLASS), SCHED_CLASS_RT);
	set(weight, (struct vm_share){ .weight = 5 }, ERR_WEIGHT_RT);
	set(BIT32(FIELD_CAP) | BIT32(FIELD_AFFINITY), (struct vm_share){ 0 }, ERR_NONE);
	assert_true(told(PD_SET_AFFINITY) == SHARE_ALL_PCPUS);
	assert_int_equal(told(PD_SET_CAP), 0);
	/* Fair again, with the weight it had. */
	set(BIT32(FIELD_CLASS), (struct vm_share){ .class = SCHED_CLASS_FAIR }, ERR_NONE);
	assert_int_equal(told(PD_SET_WEIGHT), 7);
	bench_delete("a");
}

/* Nothing that is refused changes anything, nor does a dry run, nor what the kernel will not have. */
static void refused_sets(void **state)
{
	struct request r;
	u64 h_pd;

	(void)state;
	create(2, (struct vm_share){ .weight = 50 });
	bench_start("a");
	h_pd = fake_pd_of(bench_vmm_thread());
	set(0, (struct vm_share){ .weight = 9 }, ERR_BAD_FIELD);
	assert_int_equal(bench_answer.have, FIELD_SET);
	set(~0u, (struct vm_share){ .weight = 9 }, ERR_BAD_FIELD);
	set(BIT32(FIELD_WEIGHT) | BIT32(FIELD_MEMORY), (struct vm_share){ .weight = 9 }, ERR_VM_STATE);
	set(BIT32(FIELD_WEIGHT), (struct vm_share){ .weight = SCHED_WEIGHT_MAX + 1 }, ERR_BAD_FIELD);
	assert_int_equal(bench_answer.have, FIELD_WEIGHT);
	set(BIT32(FIELD_CLASS), (struct vm_share){ .class = SCHED_CLASS_SYSTEM }, ERR_BAD_FIELD);
	set(BIT32(FIELD_CLASS), (struct vm_share){ .class = ~0u }, ERR_BAD_FIELD);
	set(BIT32(FIELD_CAP), (struct vm_share){ .cap = 201 }, ERR_CAP);
	assert_int_equal(bench_answer.need, 201);
	assert_int_equal(bench_answer.have, 200);
	set(BIT32(FIELD_AFFINITY), (struct vm_share){ .affinity = BIT64(INFO->pcpu_count) }, ERR_NO_PCPU);
	assert_int_equal(bench_answer.need, INFO->pcpu_count);
	r = a_set("a", BIT32(FIELD_WEIGHT), (struct vm_share){ .weight = 9 });
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	r = a_set("nobody", BIT32(FIELD_WEIGHT), (struct vm_share){ .weight = 9 });
	bench_send(&r);
	bench_expect(ERR_NO_VM);
	memset(r.name, 'x', sizeof(r.name));
	bench_send(&r);
	bench_expect(ERR_BAD_NAME);
	fake_fail_share(PD_SET_WEIGHT);
	set(BIT32(FIELD_WEIGHT) | BIT32(FIELD_CAP), (struct vm_share){ .weight = 9, .cap = 50 }, ERR_INTERNAL);
	fake_fail_share(PD_OP_COUNT);
	assert_int_equal(fake_share(h_pd, PD_SET_WEIGHT), 50);
	assert_int_equal(fake_share(h_pd, PD_SET_CAP), 0);
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	assert_int_equal(bench_answer.vm.spec.share.weight, 50);
	assert_int_equal(bench_answer.vm.spec.share.cap, 0);
	bench_delete("a");
	/* A share that the kernel refuses at the start is a refusal too, and nothing is left of the attempt. */
	create(1, (struct vm_share){ .weight = 50 });
	fake_fail_share(PD_SET_WEIGHT);
	bench_ask(REQ_START, "a", 0);
	bench_expect(ERR_INTERNAL);
	fake_fail_share(PD_OP_COUNT);
	bench_delete("a");
}

/* In every phase of a VM a set is answered, and holds for the next start. */
static void set_at_any_time(void **state)
{
	(void)state;
	create(1, (struct vm_share){ 0 });
	for (u32 i = 0; i < STATES_OF_A_RUN; i++) {
		if (i == 1)
			bench_ask(REQ_START, "a", 0);
		if (i == 2) {
			bench_vmm_says(PHASE_RUNNING, STOP_NONE);
			bench_expect(ERR_NONE);
		}
		if (i == 3)
			bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);	/* its objects are on their way back */
		if (i == 4)
			bench_await_answer();
		set(BIT32(FIELD_WEIGHT), (struct vm_share){ .weight = 200 + i }, ERR_NONE);
		assert_int_equal(bench_answer.vm.spec.share.weight, 200 + i);
	}
	bench_turns(0, 20);
	bench_start("a");
	assert_int_equal(told(PD_SET_WEIGHT), 204);
	bench_delete("a");
}

/* What the kernel counts arrives, and the last run's figures stay until the next start. */
static void statistics(void **state)
{
	struct vm_stats first;
	u64 exits = 0, wakeups = 0;

	(void)state;
	create(2, (struct vm_share){ 0 });
	bench_ask(REQ_STATS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.stats.load.exits, 0);
	bench_start("a");
	bench_ask(REQ_STATS, "a", 0);
	bench_expect(ERR_NONE);
	first = bench_answer.stats;
	assert_string_equal(first.name, "a");
	assert_int_equal(first.state, VM_RUNNING);
	assert_int_equal(first.cpus, 2);
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		exits += i != EXIT_DEADLINE ? 2 * (1000 + STAT_EXIT_COUNT + i) : 0;
	assert_int_equal(first.load.exits, exits);
	assert_int_equal(first.load.exits_vmm, exits - 2 * (2000 + 2 * STAT_EXIT_COUNT + EXIT_NONE + EXIT_GRANTED));
	assert_int_equal(first.exit_count[EXIT_CPUID], 2 * (1000 + STAT_EXIT_COUNT + EXIT_CPUID));
	assert_int_equal(first.exit_count[EXIT_REASON_COUNT], 0);
	for (u32 i = 0; i < STAT_WAKE_BUCKETS; i++)
		wakeups += 1000 + STAT_WAKE_BUCKET + i;
	assert_int_equal(first.load.wakeups, wakeups);
	assert_int_equal(first.wake_bucket[31], 1000 + STAT_WAKE_BUCKET + 31);
	assert_int_equal(first.ram_bytes, 16 * MIB);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_expect(ERR_NONE);
	bench_ask(REQ_STATS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.stats.state, VM_STOPPED);
	assert_int_equal(bench_answer.stats.load.exits, first.load.exits);
	assert_memory_equal(bench_answer.stats.exit_count, first.exit_count, sizeof(first.exit_count));
	assert_memory_equal(bench_answer.stats.wake_bucket, first.wake_bucket, sizeof(first.wake_bucket));
	assert_int_equal(bench_answer.stats.ram_granted_bytes, 0);
	bench_delete("a");
	bench_ask(REQ_STATS, "a", 0);
	bench_expect(ERR_NO_VM);
}

static void expect_vcpus(u8 first, u8 second, u8 third)
{
	bench_ask(REQ_STATUS, "a", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.vcpu_state[0], first);
	assert_int_equal(bench_answer.vm.vcpu_state[1], second);
	assert_int_equal(bench_answer.vm.vcpu_state[2], third);
	for (u32 i = 3; i < VM_VCPUS; i++)
		assert_int_equal(bench_answer.vm.vcpu_state[i], VCPU_IS_OFF);
}

/* What a vCPU is at: what the VMM says of its start, and the kernel of its thread. */
static void vcpu_states(void **state)
{
	volatile struct vmm_control *control;

	(void)state;
	create(3, (struct vm_share){ 0 });
	expect_vcpus(VCPU_IS_OFF, VCPU_IS_OFF, VCPU_IS_OFF);
	bench_ask(REQ_START, "a", 0);
	bench_vmm_control()->vcpus_online = 7;
	expect_vcpus(VCPU_IS_OFF, VCPU_IS_OFF, VCPU_IS_OFF);	/* it loads */
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	expect_vcpus(VCPU_IS_RUNNING, VCPU_IS_RUNNING, VCPU_IS_RUNNING);
	control = bench_vmm_control();
	control->vcpus_online = ~0ull & ~BIT64(2);		/* there are no more than three */
	fake_wait(fake_thread_nth(fake_threads_made() - 2), true);
	fake_wait(fake_thread_nth(fake_threads_made() - 1), true);
	expect_vcpus(VCPU_IS_RUNNING, VCPU_IS_HALTED, VCPU_IS_UNSTARTED);
	bench_ask(REQ_PAUSE, "a", 0);
	control->is_paused = 1;
	bench_turns(ROOT_BIT_VMM, 1);
	expect_vcpus(VCPU_IS_PAUSED, VCPU_IS_PAUSED, VCPU_IS_UNSTARTED);
	bench_ask(REQ_STOP, "a", REQ_FLAG_FORCE);
	bench_await_answer();
	expect_vcpus(VCPU_IS_OFF, VCPU_IS_OFF, VCPU_IS_OFF);
	bench_delete("a");
}

static void processors(void **state)
{
	struct request r = bench_make_request(REQ_PCPU, "", 0);

	(void)state;
	bench_send(&r);
	bench_expect(ERR_NO_PCPU);
	assert_int_equal(bench_row_count, INFO->pcpu_count);
	for (u32 i = 0; i < bench_row_count; i++) {
		assert_int_equal(bench_rows[i].pcpu.index, i);
		assert_int_equal(bench_rows[i].pcpu.count, INFO->pcpu_count);
	}
	r.index = INFO->pcpu_count;
	bench_send(&r);
	bench_expect(ERR_NO_PCPU);
	r.index = ~0u;
	bench_send(&r);
	bench_expect(ERR_NO_PCPU);
	/* Numbers that are no requests. */
	for (u32 op = REQ_OP_COUNT; op < REQ_OP_COUNT + 3; op++) {
		bench_ask(op, "a", 0);
		bench_expect(ERR_BAD_FIELD);
	}
	bench_ask(0, "a", 0);
	bench_expect(ERR_BAD_FIELD);
}

/* A VMM that others or its cap keep from running has as much more time to load its guest; then it is given up. */
static void a_starved_start(void **state)
{
	u64 second = INFO->tsc_hz, begun = rt_time_tsc();

	(void)state;
	create(16, (struct vm_share){ .cap = 1 });
	fake_ready_time(30 * second);
	bench_ask(REQ_START, "a", 0);
	for (u32 i = 0; i < 1000 && !bench_is_answered(); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		bench_turns(0, 1);
	}
	assert_true(bench_is_answered());
	assert_int_equal(bench_answer.error, ERR_TIMEOUT);
	assert_true(rt_time_tsc() - begun >= (120 + 30) * second);
	assert_true(rt_time_tsc() - begun < (120 + 16 * 30) * second);	/* its threads' waits do not add up */
	fake_ready_time(0);
	bench_turns(0, 20);
	bench_expect_state("a", VM_CRASHED, STOP_VMM_FAULT);
	bench_delete("a");
}

/* Handles, object sets and places are all given back, or this would not come to its end. */
static void a_thousand_times(void **state)
{
	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		create(4, (struct vm_share){ .weight = 1 + i, .cap = i % 400 });
		bench_start("a");
		set(BIT32(FIELD_CAP), (struct vm_share){ .cap = 1 }, ERR_NONE);
		bench_delete("a");
	}
}

/* Each field of a VM at rest; of one that lives only those of FIELDS_ANY_TIME. What is refused changes nothing. */
static void all_fields_of_a_vm_at_rest(void **state)
{
	static struct request r;

	(void)state;
	r = bench_make_request(REQ_SET, "a", 0);
	bench_create("a", RESTART_NEVER, 0);
	r.spec = (struct vm_spec){ .cpus = 3, .memory_bytes = 32 * MIB, .platform = PLATFORM_PC,
		.restart = RESTART_ALWAYS };
	strcpy(r.spec.cmdline, "other");
	r.fields = BIT32(FIELD_CPU) | BIT32(FIELD_MEMORY) | BIT32(FIELD_PLATFORM) | BIT32(FIELD_RESTART) |
		BIT32(FIELD_CMDLINE) | BIT32(FIELD_INITRD);
	r.flags = REQ_FLAG_DRY_RUN;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.cpus, 1);
	r.flags = 0;
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.cpus, 3);
	assert_int_equal(bench_answer.vm.spec.memory_bytes, 32 * MIB);
	assert_int_equal(bench_answer.vm.spec.restart, RESTART_ALWAYS);
	assert_string_equal(bench_answer.vm.spec.cmdline, "other");
	assert_string_equal(bench_answer.vm.spec.initrd, "");
	assert_string_equal(bench_answer.vm.spec.kernel, "debian-kernel");	/* was not named */
	r.spec.cpus = 0;
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	assert_int_equal(bench_answer.have, FIELD_CPU);
	assert_int_equal(bench_answer.vm.spec.cpus, 3);
	r.spec.cpus = VM_VCPUS + 1;
	bench_send(&r);
	bench_expect(ERR_TOO_MANY_VCPUS);
	r.spec.cpus = 1;
	r.spec.memory_bytes = VM_MEMORY_MAX;
	r.spec.memory_policy = MEMORY_EAGER;
	r.fields |= BIT32(FIELD_MEMORY_POLICY);
	bench_send(&r);
	bench_expect(ERR_NO_MEMORY);
	strcpy(r.spec.kernel, "nothing");
	r.fields = BIT32(FIELD_KERNEL);
	bench_send(&r);
	bench_expect(ERR_NO_IMAGE);
	memset(r.spec.cmdline, 'x', sizeof(r.spec.cmdline));
	r.fields = BIT32(FIELD_CMDLINE);
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.spec.module_count = IMAGE_MODULES + 1;
	r.fields = BIT32(FIELD_MODULE);
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	r.fields = BIT32(FIELD_OP);
	bench_send(&r);
	bench_expect(ERR_BAD_FIELD);
	bench_start("a");
	r.fields = BIT32(FIELD_CPU) | BIT32(FIELD_RESTART);
	bench_send(&r);
	bench_expect(ERR_VM_STATE);
	r.spec.restart = RESTART_NEVER;
	r.fields = BIT32(FIELD_RESTART) | BIT32(FIELD_CLASS);
	bench_send(&r);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.spec.restart, RESTART_NEVER);
	assert_int_equal(bench_answer.vm.spec.cpus, 3);
	bench_delete("a");
}

/* A VM whose memory its images don't fit into is refused when it is defined or changed, with what they take. */
static void too_little_for_its_images(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 4 * MIB, .kernel = "large-kernel" };
	bench_send(&r);
	bench_expect(ERR_IMAGE_MEMORY);
	assert_int_equal(bench_answer.need, 5 * MIB);
	assert_int_equal(bench_answer.have, 4 * MIB);
	r.spec.memory_bytes = 6 * MIB;
	strcpy(r.spec.initrd, "debian-initrd");
	r.spec.module_count = 1;
	strcpy(r.spec.modules[0], "debian-kernel and a text");
	bench_send(&r);
	bench_expect(ERR_NONE);
	r.op = REQ_SET;
	r.fields = BIT32(FIELD_MEMORY);
	r.spec.memory_bytes = 2 * MIB;
	bench_send(&r);
	bench_expect(ERR_IMAGE_MEMORY);
	assert_int_equal(bench_answer.need, 5 * MIB + PAGE_SIZE + 6);
	r.fields = BIT32(FIELD_MEMORY) | BIT32(FIELD_KERNEL);
	strcpy(r.spec.kernel, "debian-kernel");	/* of no kind that is known: its VMM will say so */
	bench_send(&r);
	bench_expect(ERR_NONE);
	r.fields = BIT32(FIELD_KERNEL);
	strcpy(r.spec.kernel, "large-kernel");
	bench_send(&r);
	bench_expect(ERR_IMAGE_MEMORY);
	bench_delete("a");
}

/* Memory that no guest-physical address of this machine names is refused when it is defined, not at the start. */
static void more_than_addresses(void **state)
{
	const u64 most = (1ull << 40) - GIB;		/* fake_platform.c has 40 bits; 1 GiB below 4 GiB is a hole */
	struct request r = bench_make_request(REQ_CREATE, "a", 0);

	(void)state;
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = most + PAGE_SIZE_2M, .memory_policy = MEMORY_LAZY };
	bench_send(&r);
	bench_expect(ERR_GUEST_MEMORY);
	assert_int_equal(bench_answer.need, most + PAGE_SIZE_2M);
	assert_int_equal(bench_answer.have, most);
	r.spec.memory_bytes = most;
	bench_send(&r);
	bench_expect(ERR_NONE);
	r.op = REQ_SET;
	r.fields = BIT32(FIELD_MEMORY);
	r.spec.memory_bytes = 16ull << 40;
	bench_send(&r);
	bench_expect(ERR_GUEST_MEMORY);
	bench_delete("a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields_of_a_vm_at_rest), cmocka_unit_test(too_little_for_its_images),
		cmocka_unit_test(more_than_addresses),
		cmocka_unit_test(a_start_tells_the_share),
		cmocka_unit_test(set_while_it_runs),
		cmocka_unit_test(refused_sets), cmocka_unit_test(set_at_any_time), cmocka_unit_test(statistics),
		cmocka_unit_test(vcpu_states), cmocka_unit_test(processors), cmocka_unit_test(a_starved_start),
		cmocka_unit_test(a_thousand_times),
	};

	return cmocka_run_group_tests(tests, bench_boot, NULL);
}
