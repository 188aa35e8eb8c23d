/* SPDX-License-Identifier: MIT */
/*
 * vm_layout.h - how root lays out the other PDs: addresses, handles, notification bits, and the pages it shares with
 * them.
 */
#ifndef VOS_VM_LAYOUT_H
#define VOS_VM_LAYOUT_H

#include "blk.h"
#include "driver.h"
#include "guard.h"
#include "info_page.h"
#include "net.h"
#include "request.h"
#include "serial.h"
#include "switch.h"
#include "types.h"

/* ---- Every PD ---- program at 0x400000 (its ELF), info page at INFO_PAGE_ADDRESS. */
/* Close together, so that they share page tables; below the stack, and between it and the heap, nothing is mapped. */
#define PD_STACK_TOP 0x30010000ull
#define PD_HEAP_ADDRESS 0x30020000ull	/* RW memory for brk/mmap of its libc; size in the start argument */
#define PD_STACK_BYTES (64u * 1024u)
/* The start argument (RDI) is the heap's size in bytes; of a further thread its index, below PAGE_SIZE. */

#define H_ROOT_SIGNAL 2u	/* THREAD|SIGNAL: root's thread; badge as below */

/* Notification bits at root. */
#define ROOT_BIT_REQUEST BIT64(0)	/* console: there are requests, or room for replies */
#define ROOT_BIT_VMM BIT64(1)		/* some VMM: its control page changed */
#define ROOT_BIT_FAULT BIT64(2)		/* some thread stopped */
#define ROOT_BIT_STORE BIT64(3)		/* store: there are reports, or room for orders */
#define ROOT_BIT_SWITCH BIT64(4)	/* some switch or router: it has an answer */
#define ROOT_BIT_GUARD BIT64(5)		/* guard: there are reports */
#define ROOT_BIT_HARDWARE BIT64(6)	/* kernel: a machine check is to be taken */

/* ---- Console ---- */
#define CONSOLE_REQUEST_RING 0x20000000ull	/* RING_BYTES(REQUEST_RING_BYTES); producer */
#define CONSOLE_REPLY_RING 0x20100000ull	/* RING_BYTES(REPLY_RING_BYTES); consumer */
#define CONSOLE_CONF 0x20400000ull		/* the module vos.conf, read only; see console_args */
#define CONSOLE_ARGS 0x20600000ull		/* struct console_args, read only */
#define CONSOLE_DEFINITIONS 0x20700000ull	/* text of DEFINITIONS_BYTES (request.h) */
#define CONSOLE_UPLOADS 0x28000000ull		/* slot i of an upload (upload.h) at + i * UPLOAD_WINDOW_BYTES */
/* Of each line (serial.h), if there is one: consumer of RX, producer of TX. */
#define CONSOLE_LINE_RX(line) (0x21000000ull + (line) * 0x200000ull)
#define CONSOLE_LINE_TX(line) (CONSOLE_LINE_RX(line) + 0x100000ull)
/* VM i's console rings at + i * VM_RINGS_BYTES; always mapped, zeroed when a VM takes the place. */
#define CONSOLE_VM_RINGS 0x40000000ull
#define CONSOLE_H_LINE 3u	/* + line: THREAD|SIGNAL of its driver, badge LINE_BIT_CONSOLE */
#define CONSOLE_H_VM 16u	/* + i: THREAD|SIGNAL of VM i's VMM (badge VMM_BIT_CONSOLE), while it lives */

struct console_args {
	u64 conf_bytes;		/* 0 = there is no vos.conf */
	u64 boot_id;		/* random; the same until the machine starts again */
	u32 lines;		/* BIT32(enum console_line): there is such a line */
	u32 start;		/* how often root has started the console since then, this time too */
	u32 has_users;		/* 1: there are users, so nothing is done without a login */
	u32 zero;
};

/* Notification bits at the console. */
#define CONSOLE_BIT_REPLY BIT64(0)
#define CONSOLE_BIT_LINE BIT64(1)	/* some line's driver: there are bytes, or room for some */
#define CONSOLE_BIT_VM BIT64(2)		/* some VM wrote to, or read from, its console rings */
#define CONSOLE_BIT_LOG BIT64(3)	/* the kernel log grew */

