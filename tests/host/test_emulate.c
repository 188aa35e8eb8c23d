/* sources: vmm/decode.c vmm/emulate.c vmm/alu.c */
/* includes: vmm */
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

/* ---- A guest whose linear memory is one buffer at DATA_ADDRESS ---- */

#define DATA_ADDRESS 0x20000000ull
#define DATA_BYTES 4096u
#define CODE_ADDRESS 0x21000000ull

struct guest {
	struct vcpu_page page;
	u8 *memory;		/* DATA_BYTES that linear DATA_ADDRESS stands for */
	u64 read_only_from;	/* linear; writes from here on fault */
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

static u32 op_port_read(void *ctx, u16 port, u32 size)
{
	struct guest *g = ctx;

	(void)size;
	g->last_port = port;
	return 0x11223300 + g->port_values++;
}

static void op_port_write(void *ctx, u16 port, u32 size, u32 value)
{
	struct guest *g = ctx;

	(void)size;
	g->last_port = port;
	g->last_value = value;
	g->port_values++;
}

static const struct emulate_ops ops = {
	.read = op_read,
	.write = op_write,
	.probe_write = op_probe,
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
static u64 defined_flags(u32 op)
{
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

struct form { const char *text; u8 count; u8 bytes[12]; };

/* Memory operands are [rbx] or relative to it. */
static const struct form forms[] = {
	{ "mov [rbx],dl", 2, { 0x88, 0x13 } },
	{ "mov [rbx],edx", 2, { 0x89, 0x13 } },
	{ "mov [rbx],dx", 3, { 0x66, 0x89, 0x13 } },
	{ "mov [rbx],rdx", 3, { 0x48, 0x89, 0x13 } },
	{ "mov [rbx],dh", 2, { 0x88, 0x33 } },
	{ "mov dh,[rbx]", 2, { 0x8a, 0x33 } },
	{ "mov dl,[rbx]", 2, { 0x8a, 0x13 } },
	{ "mov dx,[rbx]", 3, { 0x66, 0x8b, 0x13 } },
	{ "mov edx,[rbx]", 2, { 0x8b, 0x13 } },
	{ "mov r9,[rbx-8]", 4, { 0x4c, 0x8b, 0x4b, 0xf8 } },
	{ "mov byte [rbx],imm", 3, { 0xc6, 0x03, 0x85 } },
	{ "mov dword [rbx],imm", 6, { 0xc7, 0x03, 1, 2, 3, 0x84 } },
	{ "mov qword [rbx],imm", 7, { 0x48, 0xc7, 0x03, 1, 2, 3, 0x84 } },
	{ "mov word [rbx],imm", 5, { 0x66, 0xc7, 0x03, 1, 0x82 } },
	{ "movzx edx,byte", 3, { 0x0f, 0xb6, 0x13 } },
	{ "movzx dx,byte", 4, { 0x66, 0x0f, 0xb6, 0x13 } },
	{ "movzx rdx,word", 4, { 0x48, 0x0f, 0xb7, 0x13 } },
	{ "movsx edx,byte", 3, { 0x0f, 0xbe, 0x13 } },
	{ "movsx rdx,word", 4, { 0x48, 0x0f, 0xbf, 0x13 } },
	{ "movsx dx,byte", 4, { 0x66, 0x0f, 0xbe, 0x13 } },
	{ "movsxd rdx,dword", 3, { 0x48, 0x63, 0x13 } },
	{ "movnti [rbx],edx", 3, { 0x0f, 0xc3, 0x13 } },
	{ "xchg [rbx],edx", 2, { 0x87, 0x13 } },
	{ "xchg [rbx],dh", 2, { 0x86, 0x33 } },
	{ "xchg [rbx],rdx", 3, { 0x48, 0x87, 0x13 } },
	{ "add [rbx],dl", 2, { 0x00, 0x13 } },
	{ "add [rbx],dx", 3, { 0x66, 0x01, 0x13 } },
	{ "add [rbx],edx", 2, { 0x01, 0x13 } },
	{ "add rdx,[rbx]", 3, { 0x48, 0x03, 0x13 } },
	{ "or [rbx],edx", 2, { 0x09, 0x13 } },
	{ "or dl,[rbx]", 2, { 0x0a, 0x13 } },
	{ "adc [rbx],dl", 2, { 0x10, 0x13 } },
	{ "adc [rbx],edx", 2, { 0x11, 0x13 } },
	{ "adc rdx,[rbx]", 3, { 0x48, 0x13, 0x13 } },
	{ "sbb [rbx],dl", 2, { 0x18, 0x13 } },
	{ "sbb [rbx],edx", 2, { 0x19, 0x13 } },
	{ "sbb rdx,[rbx]", 3, { 0x48, 0x1b, 0x13 } },
	{ "and [rbx],edx", 2, { 0x21, 0x13 } },
	{ "sub [rbx],dx", 3, { 0x66, 0x29, 0x13 } },
	{ "sub dl,[rbx]", 2, { 0x2a, 0x13 } },
	{ "xor [rbx],rdx", 3, { 0x48, 0x31, 0x13 } },
	{ "cmp [rbx],dl", 2, { 0x38, 0x13 } },
	{ "cmp edx,[rbx]", 2, { 0x3b, 0x13 } },
	{ "cmp [rbx],rdx", 3, { 0x48, 0x39, 0x13 } },
	{ "add dword [rbx],imm8", 3, { 0x83, 0x03, 0xff } },
	{ "sub qword [rbx],imm32", 7, { 0x48, 0x81, 0x2b, 1, 2, 3, 0x80 } },
	{ "cmp byte [rbx],imm", 3, { 0x80, 0x3b, 0x80 } },
	{ "and word [rbx],imm16", 5, { 0x66, 0x81, 0x23, 0xf0, 0x0f } },
	{ "test [rbx],edx", 2, { 0x85, 0x13 } },
	{ "test [rbx],dl", 2, { 0x84, 0x13 } },
	{ "test dword [rbx],imm", 6, { 0xf7, 0x03, 1, 2, 3, 0x80 } },
	{ "not dword [rbx]", 2, { 0xf7, 0x13 } },
	{ "not byte [rbx]", 2, { 0xf6, 0x13 } },
	{ "neg dword [rbx]", 2, { 0xf7, 0x1b } },
	{ "neg byte [rbx]", 2, { 0xf6, 0x1b } },
	{ "inc dword [rbx]", 2, { 0xff, 0x03 } },
	{ "inc byte [rbx]", 2, { 0xfe, 0x03 } },
	{ "dec qword [rbx]", 3, { 0x48, 0xff, 0x0b } },
	{ "lock dec word [rbx]", 4, { 0xf0, 0x66, 0xff, 0x0b } },
	{ "bt [rbx],ecx", 3, { 0x0f, 0xa3, 0x0b } },
	{ "bts [rbx],ecx", 3, { 0x0f, 0xab, 0x0b } },
	{ "lock btr [rbx],rcx", 5, { 0xf0, 0x48, 0x0f, 0xb3, 0x0b } },
	{ "btc [rbx],cx", 4, { 0x66, 0x0f, 0xbb, 0x0b } },
	{ "bts dword [rbx],imm", 4, { 0x0f, 0xba, 0x2b, 37 } },
	{ "bt qword [rbx],imm", 5, { 0x48, 0x0f, 0xba, 0x23, 63 } },
	{ "cmpxchg [rbx],edx", 3, { 0x0f, 0xb1, 0x13 } },
	{ "lock cmpxchg [rbx],rdx", 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x13 } },
	{ "cmpxchg [rbx],dl", 3, { 0x0f, 0xb0, 0x13 } },
	{ "xadd [rbx],edx", 3, { 0x0f, 0xc1, 0x13 } },
	{ "xadd [rbx],dh", 3, { 0x0f, 0xc0, 0x33 } },
	{ "push qword [rbx]", 2, { 0xff, 0x33 } },
	{ "pop qword [rbx]", 2, { 0x8f, 0x03 } },
	{ "push word [rbx]", 3, { 0x66, 0xff, 0x33 } },
	{ "pop word [rbx]", 3, { 0x66, 0x8f, 0x03 } },
	{ "push qword [rsp+8]", 4, { 0xff, 0x74, 0x24, 8 } },
	{ "pop qword [rsp+8]", 4, { 0x8f, 0x44, 0x24, 8 } },
	{ "push r9", 2, { 0x41, 0x51 } },
	{ "pop r9", 2, { 0x41, 0x59 } },
	{ "push imm8", 2, { 0x6a, 0x80 } },
	{ "push imm32", 5, { 0x68, 1, 2, 3, 0x80 } },
	{ "mov edx,[ebx]", 3, { 0x67, 0x8b, 0x13 } },
	{ "movsb", 1, { 0xa4 } },
	{ "movsw", 2, { 0x66, 0xa5 } },
	{ "movsd", 1, { 0xa5 } },
	{ "movsq", 2, { 0x48, 0xa5 } },
	{ "stosb", 1, { 0xaa } },
	{ "stosq", 2, { 0x48, 0xab } },
	{ "lodsb", 1, { 0xac } },
	{ "lodsd", 1, { 0xad } },
	{ "cmpsb", 1, { 0xa6 } },
	{ "cmpsd", 1, { 0xa7 } },
	{ "scasb", 1, { 0xae } },
	{ "scasw", 2, { 0x66, 0xaf } },
};

static bool flags_differ(u64 a, u64 b, u32 op)
{
	return ((a ^ b) & defined_flags(op)) != 0;
}

static void compare_once(const struct form *f, u32 round)
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
	assert_int_equal(step(&g, f->bytes, f->count, &fault), EMULATE_DONE);
	native_call(&n, code);
	if (memcmp(data, emulated, DATA_BYTES) != 0)
		fail_msg("%s: memory differs", f->text);
	for (u32 i = 0; i < GPR_COUNT; i++)
		if (n.gpr[i] != g.page.gpr[i])
			fail_msg("%s: register %u is %llx, the processor says %llx", f->text, i,
				 (unsigned long long)g.page.gpr[i], (unsigned long long)n.gpr[i]);
	if (flags_differ(n.rflags, g.page.rflags, insn.op))
		fail_msg("%s: flags are %llx, the processor says %llx", f->text, (unsigned long long)g.page.rflags,
			 (unsigned long long)n.rflags);
	assert_true(g.page.rip == CODE_ADDRESS + f->count);
	assert_true(g.page.dirty & GROUP_GPR);
}

static void test_against_processor(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(forms); i++)
		for (u32 round = 0; round < 200; round++)
			compare_once(&forms[i], round);
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
			g.page.gpr[GPR_RCX] = rng() % 20;
			g.page.gpr[GPR_RAX] = 0x5555555555555555ull;
			memcpy(n.gpr, g.page.gpr, sizeof(n.gpr));
			n.rflags = g.page.rflags;
			write_code(repeats[i].bytes, repeats[i].count);
			assert_int_equal(step(&g, repeats[i].bytes, repeats[i].count, &fault), EMULATE_DONE);
			native_call(&n, code);
			assert_memory_equal(data, emulated, DATA_BYTES);
			assert_memory_equal(n.gpr, g.page.gpr, sizeof(n.gpr));
			assert_false(flags_differ(n.rflags, g.page.rflags, OP_CMPS));
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
		cmocka_unit_test(test_against_processor),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_faults_change_nothing),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_real_mode),
		cmocka_unit_test(test_port_strings),
		cmocka_unit_test(test_movbe_and_refusals),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
