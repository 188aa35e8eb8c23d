/* SPDX-License-Identifier: MIT */
/*
 * Anything on the line into the whole console, with a fake root behind it and guests that answer: it never gets stuck
 * and its queues never overflow.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdlib.h>
#include <string.h>

#include "fake_root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session session;

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

/* Lines a random byte can stand for, so that the deeper parts are reached. */
static const char *const lines[] = {
	"set-vm a --memory 64M --module none --cmdline \"a \\\"b\" --kernel memtest\r",
	"export-config\r",
	"export-config a --json\r",
	"apply-config --json\r",
	"reboot\r",
	"create-vm a\r",
	"start-vm a\r",
	"stop-vm a\r",
	"console a\r",
	"log-vm a\r",
	"list-vm\r",
	"status-vm a\r",
	"delete-vm a --force\r",
	"create-vm b --json\r",
	"start-vm b --wait=1s\r",
	"\x1d",
	"apply-config\r",
	"\x1b_vos;1;control;",
	"shutdown\r",
	"\x03",
	"console b\r",
	"top\r",
	"top --count 2 --interval 500ms\r",
	"top --json\r",
	"\x1b[?1;2c",
	"\x1b[24;80R",
	"set-vm a --cap 50 --affinity 0\r",
	"stats-vm a\r",
	"accounting\r",
	"restart-service store\r",
	"create-vm c --disk 1G,on=ram --disk volume=x\r",
	"list-disk\r",
	"list-volume data --json\r",
	"create-volume data --size 1G\r",
	"delete-volume data\r",
};
#define FIRST_LINE (256u - ARRAY_COUNT(lines))

static void one(struct fake_root *root, u8 byte)
{
	char c = (char)byte;

	root->now_ns += 10000000;
	if (byte >= FIRST_LINE)
		fake_type(root, lines[byte - FIRST_LINE]);
	else if (byte == 0x80)
		fake_event(root, "a", VM_CRASHED, STOP_TRIPLE_FAULT);
	else if (byte == 0x81)
		root->is_slow = !root->is_slow;
	else if (byte == 0x82)
		fake_answer(root);
	else if (byte == 0x83)
		fake_guest_writes(root, "a", "\x1b[31mguest says\r\n");
	else if (byte == 0x84)
		fake_log(root, "kernel\n");
	else if (byte == 0x85)
		root->now_ns += 5000000000;
	else
		fake_type_bytes(root, &c, 1);
	fake_run(root);
	fake_guests(root);
	check(session_output_used(&session) < OUTPUT_BYTES / 2);
	fake_screen(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_root *root = fake_start(&session, "vm web { memory 4M; autostart yes }");

	for (size_t i = 0; i < size && i < 120; i++)
		one(root, data[i]);
	root->is_slow = false;
	root->is_down = false;
	fake_end(root);
	return 0;
}
