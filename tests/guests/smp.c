/* SPDX-License-Identifier: MIT */
/*
 * smp.c - several processors: how they start, interrupts between them in every form, clocks, timers, TLBs, locked
 * memory, registers of their own.
 *
 * `cpus=N`, `xapic` for that mode; `rounds=N` makes it shorter or longer; `off=N`: the CPU that switches off. What a
 * CPU of its own can't tell (who got it, and that nobody else did) is judged by the boot processor from counters.
 */
#include "smp.h"

#define VECTOR 0x50u
#define TIMER_VECTOR 0x60u

static u32 rounds;

/* Says nothing if all is well: there are many of these. */
static void cpu_equal(u64 got, u64 want, const char *name, u32 cpu)
{
	if (got == want)
		return;
	put_text("# CPU ");
	put_decimal(cpu);
	put_text(": ");
	ok_equal(got, want, name);
}

/* ---- how they begin (SDM Vol. 3 table 10-1, and 9.4.3 for SIPI) ---- */
static void check_start(u32 id, u64 page)
{
	const volatile struct smp_start *s = &smp_starts[cpus[id].start];

	cpu_equal(s->cs, page >> 4, "start: CS", id);
	cpu_equal(s->ip, 0, "start: IP", id);
	cpu_equal((s->cr0 & 0x8005003f), 0x10, "start: CR0", id);
	cpu_equal(s->cr3, 0, "start: CR3", id);
	cpu_equal(s->cr4, 0, "start: CR4", id);
	cpu_equal((s->efer & 0xd01), 0, "start: EFER", id);
	cpu_equal((s->eflags & ~0x8d5u), 2, "start: EFLAGS", id);
	cpu_equal(s->dr7, 0x400, "start: DR7", id);
	cpu_equal(s->apic_base & BIT32(8), 0, "start: APIC_BASE: boot processor", id);
}

static void test_start(void)
{
	ok(smp_start_all(), "all CPUs come up");
	for (u32 id = 1; id < smp_cpus; id++) {
		cpu_equal(cpus[id].is_up, 1, "started once", id);
		check_start(id, SMP_PAGE);
	}
	ok(read_msr(0x1b) & BIT64(8), "the boot processor's APIC_BASE says so");
}

/* ---- who am I ---- */
static void note_numbers(u64 unused)
{
	struct cpu *c = this_cpu();

	(void)unused;
	c->out[0] = apic_id();
	c->out[1] = cpuid(1, 0).b >> 24;
	c->out[2] = cpuid(0, 0).a >= 0xb ? cpuid(0xb, 0).d : c->id;
	c->out[3] = READ_CR(8);
}

static void test_numbers(void)
{
	ok(smp_all(note_numbers, 0), "all CPUs work");
	for (u32 id = 0; id < smp_cpus; id++) {
		cpu_equal(cpus[id].out[0], id, "APIC ID", id);
		cpu_equal(cpus[id].out[1], id, "CPUID 1: APIC ID", id);
		cpu_equal(cpus[id].out[2], id, "CPUID 0Bh: APIC ID", id);
		cpu_equal(cpus[id].out[3], 0, "CR8", id);
	}
}

/* ---- interrupts between CPUs ---- */
static u64 expected[SMP_MAX];

static void nothing(u64 unused) { (void)unused; }

/* Sends, adds one for each CPU in `mask`, and looks whether just those got it. */
static bool deliver(u32 destination, u32 low, u32 vector, u32 mask)
{
	bool is_right = true;

	ipi(destination, low);
	for (u32 id = 0; id < smp_cpus; id++)
		expected[id] += mask >> id & 1;
	interrupts_on();
	for (u32 id = 0; id < smp_cpus; id++)
		if (mask >> id & 1)
			is_right &= smp_reach(&cpus[id].hits[vector], expected[id]);
	/* A round of other interrupts, so that one too many would have come too. */
	is_right &= smp_all(nothing, 0);
	interrupts_off();
	for (u32 id = 0; id < smp_cpus; id++)
		is_right &= cpus[id].hits[vector] == expected[id];
	return is_right;
}

static void expect_vector(u32 vector)
{
	for (u32 id = 0; id < smp_cpus; id++)
		expected[id] = cpus[id].hits[vector];
}

