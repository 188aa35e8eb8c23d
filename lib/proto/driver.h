/* SPDX-License-Identifier: MIT */
/*
 * driver.h - what the PD of a driver finds: one PCI function, memory for its queues, and if it has disks its links with
 * the store. What a network card's finds besides is nic.h's.
 *
 * Everything is set up before the driver's first instruction: BARs are mapped, the device has been reset and may master
 * the bus, its interrupts are routed (MSI-X and MSI are enabled by root). The driver has no access to configuration
 * space, to an MSI-X table or to any other physical address, and is told nothing else of the machine. After a fault it
 * is started again with the same arguments: root first stops the device (bus master off, reset) and zeroes its links,
 * but for their windows.
 *
 * A bus address is what goes into a descriptor. Without an IOMMU it is physical, so it differs from run to run; behind
 * one it is the address in the driver's own domain. A driver does not care which.
 */
#ifndef VOS_DRIVER_H
#define VOS_DRIVER_H

#include "blk.h"
#include "root_limits.h"
#include "types.h"

#define DRIVER_COUNT 8u			/* at a time; driver i has the badge STORE_BIT_DRIVER << i at the store */
#define DRIVER_LINKS 4u			/* disks of one driver at most: each has a link of its own */
#define DRIVER_IRQS 8u			/* interrupts of one driver at most */
#define DRIVER_BARS_COUNT 6u
#define DRIVER_NAME_BYTES 16u
#define DRIVER_WINDOW_COUNT BLK_WINDOWS
#define DRIVER_WINDOWS_BYTES 0x3000u	/* whole pages: each driver has its own */
#define DRIVER_PIECE_BYTES 0x200000ull	/* of a link and of DRIVER_DMA: contiguous on the bus */

/* ---- Addresses ---- (program, heap, stack and info page as in every PD: vm_layout.h) */
#define DRIVER_ARGS 0x20000000ull	/* const struct driver_args, read only, one page */
#define DRIVER_WINDOWS 0x20010000ull	/* const u64 [DRIVER_WINDOW_COUNT], read only: bus address of link
					 * i's first byte, 0 = not permitted. It changes while the driver runs: read
					 * it once for each request, and judge what was read */
#define DRIVER_LINK 0x28000000ull	/* + i * DRIVER_PIECE_BYTES: link of disk i (blk.h); the driver is the server */
#define DRIVER_DMA 0x2a000000ull	/* DRIVER_PIECE_BYTES, zeroed: queues and buffers of its own */
#define DRIVER_BARS 0x80000000ull	/* + i * DRIVER_BAR_STRIDE: BAR i, uncached */
#define DRIVER_BAR_STRIDE 0x10000000ull	/* also the most of a BAR that is mapped */

/* ---- Handles and notification bits ---- */
#define DRIVER_H_STORE 3u		/* THREAD|SIGNAL: store, badge STORE_BIT_DRIVER << its number; not
					 * there without a store: signalling is ST_HANDLE then, no error. A
					 * network card's driver has its switch here (nic.h) */
#define DRIVER_H_IRQ 16u		/* + i: IRQ|ACK, 0 <= i < interrupt_count; badge DRIVER_BIT_IRQ << i */
#define DRIVER_BIT_LINK BIT64(0)	/* from the store: requests, or a link that is to be set up anew */
#define DRIVER_BIT_IRQ BIT64(8)

/*
 * Codes with which a driver exits. Root stops the device and starts the driver again after a pause, which grows while
 * that does not help; it gives up a disk that is stuck again and again, and after several failures the whole driver.
 */
enum driver_exit {
	DRIVER_EXIT_NOT_UP = 1,	/* the controller did not come up */
	DRIVER_EXIT_UNUSABLE,	/* and never will: it is of a kind that the driver can't drive */
	DRIVER_EXIT_STUCK = 16,	/* + disk, or alone if it has none: it does not answer */
};

/*
 * With LINES, interrupts are level or edge triggered lines, perhaps shared: the driver looks at its device, quiets it,
 * then acknowledges (SYS_IRQ_ACK), always, also when the interrupt was another device's; one that does not within
 * 100 ms while others share the line is started again. At its start it acknowledges each once, and it polls until the
 * first interrupt has come: not every machine says truly where a line ends. With MESSAGES (MSI-X or
 * MSI) an acknowledgement does nothing. With NONE there is no interrupt: poll.
 */
enum driver_interrupts { DRIVER_IRQ_NONE, DRIVER_IRQ_LINES, DRIVER_IRQ_MESSAGES };

/*
 * A BAR has the index that it has in configuration space (a 64-bit BAR takes two; the second is empty then). Pages that
 * hold an MSI-X table are not mapped: touching them is a fault of the driver.
 *
 * An IDE controller in compatibility mode (class 0101) is shown as if its channels were native: BAR 0 = 1F0h, 1 = 3F4h,
 * 2 = 170h, 3 = 374h. Of each control block only the port at + 2 is granted. Interrupt i is channel i's.
 */
struct driver_bar {
	u64 address;		/* in this PD; 0 = no memory BAR, or not mapped */
	u64 bytes;		/* mapped */
	u32 port, port_count;	/* I/O ports; 0 = no I/O BAR */
};

struct driver_args {
	char name[DRIVER_NAME_BYTES];	/* "nvme0"; a disk is the name alone, or name.N where there may be several */
	u16 vendor, device, subsystem_vendor, subsystem_device;
	u32 class_code;		/* base class << 16 | subclass << 8 | programming interface */
	u8 revision;
	u8 bus, devfn;		/* devfn = device << 3 | function */
	u8 zero0;
	u32 number;		/* 0 .. DRIVER_COUNT - 1 */
	u32 interrupts;		/* enum driver_interrupts */
	u32 interrupt_count;	/* <= DRIVER_IRQS */
	u32 link_count;		/* <= DRIVER_LINKS; disk i is on link i, links without a disk stay DOWN */
	u64 dma_bus;		/* bus address of DRIVER_DMA */
	u64 link_bus[DRIVER_LINKS];	/* bus addresses of the links: BLK_WINDOW_OWN */
	u32 dma_bits;		/* 32: all bus addresses are below 4 GiB; else 64 */
	u32 is_contained;	/* an IOMMU confines the device. A virtio device has to be offered and to accept
				 * VIRTIO_F_ACCESS_PLATFORM then; else the driver stops with an error in the log */
	/* Disks by bit: those that an earlier instance had, so they are lost (BLK_LOST) if they are not there; and
	 * those that root has given up, so they are lost. */
	u32 known_disks, lost_disks;
	struct driver_bar bars[DRIVER_BARS_COUNT];
	u8 config[256];		/* copy of its configuration space, after set-up */
};
_Static_assert(sizeof(struct driver_args) <= 4096, "one page");

#endif
