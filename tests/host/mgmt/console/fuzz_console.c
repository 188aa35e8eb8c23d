/* SPDX-License-Identifier: MIT */
/*
 * Anything on the line into the whole console, with a fake root behind it and guests that answer: it never gets stuck
 * and its queues never overflow.
 */
/*
 * links: console
 * helpers: fake_root.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session session, plain;

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
	"[hello]",
	"[list]",
	"[create]",
	"[resend]",
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

/* What the words in brackets stand for: messages of a client, whose number is the first that there is. The id is that
 * of the byte before, so that some come again. */
static const struct { const char *word, *message; } messages[] = {
	{ "[hello]", "{\"execute\":\"hello\",\"arguments\":{\"client\":\"c%u\",\"fragment\":256},\"id\":1}" },
	{ "[list]", "{\"execute\":\"list-vm\",\"c\":1000000001,\"id\":%u}" },
	{ "[create]", "{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"a\"},\"c\":1000000001,\"id\":%u}" },
	{ "[resend]", "{\"execute\":\"resend\",\"arguments\":{\"id\":%u,\"seq\":[0,1,9]},\"c\":1000000001}" },
};

static char frame[1024];
static size_t frame_used;

static void put(void *context, const char *bytes, size_t count)
{
	(void)context;
	check(frame_used + count <= sizeof(frame));
	memcpy(frame + frame_used, bytes, count);
	frame_used += count;
}

static bool send_message(struct fake_root *root, const char *word, u8 before)
{
	const struct frame_sink sink = { put, NULL };
	char text[256];

	for (u32 i = 0; i < ARRAY_COUNT(messages); i++) {
		bool is_plain = before & 0x80;

		if (strcmp(word, messages[i].word) != 0)
			continue;
		snprintf(text, sizeof(text), messages[i].message, before % 20 + 1);
		frame_used = 0;
		frame_encode(is_plain ? FRAME_PLAIN : FRAME_TEXT, &sink, "control", text, strlen(text));
		if (is_plain && session_input_room(&plain) >= frame_used)
			console_input(&plain, frame, frame_used);
		else if (!is_plain)
			fake_type_bytes(root, frame, frame_used);
		return true;
	}
	return false;
}

static size_t drop(void *context, const char *bytes, size_t count)
{
	(void)context;
	(void)bytes;
	return count;
}

static void one(struct fake_root *root, u8 byte, u8 before)
{
	char c = (char)byte;

	root->now_ns += 10000000;
	if (byte >= FIRST_LINE && !send_message(root, lines[byte - FIRST_LINE], before))
		fake_type(root, lines[byte - FIRST_LINE]);
	else if (byte >= FIRST_LINE)
		;
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
	if (before == 0x86)
		console_input(&plain, &c, 1);
	fake_run(root);
	fake_guests(root);
	check(session_output_used(&session) < OUTPUT_BYTES / 2);
	fake_screen(root);
}

static const struct line_ops line = { .send = drop };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_root *root = fake_start(&session, "vm web { memory 4M; autostart yes }");

	check(console_open(root->console, &plain, &line, FRAME_PLAIN));
	for (size_t i = 0; i < size && i < 120; i++)
		one(root, data[i], i ? data[i - 1] : 0);
	root->is_slow = false;
	root->is_down = false;
	fake_end(root);
	return 0;
}