static void test_ipi(void)
{
	u32 all = BIT32(smp_cpus) - 1, self = BIT32(apic_id());
	bool is_right = true;

	expect_vector(VECTOR);
	for (u32 id = 0; id < smp_cpus; id++)
		is_right &= deliver(id, VECTOR, VECTOR, BIT32(id));
	ok(is_right, "IPI: physical, to each");
	ok(deliver(apic_is_x2 ? ~0u : 0xff, VECTOR, VECTOR, all), "IPI: physical, broadcast");
	ok(deliver(0, ICR_SELF | VECTOR, VECTOR, self), "IPI: shorthand self");
	ok(deliver(0, ICR_ALL | VECTOR, VECTOR, all), "IPI: shorthand all");
	ok(deliver(0, ICR_OTHERS | VECTOR, VECTOR, all & ~self), "IPI: shorthand all but self");
	ok(deliver(0x0e, VECTOR, VECTOR, 0x4000 & all), "IPI: physical, to nobody");
	if (apic_is_x2) {
		write_msr(X2APIC(APIC_SELF), VECTOR);
		expected[apic_id()]++;
		ok(deliver(0, ICR_OTHERS | VECTOR, VECTOR, all & ~self), "IPI: SELF IPI register");
	}
}

static void set_logical(u64 is_cluster)
{
	u32 id = apic_id();

	apic_write(APIC_DFR, is_cluster ? 0x0fffffff : 0xffffffff);
	apic_write(APIC_LDR, is_cluster ? (id / 4 << 4 | BIT32(id % 4)) << 24 : BIT32(id % 8) << 24);
}

static void note_ldr(u64 unused)
{
	u32 id = apic_id();

	(void)unused;
	this_cpu()->out[4] = apic_read(APIC_LDR) == (id / 16 << 16 | BIT32(id % 16));
}

static void test_logical(void)
{
	u32 all = BIT32(smp_cpus) - 1, step = 1 + all / 16;	/* every set of four CPUs, some of more */
	bool is_right = true;

	smp_all(note_ldr, 0);
	expect_vector(VECTOR + 1);
	if (apic_is_x2) {
		is_right = cpus[0].out[4] == 1;
		for (u32 mask = 1; mask <= all; mask += step)
			is_right &= deliver(mask, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, mask);
		ok(is_right, "IPI: logical, x2APIC cluster");
		ok(deliver(1 << 16 | 1, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, 0), "IPI: logical, another cluster");
		ok(deliver(~0u, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, all), "IPI: logical, broadcast");
		return;
	}
	smp_all(set_logical, false);
	for (u32 mask = 1; mask <= all && mask < 0x100; mask += step)
		is_right &= deliver(mask, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, mask);
	ok(is_right, "IPI: logical, flat");
	smp_all(set_logical, true);
	is_right = true;
	for (u32 mask = 1; mask <= (all & 0xf); mask++)
		is_right &= deliver(mask, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, mask);
	ok(is_right, "IPI: logical, clusters, every set of the first");
	ok(deliver(0x31, ICR_LOGICAL | (VECTOR + 1), VECTOR + 1, all >> 12 & 1), "IPI: logical, another cluster");
	smp_all(set_logical, false);
}

/* Lowest priority: exactly one of those addressed, and none that is busier (task priority) than another. */
static void set_tpr(u64 value)
{
	apic_write(APIC_TPR, (u32)value);
}

static void test_lowest(void)
{
	u32 all = BIT32(smp_cpus) - 1, vector = VECTOR + 2, target = (smp_cpus < 8 ? smp_cpus : 8) - 1;
	u64 before[SMP_MAX], sum = 0;

	for (u32 id = 0; id < smp_cpus; id++)
		before[id] = cpus[id].hits[vector];
	for (u32 i = 0; i < 8; i++) {
		ipi(all & 0xff, ICR_LOGICAL | ICR_LOWEST | vector);
		interrupts_on();
		smp_all(nothing, 0);
		interrupts_off();
	}
	for (u32 id = 0; id < smp_cpus; id++)
		sum += cpus[id].hits[vector] - before[id];
	ok_equal(sum, 8, "IPI: lowest priority, one CPU each");
	for (u32 id = 1; id < smp_cpus; id++)
		if (id != target) {
			smp_run(id, set_tpr, 0x20);
			smp_wait(id);
		}
	apic_write(APIC_TPR, 0x20);
	expect_vector(vector);
	ok(deliver(all & 0xff, ICR_LOGICAL | ICR_LOWEST | vector, vector, BIT32(target)),
	   "IPI: lowest priority, the least busy one");
	apic_write(APIC_TPR, 0);
	smp_all(set_tpr, 0);
}

