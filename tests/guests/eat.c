/* SPDX-License-Identifier: MIT */
/*
 * eat.c - takes memory: touches a word in every page from 8 MiB up to `to=` MiB, which must be zero before. Says after
 * every 16 MiB how far it is. With `stay` it then keeps what it has and sleeps for ever.
 */
#include "guest.h"

#define START (8ull << 20)
#define REPORT (16ull << 20)

void guest_main(void)
{
	u64 end = guest_number("to=", 16) << 20, dirty = 0;

	for (u64 at = START; at < end; at += 4096) {
		volatile u64 *word = (volatile u64 *)at;

		dirty += *word != 0;
		*word = at;
		if ((at + 4096) % REPORT == 0) {
			put_text("ate ");
			put_decimal((at + 4096) >> 20);
			put_text(dirty == 0 ? " clean\n" : " DIRTY\n");
		}
	}
	ok_equal(dirty, 0, "new memory is zero");
	while (guest_has("stay"))
		__asm__ volatile("cli; hlt");
}
