/* SPDX-License-Identifier: MIT */
/*
 * virtio_caps.c - see virtio_caps.h.
 */
#include "virtio_caps.h"

#include <string.h>

#include "bar.h"
#include "range.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>

#define CAPS_MAX 48u		/* as many as fit; a list in a circle ends here */
#define NOTIFY_LEAST 2u

static const struct {
	u8 type;
	u32 least;		/* bytes that are needed of it */
	u64 offset;		/* in struct virtio_blocks */
} wanted[] = {
	{ VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_common_cfg), offsetof(struct virtio_blocks, common) },
	{ VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_LEAST, offsetof(struct virtio_blocks, notify) },
	{ VIRTIO_PCI_CAP_ISR_CFG, 1, offsetof(struct virtio_blocks, isr) },
	{ VIRTIO_PCI_CAP_DEVICE_CFG, 8, offsetof(struct virtio_blocks, device) },
};

/* The first one of a type that can be used is the best (4.1.4.1). */
static void take_cap(const struct driver_args *args, const struct virtio_pci_cap *cap, struct virtio_blocks *out)
{
	for (u32 i = 0; i < ARRAY_COUNT(wanted); i++) {
		struct regs *regs = (struct regs *)(void *)((u8 *)out + wanted[i].offset);

		if (cap->cfg_type != wanted[i].type || regs->bytes != 0 || cap->length < wanted[i].least)
			continue;
		if (bar_regs(args, cap->bar, cap->offset, cap->length, regs))
			regs->bytes = cap->length;
	}
}

bool virtio_find_blocks(const struct driver_args *args, struct virtio_blocks *out)
{
	const u8 *config = args->config;
	u32 at = config[PCI_CAPABILITY_LIST] & 0xfcu;
	struct virtio_pci_notify_cap cap;
	bool has_notify;

	memset(out, 0, sizeof(*out));
	for (u32 n = 0; at >= PCI_STD_HEADER_SIZEOF && n < CAPS_MAX; n++, at = config[at + 1] & 0xfcu) {
		if (config[at] != PCI_CAP_ID_VNDR || at + sizeof(cap.cap) > sizeof(args->config))
			continue;
		memset(&cap, 0, sizeof(cap));
		memcpy(&cap, config + at, min_u64(sizeof(cap), sizeof(args->config) - at));
		has_notify = out->notify.bytes != 0;
		take_cap(args, &cap.cap, out);
		if (!has_notify && out->notify.bytes != 0)
			out->notify_multiplier = cap.notify_off_multiplier;
	}
	for (u32 i = 0; i < ARRAY_COUNT(wanted); i++)
		if (((const struct regs *)(const void *)((u8 *)out + wanted[i].offset))->bytes == 0)
			return false;
	return true;
}