/* A VM's console rings: output (VMM -> console), then input. Cleared at create-vm, they outlive every run of the VM. */
#define VM_OUTPUT_RING_BYTES 16384u
#define VM_INPUT_RING_BYTES 2048u
#define VM_INPUT_RING_OFFSET 0x5000u
#define VM_RINGS_BYTES 0x6000u
/* Input: a mark is followed by VM_INPUT_BREAK, a break on the serial line, or by itself, the byte of that value. */
#define VM_INPUT_MARK 0xffu
#define VM_INPUT_BREAK 0x00u

/* ---- Drivers of lines ---- (lib/proto/serial.h: rings; the one of a virtio port has what driver.h says besides) */
#define LINE_RX 0x20100000ull
#define LINE_TX 0x20200000ull
#define LINE_H_CONSOLE 3u		/* THREAD|SIGNAL: console, badge CONSOLE_BIT_LINE */
#define LINE_BIT_CONSOLE BIT64(1)	/* from the console: bytes to send, or room again */
#define SERIAL_ARGS 0x20000000ull	/* struct serial_args, read only; not for a virtio port */
#define SERIAL_H_IRQ 4u
#define SERIAL_BIT_IRQ BIT64(0)

/* ---- Screen driver ---- (the log at LOG_ADDRESS, as in the console) */
#define SCREEN_MEMORY 0x80000000ull	/* what lies at the info page's screen.address, from its page on */
#define SCREEN_CRT_PORTS 0x3d4u		/* index and data of VGA's CRT controller */
#define SCREEN_BIT_LOG BIT64(0)		/* the kernel log grew */

/* ---- Store ---- (store.h: rings with root, figures, work; blk.h: links) */
#define STORE_ORDERS 0x20000000ull		/* RING_BYTES(STORE_ORDER_RING_BYTES); consumer */
#define STORE_REPORTS 0x20100000ull		/* RING_BYTES(STORE_REPORT_RING_BYTES); producer */
#define STORE_FIGURES 0x20200000ull		/* struct store_figures [BLK_WINDOWS], by number of the link */
#define STORE_WORK 0x20300000ull		/* struct store_work */
/* Link of the disk in slot d of VM v: number v * VM_DEVICES + d; root's own ones follow, below BLK_WINDOWS. */
#define STORE_LINKS 0x100000000000ull		/* + number * BLK_LINK_BYTES, while the VM has the disk; server */
#define STORE_DRIVER_LINKS 0x200000000000ull	/* + (driver * DRIVER_LINKS + disk) * BLK_LINK_BYTES; client */
#define STORE_RAM 0x300000000000ull		/* + slot * STORE_RAM_STRIDE: memory of a RAM volume */
#define STORE_RAM_STRIDE 0x1000000000ull	/* 64 GiB */
#define STORE_POOLS 0x400000000000ull		/* + p * STORE_POOL_STRIDE: arena of pool p */
#define STORE_POOL_STRIDE 0x100000000ull	/* 4 GiB */
#define STORE_H_DRIVER 3u			/* + driver: THREAD|SIGNAL of it (driver.h) */
#define STORE_H_VM 16u				/* + v: THREAD|SIGNAL of VM v's VMM (badge VMM_BIT_DISK) */

/* Notification bits at the store. */
#define STORE_BIT_ROOT BIT64(0)
#define STORE_BIT_DRIVER BIT64(8)	/* << driver */
#define STORE_BIT_VM BIT64(32)		/* << v % 32: some link of these VMs */

/* ---- Guard ---- (guard.h: rings with root, state) */
#define GUARD_ORDERS 0x20000000ull		/* RING_BYTES(GUARD_ORDER_RING_BYTES); consumer */
#define GUARD_REPORTS 0x20100000ull		/* RING_BYTES(GUARD_REPORT_RING_BYTES); producer */
#define GUARD_STATE 0x20200000ull		/* struct guard_state */
#define GUARD_AUDIT 0x20300000ull		/* struct audit_log (audit.h) */
#define GUARD_MODULE 0x20400000ull		/* the boot module `users`, read only; see guard_state */
#define GUARD_MODULE_BYTES_MAX 0x100000ull

/* Notification bit at guard. */
#define GUARD_BIT_ROOT BIT64(0)

