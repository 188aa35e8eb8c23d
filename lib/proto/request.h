/* SPDX-License-Identifier: MIT */
/*
 * request.h - what the console asks of root, and what root answers and reports: fixed-size messages over two byte
 * rings (ring.h).
 *
 * Root copies each request once and checks every field; strings must end within their array. Text for people is made
 * by the console alone: root answers with codes and numbers.
 */
#ifndef VOS_REQUEST_H
#define VOS_REQUEST_H

#include "audit.h"
#include "captures.h"
#include "definitions_task.h"
#include "driver.h"
#include "errors.h"
#include "exports.h"
#include "nic.h"
#include "nic_spec.h"
#include "pool_row.h"
#include "request_op.h"
#include "root_limits.h"
#include "router_spec.h"
#include "store.h"
#include "switch.h"
#include "types.h"
#include "upload.h"
#include "users.h"
#include "vm_fields.h"
#include "vm_log.h"

#define CMDLINE_BYTES 2048u	/* with its zero; Linux on x86 takes as much (COMMAND_LINE_SIZE) */
#define IMAGE_MODULES 8u	/* further Multiboot modules */
#define MODULE_BYTES 128u	/* an image's name, perhaps a blank and a text for the guest, with its zero */

/* The default image: what a VM boots that names no kernel. */
#define IMAGE_DEFAULT_KERNEL "debian-kernel"
#define IMAGE_DEFAULT_INITRD "debian-initrd"
#define IMAGE_DEFAULT_CMDLINE "console=ttyS0"

/* What a VM starts with that boots from its disk. */
#define IMAGE_BIOS "seabios"
#define IMAGE_UEFI "ovmf"

/* In the place of an image for a CD drive: there is one, without a disc. */
#define IMAGE_NO_DISC "empty"

#define REQUEST_FIELD(id, ...) FIELD_##id,

enum request_field {
	VM_FIELDS(REQUEST_FIELD)	/* FIELD_CPU ...: those of struct vm_spec */
	FIELD_SPEC_COUNT,
	FIELD_OP = FIELD_SPEC_COUNT, FIELD_SET,
};

enum vm_platform { PLATFORM_MODERN, PLATFORM_PC, PLATFORM_COUNT };
/* What a VM starts with: an image of a kernel, or firmware that boots its disks, then its CD; or the CD first. */
enum vm_boot { BOOT_KERNEL, BOOT_DISK, BOOT_ISO, BOOT_COUNT };
/* Which firmware, if any. */
enum vm_firmware { FIRMWARE_BIOS, FIRMWARE_UEFI, FIRMWARE_COUNT };
/* What root does after a crash. */
enum vm_restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_COUNT };

/* If a disk fails a request: the guest is told, or the VM pauses and the request is done again at its resume. */
enum vm_on_io_error { IO_ERROR_REPORT, IO_ERROR_PAUSE, IO_ERROR_COUNT };

/* lazy: RAM is granted at the first touch, and nothing is set aside. eager: all of it, before the first instruction. */
enum vm_memory_policy { MEMORY_LAZY, MEMORY_EAGER, MEMORY_POLICY_COUNT };

#define SHARE_WEIGHT_DEFAULT 100u
#define SHARE_ALL_PCPUS (~0ull)

/* A VM's share of the machine: of all its vCPUs together. Can be changed while it runs. */
struct vm_share {
	u32 class;		/* enum sched_class */
	u32 weight;		/* SCHED_WEIGHT_MIN .. SCHED_WEIGHT_MAX of a fair VM; 0 = the default */
	u32 cap;		/* percent of one pCPU, at most 100 a vCPU; 0 = none */
	u32 zero;
	u64 affinity;		/* bit = pCPU it may run on; 0 and SHARE_ALL_PCPUS = any */
};

