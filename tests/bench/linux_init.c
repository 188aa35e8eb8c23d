/* SPDX-License-Identifier: MIT */
/*
 * linux_init.c - the first program of a Linux guest whose start is measured: it writes the TSC, as it was at its first
 * instruction, to COM1 (`TSC` and 16 hexadecimal digits) and switches the machine
 * off at once, without asking the kernel to shut down: through the sleep register of platform modern, or QEMU's
 * isa-debug-exit.
 */
#include <asm/unistd.h>

#include "acpi_pm.h"
#include "platform.h"

#define COM1 0x3f8u
#define DEBUG_EXIT 0xf4u
#define SLEEP_NOW (ACPI_S5_TYPE << 2 | 0x20)

static void out(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void tell(u64 value)
{
	static const char head[] = "\nTSC ";

	for (u32 i = 0; head[i]; i++)
		out(COM1, (u8)head[i]);
	for (u32 shift = 64; shift; shift -= 4)
		out(COM1, (u8)"0123456789abcdef"[value >> (shift - 4) & 15]);
	out(COM1, '\n');
}

_Noreturn void _start(void);

_Noreturn void _start(void)
{
	u64 tsc = __builtin_ia32_rdtsc();
	long result = __NR_iopl;

	__asm__ volatile("syscall" : "+a"(result) : "D"(3) : "rcx", "r11", "memory");
	tell(tsc);
	out(ACPI_PORT + ACPI_SLEEP_CONTROL, SLEEP_NOW);
	out(DEBUG_EXIT, 0);
	for (;;)
		;
}
