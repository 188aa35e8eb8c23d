/* SPDX-License-Identifier: MIT */
/*
 * acpi_scan.c - walks RSDP, RSDT or XSDT, MADT, FADT, DSDT, SSDT, HPET (ACPI specification 6.4, chapter 5.2), and
 * hands DMAR and IVRS to acpi_iommu.c. Pure.
 */
#include "acpi_scan.h"

#include <string.h>

#include "acpi_bytes.h"
#include "range.h"

#define HEADER_BYTES 36u
#define TABLE_MAX_BYTES (4u * 1024u * 1024u)
#define TABLES_MAX 256u
#define CHUNK 256u		/* of a table on the stack at a time */

#define RSDP_V1_BYTES 20u

/* Places in tables. */
enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_XSDT = 24 };
enum { TABLE_LENGTH = 4 };
enum { MADT_LAPIC = 36, MADT_ENTRIES = 44 };
enum { FADT_DSDT = 40, FADT_SMI_CMD = 48, FADT_ACPI_ENABLE = 52, FADT_PM1A = 64, FADT_PM1B = 68, FADT_PM_TIMER = 76,
       FADT_PM_TIMER_BYTES = 91, FADT_CENTURY = 108, FADT_FLAGS = 112, FADT_RESET = 116, FADT_RESET_VALUE = 128,
       FADT_X_DSDT = 140, FADT_X_PM1A = 172, FADT_X_PM1B = 184, FADT_X_PM_TIMER = 208, FADT_SLEEP_CONTROL = 244,
       FADT_READ_BYTES = 268 };
enum { HPET_SPACE = 40, HPET_ADDRESS = 44, HPET_READ_BYTES = 52 };

#define FADT_FLAG_TIMER_32 BIT32(8)
#define FADT_FLAG_RESET BIT32(10)
#define FADT_FLAG_HARDWARE_REDUCED BIT32(20)

/* MADT entries. */
enum { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_ADDRESS = 5, MADT_X2APIC = 9 };
#define MADT_ENTRY_READ 16u
#define MADT_CPU_ENABLED BIT32(0)

struct table {
	u64 at;
	u32 bytes;
	char signature[4];
};

static u8 sum(const u8 *p, u32 bytes)
{
	u8 s = 0;
	u32 i;

	for (i = 0; i < bytes; i++)
		s = (u8)(s + p[i]);
	return s;
}

static bool source_read(const struct acpi_source *source, u64 at, void *to, u32 bytes)
{
	return at + bytes > at && source->read(source->ctx, at, to, bytes);
}

/* ---- RSDP --------------------------------------------------------------------------------------- */

static bool rsdp_ok(const u8 *rsdp, u32 bytes)
{
	return bytes >= RSDP_V1_BYTES && memcmp(rsdp, "RSD PTR ", 8) == 0 && sum(rsdp, RSDP_V1_BYTES) == 0;
}

static bool find_in(const struct acpi_source *source, u64 start, u32 bytes, u8 *rsdp)
{
	u32 at;

	for (at = 0; at < bytes; at += 16) {
		if (!source_read(source, start + at, rsdp, 8) || memcmp(rsdp, "RSD PTR ", 8) != 0)
			continue;
		if (source_read(source, start + at, rsdp, ACPI_RSDP_BYTES) && rsdp_ok(rsdp, ACPI_RSDP_BYTES))
			return true;
	}
	return false;
}

enum status acpi_find_rsdp(const struct acpi_source *source, u8 *rsdp)
{
	u8 ebda[2];

	if (source_read(source, 0x40e, ebda, sizeof(ebda)) && get16(ebda) >= 0x400 &&
	    find_in(source, (u64)get16(ebda) << 4, 1024, rsdp))
		return ST_OK;
	return find_in(source, 0xe0000, 0x20000, rsdp) ? ST_OK : ST_INVAL;
}

/* ---- Tables in general -------------------------------------------------------------------------- */

