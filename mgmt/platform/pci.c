/* SPDX-License-Identifier: MIT */
/*
 * pci.c - see pci.h. Configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2): every machine that VOS runs on has it
 * for the first 256 bytes, and nothing that is used here lies beyond them.
 */
#include "pci.h"

#include <string.h>

#include "platform_parts.h"
#include "range.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA 0xcfcu
#define CONFIG_ENABLE BIT32(31)
#define LAST_BUS 255u

/* Offsets from the capability, and bits of the words there. */
enum { EXPRESS_CAN = 4, EXPRESS_CONTROL = 8, FEATURES_CONTROL = 4, POWER_CONTROL = 4, MSI_ADDRESS = 4 };
#define MSIX_BYTES 16u			/* of an entry */
#define EXPRESS_CAN_RESET BIT32(28)
#define EXPRESS_RESET BIT32(15)
#define FEATURES_CAN_RESET BIT32(25)
#define FEATURES_RESET BIT32(0)
#define POWER_STATE 3u
#define POWER_KEEPS BIT32(3)		/* No_Soft_Reset */
#define POWER_WRITABLE 0x7fffu		/* without PME_Status, which a one clears */
#define MSI_ENABLE BIT32(16)
#define MSI_VECTORS (7u << 20)
#define MSI_IS_64 BIT32(23)
#define MSIX_ENABLE BIT32(31)
#define MSIX_MASK_ALL BIT32(30)
#define MSIX_ENTRY_MASKED BIT32(0)

static struct pci_table table;

static u32 config_read(void *ctx, u32 bdf, u32 offset)
{
	(void)ctx;
	port_out(CONFIG_ADDRESS, 4, CONFIG_ENABLE | bdf << 8 | (offset & 0xfc));
	return port_in(CONFIG_DATA, 4);
}

static void config_write(void *ctx, u32 bdf, u32 offset, u32 value)
{
	(void)ctx;
	port_out(CONFIG_ADDRESS, 4, CONFIG_ENABLE | bdf << 8 | (offset & 0xfc));
	port_out(CONFIG_DATA, 4, value);
}

static const struct pci_access access = { .read = config_read, .write = config_write };

static bool is_there(void)
{
	port_out(CONFIG_ADDRESS, 4, CONFIG_ENABLE);
	return port_in(CONFIG_ADDRESS, 4) == CONFIG_ENABLE;
}

void pci_start(void)
{
	table.count = table.left_out = 0;
	if (is_there())
		pci_scan(&access, 0, LAST_BUS, &table);
}

struct pci_table *pci_functions(void)
{
	return &table;
}

/* Status, in the upper half, is left alone. */
static void command_set(const struct pci_function *f, u32 clear, u32 set)
{
	u32 command = config_read(NULL, f->bdf, PCI_COMMAND) & PCI_COMMAND_WORD;

	config_write(NULL, f->bdf, PCI_COMMAND, (command & ~clear) | set);
}

void pci_devices_settle(void)
{
	clock_wait_us(PCI_RESET_US);
}

typedef bool (*keep_fn)(const struct pci_function *f);

static bool master_off(void *ctx, const struct pci_function *f)
{
	keep_fn keep = *(keep_fn *)ctx;

	if (f->header == 0 && f->class_code >> 16 != PCI_CLASS_BRIDGE && !keep(f))
		command_set(f, PCI_COMMAND_MASTER, PCI_COMMAND_NO_INTX);
	return true;
}

u32 pci_requesters(const struct pci_function *f, u16 *ids, u32 room)
{
	return pci_table_requesters(&table, f, ids, room);
}

const struct pci_function *pci_bridge_above(const struct pci_function *f)
{
	return pci_table_bridge(&table, f->bdf >> 8);
}

/* The table may not have all functions. */
void pci_masters_off(bool (*keep)(const struct pci_function *f))
{
	if (is_there())
		pci_walk(&access, 0, LAST_BUS, master_off, &keep);
}

struct crowd {
	u32 bdf;		/* of the function whose page it is */
	u64 page;
	bool is_alone;
};