static void test_nmi(void)
{
	u32 all = BIT32(smp_cpus) - 1, self = BIT32(apic_id());
	bool is_right = true;

	expect_vector(2);
	for (u32 i = 0; i < 10; i++)
		for (u32 id = 1; id < smp_cpus; id++)
			is_right &= deliver(id, ICR_NMI, 2, BIT32(id));
	ok(is_right, "NMI: physical, to each, ten times");
	ok(deliver(0, ICR_OTHERS | ICR_NMI, 2, all & ~self), "NMI: all but self");
	ok(deliver(apic_id(), ICR_NMI, 2, self), "NMI: to oneself");
}

/* Halted with interrupts off, a CPU takes nothing but an NMI. */
static void halt_deaf(u64 unused)
{
	struct cpu *c = this_cpu();
	u64 before = c->hits[2];

	(void)unused;
	interrupts_off();
	c->out[0] = 1;
	while (c->hits[2] == before)
		__asm__ volatile("hlt" : : : "memory");
	c->out[1] = c->hits[VECTOR];
	interrupts_on();
}

static void wait_ticks(u64 ticks)
{
	u64 since = read_tsc();

	while (!smp_late(since, ticks))
		relax();
}

/* Once is not enough: an NMI may come between the other's look at its counter and its HLT. */
static void nmi_until_idle(u32 id)
{
	u64 since = read_tsc();

	while (__atomic_load_n(&cpus[id].work, __ATOMIC_ACQUIRE) && !smp_late(since, 0)) {
		ipi(id, ICR_NMI);
		wait_ticks(100000);
	}
}

static void test_deaf(void)
{
	bool is_right = true;

	for (u32 id = 1; id < smp_cpus; id++) {
		u64 before = cpus[id].hits[VECTOR];

		cpus[id].out[0] = 0;
		smp_run(id, halt_deaf, 0);
		is_right &= smp_reach(&cpus[id].out[0], 1);
		ipi(id, VECTOR);
		nmi_until_idle(id);
		is_right &= smp_wait(id) && cpus[id].out[1] == before;
		is_right &= smp_reach(&cpus[id].hits[VECTOR], before + 1);
	}
	ok(is_right, "interrupts off and halted: an NMI wakes, an interrupt waits");
}

/* Interrupts in both directions at once, many: none lost while the handler can tell them apart. */
static void ping(u64 count)
{
	struct cpu *c = this_cpu();
	u32 next = (c->id + 1) % smp_cpus;

	for (u64 i = 1; i <= count; i++) {
		u64 before = cpus[next].hits[VECTOR + 3];

		ipi(next, VECTOR + 3);
		if (!smp_reach(&cpus[next].hits[VECTOR + 3], before + 1))
			return;
	}
	c->out[5] = count;
}

static void test_ring(void)
{
	bool is_right = true;

	for (u32 id = 0; id < smp_cpus; id++)
		cpus[id].out[5] = 0;
	interrupts_on();
	smp_all(ping, rounds);
	interrupts_off();
	for (u32 id = 0; id < smp_cpus; id++) {
		cpu_equal(cpus[id].out[5], rounds, "sent to its neighbour", id);
		cpu_equal(cpus[id].hits[VECTOR + 3], rounds, "taken from its neighbour", id);
		is_right &= cpus[id].out[5] == rounds && cpus[id].hits[VECTOR + 3] == rounds;
	}
	ok(is_right, "IPI: each to its neighbour, all at once");
}

/* ---- INIT of a CPU that runs; SIPIs that nobody waits for ---- */
static void spin_deaf(u64 unused)
{
	(void)unused;
	interrupts_off();
	this_cpu()->out[0] = 1;
	for (;;)
		relax();
}