/* Header and checksum are good. */
static bool table_open(const struct acpi_source *source, u64 at, struct table *out)
{
	u8 chunk[CHUNK];
	u8 total = 0;
	u32 done, piece;

	if (at == 0 || !source_read(source, at, chunk, HEADER_BYTES))
		return false;
	memcpy(out->signature, chunk, sizeof(out->signature));
	out->at = at;
	out->bytes = get32(chunk + TABLE_LENGTH);
	if (out->bytes < HEADER_BYTES || out->bytes > TABLE_MAX_BYTES)
		return false;
	for (done = 0; done < out->bytes; done += piece) {
		piece = (u32)min_u64(out->bytes - done, CHUNK);
		if (!source_read(source, at + done, chunk, piece))
			return false;
		total = (u8)(total + sum(chunk, piece));
	}
	return total == 0;
}

static bool is_table(const struct table *t, const char *signature)
{
	return memcmp(t->signature, signature, sizeof(t->signature)) == 0;
}

/* The table's first bytes; what it doesn't have is zero. */
static bool table_read(const struct acpi_source *source, const struct table *t, u8 *to, u32 bytes)
{
	memset(to, 0, bytes);
	return source_read(source, t->at, to, (u32)min_u64(t->bytes, bytes));
}

/* ---- MADT --------------------------------------------------------------------------------------- */

static void add_ioapic(struct acpi_info *out, u64 address, u32 gsi_base, u8 id)
{
	if (out->ioapic_count < ACPI_IOAPICS && address != 0)
		out->ioapics[out->ioapic_count++] = (struct acpi_ioapic){
			.address = address, .gsi_base = gsi_base, .id = id,
		};
}

static void add_override(struct acpi_info *out, u8 isa, u32 gsi, u16 flags)
{
	if (out->override_count < ACPI_OVERRIDES && isa < 16)
		out->overrides[out->override_count++] = (struct acpi_override){
			.gsi = gsi, .flags = flags, .isa = isa,
		};
}

/* Some firmware lists a processor twice, as LAPIC and as x2APIC. */
static void add_cpu(struct acpi_info *out, u32 apic_id, u32 flags)
{
	u32 i;

	if (!(flags & MADT_CPU_ENABLED))
		return;
	for (i = 0; i < out->cpu_count && i < ACPI_CPUS; i++)
		if (out->apic_ids[i] == apic_id)
			return;
	if (out->cpu_count < ACPI_CPUS)
		out->apic_ids[out->cpu_count] = apic_id;
	out->cpu_count++;
}

/* e: MADT_ENTRY_READ bytes, zero behind the entry's end; bytes: its length. */
static void madt_entry(struct acpi_info *out, const u8 *e, u32 bytes)
{
	switch (e[0]) {
	case MADT_CPU:
		if (bytes >= 8 && e[3] != 0xff)
			add_cpu(out, e[3], get32(e + 4));
		break;
	case MADT_X2APIC:
		if (bytes >= 16)
			add_cpu(out, get32(e + 4), get32(e + 8));
		break;
	case MADT_IOAPIC:
		if (bytes >= 12)
			add_ioapic(out, get32(e + 4), get32(e + 8), e[2]);
		break;
	case MADT_OVERRIDE:
		if (bytes >= 10 && e[2] == 0)
			add_override(out, e[3], get32(e + 4), get16(e + 8));
		break;
	case MADT_LAPIC_ADDRESS:
		if (bytes >= 12)
			out->lapic_address = get64(e + 4);
		break;
	default:
		break;
	}
}

static void scan_madt(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	u8 e[MADT_ENTRY_READ];
	u32 at, bytes;

	if (t->bytes < MADT_ENTRIES || !source_read(source, t->at + MADT_LAPIC, e, 4))
		return;
	out->lapic_address = get32(e);
	for (at = MADT_ENTRIES; range_ok(at, 2, t->bytes); at += bytes) {
		memset(e, 0, sizeof(e));
		if (!source_read(source, t->at + at, e, 2))
			return;
		bytes = e[1];
		if (bytes < 2 || !range_ok(at, bytes, t->bytes))
			return;
		if (!source_read(source, t->at + at, e, (u32)min_u64(bytes, sizeof(e))))
			return;
		madt_entry(out, e, bytes);
	}
}

