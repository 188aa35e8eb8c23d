/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c - takes requests apart: one row an operation says what it needs and who does it. A request is a private
 * copy; whether the client, and whoever is logged in there, may ask for that is judged here, and the name, the other
 * fields by whoever uses them. What is asked and what is refused is noted for the audit log.
 */
#include "dispatch.h"

#include <string.h>

#include "access.h"
#include "audit_log.h"
#include "bulk_requests.h"
#include "change.h"
#include "client.h"
#include "definition_changes.h"
#include "definitions.h"
#include "drivers.h"
#include "image_store.h"
#include "kept_answers.h"
#include "memory_report.h"
#include "networks.h"
#include "nic_change.h"
#include "power.h"
#include "probe_wait.h"
#include "reply.h"
#include "root.h"
#include "router_report.h"
#include "router_requests.h"
#include "session_table.h"
#include "spec.h"
#include "station_wait.h"
#include "storage_report.h"
#include "supervisor.h"
#include "sys.h"
#include "user_requests.h"
#include "vm.h"
#include "vm_disks.h"
#include "vm_logs.h"
#include "vm_report.h"

#define REQUESTS_PER_TURN 8u
#define ROWS_PER_REQUEST 32u	/* of a table, so that a turn stays bounded */
#define STOP_TIMEOUT_DEFAULT_MS 30000u
#define STOP_TIMEOUT_MAX_MS 86400000u	/* a day, as the console has it */

static u32 client;		/* whose request is in hand: */
static struct request request;
static struct reply reply;	/* for answers that are not about a VM */

static void send_answer(const struct error_info *error, const struct vm *vm)
{
	(void)reply_send(client, request.id, error, vm);	/* client_receive made sure of the room */
}

static void send_error(enum error error)
{
	struct error_info info = error_info_of(error, 0, 0);

	send_answer(&info, NULL);
}

static bool is_dry_run(void)
{
	return (request.flags & REQ_FLAG_DRY_RUN) != 0;
}

static void do_change(void)
{
	if (request.op == REQ_CREATE && !spec_name_ok(request.name))
		send_error(ERR_BAD_NAME);
	else
		change_begin(client, &request);
}

/* The change has the secret now. */
static void do_key(void)
{
	do_change();
	explicit_bzero(request.secret, sizeof(request.secret));
}

static void do_nic_change(void)
{
	nic_change_begin(client, &request);
}

static struct request_context context_of(void)
{
	u32 ms = request.timeout_ms != 0 ? request.timeout_ms : STOP_TIMEOUT_DEFAULT_MS;

	return (struct request_context){
		.is_request = true, .keeps_disks = (request.flags & REQ_FLAG_KEEP_DISKS) != 0,
		.is_applied = (request.flags & REQ_FLAG_APPLIED) != 0,
		.timeout_ns = (ms < STOP_TIMEOUT_MAX_MS ? ms : STOP_TIMEOUT_MAX_MS) * NS_PER_MS,
	};
}

/* A request that lifecycle.h's table decides. */
static void do_input(enum input input)
{
	bool is_delete = input == IN_DELETE || input == IN_DELETE_FORCE;
	struct request_context context = context_of();
	struct vm *vm = vm_find(request.name);
	struct outcome outcome;

	if (is_delete && !context.keeps_disks) {
		struct error_info no = vm_disks_judge_drop(vm);

		if (no.error != ERR_NONE) {
			send_answer(&no, vm);
			return;
		}
	}
	if (is_dry_run()) {
		struct error_info info = vm_judge(vm, input);

		send_answer(&info, vm);
		return;
	}
	if (!pending_reply_room(client)) {
		send_error(ERR_BUSY);
		return;
	}
	outcome = vm_input(vm, input, &context);
	if (outcome.wait_for != WAIT_FOR_NONE)
		pending_reply_add(client, request.id, vm->index, outcome.wait_for);
	else
		send_answer(&outcome.info, vm->is_used ? vm : NULL);
}

static void do_status(void)
{
	send_answer(&ERROR_INFO_NONE, vm_find(request.name));
}

