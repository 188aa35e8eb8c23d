/* SPDX-License-Identifier: MIT */
/*
 * drivers.h - drivers of PCI devices: which function gets which program, and what its PD finds (lib/proto/driver.h).
 * Driver `number`, 0 .. DRIVER_COUNT - 1, is the service SERVICE_DRIVER(number); it lives, dies and comes back as all
 * services do.
 * What its device can reach in memory is driver_dma.h's.
 */
#ifndef VOS_ROOT_DRIVERS_H
#define VOS_ROOT_DRIVERS_H

#include "driver.h"
#include "object_set.h"
#include "request.h"
#include "status.h"
#include "types.h"

/*
 * Once, before the first other PD: give functions to drivers, reset these, and take bus mastering from all others but
 * bridges and those that --no-driver names.
 */
void drivers_find(void);

/* Is there a device for this driver, and is it not given up? Then these are its program and its name ("nvme0"). */
bool driver_is_wanted(u32 number);
/* There is one, which failed too often. */
bool driver_is_given_up(u32 number);
const char *driver_program(u32 number);
const char *driver_name(u32 number);

/* The driver that is this party of wires.h; DRIVER_COUNT = there is none. */
u32 driver_of_party(u32 party);
/* It has links with the store. */
bool driver_has_disks(u32 number);
/* It is a network card's (driver_nics.h), also when it was given up. */
bool driver_is_nic(u32 number);

/* Between its thread's creation and its first instruction: everything it gets, and its device is let loose. What is
 * created goes into `objects`. */
enum status driver_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects) MUST_CHECK;

/*
 * Before driver_stop of one that has ended by itself: code is its enum driver_exit, or 0 for a fault. Decides whether
 * it is wanted any more, and says in the log what is given up. driver_pause_ns: until the next start.
 */
void driver_failed(u32 number, u64 code);
u64 driver_pause_ns(u32 number);
/* It is not started again; for one that has ended, or is ended next. */
void driver_give_up(u32 number);
/* True: a driver that was given up is wanted again. Not if root can't reset its device: memory that it may still write
 * to was given back. */
bool driver_forgive(u32 number);

/* Its thread runs no more: no DMA and no interrupt from now on; the device is reset. Before anything is given back. */
void driver_stop(u32 number);

/* Handle of the link with the store of its disk 0 .. DRIVER_LINKS - 1; 0 = there is none. Zeroed by driver_prepare, but
 * for its epoch, by which the store sees that the driver is another. */
u64 driver_link(u32 number, u32 disk);

/* How many disks it can have. */
u32 driver_link_count(u32 number);

/* Let the driver's device reach the window of VM link `link` (VM's index * VM_DEVICES + disk), which begins at this
 * physical address (STAT_BUS_ADDRESS of its MEM); 0 = not any more: let the driver complete what it was asked, then
 * call that, before the memory goes. Behind an IOMMU no DMA there is under way when it returns. */
void driver_window_set(u32 number, u32 link, u64 address);

/*
 * Nothing that an earlier instance asked of disk `disk` can reach memory any more. A device that root can reset is
 * quiet at driver_stop. Another one may finish old commands when bus mastering goes on again, until the next instance
 * has reset it by its registers: its links are up then. An IOMMU does not help: the next VM's window has
 * the same address.
 */
bool driver_is_quiet(u32 number, u32 disk);

enum driver_disk { DRIVER_DISK_NONE, DRIVER_DISK_COMING, DRIVER_DISK_THERE };

/* What its driver says of disk `disk`; COMING: nothing yet, since it was started or stopped. */
enum driver_disk driver_disk(u32 number, u32 disk);
/* The model as its driver has it: foreign text, which ends. */
void driver_disk_names(u32 number, u32 disk, char model[BLK_MODEL_BYTES], char serial[BLK_SERIAL_BYTES]);

/* Flags for MEMs that any driver's device is to reach: all controllers that are there can. */
u32 driver_memory_flags(void);

/* Drivers (BIT32(number)) that have not acknowledged the interrupt of a line that they share for 100 ms or more; *next
 * is when to ask again. */
u32 drivers_deaf(u64 *next);

/* Row `index` of the table of PCI functions; false past the end. */
bool device_report_fill(u32 index, struct device_report *out);

/* What all drivers' memory that stays takes. */
u64 driver_bytes(void);

#endif
