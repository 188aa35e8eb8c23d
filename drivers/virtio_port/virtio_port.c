/* SPDX-License-Identifier: MIT */
/*
 * virtio_port.c - see virtio_port.h.
 */
#include "virtio_port.h"

#include <string.h>

#include "range.h"
#include "rt_log.h"

#include <linux/virtio_console.h>
#include <linux/virtio_ring.h>

/* Layout of DRIVER_DMA: a page for each queue, then the buffers of the four that are used. */
#define AVAIL_AT 0x400u
#define USED_AT 0x800u
#define CONTROL_IN_AT 0x100000u
#define CONTROL_OUT_AT 0x110000u
#define DATA_IN_AT 0x120000u
#define DATA_OUT_AT 0x140000u
_Static_assert(PORT_QUEUES * PAGE_SIZE <= CONTROL_IN_AT, "layout");
_Static_assert(DATA_IN_AT + PORT_SLOTS * PORT_BUFFER_BYTES <= DATA_OUT_AT, "layout");
_Static_assert(DATA_OUT_AT + PORT_SLOTS * PORT_BUFFER_BYTES <= DRIVER_PIECE_BYTES, "layout");
_Static_assert(PORT_SLOTS * sizeof(struct vring_desc) <= AVAIL_AT, "layout");

#define CONTROL_BYTES 256u		/* of a message with a name; a longer name is not ours */
#define CONTROL_IN_QUEUE 2u
#define CONTROL_OUT_QUEUE 3u
#define NO_SLOT PORT_SLOTS

/* ---- Queues ---- */

/* A port's queue for input; the one for output is the next. */
static u16 queue_of(u32 port)
{
	return (u16)(port == 0 ? 0 : 2 * port + 2);
}

static u8 *queue_at(const struct port *p, u32 number, u32 offset)
{
	return p->dma + number * PAGE_SIZE + offset;
}

static u8 *buffer_at(const struct port *p, const struct port_channel *c, u32 slot)
{
	return p->dma + c->buffers_at + slot * c->buffer_bytes;
}

static void open_channel(struct port *p, struct port_channel *c, u16 number, bool is_input, u32 buffers_at, u32 bytes)
{
	*c = (struct port_channel){ .number = number, .is_input = is_input, .buffers_at = buffers_at,
				    .buffer_bytes = bytes, .slots = p->queues[number].size };
}

