/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The instruction decoder: a table of encodings with what they mean, refusals, and lengths compared with objdump's for
 * thousands of random instructions in all three modes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "decode.h"
#include "vcpu_page.h"

struct expected {
	const char *text;
	u8 mode;
	u8 count;
	u8 bytes[15];
	u8 op, op_bytes, addr_bytes;
	u8 dst_kind, src_kind;
};

#define R OPERAND_REG
#define M OPERAND_MEM
#define I OPERAND_IMM
#define N OPERAND_NONE

static const struct expected good[] = {
	{ "mov [rax],ecx", MODE_64, 2, { 0x89, 0x08 }, OP_MOV, 4, 8, M, R },
	{ "mov [rax],rcx", MODE_64, 3, { 0x48, 0x89, 0x08 }, OP_MOV, 8, 8, M, R },
	{ "mov [rax],cx", MODE_64, 3, { 0x66, 0x89, 0x08 }, OP_MOV, 2, 8, M, R },
	{ "mov [rax],cl", MODE_64, 2, { 0x88, 0x08 }, OP_MOV, 1, 8, M, R },
	{ "mov ecx,[eax]", MODE_64, 3, { 0x67, 0x8b, 0x08 }, OP_MOV, 4, 4, R, M },
	{ "mov eax,[rip+x]", MODE_64, 6, { 0x8b, 0x05, 1, 2, 3, 4 }, OP_MOV, 4, 8, R, M },
	{ "mov eax,[x]", MODE_32, 6, { 0x8b, 0x05, 1, 2, 3, 4 }, OP_MOV, 4, 4, R, M },
	{ "mov ax,[x]", MODE_16, 4, { 0x8b, 0x06, 1, 2 }, OP_MOV, 2, 2, R, M },
	{ "mov eax,[bx+si+1]", MODE_16, 4, { 0x66, 0x8b, 0x40, 1 }, OP_MOV, 4, 2, R, M },
	{ "mov al,[moffs64]", MODE_64, 9, { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8 }, OP_MOV, 1, 8, R, M },
	{ "mov [moffs32],eax", MODE_32, 5, { 0xa3, 1, 2, 3, 4 }, OP_MOV, 4, 4, M, R },
	{ "mov [moffs16],ax", MODE_16, 3, { 0xa3, 1, 2 }, OP_MOV, 2, 2, M, R },
	{ "mov dword [rax+rcx*4+x],imm",
	  MODE_64,
	  11,
	  { 0xc7, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 7, 8 },
	  OP_MOV,
	  4,
	  8,
	  M,
	  I },
	{ "mov qword [rax],imm32", MODE_64, 7, { 0x48, 0xc7, 0x00, 1, 2, 3, 4 }, OP_MOV, 8, 8, M, I },
	{ "mov word [rax],imm16", MODE_64, 5, { 0x66, 0xc7, 0x00, 1, 2 }, OP_MOV, 2, 8, M, I },
	{ "mov byte [rax],imm8", MODE_64, 3, { 0xc6, 0x00, 1 }, OP_MOV, 1, 8, M, I },
	{ "cmpxchg8b [rbx]", MODE_32, 3, { 0x0f, 0xc7, 0x0b }, OP_CMPXCHG_PAIR, 4, 4, M, N },
	{ "cmpxchg8b [bp+di]", MODE_16, 4, { 0x66, 0x0f, 0xc7, 0x0b }, OP_CMPXCHG_PAIR, 4, 2, M, N },
	{ "cmpxchg16b [rbx]", MODE_64, 4, { 0x48, 0x0f, 0xc7, 0x0b }, OP_CMPXCHG_PAIR, 8, 8, M, N },
	{ "smsw [rbx]", MODE_64, 4, { 0x48, 0x0f, 0x01, 0x23 }, OP_SMSW, 2, 8, M, N },
	{ "smsw [ebx]", MODE_32, 3, { 0x0f, 0x01, 0x23 }, OP_SMSW, 2, 4, M, N },
	{ "vmcall", MODE_64, 3, { 0x0f, 0x01, 0xc1 }, OP_HYPERCALL, 4, 8, N, N },
	{ "shl word [bx+si],imm", MODE_16, 3, { 0xc1, 0x20, 3 }, OP_SHL, 2, 2, M, I },
	{ "sar dword [eax],cl", MODE_32, 2, { 0xd3, 0x38 }, OP_SAR, 4, 4, M, R },
	{ "shld [rax],rdx,imm", MODE_64, 5, { 0x48, 0x0f, 0xa4, 0x10, 1 }, OP_SHLD, 8, 8, M, I },
	{ "imul cx,[bx+si],imm", MODE_16, 4, { 0x69, 0x08, 1, 2 }, OP_IMUL3, 2, 2, R, M },
	{ "setz [eax]", MODE_32, 3, { 0x0f, 0x94, 0x00 }, OP_SETCC, 1, 4, M, N },
	{ "mov [rax],ds", MODE_64, 2, { 0x8c, 0x18 }, OP_STORE_SEG, 2, 8, M, N },
	{ "clwb [rax]", MODE_64, 4, { 0x66, 0x0f, 0xae, 0x30 }, OP_FLUSH, 2, 8, M, N },
	{ "movzx eax,byte [rbx]", MODE_64, 3, { 0x0f, 0xb6, 0x03 }, OP_MOVZX, 4, 8, R, M },
	{ "movzx eax,word [rbx]", MODE_64, 3, { 0x0f, 0xb7, 0x03 }, OP_MOVZX, 4, 8, R, M },
	{ "movsx rax,byte [rbx]", MODE_64, 4, { 0x48, 0x0f, 0xbe, 0x03 }, OP_MOVSX, 8, 8, R, M },
	{ "movsxd rax,[rbx]", MODE_64, 3, { 0x48, 0x63, 0x03 }, OP_MOVSX, 8, 8, R, M },
	{ "movnti [rax],ecx", MODE_64, 3, { 0x0f, 0xc3, 0x08 }, OP_MOV, 4, 8, M, R },
	{ "movbe eax,[rbx]", MODE_64, 4, { 0x0f, 0x38, 0xf0, 0x03 }, OP_MOVBE, 4, 8, R, M },
	{ "movbe [rbx],eax", MODE_64, 4, { 0x0f, 0x38, 0xf1, 0x03 }, OP_MOVBE, 4, 8, M, R },
	{ "lock xchg", MODE_64, 3, { 0xf0, 0x87, 0x03 }, OP_XCHG, 4, 8, M, R },
	{ "add [rax],cl", MODE_64, 2, { 0x00, 0x08 }, OP_ADD, 1, 8, M, R },
	{ "xor eax,[rcx]", MODE_64, 2, { 0x33, 0x01 }, OP_XOR, 4, 8, R, M },
	{ "and dword [rax],imm8", MODE_64, 3, { 0x83, 0x20, 0xf0 }, OP_AND, 4, 8, M, I },
	{ "cmp dword [rax],imm32", MODE_64, 6, { 0x81, 0x38, 1, 2, 3, 4 }, OP_CMP, 4, 8, M, I },
	{ "test byte [rax],imm8", MODE_64, 3, { 0xf6, 0x00, 1 }, OP_TEST, 1, 8, M, I },
	{ "test dword [rax],imm32", MODE_64, 6, { 0xf7, 0x00, 1, 2, 3, 4 }, OP_TEST, 4, 8, M, I },
	{ "not dword [rax]", MODE_64, 2, { 0xf7, 0x10 }, OP_NOT, 4, 8, M, N },
	{ "neg dword [rax]", MODE_64, 2, { 0xf7, 0x18 }, OP_NEG, 4, 8, M, N },
	{ "lock inc dword [rax]", MODE_64, 3, { 0xf0, 0xff, 0x00 }, OP_INC, 4, 8, M, N },
	{ "dec byte [rax]", MODE_64, 2, { 0xfe, 0x08 }, OP_DEC, 1, 8, M, N },
	{ "push qword [rax]", MODE_64, 2, { 0xff, 0x30 }, OP_PUSH, 8, 8, N, M },
	{ "pop qword [rax]", MODE_64, 2, { 0x8f, 0x00 }, OP_POP, 8, 8, M, N },
	{ "push r9", MODE_64, 2, { 0x41, 0x51 }, OP_PUSH, 8, 8, N, R },
	{ "push ax", MODE_64, 2, { 0x66, 0x50 }, OP_PUSH, 2, 8, N, R },
	{ "bt [rax],ecx", MODE_64, 3, { 0x0f, 0xa3, 0x08 }, OP_BT, 4, 8, M, R },
	{ "lock bts dword [rax],3", MODE_64, 5, { 0xf0, 0x0f, 0xba, 0x28, 3 }, OP_BTS, 4, 8, M, I },
	{ "btr [rax],ecx", MODE_64, 3, { 0x0f, 0xb3, 0x08 }, OP_BTR, 4, 8, M, R },
	{ "btc [rax],ecx", MODE_64, 3, { 0x0f, 0xbb, 0x08 }, OP_BTC, 4, 8, M, R },
	{ "lock cmpxchg [rax],ecx", MODE_64, 4, { 0xf0, 0x0f, 0xb1, 0x08 }, OP_CMPXCHG, 4, 8, M, R },
	{ "lock xadd [rax],ecx", MODE_64, 4, { 0xf0, 0x0f, 0xc1, 0x08 }, OP_XADD, 4, 8, M, R },
	{ "rep movsd", MODE_64, 2, { 0xf3, 0xa5 }, OP_MOVS, 4, 8, N, N },
	{ "rep insb", MODE_16, 2, { 0xf3, 0x6c }, OP_INS, 1, 2, N, N },
	{ "fs outsw", MODE_32, 3, { 0x64, 0x66, 0x6f }, OP_OUTS, 2, 4, N, N },
	{ "in al,imm", MODE_32, 2, { 0xe4, 0x60 }, OP_IN, 1, 4, N, I },
	{ "out dx,eax", MODE_32, 1, { 0xef }, OP_OUT, 4, 4, N, N },
	{ "mov rax,cr8", MODE_64, 4, { 0x44, 0x0f, 0x20, 0xc0 }, OP_MOV_FROM_CR, 8, 8, R, N },
	{ "mov dr7,rax", MODE_64, 3, { 0x0f, 0x23, 0xf8 }, OP_MOV_TO_DR, 8, 8, R, N },
	{ "cpuid", MODE_64, 2, { 0x0f, 0xa2 }, OP_CPUID, 4, 8, N, N },
	{ "rex hlt", MODE_64, 2, { 0x48, 0xf4 }, OP_HLT, 8, 8, N, N },
	{ "rdmsr", MODE_32, 2, { 0x0f, 0x32 }, OP_RDMSR, 4, 4, N, N },
	{ "wrmsr", MODE_32, 2, { 0x0f, 0x30 }, OP_WRMSR, 4, 4, N, N },
	{ "rdtsc", MODE_32, 2, { 0x0f, 0x31 }, OP_RDTSC, 4, 4, N, N },
	{ "rdtscp", MODE_64, 3, { 0x0f, 0x01, 0xf9 }, OP_RDTSCP, 4, 8, N, N },
	{ "vmcall", MODE_64, 3, { 0x0f, 0x01, 0xc1 }, OP_HYPERCALL, 4, 8, N, N },
	{ "vmmcall", MODE_64, 3, { 0x0f, 0x01, 0xd9 }, OP_HYPERCALL, 4, 8, N, N },
	{ "xsetbv", MODE_64, 3, { 0x0f, 0x01, 0xd1 }, OP_XSETBV, 4, 8, N, N },
	{ "wbinvd", MODE_64, 2, { 0x0f, 0x09 }, OP_CACHE, 4, 8, N, N },
	{ "pause", MODE_64, 2, { 0xf3, 0x90 }, OP_NOP, 4, 8, N, N },
	{ "int 80h", MODE_32, 2, { 0xcd, 0x80 }, OP_INT, 4, 4, N, I },
	{ "movdqu xmm0,[rax]", MODE_64, 4, { 0xf3, 0x0f, 0x6f, 0x00 }, OP_VECTOR, 0, 8, M, N },
	{ "movups [rax],xmm0", MODE_64, 3, { 0x0f, 0x11, 0x00 }, OP_VECTOR, 0, 8, M, N },
	{ "vmovdqu ymm0,[rax]", MODE_64, 4, { 0xc5, 0xfe, 0x6f, 0x00 }, OP_VECTOR, 0, 8, M, N },
	{ "vmovdqu ymm0,[r8+x]", MODE_64, 6, { 0xc4, 0xc1, 0x7e, 0x6f, 0x40, 1 }, OP_VECTOR, 0, 8, M, N },
	{ "long prefixes",
	  MODE_64,
	  15,
	  { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x8b, 0x00 },
	  OP_MOV,
	  2,
	  8,
	  R,
	  M },
};

