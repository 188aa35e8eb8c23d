/* SPDX-License-Identifier: MIT */
/*
 * drivers.c - see drivers.h.
 */
#include "drivers.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "blk_link.h"
#include "driver_dma.h"
#include "driver_nics.h"
#include "driver_parts.h"
#include "iommu.h"
#include "pci.h"
#include "pd.h"
#include "platform.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"
#include "vm_layout.h"
#include "wires.h"

#define RW (RIGHT_R | RIGHT_W)
#define UNACKED_NS (100 * NS_PER_MS)
#define IDE_CONTROL 2u		/* port of the control block that is used */

static struct driver drivers[DRIVER_COUNT];
static bool is_any_32_bit;

/* ---- which function gets which driver ---- */

static bool is_left_alone(const struct pci_function *f)
{
	const struct driver_kind *kind = driver_kind_of(f);
	char address[PCI_NAME_BYTES];

	pci_name(f->bdf, address);
	return platform_leaves_alone(INFO->cmdline, address, kind != NULL ? kind->program : address);
}

static struct driver *driver_of(const struct pci_function *f)
{
	for (u32 i = 0; i < DRIVER_COUNT; i++)
		if (drivers[i].kind != NULL && drivers[i].device.f == f)
			return &drivers[i];
	return NULL;
}

static u32 count_of(const struct driver_kind *kind)
{
	u32 count = 0;

	for (u32 i = 0; i < DRIVER_COUNT; i++)
		count += drivers[i].kind != NULL && strcmp(drivers[i].kind->name, kind->name) == 0;
	return count;
}

/* An MSI-X table in pages that the driver needs itself is not used: it could aim interrupts. Without MSI-X there may be
 * MSI, or a line. */
static void judge_table(const struct driver_kind *kind, struct pci_function *f)
{
	u64 bytes, first = pci_msix_pages(f, kind->registers_bar, &bytes);

	if (kind->has_msi_alone || (bytes != 0 && first < kind->registers_bytes))
		f->msix_count = 0;
}

/* A small BAR may share its page with another function's: nobody can have that page without the other. */
static bool has_own_pages(const struct pci_function *f)
{
	for (u32 i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &f->bars[i];

		if (bar->kind == PCI_BAR_MEMORY && bar->bytes < PAGE_SIZE &&
		    (!aligned_ok(bar->address, PAGE_SIZE) || !pci_page_is_alone(f, bar->address)))
			return false;
	}
	return true;
}

/* Can its device reach memory beyond 4 GiB? */
static bool reaches_all(const struct driver *d)
{
	u32 value;

	if (d->kind->is_32_bit || d->kind->reach_bit == 0)
		return !d->kind->is_32_bit;
	return pci_device_register(&d->device, d->kind->registers_bar, 0, &value) &&
	       (value & d->kind->reach_bit) != 0;
}

static void assign(struct pci_function *f)
{
	const struct driver_kind *kind = driver_kind_of(f);
	struct driver *d = drivers;
	char address[PCI_NAME_BYTES];

	if (kind == NULL || is_left_alone(f) || image_find(&root.images, kind->program, true) == NULL)
		return;
	if (kind->party != 0 && count_of(kind) != 0) {
		pci_name(f->bdf, address);
		rt_log("root: %s stays without a driver: there is one %s already", address, kind->name);
		return;
	}
	while (d < drivers + DRIVER_COUNT && d->kind != NULL)
		d++;
	if (d == drivers + DRIVER_COUNT) {
		rt_log("root: more than %u devices, one stays without a driver", (unsigned)DRIVER_COUNT);
		return;
	}
	pci_device_init(&d->device, f);
	judge_table(kind, f);
	if (!has_own_pages(f)) {
		pci_name(f->bdf, address);
		rt_log("root: the registers of %s share a page with others', it gets no driver", address);
		return;
	}
	snprintf(d->name, sizeof(d->name), "%s%u", kind->name, (unsigned)count_of(kind));
	d->kind = kind;
	is_any_32_bit |= !reaches_all(d);
	pci_device_stop(&d->device);
}

