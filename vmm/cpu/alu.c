/* SPDX-License-Identifier: MIT */
/*
 * alu.c - integer arithmetic with x86 status flags.
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

/* ---- Rotates and shifts ---- */

static bool bit_of(u64 value, u32 bit)
{
	return (value >> bit & 1) != 0;
}

static void set_bits(u64 *rflags, u64 mask, bool carry, bool overflow, u64 others)
{
	*rflags = (*rflags & ~mask) | (carry ? RFLAGS_CF : 0) | (overflow ? RFLAGS_OF : 0) | others;
}

static u64 rotate(bool is_left, u64 a, u32 count, u32 bits, u64 *rflags)
{
	u32 left = is_left ? count % bits : (bits - count % bits) % bits;
	u64 result = left ? (a << left | a >> (bits - left)) & alu_mask(bits / 8) : a;
	bool top = bit_of(result, bits - 1);
	bool carry = is_left ? result & 1 : top;

	set_bits(rflags, RFLAGS_CF | RFLAGS_OF, carry, top != (is_left ? carry : bit_of(result, bits - 2)), 0);
	return result;
}

static u64 rotate_through_carry(bool is_left, u64 a, u32 count, u32 bits, u64 *rflags)
{
	bool carry = *rflags & RFLAGS_CF, next;

	for (count %= bits + 1; count; count--) {
		next = is_left ? bit_of(a, bits - 1) : a & 1;
		a = is_left ? (a << 1 | carry) & alu_mask(bits / 8) : a >> 1 | (u64)carry << (bits - 1);
		carry = next;
	}
	set_bits(rflags, RFLAGS_CF | RFLAGS_OF, carry,
		 bit_of(a, bits - 1) != (is_left ? carry : bit_of(a, bits - 2)), 0);
	return a;
}

static u64 sign_extended(u64 a, u32 bytes)
{
	u32 shift = 64 - 8 * bytes;

	return (u64)((s64)(a << shift) >> shift);
}

static u64 shift_left(u64 a, u32 count, u32 bits, u64 *rflags)
{
	u64 result = count < bits ? (a << count) & alu_mask(bits / 8) : 0;
	bool carry = count <= bits && bit_of(a, bits - count);

	set_bits(rflags, STATUS_FLAGS, carry, bit_of(result, bits - 1) != carry, result_flags(result, bits / 8));
	return result;
}

/* a: extended to 64 bits. */
static u64 shift_right_sign(s64 a, u32 count, u32 bits, u64 *rflags)
{
	u64 result = (u64)(a >> count) & alu_mask(bits / 8);

	set_bits(rflags, STATUS_FLAGS, a >> (count - 1) & 1, false, result_flags(result, bits / 8));
	return result;
}

static u64 shift_right_zero(u64 a, u32 count, u32 bits, u64 *rflags)
{
	u64 result = a >> count;

	set_bits(rflags, STATUS_FLAGS, bit_of(a, count - 1), bit_of(a, bits - 1), result_flags(result, bits / 8));
	return result;
}

u64 alu_shift(enum alu_shift kind, u64 a, u32 count, u32 bytes, u64 *rflags)
{
	u32 bits = 8 * bytes;

	a &= alu_mask(bytes);
	count &= bytes == 8 ? 63 : 31;
	if (count == 0)
		return a;
	switch (kind) {
	case ALU_ROL:
	case ALU_ROR:
		return rotate(kind == ALU_ROL, a, count, bits, rflags);
	case ALU_RCL:
	case ALU_RCR:
		return rotate_through_carry(kind == ALU_RCL, a, count, bits, rflags);
	case ALU_SHL:
		return shift_left(a, count, bits, rflags);
	case ALU_SHR:
		break;
	case ALU_SAR:
		return shift_right_sign((s64)sign_extended(a, bytes), count, bits, rflags);
	}
	return shift_right_zero(a, count, bits, rflags);
}

