/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.c - see virtio_pci.h.
 */
#include "virtio_pci.h"

#include <string.h>

#include "range.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#define RESET_MS 1000u
#define NO_VECTOR 0xffffu
#define ISR_CONFIG BIT32(1)		/* 4.1.4.5 */

#define COMMON(field) (u32)offsetof(struct virtio_pci_common_cfg, field)

static u32 common_read(struct virtio_pci *v, u32 offset, u32 size)
{
	return regs_read(&v->blocks.common, offset, size);
}

static void common_write(struct virtio_pci *v, u32 offset, u32 size, u64 value)
{
	regs_write(&v->blocks.common, offset, size, value);
}

static void write64(struct virtio_pci *v, u32 offset, u64 value)
{
	common_write(v, offset, 4, (u32)value);
	common_write(v, offset + 4, 4, value >> 32);
}

static void add_status(struct virtio_pci *v, u32 bits)
{
	common_write(v, COMMON(device_status), 1, common_read(v, COMMON(device_status), 1) | bits);
}

static const char *unusable(struct virtio_pci *v, const char *why)
{
	v->is_unusable = true;
	return why;
}

static bool reset(struct virtio_pci *v)
{
	common_write(v, COMMON(device_status), 1, 0);
	for (u32 ms = 0; common_read(v, COMMON(device_status), 1) != 0; ms++) {
		if (ms == RESET_MS)
			return false;
		v->wait_us(1000);
	}
	return true;
}

static u64 offered_features(struct virtio_pci *v)
{
	u64 low;

	common_write(v, COMMON(device_feature_select), 4, 0);
	low = common_read(v, COMMON(device_feature), 4);
	common_write(v, COMMON(device_feature_select), 4, 1);
	return low | (u64)common_read(v, COMMON(device_feature), 4) << 32;
}

static const char *negotiate(struct virtio_pci *v, u64 wanted)
{
	v->features = offered_features(v) & (wanted | BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM));
	if (!(v->features & BIT64(VIRTIO_F_VERSION_1)))
		return unusable(v, "the device is not a virtio 1.x one");
	if (v->args->is_contained && !(v->features & BIT64(VIRTIO_F_ACCESS_PLATFORM)))
		return unusable(v, "the device goes around the IOMMU (it does not offer VIRTIO_F_ACCESS_PLATFORM)");
	common_write(v, COMMON(guest_feature_select), 4, 0);
	common_write(v, COMMON(guest_feature), 4, (u32)v->features);
	common_write(v, COMMON(guest_feature_select), 4, 1);
	common_write(v, COMMON(guest_feature), 4, v->features >> 32);
	add_status(v, VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(common_read(v, COMMON(device_status), 1) & VIRTIO_CONFIG_S_FEATURES_OK))
		return "the device refuses the features that it offers";
	common_write(v, COMMON(msix_config), 2, NO_VECTOR);
	return NULL;
}

const char *virtio_pci_start(struct virtio_pci *v, u64 wanted)
{
	const char *why;

	if (!virtio_find_blocks(v->args, &v->blocks))
		return unusable(v, "the device has no modern register blocks (a legacy device is not supported)");
	if (!reset(v))
		return "the device does not reset";
	add_status(v, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	why = negotiate(v, wanted);
	if (why != NULL)
		virtio_pci_fail(v);
	return why;
}

const char *virtio_pci_queue(struct virtio_pci *v, u16 index, const struct virtio_queue_place *place,
			     struct virtio_queue *q)
{
	u32 vector = v->args->interrupts == DRIVER_IRQ_MESSAGES ? 0 : NO_VECTOR, size;

	common_write(v, COMMON(queue_select), 2, index);
	size = common_read(v, COMMON(queue_size), 2);
	if (size < place->least || (size & (size - 1)) != 0)
		return "the device has no usable queue";
	size = (u32)min_u64(size, place->most);
	common_write(v, COMMON(queue_size), 2, size);
	common_write(v, COMMON(queue_msix_vector), 2, vector);
	if (common_read(v, COMMON(queue_msix_vector), 2) != vector)
		return "the device does not take an interrupt";
	write64(v, COMMON(queue_desc_lo), place->desc);
	write64(v, COMMON(queue_avail_lo), place->avail);
	write64(v, COMMON(queue_used_lo), place->used);
	q->notify_at = common_read(v, COMMON(queue_notify_off), 2) * v->blocks.notify_multiplier;
	if (!range_ok(q->notify_at, 2, v->blocks.notify.bytes))
		return "the queue's notification is out of range";
	common_write(v, COMMON(queue_enable), 2, 1);
	q->size = (u16)size;
	return NULL;
}

void virtio_pci_go(struct virtio_pci *v)
{
	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_pci_fail(struct virtio_pci *v)
{
	add_status(v, VIRTIO_CONFIG_S_FAILED);
}

void virtio_pci_notify(struct virtio_pci *v, u16 index, const struct virtio_queue *q)
{
	regs_write(&v->blocks.notify, q->notify_at, 2, index);
}

bool virtio_pci_quiet(struct virtio_pci *v)
{
	if (v->args->interrupts != DRIVER_IRQ_LINES || v->blocks.isr.bytes == 0)
		return false;
	return (regs_read(&v->blocks.isr, 0, 1) & ISR_CONFIG) != 0;
}

void virtio_pci_config_interrupt(struct virtio_pci *v)
{
	if (v->args->interrupts == DRIVER_IRQ_MESSAGES)
		common_write(v, COMMON(msix_config), 2, v->args->interrupt_count > 1 ? 1 : 0);
}

u32 virtio_pci_config(struct virtio_pci *v, u32 offset, u32 size, u32 otherwise)
{
	return range_ok(offset, size, v->blocks.device.bytes) ? regs_read(&v->blocks.device, offset, size) : otherwise;
}

u32 virtio_pci_generation(struct virtio_pci *v)
{
	return common_read(v, COMMON(config_generation), 1);
}
