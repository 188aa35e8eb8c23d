/* SPDX-License-Identifier: MIT */
/*
 * virtio_net.c - see virtio_net.h.
 */
#include "virtio_net.h"

#include <string.h>

#include "inet.h"
#include "range.h"
#include "rt_log.h"
#include "virtio_pci.h"

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#define SLOTS 256u			/* of a queue, at most */
#define SLOT_BYTES 2048u
#define CONTROL_SLOTS 4u
#define HEADER_BYTES sizeof(struct virtio_net_hdr_v1)
#define HEADER_AT (SLOT_BYTES - NIC_BUFFER_BYTES - HEADER_BYTES)	/* in a buffer to the wire: before its bytes */
#define COMMAND_MS 1000u

/* Layout of DRIVER_DMA: three pages a queue, the command, then the buffers. */
enum { RX, TX, CONTROL, QUEUES };
#define QUEUE_AT(queue) ((queue) * 0x3000u)
#define AVAIL_AT 0x1000u
#define USED_AT 0x2000u
#define COMMAND_AT QUEUE_AT(QUEUES)
#define RX_BUFFERS_AT 0x010000u
#define TX_BUFFERS_AT (RX_BUFFERS_AT + SLOTS * SLOT_BYTES)
_Static_assert(COMMAND_AT + PAGE_SIZE <= RX_BUFFERS_AT, "layout");
_Static_assert(TX_BUFFERS_AT + SLOTS * SLOT_BYTES <= DRIVER_PIECE_BYTES, "layout");
_Static_assert(HEADER_BYTES + NIC_BUFFER_BYTES <= SLOT_BYTES, "a header fits in front");

struct queue {
	struct virtio_queue place;
	u16 avail, used;	/* our indices */
};

struct command {
	struct virtio_net_ctrl_hdr header;
	u8 is_on;
	u8 ack;
};

static struct {
	struct virtio_pci pci;
	struct queue queues[QUEUES];
	bool rx_busy[SLOTS];		/* the device has the buffer */
	u16 free[SLOTS];		/* buffers to the wire that it does not have */
	u32 free_count;
	u16 chain[SLOTS];		/* of a chain that begins with this one: its buffers; 0 = none does */
	u16 next[SLOTS];		/* buffer of the same chain */
	bool is_dirty[QUEUES];		/* given since the last notification */
	u64 broken;			/* completions that name no buffer of ours */
} self;

#define FEATURE(name) BIT64(VIRTIO_NET_F_##name)
#define WANTED (FEATURE(CSUM) | FEATURE(GUEST_CSUM) | FEATURE(MTU) | FEATURE(MAC) | FEATURE(HOST_TSO4) | \
		FEATURE(HOST_TSO6) | FEATURE(STATUS) | FEATURE(CTRL_VQ) | FEATURE(CTRL_RX) | FEATURE(SPEED_DUPLEX))

static bool has(u64 features)
{
	return (self.pci.features & features) == features;
}

/* ---- Queues ---- */

static struct vring_desc *desc_at(const struct nic_driver *d, u32 queue, u32 i)
{
	return (struct vring_desc *)(void *)(d->dma + QUEUE_AT(queue)) + i;
}

static const struct vring_used *used_at(const struct nic_driver *d, u32 queue)
{
	return (const struct vring_used *)(const void *)(d->dma + QUEUE_AT(queue) + USED_AT);
}

/* The chain that begins with descriptor `i` is the device's; then `notify`. */
static void give(const struct nic_driver *d, u32 queue, u32 i)
{
	struct vring_avail *avail = (struct vring_avail *)(void *)(d->dma + QUEUE_AT(queue) + AVAIL_AT);
	struct queue *q = &self.queues[queue];

	avail->ring[q->avail % q->place.size] = (u16)i;
	q->avail++;
	__atomic_store_n(&avail->idx, q->avail, __ATOMIC_RELEASE);
	self.is_dirty[queue] = true;
}

