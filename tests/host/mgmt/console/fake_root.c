/* SPDX-License-Identifier: MIT */
/*
 * fake_root.c - see fake_root.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_definitions.h"
#include "fake_vm_logs.h"
#include "fake_disks.h"
#include "fake_networks.h"
#include "fake_end.h"
#include "fake_images.h"
#include "fake_pools.h"
#include "fake_snapshots.h"
#include "fake_root.h"
#include "fake_users.h"
#include "spec_fields.h"
#include "syscalls.h"
#include "units.h"
#include "vcpu_page.h"

#define FAKE_ROWS 3u	/* of a table in answer to one request */

static struct fake_vm *find(struct fake_root *root, const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (root->vms[i].is_used && strcmp(root->vms[i].report.name, name) == 0)
			return &root->vms[i];
	return 0;
}

static void log_text(void *context, const char *text)
{
	struct fake_root *root = context;

	root->logged++;
	snprintf(root->logged_text, sizeof(root->logged_text), "%s", text);
}

static u64 now_ns(void *context)
{
	return ((struct fake_root *)context)->now_ns;
}

static size_t send(void *context, const char *bytes, size_t count)
{
	struct fake_root *root = context;

	if (root->send_limit && count > root->send_limit - root->sent)
		count = root->send_limit - root->sent;
	if (count > FAKE_TERMINAL_BYTES - 1 - root->terminal_used)
		count = FAKE_TERMINAL_BYTES - 1 - root->terminal_used;
	memcpy(root->terminal + root->terminal_used, bytes, count);
	root->terminal_used += count;
	root->terminal[root->terminal_used] = 0;
	root->sent += count;
	return count;
}

static size_t vm_read(void *context, u32 vm, char *bytes, size_t count)
{
	struct fake_vm *v = &((struct fake_root *)context)->vms[vm];
	size_t i;

	for (i = 0; i < count && v->out_tail != v->out_head; i++)
		bytes[i] = v->output[v->out_tail++ % sizeof(v->output)];
	return i;
}

static bool vm_has_room(void *context, u32 vm)
{
	return ((struct fake_root *)context)->vms[vm].in_count < sizeof(((struct fake_vm *)0)->input);
}

static void vm_write(void *context, u32 vm, char byte)
{
	struct fake_vm *v = &((struct fake_root *)context)->vms[vm];

	if (v->in_count < sizeof(v->input))
		v->input[v->in_count++] = byte;
}

static void vm_break(void *context, u32 vm)
{
	((struct fake_root *)context)->vms[vm].breaks++;
}

/* ---- requests ---- */

static void refuse(struct reply *reply, enum result result, enum error error, u64 need, u64 have)
{
	reply->result = result;
	reply->error = error;
	reply->need = need;
	reply->have = have;
}

static bool is_image(const char *name)
{
	return name[0] == 0 || fake_image_find(name) < fake_image_count;
}

