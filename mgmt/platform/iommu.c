/* SPDX-License-Identifier: MIT */
/*
 * iommu.c - see iommu.h: brings up the IOMMU that the firmware's tables name, and keeps account of who is in which
 * domain. The two kinds are in iommu_vtd.c and iommu_amd.c.
 */
#include "iommu.h"

#include "info_page.h"
#include "iommu_unit.h"
#include "pci.h"
#include "platform_parts.h"
#include "range.h"
#include "rt_log.h"
#include "stats.h"

#define TABLES_ADDRESS 0x310000000000ull	/* of root: two pools, then the units' registers */
#define REGISTERS_ADDRESS (TABLES_ADDRESS + 2 * IOMMU_PIECE_BYTES)
#define REGISTERS_STRIDE 0x10000ull
#define PAUSE_US 10u
#define UNUSED_BADGE BIT64(63)		/* of a message that nobody sends */
#define MESSAGE_APIC_ID(address) ((u32)((address) >> 12) & 0xff)	/* SDM Vol. 3 10.11.1 */

static struct iommu iommu;
static bool is_on;
static const char *problem;
static u64 h_pools[2];
static u8 domain_of[0x10000];		/* requester -> domain + 1, 0: blocked */
static u32 lines_apic_id;		/* of the pCPU that lines interrupt */

/* ---- the machine ---- */

static u64 read_register(void *registers, u32 offset, u32 size)
{
	volatile u8 *at = (volatile u8 *)registers + offset;

	return size == 8 ? *(volatile u64 *)(volatile void *)at : *(volatile u32 *)(volatile void *)at;
}

static void write_register(void *registers, u32 offset, u32 size, u64 value)
{
	volatile u8 *at = (volatile u8 *)registers + offset;

	__asm__ volatile("" : : : "memory");
	if (size == 8)
		*(volatile u64 *)(volatile void *)at = value;
	else
		*(volatile u32 *)(volatile void *)at = (u32)value;
}

static void pause(void)
{
	clock_wait_us(PAUSE_US);
}

#define LINE_BYTES 64u

static void write_back(const volatile void *at, u32 count)
{
	const volatile u8 *line = (const volatile u8 *)at;

	for (u32 i = 0; i < count; i += LINE_BYTES)
		__asm__ volatile("clflush %0" : : "m"(line[i]) : "memory");
}

static enum status map_all(u64 h_mem, u64 address, u64 count)
{
	enum status st;

	do
		st = sys_mem_map(HANDLE_SELF_PD, h_mem, address, 0, count, RIGHT_R | RIGHT_W | MAP_FILL);
	while (st == ST_AGAIN);
	return st;
}

/* A pool is one piece, so all of it is contiguous. */
static bool make_pool(struct iommu_pool *pool, u64 address, u64 *h_mem)
{
	const struct stats_page *stats = (const struct stats_page *)STATS_ADDRESS;

	if (sys_mem_create(HANDLE_ROOT, IOMMU_PIECE_BYTES, MEM_DMA, h_mem) != ST_OK ||
	    map_all(*h_mem, address, IOMMU_PIECE_BYTES) != ST_OK || sys_object_stat(*h_mem) != ST_OK)
		return false;
	pool->memory = (u8 *)address;
	pool->bus = stats->object[STAT_BUS_ADDRESS];
	pool->pages = IOMMU_PIECE_BYTES / PAGE_SIZE;
	pool->write_back = write_back;
	return true;
}

static bool make_large_pool(void)
{
	return !iommu.kind->has_large || make_pool(&iommu.large, TABLES_ADDRESS + IOMMU_PIECE_BYTES, &h_pools[1]);
}

static bool map_registers(u32 i, u64 at)
{
	u64 address = REGISTERS_ADDRESS + i * REGISTERS_STRIDE, h_mem;

	if (sys_mem_create_device(HANDLE_ROOT, at, iommu.kind->register_bytes, &h_mem) != ST_OK ||
	    sys_mem_map(HANDLE_SELF_PD, h_mem, address, 0, iommu.kind->register_bytes, RIGHT_R | RIGHT_W) != ST_OK)
		return false;
	iommu.units[i].registers = (void *)address;
	return true;
}

/* ---- the start ---- */

static const char *judge_tables(const struct acpi_iommu *found)
{
	if (found->is_cut)
		return "the firmware's table of it is broken or too long";
	if (found->has_other_segment)
		return "it serves another PCI segment, too";
	if (found->unit_count == 0)
		return "the firmware's table names no unit";
	return NULL;
}

/* As the kernel would have a device's message go there. */
static bool find_lines_pcpu(void)
{
	const struct stats_page *stats = (const struct stats_page *)STATS_ADDRESS;
	u64 h_irq;
	bool is_found;

	if (sys_irq_create(HANDLE_ROOT, IRQ_PCPU, IRQ_MSI, HANDLE_SELF_THREAD, UNUSED_BADGE, &h_irq) != ST_OK)
		return false;
	is_found = sys_object_stat(h_irq) == ST_OK;
	lines_apic_id = MESSAGE_APIC_ID(stats->object[STAT_IRQ_ADDRESS]);
	while (sys_object_destroy(h_irq) == ST_AGAIN)
		;
	(void)sys_handle_close(h_irq);
	return is_found;
}

