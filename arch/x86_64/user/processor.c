/* SPDX-License-Identifier: MIT */
/*
 * processor.c - what a program can ask without a system call: the info page, and the processor's random numbers.
 */
#include "info_page.h"
#include "user.h"

#define RDRAND_TRIES 16u

const struct info_page *user_info(void)
{
	return (const struct info_page *)INFO_PAGE_ADDRESS;
}

static bool has_rdrand(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return (ecx & BIT32(30)) != 0;
}

static bool rdrand(u64 *out)
{
	bool is_ok = false;

	for (u32 i = 0; i < RDRAND_TRIES && !is_ok; i++)
		__asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*out), "=qm"(is_ok) : : "cc");
	return is_ok;
}

bool user_random(void *out, size_t bytes)
{
	u8 *to = out;
	u64 word = 0;

	if (!has_rdrand())
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if (i % sizeof(word) == 0 && !rdrand(&word))
			return false;
		to[i] = (u8)(word >> i % sizeof(word) * 8);
	}
	return true;
}