/* ---- Switch ---- (switch.h: configuration, figures; net.h: links; one PD for each switch) */
#define SWITCH_CONFIG 0x20000000ull		/* struct switch_config, read only */
#define SWITCH_FIGURES 0x20100000ull		/* struct switch_figures */
#define SWITCH_LINKS 0x100000000000ull		/* link of port p, at + p * NET_LINK_STRIDE, while the port is up */
#define NET_LINK_STRIDE 0x200000ull
#define SWITCH_H_PORT 16u			/* + p: THREAD|SIGNAL of the port's client: frames for it, or room */

/* Notification bits at a switch. A client of port p has the badge SWITCH_BIT_PORT << p % 32. */
#define SWITCH_BIT_ROOT BIT64(0)
#define SWITCH_BIT_PORT BIT64(32)

/* ---- VMM ---- */
#define VMM_ARGS 0x20000000ull		/* struct vmm_args, read only, two pages */
#define VMM_CONTROL 0x20010000ull	/* struct vmm_control, shared with root, one page */
#define VMM_RINGS 0x20020000ull		/* its console rings: producer of output, consumer of input */
#define VMM_VCPU_PAGES 0x20100000ull	/* + i * PAGE_SIZE */
#define VMM_LINKS 0x28000000ull		/* link of the disk in slot d, at + d * BLK_LINK_BYTES; client */
#define VMM_DISKS 0x29000000ull		/* its own memory for the disk in slot d, at + d * VMM_DISK_STRIDE */
#define VMM_DISK_STRIDE 0x40000ull
#define VMM_DISK_BYTES 0x26000u
#define VMM_NIC_LINKS 0x2a000000ull	/* link of the network card in slot n, at + n * NET_LINK_STRIDE; client */
#define VMM_NICS 0x2b000000ull		/* its own memory for the card in slot n, at + n * VMM_NIC_STRIDE */
#define VMM_NIC_STRIDE 0x40000ull
#define VMM_NIC_BYTES 0x16000u
#define VMM_FLASH 0x2d000000ull		/* VMM_FLASH_BYTES: the flash memory of a VM with IMAGE_FLASH */
#define VMM_STACKS 0x2e000000ull	/* further vCPU threads' stacks: top of thread i at + i * 0x20000 */
#define VMM_IMAGES 0x100000000ull	/* image i, read only, at + i * VMM_IMAGE_STRIDE */
#define VMM_IMAGE_STRIDE 0x80000000ull
#define VMM_DISCS 0x40000000000ull	/* the disc of generation g, read only, at + g % 2 * VMM_DISC_STRIDE */
#define VMM_DISC_STRIDE 0x4000000000ull	/* 256 GiB */
#define VMM_VCPU_HEAP_BYTES 0xa800u	/* of its heap, for each vCPU */
#define VMM_RAM 0x100000000000ull	/* guest RAM: offset 0 .. memory_bytes, contiguous */
#define VMM_H_CONSOLE 3u		/* THREAD|SIGNAL: console, badge CONSOLE_BIT_VM */
#define VMM_H_STORE 4u			/* THREAD|SIGNAL: store, badge STORE_BIT_VM << v % 32; only with disks */
#define VMM_H_NIC 5u			/* + n: THREAD|SIGNAL: switch of card n, badge SWITCH_BIT_PORT << port % 32 */
#define VMM_H_VCPU 16u			/* + i: VCPU|RUN */
#define VMM_H_THREAD (VMM_H_VCPU + VM_VCPUS)	/* + i: THREAD|SIGNAL of the thread of vCPU i, badge VMM_BIT_KICK */

_Static_assert(CONSOLE_H_LINE + LINE_KINDS <= CONSOLE_H_VM, "slots");
_Static_assert(CONSOLE_H_VM + VM_COUNT <= HANDLE_CHOSEN && VMM_H_THREAD + VM_VCPUS <= HANDLE_CHOSEN, "slots");
_Static_assert((VM_COUNT + 1) * VM_DEVICES == BLK_WINDOWS, "each disk of each VM has a link, and root as many as a VM");
_Static_assert(VMM_LINKS + VM_DEVICES * BLK_LINK_BYTES <= VMM_DISKS && VMM_DISK_BYTES <= VMM_DISK_STRIDE, "disks");
_Static_assert(VMM_NIC_LINKS + VM_DEVICES * NET_LINK_STRIDE <= VMM_NICS && VMM_NIC_BYTES <= VMM_NIC_STRIDE, "cards");
_Static_assert(NET_LINK_BYTES <= NET_LINK_STRIDE && VMM_H_NIC + VM_DEVICES <= VMM_H_VCPU, "cards");
_Static_assert(SWITCH_H_PORT + SWITCH_PORTS <= HANDLE_CHOSEN, "slots");
_Static_assert(sizeof(struct switch_config) <= SWITCH_FIGURES - SWITCH_CONFIG, "layout");
_Static_assert(STORE_H_VM + VM_COUNT <= HANDLE_CHOSEN && STORE_H_DRIVER + DRIVER_COUNT <= STORE_H_VM, "slots");