/* ---- S5 ----------------------------------------------------------------------------------------- */

/* An integer of AML (20.2.3) that fits a sleep type. Bytes used, 0 = something else. */
static u32 aml_small(const u8 *p, u32 room, u8 *out)
{
	if (room >= 1 && p[0] <= 1) {		/* ZeroOp, OneOp */
		*out = p[0];
		return 1;
	}
	if (room >= 2 && p[0] == 0x0a && p[1] <= 7) {	/* BytePrefix */
		*out = p[1];
		return 2;
	}
	return 0;
}

/* p begins at "_S5_" with `room` bytes: Name(_S5_, Package { a, b, ... }). */
static bool s5_package(const u8 *p, u32 room, struct acpi_info *out)
{
	u32 at = 4, used;
	u8 a, b;

	if (room < 8 || p[at] != 0x12)
		return false;
	at += 2u + (p[at + 1] >> 6);		/* PackageOp, PkgLength of 1 to 4 bytes */
	at += 1;				/* NumElements */
	if (at >= room)
		return false;
	used = aml_small(p + at, room - at, &a);
	if (used == 0)
		return false;
	at += used;
	if (aml_small(p + at, room - at, &b) == 0)
		b = a;
	out->has_s5 = true;
	out->s5_a = a;
	out->s5_b = b;
	return true;
}

#define S5_BEFORE 2u		/* NameOp, perhaps a root prefix */
#define S5_SPAN 20u		/* the whole pattern, at most */

static bool s5_at(const u8 *p, u32 room, struct acpi_info *out)
{
	if (room < S5_BEFORE + 8 || memcmp(p + S5_BEFORE, "_S5_", 4) != 0)
		return false;
	if (p[1] != 0x08 && !(p[0] == 0x08 && p[1] == '\\'))
		return false;
	return s5_package(p + S5_BEFORE, room - S5_BEFORE, out);
}

/* In overlapping pieces, so that none cuts the pattern. */
static void scan_aml(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_info *out)
{
	u8 piece[CHUNK + S5_SPAN];
	u32 done, i, room;

	for (done = 0; done < bytes && !out->has_s5; done += CHUNK) {
		room = (u32)min_u64(bytes - done, sizeof(piece));
		if (!source_read(source, at + done, piece, room))
			return;
		for (i = 0; i < room && i < CHUNK && !out->has_s5; i++)
			s5_at(piece + i, room - i, out);
	}
}

static void scan_aml_table(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	if (!out->has_s5 && t->bytes > HEADER_BYTES)
		scan_aml(source, t->at + HEADER_BYTES, t->bytes - HEADER_BYTES, out);
}

/* ---- FADT --------------------------------------------------------------------------------------- */

/* A generic address structure (5.2.3.2). */
static struct acpi_register gas(const u8 *p)
{
	return (struct acpi_register){ .space = p[0], .address = get64(p + 4) };
}

/* An I/O port that has an old 32-bit field and a newer structure; the newer one wins if it is a port. */
static u16 port_of(const u8 *fadt, u32 old, u32 extended)
{
	struct acpi_register r = gas(fadt + extended);
	u32 port = get32(fadt + old);

	if (r.address != 0 && r.space == ACPI_SPACE_IO && r.address <= 0xffff)
		return (u16)r.address;
	return port <= 0xffff ? (u16)port : 0;
}