static void test_init(void)
{
	bool is_right = true;

	for (u32 id = 1; id < smp_cpus; id++) {
		u32 before = cpus[id].is_up;
		u64 hits = cpus[id].hits[VECTOR];

		cpus[id].out[0] = 0;
		smp_run(id, spin_deaf, 0);
		is_right &= smp_reach(&cpus[id].out[0], 1);
		ipi(id, ICR_STARTUP | (u32)(SMP_PAGE_2 >> 12));
		ipi(id, VECTOR);			/* pending, until INIT throws it away */
		wait_ticks(200000);
		is_right &= cpus[id].is_up == before;
		is_right &= smp_start_at(id, id & 1 ? SMP_PAGE_2 : SMP_PAGE);
		is_right &= cpus[id].is_up == before + 1;
		check_start(id, id & 1 ? SMP_PAGE_2 : SMP_PAGE);
		smp_run(id, nothing, 0);
		is_right &= smp_wait(id) && cpus[id].hits[VECTOR] == hits;
	}
	ok(is_right, "INIT of a running CPU; only then a SIPI starts it");
	for (u32 id = 1; id < smp_cpus; id++) {
		u32 before = cpus[id].is_up;

		ipi(id, ICR_STARTUP | (u32)(SMP_PAGE >> 12));
		smp_run(id, nothing, 0);
		is_right &= smp_wait(id) && cpus[id].is_up == before;
	}
	ok(is_right, "SIPI to a halted CPU is nothing");
	ipi(apic_id(), ICR_STARTUP | (u32)(SMP_PAGE >> 12));
	ipi(0, ICR_OTHERS | ICR_INIT);
	wait_ticks(100000);
	ipi(0, ICR_OTHERS | VECTOR);			/* nobody is there to take it */
	{
		u32 before[SMP_MAX];
		u64 hits[SMP_MAX];

		for (u32 id = 0; id < smp_cpus; id++) {
			before[id] = cpus[id].is_up;
			hits[id] = cpus[id].hits[VECTOR];
		}
		ipi(0, ICR_OTHERS | ICR_STARTUP | (u32)(SMP_PAGE >> 12));
		for (u32 id = 1; id < smp_cpus; id++) {
			u64 since = read_tsc();

			while (cpus[id].is_up == before[id] && !smp_late(since, 0))
				relax();
			is_right &= cpus[id].is_up == before[id] + 1;
			smp_run(id, nothing, 0);
			is_right &= smp_wait(id) && cpus[id].hits[VECTOR] == hits[id];
		}
	}
	ok(is_right, "INIT and SIPI to all but self");
}

/* ---- clocks ---- */
static volatile u64 clock_turn, clock_last, clock_backward;

/* Two CPUs take turns; each must read a later time than the other just did. */
static void clock_play(u64 parity)
{
	u64 since = read_tsc();

	for (;;) {
		u64 turn = __atomic_load_n(&clock_turn, __ATOMIC_ACQUIRE), now;

		if (turn == ~0ull)
			return;
		if ((turn & 1) != parity) {
			relax();
			continue;
		}
		now = read_tsc();
		clock_backward += now < clock_last;
		clock_last = now;
		if (turn >= 2 * rounds || (turn > 20 && smp_late(since, 400000000))) {
			__atomic_store_n(&clock_turn, ~0ull, __ATOMIC_RELEASE);
			return;
		}
		__atomic_store_n(&clock_turn, turn + 1, __ATOMIC_RELEASE);
	}
}

static void test_clock(void)
{
	bool is_right = true;

	for (u32 id = 1; id < smp_cpus; id++) {
		clock_turn = clock_last = 0;
		smp_run(id, clock_play, 1);
		clock_play(0);
		is_right &= smp_wait(id);
	}
	ok(is_right, "the clock game ends");
	ok_equal(clock_backward, 0, "TSC never goes back from one CPU to another");
}

/* ---- KVM's clock ---- */
static struct record {
	volatile u32 version, pad;
	volatile u64 tsc, ns;
	volatile u32 multiplier;
	volatile s8 shift;
	volatile u8 flags, pad2[2];
} records[SMP_MAX] __attribute__((aligned(4096)));

static void ask_record(u64 unused)
{
	(void)unused;
	write_msr(0x4b564d01, (u64)&records[this_cpu()->id] | 1);
}

static u64 record_ns(const struct record *r, u64 tsc)
{
	u64 since = tsc - r->tsc;

	since = r->shift >= 0 ? since << r->shift : since >> -r->shift;
	return r->ns + (u64)((unsigned __int128)since * r->multiplier >> 32);
}

/* As clock_play, with the time in nanoseconds by each CPU's own record. */
static void record_play(u64 parity)
{
	const struct record *r = &records[this_cpu()->id];
	u64 since = read_tsc();

	for (;;) {
		u64 turn = __atomic_load_n(&clock_turn, __ATOMIC_ACQUIRE), now;

		if (turn == ~0ull)
			return;
		if ((turn & 1) != parity) {
			relax();
			continue;
		}
		now = record_ns(r, read_tsc());
		clock_backward += now < clock_last;
		clock_last = now;
		if (turn >= 2 * rounds || (turn > 20 && smp_late(since, 400000000))) {
			__atomic_store_n(&clock_turn, ~0ull, __ATOMIC_RELEASE);
			return;
		}
		__atomic_store_n(&clock_turn, turn + 1, __ATOMIC_RELEASE);
	}
}

