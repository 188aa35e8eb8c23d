/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - a guest that does as its terminal says, a letter at a time: q asks the terminal where its cursor is and
 * powers off, c crashes by a triple fault; other letters come back in brackets. It tells breaks and NMIs.
 */
#include "guest.h"

#define COM1 0x3f8
#define LSR_DATA 0x01u
#define LSR_BREAK 0x10u

static volatile u32 nmis;

static void on_nmi(struct trap *t)
{
	(void)t;
	nmis++;
}

/* The table keeps some bytes: an empty one would be a reset that the guest asks for. */
static void crash(void)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { 7, 0 };

	__asm__ volatile("lidt %0; ud2" : : "m"(pointer));
}

static void obey(char letter)
{
	if (letter == 'c')
		crash();
	put_char('[');
	put_char(letter);
	put_text("]\n");
}

void guest_main(void)
{
	u32 told = 0;
	char letter = 0;

	trap_handlers[2] = on_nmi;
	put_text("terminal\n");
	while (letter != 'q') {
		u8 lsr = in8(COM1 + 5);

		if (nmis != told) {
			told = nmis;
			put_text("[nmi]\n");
		}
		if (!(lsr & LSR_DATA)) {
			__asm__ volatile("pause");
			continue;
		}
		letter = (char)in8(COM1);
		if (lsr & LSR_BREAK)
			put_text("[break]\n");
		else
			obey(letter);
	}
	put_text("\x1b[6n");
}
