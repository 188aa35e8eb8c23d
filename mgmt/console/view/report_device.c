/* SPDX-License-Identifier: MIT */
/*
 * report_device.c - list-device, and what is said of DMA elsewhere, for people and for programs. See report.h.
 */
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "report.h"
#include "report_tables.h"

#define ANY 0x100u
#define ADDRESS_BYTES 8u
#define BRIDGE 0x06u

/* What a class code means (PCI Code and ID Assignment 1.x, chapter 1); the first row that fits. */
static const struct {
	u8 base;
	u16 sub, interface;	/* ANY */
	const char *text;
} classes[] = {
	{ 0x01, 0x00, ANY, "SCSI or virtio disk" }, { 0x01, 0x01, ANY, "IDE controller" },
	{ 0x01, 0x04, ANY, "RAID controller" }, { 0x01, 0x06, 0x01, "AHCI controller" },
	{ 0x01, 0x06, ANY, "SATA controller" }, { 0x01, 0x07, ANY, "SAS controller" },
	{ 0x01, 0x08, 0x02, "NVMe controller" }, { 0x01, ANY, ANY, "storage controller" },
	{ 0x02, 0x00, ANY, "Ethernet controller" }, { 0x02, ANY, ANY, "network controller" },
	{ 0x03, 0x00, ANY, "VGA controller" }, { 0x03, ANY, ANY, "display controller" },
	{ 0x04, ANY, ANY, "multimedia device" }, { 0x05, ANY, ANY, "memory controller" },
	{ 0x06, 0x00, ANY, "host bridge" }, { 0x06, 0x01, ANY, "ISA bridge" }, { 0x06, 0x04, ANY, "PCI bridge" },
	{ 0x06, ANY, ANY, "bridge" }, { 0x07, 0x00, ANY, "serial port" }, { 0x07, ANY, ANY, "communication device" },
	{ 0x08, 0x06, ANY, "IOMMU" }, { 0x08, ANY, ANY, "system device" }, { 0x09, ANY, ANY, "input device" },
	{ 0x0b, ANY, ANY, "processor" }, { 0x0c, 0x03, ANY, "USB controller" }, { 0x0c, 0x05, ANY, "SMBus" },
	{ 0x0c, ANY, ANY, "serial bus" }, { 0x0d, ANY, ANY, "wireless device" },
	{ 0x10, ANY, ANY, "encryption device" }, { 0x12, ANY, ANY, "accelerator" },
};

static bool fits(u16 wanted, u32 value)
{
	return wanted == ANY || wanted == (value & 0xff);
}

static const char *class_text(u32 code)
{
	for (u32 i = 0; i < ARRAY_COUNT(classes); i++)
		if (classes[i].base == code >> 16 && fits(classes[i].sub, code >> 8) &&
		    fits(classes[i].interface, code))
			return classes[i].text;
	return "device";
}

static bool is_bridge(const struct device_report *d)
{
	return d->class_code >> 16 == BRIDGE;
}

static const char *owner_text(const struct device_report *d)
{
	if (d->state == DEVICE_LEFT_ALONE)
		return "firmware";
	return d->driver[0] || is_bridge(d) ? "vos" : "-";
}

/* What it can reach in memory by itself. */
static const char *dma_of(const struct device_report *d)
{
	if (d->state == DEVICE_GIVEN_UP)
		return "off";
	if (d->driver[0])
		return d->is_contained ? "contained" : "not contained";
	if (is_bridge(d))
		return "-";
	if (d->is_contained)
		return "blocked";
	return d->state == DEVICE_LEFT_ALONE ? "unknown" : "off";
}

static const char *irq_text(char text[16], const struct device_report *d)
{
	static const char *const kinds[] = {
		[DRIVER_IRQ_NONE] = "polled", [DRIVER_IRQ_LINES] = "line", [DRIVER_IRQ_MESSAGES] = "message",
	};

	if (!d->driver[0] || d->interrupts >= ARRAY_COUNT(kinds))
		return "-";
	if (d->irq_count < 2)
		return kinds[d->interrupts];
	snprintf(text, 16, "%u %ss", d->irq_count, kinds[d->interrupts]);
	return text;
}

