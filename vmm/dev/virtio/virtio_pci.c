/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.c - the modern PCI transport (virtio 1.2, 4.1): structures in BARs, named by capabilities.
 */
#include "virtio_pci.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "range.h"

#define VENDOR 0x1af4u
#define DEVICE_BASE 0x1040u
#define REVISION 1u

enum { BAR_PORTS = 0, BAR_MEMORY = 2 };
enum { PORT_BYTES = 64, NOTIFY_STRIDE = 4 };
/* Layout of BAR_MEMORY. */
enum { AT_COMMON = 0, AT_ISR = 0x1000, AT_NOTIFY = 0x1800, AT_CONFIG = 0x2000, AT_TABLE = 0x3000, AT_PENDING = 0x3800,
       MEMORY_BYTES = 0x4000 };
enum { COMMON_BYTES = VIRTIO_PCI_COMMON_Q_USEDHI + 4 };
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

_Static_assert(VIRTIO_QUEUES * NOTIFY_STRIDE <= PORT_BYTES && PCI_MSIX_TABLE_BYTES <= AT_PENDING - AT_TABLE, "layout");
_Static_assert(VIRTIO_QUEUES + 1 <= PCI_MSIX_VECTORS, "a vector for each queue and one for changes");

#define TRANSPORT_FEATURES \
	(BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_RING_F_INDIRECT_DESC) | BIT64(VIRTIO_RING_F_EVENT_IDX))
#define STATUS_OF_DRIVER \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK | \
	 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_FAILED)
#define STATUS_RUNNING (VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FEATURES_OK)

/* ---- Interrupts ---- */

static void interrupt(struct virtio_device *d, u16 vector, u8 cause)
{
	if (pci_msix_is_enabled(&d->msix)) {
		pci_msix_raise(&d->msix, vector);
		return;
	}
	d->isr |= cause;
	pci_function_set_pin(&d->function, true);
}

void virtio_interrupt(struct virtio_device *d, u32 queue)
{
	struct virtio_queue *q = &d->queue[queue];

	if (virtqueue_should_interrupt(&q->ring))
		interrupt(d, q->vector, ISR_QUEUE);
}