static void create(struct fake_root *root, const struct request *r, struct reply *reply)
{
	u32 i = 0;

	if (find(root, r->name)) {
		refuse(reply, RESULT_STATE, ERR_VM_EXISTS, 0, 0);
		return;
	}
	if (r->spec.cpus > VM_VCPUS) {
		refuse(reply, RESULT_UNSUPPORTED, ERR_TOO_MANY_VCPUS, r->spec.cpus, VM_VCPUS);
		return;
	}
	if (r->spec.memory_bytes > root->memory_free) {
		refuse(reply, RESULT_RESOURCES, ERR_NO_MEMORY, r->spec.memory_bytes, root->memory_free);
		return;
	}
	if (!is_image(r->spec.kernel)) {
		refuse(reply, RESULT_NOT_FOUND, ERR_NO_IMAGE, 0, 0);
		snprintf(reply->text, sizeof(reply->text), "%s", r->spec.kernel);
		return;
	}
	if (r->spec.disk_count && r->spec.disks[0].on[0] == 0) {
		refuse(reply, RESULT_RESOURCES, ERR_NO_DISK, 0, 0);
		snprintf(reply->text, sizeof(reply->text), "%s.0", r->name);
		return;
	}
	while (i < VM_COUNT && root->vms[i].is_used)
		i++;
	if (i == VM_COUNT) {
		refuse(reply, RESULT_RESOURCES, ERR_TOO_MANY_VMS, VM_COUNT + 1, VM_COUNT);
		return;
	}
	if (r->flags & REQ_FLAG_DRY_RUN)
		return;
	memset(&root->vms[i], 0, sizeof(root->vms[i]));
	root->vms[i].is_used = true;
	memcpy(root->vms[i].report.name, r->name, VM_NAME_BYTES);
	root->vms[i].report.index = i;
	root->vms[i].report.spec = r->spec;
	fake_nics(&root->vms[i].report);
	for (u32 disk = 0; disk < r->spec.disk_count; disk++) {
		struct disk_report *to = &root->vms[i].report.disks[disk];

		snprintf(to->volume, sizeof(to->volume), "%.28s.%u", r->name, disk % VM_DEVICES);
		memcpy(to->on, r->spec.disks[disk].on, sizeof(to->on));
		to->bytes = r->spec.disks[disk].bytes;
		to->flags = r->spec.disks[disk].flags | DISK_MADE;
	}
	spec_fill(&root->vms[i].report.spec, r->fields);
	if (root->given_up && strcmp(root->given_up, r->name) == 0 && (r->flags & REQ_FLAG_APPLIED)) {
		root->vms[i].report.state = VM_CRASHED;
		root->vms[i].report.restarts = 3;
		root->vms[i].report.has_given_up = 1;
	}
	root->memory_free -= r->spec.memory_bytes;
	reply->vm = root->vms[i].report;
}

/* It has what is asked, and else what the other one has. */
static void clone(struct fake_root *root, const struct request *r, struct reply *reply)
{
	struct request made = *r;
	struct fake_vm *vm = find(root, r->name);

	if (!vm) {
		refuse(reply, RESULT_NOT_FOUND, ERR_NO_VM, 0, 0);
		return;
	}
	made.spec = vm->report.spec;
	spec_merge(&made.spec, &r->spec, r->fields);
	memcpy(made.name, r->to, sizeof(made.name));
	create(root, &made, reply);
}

static bool state_allows(u32 op, u32 state, u32 flags)
{
	bool is_running = state == VM_RUNNING || state == VM_SUSPENDED;
	bool is_live = is_running || state == VM_PAUSED || state == VM_STARTING;

	switch (op) {
	case REQ_START:
		return !is_live;
	case REQ_PAUSE:
		return is_running;
	case REQ_RESUME:
		return state == VM_PAUSED;
	case REQ_NMI:
		return is_running;
	case REQ_DELETE:
		return !is_live || (flags & REQ_FLAG_FORCE);
	default:
		return is_live;
	}
}

static void change(struct fake_root *root, struct fake_vm *vm, const struct request *r, struct reply *reply)
{
	static const u32 states[REQ_OP_COUNT] = {
		[REQ_START] = VM_RUNNING, [REQ_STOP] = VM_STOPPED, [REQ_PAUSE] = VM_PAUSED, [REQ_RESUME] = VM_RUNNING,
		[REQ_RESET] = VM_RUNNING,
	};

	if (!state_allows(r->op, vm->report.state, r->flags)) {
		refuse(reply, RESULT_STATE, ERR_VM_STATE, 0, vm->report.state);
		return;
	}
	if (r->flags & REQ_FLAG_DRY_RUN)
		return;
	if (r->op == REQ_DELETE) {
		root->memory_free += vm->report.spec.memory_bytes;
		vm->is_used = false;
		return;
	}
	if (r->op == REQ_NMI)
		vm->nmis++;
	else
		fake_event(root, r->name, (enum vm_state)states[r->op], STOP_REQUEST);
	reply->vm = vm->report;
}

