/*
 * service.c - see service.h. What each service gets is in the tables below; nothing else reaches it.
 */
#include "service.h"

#include <string.h>

#include "console_link.h"
#include "pd.h"
#include "platform.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "sys.h"
#include "vm.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define RESTART_DELAY_NS NS_PER_S
#define UART_PORTS 8u
#define CONSOLE_CAP 80u		/* percent of a pCPU: it parses what anybody types, at a class above all VMs */
#define SCREEN_CAP 20u		/* whoever floods the log must not have it painted at others' cost */

struct map_row {
	enum shared what;
	u64 address;
	u32 rights;
};

static const struct map_row console_maps[] = {
	{ SHARED_REQUEST, CONSOLE_REQUEST_RING, RW },
	{ SHARED_REPLY, CONSOLE_REPLY_RING, RW },
	{ SHARED_SERIAL_RX, CONSOLE_SERIAL_RX, RW },
	{ SHARED_SERIAL_TX, CONSOLE_SERIAL_TX, RW },
	{ SHARED_CONSOLE_ARGS, CONSOLE_ARGS, RIGHT_R },
	{ SHARED_VM_RINGS, CONSOLE_VM_RINGS, RW },
};

static const struct map_row serial_maps[] = {
	{ SHARED_SERIAL_RX, SERIAL_RX, RW },
	{ SHARED_SERIAL_TX, SERIAL_TX, RW },
};

enum phase { PHASE_OFF, PHASE_UP, PHASE_DOWN, PHASE_REST };

struct service {
	enum phase phase;
	struct pd pd;
	u64 h_thread;
	u64 rest_until;
	u64 bytes;		/* not up: what it took when it was */
	struct holdings objects;
};

static enum status equip_serial(struct service *s);
static enum status equip_console(struct service *s);
static enum status equip_screen(struct service *s);

static const struct {
	const char *program;
	u64 heap_bytes;
	const struct map_row *maps;
	u32 map_count;
	enum status (*equip)(struct service *s);	/* what the tables cannot say */
} kinds[SERVICE_COUNT] = {
	[SERVICE_SERIAL] = { "serial", 256 * KIB, serial_maps, ARRAY_COUNT(serial_maps), equip_serial },
	[SERVICE_CONSOLE] = { "console", 16 * MIB, console_maps, ARRAY_COUNT(console_maps), equip_console },
	[SERVICE_SCREEN] = { "screen", 64 * KIB, NULL, 0, equip_screen },
};

static struct service services[SERVICE_COUNT];

static enum status equip_serial(struct service *s)
{
	u32 flags, gsi = platform_isa_irq(INFO->serial_irq, &flags);
	u64 h_irq;
	enum status st = sys_port_grant(s->pd.h_pd, INFO->serial_port, UART_PORTS);

	(void)sys_pd_ctl(s->pd.h_pd, PD_SET_CLASS, SCHED_CLASS_DRIVER);
	/* Where its interrupt comes: a second pCPU on the way would take as long to react as the FIFO has room for. */
	(void)sys_pd_ctl(s->pd.h_pd, PD_SET_AFFINITY, BIT64(IRQ_PCPU));
	if (st != ST_OK || INFO->serial_irq == 0)
		return st;
	st = sys_irq_create(HANDLE_ROOT, gsi, flags, s->h_thread, SERIAL_BIT_IRQ, &h_irq);
	if (st != ST_OK) {
		rt_log("serial: interrupt %u is not to be had (status %u), polling", (unsigned)INFO->serial_irq,
		       (unsigned)st);
		return ST_OK;
	}
	st = holdings_add(&s->objects, HOLD_IRQ, h_irq);
	return st == ST_OK ? sys_handle_grant(s->pd.h_pd, SERIAL_H_IRQ, h_irq, RIGHT_ACK, 0) : st;
}

static enum status equip_console(struct service *s)
{
	struct console_args *args = shared_at(SHARED_CONSOLE_ARGS);
	enum status st = pd_map(s->pd.h_pd, HANDLE_LOG_MEM, LOG_ADDRESS, sizeof(struct log_ring), RIGHT_R);

	args->conf_bytes = root.conf.bytes;
	args->has_serial = services[SERVICE_SERIAL].phase != PHASE_OFF;
	(void)sys_pd_ctl(s->pd.h_pd, PD_SET_CLASS, SCHED_CLASS_SYSTEM);
	(void)sys_pd_ctl(s->pd.h_pd, PD_SET_CAP, CONSOLE_CAP);
	console_link_reset();
	if (st != ST_OK || root.conf.bytes == 0)
		return st;
	return pd_map(s->pd.h_pd, root.conf.h_mem, CONSOLE_CONF, root.conf.bytes, RIGHT_R);
}