#define DISK_READ_ONLY BIT32(0)
#define DISK_MADE BIT32(1)		/* of a report: made for this VM, and deleted with it */
#define DISK_WAS_BLANK BIT32(2)		/* of a report: there was nothing on its disk when it was made */
#define DISK_WAS_THERE BIT32(3)		/* of a report, with DISK_MADE: for a VM of that name, before a restart */
#define DISK_TRUSTED BIT32(4)		/* a whole disk: its guest is trusted not to leave a pool there (decision 70) */
#define DISK_NVRAM BIT32(5)		/* of a VM with UEFI, at most one: its variables are kept there */
#define DISK_NVRAM_BYTES 0x200000u	/* at least */
#define DISK_IOPS_MAX 10000000u
#define DISK_RATE_MIN (64ull << 10)
#define DISK_RATE_MAX (1ull << 40)
#define DISK_SERIAL_BYTES 24u		/* with its zero; at most 20 characters */

/* A disk of a VM is a volume; one that is not there is made. */
struct disk_spec {
	u64 bytes;		/* 0: of the volume that is named; else a multiple of VOLUME_UNIT */
	u32 flags;		/* DISK_READ_ONLY, DISK_TRUSTED, DISK_NVRAM, DISK_TRAIT (volume_traits.h): of one in a
				 * pool */
	u32 iops;		/* at most so many requests a second; 0 = no limit. Can be changed while the VM runs */
	u64 rate;		/* and bytes of reads and writes a second: likewise. DISK_RATE_MIN .. DISK_RATE_MAX */
	char volume[VOLUME_NAME_BYTES];	/* "" = the VM's name, a dot and the disk's number */
	char on[DISK_NAME_BYTES];	/* where: a disk's name or VOLUME_RAM; "" = the disk with the most room */
	char serial[DISK_SERIAL_BYTES];	/* printable; "" = none */
	char image[IMAGE_NAME_BYTES];	/* what a new volume begins with, "" = zeros; bytes 0: of its size */
};

/* The members of one field (vm_fields.h) stand together, and no others between them. */
struct vm_spec {
	u32 cpus;
	u32 platform;		/* enum vm_platform */
	u64 memory_bytes;	/* a multiple of 2 MiB; at least 2 MiB */
	u32 restart;		/* enum vm_restart */
	u32 restart_limit;	/* ON_FAILURE: how often */
	u32 memory_policy;	/* enum vm_memory_policy */
	u32 on_io_error;	/* enum vm_on_io_error */
	u32 autostart;		/* 1: started when VOS starts; root does nothing with it */
	u32 boot;		/* enum vm_boot */
	u32 module_count;
	char modules[IMAGE_MODULES][MODULE_BYTES];	/* "IMAGE" or "IMAGE TEXT": modules after the initrd */
	u32 disk_count;
	struct disk_spec disks[VM_DEVICES];
	u32 firmware;		/* enum vm_firmware, of a VM that boots no kernel */
	u32 nic_count;		/* with the disks, at most VM_DEVICES */
	struct nic_spec nics[VM_DEVICES];
	struct vm_share share;
	char kernel[IMAGE_NAME_BYTES];	/* "" = the default image, or none: it has firmware */
	char iso[IMAGE_NAME_BYTES];	/* the disc in its CD drive; IMAGE_NO_DISC; "" = no drive */
	char initrd[IMAGE_NAME_BYTES];	/* "" = none (or the default image's, if kernel is "") */
	char vmm[IMAGE_NAME_BYTES];	/* program to use as its VMM; "" = the built-in one */
	char cmdline[CMDLINE_BYTES];	/* "" with kernel "" = the default image's */
};

/* What a switch is besides its name. */
struct switch_spec {
	char uplink[DRIVER_NAME_BYTES];	/* the network card that joins it to the wire, "nic0"; "" = none */
};

/* REQ_PROBE: as struct router_probe. */
struct probe_request { u32 address, ttl, bytes, id, sequence; };
#define ICMP_TYPE_TIME_EXCEEDED 11u