static void test_table(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(good); i++) {
		const struct expected *e = &good[i];
		struct insn insn;

		if (decode(&insn, e->bytes, e->count, e->mode) != DECODE_OK)
			fail_msg("%s: not decoded", e->text);
		if (insn.len != e->count || insn.op != e->op || insn.op_bytes != e->op_bytes ||
		    insn.addr_bytes != e->addr_bytes || insn.dst.kind != e->dst_kind || insn.src.kind != e->src_kind)
			fail_msg("%s: len %u op %u size %u/%u operands %u,%u", e->text, insn.len, insn.op,
				 insn.op_bytes, insn.addr_bytes, insn.dst.kind, insn.src.kind);
		for (u32 count = 0; count < e->count; count++)
			if (decode(&insn, e->bytes, count, e->mode) != DECODE_SHORT)
				fail_msg("%s: %u bytes are not enough", e->text, count);
	}
}

static enum decode_result try_bytes(enum cpu_mode mode, u32 count, const u8 *bytes)
{
	struct insn insn;
	u8 copy[16] = { 0 };

	memcpy(copy, bytes, count);
	return decode(&insn, copy, sizeof(copy), mode);
}

static void test_refusals(void **state)
{
	static const u8 too_long[16] = { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
					 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x8b, 0x00 };

	(void)state;
	assert_int_equal(try_bytes(MODE_64, 16, too_long), DECODE_TOO_LONG);
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\xf0\x89\x08"), DECODE_UNDEFINED);		/* lock mov */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\xf0\x01\xc8"),
			 DECODE_UNDEFINED); /* lock add with a register */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\xf0\x39\x08"), DECODE_UNDEFINED);		/* lock cmp */
	assert_int_equal(try_bytes(MODE_64, 2, (const u8 *)"\xff\xff"), DECODE_UNDEFINED); /* what an empty bus gives */
	assert_int_equal(try_bytes(MODE_64, 2, (const u8 *)"\x0f\x0b"), DECODE_UNDEFINED);		/* ud2 */
	assert_int_equal(try_bytes(MODE_64, 2, (const u8 *)"\x82\x00"),
			 DECODE_UNDEFINED); /* alias, not in 64-bit mode */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xc3\xc8"),
			 DECODE_UNDEFINED); /* movnti with a register */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xc7\xc8"), DECODE_UNDEFINED); /* cmpxchg8b, register */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xc7\xf0"), DECODE_UNKNOWN);		/* rdrand */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xae\x33"), DECODE_UNKNOWN);		/* xsaveopt */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xae\x03"), DECODE_UNKNOWN);		/* fxsave */
	assert_int_equal(try_bytes(MODE_64, 4, (const u8 *)"\xf3\x0f\xbc\x03"), DECODE_UNKNOWN);	/* tzcnt */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\xb8\x03"), DECODE_UNKNOWN);
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\x0f\x01\x13"), DECODE_UNKNOWN);		/* lgdt */
	assert_int_equal(try_bytes(MODE_64, 3, (const u8 *)"\xf0\xd1\x23"), DECODE_UNDEFINED);		/* lock shl */
	assert_int_equal(try_bytes(MODE_64, 1, (const u8 *)"\xe8"), DECODE_UNKNOWN);			/* call */
	assert_int_equal(try_bytes(MODE_32, 2, (const u8 *)"\xc5\x00"), DECODE_UNKNOWN); /* lds */
	assert_int_equal(try_bytes(MODE_64, 4, (const u8 *)"\xf2\x0f\x38\xf1"), DECODE_UNKNOWN); /* crc32 */
	assert_int_equal(try_bytes(MODE_64, 2, (const u8 *)"\x62\xf1"), DECODE_UNKNOWN); /* EVEX */
}

