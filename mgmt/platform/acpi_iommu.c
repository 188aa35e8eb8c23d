/* SPDX-License-Identifier: MIT */
/*
 * acpi_iommu.c - see acpi_iommu.h.
 */
#include "acpi_iommu.h"

#include <string.h>

#include "acpi_bytes.h"
#include "acpi_scan.h"
#include "range.h"

#define HEAD_BYTES 40u			/* of a structure or block; what is shorter has zeros there */
#define STRUCTURES 48u			/* where they begin, in both tables */
#define DMAR_FLAGS 37u			/* of the table */
#define DMAR_FLAG_INTERRUPTS BIT32(0)
#define ADDRESS_LIMIT (1ull << 52)
#define REQUESTER_LAST 0xffffu

/* DMAR structures (8.2 to 8.4) and device scopes (8.3.1). */
enum { DMAR_DRHD = 0, DMAR_RMRR = 1 };
enum { DRHD_FLAGS = 4, DRHD_SEGMENT = 6, DRHD_BASE = 8, DRHD_BYTES = 16 };
enum { RMRR_SEGMENT = 6, RMRR_BASE = 8, RMRR_LIMIT = 16, RMRR_SCOPES = 24, SCOPE_ID = 4, SCOPE_BUS = 5, SCOPE_PATH = 6,
       SCOPE_BYTES = 8 };
enum { SCOPE_DEVICE = 1, SCOPE_BRIDGE = 2, SCOPE_IOAPIC = 3 };
#define DRHD_ALL BIT32(0)

/* IVRS blocks (5.2.2). */
enum { IVHD_10 = 0x10, IVHD_11 = 0x11, IVHD_40 = 0x40, IVMD_ALL = 0x20, IVMD_ONE = 0x21, IVMD_RANGE = 0x22 };
enum { IVHD_BASE = 8, IVHD_SEGMENT = 16, IVHD_10_BYTES = 24, IVHD_BYTES = 40 };
enum { IVMD_FIRST = 4, IVMD_LAST = 6, IVMD_START = 16, IVMD_LENGTH = 24, IVMD_BYTES = 32 };
/* Device entries of an IVHD. */
enum { ENTRY_ALL = 1, ENTRY_ONE = 2, ENTRY_START = 3, ENTRY_END = 4, ENTRY_ALIAS = 0x42, ENTRY_ALIAS_START = 0x43,
       ENTRY_EXTENDED = 0x46, ENTRY_EXTENDED_START = 0x47, ENTRY_SPECIAL = 0x48, ENTRY_ACPI = 0xf0 };
#define SPECIAL_IOAPIC 1u
#define ENTRY_READ 8u			/* of an entry */
#define ENTRY_ACPI_BYTES 22u		/* and its unique id, whose length is in the last of them */

/* Up to `bytes` of what begins at `at` and has `room` bytes; zeros behind them. */
static bool read_head(const struct acpi_source *source, u64 at, u32 room, u8 *to, u32 bytes)
{
	memset(to, 0, bytes);
	return source->read(source->ctx, at, to, (u32)min_u64(room, bytes));
}

/* The first bytes of the structure at `done`, and its length; 0: it makes no sense. */
static u32 read_structure(const struct acpi_source *source, u64 at, u32 done, u32 bytes, u8 head[HEAD_BYTES])
{
	u32 length;

	if (!read_head(source, at + done, 4, head, 4))
		return 0;
	length = get16(head + 2);
	return length >= 4 && range_ok(done, length, bytes) &&
	       read_head(source, at + done, length, head, HEAD_BYTES) ? length : 0;
}

/* A unit may be in the table several times, in blocks of older and newer types. */
static void add_unit(struct acpi_iommu *out, u64 address)
{
	for (u32 i = 0; i < out->unit_count; i++)
		if (out->units[i] == address)
			return;
	if (address == 0 || !aligned_ok(address, PAGE_SIZE) || !range_ok(address, PAGE_SIZE, ADDRESS_LIMIT) ||
	    out->unit_count == ACPI_IOMMU_UNITS)
		out->is_cut = true;
	else
		out->units[out->unit_count++] = address;
}

/* The same range comes with each type of block. */
static void add_range(struct acpi_iommu *out, const struct acpi_iommu_range *range)
{
	for (u32 i = 0; i < out->range_count; i++)
		if (memcmp(&out->ranges[i], range, sizeof(*range)) == 0)
			return;
	if (out->range_count < ACPI_IOMMU_RANGES && range->first <= range->last)
		out->ranges[out->range_count++] = *range;
	else
		out->is_cut = true;
}

static void add_region(struct acpi_iommu *out, u64 start, u64 end, u16 first, u16 last)
{
	if (start < end && end <= ADDRESS_LIMIT && out->region_count < ACPI_IOMMU_REGIONS)
		out->regions[out->region_count++] = (struct acpi_iommu_region){
			.start = start, .end = end, .first = first, .last = last,
		};
}

