/* SPDX-License-Identifier: MIT */
/*
 * virtio_net.h - network device (virtio 1.2, 5.1): frames between a guest's buffers and a link with a switch
 * (lib/proto/net.h). A frame is copied once each way: nobody but this VM's VMM reaches its RAM.
 *
 * Between guests that can do it checksums are not computed, and TCP segments of 64 KiB not cut. For one that can't,
 * that is done here. All is under the machine's lock.
 */
#ifndef VOS_VIRTIO_NET_H
#define VOS_VIRTIO_NET_H

#include "net_link.h"
#include "segment.h"
#include "virtio_pci.h"
#include "vm_layout.h"

#define VIRTIO_NET_QUEUE_SIZE 256u
#define VIRTIO_NET_BUFFERS 64u		/* that one frame may take; also at most half of the queue */
#define VIRTIO_NET_TURNS 64u		/* frames each way at once; the lock is held meanwhile */

struct virtio_net_ops {
	void (*signal)(void *ctx, u32 nic);	/* the switch waits for frames, and there are some */
	void (*later)(void *ctx, u32 nic);	/* call virtio_net_poll() soon: there is more to do than is done at
						 * once */
	void (*put_off)(void *ctx);		/* call virtio_net_serve_late() when a vCPU has nothing else to do, or
						 * somewhat later */
	void (*tell_later)(void *ctx);		/* call it somewhat later */
	void *ctx;
};

struct virtio_net_nic {
	u32 number;			/* for virtio_net_ops */
	u8 mac[6];
	u16 mtu;
	struct vmm_nic_drops *drops;	/* are counted there */
	bool is_hot;			/* it comes while the guest runs */
};

/* What of a frame of the switch's is on its way into the guest's buffers. */
struct virtio_net_delivery {
	bool is_active;
	struct net_frame frame;		/* in the ring until all of it is delivered */
	bool is_flat;			/* the bytes are those in `flat`, not those in the ring */
	bool is_cut;
	u8 headers[PACKET_HEAD_BYTES];	/* as they were judged: those in the ring can change meanwhile */
	struct segment_plan plan;
	u32 piece;			/* of the plan */
	struct net_frame now;		/* what is delivered: the frame, or a piece */
	u32 done;			/* its bytes, with the header, that are in buffers */
	u32 count;			/* buffers */
	u16 head[VIRTIO_NET_BUFFERS];
	u32 written[VIRTIO_NET_BUFFERS];
	struct virtqueue_chain first;	/* its header is finished last */
};

struct virtio_net {
	struct virtio_device device;
	struct virtio_net_ops ops;
	struct ring to_switch, to_guest;
	u32 number;
	struct vmm_nic_drops *drops;
	u32 longest;			/* frame or piece, with a tag */
	bool has_sent;			/* frames that the switch was not signalled for */
	bool is_behind;			/* the guest's queue was left before it was empty */
	bool gathers;			/* the guest is to notify of many frames, not of each */
	u32 alone;			/* notifications of few frames, since the guest got something */
	bool is_large;			/* one of the frames that were taken last is to be cut */
	bool is_untold;			/* the driver is to be interrupted for what was sent */
	bool is_held;			/* `out` waits for room */
	struct net_frame held;
	struct virtqueue_chain out, in;
	struct virtio_net_delivery delivery;
	u8 flat[NET_FRAME_MAX];
};

/* link: mapped, as root made it (NET_LINK_BYTES). */
enum status virtio_net_init(struct virtio_net *n, u8 devfn, const struct virtio_net_nic *nic, void *link,
			    const struct virtio_net_ops *ops, const struct virtio_host *host,
			    struct pci_bus *bus) MUST_CHECK;

/* The switch has signalled: there are frames, or there is room. */
void virtio_net_poll(struct virtio_net *n);
/* After put_off() or tell_later(). */
void virtio_net_serve_late(struct virtio_net *n);
/* The cable: the guest is told. It is plugged in at first. */
void virtio_net_set_link(struct virtio_net *n, bool is_up);
/* The guest has ejected it: it uses its link no more, and is not there. Its memory stays. */
void virtio_net_unplug(struct virtio_net *n);

#endif
