/*
 * alu.c - see alu.h.
 */
#include "alu.h"

#define STATUS_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* ZF, SF and PF of a result. */
static u64 result_flags(u64 result, u32 bytes)
{
	u64 flags = 0;

	if (result == 0)
		flags |= RFLAGS_ZF;
	if (result >> (8 * bytes - 1) & 1)
		flags |= RFLAGS_SF;
	if (__builtin_parity((u32)(result & 0xff)) == 0)
		flags |= RFLAGS_PF;
	return flags;
}

static void set_status(u64 *rflags, u64 flags)
{
	*rflags = (*rflags & ~STATUS_FLAGS) | flags;
}

u64 alu_add(u64 a, u64 b, u32 carry, u32 bytes, u64 *rflags)
{
	u64 mask = alu_mask(bytes), result, flags;

	a &= mask;
	b &= mask;
	result = (a + b + carry) & mask;
	flags = result_flags(result, bytes);
	if (result < a || (carry && result == a))
		flags |= RFLAGS_CF;
	if ((a ^ b ^ result) & 0x10)
		flags |= RFLAGS_AF;
	if ((a ^ result) & (b ^ result) & (mask ^ (mask >> 1)))
		flags |= RFLAGS_OF;
	set_status(rflags, flags);
	return result;
}

u64 alu_sub(u64 a, u64 b, u32 borrow, u32 bytes, u64 *rflags)
{
	u64 mask = alu_mask(bytes), result, flags;

	a &= mask;
	b &= mask;
	result = (a - b - borrow) & mask;
	flags = result_flags(result, bytes);
	if (a < b || (borrow && a == b))
		flags |= RFLAGS_CF;
	if ((a ^ b ^ result) & 0x10)
		flags |= RFLAGS_AF;
	if ((a ^ b) & (a ^ result) & (mask ^ (mask >> 1)))
		flags |= RFLAGS_OF;
	set_status(rflags, flags);
	return result;
}

u64 alu_logic(u64 result, u32 bytes, u64 *rflags)
{
	result &= alu_mask(bytes);
	set_status(rflags, result_flags(result, bytes));
	return result;
}

u64 alu_inc(u64 a, u32 bytes, u64 *rflags)
{
	u64 carry = *rflags & RFLAGS_CF;
	u64 result = alu_add(a, 1, 0, bytes, rflags);

	*rflags = (*rflags & ~RFLAGS_CF) | carry;
	return result;
}

u64 alu_dec(u64 a, u32 bytes, u64 *rflags)
{
	u64 carry = *rflags & RFLAGS_CF;
	u64 result = alu_sub(a, 1, 0, bytes, rflags);

	*rflags = (*rflags & ~RFLAGS_CF) | carry;
	return result;
}
