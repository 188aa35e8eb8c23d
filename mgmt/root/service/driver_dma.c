/* SPDX-License-Identifier: MIT */
/*
 * driver_dma.c - see driver_dma.h.
 */
#include "driver_dma.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "iommu.h"
#include "pci.h"
#include "pd.h"
#include "platform.h"
#include "root.h"
#include "root_info.h"
#include "rt_log.h"
#include "sys.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define MEMORY_ADDRESS 0x300000000000ull	/* where root has links and queues, one after the other */
#define PIECES (DRIVER_LINKS + 1)		/* of a driver: its links, then DRIVER_DMA */

/* Where a device finds things behind an IOMMU: low, because a bridge may keep what is in its windows, and because a
 * write to the local APICs' addresses is an interrupt, whatever the tables say. */
#define IOVA_QUEUES 0x200000ull
#define IOVA_LINKS (IOVA_QUEUES + DRIVER_PIECE_BYTES)
#define IOVA_WINDOWS (IOVA_LINKS + DRIVER_LINKS * DRIVER_PIECE_BYTES)
#define IOVA_INTERRUPTS 0xfee00000ull
_Static_assert(DRIVER_WINDOW_COUNT * sizeof(u64) <= DRIVER_WINDOWS_BYTES, "layout");
_Static_assert(IOVA_WINDOWS + DRIVER_WINDOW_COUNT * DRIVER_PIECE_BYTES <= IOVA_INTERRUPTS, "windows are memory");

#define LOOK_NS NS_PER_S
#define LOGGED 4u		/* refused requests at one look; more are taken but only counted */
#define TAKEN 256u

static struct {
	u64 h_mem[PIECES], bus[PIECES];		/* links, then the queues; 0 = none */
	u32 begin_epoch[PIECES];		/* of each link, when its memory was cleared */
	bool is_below_4g;
	const struct pci_function *f;		/* of the device, since it was opened */
	const char *name;
} memories[DRIVER_COUNT];

static u32 faults[PCI_FUNCTIONS];		/* by index in the table of functions */

void driver_dma_start(bool has_drivers)
{
	struct info_page *info = (struct info_page *)INFO_PAGE_ADDRESS;

	iommu_start(platform_wants_iommu(INFO->cmdline));
	if (has_drivers)
		info->dma = !iommu_is_on() ? DMA_NOT_CONTAINED : iommu_remaps() ? DMA_CONTAINED : DMA_INTERRUPTS_OPEN;
	if (iommu_problem() != NULL)
		snprintf(info->iommu_problem, sizeof(info->iommu_problem), "%s", iommu_problem());
}

bool driver_dma_is_contained(void)
{
	return iommu_is_on();
}

/* ---- memory ---- */

static void *memory_at(u32 number, u32 piece)
{
	u64 at = MEMORY_ADDRESS + (number * PIECES + piece) * DRIVER_PIECE_BYTES;

	return (void *)at;	/* mapped there by make_piece */
}

static u64 iova_of(u32 piece)
{
	return piece == DRIVER_LINKS ? IOVA_QUEUES : IOVA_LINKS + piece * DRIVER_PIECE_BYTES;
}

static void destroy(u64 h_mem)
{
	while (sys_object_destroy(h_mem) == ST_AGAIN)
		;
	(void)sys_handle_close(h_mem);
}

static enum status make_piece(u32 number, u32 piece, u32 flags)
{
	u64 h_mem, *bus = &memories[number].bus[piece], at = (u64)memory_at(number, piece);
	enum status st = sys_mem_create(HANDLE_ROOT, DRIVER_PIECE_BYTES, flags, &h_mem);

	if (st != ST_OK)
		return st;
	st = pd_map(HANDLE_SELF_PD, h_mem, at, DRIVER_PIECE_BYTES, RW);
	if (st != ST_OK) {
		destroy(h_mem);
		return st;
	}
	memories[number].h_mem[piece] = h_mem;
	st = pd_fill(HANDLE_SELF_PD, h_mem, at, 0, DRIVER_PIECE_BYTES, RW);
	if (st != ST_OK)
		return st;
	*bus = stat_of(h_mem, STAT_BUS_ADDRESS);
	if (!iommu_is_on())
		return ST_OK;
	st = iommu_map(number, iova_of(piece), *bus);
	*bus = iova_of(piece);
	return st;
}

