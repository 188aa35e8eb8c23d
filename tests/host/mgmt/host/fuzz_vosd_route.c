/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what two programs and VOS send by way of vosd: as messages on any channel in any order, then as bytes of
 * the line, in either encoding. Records of a byte (who, which channel), a byte of length, and the message.
 */
/*
 * links: vosd libvos
 */
#include <string.h>

#include "vosd.h"

#define SENDERS 4u	/* the line, two programs, and one of these goes and comes */

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct vosd vosd;

static void start_peer(struct peer *peer, int fd)
{
	*peer = (struct peer){ .fd = fd };
}

static void end(struct vosd *v)
{
	for (u32 i = 0; i < PEERS; i++) {
		route_forget(v, &v->peers[i]);
		wire_free(&v->peers[i].out);
	}
	for (u32 i = 0; i < WAITING; i++)
		json_decref(v->waiting[i].id);
	wire_free(&v->out);
}

static void take(struct vosd *v, u8 head, const u8 *message, size_t length)
{
	static const char *const channels[] = {
		"control", "control+", "events", "nak", "s7", "a7", "s99999999999", "x",
	};
	struct wire_frame frame = { .kind = FRAME_PLAIN, .message = message, .length = length };
	u32 sender = head % SENDERS;

	strcpy(frame.channel, channels[head / SENDERS % ARRAY_COUNT(channels)]);
	if (sender == 0) {
		route_down(v, &frame);
	} else if (sender < SENDERS - 1) {
		route_up(v, &v->peers[sender - 1], &frame);
	} else {
		route_forget(v, &v->peers[0]);
		wire_free(&v->peers[0].out);
		start_peer(&v->peers[0], 100);
	}
}

static void take_bytes(struct vosd *v, bool is_text, const u8 *data, size_t size)
{
	struct wire_scanner in = { 0 };
	struct wire_frame frame;

	if (wire_start(&in, is_text, !is_text) && wire_feed(&in, data, size))
		while (wire_next(&in, &frame))
			route_down(v, &frame);
	wire_end(&in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct vosd *v = &vosd;

	*v = (struct vosd){ .link = { .fd = 1, .lock = -1 }, .kind = FRAME_TEXT, .is_kind_known = true };
	for (u32 i = 0; i < PEERS; i++)
		v->peers[i].fd = -1;
	for (u32 i = 0; i < 2; i++)
		start_peer(&v->peers[i], 100 + (int)i);
	for (size_t at = 0; at + 2 <= size;) {
		size_t left = size - at - 2, length = data[at + 1] < left ? data[at + 1] : left;

		take(v, data[at], data + at + 2, length);
		at += 2 + length;
	}
	take_bytes(v, true, data, size);
	take_bytes(v, false, data, size);
	end(v);
	return 0;
}