static void begin_reply(void)
{
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = request.id;
}

/* ---- tables: each of these fills in the row at request.index, and steps to the next ---- */

static struct error_info vm_row(void)
{
	while (request.index < VM_COUNT && vm_at(request.index) == NULL)
		request.index++;
	if (request.index >= VM_COUNT)
		return error_info_of(ERR_NO_VM, 0, 0);
	vm_report_fill(vm_at(request.index++), &reply.vm);
	return ERROR_INFO_NONE;
}

static struct error_info image_row(void)
{
	const struct image *image = image_at(&root.images, request.index);

	if (image == NULL)
		return error_info_of(ERR_NO_IMAGE, 0, 0);
	request.index++;
	image_report_fill(image, &reply.image);
	return ERROR_INFO_NONE;
}

static struct error_info pcpu_row(void)
{
	if (request.index >= INFO->pcpu_count)
		return error_info_of(ERR_NO_PCPU, request.index, INFO->pcpu_count);
	pcpu_report_fill(request.index++, &reply.pcpu);
	return ERROR_INFO_NONE;
}

static struct error_info device_row(void)
{
	if (!device_report_fill(request.index, &reply.pci))
		return error_info_of(ERR_NO_DEVICE, 0, 0);
	request.index++;
	return ERROR_INFO_NONE;
}

static struct error_info service_row(void)
{
	return error_info_of(supervisor_report(&request.index, &reply.service) ? ERR_NONE : ERR_NO_SERVICE, 0, 0);
}

static struct error_info disk_row(void)
{
	if (!storage_disk_row(&request.index, &reply.disk))
		return error_info_of(ERR_NO_DEVICE, 0, 0);
	return ERROR_INFO_NONE;
}

static struct error_info volume_row(void)
{
	if (!storage_volume_row(&request.index, &reply.volume))
		return error_info_of(ERR_NO_VOLUME, 0, 0);
	return ERROR_INFO_NONE;
}

static struct error_info pool_row(void)
{
	if (!storage_pool_row(&request.index, &reply.pool))
		return error_info_of(ERR_NO_POOL, 0, 0);
	return ERROR_INFO_NONE;
}

/* As many rows as there are and the ring has room for; who wants the rest asks again. */
static void send_table(struct error_info (*fill_row)(void))
{
	for (u32 rows = 1;; rows++) {
		struct error_info info;

		begin_reply();
		info = fill_row();
		if (info.error != ERR_NONE) {
			send_answer(&info, NULL);
			return;
		}
		reply.more = rows < ROWS_PER_REQUEST && client_room(client) >= 2;
		if (!client_send(client, &reply) || reply.more == 0)
			return;
	}
}

static void do_host(void)
{
	begin_reply();
	host_report_fill(&reply.host);
	(void)client_send(client, &reply);
}

static void do_cancel(void)
{
	static const struct request_context none;
	struct vm *vm = is_dry_run() ? NULL : vm_at(pending_reply_cancel(client, request.index));

	if (!is_dry_run())
		change_cancel(client, request.index);
	if (!is_dry_run())
		nic_change_cancel(client, request.index);
	if (vm != NULL)
		(void)vm_input(vm, IN_CANCELED, &none);
	send_answer(&ERROR_INFO_NONE, NULL);
}

static void do_stats(void)
{
	begin_reply();
	vm_stats_fill(vm_find(request.name), &reply.stats);
	(void)client_send(client, &reply);
}

static void do_memory(void)
{
	begin_reply();
	memory_report_fill(&reply.memory);
	(void)client_send(client, &reply);
}

static void do_restart_service(void)
{
	send_error(supervisor_request(request.name, is_dry_run()));
}

static void do_definitions(void)
{
	definitions_request(client, &request);
}

/* ---- networks ---- */

/* What was changed of the definitions is answered when it is kept. */
static void answer_kept(struct error_info no)
{
	bool is_done = no.error == ERR_NONE && !is_dry_run();

	if (is_done)
		definitions_changed();
	if (is_done && kept_answers_have_room() &&
	    ((request.flags & REQ_FLAG_APPLIED) == 0 || !definitions_are_read()))
		kept_answers_add(client, request.id);
	else
		send_answer(&no, NULL);
}

