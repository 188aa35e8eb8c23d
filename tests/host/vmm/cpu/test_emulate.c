/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The emulator against the processor this test runs on: each instruction form is executed natively and emulated, from
 * the same random registers and memory, and the results are compared. Then what cannot run natively: faults, segments,
 * real mode, string I/O, repeat limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "emulate.h"
#include "emulate_forms.h"

/* ---- A guest whose linear memory is one buffer at DATA_ADDRESS ---- */

#define DATA_ADDRESS 0x20000000ull
#define DATA_BYTES (3 * 4096u)
#define CODE_ADDRESS 0x21000000ull

struct guest {
	struct vcpu_page page;
	u8 *memory;		/* DATA_BYTES that linear DATA_ADDRESS stands for */
	u64 read_only_from;	/* linear; writes from here on fault */
	u32 device_pages;	/* bit i: page i of the memory is a device's */
	u32 translations;
	u16 last_port;
	u32 port_values, last_value;
};

static bool find(struct guest *g, u64 linear, u32 size, u8 **at, struct fault *fault)
{
	if (linear < DATA_ADDRESS || linear - DATA_ADDRESS > DATA_BYTES - size) {
		*fault = (struct fault){ .vector = VECTOR_PF, .has_error = 1, .address = linear };
		return false;
	}
	*at = g->memory + (linear - DATA_ADDRESS);
	return true;
}

static bool op_read(void *ctx, u64 linear, u32 size, u64 *value, struct fault *fault)
{
	u8 *at;

	*value = 0;
	if (!find(ctx, linear, size, &at, fault))
		return false;
	memcpy(value, at, size);
	return true;
}

static bool op_probe(void *ctx, u64 linear, u32 size, struct fault *fault)
{
	struct guest *g = ctx;
	u8 *at;

	if (!find(g, linear, size, &at, fault))
		return false;
	if (linear + size > g->read_only_from) {
		*fault = (struct fault){ .vector = VECTOR_PF, .has_error = 1, .error = 3, .address = linear };
		return false;
	}
	return true;
}

static bool op_write(void *ctx, u64 linear, u32 size, u64 value, struct fault *fault)
{
	u8 *at;

	if (!op_probe(ctx, linear, size, fault) || !find(ctx, linear, size, &at, fault))
		return false;
	memcpy(at, &value, size);
	return true;
}

static bool op_translate(void *ctx, u64 linear, u32 size, bool is_write, struct emulate_place *place,
			 struct fault *fault)
{
	struct guest *g = ctx;
	u8 *at;

	g->translations++;
	assert_true((linear & (PAGE_SIZE - 1)) + size <= PAGE_SIZE);
	if (!find(g, linear, size, &at, fault) || (is_write && !op_probe(g, linear, size, fault)))
		return false;
	if (g->device_pages >> ((linear - DATA_ADDRESS) / PAGE_SIZE) & 1)
		at = NULL;
	*place = (struct emulate_place){ .ram = at, .gpa = linear };
	return true;
}

static u64 op_device_read(void *ctx, u64 gpa, u32 size)
{
	struct fault fault;
	u64 value;

	assert_true(op_read(ctx, gpa, size, &value, &fault));
	return value;
}

static void op_device_write(void *ctx, u64 gpa, u32 size, u64 value)
{
	struct fault fault;

	assert_int_equal(value & ~alu_mask(size), 0);
	assert_true(op_write(ctx, gpa, size, value, &fault));
}

static void op_port_read(void *ctx, u16 port, u32 size, u32 *values, u32 count)
{
	struct guest *g = ctx;

	(void)size;
	g->last_port = port;
	for (u32 i = 0; i < count; i++)
		values[i] = 0x11223300 + g->port_values++;
}

static void op_port_write(void *ctx, u16 port, u32 size, const u32 *values, u32 count)
{
	struct guest *g = ctx;

	(void)size;
	g->last_port = port;
	g->last_value = values[count - 1];
	g->port_values += count;
}

static const struct emulate_ops ops = {
	.read = op_read,
	.write = op_write,
	.probe_write = op_probe,
	.translate = op_translate,
	.device_read = op_device_read,
	.device_write = op_device_write,
	.port_read = op_port_read,
	.port_write = op_port_write,
};

