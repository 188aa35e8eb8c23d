/* SPDX-License-Identifier: MIT */
/*
 * machine.h - one guest's machine: its memory, buses, devices, clock and vCPUs, and why it stopped.
 *
 * machine.c has the table of each platform's devices. Each vCPU has a thread, which owns the vCPU's state (struct vcpu,
 * its local APIC, its page); other threads reach that through atomic words and vcpu_request(). `lock` protects the
 * devices. All other members do not change while the guest runs, or change while all threads except one are parked
 * (control.c).
 */
#ifndef VOS_MACHINE_H
#define VOS_MACHINE_H

#include "acpi_hotplug.h"
#include "acpi_pm.h"
#include "bios_files.h"
#include "bus.h"
#include "console_port.h"
#include "debug_port.h"
#include "firmware_log.h"
#include "flash.h"
#include "fw_cfg.h"
#include "guest_cpuid.h"
#include "guest_memory.h"
#include "host.h"
#include "hpet.h"
#include "i8042.h"
#include "info_page.h"
#include "ioapic.h"
#include "kvmclock.h"
#include "lapic.h"
#include "machine_lock.h"
#include "memory_map.h"
#include "nvram.h"
#include "pci.h"
#include "pci_chipset.h"
#include "pic8259.h"
#include "pit8254.h"
#include "power.h"
#include "pvpanic.h"
#include "rt_time.h"
#include "rtc.h"
#include "uart16550.h"
#include "virtio_blk.h"
#include "virtio_console.h"
#include "virtio_net.h"
#include "virtio_rng.h"
#include "virtio_scsi.h"
#include "vcpu.h"
#include "vm_layout.h"

#define MACHINE_TIMERS 7u

/* What devices have put off: notifications of the guest, and interrupts that may wait while a vCPU is idle, too. */
enum machine_late { LATE_WORK = 1, LATE_NEWS = 2 };

enum machine_stop_step { NOT_STOPPED, STOPPING, STOPPED };	/* STOPPED: the cause is written */

/* A slot for a disk: control->disks has what root wants there. */
struct machine_disk {
	struct virtio_blk *device;	/* memory for it, there once the slot has had a disk */
	u32 generation;			/* of the disk that is there, or was last */
	u32 ejects_seen;
};

/* A slot for a network card: control->nics has what root wants there. */
struct machine_nic {
	struct virtio_net *device;	/* memory for it, there once the slot has had a card */
	u32 generation;			/* of the card that is there, or was last */
	u32 ejects_seen;
};
#define MACHINE_NIC_HOTPLUG (PCI_SLOT_NICS - PCI_SLOT_DISKS)	/* + slot: its number for acpi_hotplug */

struct machine_timer { const struct timer_ops *ops; void *device; };

struct machine_stop_info {
	u32 is_set;		/* atomic: enum machine_stop_step; the first cause wins */
	u32 reason;		/* enum vm_reason */
	u32 wants_restart;
	u32 vcpu;
	char text[96];
};

struct machine {
	const struct host *host;
	const struct vmm_args *args;
	const struct info_page *info;
	struct vmm_control *control;
	u32 is_started;		/* atomic: the vCPUs may run */
	u32 pause;		/* atomic: counts pauses begun and ended; odd = all threads but 0 are to park */
	u32 left;		/* atomic: threads that have left their loops, without thread 0 */
	struct machine_lock lock;	/* all devices from here on but the local APICs */
	u32 presses_seen;	/* of control->power_button */
	u32 nmis_seen;		/* of control->nmi_button */
	struct guest_memory memory;
	struct memory_map map;
	struct bus bus;
	struct guest_cpuid cpuid;
	/* Time: guest TSC = host TSC + tsc_offset; guest ns count from power_on_tsc. A pause moves both. */
	struct rt_time time;
	struct clock clock;
	u64 tsc_offset;
	u64 power_on_tsc;
	struct machine_timer timer[MACHINE_TIMERS];
	u32 timer_count;
	/* Devices. Those of the other platform stay unused. */
	struct lapic_bus lapics;
	struct lapic lapic[VM_VCPUS];
	struct ioapic ioapic;
	struct kvmclock kvmclock;
	struct console_port console;
	struct uart uart;
	struct debug_port debug_port;
	struct pvpanic pvpanic;
	struct acpi_pm acpi_pm;
	struct pci_bus pci;
	struct pci_chipset chipset;
	struct virtio_rng virtio_rng;
	struct virtio_console virtio_console;
	struct virtio_scsi cd_drive;
	const u8 *discs;
	struct acpi_hotplug hotplug;
	struct machine_disk disks[VM_DEVICES];
	u32 disks_used;		/* bit = slot whose device uses its link */
	u32 disks_leaving;	/* thereof: the guest has ejected it, requests are under way */
	u8 *links;
	struct machine_nic nics[VM_DEVICES];
	u32 nics_used;		/* bit = slot that has a card */
	u8 *nic_links;
	u32 nics_late;		/* bit = card that has more to do */
	u32 late;		/* atomic: enum machine_late of disks and cards */
	u32 nics_unplugged;	/* of control, as the guest was told */
	struct virtio_host virtio_host;	/* what all virtio devices get */
	u32 device_faults;	/* lines about virtio devices in the VM's log so far */
	struct pic pic;
	struct pit pit;
	struct hpet hpet;
	struct rtc rtc;
	struct i8042 i8042;
	struct fw_cfg fw_cfg;
	struct bios_files bios_files;
	struct firmware_log firmware_log;
	struct flash flash;
	u8 *flash_bytes;
	struct nvram nvram;
	bool has_nvram;
	struct fast_reset fast_reset;
	u32 vcpu_count;
	struct vcpu vcpu[VM_VCPUS];
	struct machine_stop_info stop_info;
};

