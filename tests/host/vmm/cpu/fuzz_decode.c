/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The instruction decoder on any bytes in any mode: it stays within the bytes it was given, its result is within the
 * limits that others rely on, and one byte less is always "too short".
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "decode.h"
#include "vcpu_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_operand(const struct operand *o)
{
	require(o->kind <= OPERAND_IMM);
	if (o->kind == OPERAND_REG)
		require(o->reg < GPR_COUNT && (!o->is_high || (o->bytes == 1 && o->reg < 4)));
}

static void check_insn(const struct insn *insn, const uint8_t *data, u32 count, enum cpu_mode mode)
{
	struct insn again;

	require(insn->op > OP_NONE && insn->op < OP_COUNT);
	require(insn->len >= 1 && insn->len <= INSN_BYTES_MAX && insn->len <= count);
	require(insn->addr_bytes == 2 || insn->addr_bytes == 4 || insn->addr_bytes == 8);
	require(insn->op_bytes <= 8 && (insn->op_bytes & (insn->op_bytes - 1)) == 0);
	require(insn->op_bytes != 0 || insn->op == OP_VECTOR);
	require(insn->seg <= SEG_GS && (insn->base < GPR_COUNT || insn->base == INSN_NO_REG));
	require(insn->index < GPR_COUNT || insn->index == INSN_NO_REG);
	check_operand(&insn->dst);
	check_operand(&insn->src);
	for (u32 less = 0; less < insn->len; less++)
		require(decode(&again, data, less, mode) == DECODE_SHORT);
	require(decode(&again, data, insn->len, mode) == DECODE_OK && again.len == insn->len && again.op == insn->op);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 count = size < INSN_BYTES_MAX + 1 ? (u32)size : INSN_BYTES_MAX + 1;
	struct insn insn;

	for (u32 mode = MODE_16; mode <= MODE_64; mode++)
		if (decode(&insn, data, count, (enum cpu_mode)mode) == DECODE_OK)
			check_insn(&insn, data, count, (enum cpu_mode)mode);
	return 0;
}