static void test_operands(void **state)
{
	struct insn insn;

	(void)state;
	/* mov [r8+r9*8-0x10], ah needs no REX, so: mov [r8+r9*8-0x10], r12b */
	assert_int_equal(decode(&insn, (const u8 *)"\x47\x88\x64\xc8\xf0", 5, MODE_64), DECODE_OK);
	assert_int_equal(insn.base, GPR_R8);
	assert_int_equal(insn.index, GPR_R9);
	assert_int_equal(insn.scale, 8);
	assert_int_equal(insn.disp, -16);
	assert_int_equal(insn.src.reg, GPR_R12);
	assert_int_equal(insn.seg, SEG_DS);
	/* mov ch,[rbp+0]: high byte register, stack segment */
	assert_int_equal(decode(&insn, (const u8 *)"\x8a\x6d\x00", 3, MODE_32), DECODE_OK);
	assert_int_equal(insn.dst.reg, GPR_RCX);
	assert_true(insn.dst.is_high);
	assert_int_equal(insn.seg, SEG_SS);
	/* with a REX it is BPL */
	assert_int_equal(decode(&insn, (const u8 *)"\x40\x8a\x6d\x00", 4, MODE_64), DECODE_OK);
	assert_int_equal(insn.dst.reg, GPR_RBP);
	assert_false(insn.dst.is_high);
	/* a REX before another prefix counts for nothing */
	assert_int_equal(decode(&insn, (const u8 *)"\x48\x66\x89\x08", 4, MODE_64), DECODE_OK);
	assert_int_equal(insn.op_bytes, 2);
	/* segment overrides: FS counts, DS does not in 64-bit mode */
	assert_int_equal(decode(&insn, (const u8 *)"\x64\x3e\x89\x08", 4, MODE_64), DECODE_OK);
	assert_int_equal(insn.seg, SEG_FS);
	assert_int_equal(decode(&insn, (const u8 *)"\x64\x3e\x89\x08", 4, MODE_32), DECODE_OK);
	assert_int_equal(insn.seg, SEG_DS);
	/* imm8 is sign extended */
	assert_int_equal(decode(&insn, (const u8 *)"\x83\x20\xf0", 3, MODE_64), DECODE_OK);
	assert_true(insn.imm == 0xfffffffffffffff0ull);
	/* mov cr8,rdx */
	assert_int_equal(decode(&insn, (const u8 *)"\x44\x0f\x22\xc2", 4, MODE_64), DECODE_OK);
	assert_int_equal(insn.op, OP_MOV_TO_CR);
	assert_int_equal(insn.reg, 8);
	assert_int_equal(insn.dst.reg, GPR_RDX);
}