static const char *judge_interrupts(const struct acpi_iommu *found)
{
	u16 bdf;

	if (!found->remaps_interrupts)
		return "the firmware's table of it says so";
	for (u32 i = 0; i < acpi.ioapic_count; i++)
		if (!acpi_iommu_ioapic(found, acpi.ioapics[i].id, &bdf))
			return "the firmware's table of it leaves out an I/O APIC";
	return find_lines_pcpu() ? NULL : "there is no vector for a message";
}

static bool make_domains(void)
{
	for (u32 i = 0; i < IOMMU_DOMAINS; i++)
		if (!iommu_domain_init(&iommu.domains[i], &iommu.pool, iommu.kind->format, iommu.levels))
			return false;
	return true;
}

static const char *bring_up(const struct acpi_iommu *found)
{
	const struct info_page *info = (const struct info_page *)INFO_PAGE_ADDRESS;
	const char *why = judge_tables(found);

	if (why != NULL)
		return why;
	iommu.kind = found->kind == ACPI_IOMMU_VTD ? &iommu_vtd : &iommu_amd;
	iommu.unit_count = found->unit_count;
	iommu.ioapic_count = found->ioapic_count;
	for (u32 i = 0; i < found->ioapic_count; i++)
		iommu.ioapics[i] = found->ioapics[i].bdf;
	iommu.interrupt_problem = judge_interrupts(found);
	iommu.is_x2apic = (info->features_used & BIT64(FEAT_X2APIC)) != 0;
	for (u32 i = 0; i < found->unit_count; i++)
		if (!map_registers(i, found->units[i]))
			return "its registers cannot be mapped";
	why = iommu.kind->judge(&iommu);
	if (why != NULL)
		return why;
	if (!make_pool(&iommu.pool, TABLES_ADDRESS, &h_pools[0]) || !make_large_pool() || !make_domains())
		return "there is no memory for its tables";
	if (iommu.kind->start(&iommu))
		return NULL;
	iommu.kind->stop(&iommu);
	return "it does not obey";
}

/* What firmware or an old device wants to reach always. It is blocked like everything else: a device with a driver has
 * been reset since, and what has none is not used. */
static void tell_regions(const struct acpi_iommu *found)
{
	char name[PCI_NAME_BYTES];

	for (u32 i = 0; i < found->region_count; i++) {
		const struct acpi_iommu_region *r = &found->regions[i];

		pci_name(r->first, name);
		rt_log("%s%s: not let reach %llx-%llx, as the firmware would have it", name,
		       r->first != r->last ? " and others" : "", (unsigned long long)r->start,
		       (unsigned long long)r->end - 1);
	}
}

void iommu_start(bool is_wanted)
{
	const struct acpi_iommu *found = &acpi.iommu;

	if (found->kind == ACPI_IOMMU_NONE)
		return;
	iommu.read = read_register;
	iommu.write = write_register;
	iommu.pause = pause;
	problem = is_wanted ? bring_up(found) : "the command line says so";
	if (problem != NULL) {
		rt_log("the IOMMU is not used: %s", problem);
		return;
	}
	is_on = true;
	rt_log("%s: %u unit%s; devices without a driver are blocked", iommu.kind->name, (unsigned)found->unit_count,
	       found->unit_count == 1 ? "" : "s");
	if (iommu.interrupt_problem != NULL)
		rt_log("the IOMMU does not remap interrupts, devices with a driver can raise any: %s",
		       iommu.interrupt_problem);
	tell_regions(found);
}

bool iommu_is_on(void)
{
	return is_on;
}

bool iommu_is_dead(void)
{
	return is_on && iommu.is_dead;
}

const char *iommu_problem(void)
{
	return problem;
}

const u64 *iommu_memories(u32 *count)
{
	*count = ARRAY_COUNT(h_pools);
	return h_pools;
}

/* ---- requesters ---- */

/* By itself, or with all that is behind a bridge above it. */
static bool is_covered(const struct pci_function *f, u16 *alias)
{
	const struct pci_function *bridge = pci_bridge_above(f);
	u16 ignored;

	if (acpi_iommu_covers(&acpi.iommu, f->bdf, false, alias))
		return true;
	for (u32 depth = 0; bridge != NULL && depth < PCI_FUNCTIONS; depth++) {
		if (acpi_iommu_covers(&acpi.iommu, bridge->bdf, true, &ignored))
			return true;
		bridge = pci_bridge_above(bridge);
	}
	return false;
}

/* The table entry of an I/O APIC leads to its interrupts: no device may have it, too. */
static bool is_ioapic(u16 id)
{
	for (u32 i = 0; i < iommu.ioapic_count; i++)
		if (iommu.ioapics[i] == id)
			return true;
	return false;
}