struct probe_report {
	u32 state;		/* enum router_probe_state; WAITING: there was no answer in that time */
	u32 from;		/* who answered; 0: nobody */
	u32 icmp_type, icmp_code, ttl;	/* of the answer */
	u32 address;		/* that was asked */
	u64 time_ns;		/* until the answer came */
	char router[VM_NAME_BYTES];	/* that sent it */
};

struct request {
	u32 id;			/* chosen by the console, comes back in the reply */
	u32 op;
	u32 flags;
	u32 index;
	u32 timeout_ms;
	u32 session;		/* whose request it is (users.h); 0 = nobody's */
	u32 zero;
	u32 fields;		/* BIT32(enum request_field) of what was given; REQ_SET changes these */
	char name[VM_NAME_BYTES];
	union {
		char to[VM_NAME_BYTES];
		u8 secret[STORE_SECRET_BYTES];	/* REQ_SET_POOL_KEY, REQ_UNLOCK_POOL */
	};
	char snapshot[VM_NAME_BYTES];
	union {
		struct vm_spec spec;
		struct image_request image;
		struct switch_spec network;	/* REQ_CREATE_SWITCH */
		struct router_spec router;	/* REQ_CREATE_ROUTER, REQ_SET_ROUTER */
		struct definitions_request definitions;	/* REQ_DEFINITIONS */
		struct probe_request probe;	/* REQ_PROBE */
		struct log_piece log;		/* REQ_LOG_READ, REQ_LOG_WRITE */
		struct user_request user;
	};
};

enum vm_state {
	VM_DEFINED, VM_STARTING, VM_RUNNING, VM_PAUSED, VM_STOPPING, VM_STOPPED, VM_CRASHED,
	VM_SUSPENDED,		/* runs, and its guest has suspended itself; no event tells of it */
	VM_STATE_COUNT
};

enum vm_reason {		/* why the VM is in its state; the numbers are in pools (vm_record.h) */
	STOP_NONE,
	STOP_REQUEST,		/* an operator's command */
	STOP_GUEST_POWEROFF, STOP_GUEST_REBOOT,
	STOP_FORCED,		/* stop-vm --force, or the guest did not react */
	/* crashed; text says more */
	STOP_TRIPLE_FAULT, STOP_GUEST_PANIC, STOP_BAD_STATE, STOP_BAD_IMAGE, STOP_EMULATION,
	STOP_VMM_FAULT,		/* the VMM itself faulted */
	STOP_NO_MEMORY,
	STOP_IO_ERROR,		/* paused: a disk failed; text says which */
	STOP_POOL_FULL,		/* paused: the pool of a disk is full; text says which. Goes on when there is room */
	STOP_NO_MEDIUM,		/* running: its firmware has found nothing to boot */
	STOP_POOL_LOCKED,	/* starting, or idle with autostart: when the pool of a disk is unlocked */
	STOP_MEMORY_ERROR,	/* crashed: some of its memory is damaged */
	STOP_COUNT
};

/* What a VM took of the pCPUs in this run or, if it does not live, in the last. */
struct vm_load {
	u64 now_ns;		/* when these figures were taken: since the kernel's start */
	u64 uptime_ns;		/* since the guest's start, pauses excluded */
	u64 run_ns;		/* since its VMM's start, pauses included: what the times below are parts of */
	u64 cpu_time_ns;	/* all its threads' time on pCPUs */
	u64 guest_time_ns;	/* thereof in the guest */
	u64 service_time_ns;	/* beside that: services and drivers worked for it */
	u64 ready_ns;		/* its threads had to wait for a pCPU */
	u64 wakeups;
	u64 exits, exits_vmm;
};

/* What a vCPU is at. */
enum vcpu_state {
	VCPU_IS_OFF,		/* its VM does not live, or is loaded just now */
	VCPU_IS_RUNNING,	/* or would, if it had a pCPU */
	VCPU_IS_HALTED,		/* waits for an interrupt */
	VCPU_IS_UNSTARTED,	/* waits for a start-up IPI: its guest has not started it, or has put it back by INIT */
	VCPU_IS_PAUSED,
	VCPU_STATE_COUNT
};