static void guest_init(struct guest *g, u8 *memory, enum cpu_mode mode)
{
	memset(g, 0, sizeof(*g));
	g->memory = memory;
	g->read_only_from = ~0ull;
	g->page.rflags = RFLAGS_FIXED;
	g->page.cr0 = CR0_PE | CR0_PG;
	if (mode == MODE_64)
		g->page.efer = EFER_LME | EFER_LMA;
	for (u32 i = 0; i < SEG_COUNT; i++)
		g->page.seg[i] = (struct vcpu_segment){ .limit = 0xffffffff, .access = 0xc093 };
	g->page.seg[SEG_CS].access = mode == MODE_64 ? 0xa09b : mode == MODE_32 ? 0xc09b : 0x809b;
}

static enum emulate_result step(struct guest *g, const u8 *bytes, u32 count, struct fault *fault)
{
	struct emulate e = { .page = &g->page, .ops = &ops, .ctx = g };
	struct insn insn;
	enum emulate_result result;

	assert_int_equal(decode(&insn, bytes, count, x86_mode(&g->page)), DECODE_OK);
	result = emulate(&e, &insn);
	*fault = e.fault;
	return result;
}

/* ---- Native execution ---- */

struct native { u64 gpr[GPR_COUNT]; u64 rflags; };

/* Code: [instruction] [ret to native_back]. The registers are switched around it, RSP included. */
extern void native_call(struct native *n, const void *code);
__asm__(".text\n"
	"native_call:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
	"	mov %rsp, native_rsp(%rip)\n"
	"	mov %rsi, native_code(%rip)\n"
	"	pushq 128(%rdi); popfq\n"
	"	mov 0(%rdi),%rax; mov 8(%rdi),%rcx; mov 16(%rdi),%rdx; mov 24(%rdi),%rbx\n"
	"	mov 40(%rdi),%rbp; mov 48(%rdi),%rsi\n"
	"	mov 64(%rdi),%r8; mov 72(%rdi),%r9; mov 80(%rdi),%r10; mov 88(%rdi),%r11\n"
	"	mov 96(%rdi),%r12; mov 104(%rdi),%r13; mov 112(%rdi),%r14; mov 120(%rdi),%r15\n"
	"	mov 32(%rdi),%rsp\n"
	"	mov 56(%rdi),%rdi\n"
	"	jmp *native_code(%rip)\n"
	".globl native_back\n"
	"native_back:\n"
	"	mov %rsp, native_guest_rsp(%rip)\n"
	"	mov native_rsp(%rip), %rsp\n"
	"	pushfq\n"
	"	cld\n"
	"	push %rdi\n"
	"	mov 16(%rsp), %rdi\n"
	"	mov %rax,0(%rdi); mov %rcx,8(%rdi); mov %rdx,16(%rdi); mov %rbx,24(%rdi)\n"
	"	mov %rbp,40(%rdi); mov %rsi,48(%rdi)\n"
	"	mov %r8,64(%rdi); mov %r9,72(%rdi); mov %r10,80(%rdi); mov %r11,88(%rdi)\n"
	"	mov %r12,96(%rdi); mov %r13,104(%rdi); mov %r14,112(%rdi); mov %r15,120(%rdi)\n"
	"	pop %rax; mov %rax,56(%rdi)\n"
	"	pop %rax; mov %rax,128(%rdi)\n"
	"	mov native_guest_rsp(%rip),%rax; mov %rax,32(%rdi)\n"
	"	pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".data\n"
	"native_rsp: .quad 0\n"
	"native_code: .quad 0\n"
	"native_guest_rsp: .quad 0\n"
	".text\n");
extern const char native_back[];

static u8 *data, *code;

static u64 rng_state = 0x123456789abcdefull;

static u64 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

/* jmp [rip]: to native_back */
static void write_code(const u8 *bytes, u32 count)
{
	u64 back = (u64)(uintptr_t)native_back;

	memcpy(code, bytes, count);
	memcpy(code + count, "\xff\x25\x00\x00\x00\x00", 6);
	memcpy(code + count + 6, &back, 8);
}