static void notify(struct port *p, const struct port_channel *c)
{
	const struct vring_used *used = (const struct vring_used *)(const void *)queue_at(p, c->number, USED_AT);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the index is out before used->flags is looked at */
	if (!(__atomic_load_n(&used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		virtio_pci_notify(&p->pci, c->number, &p->queues[c->number]);
}

/* Give a buffer, which the device does not have, to the device; then `notify`. */
static void give(struct port *p, struct port_channel *c, u32 slot, u32 bytes)
{
	struct vring_desc *desc = (struct vring_desc *)(void *)queue_at(p, c->number, 0) + slot;
	struct vring_avail *avail = (struct vring_avail *)(void *)queue_at(p, c->number, AVAIL_AT);

	*desc = (struct vring_desc){ .addr = p->pci.args->dma_bus + c->buffers_at + slot * c->buffer_bytes,
				     .len = bytes, .flags = c->is_input ? VRING_DESC_F_WRITE : 0 };
	avail->ring[c->avail % c->slots] = (u16)slot;
	c->avail++;
	c->busy |= BIT32(slot);
	__atomic_store_n(&avail->idx, c->avail, __ATOMIC_RELEASE);
}

static void give_all(struct port *p, struct port_channel *c)
{
	for (u32 slot = 0; slot < c->slots; slot++)
		give(p, c, slot, c->buffer_bytes);
	notify(p, c);
}

static u16 used_index(const struct port *p, const struct port_channel *c)
{
	const struct vring_used *used = (const struct vring_used *)(const void *)queue_at(p, c->number, USED_AT);

	return c->slots != 0 ? __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) : 0;
}

static void broken(struct port *p)
{
	if (p->broken++ == 0)
		rt_log("%s: the device used a buffer that it does not have", p->pci.args->name);
}

/* A buffer that the device is done with, up to `until` of its index, and how many bytes it wrote; NO_SLOT = none. */
static u32 take(struct port *p, struct port_channel *c, u16 until, u32 *bytes)
{
	const struct vring_used *used = (const struct vring_used *)(const void *)queue_at(p, c->number, USED_AT);
	u16 left = (u16)(until - c->used);

	for (; left != 0 && left <= c->slots; left--) {
		const struct vring_used_elem *e = &used->ring[c->used % c->slots];
		u32 slot = __atomic_load_n(&e->id, __ATOMIC_RELAXED);
		u32 length = __atomic_load_n(&e->len, __ATOMIC_RELAXED);

		c->used++;
		if (slot >= c->slots || (c->busy & BIT32(slot)) == 0) {
			broken(p);
			continue;
		}
		c->busy &= ~BIT32(slot);
		if (c->is_input && length > c->buffer_bytes) {
			broken(p);
			length = 0;
		}
		*bytes = length;
		return slot;
	}
	return NO_SLOT;
}

static u32 free_slot(const struct port_channel *c)
{
	u32 slot = 0;

	while (slot < c->slots && (c->busy & BIT32(slot)) != 0)
		slot++;
	return slot < c->slots ? slot : NO_SLOT;
}

static void reclaim(struct port *p, struct port_channel *c)
{
	u16 until = used_index(p, c);
	u32 bytes;

	while (take(p, c, until, &bytes) != NO_SLOT)
		;
}

/* ---- Control messages ---- */

/* False: the device has not taken enough of the last ones yet. */
static bool say(struct port *p, u32 port, u16 event, u16 value)
{
	struct virtio_console_control message = { .id = port, .event = event, .value = value };
	u32 slot;

	reclaim(p, &p->control_out);
	slot = free_slot(&p->control_out);
	if (slot == NO_SLOT)
		return false;
	memcpy(buffer_at(p, &p->control_out, slot), &message, sizeof(message));
	give(p, &p->control_out, slot, sizeof(message));
	notify(p, &p->control_out);
	return true;
}

/* Say what is due, as far as there is room. */
static void say_due(struct port *p)
{
	for (; p->ready_due != 0; p->ready_due &= p->ready_due - 1)
		if (!say(p, (u32)__builtin_ctz(p->ready_due), VIRTIO_CONSOLE_PORT_READY, 1))
			return;
	if (p->is_open_due)
		p->is_open_due = !say(p, p->number, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

/* The first port of that name is the line, as long as this instance lives: its buffers stay in that port's queues. */
static void found(struct port *p, u32 port)
{
	if (p->in.slots == 0) {
		open_channel(p, &p->in, queue_of(port), true, DATA_IN_AT, PORT_BUFFER_BYTES);
		open_channel(p, &p->out, (u16)(queue_of(port) + 1), false, DATA_OUT_AT, PORT_BUFFER_BYTES);
		p->number = port;
		rt_log("%s: port %u is %s", p->pci.args->name, (unsigned)port, PORT_NAME);
		give_all(p, &p->in);
	} else if (p->number != port) {
		return;
	}
	p->is_found = p->is_open_due = true;
}

static void drop_held(struct port *p)
{
	if (!p->has_held)
		return;
	p->has_held = false;
	give(p, &p->in, p->held, PORT_BUFFER_BYTES);
	notify(p, &p->in);
}

static void opened(struct port *p, bool is_open)
{
	if (is_open && !p->is_open) {
		drop_held(p);
		ring_cut(&p->rx);
		p->has_news = true;
	}
	p->is_open = is_open;
}

static bool is_ours(const char *name, u32 bytes)
{
	while (bytes != 0 && name[bytes - 1] == '\0')
		bytes--;
	return bytes == strlen(PORT_NAME) && memcmp(name, PORT_NAME, bytes) == 0;
}

static void hear(struct port *p, const u8 *bytes, u32 count)
{
	struct virtio_console_control message;
	bool is_line;

	if (count < sizeof(message))
		return;
	memcpy(&message, bytes, sizeof(message));
	if (message.id >= p->port_count)
		return;
	is_line = p->is_found && message.id == p->number;
	switch (message.event) {
	case VIRTIO_CONSOLE_PORT_ADD:
		p->ready_due |= BIT32(message.id);
		break;
	case VIRTIO_CONSOLE_PORT_NAME:
		if (is_ours((const char *)bytes + sizeof(message), count - (u32)sizeof(message)))
			found(p, message.id);
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		if (is_line)
			opened(p, message.value != 0);
		break;
	case VIRTIO_CONSOLE_PORT_REMOVE:
		p->ready_due &= ~BIT32(message.id);
		if (is_line)
			p->is_found = p->is_open = p->is_open_due = false;
		break;
	default:
		break;
	}
}

static bool control(struct port *p)
{
	u16 until = used_index(p, &p->control_in);
	u8 message[CONTROL_BYTES];
	u32 bytes, slot;
	bool is_some = false;

	while ((slot = take(p, &p->control_in, until, &bytes)) != NO_SLOT) {
		memcpy(message, buffer_at(p, &p->control_in, slot), bytes);
		give(p, &p->control_in, slot, CONTROL_BYTES);
		notify(p, &p->control_in);
		hear(p, message, bytes);
		is_some = true;
	}
	return is_some;
}

/* ---- Data ---- */

/* Into the ring; false: it has no room for all of it. */
static bool put_held(struct port *p)
{
	p->held_at += ring_write(&p->rx, buffer_at(p, &p->in, p->held) + p->held_at, p->held_end - p->held_at);
	if (p->held_at < p->held_end)
		return false;
	p->has_held = false;
	give(p, &p->in, p->held, PORT_BUFFER_BYTES);
	return true;
}

/* False: there is nothing more, or no room. */
static bool receive_one(struct port *p, u16 until)
{
	if (p->has_held)
		return put_held(p);
	p->held = take(p, &p->in, until, &p->held_end);
	p->held_at = 0;
	p->has_held = p->held != NO_SLOT;
	return p->has_held;
}

static bool receive(struct port *p, u16 until)
{
	bool is_some = false;

	if (p->in.slots == 0)
		return false;
	for (u32 i = 0; i < 2 * PORT_SLOTS && receive_one(p, until); i++)
		is_some = true;
	if (is_some)
		notify(p, &p->in);
	return is_some;
}

static bool drop_output(struct port *p)
{
	u8 bytes[512];
	u32 count = ring_read(&p->tx, bytes, sizeof(bytes));

	p->dropped += count;
	return count != 0;
}

static bool transmit(struct port *p)
{
	bool is_some = false;

	if (!p->is_open)
		return drop_output(p);
	reclaim(p, &p->out);
	for (u32 slot; ring_used(&p->tx) != 0 && (slot = free_slot(&p->out)) != NO_SLOT; is_some = true) {
		u32 count = ring_read(&p->tx, buffer_at(p, &p->out, slot), PORT_BUFFER_BYTES);

		if (count == 0)
			break;
		give(p, &p->out, slot, count);
	}
	if (is_some)
		notify(p, &p->out);
	return is_some;
}

/*
 * How much has come is looked at before the messages are: "open" is told before the first byte that comes after it, so
 * none of these is taken for the last program's.
 */
bool port_step(struct port *p)
{
	u16 until = used_index(p, &p->in);
	bool is_some = control(p);

	say_due(p);
	is_some = receive(p, until) || is_some;
	return transmit(p) || is_some;
}

void port_wait(struct port *p, bool is_waiting)
{
	ring_producer_wait(&p->rx, is_waiting && p->has_held);
	ring_consumer_wait(&p->tx, is_waiting);
}

/* ---- Start ---- */

static const char *set_up_queue(struct port *p, u16 number)
{
	u64 page = p->pci.args->dma_bus + (u64)number * PAGE_SIZE;
	struct virtio_queue_place place = { .desc = page, .avail = page + AVAIL_AT, .used = page + USED_AT,
					    .most = PORT_SLOTS, .least = 1 };

	return virtio_pci_queue(&p->pci, number, &place, &p->queues[number]);
}

static const char *set_up_queues(struct port *p)
{
	const char *why = set_up_queue(p, CONTROL_IN_QUEUE);

	if (why == NULL)
		why = set_up_queue(p, CONTROL_OUT_QUEUE);
	for (u32 port = 0; port < p->port_count && why == NULL; port++) {
		why = set_up_queue(p, queue_of(port));
		if (why == NULL)
			why = set_up_queue(p, (u16)(queue_of(port) + 1));
	}
	return why;
}

static const char *set_up(struct port *p)
{
	u32 most = virtio_pci_config(&p->pci, (u32)offsetof(struct virtio_console_config, max_nr_ports), 4, 0);

	if ((p->pci.features & BIT64(VIRTIO_CONSOLE_F_MULTIPORT)) == 0 || most == 0) {
		p->pci.is_unusable = true;
		return "the device has no ports with names";
	}
	p->port_count = (u32)min_u64(most, PORT_PORTS);
	return set_up_queues(p);
}

const char *port_start(struct port *p)
{
	const char *why = virtio_pci_start(&p->pci, BIT64(VIRTIO_CONSOLE_F_MULTIPORT));

	if (why != NULL)
		return why;
	why = set_up(p);
	if (why != NULL) {
		virtio_pci_fail(&p->pci);
		return why;
	}
	open_channel(p, &p->control_in, CONTROL_IN_QUEUE, true, CONTROL_IN_AT, CONTROL_BYTES);
	open_channel(p, &p->control_out, CONTROL_OUT_QUEUE, false, CONTROL_OUT_AT,
		     sizeof(struct virtio_console_control));
	virtio_pci_go(&p->pci);
	give_all(p, &p->control_in);
	(void)say(p, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);	/* the queue is empty */
	return NULL;
}