u64 alu_shift_double(bool is_left, u64 a, u64 fill, u32 count, u32 bytes, u64 *rflags)
{
	u32 bits = 8 * bytes;
	u64 mask = alu_mask(bytes), result;
	bool carry;

	a &= mask;
	fill &= mask;
	count = (count & (bytes == 8 ? 63 : 31)) % bits;	/* 16 bits by more than that: undefined */
	if (count == 0)
		return a;
	result = (is_left ? a << count | fill >> (bits - count) : a >> count | fill << (bits - count)) & mask;
	carry = bit_of(a, is_left ? bits - count : count - 1);
	set_bits(rflags, STATUS_FLAGS, carry, bit_of(result, bits - 1) != bit_of(a, bits - 1),
		 result_flags(result, bytes));
	return result;
}

/* ---- Products and quotients ---- */

struct alu_pair alu_multiply(bool is_signed, u64 a, u64 b, u32 bytes, u64 *rflags)
{
	u64 mask = alu_mask(bytes);
	struct alu_pair product;
	unsigned __int128 wide;
	bool is_too_wide;

	if (is_signed)
		wide = (unsigned __int128)((__int128)(s64)sign_extended(a, bytes) * (s64)sign_extended(b, bytes));
	else
		wide = (unsigned __int128)(a & mask) * (b & mask);
	product = (struct alu_pair){ (u64)wide & mask, (u64)(wide >> 8 * bytes) & mask };
	is_too_wide = is_signed ? wide != (unsigned __int128)(__int128)(s64)sign_extended(product.low, bytes)
				: product.high != 0;
	set_bits(rflags, RFLAGS_CF | RFLAGS_OF, is_too_wide, is_too_wide, 0);
	return product;
}

/* DIV on magnitudes: the quotient fits in 64 bits exactly if the upper half is less than the divisor. */
static u64 quotient_of(unsigned __int128 n, u64 divisor)
{
	u64 low = (u64)n, high = (u64)(n >> 64);

	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(divisor) : "cc");
	return low;
}

bool alu_divide(bool is_signed, struct alu_pair *n, u64 divisor, u32 bytes)
{
	u32 shift = 128 - 16 * bytes;
	u64 mask = alu_mask(bytes), d = divisor & mask, quotient, remainder;
	unsigned __int128 wide = (unsigned __int128)(n->high & mask) << 8 * bytes | (n->low & mask);
	bool is_negative = is_signed && bit_of(n->high, 8 * bytes - 1), is_divisor_negative = false;

	if (is_negative)
		wide = 0 - (unsigned __int128)((__int128)(wide << shift) >> shift);
	if (is_signed) {
		is_divisor_negative = bit_of(d, 8 * bytes - 1);
		d = is_divisor_negative ? 0 - sign_extended(d, bytes) : d;
	}
	if (d == 0 || (u64)(wide >> 64) >= d)
		return false;
	quotient = quotient_of(wide, d);
	remainder = (u64)wide - quotient * d;
	if (quotient > (is_signed ? (mask >> 1) + (is_negative != is_divisor_negative) : mask))
		return false;
	n->low = (is_negative != is_divisor_negative ? 0 - quotient : quotient) & mask;
	n->high = (is_negative ? 0 - remainder : remainder) & mask;
	return true;
}

bool alu_condition(u32 condition, u64 rflags)
{
	bool is_less = !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF), is_true = false;

	switch (condition >> 1 & 7) {
	case 0: is_true = rflags & RFLAGS_OF; break;
	case 1: is_true = rflags & RFLAGS_CF; break;
	case 2: is_true = rflags & RFLAGS_ZF; break;
	case 3: is_true = rflags & (RFLAGS_CF | RFLAGS_ZF); break;
	case 4: is_true = rflags & RFLAGS_SF; break;
	case 5: is_true = rflags & RFLAGS_PF; break;
	case 6: is_true = is_less; break;
	case 7: is_true = is_less || (rflags & RFLAGS_ZF); break;
	}
	return is_true != (condition & 1);
}