#define COMPARED_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* What an instruction leaves undefined is not compared. */
static u64 defined_flags(const struct insn *insn)
{
	u32 op = insn->op;

	if (op >= OP_ROL && op <= OP_RCR)
		return insn->imm == 1 ? COMPARED_FLAGS : COMPARED_FLAGS & ~RFLAGS_OF;
	if (op >= OP_SHL && op <= OP_SHRD)
		return COMPARED_FLAGS & ~RFLAGS_AF & ~(insn->imm == 1 ? 0 : RFLAGS_OF);
	if (op == OP_MUL || op == OP_IMUL || op == OP_IMUL2 || op == OP_IMUL3)
		return RFLAGS_CF | RFLAGS_OF;
	if (op == OP_DIV || op == OP_IDIV)
		return 0;
	if (op == OP_BSF || op == OP_BSR)
		return RFLAGS_ZF;
	if (op == OP_AND || op == OP_OR || op == OP_XOR || op == OP_TEST)
		return COMPARED_FLAGS & ~RFLAGS_AF;
	if (op >= OP_BT && op <= OP_BTC)
		return RFLAGS_CF;
	return COMPARED_FLAGS;
}

/* Random values; RBX and RSI point into the data, RDI too, RCX is small, RSP is the top of a stack in the data. */
static void random_registers(struct guest *g, u32 round)
{
	for (u32 i = 0; i < GPR_COUNT; i++)
		g->page.gpr[i] = round % 4 == 0 ? rng() & 3 : rng() >> (rng() % 64);
	g->page.gpr[GPR_RBX] = DATA_ADDRESS + 1024 + (rng() & 63);
	g->page.gpr[GPR_RSI] = DATA_ADDRESS + 1500 + (rng() & 63);
	g->page.gpr[GPR_RDI] = DATA_ADDRESS + 2500 + (rng() & 63);
	g->page.gpr[GPR_RSP] = DATA_ADDRESS + 3584;
	g->page.gpr[GPR_RCX] = (rng() & 1) ? rng() & 0xff : 0 - (rng() & 0xff);
	g->page.rflags = RFLAGS_FIXED | (rng() & COMPARED_FLAGS) | (rng() & RFLAGS_DF) | RFLAGS_IF;
	g->page.rip = CODE_ADDRESS;
}

static bool flags_differ(u64 a, u64 b, const struct insn *insn)
{
	return ((a ^ b) & defined_flags(insn)) != 0;
}

static bool compare_once(const struct form *f, u32 round)
{
	static u8 before[DATA_BYTES], emulated[DATA_BYTES];
	struct native n;
	struct guest g;
	struct insn insn;
	struct fault fault;

	for (u32 i = 0; i < DATA_BYTES; i += 8) {
		u64 value = rng() & 1 ? rng() : rng() & 1 ? 0 : ~0ull;

		memcpy(before + i, &value, 8);
	}
	memcpy(emulated, before, DATA_BYTES);
	memcpy(data, before, DATA_BYTES);
	guest_init(&g, emulated, MODE_64);
	random_registers(&g, round);
	if (rng() & 1)	/* let comparisons be equal often */
		memcpy(&g.page.gpr[GPR_RAX], before + (g.page.gpr[GPR_RBX] - DATA_ADDRESS), 8);
	memcpy(n.gpr, g.page.gpr, sizeof(n.gpr));
	n.rflags = g.page.rflags;
	write_code(f->bytes, f->count);
	assert_int_equal(decode(&insn, f->bytes, f->count, MODE_64), DECODE_OK);
	if (step(&g, f->bytes, f->count, &fault) != EMULATE_DONE) {
		if (fault.vector != VECTOR_DE)	/* the processor would kill us, too */
			fail_msg("%s: fault %u", f->text, fault.vector);
		return false;
	}
	native_call(&n, code);
	if (memcmp(data, emulated, DATA_BYTES) != 0)
		fail_msg("%s: memory differs", f->text);
	for (u32 i = 0; i < GPR_COUNT; i++)
		if (n.gpr[i] != g.page.gpr[i])
			fail_msg("%s: register %u is %llx, the processor says %llx", f->text, i,
				 (unsigned long long)g.page.gpr[i], (unsigned long long)n.gpr[i]);
	if (flags_differ(n.rflags, g.page.rflags, &insn))
		fail_msg("%s: flags are %llx, the processor says %llx", f->text, (unsigned long long)g.page.rflags,
			 (unsigned long long)n.rflags);
	assert_true(g.page.rip == CODE_ADDRESS + f->count);
	assert_true(g.page.dirty & GROUP_GPR);
	return true;
}