struct disk_report {
	char volume[VOLUME_NAME_BYTES];
	char on[DISK_NAME_BYTES];
	u64 bytes;
	u32 flags;		/* DISK_READ_ONLY, DISK_NVRAM, DISK_MADE, DISK_WAS_..., DISK_TRAIT */
	u32 zero;
	struct io_counts io;	/* of this run, or of the last one */
};

/* A network card. Figures are of this run, or of the last one. */
struct nic_report {
	u64 mac;
	u32 port;		/* of the switch; SWITCH_PORTS: it has none, for the VM does not live */
	u32 status;		/* enum status, of a port: ST_AGAIN: the switch is not up */
	u64 sent_frames, sent_bytes;	/* by the guest, dropped ones too */
	u64 got_frames, got_bytes;
	u64 drops;		/* of frames from and to it: show-switch has the reasons */
	u8 address[4];		/* IPv4 that it used last; 0.0.0.0: none was seen */
	u32 zero;
};

struct vm_report {
	char name[VM_NAME_BYTES];
	u32 index;		/* 0 .. VM_COUNT-1: where its console rings are; the same while the VM is defined */
	u32 state;		/* enum vm_state */
	u32 reason;		/* enum vm_reason */
	u32 restarts;
	u64 rip;		/* crashed: where */
	u32 last_exit;		/* crashed: enum exit_reason of the last exit */
	u32 vmm_fault;		/* STOP_VMM_FAULT: FAULT_KIND */
	u64 detail;		/* STOP_VMM_FAULT: address */
	struct vm_load load;
	u64 vcpu_time_ns[VM_VCPUS];	/* each vCPU's thread, if it lives */
	u8 vcpu_state[VM_VCPUS];	/* enum vcpu_state */
	u64 memory_granted_bytes;
	u64 overhead_bytes;	/* beside RAM and second-level tables: VMM, kernel objects, console rings */
	struct io_counts io;	/* of all its disks in all its runs */
	u64 service_ns;		/* load.service_time_ns in all its runs */
	char text[96];		/* VMM's words on a bad image or a crash; foreign: print escaped */
	u32 is_leaving;		/* it is being deleted: no definition any more */
	u32 has_given_up;	/* VM_CRASHED: its policy (spec.restart) starts it no more */
	struct disk_report disks[VM_DEVICES];	/* spec.disk_count */
	struct nic_report nics[VM_DEVICES];	/* spec.nic_count */
	struct vm_spec spec;
};

/* The same with latencies. */
struct disk_stats {
	char volume[VOLUME_NAME_BYTES];
	struct store_figures figures;
};

#define STATS_EXITS 32u		/* room for every enum exit_reason */
#define STATS_BUCKETS 32u

/* Of this run; if the VM does not live, of the last one. */
struct nic_stats {
	char network[VM_NAME_BYTES];
	struct nic_report report;
};

struct vm_stats {
	char name[VM_NAME_BYTES];
	u32 state;		/* enum vm_state */
	u32 cpus;
	struct vm_share share;
	struct vm_load load;
	u64 exit_count[STATS_EXITS];	/* by enum exit_reason */
	u64 exit_ns[STATS_EXITS];	/* all of them: from the exit to the next entry */
	u64 wake_bucket[STATS_BUCKETS];	/* i: from ready to running it took [2^i, 2^(i+1)) ns */
	u64 ram_bytes, ram_granted_bytes;
	u64 guest_table_bytes;	/* second-level page tables */
	u64 vmm_table_bytes;	/* the VMM's page tables */
	u64 vmm_bytes;		/* its memory: data, heap, stacks, arguments */
	u32 disk_count, nic_count;
	struct disk_stats disks[VM_DEVICES];
	struct nic_stats nics[VM_DEVICES];
};

