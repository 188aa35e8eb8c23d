/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.h - virtio devices as PCI functions (virtio 1.2, 4.1): discovery, features, status, queues, interrupts.
 *
 * What a device does is a table of functions (struct virtio_type). Only the modern interface is there. A queue that
 * breaks a rule stops its device: DEVICE_NEEDS_RESET, and host.broken() once. All is under the machine's lock.
 *
 * BAR 0: 64 ports, queue i is notified at 4 * i: a port costs an exit that needs no decoding. BAR 2: memory, with the
 * same for guests that dislike ports.
 */
#ifndef VOS_VIRTIO_PCI_H
#define VOS_VIRTIO_PCI_H

#include "pci_msix.h"
#include "virtqueue.h"

#define VIRTIO_QUEUES 16u
#define VIRTIO_CONFIG_BYTES 64u

struct virtio_device;

struct virtio_type {
	const char *name;
	u16 id;				/* virtio 1.2, chapter 5 */
	u32 class_code;			/* of the PCI function */
	/* The driver is ready (DRIVER_OK). May be NULL. */
	void (*start)(struct virtio_device *d);
	/* The driver may have put chains into an enabled queue. */
	void (*notify)(struct virtio_device *d, u32 queue);
	/* Forget everything. False: requests are under way, virtio_reset_done() follows. May be NULL. */
	bool (*reset)(struct virtio_device *d);
	/* The driver wrote bits of `config` that `config_writable` allows. May be NULL. */
	void (*config_written)(struct virtio_device *d);
};

/* What a device needs of its machine. */
struct virtio_host {
	const struct guest_memory *memory;
	void (*broken)(void *ctx, const char *device, const char *fault);
	void *ctx;
};

struct virtio_queue {
	struct virtqueue ring;
	struct virtqueue_setup setup;	/* as the driver writes it */
	u16 vector;			/* VIRTIO_MSI_NO_VECTOR: none */
};

struct virtio_device {
	const struct virtio_type *type;
	void *model;			/* the type's own state */
	struct virtio_host host;
	struct pci_function function;
	struct pci_msix msix;
	u64 offered, accepted;		/* features */
	u32 offered_select, accepted_select;
	u32 queue_count, queue_size;	/* size: of each queue, at most */
	u32 window;			/* offset of the capability that reaches BARs through configuration space */
	u16 queue_select;
	u16 config_vector;
	u8 status, generation, isr;
	bool is_resetting;
	bool was_master;		/* when configuration space was written last */
	u8 config[VIRTIO_CONFIG_BYTES], config_writable[VIRTIO_CONFIG_BYTES];
	u32 config_bytes;
	struct virtio_queue queue[VIRTIO_QUEUES];
};

struct virtio_setup {
	u64 features;			/* without those of the transport */
	u32 queue_count, queue_size;
	u32 config_bytes;
	u8 devfn;
	bool is_hot;			/* the guest runs already: pci_bus_plug() */
};

/* Build it and put it on the bus; `config` is filled in before or after. ST_FULL, ST_EXISTS: as of pci_bus_add(). */
enum status virtio_init(struct virtio_device *d, const struct virtio_type *type, const struct virtio_setup *setup,
			const struct virtio_host *host, struct pci_bus *bus) MUST_CHECK;

/*
 * Take it off the bus. From now on it neither reads nor writes the guest's memory. False: requests are under way, and
 * virtio_reset_done() follows.
 */
bool virtio_unplug(struct virtio_device *d);

/* May the device use its queues? The driver is ready, the function is a bus master, no rule was broken. */
bool virtio_is_running(const struct virtio_device *d);
/* Where a function that is not a bus master any more had its queues, the guest (kexec) may have something else. */
static inline bool virtio_may_write(const struct virtio_device *d) { return pci_function_is_master(&d->function); }
static inline bool virtio_has(const struct virtio_device *d, u32 feature) { return d->accepted >> feature & 1; }

/* Take the next chain of a queue. False: there is none. */
bool virtio_pop(struct virtio_device *d, u32 queue, struct virtqueue_chain *chain);
/* Give a chain back; then, once for all of them, interrupt the driver if it wants that. */
void virtio_push(struct virtio_device *d, u32 queue, u16 head, u32 written);
/* The driver sees this one together with the next that is pushed. */
void virtio_put(struct virtio_device *d, u32 queue, u16 head, u32 written);
void virtio_interrupt(struct virtio_device *d, u32 queue);
/* The device is done with all chains that it found: true if there are more. */
bool virtio_has_more(struct virtio_device *d, u32 queue);
/* The same, but the driver need not notify before there are so many. The device is to look again by itself. */
bool virtio_await(struct virtio_device *d, u32 queue, u32 chains);
/* The driver broke a rule of the type. */
void virtio_broken(struct virtio_device *d, const char *fault);
/* `config` has changed. */
void virtio_config_changed(struct virtio_device *d);
/* After a `reset` that had to wait. */
void virtio_reset_done(struct virtio_device *d);

#endif
