/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * A virtqueue in RAM that a guest fills with anything: the input is how the queue is set up, then RAM itself. Chains
 * that are taken lie in RAM, and a queue ends after at most as many chains as it has entries.
 */
#include <stdlib.h>
#include <string.h>

#include "virtqueue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM_BYTES = 8192 };

static u8 ram[RAM_BYTES] __attribute__((aligned(64)));
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

static void check(const struct virtqueue_chain *chain)
{
	u64 bytes = 0;

	must(chain->count > 0 && chain->count <= VIRTQUEUE_SEGMENTS && chain->readable <= chain->count);
	for (u32 i = 0; i < chain->count; i++) {
		const struct virtqueue_segment *s = &chain->segment[i];

		must(s->at >= ram && s->len > 0 && s->len <= RAM_BYTES && s->at + s->len <= ram + RAM_BYTES);
		bytes += s->len;
	}
	must(bytes == (u64)chain->readable_bytes + chain->writable_bytes && bytes <= VIRTQUEUE_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtqueue_chain chain;
	struct virtqueue_setup setup = { .descriptors = 0, .available = 1024, .used = 2048, .size = 16 };
	struct virtqueue q;
	u8 how = size ? data[0] : 0;

	memset(ram, 0, sizeof(ram));
	if (size > 1)
		memcpy(ram, data + 1, size - 1 < RAM_BYTES ? size - 1 : RAM_BYTES);
	setup.has_event_idx = how & 1;
	setup.has_indirect = how & 2;
	if (how & 4)
		memcpy(&setup, ram + RAM_BYTES / 2, 28);	/* addresses and size */
	if (!virtqueue_enable(&q, &memory, &setup))
		return 0;
	for (u32 i = 0; virtqueue_pop(&q, &chain); i++) {
		/* what the device writes may be in the rings, and makes new chains: a driver that never ends */
		if (i == 64)
			return 0;
		check(&chain);
		virtqueue_write(&chain, how, data, (u32)(size < 512 ? size : 512));
		virtqueue_push(&q, chain.head, chain.writable_bytes);
		(void)virtqueue_should_interrupt(&q);
		(void)virtqueue_want_notification(&q, 1 + how % 64u);
	}
	return 0;
}