struct machine_config {
	const struct host *host;
	const struct vmm_args *args;
	const struct info_page *info;
	struct vmm_control *control;
	u8 *ram;
	void *rings;			/* VM_RINGS_BYTES */
	u8 *pages;			/* a vcpu page every PAGE_SIZE */
	struct insn_cache *insns;	/* one for each vCPU; NULL: no memory */
	u8 *disks;			/* memory for the disk in slot d at + d * VMM_DISK_STRIDE */
	u8 *links;			/* with the store: that slot's at + d * BLK_LINK_BYTES */
	u8 *nics;			/* memory for network card n at + n * VMM_NIC_STRIDE */
	u8 *nic_links;			/* with its switch: at + n * NET_LINK_STRIDE */
	u8 *flash;			/* VMM_FLASH_BYTES, with IMAGE_FLASH */
	const u8 *discs;		/* of its CD drive: that of generation g at + g % 2 * VMM_DISC_STRIDE */
	cpuid_host_fn host_cpuid;
};

/* Builds the machine; false: the machine has stopped already (stop_info says why). */
bool machine_init(struct machine *m, const struct machine_config *config);

/*
 * Loads the images, and gives vCPU 0 its first state. `images` have args->image_count entries.
 */
struct load_image;
bool machine_load(struct machine *m, const struct load_image *images);

static inline bool machine_is_pc(const struct machine *m)
{
	return m->args->platform == PLATFORM_PC;
}

/* Does it start with a firmware's ROM, not with a kernel? */
static inline bool machine_has_firmware(const struct machine *m)
{
	return m->args->image_count != 0 &&
	       (m->args->images[0].kind == IMAGE_FIRMWARE || m->args->images[0].kind == IMAGE_FLASH);
}

/* Is that UEFI, with its variables before it? If they are all of it, it is refused when it is loaded. */
static inline bool machine_has_flash(const struct machine *m)
{
	return machine_has_firmware(m) && m->args->images[0].kind == IMAGE_FLASH &&
	       m->args->images[0].bytes > VMM_FLASH_BYTES;
}

static inline bool machine_is_stopped(const struct machine *m)
{
	return __atomic_load_n(&m->stop_info.is_set, __ATOMIC_ACQUIRE) != NOT_STOPPED;
}

static inline bool machine_is_started(const struct machine *m)
{
	return __atomic_load_n(&m->is_started, __ATOMIC_ACQUIRE) != 0;
}

static inline void machine_lock(struct machine *m)
{
	machine_lock_take(m, &m->lock);
}

static inline void machine_unlock(struct machine *m)
{
	machine_lock_give(&m->lock);
}

/*
 * Stop the machine. The first call sets the reason and a text for people (printf-like, may be ""); later calls do
 * nothing. The vCPUs' loops end at their next iteration. (vcpu_request.c)
 */