static void list(struct fake_root *root, const struct request *r, struct reply *reply)
{
	for (u32 i = r->index; i < VM_COUNT; i++) {
		if (!root->vms[i].is_used)
			continue;
		if (root->vms[i].report.state == VM_RUNNING) {
			root->vms[i].report.load.uptime_ns += 1000000000;
			root->vms[i].report.load.run_ns += 1000000000;
			root->vms[i].report.load.cpu_time_ns += 123000000;
			root->vms[i].report.load.guest_time_ns += 100000000;
			root->vms[i].report.load.exits += 4000;
			root->vms[i].report.load.wakeups += 250;
			root->vms[i].report.load.now_ns += 1000000000;
			root->vms[i].report.load.service_time_ns += 50000000;
			root->vms[i].report.disks[0].io.reads += 1500;
			root->vms[i].report.disks[0].io.read_bytes += 6 * MIB;
			fake_nic_load(&root->vms[i].report.nics[0]);
		}
		reply->vm = root->vms[i].report;
		return;
	}
	refuse(reply, RESULT_NOT_FOUND, ERR_NO_VM, 0, 0);
}

/* Root's judgement of a spec is root's to test; here is just one refusal of each kind. */
static void set(struct fake_root *root, struct fake_vm *vm, const struct request *r, struct reply *reply)
{
	static struct vm_spec next;

	next = vm->report.spec;
	spec_merge(&next, &r->spec, r->fields);
	if (state_is_live(vm->report.state) && (r->fields & ~FIELDS_ANY_TIME))
		refuse(reply, RESULT_STATE, ERR_VM_STATE, 0, vm->report.state);
	else if (!is_image(next.kernel))
		refuse(reply, RESULT_NOT_FOUND, ERR_NO_IMAGE, 0, 0);
	else if (next.share.affinity != SHARE_ALL_PCPUS && next.share.affinity >> root->info.pcpu_count)
		refuse(reply, RESULT_USAGE, ERR_NO_PCPU, root->info.pcpu_count, root->info.pcpu_count);
	else if (next.share.cap > 100 * next.cpus)
		refuse(reply, RESULT_USAGE, ERR_CAP, next.share.cap, 100 * next.cpus);
	else if ((r->fields & BIT32(FIELD_WEIGHT)) && next.share.class == SCHED_CLASS_RT)
		refuse(reply, RESULT_USAGE, ERR_WEIGHT_RT, 0, 0);
	else if (!(r->flags & REQ_FLAG_DRY_RUN))
		vm->report.spec = next;
	reply->vm = vm->report;
}

static void stats(const struct fake_vm *vm, struct reply *reply)
{
	const struct vm_report *r = &vm->report;

	memcpy(reply->stats.name, r->name, VM_NAME_BYTES);
	reply->stats.state = r->state;
	reply->stats.cpus = r->spec.cpus;
	reply->stats.share = r->spec.share;
	reply->stats.load.uptime_ns = reply->stats.load.run_ns = 10 * NS_PER_SECOND;
	reply->stats.load.cpu_time_ns = 5 * NS_PER_SECOND;
	reply->stats.load.guest_time_ns = 4 * NS_PER_SECOND;
	reply->stats.load.ready_ns = NS_PER_SECOND;
	reply->stats.load.exits = 1234567;
	reply->stats.load.exits_vmm = 34567;
	reply->stats.exit_count[EXIT_CPUID] = 234567;
	reply->stats.exit_ns[EXIT_CPUID] = 2345670000;
	reply->stats.exit_count[EXIT_PIO] = 1000000;
	reply->stats.exit_ns[EXIT_PIO] = 1234000000;
	reply->stats.load.wakeups = 1000;
	reply->stats.wake_bucket[0] = 45;
	reply->stats.wake_bucket[10] = 900;
	reply->stats.wake_bucket[12] = 99;
	reply->stats.wake_bucket[20] = 1;
	reply->stats.ram_bytes = r->spec.memory_bytes;
	reply->stats.ram_granted_bytes = 100 * MIB;
	reply->stats.guest_table_bytes = 400 * KIB;
	reply->stats.vmm_table_bytes = 80 * KIB;
	reply->stats.vmm_bytes = 300 * KIB;
	reply->stats.disk_count = r->spec.disk_count;
	for (u32 i = 0; i < r->spec.disk_count; i++) {
		struct store_figures *f = &reply->stats.disks[i].figures;

		memcpy(reply->stats.disks[i].volume, r->disks[i].volume, VOLUME_NAME_BYTES);
		f->counts = (struct io_counts){ .reads = 12345, .read_bytes = 96 * MIB, .writes = 655,
						.written_bytes = 5 * MIB, .flushes = 10, .errors = 2, .in_flight = 3 };
		f->latency[14] = 13000;
		f->latency[20] = 9;
		f->latency[STORE_LATENCY_BUCKETS - 1] = 1;
	}
	fake_nic_stats(r, &reply->stats);
}