/* Notification bits at a VMM's threads (thread 0 serves the control page and the console). */
#define VMM_BIT_CONTROL BIT64(0)
#define VMM_BIT_CONSOLE BIT64(1)
#define VMM_BIT_KICK BIT64(2)
#define VMM_BIT_DISK BIT64(3)	/* store: a link has completions, or a new epoch */
#define VMM_BIT_NIC BIT64(8)	/* << n: the switch of card n: there are frames, or room */

/*
 * Guest-physical layout: RAM offset [0, RAM_LOW_LIMIT) at GPA 0, the rest at 4 GiB. Root maps it, the VMM computes
 * with it.
 */
#define RAM_LOW_LIMIT 0xc0000000ull

/*
 * First the kernel and what is loaded with it, or firmware, whose last byte is at 4 GiB - 1, read only. IMAGE_FLASH is
 * firmware that begins with VMM_FLASH_BYTES of variables, which are a device (flash.h): what its guest
 * reads there is mapped, but for the first page.
 */
enum vmm_image_kind { IMAGE_KERNEL, IMAGE_INITRD, IMAGE_MODULE, IMAGE_FIRMWARE, IMAGE_FLASH };
#define VMM_IMAGES_MAX (2u + IMAGE_MODULES)
#define VMM_FLASH_BYTES 0x84000u	/* OVMF_VARS_4M.fd */

#define VMM_NVRAM_BYTES DISK_NVRAM_BYTES	/* of a disk where these are kept */

static inline bool vmm_firmware_size_ok(u64 bytes)
{
	return bytes != 0 && bytes % 0x10000 == 0 && bytes <= 0x1000000;	/* below it are the APICs */
}

/* Of the variables at the start of a firmware's image. */
static inline u64 vmm_flash_bytes(u32 kind)
{
	return kind == IMAGE_FLASH ? VMM_FLASH_BYTES : 0;
}

struct vmm_image {
	u64 bytes;
	u32 kind;
	u32 zero;
	char name[MODULE_BYTES];	/* as given to the guest, e.g. as a Multiboot module's string */
};

#define VMM_DISK_READ_ONLY BIT32(0)
#define VMM_DISK_NVRAM BIT32(1)	/* no disk for the guest: UEFI's variables are kept there (vmm/dev/firmware/nvram.h) */

/* The link's blk_info says the same, when the store is there. */
struct vmm_disk {
	u64 bytes;
	u32 flags;		/* VMM_DISK_... */
	u32 block_bytes;	/* logical block: 512 or 4096 */
	char serial[24];	/* with its zero; at most 20 characters */
};

/*
 * A slot for a disk, while the VM runs. At its start disk d of the arguments is in slot d. Root attaches a disk to an
 * empty slot: it maps link and memory, writes `disk`, then counts `generation` up. Root asks the guest to let a disk
 * go, and takes that back, by counting `ejects` up. The VMM says in disk_news what became of a disk, asked for or not;
 * from GONE on it does not use the disk's link. Its memory it may look at, as that stays for the slot's next disk.
 */
enum vmm_disk_state {
	VMM_DISK_STAYS,
	VMM_DISK_EJECTED,	/* the guest has let it go, and has requests under way: GONE follows */
	VMM_DISK_GONE,
	VMM_DISK_REFUSED,	/* gone: the guest never had it, for its device could not be made */
	VMM_DISK_STATE_COUNT
};

/* A word of disk_news: the state of the slot's disk of that generation. */
static inline u64 vmm_disk_news(enum vmm_disk_state state, u32 generation)
{
	return (u64)state << 32 | generation;
}