struct pcpu_report {
	u32 index, count;
	u64 guest_ns;		/* in guests */
	u64 vmm_ns;		/* in VMMs, and in the kernel for them */
	u64 system_ns;		/* in all other PDs and the scheduler */
	u64 idle_ns;
	u64 elapsed_ns;		/* since this pCPU runs */
	s64 difference_ns;	/* how far the sum of the four is off what elapsed while they were read; 0 = exact */
};

enum device_state {
	DEVICE_UNUSED,		/* no driver: it cannot do DMA, except a bridge */
	DEVICE_DRIVEN,
	DEVICE_RESTARTING,	/* its driver is being started again */
	DEVICE_LEFT_ALONE,	/* --no-driver: it is as the firmware left it */
	DEVICE_GIVEN_UP,	/* its driver failed too often: the device is switched off */
	DEVICE_STATE_COUNT
};

#define DEVICE_NO_GROUP (~0u)

/* A PCI function. */
struct device_report {
	u16 bdf;		/* bus << 8 | device << 3 | function */
	u16 vendor, device, zero;
	u32 class_code;		/* base class << 16 | subclass << 8 | programming interface */
	u32 group;		/* of devices that an IOMMU cannot tell apart; DEVICE_NO_GROUP: it sees none */
	char driver[DRIVER_NAME_BYTES];	/* the driver's name; "" = none */
	u8 state;		/* enum device_state */
	u8 is_contained;	/* an IOMMU confines it to what its driver has; without a driver, to nothing */
	u8 interrupts;		/* enum driver_interrupts */
	u8 irq_count;
	u32 faults;		/* requests that the IOMMU refused, as far as it told */
};

enum service_state {
	SERVICE_UP,
	SERVICE_RESTARTING,
	SERVICE_GIVEN_UP,	/* a driver that failed too often */
	SERVICE_MISSING,	/* the boot medium lacks its program */
	SERVICE_STATE_COUNT
};

/* A service or a driver: a program of VOS that runs in ring 3. */
struct service_report {
	char name[VM_NAME_BYTES];
	u32 index;
	u32 state;		/* enum service_state */
	u32 restarts;		/* since VOS started */
	u32 zero;
	u64 bytes;		/* of memory that it takes */
};

enum disk_row_state {
	DISK_ROW_COMING,	/* its driver is not up yet, or comes up again */
	DISK_ROW_BLANK,		/* it is taken into use when a volume is made on it */
	DISK_ROW_READY,		/* volumes can be made in its free part */
	DISK_ROW_UNKNOWN,	/* its contents are none that VOS knows: nothing is made on it */
	DISK_ROW_WHOLE,		/* a VM has all of it */
	DISK_ROW_FAILED,		/* it can't be read */
	DISK_ROW_STATE_COUNT
};

/* A disk of the machine. */
struct disk_row {
	u32 index;
	u32 state;		/* enum disk_row_state */
	u64 bytes, free_bytes;	/* 0 while it is DISK_ROW_COMING; free: for one volume */
	u32 block_bytes;
	u32 features;		/* BLK_CAN_..., BLK_IS_READ_ONLY */
	u32 zeroing;		/* 0, or the space of a deleted volume is being zeroed: 1 + per cent done */
	char name[DISK_NAME_BYTES];
	char program[DRIVER_NAME_BYTES];	/* that drives it */
	char model[BLK_MODEL_BYTES];	/* foreign: print escaped */
	char vm[VM_NAME_BYTES];	/* DISK_ROW_WHOLE: that has it */
	char serial[BLK_SERIAL_BYTES];	/* foreign, as the model; "" where the driver asks for none */
	u8 zero[6];
};

enum volume_row_kind {
	VOLUME_ROW_MEMORY,
	VOLUME_ROW_EXTENT,		/* a partition of VOS' type */
	VOLUME_ROW_PARTITION,		/* of another type */
	VOLUME_ROW_DISK,		/* a whole one */
	VOLUME_ROW_THIN,		/* in a pool: takes room as it is written */
	VOLUME_ROW_SNAPSHOT,		/* in a pool: of a volume, never different again */
	VOLUME_ROW_POOL,		/* a pool's partition: no volume, but it has a name among them */
	VOLUME_ROW_VOS,			/* of a report: THIN, with the machine's definitions */
	VOLUME_ROW_KIND_COUNT
};

