/* SPDX-License-Identifier: MIT */
/*
 * start.c - from the first instruction in C to libc's main. The program header table comes from the ELF header, which
 * is mapped with the first segment.
 */
#include "sys.h"
#include "user.h"

#include <elf.h>

#define AUX_PAIRS 6u

/* libc's, not declared in any header. */
int main(int argc, char **argv, char **envp);
int __libc_start_main(int (*main_function)(int, char **, char **), int argc, char **argv);

extern const Elf64_Ehdr __ehdr_start;

static u8 random_bytes[16];
static char program_name[] = "pd";

/* What a Linux kernel would have put on the stack: argv, NULL, envp's NULL, auxiliary vector. */
static struct {
	char *argv[2];
	char *envp[1];
	u64 aux[AUX_PAIRS][2];
} vector;

/* libc's data of a further thread: all that its thread control block has to have is its own address in front. */
static struct { void *self; u8 rest[504]; } thread_block[USER_THREADS];

static void take_libc_calls(void)
{
	(void)sys_thread_ctl(0, THREAD_SET_COMPAT, (u64)compat_entry, 0, NULL);
}

__attribute__((weak)) void user_thread_main(u32 index)
{
	(void)index;
}

static _Noreturn void further_thread(u32 index)
{
	take_libc_calls();
	if (index < USER_THREADS) {
		thread_block[index].self = &thread_block[index];
		(void)sys_thread_ctl(0, THREAD_SET_FSBASE, (u64)&thread_block[index], 0, NULL);
		user_thread_main(index);
	}
	sys_thread_exit(0);
}

/* Only libc's stack guard depends on it; without a generator the clock must do. */
static void seed(void)
{
	u64 low, high;

	if (user_random(random_bytes, sizeof(random_bytes)))
		return;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	for (u32 i = 0; i < sizeof(random_bytes); i++)
		random_bytes[i] = (u8)((low * 0x9e3779b97f4a7c15ull) >> i % 8 * 8);
}

_Noreturn void user_start(u64 argument)
{
	const u64 aux[AUX_PAIRS][2] = {
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_PHDR, (u64)&__ehdr_start + __ehdr_start.e_phoff },
		{ AT_PHENT, __ehdr_start.e_phentsize },
		{ AT_PHNUM, __ehdr_start.e_phnum },
		{ AT_RANDOM, (u64)random_bytes },
		{ AT_NULL, 0 },
	};

	if (argument < PAGE_SIZE)	/* no heap is that small */
		further_thread((u32)argument);
	take_libc_calls();
	arena_init(argument);
	seed();
	vector.argv[0] = program_name;
	for (u32 i = 0; i < AUX_PAIRS; i++) {
		vector.aux[i][0] = aux[i][0];
		vector.aux[i][1] = aux[i][1];
	}
	(void)__libc_start_main(main, 1, vector.argv);
	sys_thread_exit(0);
}
