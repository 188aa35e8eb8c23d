/* SPDX-License-Identifier: MIT */
/*
 * acpi_memory.h - a small physical memory with ACPI tables in it, for test_acpi_scan.c and fuzz_acpi.c.
 */
#ifndef VOS_TEST_ACPI_MEMORY_H
#define VOS_TEST_ACPI_MEMORY_H

#include <string.h>

#include "acpi_scan.h"
#include "range.h"

#define MEMORY_BASE 0xe0000u
#define MEMORY_BYTES 0x40000u
#define TABLE_BYTES_MAX 0x4000u

static u8 memory[MEMORY_BYTES];

static inline bool memory_read(void *ctx, u64 at, void *to, u32 bytes)
{
	(void)ctx;
	if (at < MEMORY_BASE || !range_ok(at - MEMORY_BASE, bytes, MEMORY_BYTES))
		return false;
	memcpy(to, memory + (at - MEMORY_BASE), bytes);
	return true;
}

static const struct acpi_source source = { .read = memory_read };

static inline u8 *memory_at(u64 at)
{
	return memory + (at - MEMORY_BASE);
}

/* Make the byte at `fix` such that all sum to zero. */
static inline void checksum(u8 *p, u32 bytes, u32 fix)
{
	u8 sum = 0;
	u32 i;

	p[fix] = 0;
	for (i = 0; i < bytes; i++)
		sum = (u8)(sum + p[i]);
	p[fix] = (u8)-sum;
}

/* A table of `bytes` bytes, header included, whose contents are there already. */
static inline void seal_table(u64 at, const char *signature, u32 bytes)
{
	u8 *p = memory_at(at);

	memcpy(p, signature, 4);
	memcpy(p + 4, &bytes, sizeof(bytes));
	checksum(p, bytes, 9);
}

/* rsdt, xsdt: 0 = none. */
static inline void seal_rsdp(u64 at, u32 rsdt, u64 xsdt)
{
	u8 *p = memory_at(at);
	u32 bytes = ACPI_RSDP_BYTES;

	memset(p, 0, ACPI_RSDP_BYTES);
	memcpy(p, "RSD PTR ", 8);
	p[15] = xsdt ? 2 : 0;
	memcpy(p + 16, &rsdt, sizeof(rsdt));
	checksum(p, 20, 8);
	if (!xsdt)
		return;
	memcpy(p + 20, &bytes, sizeof(bytes));
	memcpy(p + 24, &xsdt, sizeof(xsdt));
	checksum(p, ACPI_RSDP_BYTES, 32);
}

#endif