/* No device has been let loose on it. */
static void drop_piece(u32 number, u32 piece)
{
	u64 *h_mem = &memories[number].h_mem[piece];

	if (*h_mem == 0)
		return;
	if (iommu_is_on() && iommu_map(number, iova_of(piece), 0) != ST_OK)
		rt_log("root: the IOMMU does not obey");
	while (sys_mem_unmap(HANDLE_SELF_PD, (u64)memory_at(number, piece), DRIVER_PIECE_BYTES) == ST_AGAIN)
		;
	destroy(*h_mem);
	*h_mem = 0;
}

enum status driver_dma_make(u32 number, u32 links, bool is_below_4g)
{
	enum status st = ST_OK;

	memories[number].is_below_4g = is_below_4g || iommu_is_on();
	for (u32 piece = 0; piece < PIECES && st == ST_OK; piece++)
		if (piece < links || piece == DRIVER_LINKS)
			st = make_piece(number, piece, MEM_DMA | (is_below_4g ? MEM_BELOW_4G : 0));
	for (u32 piece = 0; piece < PIECES && st != ST_OK; piece++)
		drop_piece(number, piece);
	return st;
}

/* The next server goes on with the epochs. The window of a link stays: the store has what it writes there until that is
 * completed, and submits it again to the next server. */
static void clear_piece(u32 number, u32 piece)
{
	struct blk_link_shared *shared = memory_at(number, piece);
	u32 epoch = piece < DRIVER_LINKS ? shared->epoch : 0;

	memset(shared, 0, piece < DRIVER_LINKS ? BLK_WINDOW_OFFSET : DRIVER_PIECE_BYTES);
	shared->epoch = epoch;
	memories[number].begin_epoch[piece] = epoch;
}

void driver_dma_clear_links(u32 number)
{
	for (u32 piece = 0; piece < DRIVER_LINKS; piece++)
		if (memories[number].h_mem[piece] != 0)
			clear_piece(number, piece);
}

/* Queues begin with zeros, which a device that has not been reset does not read. */
enum status driver_dma_give(u32 number, u64 h_pd)
{
	const u64 windows = DRIVER_WINDOWS_BYTES;
	enum status st = pd_fill(h_pd, root.shared[SHARED_DRIVER_WINDOWS], DRIVER_WINDOWS, number * windows, windows,
				 RIGHT_R);

	for (u32 piece = 0; piece < PIECES && st == ST_OK; piece++) {
		u64 at = piece < DRIVER_LINKS ? DRIVER_LINK + piece * DRIVER_PIECE_BYTES : DRIVER_DMA;

		if (memories[number].h_mem[piece] == 0)
			continue;
		clear_piece(number, piece);
		st = pd_fill(h_pd, memories[number].h_mem[piece], at, 0, DRIVER_PIECE_BYTES, RW);
	}
	return st;
}

void driver_dma_fill_args(u32 number, struct driver_args *args)
{
	args->dma_bus = memories[number].bus[DRIVER_LINKS];
	memcpy(args->link_bus, memories[number].bus, sizeof(args->link_bus));
	args->dma_bits = memories[number].is_below_4g ? 32 : 64;
	args->is_contained = iommu_is_on();
}

u64 driver_dma_link(u32 number, u32 disk)
{
	return number < DRIVER_COUNT && disk < DRIVER_LINKS ? memories[number].h_mem[disk] : 0;
}

void *driver_dma_link_at(u32 number, u32 disk)
{
	return memory_at(number, disk);
}

u32 driver_dma_begin_epoch(u32 number, u32 disk)
{
	return memories[number].begin_epoch[disk];
}