static void scan_fadt(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	u8 f[FADT_READ_BYTES];
	struct table dsdt;
	u32 flags;

	if (t->bytes < FADT_RESET || !table_read(source, t, f, sizeof(f)))
		return;
	flags = get32(f + FADT_FLAGS);
	out->has_fadt = true;
	out->is_hardware_reduced = (flags & FADT_FLAG_HARDWARE_REDUCED) != 0;
	out->is_pm_timer_32 = (flags & FADT_FLAG_TIMER_32) != 0;
	out->century = f[FADT_CENTURY];
	out->acpi_enable = f[FADT_ACPI_ENABLE];
	out->smi_port = get32(f + FADT_SMI_CMD) <= 0xffff ? get16(f + FADT_SMI_CMD) : 0;
	out->pm1a_control = port_of(f, FADT_PM1A, FADT_X_PM1A);
	out->pm1b_control = port_of(f, FADT_PM1B, FADT_X_PM1B);
	out->pm_timer = f[FADT_PM_TIMER_BYTES] == 4 ? port_of(f, FADT_PM_TIMER, FADT_X_PM_TIMER) : 0;
	out->sleep_control = gas(f + FADT_SLEEP_CONTROL);
	out->reset_value = f[FADT_RESET_VALUE];
	if (flags & FADT_FLAG_RESET)
		out->reset = gas(f + FADT_RESET);
	if ((table_open(source, get64(f + FADT_X_DSDT), &dsdt) || table_open(source, get32(f + FADT_DSDT), &dsdt)) &&
	    is_table(&dsdt, "DSDT"))
		scan_aml_table(source, &dsdt, out);
}

static void scan_hpet(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	u8 h[HPET_READ_BYTES];

	if (t->bytes >= HPET_READ_BYTES && table_read(source, t, h, sizeof(h)) && h[HPET_SPACE] == ACPI_SPACE_MEMORY)
		out->hpet_address = get64(h + HPET_ADDRESS);
}

static void scan_dmar(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	acpi_scan_dmar(source, t->at, t->bytes, &out->iommu);
}

static void scan_ivrs(const struct acpi_source *source, const struct table *t, struct acpi_info *out)
{
	acpi_scan_ivrs(source, t->at, t->bytes, &out->iommu);
}

/* ---- The walk ----------------------------------------------------------------------------------- */

static const struct {
	char signature[5];
	void (*scan)(const struct acpi_source *source, const struct table *t, struct acpi_info *out);
} scanners[] = {
	{ "APIC", scan_madt },
	{ "FACP", scan_fadt },
	{ "SSDT", scan_aml_table },
	{ "HPET", scan_hpet },
	{ "DMAR", scan_dmar },
	{ "IVRS", scan_ivrs },
};

static void scan_table(const struct acpi_source *source, u64 at, struct acpi_info *out)
{
	struct table t;
	u32 i;

	if (!table_open(source, at, &t))
		return;
	for (i = 0; i < ARRAY_COUNT(scanners); i++)
		if (is_table(&t, scanners[i].signature))
			scanners[i].scan(source, &t, out);
}

/* entry_bytes: 4 in the RSDT, 8 in the XSDT. */
static bool scan_root(const struct acpi_source *source, u64 at, const char *signature, u32 entry_bytes,
		      struct acpi_info *out)
{
	struct table root;
	u8 entry[8] = { 0 };
	u32 i, count;

	if (!table_open(source, at, &root) || !is_table(&root, signature))
		return false;
	count = (u32)min_u64((root.bytes - HEADER_BYTES) / entry_bytes, TABLES_MAX);
	for (i = 0; i < count; i++)
		if (source_read(source, root.at + HEADER_BYTES + i * entry_bytes, entry, entry_bytes))
			scan_table(source, get64(entry), out);
	return true;
}

enum status acpi_scan(const struct acpi_source *source, const u8 *rsdp, u32 rsdp_bytes, struct acpi_info *out)
{
	memset(out, 0, sizeof(*out));
	if (!rsdp_ok(rsdp, rsdp_bytes))
		return ST_INVAL;
	if (rsdp_bytes >= ACPI_RSDP_BYTES && rsdp[RSDP_REVISION] >= 2 && sum(rsdp, ACPI_RSDP_BYTES) == 0 &&
	    scan_root(source, get64(rsdp + RSDP_XSDT), "XSDT", 8, out))
		return ST_OK;
	return scan_root(source, get32(rsdp + RSDP_RSDT), "RSDT", 4, out) ? ST_OK : ST_INVAL;
}
