/* SPDX-License-Identifier: MIT */
/*
 * services.c - the table of services; see services.h.
 */
#include "services.h"

#include <sys/random.h>

#include "access.h"
#include "drivers.h"
#include "pd.h"
#include "platform.h"
#include "range.h"
#include "rt_time.h"
#include "store_client.h"
#include "syscalls.h"
#include "text.h"
#include "user_requests.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define UART_PORTS 8u
#define SERIAL_PROGRAM "serial"
#define SERIAL2_NAME "serial2"
#define CONSOLE_CAP 80u		/* it parses what anybody types, at a class above all VMs */
#define STORE_CAP 80u		/* VMs order its work, at a class above theirs */
#define STORE_HEAP_BYTES (9 * MIB)	/* 8 MiB make a key of a passphrase: mgmt/store/keys.c */
#define GUARD_HEAP_BYTES (9 * MIB)	/* 8 MiB hash a password: mgmt/guard/password.c */
#define GUARD_CAP 50u		/* anybody at a line may have passwords checked */
#define SCREEN_CAP 20u		/* whoever floods the log must not have it painted at others' cost */

static const struct map_row console_maps[] = {
	{ SHARED_CONSOLE_ARGS, CONSOLE_ARGS, RIGHT_R },
	{ SHARED_VM_RINGS, CONSOLE_VM_RINGS, RW },
	{ SHARED_UPLOADS, CONSOLE_UPLOADS, RW },
	{ SHARED_DEFINITIONS, CONSOLE_DEFINITIONS, RW },
};

static const struct map_row store_maps[] = {
	{ SHARED_STORE_FIGURES, STORE_FIGURES, RW },
	{ SHARED_STORE_WORK, STORE_WORK, RW },
};

static const struct map_row guard_maps[] = {
	{ SHARED_GUARD, GUARD_STATE, RW }, { SHARED_AUDIT, GUARD_AUDIT, RW },
};
static const struct map_row serial_maps[] = { { SHARED_SERIAL_ARGS, SERIAL_ARGS, RIGHT_R } };
static const struct map_row serial2_maps[] = { { SHARED_SERIAL2_ARGS, SERIAL_ARGS, RIGHT_R } };

static bool find_uart(const struct platform_uart *uart, struct service_device *out)
{
	out->port = uart->port;
	out->port_count = UART_PORTS;
	out->has_irq = uart->irq != 0;
	if (out->has_irq)
		out->gsi = platform_isa_irq(uart->irq, &out->irq_flags);
	return uart->port != 0;
}

static struct platform_uart first_uart(void)
{
	return (struct platform_uart){ .port = INFO->serial_port, .irq = INFO->serial_irq, .baud = INFO->serial_baud };
}

static bool find_serial(struct service_device *out)
{
	struct platform_uart uart = first_uart();

	return find_uart(&uart, out);
}

static bool find_serial2(struct service_device *out)
{
	struct platform_uart uart;

	return platform_com2(INFO, &uart) && find_uart(&uart, out);
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

static u32 lines(void)
{
	struct service_device device;
	bool has_driver = image_find(&root.images, SERIAL_PROGRAM, true) != NULL;
	u32 set = driver_of_party(PARTY_PORT) != DRIVER_COUNT ? BIT32(LINE_PORT) : 0;

	if (has_driver && find_serial(&device))
		set |= BIT32(LINE_SERIAL);
	if (has_driver && find_serial2(&device))
		set |= BIT32(LINE_SERIAL2);
	return set;
}

/* Without the processor's random numbers, the time since power-on in its smallest steps, spread over all bits. */
static u64 random_id(void)
{
	u64 id;

	return getrandom(&id, sizeof(id), 0) == sizeof(id) ? id : rt_time_tsc() * 0x9e3779b97f4a7c15ull;
}

static enum status prepare_console(u64 h_pd)
{
	struct console_args *args = shared_at(SHARED_CONSOLE_ARGS);

	args->conf_bytes = root.conf.bytes;
	args->lines = lines();
	args->has_users = access_has_users();
	if (args->start++ == 0)
		args->boot_id = random_id();
	return root.conf.bytes != 0 ? pd_map(h_pd, root.conf.h_mem, CONSOLE_CONF, root.conf.bytes, RIGHT_R) : ST_OK;
}

static enum status prepare_serial(enum shared which, const char *name, const struct platform_uart *uart)
{
	struct serial_args *args = shared_at(which);

	*args = (struct serial_args){ .port = uart->port, .has_irq = uart->irq != 0, .baud = uart->baud };
	text_copy(args->name, sizeof(args->name), name);
	return ST_OK;
}

static enum status prepare_serial2(void)
{
	struct platform_uart uart;

	return platform_com2(INFO, &uart) ? prepare_serial(SHARED_SERIAL2_ARGS, SERIAL2_NAME, &uart) : ST_STATE;
}

/* A serial driver runs where its interrupt comes: a second pCPU on the way would take as long to react as the FIFO has
 * room for. */
#define SERIAL_ROW                                                                                                     \
	.program = SERIAL_PROGRAM, .heap_bytes = 256 * KIB, .class = SCHED_CLASS_DRIVER, .affinity = BIT64(IRQ_PCPU), \
	.irq_slot = SERIAL_H_IRQ, .irq_badge = SERIAL_BIT_IRQ, .map_count = 1

const struct service_row service_table[] = {
	[SERVICE_SERIAL] = {
		SERIAL_ROW, .maps = serial_maps, .find_device = find_serial, .takes_over = CONSOLE_SERIAL,
	},
	[SERVICE_SERIAL2] = {
		SERIAL_ROW, .name = SERIAL2_NAME, .maps = serial2_maps, .find_device = find_serial2,
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
		.program = "store", .heap_bytes = STORE_HEAP_BYTES, .class = SCHED_CLASS_SERVICE, .cap = STORE_CAP,
		.maps = store_maps, .map_count = ARRAY_COUNT(store_maps),
	},
	[SERVICE_GUARD] = {
		.program = "guard", .heap_bytes = GUARD_HEAP_BYTES, .class = SCHED_CLASS_FAIR, .cap = GUARD_CAP,
		.maps = guard_maps, .map_count = ARRAY_COUNT(guard_maps),
	},
};

const u32 service_count = SERVICE_COUNT;

enum status service_prepare(u32 id, u64 h_pd)
{
	struct platform_uart uart = first_uart();

	switch (id) {
	case SERVICE_SERIAL:
		return prepare_serial(SHARED_SERIAL_ARGS, SERIAL_PROGRAM, &uart);
	case SERVICE_SERIAL2:
		return prepare_serial2();
	case SERVICE_CONSOLE:
		return prepare_console(h_pd);
	case SERVICE_STORE:
		return store_prepare(h_pd);
	case SERVICE_GUARD:
		return guard_prepare(h_pd);
	default:
		return ST_OK;
	}
}
