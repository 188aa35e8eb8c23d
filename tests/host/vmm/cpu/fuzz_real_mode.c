/* SPDX-License-Identifier: MIT */
/* links: vmm unicorn */
/*
 * Real mode, as BIOS code uses it: what the emulator does with 16-bit forms and string instructions, a second processor
 * must do as well. That one is Unicorn's (QEMU's translator). Both begin with the same registers and memory; when the
 * emulator has executed the instruction, registers, memory and accesses to ports are the same. Where a manual leaves a
 * flag undefined it is not compared.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "emulate.h"
#include "range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 0x110000, CODE_SEG = 0x8000, CODE = CODE_SEG * 16, REPEATS = 31, ACCESSES = 64 };

#define FLAGS_ARITHMETIC 0x8d5u		/* OF, SF, ZF, AF, PF, CF */
#define FLAG_AF 0x10u
#define FLAG_DF 0x400u
#define FLAGS_OF_INPUT (FLAGS_ARITHMETIC | FLAG_DF | 0x202u)

struct access { u32 port, size, value; };
struct ports { struct access done[ACCESSES]; u32 count; };

static u8 ours[MEMORY], theirs[MEMORY];
static struct ports our_ports, their_ports;
static uc_engine *processor;

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* ---- ports: what is read follows from the port and how many accesses came before ---- */

static u32 port_access(struct ports *p, u32 port, u32 size, u32 value)
{
	u32 read = (port * 0x9e3779b1u + p->count * 0x85ebca6bu) & (u32)(size == 4 ? ~0u : BIT32(8 * size) - 1);

	require(p->count < ACCESSES);
	p->done[p->count++] = (struct access){ port, size, value };
	return read;
}

static uint32_t their_in(uc_engine *uc, uint32_t port, int size, void *ctx)
{
	(void)uc;
	(void)ctx;
	return port_access(&their_ports, port, (u32)size, 0);
}

static void their_out(uc_engine *uc, uint32_t port, int size, uint32_t value, void *ctx)
{
	(void)uc;
	(void)ctx;
	(void)port_access(&their_ports, port, (u32)size, value & (size == 4 ? ~0u : BIT32(8 * size) - 1));
}

static void our_in(void *ctx, u16 port, u32 size, u32 *values, u32 count)
{
	(void)ctx;
	for (u32 i = 0; i < count; i++)
		values[i] = port_access(&our_ports, port, size, 0);
}

static void our_out(void *ctx, u16 port, u32 size, const u32 *values, u32 count)
{
	(void)ctx;
	for (u32 i = 0; i < count; i++)
		(void)port_access(&our_ports, port, size, values[i]);
}

/* ---- memory ---- */

static bool our_read(void *ctx, u64 linear, u32 size, u64 *value, struct fault *fault)
{
	(void)ctx;
	(void)fault;
	*value = 0;
	require(range_ok(linear, size, MEMORY));
	memcpy(value, ours + linear, size);
	return true;
}

static bool our_write(void *ctx, u64 linear, u32 size, u64 value, struct fault *fault)
{
	(void)ctx;
	(void)fault;
	require(range_ok(linear, size, MEMORY));
	memcpy(ours + linear, &value, size);
	return true;
}

static bool our_probe(void *ctx, u64 linear, u32 size, struct fault *fault)
{
	(void)ctx;
	(void)fault;
	require(range_ok(linear, size, MEMORY));
	return true;
}

static bool our_translate(void *ctx, u64 linear, u32 size, bool is_write, struct emulate_place *place,
			  struct fault *fault)
{
	(void)ctx;
	(void)is_write;
	(void)fault;
	require(range_ok(linear, size, MEMORY));
	*place = (struct emulate_place){ .ram = ours + linear, .gpa = linear };
	return true;
}

static u64 no_device_read(void *ctx, u64 gpa, u32 size)
{
	(void)ctx;
	(void)gpa;
	(void)size;
	abort();
}

static void no_device_write(void *ctx, u64 gpa, u32 size, u64 value)
{
	(void)ctx;
	(void)gpa;
	(void)size;
	(void)value;
	abort();
}

static const struct emulate_ops ops = {
	.read = our_read, .write = our_write, .probe_write = our_probe, .translate = our_translate,
	.device_read = no_device_read, .device_write = no_device_write, .port_read = our_in, .port_write = our_out,
};

/* ---- the other processor ---- */

static const int gprs[8] = { UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX, UC_X86_REG_ESP,
			     UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI };
static const struct { int reg; u8 seg; } segments[] = {
	{ UC_X86_REG_ES, SEG_ES }, { UC_X86_REG_CS, SEG_CS }, { UC_X86_REG_SS, SEG_SS }, { UC_X86_REG_DS, SEG_DS },
	{ UC_X86_REG_FS, SEG_FS }, { UC_X86_REG_GS, SEG_GS },
};

static void build(void)
{
	uc_hook in, out;

	require(uc_open(UC_ARCH_X86, UC_MODE_16, &processor) == UC_ERR_OK);
	require(uc_mem_map_ptr(processor, 0, MEMORY, UC_PROT_ALL, theirs) == UC_ERR_OK);
	require(uc_hook_add(processor, &in, UC_HOOK_INSN, (void *)their_in, NULL, 1, 0, UC_X86_INS_IN) == UC_ERR_OK);
	require(uc_hook_add(processor, &out, UC_HOOK_INSN, (void *)their_out, NULL, 1, 0, UC_X86_INS_OUT) == UC_ERR_OK);
}