static void pcpu(struct fake_root *root, u32 index, struct reply *reply)
{
	u64 ms = NS_PER_MS;

	if (index >= root->info.pcpu_count) {
		refuse(reply, RESULT_USAGE, ERR_NO_PCPU, index, root->info.pcpu_count);
		return;
	}
	root->pcpu_ns += NS_PER_SECOND;
	reply->pcpu = (struct pcpu_report){ index, root->info.pcpu_count, root->pcpu_ns / 1000 * 500,
		root->pcpu_ns / 1000 * 200, root->pcpu_ns / 1000 * 100, root->pcpu_ns / 1000 * 200, root->pcpu_ns,
		root->is_unsound ? -(s64)(100 * ms) : 0 };
}

static void memory(struct fake_root *root, struct reply *reply)
{
	struct memory_report *m = &reply->memory;

	m->installed = 2 * GIB;
	m->kernel = 9 * MIB;
	m->system = 20 * MIB;
	for (u32 i = 0; i < VM_COUNT; i++) {
		m->vm[i] = root->vms[i].is_used ? root->vms[i].report.spec.memory_bytes : 0;
		m->vms += m->vm[i];
	}
	m->free = m->installed - m->kernel - m->system - m->vms - (root->is_unsound ? 4096 : 0);
}

static const struct service_report services[] = {
	{ .name = "store", .index = 0, .state = SERVICE_UP, .restarts = 2, .bytes = 4 * MIB },
	{ .name = "screen", .index = 1, .state = SERVICE_RESTARTING },
	{ .name = "nvme0", .index = 2, .state = SERVICE_MISSING },
};

static void storage_row(const struct request *r, struct reply *reply)
{
	for (u32 i = 0; r->op == REQ_DISKS && i < ARRAY_COUNT(fake_disks); i++) {
		reply->disk = fake_disks[i];
		if (fake_disks[i].index >= r->index)
			return;
	}
	for (u32 i = 0; r->op == REQ_VOLUMES && i < ARRAY_COUNT(fake_volumes); i++) {
		reply->volume = fake_volumes[i];
		if (fake_volumes[i].index >= r->index)
			return;
	}
	if (fake_pool_row(r, reply))
		return;
	refuse(reply, RESULT_NOT_FOUND, r->op == REQ_DISKS ? ERR_NO_DEVICE : ERR_NO_VOLUME, 0, 0);
}