u32 driver_memory_flags(void)
{
	return MEM_DMA | (is_any_32_bit && !driver_dma_is_contained() ? MEM_BELOW_4G : 0);
}

/* Behind an IOMMU: it has to see the device, and by an id that no other driver's device has. */
static bool has_own_group(u32 number)
{
	u32 group = iommu_group(drivers[number].device.f);

	for (u32 i = 0; i < number; i++)
		if (drivers[i].kind != NULL && iommu_group(drivers[i].device.f) == group)
			return false;
	return group != IOMMU_NO_GROUP;
}

/* Without its memory there is no driver; the device stays off. */
static void make_memory(u32 number)
{
	struct driver *d = &drivers[number];
	enum status st;

	if (driver_dma_is_contained() && !has_own_group(number)) {
		rt_log("root: the IOMMU cannot confine %s alone, it gets no driver", d->name);
		d->kind = NULL;
		return;
	}
	st = driver_dma_make(number, d->kind->link_count, (driver_memory_flags() & MEM_BELOW_4G) != 0);
	if (st == ST_OK && d->kind->is_nic)
		st = driver_nic_make(number);
	if (st == ST_OK)
		return;
	rt_log("root: no memory for %s (status %u)", d->name, (unsigned)st);
	d->kind = NULL;
}

void drivers_find(void)
{
	struct pci_table *table = pci_functions();

	for (u32 i = 0; i < table->count; i++)
		assign(&table->functions[i]);
	if (drivers[0].kind != NULL)
		pci_devices_settle();
	pci_masters_off(is_left_alone);
	driver_dma_start(drivers[0].kind != NULL);
	for (u32 number = 0; number < DRIVER_COUNT; number++)
		if (drivers[number].kind != NULL)
			make_memory(number);
	if (table->left_out != 0)
		rt_log("root: %u PCI functions more than are listed", (unsigned)table->left_out);
}

bool driver_is_given_up(u32 number)
{
	return drivers[number].life.is_given_up;
}

bool driver_is_wanted(u32 number)
{
	return number < DRIVER_COUNT && drivers[number].kind != NULL && !drivers[number].life.is_given_up;
}

u32 driver_of_party(u32 party)
{
	u32 number = 0;

	while (number < DRIVER_COUNT && (drivers[number].kind == NULL || drivers[number].kind->party != party))
		number++;
	return number;
}

bool driver_has_disks(u32 number)
{
	return drivers[number].kind != NULL && drivers[number].kind->link_count != 0;
}

bool driver_is_nic(u32 number)
{
	return number < DRIVER_COUNT && drivers[number].kind != NULL && drivers[number].kind->is_nic;
}

const char *driver_program(u32 number)
{
	return drivers[number].kind->program;
}

const char *driver_name(u32 number)
{
	return drivers[number].name;
}

u64 driver_link(u32 number, u32 disk)
{
	return driver_dma_link(number, disk);
}

u32 driver_link_count(u32 number)
{
	return driver_is_wanted(number) ? drivers[number].kind->link_count : 0;
}

static u32 link_state(u32 number, u32 disk)
{
	const struct blk_link_shared *shared = driver_dma_link_at(number, disk);

	return __atomic_load_n(&shared->state, __ATOMIC_ACQUIRE);
}

bool driver_is_quiet(u32 number, u32 disk)
{
	return drivers[number].device.reset != PCI_RESET_NONE || link_state(number, disk) != BLK_DOWN;
}

/* A driver begins an epoch of each of its links when it knows what there is. */
enum driver_disk driver_disk(u32 number, u32 disk)
{
	const struct blk_link_shared *shared = driver_dma_link_at(number, disk);

	if (disk >= driver_link_count(number))
		return DRIVER_DISK_NONE;
	if (__atomic_load_n(&shared->epoch, __ATOMIC_ACQUIRE) == driver_dma_begin_epoch(number, disk))
		return DRIVER_DISK_COMING;
	return __atomic_load_n(&shared->state, __ATOMIC_RELAXED) == BLK_UP ? DRIVER_DISK_THERE : DRIVER_DISK_NONE;
}

/* A string of a driver's memory. */
static void copy_text(char *to, const volatile char *from, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		to[i] = from[i];
	to[bytes - 1] = '\0';
}