/* Records that call themselves stable are one clock: the same time at the same TSC, whoever asks. */
static void test_records(void)
{
	bool is_right = true;
	u64 now;

	ok(smp_all(ask_record, 0), "all ask for KVM's clock");
	now = read_tsc();
	for (u32 id = 0; id < smp_cpus; id++) {
		cpu_equal(records[id].version & 1, 0, "KVM's clock: version", id);
		cpu_equal(records[id].flags, 1, "KVM's clock: stable", id);
		cpu_equal(record_ns(&records[id], now), record_ns(&records[0], now), "KVM's clock: another time", id);
	}
	for (u32 id = 1; id < smp_cpus; id++) {
		clock_turn = clock_last = clock_backward = 0;
		smp_run(id, record_play, 1);
		record_play(0);
		is_right &= smp_wait(id) && clock_backward == 0;
	}
	ok(is_right, "KVM's clock never goes back from one CPU to another");
}

/* ---- timers ---- */
static void run_timer(u64 count)
{
	struct cpu *c = this_cpu();
	bool has_deadline = cpuid(1, 0).c & BIT32(24);

	interrupts_off();
	c->out[6] = 0;
	apic_write(APIC_DIVIDE, 0xb);
	apic_write(APIC_TIMER, TIMER_VECTOR + c->id);
	for (u64 i = 0; i < count; i++) {
		u64 before = c->hits[TIMER_VECTOR + c->id];

		if ((i & 1) && has_deadline) {
			apic_write(APIC_TIMER, (TIMER_VECTOR + c->id) | 2u << 17);
			__asm__ volatile("mfence" : : : "memory");
			write_msr(0x6e0, read_tsc() + 20000 + 1000 * c->id);
		} else {
			apic_write(APIC_TIMER, TIMER_VECTOR + c->id);
			apic_write(APIC_INITIAL, 20000 + 1000 * c->id);
		}
		while (c->hits[TIMER_VECTOR + c->id] == before)
			halt_once();
		c->out[6]++;
	}
	/* Periodic, until there have been as many more. */
	apic_write(APIC_TIMER, (TIMER_VECTOR + c->id) | 1u << 17);
	apic_write(APIC_INITIAL, 300000);
	while (c->hits[TIMER_VECTOR + c->id] < 2 * count)
		halt_once();
	apic_write(APIC_TIMER, 1 << 16 | 0xff);
	apic_write(APIC_INITIAL, 0);
	interrupts_on();
}

static void test_timers(void)
{
	bool is_right = smp_all(run_timer, rounds);

	interrupts_off();
	for (u32 id = 0; id < smp_cpus; id++) {
		if (cpus[id].out[6] != rounds) {
			put_text("# stuck at ");
			put_decimal(cpus[id].out[6]);
			put_char('\n');
		}
		is_right &= cpus[id].out[6] == rounds;
		for (u32 other = 0; other < smp_cpus; other++)
			is_right &= other == id || cpus[id].hits[TIMER_VECTOR + other] == 0;
	}
	ok(is_right, "each CPU has its own timer, all at once");
}

/* ---- translations ---- */
#define WINDOW 0xffc00000ull		/* the last entry of the last directory but one: two frames take turns there */
#define FRAMES 0xa00000ull

static void drop_window(struct trap *t)
{
	struct cpu *c = this_cpu();

	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
	c->hits[t->vector]++;
	apic_write(APIC_EOI, 0);
}

static void look_window(u64 value)
{
	this_cpu()->out[7] = *(volatile u64 *)WINDOW == value;
}

static void test_shootdown(void)
{
	u32 vector = VECTOR + 4, wrong = 0;
	bool is_done = true;

	trap_handlers[vector] = drop_window;
	for (u32 i = 0; i < 2; i++)
		*(volatile u64 *)(FRAMES + i * 0x200000) = 0x1000 + i;
	for (u32 i = 0; i < rounds; i++) {
		page_directories[3][510] = (FRAMES + (i & 1) * 0x200000) | 0x83;
		__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
		expect_vector(vector);
		ipi(0, ICR_OTHERS | vector);
		for (u32 id = 1; id < smp_cpus; id++)
			is_done &= smp_reach(&cpus[id].hits[vector], expected[id] + 1);
		is_done &= smp_all(look_window, 0x1000 + (i & 1));
		for (u32 id = 0; id < smp_cpus; id++)
			wrong += !cpus[id].out[7];
	}
	ok(is_done, "TLB shootdown by IPI: all answer");
	ok_equal(wrong, 0, "TLB shootdown by IPI: nobody sees the old frame");
}