static void test_against_processor(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(forms); i++) {
		u32 done = 0;

		for (u32 round = 0; round < 200; round++)
			done += compare_once(&forms[i], round);
		assert_true(done > 20);		/* of divisions, most are too large */
	}
}

static void expect_divide_error(const u8 *bytes, u32 count, u64 high, u64 low, u64 divisor)
{
	static u8 memory[DATA_BYTES];
	struct fault fault;
	struct guest g;

	guest_init(&g, memory, MODE_64);
	g.page.gpr[GPR_RBX] = DATA_ADDRESS;
	g.page.gpr[GPR_RDX] = high;
	g.page.gpr[GPR_RAX] = low;
	memcpy(memory, &divisor, 8);
	assert_int_equal(step(&g, bytes, count, &fault), EMULATE_FAULT);
	assert_int_equal(fault.vector, VECTOR_DE);
	assert_true(g.page.gpr[GPR_RAX] == low && g.page.gpr[GPR_RDX] == high && g.page.rip == 0);
}

static void test_divide_errors(void **state)
{
	static const u8 div64[] = { 0x48, 0xf7, 0x33 }, idiv64[] = { 0x48, 0xf7, 0x3b }, div8[] = { 0xf6, 0x33 };
	static const u8 idiv8[] = { 0xf6, 0x3b }, idiv32[] = { 0xf7, 0x3b };

	(void)state;
	expect_divide_error(div64, 3, 0, 5, 0);
	expect_divide_error(div64, 3, 7, 0, 7);
	expect_divide_error(idiv64, 3, BIT64(63), 0, ~0ull);		/* the least number by -1 */
	expect_divide_error(idiv64, 3, ~0ull, BIT64(63), ~0ull);
	expect_divide_error(idiv64, 3, 0, BIT64(63), 1);
	expect_divide_error(idiv32, 2, 0xffffffff, 0x80000000, 0xffffffff);
	expect_divide_error(div8, 2, 0, 0x1000, 0x10);
	expect_divide_error(idiv8, 2, 0, 0x80, 1);
}

/* CMPXCHG16B needs its alignment, SMSW the right to look; both on 16-bit code's stack segment and segments stored. */
static void test_system_stores(void **state)
{
	static u8 memory[DATA_BYTES];
	struct fault fault;
	struct guest g;
	u16 word;

	(void)state;
	guest_init(&g, memory, MODE_64);
	g.page.gpr[GPR_RBX] = DATA_ADDRESS + 8;
	assert_int_equal(step(&g, (const u8 *)"\x48\x0f\xc7\x0b", 4, &fault), EMULATE_FAULT);
	assert_int_equal(fault.vector, VECTOR_GP);
	g.page.cr0 = 0x80050033;
	assert_int_equal(step(&g, (const u8 *)"\x48\x0f\x01\x23", 4, &fault), EMULATE_DONE);	/* smsw */
	memcpy(&word, memory + 8, 2);
	assert_int_equal(word, 0x0033);
	assert_int_equal(memory[10], 0);
	g.page.cr4 = CR4_UMIP;
	assert_int_equal(step(&g, (const u8 *)"\x0f\x01\x23", 3, &fault), EMULATE_DONE);
	g.page.seg[SEG_SS].access |= 3 << ACCESS_DPL_SHIFT;
	assert_int_equal(step(&g, (const u8 *)"\x0f\x01\x23", 3, &fault), EMULATE_FAULT);
	assert_int_equal(fault.vector, VECTOR_GP);
	guest_init(&g, memory, MODE_16);
	g.page.seg[SEG_DS].base = DATA_ADDRESS;
	g.page.seg[SEG_GS].selector = 0x1234;
	g.page.gpr[GPR_RBX] = 4;
	assert_int_equal(step(&g, (const u8 *)"\x66\x8c\x2f", 3, &fault), EMULATE_DONE);	/* mov [bx],gs */
	memcpy(&word, memory + 4, 2);
	assert_int_equal(word, 0x1234);
	assert_int_equal(step(&g, (const u8 *)"\x8c\x37", 2, &fault), EMULATE_FAULT);	/* no such segment */
	assert_int_equal(fault.vector, VECTOR_UD);
}