void virtio_config_changed(struct virtio_device *d)
{
	d->generation++;
	if (d->status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(d, d->config_vector, ISR_CONFIG);
}

void virtio_broken(struct virtio_device *d, const char *fault)
{
	if (d->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	d->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	d->host.broken(d->host.ctx, d->type->name, fault);
	virtio_config_changed(d);
}

/* ---- Queues ---- */

bool virtio_is_running(const struct virtio_device *d)
{
	return (d->status & (STATUS_RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET)) == STATUS_RUNNING && !d->is_resetting &&
	       pci_function_is_master(&d->function);
}

bool virtio_pop(struct virtio_device *d, u32 queue, struct virtqueue_chain *chain)
{
	struct virtqueue *ring = &d->queue[queue].ring;

	if (!virtio_is_running(d))
		return false;
	if (virtqueue_pop(ring, chain))
		return true;
	if (ring->fault)
		virtio_broken(d, ring->fault);
	return false;
}

void virtio_put(struct virtio_device *d, u32 queue, u16 head, u32 written)
{
	if (virtio_may_write(d))
		virtqueue_put(&d->queue[queue].ring, head, written);
}

void virtio_push(struct virtio_device *d, u32 queue, u16 head, u32 written)
{
	if (!virtio_may_write(d))
		return;
	virtqueue_push(&d->queue[queue].ring, head, written);
}

bool virtio_await(struct virtio_device *d, u32 queue, u32 chains)
{
	return virtio_is_running(d) && virtqueue_want_notification(&d->queue[queue].ring, chains);
}

bool virtio_has_more(struct virtio_device *d, u32 queue)
{
	return virtio_await(d, queue, 1);
}

static void notify(struct virtio_device *d, u64 offset)
{
	u32 queue = (u32)(offset / NOTIFY_STRIDE);

	if (offset < PORT_BYTES && queue < d->queue_count && virtio_is_running(d) &&
	    virtqueue_is_enabled(&d->queue[queue].ring))
		d->type->notify(d, queue);
}

static void enable_queue(struct virtio_device *d, struct virtio_queue *q)
{
	struct virtqueue_setup setup = q->setup;

	if (q->ring.descriptors || q->ring.fault)
		return;
	setup.has_event_idx = virtio_has(d, VIRTIO_RING_F_EVENT_IDX);
	setup.has_indirect = virtio_has(d, VIRTIO_RING_F_INDIRECT_DESC);
	if (!virtqueue_enable(&q->ring, d->host.memory, &setup))
		virtio_broken(d, q->ring.fault);
}

/* ---- Reset and status ---- */

static void reset_queue(struct virtio_device *d, struct virtio_queue *q)
{
	virtqueue_disable(&q->ring);
	q->setup = (struct virtqueue_setup){ .size = d->queue_size };
	q->vector = VIRTIO_MSI_NO_VECTOR;
}

void virtio_reset_done(struct virtio_device *d)
{
	d->is_resetting = false;
	d->status = 0;
	d->accepted = 0;
	d->offered_select = d->accepted_select = 0;
	d->queue_select = 0;
	d->config_vector = VIRTIO_MSI_NO_VECTOR;
	d->isr = 0;
	pci_function_set_pin(&d->function, false);
	for (u32 i = 0; i < VIRTIO_QUEUES; i++)
		reset_queue(d, &d->queue[i]);
}

/* While requests are under way the status reads as before, so that the driver waits (4.1.4.3.1). */
static void reset(struct virtio_device *d)
{
	if (d->is_resetting)
		return;
	d->is_resetting = true;
	if (!d->type->reset || d->type->reset(d))
		virtio_reset_done(d);
}

static void write_status(struct virtio_device *d, u8 value)
{
	u8 set = value & STATUS_OF_DRIVER & ~d->status;
	bool is_wrong = (d->accepted & ~d->offered) || !virtio_has(d, VIRTIO_F_VERSION_1);

	if (value == 0) {
		reset(d);
		return;
	}
	if (d->is_resetting)
		return;
	if ((set & VIRTIO_CONFIG_S_FEATURES_OK) && is_wrong)
		set &= (u8)~VIRTIO_CONFIG_S_FEATURES_OK;
	d->status |= set;
	if ((set & VIRTIO_CONFIG_S_DRIVER_OK) && d->type->start && virtio_is_running(d))
		d->type->start(d);
}

/* ---- The common structure (4.1.4.3): fields of 1, 2 and 4 bytes, accessed whole ---- */

static u32 feature_half(u64 features, u32 select)
{
	return select < 2 ? (u32)(features >> (32 * select)) : 0;
}

/* The half of one of the queue's addresses, NULL if the offset is no such field. */
static u32 *queue_address(struct virtio_queue *q, u32 offset)
{
	u64 *const addresses[] = { &q->setup.descriptors, &q->setup.available, &q->setup.used };
	u32 index = (offset - VIRTIO_PCI_COMMON_Q_DESCLO) / 4;

	if (offset < VIRTIO_PCI_COMMON_Q_DESCLO || index / 2 >= ARRAY_COUNT(addresses))
		return NULL;
	return (u32 *)(void *)addresses[index / 2] + index % 2;
}

static u32 read_queue_field(struct virtio_device *d, u32 offset)
{
	struct virtio_queue *q = &d->queue[d->queue_select];

	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE: return q->setup.size;
	case VIRTIO_PCI_COMMON_Q_MSIX: return q->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE: return q->ring.descriptors != NULL;
	case VIRTIO_PCI_COMMON_Q_NOFF: return d->queue_select;
	default: return *queue_address(q, offset);
	}
}

/* offset is that of a field. */
static u32 common_read(struct virtio_device *d, u32 offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT: return d->offered_select;
	case VIRTIO_PCI_COMMON_DF: return feature_half(d->offered, d->offered_select);
	case VIRTIO_PCI_COMMON_GFSELECT: return d->accepted_select;
	case VIRTIO_PCI_COMMON_GF: return feature_half(d->accepted, d->accepted_select);
	case VIRTIO_PCI_COMMON_MSIX: return d->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ: return d->queue_count;
	case VIRTIO_PCI_COMMON_STATUS: return d->status;
	case VIRTIO_PCI_COMMON_CFGGENERATION: return d->generation;
	case VIRTIO_PCI_COMMON_Q_SELECT: return d->queue_select;
	default: return d->queue_select < d->queue_count ? read_queue_field(d, offset) : 0;
	}
}