/* ---- shared memory ---- */
static volatile u64 counter, guarded, guard;

static void count_up(u64 count)
{
	for (u64 i = 0; i < count; i++)
		__asm__ volatile("lock incq %0" : "+m"(counter) : : "memory");
	for (u64 i = 0; i < count / 16; i++) {
		while (__atomic_exchange_n(&guard, 1, __ATOMIC_ACQUIRE))
			relax();
		guarded++;
		__atomic_store_n(&guard, 0, __ATOMIC_RELEASE);
	}
}

static void test_memory(void)
{
	u64 count = 1000ull * rounds;

	smp_all(count_up, count);
	ok_equal(counter, count * smp_cpus, "lock inc by all");
	ok_equal(guarded, count / 16 * smp_cpus, "a counter behind a spin lock");
}

/* ---- registers of one's own, while the others and interrupts go on ---- */
static const u32 own_msrs[] = { 0xc0000102, 0xc0000081, 0xc0000082, 0xc0000084, 0x174, 0x175, 0x176, 0xc0000100 };

static void keep_registers(u64 count)
{
	struct cpu *c = this_cpu();
	u64 mine = 0x400 * (u64)(c->id + 1), a, b, wrong = 0;
	u32 next = (c->id + 1) % smp_cpus;

	for (u32 m = 0; m < ARRAY_COUNT(own_msrs); m++)
		write_msr(own_msrs[m], mine + m * 16);
	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr3" : : "r"(mine + 1), "r"(mine + 2));
	__asm__ volatile("movq %0, %%cr2" : : "r"(mine + 3));
	__asm__ volatile("movq %0, %%xmm0; movq %0, %%xmm15" : : "r"(mine + 4));
	interrupts_on();
	for (u64 i = 0; i < count; i++) {
		ipi(next, VECTOR + 5);
		cpuid(0, 0);
		__asm__ volatile("movq %%xmm0, %0; movq %%xmm15, %1" : "=r"(a), "=r"(b));
		wrong |= a != mine + 4 || b != mine + 4 ? 1 : 0;
		__asm__ volatile("movq %%dr0, %0; movq %%dr3, %1" : "=r"(a), "=r"(b));
		wrong |= a != mine + 1 || b != mine + 2 ? 2 : 0;
		wrong |= READ_CR(2) != mine + 3 ? 4 : 0;
		for (u32 m = 0; m < ARRAY_COUNT(own_msrs); m++)
			wrong |= read_msr(own_msrs[m]) != mine + m * 16 ? 0x100ull << m : 0;
	}
	__asm__ volatile("movq %0, %%dr0; movq %0, %%dr3" : : "r"(0ull));
	c->out[3] = wrong;
}

static void test_registers(void)
{
	bool is_done = smp_all(keep_registers, rounds);

	interrupts_off();
	ok(is_done, "all compare their registers");
	for (u32 id = 0; id < smp_cpus; id++)
		ok_equal(cpus[id].out[3], 0, "each CPU keeps its own registers");
}

static void finish(u64 unused)
{
	(void)unused;
	guest_finish();
}

/* All of them, unless the command line names some. */
static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "numbers", test_numbers }, { "ipi", test_ipi }, { "logical", test_logical }, { "lowest", test_lowest },
	{ "nmi", test_nmi }, { "deaf", test_deaf }, { "ring", test_ring }, { "init", test_init },
	{ "clock", test_clock }, { "records", test_records }, { "timers", test_timers },
	{ "shootdown", test_shootdown },
	{ "memory", test_memory }, { "registers", test_registers },
};

void guest_main(void)
{
	bool is_picked = false;
	u32 off;

	smp_init();
	rounds = (u32)guest_number("rounds=", 100);
	test_start();
	for (u32 i = 0; i < ARRAY_COUNT(tests); i++)
		is_picked |= guest_has(tests[i].name);
	for (u32 i = 0; i < ARRAY_COUNT(tests); i++)
		if (!is_picked || guest_has(tests[i].name))
			tests[i].run();
	off = (u32)guest_number("off=", 0);
	if (off > 0 && off < smp_cpus) {
		smp_run(off, finish, 0);
		for (;;)
			__asm__ volatile("cli; hlt");
	}
}