/* False: there are too many, the IOMMU does not see them, or an I/O APIC has one of them. */
static bool requesters(const struct pci_function *f, u16 ids[IOMMU_REQUESTERS], u32 *count)
{
	u16 alias;

	*count = pci_requesters(f, ids, IOMMU_REQUESTERS - 1);
	if (*count == 0 || !is_on || !is_covered(f, &alias))
		return false;
	if (alias != f->bdf)
		ids[(*count)++] = alias;
	for (u32 i = 0; i < *count; i++)
		if (is_ioapic(ids[i]))
			return false;
	return true;
}

/* The last one is the one nearest to the IOMMU. */
u32 iommu_group(const struct pci_function *f)
{
	u16 ids[IOMMU_REQUESTERS];
	u32 count;

	return requesters(f, ids, &count) ? ids[count - 1] : IOMMU_NO_GROUP;
}

static enum status route_all(const u16 *ids, u32 count, u32 domain, bool is_in)
{
	const struct iommu_domain *d = is_in ? &iommu.domains[domain] : NULL;

	for (u32 i = 0; i < count; i++)
		if (domain_of[ids[i]] != 0 && domain_of[ids[i]] != domain + 1)
			return ST_EXISTS;
	for (u32 i = 0; i < count; i++) {
		domain_of[ids[i]] = is_in ? (u8)(domain + 1) : 0;
		if (!iommu.kind->route(&iommu, ids[i], d))
			return ST_STATE;
	}
	return ST_OK;
}

enum status iommu_attach(u32 domain, const struct pci_function *f)
{
	u16 ids[IOMMU_REQUESTERS];
	u32 count;

	if (domain >= IOMMU_DOMAINS || !requesters(f, ids, &count))
		return ST_UNSUPPORTED;
	return route_all(ids, count, domain, true);
}

enum status iommu_block(u32 domain, const struct pci_function *f)
{
	u16 ids[IOMMU_REQUESTERS];
	enum status st;
	u32 count;

	if (domain >= IOMMU_DOMAINS || !requesters(f, ids, &count))
		return ST_UNSUPPORTED;
	st = route_all(ids, count, domain, false);
	if (st != ST_OK || !iommu_remaps())
		return st;
	return iommu.kind->mute(&iommu, &iommu.domains[domain]) ? ST_OK : ST_STATE;
}

enum status iommu_map(u32 domain, u64 iova, u64 bus)
{
	if (!is_on || domain >= IOMMU_DOMAINS || !iommu_domain_set(&iommu.domains[domain], iova, bus))
		return ST_INVAL;
	return iommu.kind->forget(&iommu, &iommu.domains[domain]) ? ST_OK : ST_STATE;
}

/* ---- interrupts ---- */

bool iommu_remaps(void)
{
	return is_on && iommu.interrupt_problem == NULL;
}

bool iommu_message(u32 domain, const struct pci_function *f, u32 index, u64 *address, u32 *data)
{
	struct iommu_interrupt what = { .apic_id = MESSAGE_APIC_ID(*address), .vector = (u8)*data };
	u16 ids[IOMMU_REQUESTERS];
	u32 count;

	if (!iommu_remaps())
		return true;
	if (domain >= IOMMU_DOMAINS || index >= IOMMU_MESSAGES || !requesters(f, ids, &count))
		return false;
	what.first = what.last = ids[0];
	for (u32 i = 1; i < count; i++) {
		what.first = ids[i] < what.first ? ids[i] : what.first;
		what.last = ids[i] > what.last ? ids[i] : what.last;
	}
	return iommu.kind->message(&iommu, &iommu.domains[domain], index, &what, address, data);
}

static bool ioapic_of(u32 gsi, u16 *bdf)
{
	const struct acpi_ioapic *of = NULL;

	for (u32 i = 0; i < acpi.ioapic_count; i++)
		if (acpi.ioapics[i].gsi_base <= gsi && (of == NULL || acpi.ioapics[i].gsi_base > of->gsi_base))
			of = &acpi.ioapics[i];
	return of != NULL && acpi_iommu_ioapic(&acpi.iommu, of->id, bdf);
}

/* QEMU's AMD-Vi sends a level-triggered interrupt as an edge, and the I/O APIC waits for its EOI for ever. */
static bool loses_levels(void)
{
	return iommu.kind == &iommu_amd && platform_is_emulated();
}

bool iommu_line(u32 gsi, u32 *flags)
{
	struct iommu_interrupt what = {
		.apic_id = lines_apic_id, .vector = (u8)(IRQ_VECTOR + gsi), .is_level = (*flags & IRQ_LEVEL) != 0,
	};

	if (!iommu_remaps() || gsi > 0xff - IRQ_VECTOR || !ioapic_of(gsi, &what.first))
		return true;		/* the last two: the kernel refuses it */
	if (what.is_level && loses_levels())
		return false;
	what.last = what.first;
	*flags |= iommu.kind->line_flags;
	return iommu.kind->line(&iommu, gsi, &what);
}

bool iommu_next_fault(struct iommu_fault *out)
{
	return is_on && iommu.kind->fault(&iommu, out);
}
