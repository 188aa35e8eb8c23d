/* SPDX-License-Identifier: MIT */
/*
 * acpi_tables.c - ACPI 6.4 tables: RSDP (5.2.5), XSDT (5.2.8), FADT (5.2.9), FACS (5.2.10), MADT (5.2.12); HPET
 * (IA-PC HPET specification 1.0a, 3.2.4); and MCFG (PCI Firmware specification 3.2, 4.1.2).
 *
 * A builder with a position and a limit: a table that does not fit makes the whole result 0. Everything starts at a
 * multiple of 64, which is what the FACS needs.
 */
#include "acpi_tables.h"

#include <stddef.h>
#include <string.h>

#include "acpi_pm.h"
#include "hpet.h"
#include "platform.h"
#include "range.h"
#include "request.h"

#define PACKED __attribute__((packed))
#define TABLE_ALIGN 64u

extern const u8 dsdt_modern[], dsdt_modern_end[], dsdt_pc[], dsdt_pc_end[];

struct PACKED rsdp {
	char signature[8];
	u8 checksum;		/* of the first 20 bytes */
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 zero[3];
};
_Static_assert(sizeof(struct rsdp) == ACPI_RSDP_BYTES, "ACPI");

struct PACKED header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem[6];
	char oem_table[8];
	u32 oem_revision;
	char creator[4];
	u32 creator_revision;
};
_Static_assert(sizeof(struct header) == 36, "ACPI");

struct PACKED xsdt {
	struct header header;
	u64 entry[4];
};

struct PACKED address {		/* generic address structure */
	u8 space;		/* 0 = memory, 1 = I/O ports */
	u8 bits;
	u8 bit_offset;
	u8 access;		/* 1 byte, 2 word, 3 dword */
	u64 address;
};

struct PACKED fadt {
	struct header header;
	u32 facs, dsdt;
	u8 zero0;
	u8 profile;
	u16 sci;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4_request, pstate;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	u8 pm1_event_len, pm1_control_len, pm2_control_len, pm_timer_len, gpe0_len, gpe1_len, gpe1_base, cst;
	u16 c2_latency, c3_latency, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alarm, month_alarm, century;
	u16 boot_arch;
	u8 zero1;
	u32 flags;
	struct address reset;
	u8 reset_value;
	u16 arm_boot_arch;
	u8 minor;
	u64 x_facs, x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control, x_pm_timer;
	struct address x_gpe0, x_gpe1;
	struct address sleep_control, sleep_status;
	u64 hypervisor;
};
_Static_assert(sizeof(struct fadt) == 276, "ACPI");

#define FADT_WBINVD BIT32(0)
#define FADT_C1 BIT32(2)
#define FADT_NO_FIXED_POWER_BUTTON BIT32(4)
#define FADT_NO_FIXED_SLEEP_BUTTON BIT32(5)
#define FADT_TIMER_32 BIT32(8)
#define FADT_RESET BIT32(10)
#define FADT_HW_REDUCED BIT32(20)
#define FADT_LOW_POWER_S0 BIT32(21)	/* suspending to idle is better than S3 */
#define BOOT_LEGACY_DEVICES BIT32(0)
#define BOOT_NO_VGA BIT32(2)
#define BOOT_NO_CMOS_RTC BIT32(5)

struct PACKED facs {
	char signature[4];
	u32 length;
	u32 hardware_signature, waking_vector, global_lock, flags;
	u64 x_waking_vector;
	u8 version;
	u8 zero[31];
};
_Static_assert(sizeof(struct facs) == 64, "ACPI");

struct PACKED madt {
	struct header header;
	u32 lapic_address;
	u32 flags;		/* bit 0: there are 8259s too */
};

struct PACKED madt_lapic { u8 type, length, uid, id; u32 flags; };
struct PACKED madt_ioapic { u8 type, length, id, zero; u32 address, gsi_base; };
struct PACKED madt_override { u8 type, length, bus, source; u32 gsi; u16 flags; };
enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2 };