static void serve(struct fake_root *root, const struct request *r, struct reply *reply)
{
	struct fake_vm *vm = find(root, r->name);

	if (fake_user(root, r, reply))
		return;
	switch (r->op) {
	case REQ_CREATE:
		create(root, r, reply);
		return;
	case REQ_CLONE_VM:
		clone(root, r, reply);
		return;
	case REQ_LIST:
		list(root, r, reply);
		return;
	case REQ_IMAGES:
		fake_image_row(r, reply);
		return;
	case REQ_UPLOAD_OPEN: case REQ_UPLOAD_WRITE: case REQ_UPLOAD_FINISH: case REQ_DELETE_IMAGE:
		fake_upload(r, reply);
		return;
	case REQ_LOG_READ: case REQ_LOG_WRITE:
		if (root->log_error != ERR_NONE)
			refuse(reply, RESULT_STATE, root->log_error, 0, 0);
		else if (r->op == REQ_LOG_WRITE)
			fake_write_log(root, r);
		else
			fake_read_log(root, r, reply);
		return;
	case REQ_DEVICES:
		if (r->index < ARRAY_COUNT(fake_devices))
			reply->pci = fake_devices[r->index];
		else
			refuse(reply, RESULT_NOT_FOUND, ERR_NO_DEVICE, 0, 0);
		return;
	case REQ_SERVICES:
		if (r->index == ARRAY_COUNT(services) && root->has_card)
			reply->service = (struct service_report){ .name = "nic0", .index = r->index };
		else if (r->index < ARRAY_COUNT(services))
			reply->service = services[r->index];
		else
			refuse(reply, RESULT_NOT_FOUND, ERR_NO_SERVICE, 0, 0);
		return;
	case REQ_RESTART_SERVICE:
		fake_restart_service(root->restarted, r, reply);
		return;
	case REQ_DISKS: case REQ_VOLUMES: case REQ_POOLS:
		storage_row(r, reply);
		return;
	case REQ_CREATE_SWITCH: case REQ_DELETE_SWITCH: case REQ_SWITCHES: case REQ_PORTS: case REQ_STATIONS:
		fake_network(&root->switch_count, r, reply);
		return;
	case REQ_CREATE_ROUTER ... REQ_ROUTER_LINES: case REQ_PROBE:
		fake_router(&root->routers, r, reply);
		return;
	case REQ_CREATE_POOL: case REQ_DELETE_POOL: case REQ_CHECK_POOL: case REQ_SCRUB_POOL: case REQ_SET_POOL_KEY:
	case REQ_IMPORT_POOL: case REQ_EXPORT_POOL: case REQ_GROW_POOL: case REQ_UNLOCK_POOL: case REQ_OPEN_POOL:
	case REQ_REPLACE_DISK:
	case REQ_CREATE_VOLUME: case REQ_DELETE_VOLUME: case REQ_SET_VOLUME:
		fake_change_volume(r, reply);
		return;
	case REQ_SNAPSHOT_VM: case REQ_REVERT_VM: case REQ_DELETE_SNAPSHOT:
		fake_change_snapshot(r, reply);
		return;
	case REQ_HOST:
		reply->host = (struct host_report){ 2 * GIB, root->memory_free, 9 * MIB, root->now_ns,
			root->now_ns / 2, 0, 0, { .writes = 7, .written_bytes = 28 * KIB },
			1875 * (NS_PER_SECOND / 1000), NS_PER_SECOND / 4, { .place = DEFINITIONS_IN_RAM },
			{ .corrected = 3, .uncorrected = 1, .at_boot = 2, .frames_free = 1, .frames_used = 1 } };
		return;
	case REQ_PCPU:
		pcpu(root, r->index, reply);
		return;
	case REQ_MEMORY:
		memory(root, reply);
		return;
	case REQ_REBOOT: case REQ_POWEROFF:
		root->is_down = true;
		return;
	case REQ_CAPTURE_OPEN: case REQ_CAPTURE_READ: case REQ_CAPTURE_CLOSE:
		fake_capture(&root->captures, r, reply);		/* fall through */
	case REQ_KEEP:
		return;
	default:
		break;
	}
	if (!vm)
		refuse(reply, RESULT_NOT_FOUND, ERR_NO_VM, 0, 0);
	else if (r->op == REQ_STATUS)
		reply->vm = vm->report;
	else if (r->op == REQ_SET)
		set(root, vm, r, reply);
	else if (fake_changes_devices(r->op))
		fake_change_devices(&vm->report, r, reply);
	else if (r->op == REQ_STATS)
		stats(vm, reply);
	else
		change(root, vm, r, reply);
}

