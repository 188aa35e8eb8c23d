/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - asks root for whole tables: a request for each piece, which brings a reply for each row, until all of
 * what is wanted is there.
 */
#include <string.h>

#include "session.h"

static void ask(struct session *s, struct job *job, enum request_op op, u32 index)
{
	memset(&job->request, 0, sizeof(job->request));
	memcpy(job->request.name, job->args.name, sizeof(job->request.name));	/* for tables of one thing */
	job->request.index = index;
	job_send(s, job, op);
}

/* Each of these takes one answer; true when its table is complete, else request.index is the next row's. */

static bool take_vm(struct session *s, struct job *job, const struct reply *reply)
{
	struct vm_entry *vm;

	if (reply->result != RESULT_OK || reply->vm.index >= VM_COUNT) {
		inventory_listed(&s->console->inventory, job->listing);
		return true;
	}
	vm = inventory_update(&s->console->inventory, &reply->vm);
	if (vm && job->origin != JOB_RPC && job->origin != JOB_STARTUP && job->origin != JOB_KEEPER)
		*session_told(s, vm) = vm->report.state;
	job->request.index = reply->vm.index + 1;
	return false;
}

static bool take_image(struct session *s, struct job *job, const struct reply *reply)
{
	u32 index = job->request.index;

	if (reply->result != RESULT_OK || index >= IMAGE_COUNT) {
		s->console->inventory.image_count = index;
		return true;
	}
	s->console->inventory.images[index] = reply->image;
	s->console->inventory.images[index].name[IMAGE_NAME_BYTES - 1] = 0;
	s->console->inventory.images[index].pool[DISK_NAME_BYTES - 1] = 0;
	job->request.index = index + 1;
	return false;
}

static bool take_pcpu(struct session *s, struct job *job, const struct reply *reply)
{
	u32 index = job->request.index;

	if (reply->result != RESULT_OK || index >= INVENTORY_PCPUS)
		return true;
	inventory_update_pcpu(&s->console->inventory, &reply->pcpu);
	job->request.index = index + 1;
	return false;
}

static bool take_host(struct session *s, struct job *job, const struct reply *reply)
{
	(void)job;
	if (reply->result == RESULT_OK)
		s->console->inventory.host = reply->host;
	return true;
}

static bool take_device(struct session *s, struct job *job, const struct reply *reply)
{
	u32 index = job->request.index;

	if (reply->result != RESULT_OK || index >= INVENTORY_DEVICES) {
		s->console->inventory.device_count = index;
		return true;
	}
	s->console->inventory.devices[index] = reply->pci;
	s->console->inventory.devices[index].driver[DRIVER_NAME_BYTES - 1] = 0;
	job->request.index = index + 1;
	return false;
}

static bool take_service(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->service_count = 0;
	if (reply->result != RESULT_OK || m->service_count == INVENTORY_SERVICES)
		return true;
	m->services[m->service_count] = reply->service;
	m->services[m->service_count++].name[VM_NAME_BYTES - 1] = 0;
	job->request.index = reply->service.index + 1;
	return false;
}

static bool take_disk(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->disk_count = 0;
	if (reply->result != RESULT_OK || !inventory_add_disk(m, &reply->disk))
		return true;
	job->request.index = reply->disk.index + 1;
	return false;
}

static bool take_volume(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->volume_count = 0;
	if (reply->result != RESULT_OK || !inventory_add_volume(m, &reply->volume))
		return true;
	job->request.index = reply->volume.index + 1;
	return false;
}

static bool take_switch(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->switch_count = 0;
	if (reply->result != RESULT_OK || !inventory_add_switch(m, &reply->network))
		return true;
	job->request.index = reply->network.index + 1;
	return false;
}

static bool take_port(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->port_count = 0;
	if (reply->result != RESULT_OK || reply->port.index >= SWITCH_PORTS || !inventory_add_port(m, &reply->port))
		return true;
	job->request.index = reply->port.index + 1;
	return false;
}

static bool take_stations(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->station_count = 0;
	if (reply->result != RESULT_OK || reply->stations.count == 0 ||
	    !inventory_add_stations(m, &reply->stations))
		return true;
	job->request.index = reply->stations.index + reply->stations.count;
	return false;
}