struct PACKED hpet_table {
	struct header header;
	u32 block;		/* as in the capabilities register */
	struct address address;
	u8 number;
	u16 least_period;	/* ticks */
	u8 protection;
};
_Static_assert(sizeof(struct hpet_table) == 56, "HPET");

struct PACKED mcfg {
	struct header header;
	u8 zero0[8];
	u64 address;
	u16 segment;
	u8 first_bus, last_bus;
	u8 zero1[4];
};
_Static_assert(sizeof(struct mcfg) == 60, "PCI Firmware");

#define HPET_LEAST_PERIOD 10000u	/* 100 us: what an interrupt costs a guest at most, and some more */
#define MADT_FLAG_8259 1u
#define LAPIC_ENABLED BIT32(0)
#define OVERRIDE_AS_BUS 0u
#define OVERRIDE_LEVEL_HIGH 0xdu

#define MADT_BYTES_MAX (sizeof(struct madt) + (VM_VCPUS + 1) * sizeof(struct madt_lapic) + \
			sizeof(struct madt_ioapic) + 2 * sizeof(struct madt_override))

struct builder {
	u8 *buffer;
	u32 used, capacity;
	u64 gpa;
	bool is_pc;
};

static u8 checksum(const void *bytes, u32 count)
{
	const u8 *b = bytes;
	u8 sum = 0;

	for (u32 i = 0; i < count; i++)
		sum = (u8)(sum + b[i]);
	return (u8)-sum;
}

/* Append; returns where the guest sees it, 0 if there was no room (and from then on always). */
static u64 append(struct builder *b, const void *bytes, u32 count)
{
	u32 start = (b->used + TABLE_ALIGN - 1) & ~(TABLE_ALIGN - 1);

	if (!b->capacity || !range_ok(start, count, b->capacity)) {
		b->capacity = 0;
		return 0;
	}
	memset(b->buffer + b->used, 0, start - b->used);
	memcpy(b->buffer + start, bytes, count);
	b->used = start + count;
	return b->gpa + start;
}

static struct header make_header(const struct builder *b, const char *signature, u8 revision, u32 length)
{
	struct header h = { .length = length, .revision = revision, .oem = "VOS", .oem_revision = 1, .creator = "VOS",
			    .creator_revision = 1 };

	memcpy(h.signature, signature, sizeof(h.signature));
	memcpy(h.oem_table, b->is_pc ? "VOSPC   " : "VOSMODRN", sizeof(h.oem_table));
	return h;
}

static struct address port(u32 offset, u8 bytes)
{
	return (struct address){ .space = 1, .bits = (u8)(bytes * 8), .access = (u8)(bytes == 4 ? 3 : bytes),
				 .address = ACPI_PORT + offset };
}

static u64 add_dsdt(struct builder *b)
{
	const u8 *start = b->is_pc ? dsdt_pc : dsdt_modern, *end = b->is_pc ? dsdt_pc_end : dsdt_modern_end;

	return append(b, start, (u32)(end - start));
}

static u64 add_facs(struct builder *b)
{
	struct facs f = { .signature = "FACS", .length = sizeof(f), .version = 2 };

	return append(b, &f, sizeof(f));
}

static void fill_modern(struct fadt *f)
{
	f->boot_arch = BOOT_NO_VGA | BOOT_NO_CMOS_RTC;
	f->flags |= FADT_HW_REDUCED | FADT_NO_FIXED_POWER_BUTTON;
	f->reset = port(ACPI_RESET, 1);
	f->sleep_control = port(ACPI_SLEEP_CONTROL, 1);
	f->sleep_status = port(ACPI_SLEEP_STATUS, 1);
}