static bool is_table(u32 op)
{
	return op == REQ_LIST || op == REQ_IMAGES || op == REQ_PCPU || op == REQ_DEVICES ||
	       op == REQ_SERVICES || op == REQ_DISKS || op == REQ_VOLUMES || op == REQ_POOLS || op == REQ_SWITCHES ||
	       op == REQ_PORTS || op == REQ_STATIONS || op == REQ_ROUTERS || op == REQ_ROUTER_LINES;
}

/* Tables come a few rows at a time. */
void fake_answer_one(struct fake_root *root)
{
	static struct reply reply;
	static struct request request;
	u32 rows = 0;

	if (!root->held_count)
		return;
	request = root->held[0];
	memmove(root->held, root->held + 1, --root->held_count * sizeof(request));
	do {
		memset(&reply, 0, sizeof(reply));
		reply.kind = REPLY_ANSWER;
		reply.id = request.id;
		serve(root, &request, &reply);
		reply.more = is_table(request.op) && reply.result == RESULT_OK && ++rows < FAKE_ROWS;
		request.index = fake_next_index(&request, &reply);
		console_reply(root->console, &reply);
	} while (reply.more);
}

static struct request take_held(struct fake_root *root, u32 at)
{
	struct request request = root->held[at];

	memmove(root->held + at, root->held + at + 1, (--root->held_count - at) * sizeof(request));
	return request;
}

static void answer_with(struct fake_root *root, u32 id, enum result result, enum error error)
{
	static struct reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = id;
	refuse(&reply, result, error, 0, 0);
	console_reply(root->console, &reply);
}

/* Cancels are served also while all else is held: what is held counts as a request that waits. */
static bool serve_cancels(struct fake_root *root)
{
	for (u32 i = 0; i < root->held_count; i++) {
		struct request cancel;

		if (root->held[i].op != REQ_CANCEL)
			continue;
		cancel = take_held(root, i);
		for (u32 j = 0; j < root->held_count; j++)
			if (root->held[j].id == cancel.index)
				answer_with(root, take_held(root, j).id, RESULT_FAILED, ERR_CANCELED);
		answer_with(root, cancel.id, RESULT_OK, ERR_NONE);
		return true;
	}
	return false;
}

void fake_answer(struct fake_root *root)
{
	while (root->held_count)
		fake_answer_one(root);
}

static bool take_request(void *context, const struct request *request)
{
	struct fake_root *root = context;

	if (root->is_full || root->held_count == ARRAY_COUNT(root->held))
		return false;
	if (request->op == REQ_DEFINITIONS)
		return fake_take_keeper(root, request);
	root->held[root->held_count++] = *request;
	return true;
}

/* ---- the test's side ---- */

void fake_run(struct fake_root *root)
{
	bool is_some;

	root->sent = 0;
	do {
		is_some = console_run(root->console);
		is_some = serve_cancels(root) || is_some;
		is_some = fake_give_task(root) || is_some;
		if (!root->is_slow && root->held_count) {
			fake_answer(root);
			is_some = true;
		}
	} while (is_some);
}

void fake_type_bytes(struct fake_root *root, const char *bytes, size_t count)
{
	while (count) {
		size_t room = session_input_room(root->session), some = room < count ? room : count;

		if (some == 0)
			return;
		console_input(root->session, bytes, some);
		bytes += some;
		count -= some;
		fake_run(root);
	}
}

void fake_type(struct fake_root *root, const char *text)
{
	fake_type_bytes(root, text, strlen(text));
}

const char *fake_screen(struct fake_root *root)
{
	root->terminal_used = 0;
	return root->terminal;
}

void fake_guest_writes(struct fake_root *root, const char *name, const char *text)
{
	struct fake_vm *vm = find(root, name);

	for (; vm && *text; text++)
		if (vm->out_head - vm->out_tail < sizeof(vm->output))
			vm->output[vm->out_head++ % sizeof(vm->output)] = *text;
}