/* Strings that begin before or behind the end of a page, that may overlap, from and to RAM and devices. */
static void around_page_ends(struct guest *g)
{
	g->page.gpr[GPR_RSI] = DATA_ADDRESS + PAGE_SIZE - 128 + (rng() & 255);
	g->page.gpr[GPR_RDI] = rng() % 4 ? DATA_ADDRESS + 2 * PAGE_SIZE - 128 + (rng() & 255)
					 : g->page.gpr[GPR_RSI] + (rng() & 15);
	g->page.gpr[GPR_RCX] = rng() % 20;
	g->device_pages = (u32)rng() & 7;
}

/* REP forms with small counts. */
static void test_repeat(void **state)
{
	static const struct form repeats[] = {
		{ "rep movsb", 2, { 0xf3, 0xa4 } },   { "rep stosd", 2, { 0xf3, 0xab } },
		{ "rep lodsb", 2, { 0xf3, 0xac } },   { "repe cmpsb", 2, { 0xf3, 0xa6 } },
		{ "repne cmpsb", 2, { 0xf2, 0xa6 } }, { "repe scasb", 2, { 0xf3, 0xae } },
		{ "repne scasd", 2, { 0xf2, 0xaf } },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(repeats); i++)
		for (u32 round = 0; round < 300; round++) {
			static u8 emulated[DATA_BYTES];
			struct native n;
			struct guest g;
			struct fault fault;

			for (u32 b = 0; b < DATA_BYTES; b++)
				data[b] = rng() % 8 ? 0x55 : (u8)rng();
			memcpy(emulated, data, DATA_BYTES);
			guest_init(&g, emulated, MODE_64);
			random_registers(&g, round);
			around_page_ends(&g);
			g.page.gpr[GPR_RAX] = 0x5555555555555555ull;
			memcpy(n.gpr, g.page.gpr, sizeof(n.gpr));
			n.rflags = g.page.rflags;
			write_code(repeats[i].bytes, repeats[i].count);
			assert_int_equal(step(&g, repeats[i].bytes, repeats[i].count, &fault), EMULATE_DONE);
			native_call(&n, code);
			assert_memory_equal(data, emulated, DATA_BYTES);
			assert_memory_equal(n.gpr, g.page.gpr, sizeof(n.gpr));
			assert_true(((n.rflags ^ g.page.rflags) & COMPARED_FLAGS) == 0);
		}
}

/* ---- What cannot run here ---- */

static void test_faults_change_nothing(void **state)
{
	static const struct form faulting[] = {
		{ "add [rbx],edx", 2, { 0x01, 0x13 } },
		{ "xchg [rbx],edx", 2, { 0x87, 0x13 } },
		{ "pop qword [rbx]", 2, { 0x8f, 0x03 } },
		{ "cmpxchg [rbx],edx", 3, { 0x0f, 0xb1, 0x13 } },
		{ "xadd [rbx],edx", 3, { 0x0f, 0xc1, 0x13 } },
		{ "bts [rbx],eax", 3, { 0x0f, 0xab, 0x03 } },
		{ "push rax", 1, { 0x50 } },
		{ "insb", 1, { 0x6c } },
		{ "stosb", 1, { 0xaa } },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(faulting); i++) {
		static u8 memory[DATA_BYTES];
		struct guest g;
		struct vcpu_page before;
		struct fault fault;

		guest_init(&g, memory, MODE_64);
		g.read_only_from = DATA_ADDRESS;
		random_registers(&g, 1);
		g.page.gpr[GPR_RAX] = 3;
		before = g.page;
		assert_int_equal(step(&g, faulting[i].bytes, faulting[i].count, &fault), EMULATE_FAULT);
		assert_int_equal(fault.vector, VECTOR_PF);
		assert_int_equal(fault.error, 3);
		assert_memory_equal(before.gpr, g.page.gpr, sizeof(before.gpr));
		assert_true(before.rip == g.page.rip && before.rflags == g.page.rflags);
		assert_int_equal(g.port_values, 0);
	}
}