static void fill_pc(struct fadt *f, u64 facs)
{
	f->facs = (u32)facs;
	f->sci = ACPI_GSI;
	f->pm1a_event = ACPI_PORT + ACPI_PM1_EVENT;
	f->pm1a_control = ACPI_PORT + ACPI_PM1_CONTROL;
	f->pm_timer = ACPI_PORT + ACPI_PM_TIMER;
	f->pm1_event_len = 4;
	f->pm1_control_len = 2;
	f->pm_timer_len = 4;
	f->century = 0x32;
	f->boot_arch = BOOT_LEGACY_DEVICES | BOOT_NO_VGA;
	f->flags |= FADT_TIMER_32;
	f->reset = port(ACPI_PC_RESET, 1);
	f->x_pm1a_event = port(ACPI_PM1_EVENT, 4);
	f->x_pm1a_event.access = 2;	/* two word registers */
	f->x_pm1a_control = port(ACPI_PM1_CONTROL, 2);
	f->x_pm_timer = port(ACPI_PM_TIMER, 4);
}

static u64 add_fadt(struct builder *b, u64 dsdt, u64 facs)
{
	struct fadt f = { .header = make_header(b, "FACP", 6, sizeof(f)), .minor = 2, .reset_value = ACPI_RESET_VALUE };

	f.dsdt = (u32)dsdt;
	f.x_dsdt = dsdt;
	f.c2_latency = 0xfff;	/* no C2, no C3 */
	f.c3_latency = 0xfff;
	f.flags = FADT_WBINVD | FADT_C1 | FADT_NO_FIXED_SLEEP_BUTTON | FADT_RESET | FADT_LOW_POWER_S0;
	memcpy(&f.hypervisor, "VOS", 3);
	if (b->is_pc)
		fill_pc(&f, facs);
	else
		fill_modern(&f);
	f.header.checksum = checksum(&f, sizeof(f));
	return append(b, &f, sizeof(f));
}

/* One entry of the MADT, at `used`; returns what is used then. */
static u32 madt_put(u8 *madt, u32 used, const void *entry, u32 count)
{
	memcpy(madt + used, entry, count);
	return used + count;
}

static u64 add_madt(struct builder *b, u32 cpus)
{
	static const struct madt_override overrides[] = {
		{ MADT_OVERRIDE, sizeof(struct madt_override), 0, PIT_IRQ, PIT_GSI, OVERRIDE_AS_BUS },
		{ MADT_OVERRIDE, sizeof(struct madt_override), 0, ACPI_GSI, ACPI_GSI, OVERRIDE_LEVEL_HIGH },
	};
	struct madt_ioapic ioapic = { MADT_IOAPIC, sizeof(ioapic), 0, 0, (u32)IOAPIC_ADDRESS, 0 };
	struct madt madt = { .lapic_address = (u32)LAPIC_ADDRESS, .flags = b->is_pc ? MADT_FLAG_8259 : 0 };
	u8 bytes[MADT_BYTES_MAX];
	u32 used = sizeof(madt);

	/*
	 * One more than there are, which never comes (ACPI 6.2, 5.2.12.2): with two CPUs possible, Linux makes two
	 * queues of a disk and takes no I/O scheduler. Before ACPI 6.3 such an entry counts as possible; from then on
	 * only with a flag that makes memtest86+ start the CPU and wait for ever.
	 */
	for (u32 i = 0; i <= cpus; i++) {
		struct madt_lapic lapic = { MADT_LAPIC, sizeof(lapic), (u8)i, (u8)i,
					    i < cpus ? LAPIC_ENABLED : 0 };

		used = madt_put(bytes, used, &lapic, sizeof(lapic));
	}
	used = madt_put(bytes, used, &ioapic, sizeof(ioapic));
	if (b->is_pc)
		used = madt_put(bytes, used, overrides, sizeof(overrides));
	madt.header = make_header(b, "APIC", 4, used);
	memcpy(bytes, &madt, sizeof(madt));
	madt.header.checksum = checksum(bytes, used);
	memcpy(bytes, &madt, sizeof(madt));
	return append(b, bytes, used);
}

static u64 add_hpet(struct builder *b)
{
	struct hpet_table h = { .header = make_header(b, "HPET", 1, sizeof(h)), .block = HPET_ID,
				.address = { .bits = 64, .address = HPET_ADDRESS }, .least_period = HPET_LEAST_PERIOD };

	h.header.checksum = checksum(&h, sizeof(h));
	return append(b, &h, sizeof(h));
}

