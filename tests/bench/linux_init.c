/*
 * linux_init.c - the first program of a Linux guest whose start is measured: it switches its VM off at once, through
 * the sleep register of platform modern, without asking the kernel to shut down.
 */
#include <asm/unistd.h>

#include "acpi_pm.h"
#include "platform.h"

#define SLEEP_NOW (ACPI_S5_TYPE << 2 | 0x20)

_Noreturn void _start(void);

_Noreturn void _start(void)
{
	long result = __NR_iopl;

	__asm__ volatile("syscall" : "+a"(result) : "D"(3) : "rcx", "r11", "memory");
	__asm__ volatile("outb %0, %1" : : "a"((u8)SLEEP_NOW), "Nd"((u16)(ACPI_PORT + ACPI_SLEEP_CONTROL)));
	for (;;)
		;
}