static void accept_features(struct virtio_device *d, u32 value)
{
	u32 shift = 32 * d->accepted_select;

	if (d->accepted_select < 2 && !(d->status & VIRTIO_CONFIG_S_FEATURES_OK))
		d->accepted = (d->accepted & ~(0xffffffffull << shift)) | (u64)value << shift;
}

static u16 vector_ok(const struct virtio_device *d, u32 value)
{
	return value < d->msix.count ? (u16)value : VIRTIO_MSI_NO_VECTOR;
}

static void write_queue_field(struct virtio_device *d, u32 offset, u32 value)
{
	struct virtio_queue *q = &d->queue[d->queue_select];

	if (offset == VIRTIO_PCI_COMMON_Q_MSIX)
		q->vector = vector_ok(d, value);
	else if (q->ring.descriptors || offset == VIRTIO_PCI_COMMON_Q_NOFF)
		return;
	else if (offset == VIRTIO_PCI_COMMON_Q_SIZE)
		q->setup.size = value;
	else if (offset != VIRTIO_PCI_COMMON_Q_ENABLE)
		*queue_address(q, offset) = value;
	else if (value == 1)
		enable_queue(d, q);
}

static void common_write(struct virtio_device *d, u32 offset, u32 value)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT: d->offered_select = value; break;
	case VIRTIO_PCI_COMMON_GFSELECT: d->accepted_select = value; break;
	case VIRTIO_PCI_COMMON_GF: accept_features(d, value); break;
	case VIRTIO_PCI_COMMON_MSIX: d->config_vector = vector_ok(d, value); break;
	case VIRTIO_PCI_COMMON_STATUS: write_status(d, (u8)value); break;
	case VIRTIO_PCI_COMMON_Q_SELECT: d->queue_select = (u16)value; break;
	case VIRTIO_PCI_COMMON_DF:
	case VIRTIO_PCI_COMMON_NUMQ:
	case VIRTIO_PCI_COMMON_CFGGENERATION: break;
	default:
		if (d->queue_select < d->queue_count)
			write_queue_field(d, offset, value);
	}
}

/* Is it a whole field? */
static bool is_field(u64 offset, u32 size)
{
	static const u8 bytes[COMMON_BYTES] = {
		[VIRTIO_PCI_COMMON_DFSELECT] = 4, [VIRTIO_PCI_COMMON_DF] = 4, [VIRTIO_PCI_COMMON_GFSELECT] = 4,
		[VIRTIO_PCI_COMMON_GF] = 4, [VIRTIO_PCI_COMMON_MSIX] = 2, [VIRTIO_PCI_COMMON_NUMQ] = 2,
		[VIRTIO_PCI_COMMON_STATUS] = 1, [VIRTIO_PCI_COMMON_CFGGENERATION] = 1,
		[VIRTIO_PCI_COMMON_Q_SELECT] = 2, [VIRTIO_PCI_COMMON_Q_SIZE] = 2, [VIRTIO_PCI_COMMON_Q_MSIX] = 2,
		[VIRTIO_PCI_COMMON_Q_ENABLE] = 2, [VIRTIO_PCI_COMMON_Q_NOFF] = 2, [VIRTIO_PCI_COMMON_Q_DESCLO] = 4,
		[VIRTIO_PCI_COMMON_Q_DESCHI] = 4, [VIRTIO_PCI_COMMON_Q_AVAILLO] = 4,
		[VIRTIO_PCI_COMMON_Q_AVAILHI] = 4, [VIRTIO_PCI_COMMON_Q_USEDLO] = 4, [VIRTIO_PCI_COMMON_Q_USEDHI] = 4,
	};

	return offset < COMMON_BYTES && size == bytes[offset];
}

/* ---- The other structures ---- */

static u8 read_isr(struct virtio_device *d)
{
	u8 isr = d->isr;

	d->isr = 0;
	pci_function_set_pin(&d->function, false);
	return isr;
}

static u64 config_read(const struct virtio_device *d, u64 offset, u32 size)
{
	u64 value = 0;

	if (!range_ok(offset, size, d->config_bytes))
		return ~0ull;
	for (u32 i = 0; i < size; i++)
		value |= (u64)d->config[offset + i] << (8 * i);
	return value;
}