static void test_segments(void **state)
{
	static u8 memory[DATA_BYTES];
	struct guest g;
	struct emulate e = { .page = &g.page };
	u64 linear;

	(void)state;
	guest_init(&g, memory, MODE_32);
	g.page.seg[SEG_DS] = (struct vcpu_segment){ .base = 0x1000, .limit = 0xff, .access = 0x4093 };
	assert_true(emulate_linear(&e, SEG_DS, 0xfc, 4, true, &linear));
	assert_true(linear == 0x10fc);
	assert_false(emulate_linear(&e, SEG_DS, 0xfd, 4, true, &linear));
	assert_int_equal(e.fault.vector, VECTOR_GP);
	g.page.seg[SEG_DS].access = 0x4097;	/* expand down: from 100h up */
	assert_false(emulate_linear(&e, SEG_DS, 0xff, 1, true, &linear));
	assert_true(emulate_linear(&e, SEG_DS, 0x100, 4, true, &linear));
	g.page.seg[SEG_DS].access = 0x97;	/* the same, 16 bits */
	assert_false(emulate_linear(&e, SEG_DS, 0xfffe, 4, true, &linear));
	g.page.seg[SEG_DS] = (struct vcpu_segment){ .limit = 0xffffffff, .access = 0xc091 };	/* read only */
	assert_false(emulate_linear(&e, SEG_DS, 0, 4, true, &linear));
	assert_true(emulate_linear(&e, SEG_DS, 0, 4, false, &linear));
	g.page.seg[SEG_DS].access = 0xc099;	/* execute only */
	assert_false(emulate_linear(&e, SEG_DS, 0, 4, false, &linear));
	g.page.seg[SEG_SS].access = ACCESS_UNUSABLE;
	assert_false(emulate_linear(&e, SEG_SS, 0, 4, false, &linear));
	assert_int_equal(e.fault.vector, VECTOR_SS);
	g.page.seg[SEG_ES] = (struct vcpu_segment){ .base = 0xfffffff0, .limit = 0xffffffff, .access = 0xc093 };
	assert_true(emulate_linear(&e, SEG_ES, 0x20, 4, false, &linear));
	assert_true(linear == 0x10);		/* wraps at 4 GiB */
	assert_false(emulate_linear(&e, SEG_ES, 0xffffffff, 4, false, &linear));

	guest_init(&g, memory, MODE_64);
	g.page.seg[SEG_DS].base = 0x5000;	/* not looked at */
	g.page.seg[SEG_FS].base = 0x7000;
	assert_true(emulate_linear(&e, SEG_DS, 8, 8, true, &linear) && linear == 8);
	assert_true(emulate_linear(&e, SEG_FS, 8, 8, true, &linear) && linear == 0x7008);
	assert_false(emulate_linear(&e, SEG_DS, 0x800000000000ull, 8, true, &linear));
	assert_int_equal(e.fault.vector, VECTOR_GP);
	assert_false(emulate_linear(&e, SEG_DS, 0x7ffffffffffcull, 8, true, &linear));	/* the last byte counts too */
	assert_false(emulate_linear(&e, SEG_SS, 0x800000000000ull, 8, true, &linear));
	assert_int_equal(e.fault.vector, VECTOR_SS);
}

static void test_real_mode(void **state)
{
	static u8 memory[DATA_BYTES];
	struct guest g;
	struct fault fault;

	(void)state;
	guest_init(&g, memory, MODE_16);
	g.page.cr0 = 0;
	for (u32 i = SEG_ES; i <= SEG_GS; i++)
		g.page.seg[i] = (struct vcpu_segment){ .base = DATA_ADDRESS, .limit = 0xffff, .access = 0x93 };
	g.page.gpr[GPR_RBX] = 0xffff0010;	/* only BX counts */
	g.page.gpr[GPR_RSI] = 0xffff;		/* 10h + FFFFh + 1 wraps to 10h */
	g.page.gpr[GPR_RDX] = 0xbeef;
	assert_int_equal(step(&g, (const u8 *)"\x89\x50\x01", 3, &fault), EMULATE_DONE);	/* mov [bx+si+1],dx */
	assert_memory_equal(memory + 0x10, "\xef\xbe", 2);
	g.page.gpr[GPR_RBX] = 0xffff;
	assert_int_equal(step(&g, (const u8 *)"\x89\x17", 2, &fault), EMULATE_FAULT); /* mov [bx],dx over the end */
	assert_int_equal(fault.vector, VECTOR_GP);
}

