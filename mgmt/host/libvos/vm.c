/* SPDX-License-Identifier: MIT */
/*
 * vm.c - the functions on VMs: each is a command of VOS's prompt with its arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"

static int act(struct vos *vos, const char *verb, json_t *arguments)
{
	json_decref(conn_call(vos, verb, arguments, false));
	return vos->result;
}

static int act_on(struct vos *vos, const char *verb, const char *name)
{
	return act(vos, verb, json_pack("{s:s}", "name", name));
}

static void set_text(json_t *arguments, const char *name, const char *text)
{
	if (text)
		json_object_set_new(arguments, name, json_string(text));
}

static void set_number(json_t *arguments, const char *name, u64 number)
{
	if (number)
		json_object_set_new(arguments, name, json_integer((json_int_t)number));
}

int vos_create_vm(struct vos *vos, const struct vos_vm_config *config)
{
	json_t *arguments = json_object(), *more = NULL;
	json_error_t error;

	if (!config->name) {
		json_decref(arguments);
		return conn_result(vos, VOS_USAGE, "E_USAGE", "a VM needs a name");
	}
	set_text(arguments, "name", config->name);
	set_number(arguments, "cpu", config->cpus);
	set_number(arguments, "memory", config->memory_bytes);
	set_text(arguments, "disk", config->disk);
	set_text(arguments, "kernel", config->kernel);
	set_text(arguments, "initrd", config->initrd);
	set_text(arguments, "cmdline", config->cmdline);
	set_text(arguments, "restart", config->restart);
	if (config->more)
		more = json_loads(config->more, 0, &error);
	if (config->more && !json_is_object(more)) {
		json_decref(arguments);
		json_decref(more);
		return conn_result(vos, VOS_USAGE, "E_USAGE", "`more` is not a JSON object");
	}
	if (more)
		json_object_update(arguments, more);
	json_decref(more);
	return act(vos, "create-vm", arguments);
}

int vos_start_vm(struct vos *vos, const char *name)
{
	return act_on(vos, "start-vm", name);
}

int vos_pause_vm(struct vos *vos, const char *name)
{
	return act_on(vos, "pause-vm", name);
}

int vos_resume_vm(struct vos *vos, const char *name)
{
	return act_on(vos, "resume-vm", name);
}

int vos_reset_vm(struct vos *vos, const char *name)
{
	return act_on(vos, "reset-vm", name);
}

int vos_stop_vm(struct vos *vos, const char *name, int timeout_ms)
{
	json_t *arguments = json_pack("{s:s}", "name", name);
	char text[32];

	snprintf(text, sizeof(text), "%dms", timeout_ms);
	if (timeout_ms == 0)
		json_object_set_new(arguments, "force", json_true());
	else if (timeout_ms > 0)
		json_object_set_new(arguments, "timeout", json_string(text));
	return act(vos, "stop-vm", arguments);
}

int vos_delete_vm(struct vos *vos, const char *name, unsigned flags)
{
	json_t *arguments = json_pack("{s:s}", "name", name);

	if (flags & VOS_DELETE_FORCE)
		json_object_set_new(arguments, "force", json_true());
	if (flags & VOS_DELETE_KEEP_DISK)
		json_object_set_new(arguments, "keep-disk", json_true());
	return act(vos, "delete-vm", arguments);
}

/* ---- reports ---- */

static void get_text(const json_t *vm, const char *name, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(vm, name));

	snprintf(to, size, "%s", text ? text : "");
}

static u64 get_number(const json_t *vm, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(vm, name));

	return number > 0 ? (u64)number : 0;
}

static void get_status(const json_t *vm, struct vos_vm_status *status)
{
	memset(status, 0, sizeof(*status));
	get_text(vm, "name", status->name, sizeof(status->name));
	get_text(vm, "state", status->state, sizeof(status->state));
	get_text(vm, "reason", status->reason, sizeof(status->reason));
	get_text(vm, "text", status->text, sizeof(status->text));
	status->cpus = (unsigned)get_number(vm, "cpu");
	status->memory_bytes = get_number(vm, "memory");
	status->uptime_ns = get_number(vm, "uptime-ns");
	status->cpu_time_ns = get_number(vm, "cpu-time-ns");
	status->exits = get_number(vm, "exits");
	status->restarts = get_number(vm, "restarts");
	status->log_bytes = get_number(vm, "log-bytes");
}

int vos_status_vm(struct vos *vos, const char *name, struct vos_vm_status *status)
{
	json_t *answer = conn_call(vos, "status-vm", json_pack("{s:s}", "name", name), false);

	if (vos->result == VOS_OK)
		get_status(json_object_get(answer, "return"), status);
	json_decref(answer);
	return vos->result;
}

int vos_list_vm(struct vos *vos, struct vos_vm_status **list, size_t *count)
{
	json_t *answer = conn_call(vos, "list-vm", NULL, false);
	const json_t *vms = json_object_get(answer, "return");

	*count = json_array_size(vms);
	*list = calloc(*count ? *count : 1, sizeof(**list));
	if (!*list)
		conn_result(vos, VOS_FAILED, "E_FAILED", "no memory");
	for (size_t i = 0; *list && i < *count; i++)
		get_status(json_array_get(vms, i), &(*list)[i]);
	if (vos->result != VOS_OK) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	json_decref(answer);
	return vos->result;
}

int vos_delete_image(struct vos *vos, const char *name)
{
	return act_on(vos, "delete-image", name);
}