static void give(const struct vcpu_page *page)
{
	for (u32 i = 0; i < ARRAY_COUNT(gprs); i++)
		require(uc_reg_write(processor, gprs[i], &page->gpr[i]) == UC_ERR_OK);
	for (u32 i = 0; i < ARRAY_COUNT(segments); i++)
		require(uc_reg_write(processor, segments[i].reg, &page->seg[segments[i].seg].selector) == UC_ERR_OK);
	require(uc_reg_write(processor, UC_X86_REG_EFLAGS, &page->rflags) == UC_ERR_OK);
}

static bool execute(u32 len)
{
	(void)uc_ctl_remove_cache(processor, CODE, CODE + 32);
	return uc_emu_start(processor, CODE, CODE + len, 0, 0) == UC_ERR_OK;
}

/* ---- comparing ---- */

/* Flags that the instruction leaves as the manuals say (SDM Vol. 1, appendix A). */
static u32 defined_flags(u32 op)
{
	switch (op) {
	case OP_AND: case OP_OR: case OP_XOR: case OP_TEST:
		return ~FLAG_AF;
	case OP_BT: case OP_BTS: case OP_BTR: case OP_BTC: case OP_ROL: case OP_ROR: case OP_RCL: case OP_RCR:
	case OP_SHL: case OP_SHR: case OP_SAR: case OP_SHLD: case OP_SHRD: case OP_MUL: case OP_IMUL: case OP_DIV:
	case OP_IDIV: case OP_IMUL2: case OP_IMUL3: case OP_BSF: case OP_BSR:
		return ~FLAGS_ARITHMETIC;
	default:
		return ~0u;
	}
}

static void compare(const struct vcpu_page *page, u32 op)
{
	u64 flags = 0;

	for (u32 i = 0; i < ARRAY_COUNT(gprs); i++) {
		u64 value = 0;

		require(uc_reg_read(processor, gprs[i], &value) == UC_ERR_OK);
		require((u32)value == (u32)page->gpr[i]);
	}
	require(uc_reg_read(processor, UC_X86_REG_EFLAGS, &flags) == UC_ERR_OK);
	require(((flags ^ page->rflags) & (FLAGS_ARITHMETIC | FLAG_DF) & defined_flags(op)) == 0);
	require(memcmp(ours, theirs, MEMORY) == 0);
	require(our_ports.count == their_ports.count &&
		memcmp(our_ports.done, their_ports.done, our_ports.count * sizeof(struct access)) == 0);
}

/* ---- one instruction ---- */

struct input { const uint8_t *data; size_t size, at; };

static void take(struct input *in, void *to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((u8 *)to)[i] = in->size ? in->data[in->at++ % in->size] : 0;
}

/* Offsets stay low enough for most addresses to lie within their segments; REP ends soon. */
static void fill(struct input *in, struct vcpu_page *page)
{
	memset(page, 0, sizeof(*page));
	for (u32 i = 0; i < ARRAY_COUNT(gprs); i++)
		take(in, &page->gpr[i], 4);
	page->gpr[GPR_RCX] &= REPEATS;
	take(in, &page->rflags, 4);
	page->rflags = (page->rflags & FLAGS_OF_INPUT) | 2;
	for (u32 i = 0; i < ARRAY_COUNT(segments); i++) {
		struct vcpu_segment *s = &page->seg[segments[i].seg];

		take(in, &s->selector, 2);
		if (segments[i].seg == SEG_CS)
			s->selector = CODE_SEG;
		s->base = s->selector * 16u;
		s->limit = 0xffff;
		s->access = segments[i].seg == SEG_CS ? 0x9b : 0x93;
	}
	page->filled = GROUP_ALL;
	page->cr0 = 0x10;
}

static bool is_comparable(const struct insn *insn)
{
	return insn->op != OP_LMSW && insn->op != OP_SMSW && insn->op != OP_FLUSH && insn->op != OP_VECTOR &&
	       insn->op != OP_STORE_SEG && !insn->has_lock;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .data = data, .size = size };
	u8 bytes[INSN_BYTES_MAX];
	struct vcpu_page page;
	struct emulate e = { .page = &page, .ops = &ops };
	struct insn insn;
	enum emulate_result result;

	take(&in, bytes, sizeof(bytes));
	if (decode(&insn, bytes, sizeof(bytes), MODE_16) != DECODE_OK || !is_comparable(&insn))
		return 0;
	if (processor == NULL)
		build();
	fill(&in, &page);
	for (u32 i = 0; i < MEMORY; i += 0x1000)
		memset(ours + i, (int)(i / 0x1000 + page.gpr[GPR_RDX]), 0x1000);
	memcpy(ours + CODE, bytes, sizeof(bytes));
	memcpy(theirs, ours, MEMORY);
	our_ports.count = their_ports.count = 0;
	give(&page);
	do
		result = emulate(&e, &insn);
	while (result == EMULATE_AGAIN);
	if (result != EMULATE_DONE || memcmp(ours + CODE, bytes, sizeof(bytes)) != 0)
		return 0;
	require(page.rip == insn.len && execute(insn.len));
	compare(&page, insn.op);
	return 0;
}