/* The same in a table. */
static const char *irq_short(char text[16], const struct device_report *d)
{
	static const char *const kinds[] = {
		[DRIVER_IRQ_NONE] = "polled", [DRIVER_IRQ_LINES] = "line", [DRIVER_IRQ_MESSAGES] = "msi",
	};

	if (!d->driver[0] || d->interrupts >= ARRAY_COUNT(kinds))
		return "-";
	if (d->irq_count < 2)
		return kinds[d->interrupts];
	snprintf(text, 16, "%u %s", d->irq_count, kinds[d->interrupts]);
	return text;
}

static const char *state_of(const struct device_report *d)
{
	static const char *const states[DEVICE_STATE_COUNT] = { "unused", "driven", "restarting", "left-alone",
								  "given-up" };

	return d->state < DEVICE_STATE_COUNT ? states[d->state] : "unused";
}

static void address(char text[ADDRESS_BYTES], const struct device_report *d)
{
	snprintf(text, ADDRESS_BYTES, "%02x:%02x.%x", d->bdf >> 8 & 0xff, d->bdf >> 3 & 31, d->bdf & 7);
}

/* Who has a device is its driver, or what stands in its place. */
static void device_line(const struct out *out, const struct device_report *d)
{
	struct table_line line = line_begin(out);
	char text[32], at[ADDRESS_BYTES];

	address(at, d);
	line_cell(&line, 7, at, sizeof(at));
	snprintf(text, sizeof(text), "%04x:%04x", d->vendor, d->device);
	line_cell(&line, 9, text, sizeof(text));
	line_cell(&line, 8, d->driver[0] ? d->driver : owner_text(d), sizeof(d->driver));
	line_cell(&line, 13, dma_of(d), 13);
	line_cell(&line, 6, irq_short(text, d), 16);
	snprintf(text, sizeof(text), d->group == DEVICE_NO_GROUP ? "-" : "%u", d->group);
	line_cell(&line, 5, text, sizeof(text));
	line_cell(&line, 0, class_text(d->class_code), sizeof(text));
	snprintf(text, sizeof(text), "%u requests refused", d->faults);
	if (d->faults != 0)
		line_cell(&line, 0, text, sizeof(text));
	line_end(&line);
}

void report_devices(const struct out *out, const void *what)
{
	const struct inventory *m = what;

	if (m->device_count == 0) {
		out_text(out, "There are no PCI devices.\n");
		return;
	}
	out_format(out, "%-7s  %-9s  %-8s  %-13s  %-6s  %-5s  %s\n", "ADDRESS", "ID", "DRIVER", "DMA", "IRQ", "GROUP",
		"DEVICE");
	for (u32 i = 0; i < m->device_count; i++)
		device_line(out, &m->devices[i]);
}

void json_devices(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;
	char text[16];

	json_open(w, key, '[');
	for (u32 i = 0; i < m->device_count; i++) {
		const struct device_report *d = &m->devices[i];

		json_open(w, 0, '{');
		address(text, d);
		json_text(w, "address", text);
		snprintf(text, sizeof(text), "%04x", d->vendor);
		json_text(w, "vendor", text);
		snprintf(text, sizeof(text), "%04x", d->device);
		json_text(w, "device", text);
		snprintf(text, sizeof(text), "%06x", d->class_code & 0xffffff);
		json_text(w, "class", text);
		json_text(w, "class-text", class_text(d->class_code));
		json_text(w, "driver", d->driver);
		json_text(w, "state", state_of(d));
		json_text(w, "owner", owner_text(d));
		json_text(w, "dma", dma_of(d));
		json_text(w, "interrupts", irq_text(text, d));
		if (d->group != DEVICE_NO_GROUP)
			json_number(w, "group", d->group);
		json_number(w, "refused", d->faults);
		json_close(w, '}');
	}
	json_close(w, ']');
}

const char *dma_text(const struct info_page *info)
{
	switch ((enum info_dma)info->dma) {
	case DMA_CONTAINED:
		return "contained";
	case DMA_INTERRUPTS_OPEN:
		return "contained, not interrupts";
	case DMA_NOT_CONTAINED:
		return "not contained";
	case DMA_NONE:
		break;
	}
	return "none";
}