struct vmm_disk_slot {
	u32 generation;		/* of the disk; 0: that of the arguments */
	u32 ejects;		/* odd: the guest is to let it go */
	struct vmm_disk disk;
};

/*
 * The disc in the CD drive. Root maps another one, writes its bytes, 0 for none, then counts `generation` up. The VMM
 * answers with that in disc_seen, and does not use the one before it any more.
 */
struct vmm_disc {
	u32 generation;
	u32 zero;
	u64 bytes;
};

/* A network card. The one in slot n is PCI device 12 + n. */
struct vmm_nic {
	u8 mac[6];
	u16 mtu;		/* bytes behind the Ethernet header, without a tag: at least 68 (RFC 791) */
};

/*
 * A slot for a network card, as one for a disk. The VMM says in nic_news what became of a card, VMM_DISK_GONE or
 * VMM_DISK_REFUSED with its generation: from then on it does not use the card's link.
 */
struct vmm_nic_slot {
	u32 generation;		/* of the card; 0: that of the arguments */
	u32 ejects;		/* odd: the guest is to let it go */
	struct vmm_nic nic;
};

/* Frames that a card of the VMM's drops itself. */
struct vmm_nic_drops {
	u64 bad;		/* from the guest: too short, longer than its MTU, or with a senseless header */
	u64 too_large;		/* to the guest: longer than its MTU, than its buffers, or it can't be cut */
	u64 broken;		/* to the guest: the switch broke a rule of its ring; all that was there */
};

/* Read only for the VMM; written by root before the VMM's first instruction. */
struct vmm_args {
	char name[VM_NAME_BYTES];
	u64 memory_bytes;
	u32 cpus;
	u32 platform;		/* enum vm_platform */
	u32 image_count;	/* 1 + initrd + modules */
	u32 has_cd_drive;
	u32 disk_count;
	u32 nic_count;		/* with the disks, VM_DEVICES at most */
	u32 boot;		/* enum vm_boot */
	u64 wall_offset_ns;	/* added to the host's wall clock */
	u64 random_seed[4];	/* for the VMM's own use */
	struct vmm_image images[VMM_IMAGES_MAX];
	struct vmm_disk disks[VM_DEVICES];
	struct vmm_nic nics[VM_DEVICES];
	char cmdline[CMDLINE_BYTES];
};
_Static_assert(sizeof(struct vmm_args) <= 8192, "two pages");

/*
 * Control page: each word has one writer. Root sets its half and signals the VMM: want_paused counts changes,
 * power_button and nmi_button count presses. The VMM reports in its half and signals root.
 */
struct vmm_control {
	/* root -> VMM */
	u32 want_paused;	/* odd: stand still; even: run */
	u32 power_button;	/* number of presses so far */
	u32 nmi_button;		/* likewise: an NMI for the first vCPU */
	u32 nics_unplugged;	/* bit = slot whose network card is without a cable */
	u32 zero0[12];
	/* VMM -> root; foreign for root */
	u32 phase;		/* enum vmm_phase */
	u32 is_paused;		/* equals want_paused once that is obeyed */
	u32 reason;		/* enum vm_reason, with PHASE_ENDED */
	u32 last_exit;
	u64 rip;
	u32 wants_restart;	/* with PHASE_ENDED: the guest asked for a reset */
	u32 is_suspended;	/* the guest has suspended itself; root is not signalled, it reads this when asked */
	char text[96];
	u64 vcpus_online;	/* bit = vCPU that its guest has started */
	u32 no_medium;		/* its firmware has found nothing to boot; as is_suspended */
	u32 disc_seen;		/* generation of `disc` */
	u64 disk_news[VM_DEVICES];	/* by slot: vmm_disk_news() */
	struct vmm_nic_drops nic_drops[VM_DEVICES];
	/* root -> VMM, again */
	struct vmm_disk_slot disks[VM_DEVICES];
	struct vmm_nic_slot nics[VM_DEVICES];
	struct vmm_disc disc;
	/* VMM -> root, again */
	u64 nic_news[VM_DEVICES];	/* by slot: vmm_disk_news() */
};
_Static_assert(sizeof(struct vmm_control) <= 4096, "one page");

enum vmm_phase { PHASE_LOADING, PHASE_RUNNING, PHASE_ENDED };

/* Root's notes. A VMM that has ended waits (notify_wait for ever) until root destroys it. */

#endif
