/* SPDX-License-Identifier: MIT */
/*
 * lines.c - writes much: `lines=N` numbered lines (3,000 if nothing is said), when a key was pressed, and again after
 * each further key.
 */
#include "guest.h"

#define COM1 0x3f8
#define LSR_DATA 0x01u

static void await_key(void)
{
	while (!(in8(COM1 + 5) & LSR_DATA))
		__asm__ volatile("pause");
	(void)in8(COM1);
}

void guest_main(void)
{
	u64 count = guest_number("lines=", 3000);

	put_text("press a key\n");
	for (;;) {
		await_key();
		for (u64 i = 0; i < count; i++) {
			put_text("line ");
			put_decimal(i);
			put_char('\n');
		}
		put_text("end\n");
	}
}