static void test_port_strings(void **state)
{
	static u8 memory[DATA_BYTES];
	struct guest g;
	struct fault fault;

	(void)state;
	guest_init(&g, memory, MODE_64);
	g.page.gpr[GPR_RCX] = 4;
	g.page.gpr[GPR_RDX] = 0xffff03f8;
	g.page.gpr[GPR_RDI] = DATA_ADDRESS + 100;
	assert_int_equal(step(&g, (const u8 *)"\xf3\x6d", 2, &fault), EMULATE_DONE);		/* rep insd */
	assert_int_equal(g.last_port, 0x3f8);
	assert_memory_equal(memory + 100, "\x00\x33\x22\x11\x01\x33\x22\x11\x02\x33\x22\x11\x03\x33\x22\x11", 16);
	assert_true(g.page.gpr[GPR_RDI] == DATA_ADDRESS + 116 && g.page.gpr[GPR_RCX] == 0);
	g.page.gpr[GPR_RSI] = DATA_ADDRESS + 101;
	g.page.rflags |= RFLAGS_DF;
	assert_int_equal(step(&g, (const u8 *)"\x6e", 1, &fault), EMULATE_DONE);		/* outsb, backwards */
	assert_int_equal(g.last_value, 0x33);
	assert_true(g.page.gpr[GPR_RSI] == DATA_ADDRESS + 100);
	/* a count beyond the limit stops in between, with consistent registers */
	g.page.gpr[GPR_RCX] = EMULATE_REP_MAX + 5;
	g.page.gpr[GPR_RDI] = DATA_ADDRESS;
	g.page.rflags &= ~RFLAGS_DF;
	g.page.rip = CODE_ADDRESS;
	assert_int_equal(step(&g, (const u8 *)"\xf3\x6c", 2, &fault), EMULATE_AGAIN);
	assert_true(g.page.gpr[GPR_RCX] == 5 && g.page.rip == CODE_ADDRESS &&
		    g.page.gpr[GPR_RDI] == DATA_ADDRESS + EMULATE_REP_MAX);
	/* a fault in the middle: what was done stays done */
	g.page.gpr[GPR_RCX] = 20;
	g.page.gpr[GPR_RDI] = DATA_ADDRESS + DATA_BYTES - 10;
	assert_int_equal(step(&g, (const u8 *)"\xf3\xaa", 2, &fault), EMULATE_FAULT);
	assert_true(g.page.gpr[GPR_RCX] == 10 && fault.address == DATA_ADDRESS + DATA_BYTES);
}

static void test_movbe_and_refusals(void **state)
{
	static u8 memory[DATA_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct guest g;
	struct fault fault;

	(void)state;
	guest_init(&g, memory, MODE_64);
	g.page.gpr[GPR_RBX] = DATA_ADDRESS;
	assert_int_equal(step(&g, (const u8 *)"\x48\x0f\x38\xf0\x03", 5, &fault), EMULATE_DONE);
	assert_true(g.page.gpr[GPR_RAX] == 0x0102030405060708ull);
	assert_int_equal(step(&g, (const u8 *)"\x66\x0f\x38\xf1\x43\x10", 6, &fault), EMULATE_DONE);
	assert_memory_equal(memory + 16, "\x07\x08", 2);
	g.page.shadow = SHADOW_STI | SHADOW_NMI;
	g.page.rflags |= RFLAGS_RF;
	assert_int_equal(step(&g, (const u8 *)"\x8b\x03", 2, &fault), EMULATE_DONE);
	assert_int_equal(g.page.shadow, SHADOW_NMI);
	assert_false(g.page.rflags & RFLAGS_RF);
	assert_int_equal(step(&g, (const u8 *)"\x0f\x11\x03", 3, &fault), EMULATE_UNSUPPORTED);	/* movups */
	assert_int_equal(step(&g, (const u8 *)"\x0f\xa2", 2, &fault), EMULATE_UNSUPPORTED);	/* cpuid */
}

static int setup(void **state)
{
	(void)state;
	data = mmap((void *)DATA_ADDRESS, DATA_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	code = mmap((void *)CODE_ADDRESS, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return data == MAP_FAILED || code == MAP_FAILED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_processor), cmocka_unit_test(test_divide_errors),
		cmocka_unit_test(test_system_stores),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_faults_change_nothing),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_real_mode),
		cmocka_unit_test(test_port_strings),
		cmocka_unit_test(test_movbe_and_refusals),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