enum volume_row_state {
	VOLUME_ROW_READY,
	VOLUME_ROW_MAKING, VOLUME_ROW_DELETING,		/* the answer of the disk is awaited */
	VOLUME_ROW_MISSING,				/* its disk is not there */
	VOLUME_ROW_IMPORTING,				/* an image is being copied into it; percent */
	VOLUME_ROW_STATE_COUNT
};

struct volume_row {
	u32 index;
	u32 kind;		/* enum volume_row_kind */
	u32 state;		/* enum volume_row_state */
	u32 block_bytes;
	u64 bytes;
	u64 used_bytes;		/* THIN, SNAPSHOT: that it has of its own in the pool */
	u64 reserve_bytes;	/* THIN: that the pool keeps room for */
	u32 percent;
	u32 traits;		/* THIN: DISK_TRAIT (volume_traits.h) of each */
	char name[VOLUME_NAME_BYTES];
	char on[DISK_NAME_BYTES];	/* VOLUME_RAM, or the name of a disk or a pool */
	char of[VOLUME_NAME_BYTES];	/* the volume that a SNAPSHOT is of, and a THIN that is a clone; or "" */
	char snapshot[VOLUME_NAME_BYTES];	/* the one that a clone began as */
	u64 age;			/* SNAPSHOT: the higher of two is the newer one's */
	char vm[VM_NAME_BYTES];		/* whose disk it is, or "" */
	char made_for[VM_NAME_BYTES];	/* whose delete-vm deletes it, or "" */
};

/* A snapshot of a VM's disks that was made. */
struct snapshot_report {
	char name[VM_NAME_BYTES];
	u32 disks;
	u32 zero;
};

struct switch_row {
	u32 index;
	u32 state;		/* enum service_state, of its program */
	u32 restarts;
	u32 ports;		/* in use */
	u64 frames, bytes;	/* that came in at them */
	u64 drops;
	u64 memory_bytes;
	u32 nic_state;		/* of its uplink: enum nic_state; NIC_STARTING: its driver says nothing (yet) */
	u32 nic_mbits;		/* 0 = not known */
	char name[VM_NAME_BYTES];
	char uplink[DRIVER_NAME_BYTES];	/* "" = none */
};

enum port_kind { PORT_OF_VM, PORT_OF_NIC, PORT_OF_ROUTER, PORT_OF_CAPTURE, PORT_KIND_COUNT };

/* A port of a switch that is in use. */
struct port_row {
	u32 index;
	u32 kind;		/* enum port_kind: what is plugged in */
	u32 card;		/* which of the VM's network cards, or of the router's ports */
	u32 status;		/* enum status: ST_OK: up; ST_AGAIN: the switch is not; ST_EXISTS: its MAC is taken */
	u64 mac;
	u64 rate;		/* bytes a second each way; 0 = no limit */
	u32 guard;		/* GUARD_... */
	u16 vlan;
	u8 address[4];		/* IPv4 that its client used last; 0.0.0.0: none was seen */
	u16 zero;
	u32 zero1;
	char client[VM_NAME_BYTES];	/* the VM or router; the card, "nic0" */
	struct port_counts counts;
	u32 rule_count;
	u32 flags;			/* NIC_FLAGS, of a VM's card */
	struct nic_rule rules[NIC_RULES];
	u64 hits[NIC_RULES];		/* how often each rule has decided, since the filter was set */
};

#define STATION_ROWS 256u	/* in one reply */

/* Addresses that a switch knows. */
struct station_rows {
	u32 index;		/* of the first */
	u32 count;
	struct switch_station station[STATION_ROWS];
};