static void notify(const struct nic_driver *d, u32 queue)
{
	if (!self.is_dirty[queue])
		return;
	self.is_dirty[queue] = false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* the index is out before used->flags is looked at */
	if (!(__atomic_load_n(&used_at(d, queue)->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		virtio_pci_notify(&self.pci, (u16)queue, &self.queues[queue].place);
}

/* Completions that there are; a device that says more than can be says nothing. */
static u32 done_count(const struct nic_driver *d, u32 queue)
{
	const struct queue *q = &self.queues[queue];
	u16 count = (u16)(__atomic_load_n(&used_at(d, queue)->idx, __ATOMIC_ACQUIRE) - q->used);

	return count <= q->place.size ? count : 0;
}

static struct vring_used_elem take(const struct nic_driver *d, u32 queue)
{
	struct queue *q = &self.queues[queue];
	const struct vring_used_elem *e = &used_at(d, queue)->ring[q->used % q->place.size];

	q->used++;
	return (struct vring_used_elem){ .id = __atomic_load_n(&e->id, __ATOMIC_RELAXED),
					 .len = __atomic_load_n(&e->len, __ATOMIC_RELAXED) };
}

static void broken(const struct nic_driver *d)
{
	if (self.broken++ == 0)
		rt_log("%s: the device used a buffer that it does not have", d->args->name);
}

/* ---- Start ---- */

static const char *set_up_queue(const struct nic_driver *d, u32 queue, u32 most)
{
	u64 at = d->args->dma_bus + QUEUE_AT(queue);
	struct virtio_queue_place place = { .desc = at, .avail = at + AVAIL_AT, .used = at + USED_AT, .most = most,
					    .least = CONTROL_SLOTS };

	return virtio_pci_queue(&self.pci, (u16)queue, &place, &self.queues[queue].place);
}

static const char *set_up_queues(const struct nic_driver *d)
{
	const char *why = set_up_queue(d, RX, SLOTS);

	if (why == NULL)
		why = set_up_queue(d, TX, SLOTS);
	if (why == NULL && has(FEATURE(CTRL_VQ) | FEATURE(CTRL_RX)))
		why = set_up_queue(d, CONTROL, CONTROL_SLOTS);
	return why;
}

#define CONFIG(field, otherwise) \
	virtio_pci_config(&self.pci, (u32)offsetof(struct virtio_net_config, field), \
			  (u32)sizeof(((struct virtio_net_config *)0)->field), otherwise)

static void describe(struct nic_driver *d)
{
	u32 mtu = has(FEATURE(MTU)) ? CONFIG(mtu, NIC_MTU_MAX) : NIC_MTU_MAX;

	d->card.mtu = mtu < NIC_MTU_MIN || mtu > NIC_MTU_MAX ? NIC_MTU_MAX : mtu;
	for (u32 i = 0; i < sizeof(d->card.mac) && has(FEATURE(MAC)); i++)
		d->card.mac[i] = (u8)virtio_pci_config(&self.pci, i, 1, 0);
	d->can_checksum = has(FEATURE(CSUM));
	d->can_cut[NET_TCP4] = has(FEATURE(CSUM) | FEATURE(HOST_TSO4));
	d->can_cut[NET_TCP6] = has(FEATURE(CSUM) | FEATURE(HOST_TSO6));
}

static void offer(const struct nic_driver *d, u32 i)
{
	*desc_at(d, RX, i) = (struct vring_desc){
		.addr = d->args->dma_bus + RX_BUFFERS_AT + (u64)i * SLOT_BYTES, .len = SLOT_BYTES,
		.flags = VRING_DESC_F_WRITE,
	};
	self.rx_busy[i] = true;
	give(d, RX, i);
}

/* Receive everything (5.1.6.5.1): a device that can't filter does so anyway. */
static const char *open_filter(const struct nic_driver *d)
{
	volatile struct command *command = (volatile struct command *)(void *)(d->dma + COMMAND_AT);
	u64 bus = d->args->dma_bus + COMMAND_AT;

	if (self.queues[CONTROL].place.size == 0)
		return NULL;
	command->header.class = VIRTIO_NET_CTRL_RX;
	command->header.cmd = VIRTIO_NET_CTRL_RX_PROMISC;
	command->is_on = 1;
	command->ack = VIRTIO_NET_ERR;
	*desc_at(d, CONTROL, 0) = (struct vring_desc){ .addr = bus, .len = offsetof(struct command, is_on),
						       .flags = VRING_DESC_F_NEXT, .next = 1 };
	*desc_at(d, CONTROL, 1) = (struct vring_desc){ .addr = bus + offsetof(struct command, is_on), .len = 1,
						       .flags = VRING_DESC_F_NEXT, .next = 2 };
	*desc_at(d, CONTROL, 2) = (struct vring_desc){ .addr = bus + offsetof(struct command, ack), .len = 1,
						       .flags = VRING_DESC_F_WRITE };
	give(d, CONTROL, 0);
	notify(d, CONTROL);
	for (u32 ms = 0; done_count(d, CONTROL) == 0; ms++) {
		if (ms == COMMAND_MS)
			return "the device does not answer";
		d->wait_us(1000);
	}
	(void)take(d, CONTROL);
	return command->ack == VIRTIO_NET_OK ? NULL : "the device does not receive for others' addresses";
}

static const char *go(struct nic_driver *d)
{
	virtio_pci_go(&self.pci);
	for (u32 i = 0; i < self.queues[RX].place.size; i++)
		offer(d, i);
	notify(d, RX);
	self.free_count = self.queues[TX].place.size;
	for (u32 i = 0; i < self.free_count; i++)
		self.free[i] = (u16)i;
	return open_filter(d);
}

static const char *start(struct nic_driver *d)
{
	const char *why;

	memset(&self, 0, sizeof(self));
	self.pci.args = d->args;
	self.pci.wait_us = d->wait_us;
	why = virtio_pci_start(&self.pci, WANTED);
	if (why != NULL)
		return self.pci.is_unusable ? nic_driver_unusable(d, why) : why;
	why = set_up_queues(d);
	if (why == NULL) {
		virtio_pci_config_interrupt(&self.pci);
		describe(d);
		why = go(d);
	}
	if (why != NULL)
		virtio_pci_fail(&self.pci);
	return why;
}

static void look(struct nic_driver *d, struct nic_carrier *out)
{
	u32 mbits = has(FEATURE(SPEED_DUPLEX)) ? CONFIG(speed, 0) : 0;

	(void)d;
	out->is_up = !has(FEATURE(STATUS)) || (CONFIG(status, 0) & VIRTIO_NET_S_LINK_UP) != 0;
	out->mbits = out->is_up && mbits <= 0x7fffffff ? mbits : 0;
	out->is_half_duplex = out->is_up && has(FEATURE(SPEED_DUPLEX)) && CONFIG(duplex, 1) == 0;
}

/* ---- From the wire ---- */

/* Segments were not asked for: such a header makes no sense. */
static bool read_header(const struct virtio_net_hdr_v1 *header, struct net_frame *frame)
{
	if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		frame->flags = NET_NEEDS_CHECKSUM;
		frame->checksum_start = header->csum_start;
		frame->checksum_offset = header->csum_offset;
	} else if ((header->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0) {
		frame->flags = NET_CHECKSUM_GOOD;
	}
	return true;
}

static void receive(struct nic_driver *d, const u8 *bytes, u32 count)
{
	struct virtio_net_hdr_v1 header;
	struct net_frame frame = { 0 };

	if (count < HEADER_BYTES || count > SLOT_BYTES) {
		nic_driver_bad(d);
		return;
	}
	memcpy(&header, bytes, sizeof(header));
	frame.bytes = count - (u32)HEADER_BYTES;
	if (read_header(&header, &frame))
		nic_driver_received(d, &frame, bytes + HEADER_BYTES);
	else
		nic_driver_bad(d);
}

static void take_received(struct nic_driver *d)
{
	struct vring_used_elem e = take(d, RX);

	if (e.id >= self.queues[RX].place.size || !self.rx_busy[e.id]) {
		broken(d);
		return;
	}
	self.rx_busy[e.id] = false;
	receive(d, d->dma + RX_BUFFERS_AT + e.id * SLOT_BYTES, e.len);
	offer(d, e.id);
}

static void take_sent(struct nic_driver *d)
{
	u32 id = take(d, TX).id, count;

	if (id >= self.queues[TX].place.size || self.chain[id] == 0) {
		broken(d);
		return;
	}
	count = self.chain[id];
	self.chain[id] = 0;
	for (u32 i = 0; i < count; i++, id = self.next[id])
		self.free[self.free_count++] = (u16)id;
	nic_driver_sent(d, count);
}

static bool service(struct nic_driver *d)
{
	u32 sent = done_count(d, TX), received = (u32)min_u64(done_count(d, RX), NIC_TURNS);

	for (u32 i = 0; i < sent; i++)
		take_sent(d);
	for (u32 i = 0; i < received; i++)
		take_received(d);
	notify(d, RX);
	return received == NIC_TURNS;
}

/* ---- To the wire ---- */

static u32 room(struct nic_driver *d)
{
	(void)d;
	return self.free_count;
}

static u32 slot(u32 i)
{
	return self.free[self.free_count - 1 - i];
}

static u8 *buffer(struct nic_driver *d, u32 i)
{
	return d->dma + TX_BUFFERS_AT + slot(i) * SLOT_BYTES + (SLOT_BYTES - NIC_BUFFER_BYTES);
}

static void write_header(const struct nic_driver *d, const struct net_frame *f, const struct segment_plan *plan)
{
	struct virtio_net_hdr_v1 header = { 0 };

	if ((f->flags & NET_NEEDS_CHECKSUM) != 0) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = f->checksum_start;
		header.csum_offset = f->checksum_offset;
	}
	if (plan != NULL) {
		header.gso_type = plan->kind == NET_TCP4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
		header.gso_size = (u16)plan->segment_bytes;
		header.hdr_len = (u16)plan->header_bytes;
	}
	memcpy(d->dma + TX_BUFFERS_AT + slot(0) * SLOT_BYTES + HEADER_AT, &header, sizeof(header));
}

/* Descriptor i is buffer i's; the first has the header, too. */
static void send(struct nic_driver *d, const struct net_frame *frame, const struct segment_plan *plan)
{
	u32 count = 0, head = slot(0);

	write_header(d, frame, plan);
	for (u32 at = 0; at < frame->bytes; at += NIC_BUFFER_BYTES, count++) {
		u32 i = slot(count), bytes = (u32)min_u64(NIC_BUFFER_BYTES, frame->bytes - at);
		u32 extra = count == 0 ? (u32)HEADER_BYTES : 0;
		bool is_last = at + NIC_BUFFER_BYTES >= frame->bytes;

		self.next[i] = (u16)(is_last ? i : slot(count + 1));
		*desc_at(d, TX, i) = (struct vring_desc){
			.addr = d->args->dma_bus + TX_BUFFERS_AT + (u64)i * SLOT_BYTES + SLOT_BYTES -
				NIC_BUFFER_BYTES - extra,
			.len = bytes + extra, .flags = is_last ? 0 : VRING_DESC_F_NEXT, .next = self.next[i],
		};
	}
	self.chain[head] = (u16)count;
	self.free_count -= count;
	nic_driver_gave(d, count);
	give(d, TX, head);
}

static void kick(struct nic_driver *d)
{
	notify(d, TX);
}

/* The last message is that of the configuration. */
static bool quiet(struct nic_driver *d, u32 irq)
{
	bool is_last = irq + 1 == d->args->interrupt_count;

	return virtio_pci_quiet(&self.pci) || (d->args->interrupts == DRIVER_IRQ_MESSAGES && is_last);
}

const struct nic_driver_ops virtio_net_ops = {
	.start = start, .look = look, .service = service, .room = room, .buffer = buffer, .send = send, .kick = kick,
	.quiet = quiet,
};