static bool look_for_bar(void *ctx, const struct pci_function *f)
{
	struct crowd *c = ctx;

	c->is_alone = f->bdf == c->bdf || !pci_has_bar_in(&access, f, c->page);
	return c->is_alone;
}

bool pci_page_is_alone(const struct pci_function *f, u64 page)
{
	struct crowd c = { .bdf = f->bdf, .page = page, .is_alone = true };

	pci_walk(&access, 0, LAST_BUS, look_for_bar, &c);
	return c.is_alone;
}

/* ---- a device ---- */

/* The word at the capability + offset; *at is where it is, 0 if there is none. */
static u32 cap_read(const struct pci_device *d, enum pci_capability cap, u32 offset, u32 *at)
{
	*at = d->f->caps[cap] + offset;
	if (d->f->caps[cap] == 0 || *at >= PCI_CONFIG_BYTES) {
		*at = 0;
		return 0;
	}
	return config_read(NULL, d->f->bdf, *at);
}

static void cap_write(const struct pci_device *d, u32 at, u32 value)
{
	if (at != 0)
		config_write(NULL, d->f->bdf, at, value);
}

static enum pci_reset reset_of(const struct pci_device *d)
{
	u32 at, word;

	if ((cap_read(d, PCI_CAP_EXPRESS, EXPRESS_CAN, &at) & EXPRESS_CAN_RESET) != 0)
		return PCI_RESET_FUNCTION;
	if ((cap_read(d, PCI_CAP_FEATURES, 0, &at) & FEATURES_CAN_RESET) != 0)
		return PCI_RESET_FEATURES;
	word = cap_read(d, PCI_CAP_POWER, POWER_CONTROL, &at);
	return at != 0 && (word & POWER_KEEPS) == 0 ? PCI_RESET_POWER : PCI_RESET_NONE;
}

void pci_device_init(struct pci_device *d, struct pci_function *f)
{
	d->f = f;
	pci_size_bars(&access, f);
	for (u32 i = 0; i < ARRAY_COUNT(d->header); i++)
		d->header[i] = config_read(NULL, f->bdf, 4 * i);
	d->reset = (u8)reset_of(d);
}

