/* SPDX-License-Identifier: MIT */
/*
 * service.c - see service.h. What a service gets is in the tables of services.c and wires.c; nothing else reaches it.
 */
#include "service.h"

#include "drivers.h"
#include "families.h"
#include "iommu.h"
#include "pd.h"
#include "range.h"
#include "root.h"
#include "root_limits.h"
#include "rt_log.h"
#include "services.h"
#include "sys.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)

static struct service {
	bool is_up;
	struct pd pd;
	u64 h_thread;
	u64 bytes;		/* not up: what it took when it was */
	struct object_set objects;
} services[SERVICES_MAX];

u32 service_total(void)
{
	u32 total = service_count;

	for (u32 i = 0; i < service_family_count; i++)
		total += service_families[i].count;
	return total;
}

/* NULL: a row of the table of services; else *number is its place in the family. */
static const struct service_family *family_of(u32 id, u32 *number)
{
	u32 first = service_count, i = 0;

	if (id < service_count)
		return NULL;
	while (id - first >= service_families[i].count)
		first += service_families[i++].count;
	*number = id - first;
	return &service_families[i];
}

u32 service_of_party(u32 party)
{
	if (party < service_count)
		return party;
	return driver_of_party(party) < DRIVER_COUNT ? SERVICE_DRIVER(driver_of_party(party)) : service_total();
}

static const struct service_row *row_of(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	return family != NULL ? &family->row : &service_table[id];
}

static const char *program_of(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	return family != NULL && family->program != NULL ? family->program(number) : row_of(id)->program;
}

const char *service_name(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	if (family != NULL)
		return family->name(number);
	return service_table[id].name != NULL ? service_table[id].name : service_table[id].program;
}

bool service_is_wanted(u32 id)
{
	struct service_device device = { 0 };
	u32 number;
	const struct service_family *family = family_of(id, &number);

	if (family != NULL)
		return family->is_wanted(number);
	return service_table[id].find_device == NULL || service_table[id].find_device(&device);
}

bool service_is_there(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);
	bool is_given_up = family != NULL && family->is_given_up != NULL && family->is_given_up(number);

	return is_given_up || service_is_wanted(id);
}

bool service_has_program(u32 id)
{
	return image_find(&root.images, program_of(id), true) != NULL;
}

u64 service_pd(u32 id)
{
	return services[id].is_up ? services[id].pd.h_pd : 0;
}

u64 service_thread(u32 id)
{
	return services[id].is_up ? services[id].h_thread : 0;
}

u64 service_bytes_of(u32 id)
{
	return object_set_bytes(&services[id].objects);
}

u64 service_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < service_total(); i++)
		sum += service_bytes_of(i);
	return sum;
}

u64 service_bytes_down(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < service_total(); i++)
		if (!services[i].is_up && service_is_wanted(i))
			sum += services[i].bytes;
	return sum;
}

/* ---- its parts ---- */

static enum status map_shared(u32 id)
{
	const struct service_row *row = row_of(id);
	enum status st = ST_OK;

	for (u32 i = 0; i < row->map_count && st == ST_OK; i++)
		st = pd_map(services[id].pd.h_pd, root.shared[row->maps[i].what], row->maps[i].address,
			    shared_bytes(row->maps[i].what), row->maps[i].rights);
	return st;
}

static enum status map_wire(u32 id, u32 i)
{
	const struct wire *wire = &wires[i];
	bool is_from = service_of_party(wire->from) == id, is_to = service_of_party(wire->to) == id;
	u64 h_pd = services[id].pd.h_pd;

	if (wire->is_log && is_to)
		return pd_map(h_pd, HANDLE_LOG_MEM, LOG_ADDRESS, sizeof(struct log_ring), RIGHT_R);
	if (wire->ring_bytes == 0 || (!is_from && !is_to))
		return ST_OK;
	return pd_map(h_pd, root.rings[i], is_from ? wire->from_at : wire->to_at, ring_bytes(i), RW);
}

static enum status map_wires(u32 id)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < wire_count && st == ST_OK; i++)
		st = map_wire(id, i);
	return st;
}

static enum status give_irq(u32 id, const struct service_device *device)
{
	const struct service_row *row = row_of(id);
	struct service *s = &services[id];
	u32 flags = device->irq_flags;
	enum status st = ST_STATE;
	u64 h_irq = 0;

	if (iommu_line(device->gsi, &flags))
		st = sys_irq_create(HANDLE_ROOT, device->gsi, flags, s->h_thread, row->irq_badge, &h_irq);
	if (st != ST_OK) {
		rt_log("%s: cannot bind interrupt line %u (status %u), polling", service_name(id),
		       (unsigned)device->gsi, (unsigned)st);
		return ST_OK;
	}
	st = object_set_add(&s->objects, OBJECT_IRQ, h_irq);
	return st == ST_OK ? sys_handle_grant(s->pd.h_pd, row->irq_slot, h_irq, RIGHT_ACK, 0) : st;
}

static enum status give_memory(u32 id, const struct service_device *device)
{
	struct service *s = &services[id];
	u64 h_mem;
	enum status st = sys_mem_create_device(HANDLE_ROOT, device->memory, device->memory_bytes, &h_mem);

	if (st == ST_OK)
		st = object_set_add(&s->objects, OBJECT_MEM, h_mem);
	return st == ST_OK ? pd_map(s->pd.h_pd, h_mem, row_of(id)->device_at, device->memory_bytes, RW) : st;
}

