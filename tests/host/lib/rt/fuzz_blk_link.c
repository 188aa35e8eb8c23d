/* SPDX-License-Identifier: MIT */
/* links: rt */
/*
 * Either side of a link of block requests against a peer that writes anything anywhere into the link at any time: the
 * other side stays within its own memory, and what it takes or reports is sound.
 */
#include <stdlib.h>
#include <string.h>

#include "blk_link.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define HEAD_BYTES BLK_WINDOW_OFFSET	/* everything of a link but its data */
#define WINDOWS 3u

static _Alignas(4096) u8 memory[HEAD_BYTES];

static const struct blk_info info = {
	.sectors = 4096, .block_bytes = 512, .physical_bytes = 512, .max_sectors = 512, .max_zero_sectors = 4096,
	.features = BLK_FEATURES & ~BLK_IS_READ_ONLY,
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_request(const struct blk_sqe *sqe)
{
	u32 slots = 0;

	must(sqe->op < BLK_OP_COUNT && sqe->seg_count <= BLK_SEGS);
	must(sqe->sector <= info.sectors && sqe->sectors <= info.sectors - sqe->sector);
	for (u32 i = 0; i < sqe->seg_count; i++) {
		const struct blk_seg *seg = &sqe->seg[i];

		must(seg->window == BLK_WINDOW_OWN || seg->window < WINDOWS);
		must((u32)seg->slot + seg->count <= BLK_SLOTS);
		slots += seg->count;
	}
	must(slots * BLK_SLOT_SECTORS >= (sqe->op <= BLK_WRITE ? sqe->sectors : 0));
}

/* The peer's bytes: a place, which prefers the words and the first entries, and a value. */
static void scribble(const u8 *data)
{
	static const u16 words[] = { 0, 4, 64, 128, 192, 196, 256, 512, 516, 520, 524, 528 };
	u32 at = data[0] < 128 ? words[data[0] % (sizeof(words) / sizeof(words[0]))]
			       : ((u32)data[0] << 8 | data[1]) % (HEAD_BYTES - 4);

	memory[at] = data[1];
	memory[at + 1 + (data[0] & 1)] = data[2];
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct blk_client client;
	static struct blk_server server;
	struct blk_sqe sqe = { .op = BLK_READ, .sectors = 8, .seg_count = 1, .seg[0] = { BLK_WINDOW_OWN, 0, 1, 0 } };
	enum blk_status status;
	u64 cookies[2 * BLK_RING];
	u32 number, taken = 0;
	bool is_held[BLK_RING] = { 0 };

	memset(memory, 0, sizeof(memory));
	blk_client_init(&client, memory);
	blk_server_begin(&server, memory, &info, BLK_UP, WINDOWS);
	for (; size >= 4; data += 4, size -= 4) {
		switch (data[3] % 8) {
		case 0:
			(void)blk_client_poll(&client);
			must(!client.is_up || (blk_info_ok(&client.info) && !client.is_lost));
			break;
		case 1: {
			s32 at = blk_client_submit(&client, &sqe);

			must(at < (s32)BLK_RING && (at < 0) == (client.outstanding == BLK_RING && at < 0));
			if (at >= 0) {
				must(!is_held[at]);
				is_held[at] = true;
			}
			break;
		}
		case 2:
			if (!blk_client_completed(&client, &number, &status))
				break;
			must(number < BLK_RING && is_held[number] && status < BLK_STATUS_COUNT);
			is_held[number] = false;
			break;
		case 3:
			while (taken < BLK_RING && blk_server_take(&server, &sqe)) {
				check_request(&sqe);
				cookies[taken++] = sqe.cookie;
			}
			must(server.in_flight == taken);
			break;
		case 4:
			if (taken != 0)
				blk_server_complete(&server, cookies[--taken], (enum blk_status)(data[0] % 6));
			break;
		case 5:
			blk_server_begin(&server, memory, &info, data[0] % 4 ? BLK_UP : BLK_DOWN, WINDOWS);
			taken = 0;
			break;
		default:
			scribble(data);
		}
	}
	return 0;
}
