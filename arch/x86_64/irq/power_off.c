/* SPDX-License-Identifier: MIT */
/*
 * power_off.c - starting the machine again, in the one way that needs ring 0. All others are root's (SYSTEM_REBOOT).
 */
#include "platform_irq.h"

#include "virt.h"

/* Shutdown, at an exception without an IDT, makes the chipset reset the processors. */
void arch_reboot(void)
{
	static const struct table_pointer empty;

	arch_stop_others();
	if (virt != NULL)
		virt->cpu_off();	/* in VMX operation INIT is blocked */
	lidt(&empty);
	__builtin_trap();
}