static enum status give_device(u32 id)
{
	struct service_device device = { 0 };
	enum status st = ST_OK;

	if (row_of(id)->find_device == NULL || !row_of(id)->find_device(&device))
		return ST_OK;
	if (device.memory_bytes != 0)
		st = give_memory(id, &device);
	if (st == ST_OK && device.port_count != 0)
		st = sys_port_grant(services[id].pd.h_pd, device.port, device.port_count);
	return st == ST_OK && device.has_irq ? give_irq(id, &device) : st;
}

static enum status set_share(u32 id)
{
	const struct service_row *row = row_of(id);
	u64 h_pd = services[id].pd.h_pd;
	enum status st = sys_pd_ctl(h_pd, PD_SET_CLASS, row->class);

	if (st == ST_OK && row->cap != 0)
		st = sys_pd_ctl(h_pd, PD_SET_CAP, row->cap);
	return st == ST_OK && row->affinity != 0 ? sys_pd_ctl(h_pd, PD_SET_AFFINITY, row->affinity) : st;
}

static enum status make_thread(u32 id)
{
	struct service *s = &services[id];

	return pd_thread(&s->pd, 0, PD_STACK_TOP, &s->objects, &s->h_thread);
}

static enum status prepare(u32 id)
{
	struct service *s = &services[id];
	u32 number;
	const struct service_family *family = family_of(id, &number);

	if (family != NULL)
		return family->prepare(number, s->pd.h_pd, s->h_thread, &s->objects);
	return service_prepare(id, s->pd.h_pd);
}

static enum status (*const steps[])(u32 id) = {
	set_share, map_shared, map_wires, make_thread, give_device, prepare,
};

enum status service_build(u32 id)
{
	struct service *s = &services[id];
	const struct image *program = image_find(&root.images, program_of(id), true);
	enum status st;

	if (program == NULL)
		return ST_UNSUPPORTED;
	st = pd_build(&s->pd, program, row_of(id)->heap_bytes, &s->objects);
	for (u32 i = 0; i < ARRAY_COUNT(steps) && st == ST_OK; i++)
		st = steps[i](id);
	s->is_up = st == ST_OK;
	return st;
}

/* ---- its start and its end ---- */

static void read_log(u32 id, u32 wire)
{
	enum status st = sys_system_ctl(HANDLE_ROOT, SYSTEM_LOG_BIND, SLOT_WIRE + wire, wires[wire].badge, NULL);

	if (st == ST_FULL)
		rt_log("root: %s is not told of new lines in the log: %u readers are the most possible",
		       service_name(id), LOG_READERS);
	else if (st != ST_OK)
		rt_log("root: %s is not told of new lines in the log (status %u)", service_name(id),
		       (unsigned)st);
}

void service_start(u32 id)
{
	enum status st;

	if (row_of(id)->takes_over != 0)
		(void)sys_system_ctl(HANDLE_ROOT, SYSTEM_CONSOLE_TAKE, row_of(id)->takes_over, 0, NULL);
	for (u32 i = 0; i < wire_count; i++)
		if (wires[i].is_log && wires[i].to == id)
			read_log(id, i);
	st = sys_thread_ctl(services[id].h_thread, THREAD_START, 0, 0, NULL);
	if (st != ST_OK)
		rt_log("root: %s does not start (status %u)", service_name(id), (unsigned)st);
}

static u64 fault_word(u32 id, enum fault_word word)
{
	u64 value = 0;

	(void)sys_thread_ctl(services[id].h_thread, THREAD_GET_FAULT, word, 0, &value);
	return value;
}

static void say_failed(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);
	bool is_exit = fault_word(id, FAULT_KIND) == FAULT_EXIT;

	if (family != NULL && family->failed != NULL)
		family->failed(number, is_exit ? fault_word(id, FAULT_ERROR) : 0);
}

const struct object_set *service_objects(u32 id)
{
	return &services[id].objects;
}

bool service_check_fault(u32 id)
{
	struct service *s = &services[id];

	if (!s->is_up || fault_word(id, FAULT_KIND) == 0)
		return false;
	if (fault_word(id, FAULT_KIND) == FAULT_EXIT)
		rt_log("root: %s ended, code %llu", service_name(id), (unsigned long long)fault_word(id, FAULT_ERROR));
	else
		rt_log("root: %s stopped: fault %llx at %llx, address %llx, error %llx; starting it again",
		       service_name(id), (unsigned long long)fault_word(id, FAULT_KIND),
		       (unsigned long long)fault_word(id, FAULT_RIP),
		       (unsigned long long)fault_word(id, FAULT_ADDRESS),
		       (unsigned long long)fault_word(id, FAULT_ERROR));
	say_failed(id);
	service_take_down(id);
	return true;
}

u64 service_pause_ns(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	return family != NULL && family->pause_ns != NULL ? family->pause_ns(number) : NS_PER_S;
}

bool service_forgive(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	return family != NULL && family->forgive != NULL && family->forgive(number);
}

void service_take_down(u32 id)
{
	struct service *s = &services[id];
	u32 number;
	const struct service_family *family = family_of(id, &number);

	if (s->is_up && family != NULL)
		family->stop(number);
	s->bytes = object_set_bytes(&s->objects);
	s->is_up = false;
}

enum status service_release_step(u32 id)
{
	return object_set_release_step(&services[id].objects);
}

void service_released(u32 id)
{
	u32 number;
	const struct service_family *family = family_of(id, &number);

	if (family != NULL && family->released != NULL)
		family->released(number);
}