static void config_write(struct virtio_device *d, u64 offset, u32 size, u64 value)
{
	bool is_changed = false;

	if (!range_ok(offset, size, d->config_bytes))
		return;
	for (u32 i = 0; i < size; i++) {
		u8 mask = d->config_writable[offset + i], *at = &d->config[offset + i];
		u8 byte = (u8)((*at & ~mask) | ((u8)(value >> (8 * i)) & mask));

		is_changed |= byte != *at;
		*at = byte;
	}
	if (is_changed && d->type->config_written)
		d->type->config_written(d);
}

static u64 memory_read(void *device, u64 offset, u32 size)
{
	struct virtio_device *d = device;

	if (offset < AT_ISR)
		return is_field(offset, size) ? common_read(d, (u32)offset) : ~0ull;
	if (offset < AT_CONFIG)
		return offset == AT_ISR ? read_isr(d) : ~0ull;
	if (offset < AT_TABLE)
		return config_read(d, offset - AT_CONFIG, size);
	if (offset < AT_PENDING)
		return pci_msix_table_read(&d->msix, offset - AT_TABLE, size);
	return pci_msix_pba_read(&d->msix, offset - AT_PENDING, size);
}

static void memory_write(void *device, u64 offset, u32 size, u64 value)
{
	struct virtio_device *d = device;

	if (offset < AT_ISR && is_field(offset, size))
		common_write(d, (u32)offset, (u32)value);
	else if (offset >= AT_NOTIFY && offset < AT_CONFIG)
		notify(d, offset - AT_NOTIFY);
	else if (offset >= AT_CONFIG && offset < AT_TABLE)
		config_write(d, offset - AT_CONFIG, size, value);
	else if (offset >= AT_TABLE && offset < AT_PENDING)
		pci_msix_table_write(&d->msix, offset - AT_TABLE, size, value);
}

static u64 ports_read(void *device, u64 offset, u32 size)
{
	(void)device;
	(void)offset;
	(void)size;
	return ~0ull;
}

static void ports_write(void *device, u64 offset, u32 size, u64 value)
{
	(void)size;
	(void)value;
	notify(device, offset);
}

static const struct region_ops memory_region = { .read = memory_read, .write = memory_write };
static const struct region_ops ports_region = { .read = ports_read, .write = ports_write };

/* ---- Access to BARs through configuration space (4.1.4.9) ---- */

enum { WINDOW_DATA = sizeof(struct virtio_pci_cap), WINDOW_BYTES = WINDOW_DATA + 4 };

static bool is_window(const struct virtio_device *d, u32 offset, u32 size)
{
	u32 start = d->window + WINDOW_DATA;

	return offset < start + 4 && start < offset + size;
}

/* Its BAR, and offset and length that the driver has written; NULL if they mean nothing. */
static const struct pci_bar *window_target(const struct virtio_device *d, u32 *offset, u32 *length)
{
	const u8 *at = d->function.config + d->window;
	u32 bar = at[VIRTIO_PCI_CAP_BAR];

	*offset = pci_get_u32(at + VIRTIO_PCI_CAP_OFFSET);
	*length = pci_get_u32(at + VIRTIO_PCI_CAP_LENGTH);
	if (bar >= PCI_BARS || !d->function.bar[bar].ops)
		return NULL;
	if ((*length != 1 && *length != 2 && *length != 4) || !aligned_ok(*offset, *length) ||
	    !range_ok(*offset, *length, d->function.bar[bar].bytes))
		return NULL;
	return &d->function.bar[bar];
}

static void function_reading(void *device, u32 offset, u32 size)
{
	struct virtio_device *d = device;
	const struct pci_bar *bar;
	u32 at, length;

	if (!is_window(d, offset, size))
		return;
	bar = window_target(d, &at, &length);
	if (bar)
		pci_put_u32(d->function.config + d->window + WINDOW_DATA, (u32)bar->ops->read(d, at, length));
}

/* What the driver has offered while the function was no bus master is served now. */
static void follow_mastering(struct virtio_device *d)
{
	bool was_master = d->was_master;

	d->was_master = pci_function_is_master(&d->function);
	for (u32 i = 0; i < d->queue_count && d->was_master && !was_master; i++)
		notify(d, i * NOTIFY_STRIDE);
}

static void function_written(void *device, u32 offset, u32 size)
{
	struct virtio_device *d = device;
	const struct pci_bar *bar;
	u32 at, length;

	follow_mastering(d);
	pci_msix_written(&d->msix, offset, size);
	if (!is_window(d, offset, size))
		return;
	bar = window_target(d, &at, &length);
	if (bar)
		bar->ops->write(d, at, length, pci_get_u32(d->function.config + d->window + WINDOW_DATA) &
						       (u32)(BIT64(8 * length) - 1));
}