void driver_disk_names(u32 number, u32 disk, char model[BLK_MODEL_BYTES], char serial[BLK_SERIAL_BYTES])
{
	const volatile struct blk_link_shared *shared = driver_dma_link_at(number, disk);

	copy_text(model, shared->info.model, BLK_MODEL_BYTES);
	copy_text(serial, shared->info.serial, BLK_SERIAL_BYTES);
}

u64 driver_bytes(void)
{
	return driver_dma_bytes() + driver_nics_bytes();
}

/* ---- what a driver's PD gets ---- */

static struct driver_args *args_of(u32 number)
{
	return (struct driver_args *)((u8 *)shared_at(SHARED_DRIVER_ARGS) + number * PAGE_SIZE);
}

void driver_window_set(u32 number, u32 link, u64 address)
{
	if (driver_dma_window(number, link, address))
		return;
	rt_log("root: %s is stopped: the IOMMU does not change what it reaches", drivers[number].name);
	pci_device_stop(&drivers[number].device);
}

static enum status give_memory(u32 number, u64 h_pd)
{
	enum status st = pd_fill(h_pd, root.shared[SHARED_DRIVER_ARGS], DRIVER_ARGS, number * PAGE_SIZE, PAGE_SIZE,
				 RIGHT_R);

	if (st == ST_OK)
		st = driver_dma_give(number, h_pd);
	return st == ST_OK && drivers[number].kind->is_nic ? driver_nic_give(number, h_pd) : st;
}

/* A part of a BAR: whole pages. */
static enum status give_pages(u64 h_pd, u64 from, u64 bytes, u64 at, struct object_set *objects)
{
	u64 h_mem;
	enum status st;

	if (bytes == 0)
		return ST_OK;
	st = sys_mem_create_device(HANDLE_ROOT, from, bytes, &h_mem);
	if (st == ST_OK)
		st = object_set_add(objects, OBJECT_MEM, h_mem);
	return st == ST_OK ? pd_map(h_pd, h_mem, at, bytes, RW) : st;
}

/* All of it but the pages with the MSI-X table. */
static enum status give_memory_bar(const struct pci_function *f, u32 i, u64 h_pd, struct driver_bar *out,
				   struct object_set *objects)
{
	u64 bytes = min_u64(f->bars[i].bytes, DRIVER_BAR_STRIDE), from = f->bars[i].address;
	u64 at = DRIVER_BARS + i * DRIVER_BAR_STRIDE, hidden_bytes, hidden = pci_msix_pages(f, i, &hidden_bytes), end;
	enum status st;

	bytes = align_up(bytes, PAGE_SIZE);
	if (hidden_bytes == 0)
		hidden = bytes;
	hidden = min_u64(hidden, bytes);
	end = min_u64(hidden + hidden_bytes, bytes);
	st = give_pages(h_pd, from, hidden, at, objects);
	if (st == ST_OK)
		st = give_pages(h_pd, from + end, bytes - end, at + end, objects);
	*out = (struct driver_bar){ .address = at, .bytes = bytes };
	return st;
}

static enum status give_ports(u64 h_pd, u64 port, u64 count, struct driver_bar *out)
{
	*out = (struct driver_bar){ .port = (u32)port, .port_count = (u32)count };
	return sys_port_grant(h_pd, port, count);
}

/* An IDE channel that is where it was on an AT. */
static enum status give_ide_channel(u32 channel, u64 h_pd, struct driver_bar bars[2])
{
	static const u16 ports[2] = { 0x1f0, 0x170 };
	enum status st = give_ports(h_pd, ports[channel], 8, &bars[0]);

	bars[1] = (struct driver_bar){ .port = ports[channel] + 0x204u, .port_count = 4 };
	return st == ST_OK ? sys_port_grant(h_pd, bars[1].port + IDE_CONTROL, 1) : st;
}

static enum status give_bar(const struct pci_function *f, u32 i, u64 h_pd, struct driver_bar *out,
			    struct object_set *objects)
{
	switch ((enum pci_bar_kind)f->bars[i].kind) {
	case PCI_BAR_IO:
		return give_ports(h_pd, f->bars[i].address, f->bars[i].bytes, out);
	case PCI_BAR_MEMORY:
		return give_memory_bar(f, i, h_pd, out, objects);
	case PCI_BAR_NONE:
		break;
	}
	return ST_OK;
}