/* ---- Lengths as objdump sees them ---- */

enum { SLOT = 32, SLOTS = 12000 };

static u64 rng_state = 88172645463325252ull;

static u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (u32)(rng_state >> 16);
}

/* Prefixes in a sensible number, then an opcode that the decoder knows with high probability, then anything. */
static void make_slot(u8 *slot, enum cpu_mode mode)
{
	static const u8 prefixes[] = { 0x66, 0x67, 0x64, 0xf3, 0xf2 };
	u32 at = 0;

	memset(slot, 0x90, SLOT);
	if (rng() % 3 == 0)
		slot[at++] = prefixes[rng() % sizeof(prefixes)];
	if (mode == MODE_64 && rng() % 2)
		slot[at++] = (u8)(0x40 | (rng() & 15));
	if (rng() % 2)
		slot[at++] = 0x0f;
	while (at < 15)
		slot[at++] = (u8)rng();
}

/*
 * objdump shows prefixes that it finds superfluous, such as a REX before another prefix, as instructions of their own.
 */
static bool stands_alone(const u8 *bytes, u32 count, enum cpu_mode mode)
{
	for (u32 i = 0; i < count; i++)
		if (!memchr("\x66\x67\x64\x65\x26\x2e\x36\x3e\xf0\xf2\xf3", bytes[i], 11) &&
		    (mode != MODE_64 || (bytes[i] & 0xf0) != 0x40))
			return false;
	return true;
}