static enum status equip_screen(struct service *s)
{
	const struct info_screen *screen = &INFO->screen;
	u64 start = align_down(screen->address, PAGE_SIZE);
	u64 bytes = align_up(screen->address % PAGE_SIZE + (u64)screen->pitch * screen->height, PAGE_SIZE);
	u64 h_mem;
	enum status st = sys_mem_create_device(HANDLE_ROOT, start, bytes, &h_mem);

	if (st == ST_OK)
		st = holdings_add(&s->objects, HOLD_MEM, h_mem);
	if (st == ST_OK)
		st = pd_map(s->pd.h_pd, h_mem, SCREEN_MEMORY, bytes, RW);
	if (st == ST_OK)
		st = pd_map(s->pd.h_pd, HANDLE_LOG_MEM, LOG_ADDRESS, sizeof(struct log_ring), RIGHT_R);
	if (st == ST_OK && screen->type == SCREEN_TEXT)
		st = sys_port_grant(s->pd.h_pd, SCREEN_CRT_PORTS, 2);
	(void)sys_pd_ctl(s->pd.h_pd, PD_SET_CAP, SCREEN_CAP);
	return st;
}

static enum status map_rows(u64 h_pd, const struct map_row *rows, u32 count)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < count && st == ST_OK; i++)
		st = pd_map(h_pd, root.shared[rows[i].what], rows[i].address, shared_bytes(rows[i].what),
			    rows[i].rights);
	return st;
}

/* Up to, but without, the first instruction. */
static enum status build(enum service_id id)
{
	struct service *s = &services[id];
	const struct image *program = image_find(&root.images, kinds[id].program, true);
	enum status st;

	if (program == NULL)
		return ST_UNSUPPORTED;
	st = pd_build(&s->pd, program, kinds[id].heap_bytes, &s->objects);
	if (st == ST_OK)
		st = map_rows(s->pd.h_pd, kinds[id].maps, kinds[id].map_count);
	if (st == ST_OK)
		st = pd_thread(&s->pd, 0, PD_STACK_TOP, &s->objects, &s->h_thread);
	if (st == ST_OK)
		st = kinds[id].equip(s);
	s->phase = st == ST_OK ? PHASE_UP : PHASE_DOWN;
	return st;
}

static u64 thread_of(enum service_id id)
{
	return services[id].phase == PHASE_UP ? services[id].h_thread : 0;
}

u64 service_console_thread(void)
{
	return thread_of(SERVICE_CONSOLE);
}

u64 service_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < SERVICE_COUNT; i++)
		sum += holdings_bytes(&services[i].objects);
	return sum;
}

enum status service_console_meet(u32 vm_index, u64 h_vmm_pd, u64 h_vmm_thread)
{
	u64 h_console = service_console_thread();
	enum status st;

	if (h_console == 0)
		return ST_OK;
	st = pd_signal(services[SERVICE_CONSOLE].pd.h_pd, CONSOLE_H_VM + vm_index, h_vmm_thread, VMM_BIT_CONSOLE);
	return st == ST_OK ? pd_signal(h_vmm_pd, VMM_H_CONSOLE, h_console, CONSOLE_BIT_VM) : st;
}

/* Everybody's handles to everybody. Handles to threads that are gone are replaced, the others stay. */
static enum status introduce(void)
{
	u64 h_console = thread_of(SERVICE_CONSOLE), h_serial = thread_of(SERVICE_SERIAL);
	u64 console_pd = services[SERVICE_CONSOLE].pd.h_pd, serial_pd = services[SERVICE_SERIAL].pd.h_pd;
	enum status st = pd_signal(HANDLE_SELF_PD, SLOT_CONSOLE_REPLY, h_console, CONSOLE_BIT_REPLY);

	if (st == ST_OK)
		st = pd_signal(HANDLE_SELF_PD, SLOT_CONSOLE_LOG, h_console, CONSOLE_BIT_LOG);
	if (st == ST_OK)
		st = pd_signal(HANDLE_SELF_PD, SLOT_SCREEN_LOG, thread_of(SERVICE_SCREEN), SCREEN_BIT_LOG);
	if (st == ST_OK && h_console != 0)
		st = pd_signal(console_pd, H_ROOT_SIGNAL, HANDLE_SELF_THREAD, ROOT_BIT_REQUEST);
	if (st == ST_OK && h_console != 0)
		st = pd_signal(console_pd, CONSOLE_H_SERIAL, h_serial, SERIAL_BIT_CONSOLE);
	if (st == ST_OK && h_serial != 0)
		st = pd_signal(serial_pd, SERIAL_H_CONSOLE, h_console, CONSOLE_BIT_SERIAL);
	return st == ST_OK ? vm_meet_console() : st;
}