static u64 add_mcfg(struct builder *b)
{
	struct mcfg m = { .header = make_header(b, "MCFG", 1, sizeof(m)), .address = PCI_ECAM_ADDRESS };

	m.header.checksum = checksum(&m, sizeof(m));
	return append(b, &m, sizeof(m));
}

static u64 add_xsdt(struct builder *b, u64 fadt, u64 madt, u64 hpet, u64 mcfg)
{
	struct xsdt x = { .header = make_header(b, "XSDT", 1, sizeof(x)), .entry = { fadt, madt, hpet, mcfg } };

	x.header.checksum = checksum(&x, sizeof(x));
	return append(b, &x, sizeof(x));
}

static void fill_rsdp(struct rsdp *r, u64 xsdt)
{
	*r = (struct rsdp){ .oem = "VOS", .revision = 2, .length = sizeof(*r), .xsdt = xsdt };
	memcpy(r->signature, "RSD PTR ", sizeof(r->signature));
	r->checksum = checksum(r, 20);
	r->extended_checksum = checksum(r, sizeof(*r));
}

u32 acpi_build(const struct acpi_config *config, u8 *buffer, u32 capacity, gpa_t gpa)
{
	struct builder b = { .buffer = buffer, .capacity = capacity, .gpa = gpa.raw,
			     .is_pc = config->platform == PLATFORM_PC };
	struct rsdp rsdp = { .length = 0 };
	u64 dsdt, facs, fadt, madt, hpet, mcfg, xsdt;

	if (config->cpus == 0 || config->cpus > VM_VCPUS)
		return 0;
	if (!aligned_ok(gpa.raw, TABLE_ALIGN) || !range_ok(gpa.raw, capacity, 4 * GIB))
		return 0;
	append(&b, &rsdp, sizeof(rsdp));	/* its place; it is filled in when the XSDT's address is known */
	dsdt = add_dsdt(&b);
	facs = b.is_pc ? add_facs(&b) : 0;
	fadt = add_fadt(&b, dsdt, facs);
	madt = add_madt(&b, config->cpus);
	hpet = add_hpet(&b);
	mcfg = add_mcfg(&b);
	xsdt = add_xsdt(&b, fadt, madt, hpet, mcfg);
	if (!xsdt)
		return 0;
	fill_rsdp(&rsdp, xsdt);
	memcpy(buffer, &rsdp, sizeof(rsdp));
	return b.used;
}

static void note_pointer(struct acpi_pointers *p, u64 at, u32 bytes)
{
	p->pointer[p->count].at = (u32)at;
	p->pointer[p->count++].bytes = bytes;
}

static void note_table(struct acpi_pointers *p, u64 at, u32 bytes)
{
	p->table[p->table_count].at = (u32)at;
	p->table[p->table_count++].bytes = bytes;
}

void acpi_find_pointers(const u8 *tables, struct acpi_pointers *out)
{
	struct rsdp rsdp;
	struct xsdt xsdt;
	struct fadt fadt;

	*out = (struct acpi_pointers){ .count = 0 };
	memcpy(&rsdp, tables, sizeof(rsdp));
	memcpy(&xsdt, tables + rsdp.xsdt, sizeof(xsdt));
	memcpy(&fadt, tables + xsdt.entry[0], sizeof(fadt));
	note_table(out, rsdp.xsdt, sizeof(xsdt));
	note_table(out, xsdt.entry[0], sizeof(fadt));
	for (u32 i = 0; i < ARRAY_COUNT(xsdt.entry); i++)
		note_pointer(out, rsdp.xsdt + offsetof(struct xsdt, entry) + i * sizeof(xsdt.entry[0]), 8);
	if (fadt.facs)
		note_pointer(out, xsdt.entry[0] + offsetof(struct fadt, facs), 4);
	note_pointer(out, xsdt.entry[0] + offsetof(struct fadt, dsdt), 4);
	note_pointer(out, xsdt.entry[0] + offsetof(struct fadt, x_dsdt), 8);
}
