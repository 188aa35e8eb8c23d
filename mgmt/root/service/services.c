/* SPDX-License-Identifier: MIT */
/*
 * services.c - the table of services; see services.h.
 */
#include "services.h"

#include "pd.h"
#include "platform.h"
#include "range.h"
#include "store_client.h"
#include "syscalls.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define UART_PORTS 8u
#define SERIAL_PROGRAM "serial"
#define CONSOLE_CAP 80u		/* it parses what anybody types, at a class above all VMs */
#define STORE_CAP 80u		/* VMs order its work, at a class above theirs */
#define SCREEN_CAP 20u		/* whoever floods the log must not have it painted at others' cost */

static const struct map_row console_maps[] = {
	{ SHARED_CONSOLE_ARGS, CONSOLE_ARGS, RIGHT_R },
	{ SHARED_VM_RINGS, CONSOLE_VM_RINGS, RW },
	{ SHARED_UPLOADS, CONSOLE_UPLOADS, RW },
};

static const struct map_row store_maps[] = {
	{ SHARED_STORE_FIGURES, STORE_FIGURES, RW },
	{ SHARED_STORE_WORK, STORE_WORK, RW },
};

static bool find_serial(struct service_device *out)
{
	out->port = INFO->serial_port;
	out->port_count = UART_PORTS;
	out->has_irq = INFO->serial_irq != 0;
	if (out->has_irq)
		out->gsi = platform_isa_irq(INFO->serial_irq, &out->irq_flags);
	return INFO->serial_port != 0;
}

static bool find_screen(struct service_device *out)
{
	const struct info_screen *screen = &INFO->screen;

	out->memory = align_down(screen->address, PAGE_SIZE);
	out->memory_bytes =
		align_up(screen->address % PAGE_SIZE + (u64)screen->pitch * screen->height, PAGE_SIZE);
	if (screen->type == SCREEN_TEXT) {
		out->port = SCREEN_CRT_PORTS;
		out->port_count = 2;
	}
	return screen->type != SCREEN_NONE;
}

static enum status prepare_console(u64 h_pd)
{
	struct console_args *args = shared_at(SHARED_CONSOLE_ARGS);

	args->conf_bytes = root.conf.bytes;
	args->has_serial = INFO->serial_port != 0 && image_find(&root.images, SERIAL_PROGRAM, true) != NULL;
	return root.conf.bytes != 0 ? pd_map(h_pd, root.conf.h_mem, CONSOLE_CONF, root.conf.bytes, RIGHT_R) : ST_OK;
}

const struct service_row service_table[] = {
	[SERVICE_SERIAL] = {
		.program = SERIAL_PROGRAM, .heap_bytes = 256 * KIB, .class = SCHED_CLASS_DRIVER,
		/* Where its interrupt comes: a second pCPU on the way would take as long to react as the FIFO has room
		 * for. */
		.affinity = BIT64(IRQ_PCPU),
		.find_device = find_serial, .irq_slot = SERIAL_H_IRQ, .irq_badge = SERIAL_BIT_IRQ,
		.takes_over = CONSOLE_SERIAL,
	},
	[SERVICE_CONSOLE] = {
		.program = "console", .heap_bytes = 16 * MIB, .class = SCHED_CLASS_SYSTEM, .cap = CONSOLE_CAP,
		.maps = console_maps, .map_count = ARRAY_COUNT(console_maps),
	},
	[SERVICE_SCREEN] = {
		.program = "screen", .heap_bytes = 64 * KIB, .class = SCHED_CLASS_FAIR, .cap = SCREEN_CAP,
		.find_device = find_screen, .device_at = SCREEN_MEMORY, .takes_over = CONSOLE_SCREEN,
	},
	[SERVICE_STORE] = {
		.program = "store", .heap_bytes = 64 * KIB, .class = SCHED_CLASS_SERVICE, .cap = STORE_CAP,
		.maps = store_maps, .map_count = ARRAY_COUNT(store_maps),
	},
};

const u32 service_count = SERVICE_COUNT;

enum status service_prepare(u32 id, u64 h_pd)
{
	switch (id) {
	case SERVICE_CONSOLE:
		return prepare_console(h_pd);
	case SERVICE_STORE:
		return store_prepare(h_pd);
	default:
		return ST_OK;
	}
}