static void read_log(enum service_id id, u64 slot, u64 badge)
{
	enum status st = sys_system_ctl(HANDLE_ROOT, SYSTEM_LOG_BIND, slot, badge, NULL);

	if (st == ST_FULL)
		rt_log("root: %s is not told of new lines in the log: %u readers are the most possible",
		       kinds[id].program, LOG_READERS);
	else if (st != ST_OK)
		rt_log("root: %s is not told of new lines in the log (status %u)", kinds[id].program, (unsigned)st);
}

/* The first instruction. The line is the driver's from here on. */
static void launch(enum service_id id)
{
	enum status st;

	if (id == SERVICE_SERIAL)
		(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_CONSOLE_TAKE, CONSOLE_SERIAL, 0, NULL);
	if (id == SERVICE_SCREEN)
		(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_CONSOLE_TAKE, CONSOLE_SCREEN, 0, NULL);
	if (id == SERVICE_CONSOLE)
		read_log(id, SLOT_CONSOLE_LOG, CONSOLE_BIT_LOG);
	if (id == SERVICE_SCREEN)
		read_log(id, SLOT_SCREEN_LOG, SCREEN_BIT_LOG);
	st = sys_thread_ctl(services[id].h_thread, THREAD_START, 0, 0, NULL);
	if (st != ST_OK)
		rt_log("root: %s does not start (status %u)", kinds[id].program, (unsigned)st);
}

/* Build what is off, then introduce all to each other, then let the new ones run. */
static void bring_up(u32 set)
{
	enum status st;

	for (u32 id = 0; id < SERVICE_COUNT; id++) {
		if ((set & BIT32(id)) == 0)
			continue;
		st = build(id);
		if (st == ST_OK)
			continue;
		set &= ~BIT32(id);
		rt_log("root: %s can't be made (status %u)", kinds[id].program, (unsigned)st);
	}
	st = introduce();
	if (st != ST_OK)
		rt_log("root: services can't be wired (status %u)", (unsigned)st);
	for (u32 id = 0; id < SERVICE_COUNT; id++)
		if ((set & BIT32(id)) != 0)
			launch(id);
}

void service_start_all(void)
{
	u32 set = BIT32(SERVICE_CONSOLE);

	if (INFO->serial_port != 0)
		set |= BIT32(SERVICE_SERIAL);
	if (INFO->screen.type != SCREEN_NONE)
		set |= BIT32(SERVICE_SCREEN);
	bring_up(set);
}

static u64 fault_word(const struct service *s, enum fault_word word)
{
	u64 value = 0;

	(void)sys_thread_ctl(s->h_thread, THREAD_GET_FAULT, word, 0, &value);
	return value;
}

/* What services on their way down give back is not for guests: they come up again. */
static void keep_spare(void)
{
	u64 bytes = 0;

	for (u32 i = 0; i < SERVICE_COUNT; i++)
		if (services[i].phase != PHASE_UP)
			bytes += services[i].bytes;
	(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_SPARE, bytes, 0, NULL);
}

void service_check_faults(void)
{
	for (u32 id = 0; id < SERVICE_COUNT; id++) {
		struct service *s = &services[id];

		if (s->phase != PHASE_UP || fault_word(s, FAULT_KIND) == 0)
			continue;
		rt_log("root: %s stopped: fault %llx at %llx, address %llx, error %llx; starting it again",
		       kinds[id].program, (unsigned long long)fault_word(s, FAULT_KIND),
		       (unsigned long long)fault_word(s, FAULT_RIP), (unsigned long long)fault_word(s, FAULT_ADDRESS),
		       (unsigned long long)fault_word(s, FAULT_ERROR));
		s->bytes = holdings_bytes(&s->objects);
		s->phase = PHASE_DOWN;
		keep_spare();
	}
}

u64 service_step(void)
{
	u64 next = DEADLINE_NONE;
	u32 set = 0;

	for (u32 id = 0; id < SERVICE_COUNT; id++) {
		struct service *s = &services[id];

		if (s->phase == PHASE_DOWN && holdings_release_step(&s->objects) == ST_OK) {
			s->phase = PHASE_REST;
			s->rest_until = rt_time_after(&root.time, RESTART_DELAY_NS);
		}
		if (s->phase == PHASE_DOWN)
			next = 0;
		if (s->phase == PHASE_REST && s->rest_until <= rt_time_tsc())
			set |= BIT32(id);
		else if (s->phase == PHASE_REST && s->rest_until < next)
			next = s->rest_until;
	}
	if (set == 0)
		return next;
	bring_up(set);
	keep_spare();
	return 0;
}