void fake_guests(struct fake_root *root)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		struct fake_vm *vm = &root->vms[i];

		for (u32 j = 0; vm->is_used && j < vm->in_count; j++) {
			char text[3] = { vm->input[j], vm->input[j] == '\r' ? '\n' : 0, 0 };

			fake_guest_writes(root, vm->report.name, text);
		}
		vm->in_count = 0;
	}
}

void fake_event(struct fake_root *root, const char *name, enum vm_state state, enum vm_reason reason)
{
	static struct reply reply;
	struct fake_vm *vm = find(root, name);

	if (!vm)
		return;
	vm->report.state = state;
	vm->report.reason = reason;
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_EVENT;
	reply.vm = vm->report;
	console_reply(root->console, &reply);
}

void fake_end(struct fake_root *root)
{
	fake_end_console(root->console);
	fake_images_end();
}

static void start_console(struct fake_root *root, const char *conf)
{
	root->args.conf_bytes = conf ? strlen(conf) : 0;
	root->args.start++;
	root->has_keeper = false;
	root->task = (struct definitions_report){ 0 };
	console_init(root->console, &root->ops, &root->info, &root->log, &root->args, conf);
	(void)console_open(root->console, root->session, &root->line, FRAME_TEXT);
	fake_task(root, DEFINITIONS_CONF, NULL);
}

void fake_restart(struct fake_root *root, const char *conf)
{
	fake_end_console(root->console);
	root->held_count = 0;		/* nobody waits for the answers */
	start_console(root, conf);
}

struct fake_root *fake_start(struct session *session, const char *conf)
{
	static struct console console;
	static struct fake_root root;

	root.console = &console;
	fake_end(&root);
	/* Not the whole: it is large, and a fuzzer starts it often. */
	memset(&root, 0, offsetof(struct fake_root, log));
	root.is_slow = root.is_full = root.is_down = root.is_unsound = false;
	root.pcpu_ns = 0;
	root.log.head = root.send_limit = root.terminal_used = root.held_count = 0;
	for (u32 i = 0; i < VM_COUNT; i++)
		root.vms[i].is_used = false;
	root.console = &console;
	root.session = session;
	root.now_ns = 1000000000;
	fake_images_start();
	root.memory_free = 1900 * MIB;
	root.info = (struct info_page){
		.magic = INFO_MAGIC,
		.tsc_hz = 2400000000,
		.pcpu_count = 1,
		.virt = VIRT_SVM,
		.memory_bytes = 2 * GIB,
		.features_used =
			BIT64(FEAT_SVM) | BIT64(FEAT_NPT) | BIT64(FEAT_NX) | BIT64(FEAT_SMEP) | BIT64(FEAT_SMAP),
		.features_missing = BIT64(FEAT_NRIPS) | BIT64(FEAT_VGIF),
		.silicon_flaws = BIT64(FLAW_SPECTRE_V2) | BIT64(FLAW_SRSO), .mitigations = 1,
		.signature = 0xa00f11, .microcode = 0xa0011d7, .threads_per_core = 2,
		.flaws = { [FLAW_SPECTRE_V2] = FLAW_NO_COMMAND, [FLAW_SRSO] = FLAW_OPEN, [FLAW_ZENBLEED] = 1 },
		.vendor = "AuthenticAMD",
		.brand = "QEMU TCG CPU version 2.5+",
		.loader = "GRUB 2.06",
		.firmware = "BIOS",
		.serial_port = 0x3f8,
		.serial_baud = 115200,
	};
	root.ops = (struct console_ops){ now_ns, take_request, vm_read, vm_has_room, vm_write, vm_break,
		now_ns, log_text, fake_window, root.definitions, &root };
	root.args.boot_id = 0xb007;
	root.line = (struct line_ops){ send, &root, "the first line" };
	start_console(&root, conf);
	return &root;
}