void machine_stop(struct machine *m, u32 vcpu, enum vm_reason reason, bool wants_restart, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- machine_time.c ---- */

void machine_time_init(struct machine *m);
/*
 * The own APIC's, and on vCPU 0 those of devices, if one is due or may have been set. Returns the host TSC at which the
 * next one will be due; DEADLINE_NONE if none.
 */
u64 machine_run_timers(struct machine *m, struct vcpu *v, bool were_set);
/* What devices have put off is due, or a vCPU has nothing else to do than LATE_WORK. Takes the lock. */
void machine_serve_late(struct machine *m, struct vcpu *v);
/* Host TSC at which what is put off now is due. */
u64 machine_late_tsc(const struct machine *m);
static inline u32 machine_late(const struct machine *m)
{
	return __atomic_load_n(&m->late, __ATOMIC_RELAXED);
}
/* Under the lock. */
static inline void machine_put_off(struct machine *m, u32 what)
{
	__atomic_store_n(&m->late, m->late | what, __ATOMIC_RELAXED);
}
/* The guest's clocks stood still for `ticks` of the host's TSC. */
void machine_time_skip(struct machine *m, u64 ticks);
/* The guest wrote this vCPU's TSC or TSC_ADJUST: its TSC is now the machine's plus `adjust`. */
void machine_set_tsc_adjust(struct machine *m, struct vcpu *v, u64 adjust);

/* ---- control.c ---- */

/* Thread 0 got notification bits: do what the control page asks, move console bytes. */
void machine_notified(struct machine *m, u64 bits);
/* Thread 0 is about to sleep: notify the console of all output. */
void machine_notify_console(struct machine *m);
/* All other threads, at VCPU_REQUEST_PAUSE: wait until thread 0 ends the pause. */
void machine_park(struct machine *m, struct vcpu *v);
/* Tell root (for status-vm) whether the guest has started that vCPU. */
void machine_report_online(struct machine *m, const struct vcpu *v);
/* A vCPU's loop is over. */
void machine_leave(struct machine *m, const struct vcpu *v);
/* Let the other threads' vCPUs run; they sleep until machine_is_started(). */
void machine_start(struct machine *m);
/* Tell root (for its state) whether the guest has suspended itself. */
void machine_report_suspended(struct machine *m, bool is_suspended);
/* Likewise that its firmware has found nothing to boot. */
void machine_report_no_medium(struct machine *m);
/* Tell root that the machine runs; tell it why it stopped. */
void machine_report_running(struct machine *m);
void machine_report_stop(struct machine *m);

/* ---- machine_firmware.c ---- */

enum status machine_add_firmware(struct machine *m);
/* A ROM that the loader has judged. The VMM executes instructions of it; the flash memory begins with what it has. */
void machine_place_rom(struct machine *m, const struct load_image *image);

/* ---- machine_nvram.c ---- */

/* The disk in that slot has UEFI's variables. */
void machine_init_nvram(struct machine *m, u32 slot);
/* What it has goes to the flash memory. False: it does not, and the machine has stopped. */
bool machine_load_variables(struct machine *m);
/* Changes go to the disk, if there is one. Under the lock, which is given away meanwhile. */
void machine_keep_variables(struct machine *m);

/* ---- machine_cd.c ---- */

enum status machine_add_cd_drive(struct machine *m);
/* Root has written to the control page. Under the lock. */
void machine_serve_cd(struct machine *m);

/* ---- machine_disks.c ---- all under the lock, except machine_add_disks */

/* The disks of the arguments; the registers of those that come and go. */
enum status machine_add_disks(struct machine *m);
void machine_init_hotplug(struct machine *m, const struct irq_line *irq);
/* Root has written to control->disks: disks that have come, and wishes that some go. */
void machine_serve_disks(struct machine *m);
/* The store has signalled. */
void machine_poll_disks(struct machine *m);
/* Those that have put off notifications. */
void machine_serve_late_disks(struct machine *m);

/* ---- machine_nics.c ---- all under the lock, except machine_add_nics */

enum status machine_add_nics(struct machine *m);
/* Switches have signalled: VMM_BIT_NIC << n. */
void machine_poll_nics(struct machine *m, u64 bits);
/* Root has written to the control page: cables, cards that have come, and wishes that some go. */
void machine_serve_nics(struct machine *m);
/* Those that have put off notifications. */
void machine_serve_late_nics(struct machine *m);
/* The guest has ejected what is in that slot. */
void machine_nic_ejected(struct machine *m, u32 slot);
extern const struct timer_ops machine_nics_timer;	/* of a machine: cards that put work off */

/* ---- guest_msr.c ---- false = #GP */
#define MSR_PERF_CTR0 0xc0010004u	/* AMD: the first of four */
#define PERF_COUNTERS 4u
void guest_msr_init(struct vcpu *v);
/* EXIT_MSR_READ and _WRITE. */
void guest_msr_exit_read(struct vcpu *v);
void guest_msr_exit_write(struct vcpu *v);
bool guest_msr_read(struct vcpu *v, u32 index, u64 *value);
bool guest_msr_write(struct vcpu *v, u32 index, u64 value);

#endif