static void do_create_switch(void)
{
	answer_kept(networks_create_switch(request.name, &request.network, is_dry_run()));
}

static void do_delete_switch(void)
{
	answer_kept(networks_delete_switch(request.name, is_dry_run()));
}

static struct error_info switch_row(void)
{
	return error_info_of(networks_switch_row(&request.index, &reply.network) ? ERR_NONE : ERR_NO_SWITCH, 0, 0);
}

static struct error_info port_row(void)
{
	return networks_port_row(request.name, &request.index, &reply.port);
}

static struct error_info station_rows(void)
{
	return networks_station_rows(request.name, &request.index, &reply.stations);
}

/* The first of its rows are late: the switch lists its addresses for them. */
static void do_stations(void)
{
	struct error_info no = ERROR_INFO_NONE;

	if (request.index == 0)
		no = station_wait_begin(client, &request);
	else
		send_table(station_rows);
	if (no.error != ERR_NONE)
		send_answer(&no, NULL);
}

static void do_create_router(void)
{
	answer_kept(router_request_create(request.name, &request.router, is_dry_run()));
}

static void do_set_router(void)
{
	answer_kept(router_request_set(request.name, &request.router, is_dry_run()));
}

static void do_delete_router(void)
{
	answer_kept(router_request_delete(request.name, is_dry_run()));
}

static struct error_info router_row(void)
{
	return error_info_of(router_report_row(&request.index, &reply.router) ? ERR_NONE : ERR_NO_ROUTER, 0, 0);
}

static struct error_info router_lines(void)
{
	return router_report_lines(request.name, &request.index, &reply.lines);
}

static void do_probe(void)
{
	probe_wait_request(client, &request);
}

/* ---- the machine ---- */

static void do_bulk(void)
{
	bulk_request(client, &request);
}

static void do_keep(void)
{
	answer_kept(ERROR_INFO_NONE);
}

static void do_log(void)
{
	vm_logs_request(client, &request);
}

static void do_user(void)
{
	user_request(client, &request);
}

static struct error_info session_next(void)
{
	return error_info_of(session_row(&request.index, &reply.session_row) ? ERR_NONE : ERR_NO_USER, 0, 0);
}

static void do_audit(void)
{
	begin_reply();
	audit_log_rows(request.index, &reply.audit);
	(void)client_send(client, &reply);
}

static void do_refused(void)
{
	audit_log_refused(client, &request);
	send_error(ERR_NONE);
}

static void do_power(bool is_reboot)
{
	if (power_is_planned())
		send_error(ERR_BUSY);
	else if (is_dry_run())
		send_answer(&ERROR_INFO_NONE, NULL);
	else
		power_request(client, request.id, is_reboot);
}

static void do_reboot(void)
{
	do_power(true);
}

static void do_poweroff(void)
{
	do_power(false);
}