bool pci_device_register(const struct pci_device *d, u32 bar, u32 offset, u32 *value)
{
	const struct pci_bar *b = &d->f->bars[bar];
	u32 command = config_read(NULL, d->f->bdf, PCI_COMMAND) & PCI_COMMAND_WORD;
	volatile u32 *at;

	if (b->kind != PCI_BAR_MEMORY || !range_ok(offset, sizeof(*value), b->bytes))
		return false;
	config_write(NULL, d->f->bdf, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	at = (volatile u32 *)(volatile void *)platform_map(b->address + offset, sizeof(*value), RIGHT_R);
	if (at != NULL)
		*value = *at;
	platform_unmap();
	config_write(NULL, d->f->bdf, PCI_COMMAND, command);
	return at != NULL;
}

static void power_set(const struct pci_device *d, u32 state)
{
	u32 at, word = cap_read(d, PCI_CAP_POWER, POWER_CONTROL, &at);

	cap_write(d, at, (word & POWER_WRITABLE & ~POWER_STATE) | state);
}

void pci_device_messages_off(const struct pci_device *d)
{
	u32 at, word = cap_read(d, PCI_CAP_MSI, 0, &at);

	cap_write(d, at, word & ~MSI_ENABLE);
	word = cap_read(d, PCI_CAP_MSIX, 0, &at);
	cap_write(d, at, word & ~MSIX_ENABLE);
}

void pci_device_stop(const struct pci_device *d)
{
	u32 at, word;

	command_set(d->f, PCI_COMMAND_MASTER, PCI_COMMAND_NO_INTX);
	pci_device_messages_off(d);
	switch ((enum pci_reset)d->reset) {
	case PCI_RESET_FUNCTION:
		word = cap_read(d, PCI_CAP_EXPRESS, EXPRESS_CONTROL, &at);
		cap_write(d, at, (word & PCI_COMMAND_WORD) | EXPRESS_RESET);
		break;
	case PCI_RESET_FEATURES:
		(void)cap_read(d, PCI_CAP_FEATURES, FEATURES_CONTROL, &at);
		cap_write(d, at, FEATURES_RESET);
		break;
	case PCI_RESET_POWER:
		power_set(d, 3);
		break;
	case PCI_RESET_NONE:
		break;
	}
}

void pci_device_wake(const struct pci_device *d)
{
	if (d->f->caps[PCI_CAP_POWER] != 0 && d->reset == PCI_RESET_POWER) {
		power_set(d, 0);
		clock_wait_us(PCI_RESET_US / 10);
	}
	for (u32 i = PCI_HEADER / 4; i < ARRAY_COUNT(d->header); i++)
		config_write(NULL, d->f->bdf, 4 * i, d->header[i]);
	pci_device_messages_off(d);
	command_set(d->f, PCI_COMMAND_MASTER, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_NO_INTX);
}

/* ---- its messages ---- */

u32 pci_device_message_count(const struct pci_device *d)
{
	return d->f->msix_count != 0 ? d->f->msix_count : d->f->caps[PCI_CAP_MSI] != 0;
}

/* The first time, all other entries are masked, and all together until pci_device_go. */
static bool msix_set(const struct pci_device *d, u32 index, u64 address, u32 data)
{
	const struct pci_function *f = d->f;
	u64 start = f->bars[f->msix_bar].address + f->msix_offset;
	u32 at, control = cap_read(d, PCI_CAP_MSIX, 0, &at), first = index * MSIX_BYTES / 4;
	volatile u32 *entries;

	cap_write(d, at, control | MSIX_ENABLE | MSIX_MASK_ALL);
	entries = (volatile u32 *)(volatile void *)platform_map(start, f->msix_count * MSIX_BYTES, RIGHT_R | RIGHT_W);
	if (entries == NULL) {
		cap_write(d, at, control);
		return false;
	}
	for (u32 i = 0; i < f->msix_count && (control & MSIX_ENABLE) == 0; i++)
		entries[i * MSIX_BYTES / 4 + 3] = MSIX_ENTRY_MASKED;
	entries[first] = (u32)address;
	entries[first + 1] = (u32)(address >> 32);
	entries[first + 2] = data;
	entries[first + 3] = 0;
	platform_unmap();
	return true;
}

static bool msi_set(const struct pci_device *d, u64 address, u32 data)
{
	u32 at, control = cap_read(d, PCI_CAP_MSI, 0, &at), to = at + MSI_ADDRESS;
	bool is_64 = (control & MSI_IS_64) != 0;

	if (at == 0 || to + 12 > PCI_CONFIG_BYTES)
		return false;
	cap_write(d, to, (u32)address);
	if (is_64)
		cap_write(d, to + 4, (u32)(address >> 32));
	cap_write(d, is_64 ? to + 8 : to + 4, data);
	cap_write(d, at, (control & ~MSI_VECTORS) | MSI_ENABLE);
	return true;
}

bool pci_device_message(const struct pci_device *d, u32 index, u64 address, u32 data)
{
	if (index >= pci_device_message_count(d))
		return false;
	return d->f->msix_count != 0 ? msix_set(d, index, address, data) : msi_set(d, address, data);
}

void pci_device_go(const struct pci_device *d, bool is_line)
{
	u32 at, control = cap_read(d, PCI_CAP_MSIX, 0, &at);

	cap_write(d, at, control & ~MSIX_MASK_ALL);
	command_set(d->f, is_line ? PCI_COMMAND_NO_INTX : 0, PCI_COMMAND_MASTER);
}

void pci_device_config(const struct pci_device *d, u8 config[PCI_CONFIG_BYTES])
{
	for (u32 i = 0; i < PCI_CONFIG_BYTES; i += 4) {
		u32 word = config_read(NULL, d->f->bdf, i);

		memcpy(config + i, &word, sizeof(word));
	}
}