/* vms, system, kernel and free add up to installed, unless somebody lost some. */
struct memory_report {
	u64 installed;
	u64 kernel;		/* the kernel's own: code, tables, objects, what it has set aside */
	u64 system;		/* root, console, drivers, boot images */
	u64 free;
	u64 vms;		/* all VMs together */
	u64 vm[VM_COUNT];	/* each, by index */
};

struct image_report {
	char name[IMAGE_NAME_BYTES];
	u64 bytes;
	u32 is_default;
	u32 is_uploaded;	/* else it came with the boot, and has no hash */
	u8 hash[IMAGE_HASH_BYTES];
	char pool[DISK_NAME_BYTES];	/* that it is in, too; "": it is lost when VOS ends */
};

/* What the processors reported since VOS started (machine checks). */
struct hardware_report {
	u64 corrected, deferred, uncorrected;
	u64 at_boot;		/* left from before */
	u64 lost;		/* not known, because too many came */
	/* Frames of damaged memory: free ones; of VMs that ended and services that were started again; of VOS itself.
	 * The first two are not used any more. */
	u64 frames_free, frames_used, frames_kept;
};

struct host_report {
	u64 memory_total, memory_free, memory_kernel;
	u64 uptime_ns, idle_ns;
	u32 vm_count, vm_running;
	struct io_counts io_deleted;	/* of VMs that were deleted, together */
	u64 service_ns;			/* time of the store and the drivers of disks, for VMs or not */
	u64 service_deleted_ns;		/* thereof for VMs that were deleted */
	struct definitions_report definitions;
	struct hardware_report hardware;
};

enum reply_kind { REPLY_ANSWER = 1, REPLY_EVENT };

struct reply {
	u32 kind;		/* enum reply_kind */
	u32 id;			/* of the request; 0 for events */
	u32 result;		/* enum result */
	u32 error;			/* enum error */
	u32 more;		/* 1 = further replies to this request follow */
	u32 zero;
	u64 need, have;
	char text[64];
	union {
		struct vm_report vm;		/* events: the VM's new state; most answers too */
		struct vm_stats stats;
		struct pcpu_report pcpu;
		struct memory_report memory;
		struct image_report image;	/* also: answer to REQ_UPLOAD_FINISH */
		struct upload_report upload;	/* answer to REQ_UPLOAD_OPEN and REQ_UPLOAD_WRITE */
		struct export_report export;	/* answer to REQ_EXPORT_OPEN */
		struct export_data exported;	/* answer to REQ_EXPORT_READ */
		struct capture_report capture;	/* answer to REQ_CAPTURE_OPEN */
		struct capture_data captured;	/* answer to REQ_CAPTURE_READ */
		struct probe_report probe;	/* answer to REQ_PROBE */
		struct host_report host;
		struct device_report pci;
		struct service_report service;
		struct disk_row disk;
		struct switch_row network;
		struct port_row port;
		struct station_rows stations;
		struct router_row router;
		struct router_lines lines;
		struct volume_row volume;	/* also: answer to REQ_CREATE_VOLUME */
		struct pool_row pool;		/* also: answer to REQ_CREATE_POOL */
		struct snapshot_report snapshot;	/* answer to REQ_SNAPSHOT_VM */
		struct definitions_report definitions;	/* answer to REQ_DEFINITIONS */
		struct log_piece log;			/* answer to REQ_LOG_READ */
		struct login_report login;	/* answer to REQ_LOGIN */
		struct session_row session_row;
		struct user_row user_row;
		struct audit_rows audit;	/* answer to REQ_AUDIT */
		struct audit_verdict verdict;	/* answer to REQ_AUDIT_VERIFY */
	};
};

#define REQUEST_RING_BYTES 131072u	/* console -> root */
#define REPLY_RING_BYTES 262144u	/* root -> console */
_Static_assert(sizeof(struct request) <= 6656, "ring");
_Static_assert(sizeof(struct reply) <= 8192, "ring");

#endif