static const struct row {
	void (*serve)(void);	/* NULL: `input` says what, or it is a table: */
	struct error_info (*fill_row)(void);
	u32 rights;		/* CLIENT_*: that it takes */
	bool needs_name;	/* of a VM (needs_vm) or of something else */
	bool needs_vm;
	u8 input, input_force;
} rows[REQ_OP_COUNT] = {
	[REQ_CREATE] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_START] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_START, .input_force = IN_START },
	[REQ_STOP] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_STOP, .input_force = IN_STOP_FORCE },
	[REQ_PAUSE] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_PAUSE, .input_force = IN_PAUSE },
	[REQ_RESUME] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_RESUME, .input_force = IN_RESUME },
	[REQ_RESET] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_RESET, .input_force = IN_RESET },
	[REQ_DELETE] = {
		.rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_DELETE, .input_force = IN_DELETE_FORCE,
	},
	[REQ_NMI] = { .rights = CLIENT_MANAGE, .needs_vm = true, .input = IN_NMI, .input_force = IN_NMI },
	[REQ_STATUS] = { .rights = CLIENT_LOOK, .serve = do_status, .needs_vm = true },
	[REQ_LIST] = { .rights = CLIENT_LOOK, .fill_row = vm_row },
	[REQ_IMAGES] = { .rights = CLIENT_LOOK, .fill_row = image_row },
	[REQ_HOST] = { .rights = CLIENT_LOOK, .serve = do_host },
	[REQ_REBOOT] = { .rights = CLIENT_POWER, .serve = do_reboot },
	[REQ_POWEROFF] = { .rights = CLIENT_POWER, .serve = do_poweroff },
	[REQ_SET] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_STATS] = { .rights = CLIENT_LOOK, .serve = do_stats, .needs_vm = true },
	[REQ_PCPU] = { .rights = CLIENT_LOOK, .fill_row = pcpu_row },
	[REQ_CANCEL] = { .rights = CLIENT_MANAGE, .serve = do_cancel },
	[REQ_DEVICES] = { .rights = CLIENT_LOOK, .fill_row = device_row },
	[REQ_SERVICES] = { .rights = CLIENT_LOOK, .fill_row = service_row },
	[REQ_RESTART_SERVICE] = { .rights = CLIENT_SERVICE, .serve = do_restart_service, .needs_name = true },
	[REQ_DISKS] = { .rights = CLIENT_LOOK, .fill_row = disk_row },
	[REQ_VOLUMES] = { .rights = CLIENT_LOOK, .fill_row = volume_row },
	[REQ_POOLS] = { .rights = CLIENT_LOOK, .fill_row = pool_row },
	[REQ_CREATE_POOL ... REQ_DELETE_POOL] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_CHECK_POOL ... REQ_SCRUB_POOL] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_REPLACE_DISK ... REQ_GROW_POOL] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_CREATE_VOLUME ... REQ_DELETE_VOLUME] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_ATTACH_DISK ... REQ_DETACH_DISK] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_ATTACH_NIC ... REQ_DETACH_NIC] = { .rights = CLIENT_MANAGE, .serve = do_nic_change, .needs_vm = true },
	[REQ_SNAPSHOT_VM] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_REVERT_VM] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_DELETE_SNAPSHOT] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_CLONE_VM] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_RESIZE_DISK] = { .rights = CLIENT_MANAGE, .serve = do_change, .needs_vm = true },
	[REQ_SET_POOL_KEY ... REQ_UNLOCK_POOL] = { .rights = CLIENT_MANAGE, .serve = do_key },
	[REQ_SET_VOLUME] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_RENAME_VOLUME] = { .rights = CLIENT_MANAGE, .serve = do_change },
	[REQ_CREATE_SWITCH] = { .rights = CLIENT_MANAGE, .serve = do_create_switch, .needs_name = true },
	[REQ_DELETE_SWITCH] = { .rights = CLIENT_MANAGE, .serve = do_delete_switch, .needs_name = true },
	[REQ_SWITCHES] = { .rights = CLIENT_LOOK, .fill_row = switch_row },
	[REQ_PORTS] = { .rights = CLIENT_LOOK, .fill_row = port_row },
	[REQ_STATIONS] = { .rights = CLIENT_LOOK, .serve = do_stations, .needs_name = true },
	[REQ_CREATE_ROUTER] = { .rights = CLIENT_MANAGE, .serve = do_create_router, .needs_name = true },
	[REQ_SET_ROUTER] = { .rights = CLIENT_MANAGE, .serve = do_set_router, .needs_name = true },
	[REQ_DELETE_ROUTER] = { .rights = CLIENT_MANAGE, .serve = do_delete_router, .needs_name = true },
	[REQ_ROUTERS] = { .rights = CLIENT_LOOK, .fill_row = router_row },
	[REQ_ROUTER_LINES] = { .rights = CLIENT_LOOK, .fill_row = router_lines },
	[REQ_PROBE] = { .rights = CLIENT_MANAGE, .serve = do_probe },
	[REQ_UPLOAD_OPEN ... REQ_DELETE_IMAGE] = { .rights = CLIENT_MANAGE, .serve = do_bulk },
	[REQ_EXPORT_OPEN ... REQ_EXPORT_CLOSE] = { .rights = CLIENT_MANAGE, .serve = do_bulk },
	[REQ_CAPTURE_OPEN] = { .rights = CLIENT_MANAGE, .serve = do_bulk, .needs_name = true },
	[REQ_CAPTURE_READ ... REQ_CAPTURE_CLOSE] = { .rights = CLIENT_MANAGE, .serve = do_bulk },
	[REQ_MEMORY] = { .rights = CLIENT_LOOK, .serve = do_memory },
	[REQ_KEEP] = { .rights = CLIENT_MANAGE, .serve = do_keep },
	[REQ_LOG_READ ... REQ_LOG_WRITE] = { .rights = CLIENT_MANAGE, .serve = do_log, .needs_vm = true },
	[REQ_DEFINITIONS] = { .rights = CLIENT_MANAGE, .serve = do_definitions },
	[REQ_LOGIN] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_LOGOUT] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_SESSIONS] = { .rights = CLIENT_LOOK, .fill_row = session_next },
	[REQ_PASSWD] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_ADD_USER] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_SET_USER] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_DELETE_USER] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_USERS] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_EXPORT_USERS] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_UNLOCK_USER] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_AUDIT] = { .rights = CLIENT_MANAGE, .serve = do_audit },
	[REQ_AUDIT_VERIFY] = { .rights = CLIENT_MANAGE, .serve = do_user },
	[REQ_REFUSED] = { .rights = CLIENT_MANAGE, .serve = do_refused },
	[REQ_TOKEN_LOGIN] = { .rights = CLIENT_MANAGE, .serve = do_user },
};

