/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The emulator with any registers and any instruction, over a memory that answers or faults as the input says: a fault
 * leaves RIP alone, a completed instruction moves it by its length, memory is never asked for an odd size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size, at;
};

static void require(int condition)
{
	if (!condition)
		abort();
}

static void take(struct input *in, void *to, size_t count)
{
	u8 *bytes = to;

	for (size_t i = 0; i < count; i++)
		bytes[i] = in->size ? in->data[in->at++ % in->size] : 0;
}

static bool answer(struct input *in, u32 size, u64 *value, struct fault *fault)
{
	u8 fate;

	require(size == 1 || size == 2 || size == 4 || size == 8);
	take(in, &fate, 1);
	take(in, value, 8);
	*value &= alu_mask(size);
	*fault = (struct fault){ .vector = VECTOR_PF, .has_error = 1 };
	return fate % 16 != 0;
}

static bool op_read(void *ctx, u64 linear, u32 size, u64 *value, struct fault *fault)
{
	(void)linear;
	return answer(ctx, size, value, fault);
}

static bool op_write(void *ctx, u64 linear, u32 size, u64 value, struct fault *fault)
{
	u64 ignored;

	(void)linear;
	require((value & ~alu_mask(size)) == 0);
	return answer(ctx, size, &ignored, fault);
}

static bool op_probe(void *ctx, u64 linear, u32 size, struct fault *fault)
{
	u64 ignored;

	(void)linear;
	return answer(ctx, size, &ignored, fault);
}

/* Half of all pages are a device's. */
static bool op_translate(void *ctx, u64 linear, u32 size, bool is_write, struct emulate_place *place,
			 struct fault *fault)
{
	static u8 page[PAGE_SIZE];
	u64 value;

	(void)is_write;
	require(size > 0 && (linear & (PAGE_SIZE - 1)) + size <= PAGE_SIZE);
	if (!answer(ctx, 8, &value, fault))
		return false;
	*place = (struct emulate_place){ .ram = value & 1 ? page + (linear & (PAGE_SIZE - 1)) : NULL, .gpa = linear };
	return true;
}

static u64 op_device_read(void *ctx, u64 gpa, u32 size)
{
	u64 value;

	require((gpa & (PAGE_SIZE - 1)) + size <= PAGE_SIZE);
	take(ctx, &value, sizeof(value));
	return value & alu_mask(size);
}

static void op_device_write(void *ctx, u64 gpa, u32 size, u64 value)
{
	(void)ctx;
	require((gpa & (PAGE_SIZE - 1)) + size <= PAGE_SIZE && (value & ~alu_mask(size)) == 0);
}

static void op_port_read(void *ctx, u16 port, u32 size, u32 *values, u32 count)
{
	(void)port;
	require(size == 1 || size == 2 || size == 4);
	for (u32 i = 0; i < count; i++) {
		take(ctx, &values[i], sizeof(values[i]));
		values[i] &= (u32)alu_mask(size);
	}
}

static void op_port_write(void *ctx, u16 port, u32 size, const u32 *values, u32 count)
{
	(void)ctx;
	(void)port;
	require(size == 1 || size == 2 || size == 4);
	for (u32 i = 0; i < count; i++)
		require((values[i] & ~alu_mask(size)) == 0);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .data = data, .size = size };
	struct vcpu_page page, before;
	struct emulate e = { .page = &page, .ops = &ops, .ctx = &in };
	u8 bytes[INSN_BYTES_MAX];
	struct insn insn;

	take(&in, bytes, sizeof(bytes));
	take(&in, &page, sizeof(page));
	before = page;
	if (decode(&insn, bytes, sizeof(bytes), x86_mode(&page)) != DECODE_OK)
		return 0;
	switch (emulate(&e, &insn)) {
	case EMULATE_DONE:
		require(page.rip == x86_next_rip(x86_mode(&page), before.rip, insn.len));
		break;
	case EMULATE_AGAIN:
		require(page.rip == before.rip && insn.rep != REP_NONE);
		break;
	case EMULATE_FAULT:
		require(page.rip == before.rip &&
			(e.fault.vector != VECTOR_DE || insn.op == OP_DIV || insn.op == OP_IDIV));
		if (insn.rep == REP_NONE)
			require(memcmp(page.gpr, before.gpr, sizeof(page.gpr)) == 0 && page.rflags == before.rflags);
		break;
	case EMULATE_UNSUPPORTED:
		require(memcmp(&page, &before, sizeof(page)) == 0);
		break;
	}
	return 0;
}