/* ---- Building ---- */

struct structure { u8 type; u8 bar; u32 offset, length, bytes; };

static u32 add_structure(struct pci_function *f, const struct structure *s)
{
	u32 at = pci_function_add_capability(f, PCI_CAP_ID_VNDR, s->bytes);

	if (!at)
		return 0;
	f->config[at + VIRTIO_PCI_CAP_LEN] = (u8)s->bytes;
	f->config[at + VIRTIO_PCI_CAP_CFG_TYPE] = s->type;
	f->config[at + VIRTIO_PCI_CAP_BAR] = s->bar;
	pci_put_u32(f->config + at + VIRTIO_PCI_CAP_OFFSET, s->offset);
	pci_put_u32(f->config + at + VIRTIO_PCI_CAP_LENGTH, s->length);
	if (s->type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		pci_put_u32(f->config + at + VIRTIO_PCI_NOTIFY_CAP_MULT, NOTIFY_STRIDE);
	return at;
}

static bool add_capabilities(struct virtio_device *d)
{
	const struct structure structures[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, BAR_MEMORY, AT_COMMON, COMMON_BYTES, sizeof(struct virtio_pci_cap) },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_PORTS, 0, PORT_BYTES, sizeof(struct virtio_pci_notify_cap) },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, BAR_MEMORY, AT_NOTIFY, PORT_BYTES, sizeof(struct virtio_pci_notify_cap) },
		{ VIRTIO_PCI_CAP_ISR_CFG, BAR_MEMORY, AT_ISR, 1, sizeof(struct virtio_pci_cap) },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, BAR_MEMORY, AT_CONFIG, d->config_bytes, sizeof(struct virtio_pci_cap) },
		{ VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0, WINDOW_BYTES },
	};
	struct pci_function *f = &d->function;

	for (u32 i = 0; i < ARRAY_COUNT(structures); i++) {
		if (structures[i].type == VIRTIO_PCI_CAP_DEVICE_CFG && !d->config_bytes)
			continue;
		d->window = add_structure(f, &structures[i]);
		if (!d->window)
			return false;
	}
	f->writable[d->window + VIRTIO_PCI_CAP_BAR] = 0xff;
	for (u32 i = VIRTIO_PCI_CAP_OFFSET; i < WINDOW_BYTES; i++)
		f->writable[d->window + i] = 0xff;
	return pci_msix_init(&d->msix, f, d->queue_count + 1, BAR_MEMORY, AT_TABLE, AT_PENDING);
}

enum status virtio_init(struct virtio_device *d, const struct virtio_type *type, const struct virtio_setup *setup,
			const struct virtio_host *host, struct pci_bus *bus)
{
	struct pci_function *f = &d->function;
	u16 id = (u16)(DEVICE_BASE + type->id);

	*d = (struct virtio_device){ .type = type, .host = *host, .offered = setup->features | TRANSPORT_FEATURES,
				     .queue_count = setup->queue_count, .queue_size = setup->queue_size,
				     .config_bytes = setup->config_bytes };
	if (d->queue_count > VIRTIO_QUEUES || d->config_bytes > VIRTIO_CONFIG_BYTES)
		return ST_INVAL;
	pci_function_init(f, setup->devfn, VENDOR, id, type->class_code, REVISION);
	pci_put_u16(f->config + PCI_SUBSYSTEM_VENDOR_ID, VENDOR);
	pci_put_u16(f->config + PCI_SUBSYSTEM_ID, id);
	pci_function_set_bar(f, BAR_PORTS, PCI_BAR_IO, PORT_BYTES, &ports_region, d);
	pci_function_set_bar(f, BAR_MEMORY, PCI_BAR_MEMORY_64, MEMORY_BYTES, &memory_region, d);
	pci_function_use_pin(f);
	f->reading = function_reading;
	f->written = function_written;
	f->device = d;
	if (!add_capabilities(d))
		return ST_FULL;
	virtio_reset_done(d);
	return setup->is_hot ? pci_bus_plug(bus, f) : pci_bus_add(bus, f);
}

bool virtio_unplug(struct virtio_device *d)
{
	pci_bus_unplug(&d->function);
	reset(d);
	return !d->is_resetting;
}