/* Changes that can't be judged without being made: whoever asks for that is refused, for no dry run is recorded. */
static const bool has_no_dry_run[REQ_OP_COUNT] = {
	[REQ_UPLOAD_OPEN ... REQ_UPLOAD_FINISH] = true, [REQ_EXPORT_OPEN] = true, [REQ_CAPTURE_OPEN] = true,
	[REQ_LOGIN] = true, [REQ_TOKEN_LOGIN] = true, [REQ_LOGOUT] = true, [REQ_PASSWD] = true,
	[REQ_EXPORT_USERS] = true,
};

static void serve(void)
{
	const struct row *row = &rows[request.op < REQ_OP_COUNT ? request.op : 0];
	struct error_info no = access_judge(client, &request, definitions_are_applied());

	audit_log_reused(client, request.id);
	if (!client_may(client, row->rights))
		no = error_info_of(ERR_DENIED, 0, 0);
	if (row->rights == 0) {	/* an empty row: there is no such request */
		struct error_info info = error_info_of(ERR_BAD_FIELD, 0, FIELD_OP);

		send_answer(&info, NULL);
	} else if (!audit_log_note(client, &request, &no)) {
		send_error(ERR_BUSY);
	} else if (no.error != ERR_NONE) {
		send_answer(&no, NULL);
	} else if (row->fill_row != NULL) {
		send_table(row->fill_row);
	} else if (is_dry_run() && has_no_dry_run[request.op]) {
		send_error(ERR_NO_DRY_RUN);
	} else if ((row->needs_vm || row->needs_name) && !spec_name_ok(request.name)) {
		send_error(ERR_BAD_NAME);
	} else if (row->needs_vm && vm_find(request.name) == NULL) {
		send_error(ERR_NO_VM);
	} else if (row->serve != NULL) {
		row->serve();
	} else {
		do_input((request.flags & REQ_FLAG_FORCE) != 0 ? row->input_force : row->input);
	}
}

/* False: there may be more. */
static bool serve_client(void)
{
	for (u32 i = 0; i < REQUESTS_PER_TURN; i++) {
		if (!audit_log_has_room() || !client_receive(client, &request))
			return true;
		serve();
	}
	return false;
}

u64 dispatch_requests(void)
{
	u64 next = DEADLINE_NONE;

	while (station_wait_take(&client, &request))
		send_table(station_rows);
	for (client = 0; client < client_count; client++)
		if (!serve_client())
			next = 0;
	return next != 0 ? station_wait_limit() : 0;
}