static void compare_lengths(enum cpu_mode mode, const char *machine)
{
	static u8 image[SLOT * SLOTS];
	static u8 lengths[SLOTS], is_bad[SLOTS];
	char path[] = "/tmp/vos-decode-XXXXXX", command[256], line[512];
	u32 compared = 0;
	long last = -1;
	FILE *pipe;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (u32 i = 0; i < SLOTS; i++)
		make_slot(image + i * SLOT, mode);
	assert_int_equal(write(fd, image, sizeof(image)), sizeof(image));
	close(fd);
	memset(lengths, 0, sizeof(lengths));
	memset(is_bad, 0, sizeof(is_bad));
	snprintf(command, sizeof(command), "objdump -D -z -b binary -m i386 -M %s --insn-width=16 %s", machine, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		char *end;
		long offset = strtol(line, &end, 16);

		if (*end != ':' || offset < 0 || offset >= SLOT * SLOTS)
			continue;
		if (last >= 0 && last % SLOT == 0)
			lengths[last / SLOT] = (u8)(offset - last);
		last = offset;
		if (offset % SLOT == 0 && strstr(line, "(bad)"))
			is_bad[offset / SLOT] = 1;
	}
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	for (u32 i = 0; i < SLOTS; i++) {
		const u8 *b = image + i * SLOT;
		struct insn insn;

		if (decode(&insn, b, 15, mode) != DECODE_OK || lengths[i] == 0 || is_bad[i])
			continue;
		if (lengths[i] < insn.len && stands_alone(b, lengths[i], mode))
			continue;
		compared++;
		if (insn.len != lengths[i])
			fail_msg("%s: %02x %02x %02x %02x %02x %02x: length %u, objdump says %u", machine, b[0], b[1],
				 b[2], b[3], b[4], b[5], insn.len, lengths[i]);
	}
	printf("%s: %u lengths compared\n", machine, compared);
	assert_true(compared > SLOTS / 8);
}

static void test_objdump(void **state)
{
	(void)state;
	if (system("objdump --version >/dev/null 2>&1") != 0)
		skip();
	compare_lengths(MODE_64, "x86-64");
	compare_lengths(MODE_32, "i386");
	compare_lengths(MODE_16, "i8086");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_refusals), cmocka_unit_test(test_operands),
		cmocka_unit_test(test_objdump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