static enum status give_bars(const struct driver *d, u64 h_pd, struct driver_bar *bars, struct object_set *objects)
{
	const struct pci_function *f = d->device.f;
	enum status st = ST_OK;

	for (u32 i = 0; i < DRIVER_BARS_COUNT && st == ST_OK; i++) {
		if (i < 4 && driver_is_compatible_ide(f, i / 2))
			st = i % 2 == 0 ? give_ide_channel(i / 2, h_pd, &bars[i]) : ST_OK;
		else
			st = give_bar(f, i, h_pd, &bars[i], objects);
	}
	return st;
}

static void fill_args(u32 number)
{
	const struct driver *d = &drivers[number];
	const struct pci_function *f = d->device.f;
	struct driver_args *args = args_of(number);

	memcpy(args->name, d->name, sizeof(args->name));
	args->vendor = f->vendor;
	args->device = f->device;
	args->subsystem_vendor = f->subsystem_vendor;
	args->subsystem_device = f->subsystem_device;
	args->class_code = f->class_code;
	args->revision = f->revision;
	args->bus = (u8)(f->bdf >> 8);
	args->devfn = (u8)f->bdf;
	args->number = number;
	args->interrupts = d->interrupts;
	args->interrupt_count = d->irq_count;
	args->link_count = d->kind->link_count;
	driver_dma_fill_args(number, args);
	args->known_disks = d->life.known;
	args->lost_disks = d->life.lost;
	pci_device_config(&d->device, args->config);
}

enum status driver_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects)
{
	struct driver *d = &drivers[number];
	struct driver_args *args = args_of(number);
	enum status st;

	memset(args, 0, sizeof(*args));
	pci_device_wake(&d->device);
	st = give_memory(number, h_pd);
	if (st == ST_OK)
		st = give_bars(d, h_pd, args->bars, objects);
	if (st != ST_OK)
		return st;
	driver_give_irqs(d, number, h_pd, h_thread, objects);
	st = driver_dma_open(number, d->device.f, d->name);	/* and its interrupts */
	if (st != ST_OK)
		return st;
	pci_device_go(&d->device, d->interrupts == DRIVER_IRQ_LINES);
	fill_args(number);
	d->is_up = true;
	d->steady_tsc = rt_time_after(&root.time, LIFE_STEADY_NS);
	return ST_OK;
}

/* ---- its end ---- */

void driver_failed(u32 number, u64 code)
{
	struct driver *d = &drivers[number];

	if (d->kind->link_count == 0 && code == DRIVER_EXIT_STUCK)
		code = DRIVER_EXIT_NOT_UP;	/* there is no disk to be blamed */
	switch (driver_life_failed(&d->life, code, rt_time_tsc() >= d->steady_tsc)) {
	case LIFE_DISK_LOST:
		rt_log("root: disk %u of %s is given up: it does not answer", (unsigned)(code - DRIVER_EXIT_STUCK),
		       d->name);
		break;
	case LIFE_GIVEN_UP:
		rt_log("root: %s is not started again%s", d->name,
		       d->kind->link_count != 0 ? "; its disks are given up" : "");
		break;
	case LIFE_AGAIN:
		break;
	}
}

u64 driver_pause_ns(u32 number)
{
	return driver_life_pause_ns(&drivers[number].life);
}

/* The store is told in place of the driver. */
static void say_lost(u32 number)
{
	struct driver *d = &drivers[number];
	struct blk_server server;

	for (u32 disk = 0; disk < DRIVER_LINKS; disk++)
		if ((d->life.known & BIT32(disk)) != 0)
			blk_server_begin(&server, driver_dma_link_at(number, disk), NULL, BLK_LOST,
					 DRIVER_WINDOW_COUNT);
	(void)sys_notify_signal(SLOT_WIRE + WIRE_STORE_ORDERS);
}