u64 driver_dma_bytes(void)
{
	u32 count;
	const u64 *h_tables = iommu_memories(&count);
	u64 sum = 0;

	for (u32 i = 0; i < count; i++)
		sum += object_bytes(h_tables[i]);
	for (u32 number = 0; number < DRIVER_COUNT; number++)
		for (u32 piece = 0; piece < PIECES; piece++)
			sum += object_bytes(memories[number].h_mem[piece]);
	return sum;
}

/* ---- what the device sees ---- */

enum status driver_dma_open(u32 number, const struct pci_function *f, const char *name)
{
	memories[number].f = f;
	memories[number].name = name;
	return iommu_is_on() ? iommu_attach(number, f) : ST_OK;
}

void driver_dma_close(u32 number, const struct pci_function *f)
{
	if (iommu_is_on() && iommu_block(number, f) != ST_OK)
		rt_log("root: the IOMMU does not block a device");
}

static volatile u64 *windows_of(u32 number)
{
	return (volatile u64 *)shared_at(SHARED_DRIVER_WINDOWS) +
	       number * (DRIVER_WINDOWS_BYTES / sizeof(u64));
}

static void tell_window(u32 number, u32 link, u64 bus)
{
	__atomic_store_n(&windows_of(number)[link], bus, __ATOMIC_RELEASE);
}

/* The driver is told of what its device reaches, and no longer of what it is not to reach. */
bool driver_dma_window(u32 number, u32 link, u64 address)
{
	u64 iova = IOVA_WINDOWS + link * DRIVER_PIECE_BYTES;

	if (number >= DRIVER_COUNT || link >= DRIVER_WINDOW_COUNT)
		return true;
	if (!iommu_is_on()) {
		tell_window(number, link, address);
		return true;
	}
	tell_window(number, link, 0);
	if (iommu_map(number, iova, address) != ST_OK)
		return false;
	if (address != 0)
		tell_window(number, link, iova);
	return true;
}

/* ---- refused requests ---- */

static const struct pci_function *function_of(u32 bdf)
{
	const struct pci_table *table = pci_functions();

	for (u32 i = 0; i < table->count; i++)
		if (table->functions[i].bdf == bdf)
			return &table->functions[i];
	return NULL;
}

/* Of the driver whose device it is; "" = none. */
static const char *name_of(const struct pci_function *f)
{
	for (u32 number = 0; number < DRIVER_COUNT; number++)
		if (f != NULL && memories[number].f == f)
			return memories[number].name;
	return "";
}

static void log_fault(const struct iommu_fault *fault, const struct pci_function *f)
{
	char address[PCI_NAME_BYTES];
	const char *name = name_of(f);

	pci_name(fault->bdf, address);
	if (fault->is_interrupt)
		rt_log("%s%s%s: the IOMMU refused an interrupt (reason %u)", name, name[0] != '\0' ? ", " : "", address,
		       (unsigned)fault->reason);
	else
		rt_log("%s%s%s: the IOMMU refused a %s at %llx (reason %u)", name, name[0] != '\0' ? ", " : "", address,
		       fault->is_write ? "write" : "read", (unsigned long long)fault->address,
		       (unsigned)fault->reason);
}

void driver_dma_look(u64 *next)
{
	static u64 next_look;
	struct iommu_fault fault;
	u32 taken = 0;

	*next = DEADLINE_NONE;
	if (!iommu_is_on())
		return;
	for (; rt_time_tsc() >= next_look && taken < TAKEN && iommu_next_fault(&fault); taken++) {
		const struct pci_function *f = function_of(fault.bdf);

		if (f != NULL)
			faults[f - pci_functions()->functions]++;
		if (taken < LOGGED)
			log_fault(&fault, f);
	}
	if (taken > LOGGED)
		rt_log("root: the IOMMU refused %u more requests", (unsigned)(taken - LOGGED));
	if (rt_time_tsc() >= next_look)
		next_look = rt_time_after(&root.time, LOOK_NS);
	*next = next_look;
}

u32 driver_dma_faults(const struct pci_function *f)
{
	return faults[f - pci_functions()->functions];
}