static void add_ioapic(struct acpi_iommu *out, u8 id, u16 bdf)
{
	for (u32 i = 0; i < out->ioapic_count; i++)
		if (out->ioapics[i].bdf == bdf && out->ioapics[i].id == id)
			return;
	if (out->ioapic_count < ACPI_IOMMU_IOAPICS)
		out->ioapics[out->ioapic_count++] = (struct acpi_iommu_ioapic){ .bdf = bdf, .id = id };
	else
		out->is_cut = true;
}

/* ---- DMAR ---- */

/* The first step of its path. */
static u16 scope_bdf(const u8 *scope)
{
	return (u16)(scope[SCOPE_BUS] << 8 | (scope[SCOPE_PATH] & 31) << 3 | (scope[SCOPE_PATH + 1] & 7));
}

/* A path of more than one step leads through bridges: it is not followed. */
static void scan_scopes(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out)
{
	u8 s[SCOPE_BYTES];

	for (u32 done = 0; range_ok(done, SCOPE_BYTES, bytes); done += s[1]) {
		u16 bdf;

		if (!read_head(source, at + done, bytes - done, s, sizeof(s)) || s[1] < SCOPE_BYTES) {
			out->is_cut = true;
			return;
		}
		bdf = scope_bdf(s);
		if (s[1] == SCOPE_BYTES && (s[0] == SCOPE_DEVICE || s[0] == SCOPE_BRIDGE))
			add_range(out, &(struct acpi_iommu_range){
				.first = bdf, .last = bdf, .is_bridge = s[0] == SCOPE_BRIDGE,
			});
		if (s[1] == SCOPE_BYTES && s[0] == SCOPE_IOAPIC)
			add_ioapic(out, s[SCOPE_ID], bdf);
	}
}

static void scan_drhd(const struct acpi_source *source, u64 at, const u8 *head, u32 bytes, struct acpi_iommu *out)
{
	if (bytes < DRHD_BYTES) {
		out->is_cut = true;
		return;
	}
	if (get16(head + DRHD_SEGMENT) != 0) {
		out->has_other_segment = true;
		return;
	}
	add_unit(out, get64(head + DRHD_BASE));
	out->covers_all |= (head[DRHD_FLAGS] & DRHD_ALL) != 0;
	scan_scopes(source, at + DRHD_BYTES, bytes - DRHD_BYTES, out);
}

/* The path of a device behind bridges is not followed: its bridge stands for it in the log. */
static void scan_rmrr(const u8 *head, u32 bytes, struct acpi_iommu *out)
{
	u16 bdf = 0;

	if (bytes < RMRR_SCOPES || get16(head + RMRR_SEGMENT) != 0 || get64(head + RMRR_LIMIT) >= ADDRESS_LIMIT)
		return;
	if (bytes >= RMRR_SCOPES + SCOPE_BYTES)
		bdf = scope_bdf(head + RMRR_SCOPES);
	add_region(out, get64(head + RMRR_BASE), get64(head + RMRR_LIMIT) + 1, bdf, bdf);
}

void acpi_scan_dmar(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out)
{
	u8 head[HEAD_BYTES];
	u32 length;

	if (out->kind != ACPI_IOMMU_NONE)
		return;
	out->kind = ACPI_IOMMU_VTD;
	out->remaps_interrupts = read_head(source, at, bytes, head, HEAD_BYTES) &&
				 (head[DMAR_FLAGS] & DMAR_FLAG_INTERRUPTS) != 0;
	for (u32 done = STRUCTURES; range_ok(done, 4, bytes); done += length) {
		length = read_structure(source, at, done, bytes, head);
		if (length == 0) {
			out->is_cut = true;
			return;
		}
		if (get16(head) == DMAR_DRHD)
			scan_drhd(source, at + done, head, length, out);
		else if (get16(head) == DMAR_RMRR)
			scan_rmrr(head, length, out);
	}
}

/* ---- IVRS ---- */

/* Bytes of an entry; 0: it cannot be told. */
static u32 entry_bytes(const struct acpi_source *source, u64 at, u32 room, const u8 *e)
{
	u8 whole[ENTRY_ACPI_BYTES];

	if (e[0] < 0x80)
		return e[0] < 0x40 ? 4 : 8;
	if (e[0] < 0xc0)
		return 16;
	if (e[0] != ENTRY_ACPI)
		return 32;
	if (!read_head(source, at, room, whole, sizeof(whole)))
		return 0;
	return ENTRY_ACPI_BYTES + whole[ENTRY_ACPI_BYTES - 1];
}

static void end_range(struct acpi_iommu *out, struct acpi_iommu_range *open, u16 last)
{
	bool is_open = open->is_open;

	open->is_open = false;
	open->last = last;
	if (is_open)
		add_range(out, open);
	else
		out->is_cut = true;
}