/* One that is up says it when it is stopped. */
void driver_give_up(u32 number)
{
	if (!driver_is_wanted(number))
		return;
	drivers[number].life.is_given_up = true;
	if (!drivers[number].is_up)
		say_lost(number);
}

bool driver_forgive(u32 number)
{
	struct driver *d = &drivers[number];

	if (!d->life.is_given_up || d->device.reset == PCI_RESET_NONE || iommu_is_dead())
		return false;
	d->life = (struct driver_life){ .known = d->life.known };
	return true;
}

/* A new store must not take completions of the old driver for those of its requests. */
void driver_stop(u32 number)
{
	struct driver *d = &drivers[number];

	d->is_up = false;
	pci_device_stop(&d->device);
	driver_dma_close(number, d->device.f);
	if (d->kind->is_nic)
		driver_nic_forget(number);
	for (u32 disk = 0; disk < DRIVER_LINKS; disk++)
		if (driver_dma_link(number, disk) != 0 && link_state(number, disk) == BLK_UP)
			d->life.known |= BIT32(disk);
	driver_dma_clear_links(number);
	if (d->life.is_given_up)
		say_lost(number);
}

/* ---- lines that drivers share ---- */

static bool shares_line(const struct driver *d)
{
	for (u32 i = 0; i < DRIVER_COUNT; i++)
		if (&drivers[i] != d && drivers[i].is_up && drivers[i].interrupts == DRIVER_IRQ_LINES &&
		    drivers[i].gsi == d->gsi)
			return d->is_up && d->interrupts == DRIVER_IRQ_LINES;
	return false;
}

/* Twice the same, so at least one whole period old. */
static bool is_deaf(struct driver *d)
{
	u64 before = d->unacked_tsc;

	d->unacked_tsc = stat_of(d->h_irq[0], STAT_IRQ_UNACKED_TSC);
	return before != 0 && before == d->unacked_tsc;
}

u32 drivers_deaf(u64 *next)
{
	static u64 next_look;
	u32 deaf = 0;
	bool is_any = false;

	*next = DEADLINE_NONE;
	for (u32 i = 0; i < DRIVER_COUNT; i++)
		is_any |= shares_line(&drivers[i]);
	if (!is_any)
		return 0;
	for (u32 i = 0; i < DRIVER_COUNT && rt_time_tsc() >= next_look; i++)
		if (shares_line(&drivers[i]) && is_deaf(&drivers[i]))
			deaf |= BIT32(i);
	if (rt_time_tsc() >= next_look)
		next_look = rt_time_after(&root.time, UNACKED_NS);
	*next = next_look;
	return deaf;
}

/* ---- what is told of devices ---- */

static u32 state_of(const struct pci_function *f, const struct driver *d)
{
	if (d != NULL && d->life.is_given_up)
		return DEVICE_GIVEN_UP;
	if (d != NULL)
		return d->is_up ? DEVICE_DRIVEN : DEVICE_RESTARTING;
	return is_left_alone(f) ? DEVICE_LEFT_ALONE : DEVICE_UNUSED;
}

/* The first function of its group stands for it. */
static u32 group_of(const struct pci_table *table, const struct pci_function *f)
{
	u32 group = iommu_group(f), i = 0;

	if (group == IOMMU_NO_GROUP)
		return DEVICE_NO_GROUP;
	while (&table->functions[i] != f && iommu_group(&table->functions[i]) != group)
		i++;
	return i;
}

bool device_report_fill(u32 index, struct device_report *out)
{
	const struct pci_table *table = pci_functions();
	const struct pci_function *f = &table->functions[index];
	const struct driver *d;

	if (index >= table->count)
		return false;
	d = driver_of(f);
	*out = (struct device_report){
		.bdf = f->bdf, .vendor = f->vendor, .device = f->device, .class_code = f->class_code,
		.group = group_of(table, f), .is_contained = iommu_group(f) != IOMMU_NO_GROUP,
		.faults = driver_dma_faults(f), .state = (u8)state_of(f, d),
	};
	if (d == NULL)
		return true;
	memcpy(out->driver, d->name, sizeof(out->driver));
	out->interrupts = (u8)d->interrupts;
	out->irq_count = (u8)d->irq_count;
	return true;
}