static bool take_router(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->router_count = 0;
	if (reply->result != RESULT_OK || !inventory_add_router(m, &reply->router))
		return true;
	job->request.index = reply->router.index + 1;
	return false;
}

static bool take_router_lines(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		memset(m->line_count, 0, sizeof(m->line_count));
	if (reply->result != RESULT_OK || reply->lines.count == 0 || reply->lines.next <= job->request.index ||
	    !inventory_add_lines(m, &reply->lines))
		return true;
	job->request.index = reply->lines.next;
	return false;
}

static bool take_pool(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->pool_count = 0;
	if (reply->result != RESULT_OK || !inventory_add_pool(m, &reply->pool))
		return true;
	job->request.index = reply->pool.index + 1;
	return false;
}

static bool take_memory(struct session *s, struct job *job, const struct reply *reply)
{
	(void)job;
	if (reply->result == RESULT_OK)
		s->console->inventory.memory = reply->memory;
	return true;
}

static bool take_session(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->session_count = 0;
	if (reply->result != RESULT_OK || m->session_count == SESSIONS_MAX)
		return true;
	m->logins[m->session_count] = reply->session_row;
	m->logins[m->session_count++].user[USER_NAME_BYTES - 1] = 0;
	job->request.index = reply->session_row.index + 1;
	return false;
}

static bool take_user(struct session *s, struct job *job, const struct reply *reply)
{
	struct inventory *m = &s->console->inventory;

	if (job->request.index == 0)
		m->user_count = 0;
	if (reply->result != RESULT_OK || m->user_count == USERS_MAX)
		return true;
	m->users[m->user_count] = reply->user_row;
	m->users[m->user_count].line[USER_LINE_BYTES - 1] = 0;
	m->users[m->user_count++].user[USER_NAME_BYTES - 1] = 0;
	job->request.index = reply->user_row.index + 1;
	return false;
}

static const struct {
	enum request_op op;
	bool (*take)(struct session *s, struct job *job, const struct reply *reply);
} tables[FETCH_COUNT] = {
	[FETCH_VMS] = { REQ_LIST, take_vm },
	[FETCH_IMAGES] = { REQ_IMAGES, take_image },
	[FETCH_PCPUS] = { REQ_PCPU, take_pcpu },
	[FETCH_HOST] = { REQ_HOST, take_host },
	[FETCH_MEMORY] = { REQ_MEMORY, take_memory },
	[FETCH_DEVICES] = { REQ_DEVICES, take_device },
	[FETCH_SERVICES] = { REQ_SERVICES, take_service },
	[FETCH_DISKS] = { REQ_DISKS, take_disk },
	[FETCH_VOLUMES] = { REQ_VOLUMES, take_volume },
	[FETCH_SWITCHES] = { REQ_SWITCHES, take_switch },
	[FETCH_PORTS] = { REQ_PORTS, take_port },
	[FETCH_STATIONS] = { REQ_STATIONS, take_stations },
	[FETCH_ROUTERS] = { REQ_ROUTERS, take_router },
	[FETCH_ROUTER_LINES] = { REQ_ROUTER_LINES, take_router_lines },
	[FETCH_POOLS] = { REQ_POOLS, take_pool },
	[FETCH_SESSIONS] = { REQ_SESSIONS, take_session },
	[FETCH_USERS] = { REQ_USERS, take_user },
	[FETCH_USER_LINES] = { REQ_EXPORT_USERS, take_user },
};

static void ask_first(struct session *s, struct job *job)
{
	enum fetch table = (enum fetch)__builtin_ctz(job->wanted);

	if (table == FETCH_VMS)
		job->listing = inventory_listing(&s->console->inventory);
	ask(s, job, tables[table].op, 0);
}

void fetch_begin(struct session *s, struct job *job, u32 wanted)
{
	job->wanted = wanted;
	ask_first(s, job);
}

bool fetch_answer(struct session *s, struct job *job, const struct reply *reply)
{
	u32 table = (u32)__builtin_ctz(job->wanted);

	if (job->is_canceled) {
		job_fail_canceled(s, job);
		return false;
	}
	if (!tables[table].take(s, job, reply)) {
		if (!reply->more)
			ask(s, job, tables[table].op, job->request.index);
		return false;
	}
	job->wanted &= ~BIT32(table);
	if (job->wanted)
		ask_first(s, job);
	return job->wanted == 0;
}