/* `open` is the range that a start entry began. */
static void scan_entry(const u8 *e, struct acpi_iommu_range *open, struct acpi_iommu *out)
{
	struct acpi_iommu_range one = { .first = get16(e + 1), .last = get16(e + 1) };

	switch (e[0]) {
	case ENTRY_ALL:
		add_range(out, &(struct acpi_iommu_range){ .first = 0, .last = REQUESTER_LAST });
		break;
	case ENTRY_ALIAS:
		one.alias = get16(e + 5);
		one.has_alias = true;
		add_range(out, &one);
		break;
	case ENTRY_ONE:
	case ENTRY_EXTENDED:
		add_range(out, &one);
		break;
	case ENTRY_ALIAS_START:
	case ENTRY_START:
	case ENTRY_EXTENDED_START:
		out->is_cut |= open->is_open;
		*open = one;
		open->is_open = true;
		open->has_alias = e[0] == ENTRY_ALIAS_START;
		open->alias = open->has_alias ? get16(e + 5) : 0;
		break;
	case ENTRY_END:
		end_range(out, open, one.last);
		break;
	case ENTRY_SPECIAL:
		if (e[7] == SPECIAL_IOAPIC)
			add_ioapic(out, e[4], get16(e + 5));
		break;
	default:
		break;
	}
}

static void scan_entries(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out)
{
	struct acpi_iommu_range open = { 0 };
	u8 e[ENTRY_READ];
	u32 length;

	for (u32 done = 0; range_ok(done, 4, bytes); done += length) {
		if (!read_head(source, at + done, bytes - done, e, sizeof(e)))
			return;
		length = entry_bytes(source, at + done, bytes - done, e);
		if (length == 0 || !range_ok(done, length, bytes)) {
			out->is_cut = true;
			return;
		}
		scan_entry(e, &open, out);
	}
	out->is_cut |= open.is_open;
}

static void scan_ivhd(const struct acpi_source *source, u64 at, const u8 *head, u32 bytes, struct acpi_iommu *out)
{
	u32 first = head[0] == IVHD_10 ? IVHD_10_BYTES : IVHD_BYTES;

	if (bytes < first) {
		out->is_cut = true;
		return;
	}
	if (get16(head + IVHD_SEGMENT) != 0) {
		out->has_other_segment = true;
		return;
	}
	add_unit(out, get64(head + IVHD_BASE));
	scan_entries(source, at + first, bytes - first, out);
}

static void scan_ivmd(const u8 *head, u32 bytes, struct acpi_iommu *out)
{
	u16 first = head[0] == IVMD_ALL ? 0 : get16(head + IVMD_FIRST);
	u16 last = head[0] == IVMD_ALL ? REQUESTER_LAST : head[0] == IVMD_RANGE ? get16(head + IVMD_LAST) : first;
	u64 start = get64(head + IVMD_START), length = get64(head + IVMD_LENGTH);

	if (bytes >= IVMD_BYTES && range_ok(start, length, ADDRESS_LIMIT))
		add_region(out, start, start + length, first, last);
}

void acpi_scan_ivrs(const struct acpi_source *source, u64 at, u32 bytes, struct acpi_iommu *out)
{
	u8 head[HEAD_BYTES];
	u32 length;

	if (out->kind != ACPI_IOMMU_NONE)
		return;
	out->kind = ACPI_IOMMU_AMD;
	out->remaps_interrupts = true;
	for (u32 done = STRUCTURES; range_ok(done, 4, bytes); done += length) {
		length = read_structure(source, at, done, bytes, head);
		if (length == 0) {
			out->is_cut = true;
			return;
		}
		if (head[0] == IVHD_10 || head[0] == IVHD_11 || head[0] == IVHD_40)
			scan_ivhd(source, at + done, head, length, out);
		else if (head[0] >= IVMD_ALL && head[0] <= IVMD_RANGE)
			scan_ivmd(head, length, out);
	}
}

bool acpi_iommu_ioapic(const struct acpi_iommu *iommu, u8 id, u16 *bdf)
{
	for (u32 i = 0; i < iommu->ioapic_count; i++) {
		*bdf = iommu->ioapics[i].bdf;
		if (iommu->ioapics[i].id == id)
			return true;
	}
	return false;
}

/* Of ranges that overlap, one with an alias counts. */
bool acpi_iommu_covers(const struct acpi_iommu *iommu, u32 bdf, bool is_bridge, u16 *alias)
{
	bool is_covered = iommu->kind == ACPI_IOMMU_VTD && iommu->covers_all;

	*alias = (u16)bdf;
	for (u32 i = 0; i < iommu->range_count; i++) {
		const struct acpi_iommu_range *range = &iommu->ranges[i];

		if (bdf < range->first || bdf > range->last || (is_bridge && !range->is_bridge))
			continue;
		is_covered = true;
		if (range->has_alias)
			*alias = range->alias;
	}
	return is_covered;
}
