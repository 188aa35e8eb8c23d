/* SPDX-License-Identifier: MIT */
/*
 * messages.c - names of states, reasons and features, and root's refusals in words: what is needed, what there
 * is, what to try.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "command.h"
#include "login.h"
#include "report.h"
#include "report_tables.h"
#include "trait_words.h"
#include "units.h"

static const char *const state_names[VM_STATE_COUNT] = {
	[VM_DEFINED] = "defined", [VM_STARTING] = "starting", [VM_RUNNING] = "running", [VM_PAUSED] = "paused",
	[VM_STOPPING] = "stopping", [VM_STOPPED] = "stopped", [VM_CRASHED] = "crashed",
	[VM_SUSPENDED] = "suspended",
};

static const char *const vcpu_state_names[VCPU_STATE_COUNT] = {
	[VCPU_IS_OFF] = "off", [VCPU_IS_RUNNING] = "running", [VCPU_IS_HALTED] = "halted",
	[VCPU_IS_UNSTARTED] = "waiting-for-sipi", [VCPU_IS_PAUSED] = "paused",
};

static const char *const reason_names[STOP_COUNT] = {
	[STOP_NONE] = "-",
	[STOP_REQUEST] = "request",
	[STOP_GUEST_POWEROFF] = "guest-poweroff",
	[STOP_GUEST_REBOOT] = "guest-reboot",
	[STOP_FORCED] = "forced",
	[STOP_TRIPLE_FAULT] = "triple-fault",
	[STOP_GUEST_PANIC] = "guest-panic",
	[STOP_BAD_STATE] = "bad-cpu-state",
	[STOP_BAD_IMAGE] = "bad-image",
	[STOP_EMULATION] = "not-emulated",
	[STOP_VMM_FAULT] = "vmm-fault",
	[STOP_NO_MEMORY] = "no-memory",
	[STOP_IO_ERROR] = "io-error",
	[STOP_POOL_FULL] = "pool-full",
	[STOP_POOL_LOCKED] = "pool-locked",
	[STOP_NO_MEDIUM] = "no-bootable-medium",
	[STOP_MEMORY_ERROR] = "memory-error",
};

const struct feature_name feature_names[FEAT_COUNT] = {
	[FEAT_SVM] = { "svm" },
	[FEAT_NPT] = { "npt" },
	[FEAT_NRIPS] = { "nrips" },
	[FEAT_DECODE_ASSISTS] = { "decode-assists" },
	[FEAT_FLUSH_BY_ASID] = { "flush-by-asid" },
	[FEAT_VGIF] = { "vgif" },
	[FEAT_PAUSE_FILTER] = { "pause-filter" },
	[FEAT_VMX] = { "vmx" },
	[FEAT_EPT] = { "ept" },
	[FEAT_UNRESTRICTED_GUEST] = { "unrestricted-guest" },
	[FEAT_VPID] = { "vpid" },
	[FEAT_PREEMPTION_TIMER] = { "preemption-timer" },
	[FEAT_TPR_SHADOW] = { "tpr-shadow" },
	[FEAT_APICV] = { "apicv" },
	[FEAT_EPT_AD] = { "ept-ad" },
	[FEAT_PAGES_1G] = { "1g-pages" },
	[FEAT_NX] = { "nx" },
	[FEAT_SMEP] = { "smep" },
	[FEAT_SMAP] = { "smap" },
	[FEAT_UMIP] = { "umip" },
	[FEAT_FSGSBASE] = { "fsgsbase" },
	[FEAT_PCID] = { "pcid" },
	[FEAT_XSAVE] = { "xsave" },
	[FEAT_XSAVEOPT] = { "xsaveopt" },
	[FEAT_X2APIC] = { "x2apic" },
	[FEAT_TSC_DEADLINE] = { "tsc-deadline" },
	[FEAT_INVARIANT_TSC] = { "invariant-tsc" },
	[FEAT_TSC_IN_STEP] = { "tsc-in-step" },
};

/* As Linux names them in /sys/devices/system/cpu/vulnerabilities, where it does. */
const struct feature_name silicon_flaw_names[SILICON_FLAW_COUNT] = {
	[FLAW_MELTDOWN] = { "meltdown" },
	[FLAW_L1TF] = { "l1tf" },
	[FLAW_MDS] = { "mds" },
	[FLAW_TAA] = { "tsx_async_abort" },
	[FLAW_ITLB_MULTIHIT] = { "itlb_multihit" },
	[FLAW_SPECTRE_V2] = { "spectre_v2" },
	[FLAW_BHI] = { "bhi" },
	[FLAW_RETBLEED] = { "retbleed" },
	[FLAW_SRSO] = { "srso" },
	[FLAW_BUS_LOCK] = { "bus_lock" },
	[FLAW_SPECTRE_V1] = { "spectre_v1" },
	[FLAW_SSB] = { "spec_store_bypass" },
	[FLAW_MMIO] = { "mmio_stale_data" },
	[FLAW_RFDS] = { "rfds" },
	[FLAW_SRBDS] = { "srbds" },
	[FLAW_GDS] = { "gather_data_sampling" },
	[FLAW_ITS] = { "its" },
	[FLAW_TSA] = { "tsa" },
	[FLAW_VMSCAPE] = { "vmscape" },
	[FLAW_ZENBLEED] = { "zenbleed" },
	[FLAW_DIVIDER] = { "divider" },
};

const char *state_text(u32 state)
{
	return state < VM_STATE_COUNT ? state_names[state] : "?";
}

const char *vcpu_state_text(u32 state)
{
	return state < VCPU_STATE_COUNT ? vcpu_state_names[state] : "?";
}

const char *reason_text(u32 reason)
{
	return reason < STOP_COUNT ? reason_names[reason] : "?";
}

static void reason_detail(const struct out *out, const struct vm_report *r)
{
	if (r->reason == STOP_VMM_FAULT && r->vmm_fault >= 1 && r->vmm_fault <= 256)
		out_format(out, " vector=%u address=%llx rip=%llx", r->vmm_fault - 1, (unsigned long long)r->detail,
			(unsigned long long)r->rip);
	else if (r->reason == STOP_VMM_FAULT)
		out_format(out, " kind=%x rip=%llx", r->vmm_fault, (unsigned long long)r->rip);
	else if (r->reason == STOP_BAD_IMAGE || r->reason == STOP_GUEST_PANIC || r->reason == STOP_NO_MEMORY)
		return;
	else
		out_format(out, " rip=%llx", (unsigned long long)r->rip);
}

bool report_reason_is_old(const struct vm_report *r)
{
	static const bool is_of_now[STOP_COUNT] = {
		[STOP_IO_ERROR] = true, [STOP_POOL_FULL] = true, [STOP_NO_MEDIUM] = true, [STOP_POOL_LOCKED] = true,
	};
	bool is_up = r->state == VM_STARTING || r->state == VM_RUNNING || r->state == VM_SUSPENDED ||
		     r->state == VM_PAUSED;

	return is_up && r->reason != STOP_NONE && r->reason != STOP_REQUEST && r->reason < STOP_COUNT &&
	       !is_of_now[r->reason];
}

void report_reason(const struct out *out, const struct vm_report *r)
{
	if (r->reason == STOP_REQUEST && r->state != VM_STOPPED && r->state != VM_CRASHED)
		out_text(out, "-");
	else
		out_text(out, reason_text(r->reason));
	if (r->state == VM_CRASHED)
		reason_detail(out, r);
	if (r->text[0]) {
		out_text(out, ": ");
		out_escaped_line(out, r->text, sizeof(r->text));
	}
}

/* The VM whose end would free most, or 0. */
static const struct vm_entry *largest_live(const struct inventory *m)
{
	const struct vm_entry *best = 0;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && vm_is_live(&m->vms[i]) &&
		    (!best || m->vms[i].report.spec.memory_bytes > best->report.spec.memory_bytes))
			best = &m->vms[i];
	return best;
}

static void no_memory(
	struct cmd_error *error, const struct request *request, const struct reply *reply, const struct inventory *m)
{
	const struct vm_entry *other = largest_live(m);
	char need[UNIT_TEXT_BYTES], have[UNIT_TEXT_BYTES], flag[UNIT_TEXT_BYTES], freed[UNIT_TEXT_BYTES];
	char advice[160];
	size_t used = 0;

	advice[0] = 0;
	if (reply->have >= 32 * MIB)
		used = (size_t)snprintf(
			advice, sizeof(advice), ". Try %s--memory %s", request->op == REQ_START ? "set-vm with " : "",
			size_flag(flag, reply->have - reply->have / 32));
	if (other)
		snprintf(advice + used, sizeof(advice) - used, "%s stop-vm %s (frees %s)", used ? ", or" : ". Try",
			other->report.name, size_text(freed, other->report.spec.memory_bytes, false));
	error_set(error, RESULT_RESOURCES, "%s needs %s, %s free%s", request->name, size_text(need, reply->need, true),
		size_text(have, reply->have, false), advice);
}

/* With the VM's name for the first %s. */
static const char *state_advice(u32 op, u32 state)
{
	bool is_live = state_is_live(state);

	switch (op) {
	case REQ_START:
		return state == VM_PAUSED ? "Try resume-vm %s" :
		       is_live		  ? "reset-vm %s boots it again" :
					    "Wait until it has stopped";
	case REQ_DELETE:
		return "Stop it first, or use --force";
	case REQ_RESUME:
		return state == VM_SUSPENDED ? "A key on its console wakes it" :
		       is_live ? "Only a paused VM can be resumed" : "Try start-vm %s";
	case REQ_PAUSE:
		return is_live ? "Only a running VM can be paused" : "Try start-vm %s";
	case REQ_SET:
		return is_live ? "Stop it first: only restart, autostart, on-io-error, class, weight, cap and affinity "
			"can change while it runs, and iops= and rate= of --disk, with all disks of the VM given; "
			"export-config %s prints them" : "Wait until it has stopped";
	case REQ_ATTACH_DISK: case REQ_DETACH_DISK: case REQ_ATTACH_NIC: case REQ_DETACH_NIC:
		return state == VM_PAUSED    ? "Try resume-vm %s" :
		       state == VM_SUSPENDED ? "A key on its console wakes it" :
					       "Wait until it runs or has stopped";
	case REQ_STOP:
		return is_live ? "Wait until it has stopped" : "There is nothing to stop";
	case REQ_NMI:
		return state == VM_PAUSED ? "Try resume-vm %s" : is_live ? "Wait until it runs" : "Try start-vm %s";
	default:
		return is_live ? "Wait until it has stopped" : "Try start-vm %s";
	}
}

static void bad_state(struct cmd_error *error, const struct request *request, const struct reply *reply)
{
	const char *advice = state_advice(request->op, (u32)reply->have), *mark = strstr(advice, "%s");
	size_t length = mark ? (size_t)(mark - advice) : strlen(advice);

	if (reply->have == VM_STOPPING)
		error_set(error, RESULT_STATE, "%s is stopping. Wait until it has stopped, or use stop-vm %s --force",
			request->name, request->name);
	else
		error_set(error, RESULT_STATE, "%s %s %s. %.*s%s%s", request->name,
			reply->have == VM_CRASHED ? "has" : "is", state_text((u32)reply->have), (int)length, advice,
			mark ? request->name : "", mark ? mark + 2 : "");
}

/* The command that sends such a request. */
static const char *verb_of(u32 op)
{
	FOR_EACH_COMMAND(c)
		if (c->op == op)
			return c->verb;
	return "create-vm";
}

static void bad_field(struct cmd_error *error, const struct request *request, const struct reply *reply)
{
	bool is_spec = reply->have < FIELD_SPEC_COUNT;

	if (request->op == REQ_START && reply->have == FIELD_MEMORY)
		error_set(error, RESULT_USAGE,
			"this processor can't address as much memory as %s has. Try set-vm %s --memory",
			request->name, request->name);
	else if (request->op == REQ_START && reply->have == FIELD_VMM)
		error_set(error, RESULT_USAGE,
			"the --vmm of %s is no program that can run here. Try set-vm %s --vmm none", request->name,
			request->name);
	else
		error_set(error, RESULT_USAGE, "%s%s is not accepted with this value. Try %s --help",
			is_spec ? "--" : "", is_spec ? arg_specs[ARG_OF_FIELD(reply->have)].name : "this request",
			verb_of(request->op));
}

static void no_pcpu(struct cmd_error *error, const struct reply *reply)
{
	if (reply->have == 1)
		error_set(error, RESULT_USAGE, "there is no pCPU %u: this machine has one, number 0. Try --affinity 0",
			(u32)reply->need);
	else
		error_set(error, RESULT_USAGE, "there is no pCPU %u: this machine has %u, 0 to %u. Try --affinity all",
			(u32)reply->need, (u32)reply->have, (u32)reply->have - 1);
}

/* A clone that is to be, or else the VM that is there. */
static const char *vm_meant(const struct request *request)
{
	return request->op == REQ_CLONE_VM ? request->to : request->name;
}

static void cap_too_large(struct cmd_error *error, const char *name, u32 need, u32 have)
{
	char vcpus[32];

	snprintf(vcpus, sizeof(vcpus), have == 100 ? "its one vCPU" : "each of its %u vCPUs", have / 100);
	error_set(error, RESULT_USAGE,
		"--cap %u%% is more than %s can use: 100%% of a pCPU for %s. Try --cap %u%%, or none", need, name,
		vcpus, have);
}

static void guest_memory(struct cmd_error *error, const char *name, const struct reply *reply)
{
	char have[UNIT_TEXT_BYTES], need[UNIT_TEXT_BYTES];

	error_set(error, RESULT_USAGE, "%s asks for %s of memory; a VM can have %s on this machine", name,
		size_text(need, reply->need, true), size_text(have, reply->have, false));
}

static void image_memory(struct cmd_error *error, const char *name, const struct reply *reply)
{
	char have[UNIT_TEXT_BYTES], need[UNIT_TEXT_BYTES];
	u64 least = (reply->need + PAGE_SIZE_2M - 1) & ~(PAGE_SIZE_2M - 1);

	size_text(have, reply->have, false);
	size_text(need, reply->need, true);
	error_set(error, RESULT_USAGE, "%s would have %s of memory; its kernel, and what is loaded with it, take %s. "
		"Try --memory %uM, or more", name, have, need, (u32)(least / MIB));
}

static void disk_sizes(struct cmd_error *error, const struct reply *reply)
{
	char need[UNIT_TEXT_BYTES], have[UNIT_TEXT_BYTES];
	int length = (int)strnlen(reply->text, sizeof(reply->text));

	size_text(need, reply->need, true);
	size_text(have, reply->have, false);
	if (reply->error == ERR_VOLUME_SIZE)
		error_set(error, RESULT_STATE, "volume %.*s is there and has %s, not %s. Try --disk volume=%.*s, or "
			"delete it first", length, reply->text, have, need, length, reply->text);
	else if (reply->error == ERR_IMAGE_LARGER)
		error_set(error, RESULT_USAGE, "image %.*s has %s and does not fit into a volume of %s", length,
			reply->text, need, have);
	else if (reply->error == ERR_DISK_FULL)
		error_set(error, RESULT_RESOURCES, "disk %.*s has room for a volume of %s, not of %s. Try a smaller "
			"size, or another disk; see list-disk", length, reply->text, have, need);
	else if (reply->error == ERR_DISK_MEMORY)
		error_set(error, RESULT_RESOURCES, "volume %.*s needs %s of memory, %s free. Try a smaller size",
			length, reply->text, need, have);
	else if (reply->error == ERR_RESERVE_SIZE)
		error_set(error, RESULT_USAGE, "volume %.*s has %s: no more of it than that can be kept, not %s",
			length, reply->text, have, need);
	else if (reply->error == ERR_VOLUME_SHRINKS)
		error_set(error, RESULT_UNSUPPORTED, "volume %.*s has %s: it can grow, and not have %s. Make a smaller "
			"one with attach-disk, and copy the data in the guest", length, reply->text, have, need);
	else
		error_set(error, RESULT_USAGE, "volume %.*s can't have %s in memory: at most %s", length, reply->text,
			need, have);
}

static void volume_trait(struct cmd_error *error, const struct reply *reply)
{
	const struct trait_words *t = &trait_words[reply->need < TRAIT_COUNT ? reply->need : 0];
	int length = (int)strnlen(reply->text, sizeof(reply->text));

	if (reply->error == ERR_VOLUME_TRAIT)
		error_set(error, RESULT_STATE, "volume %.*s is there with another %s, which can't be changed. Leave "
			"out %s, or choose another name; see list-volume", length, reply->text, t->name,
			t->key);
	else if (length == 0)
		error_set(error, RESULT_USAGE, "%s is for volumes in a pool, and there is none. create-pool NAME DISK "
			"makes one; see list-pool", t->key);
	else
		error_set(error, RESULT_USAGE, "%s is for volumes in a pool, and %.*s is none. Leave it out, or choose "
			"a pool; see list-pool", t->key, length, reply->text);
}

static void pool_room(struct cmd_error *error, const struct reply *reply)
{
	char need[UNIT_TEXT_BYTES], have[UNIT_TEXT_BYTES];

	error_set(error, RESULT_RESOURCES, "pool %.*s has %s free, which a thick volume of %s and its maps do not fit "
		"into. Try a smaller size, or a thin one; see list-pool",
		(int)strnlen(reply->text, sizeof(reply->text)), reply->text, size_text(have, reply->have, false),
		size_text(need, reply->need, false));
}

static void upload_memory(struct cmd_error *error, const struct reply *reply)
{
	char need[UNIT_TEXT_BYTES], have[UNIT_TEXT_BYTES];

	size_text(need, reply->need, true);
	size_text(have, reply->have, false);
	error_set(error, RESULT_RESOURCES, "the image needs %s of memory, %s can be had: the rest is in use, or "
		"running VMs may still need it", need, have);
}

static bool has_log(const struct inventory *m, const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && strcmp(m->vms[i].report.name, name) == 0)
			return m->vms[i].history.written != m->vms[i].history.first;
	return false;
}

static void vm_ended(
	struct cmd_error *error, const struct request *request, const struct reply *reply, const struct inventory *m)
{
	char text[200];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	report_reason(&out, &reply->vm);
	if (has_log(m, request->name))
		error_set(error, RESULT_FAILED, "%s ended: %s. log-vm %s shows its last output", request->name, text,
			request->name);
	else
		error_set(error, RESULT_FAILED, "%s ended: %s", request->name, text);
}

static void no_virtualization(struct cmd_error *error, const struct info_page *info)
{
	error_set(error, RESULT_UNSUPPORTED, "VMs can't run on this machine: %.*s", (int)sizeof(info->virt_reason),
		info->virt_reason[0] ? info->virt_reason : "it has no usable virtualization");
}

static void role_needed(struct cmd_error *error, const struct reply *reply)
{
	error_set(error, RESULT_DENIED, "that needs the role %s, and %.*s is %s", role_text((u32)reply->need),
		  (int)sizeof(reply->text), reply->text, role_text((u32)reply->have));
}

static void canceled(struct cmd_error *error, const struct request *request)
{
	if (request->name[0] == 0)
		error_set(error, RESULT_FAILED, "canceled: the command continues; see list-volume");
	else if (request->op == REQ_DETACH_DISK)
		error_set(error, RESULT_FAILED, "canceled: the guest is not asked any more. A disk that it has let go "
			"of is gone; see status-vm %s", request->name);
	else
		error_set(error, RESULT_FAILED, request->op == REQ_STOP ?
			"canceled: %s is not forced off" :
			"canceled: the command continues; see status-vm %s", request->name);
}

static void router_spec(struct cmd_error *error, const struct reply *reply)
{
	static const char *const texts[ROUTER_ERROR_COUNT] = {
		[ROUTER_BAD_COUNT] = "a router has 1 to 7 inner ports, and at most 32 forwards",
		[ROUTER_BAD_PORT] = "the address of a port is one of a host, with 1 to 30 bits for its network, such "
			"as 10.1.0.1/24",
		[ROUTER_BAD_OUTER] = "an inner port needs an address, such as --inner lan,10.1.0.1/24",
		[ROUTER_BAD_OVERLAP] = "two ports are in one network. Give each port a network of its own",
		[ROUTER_BAD_ROUTE] = "the gateway is not in the network of the outer port's address",
		[ROUTER_BAD_FORWARD] = "a forward is to a VM, or to an address of the network of an inner port; there "
			"is one for each protocol and port; and the router needs --outer for them",
		[ROUTER_BAD_PREFIX6] = "ip6= is the network of one inner port, such as ip6=fd00:1:2:3::/64; not one "
			"within a link (fe80::), nor of groups (ff00::)",
		[ROUTER_BAD_NAME] = "the name of a router has at most 24 characters",
	};
	const char *text = reply->have < ROUTER_ERROR_COUNT ? texts[reply->have] : 0;

	if (text)
		error_set(error, RESULT_USAGE, "%s", text);
	else
		error_set(error, RESULT_USAGE, "the router can't be like that (reason %u)", (u32)reply->have);
}

/* Messages that their row leaves open. */
static void special_message(
	struct cmd_error *error, const struct request *request, const struct reply *reply, const struct inventory *m)
{
	switch ((enum error)reply->error) {
	case ERR_VM_STATE:
		bad_state(error, request, reply);
		break;
	case ERR_BAD_FIELD:
		bad_field(error, request, reply);
		break;
	case ERR_NO_MEMORY:
		no_memory(error, request, reply, m);
		break;
	case ERR_NO_VIRT:
		no_virtualization(error, m->info);
		break;
	case ERR_VM_ENDED:
		vm_ended(error, request, reply, m);
		break;
	case ERR_NO_PCPU:
		no_pcpu(error, reply);
		break;
	case ERR_CAP:
		cap_too_large(error, vm_meant(request), (u32)reply->need, (u32)reply->have);
		break;
	case ERR_IMAGE_MEMORY:
		image_memory(error, vm_meant(request), reply);
		break;
	case ERR_GUEST_MEMORY:
		guest_memory(error, vm_meant(request), reply);
		break;
	case ERR_VOLUME_SIZE: case ERR_VOLUME_RAM_SIZE: case ERR_DISK_MEMORY: case ERR_DISK_FULL: case ERR_IMAGE_LARGER:
	case ERR_VOLUME_SHRINKS: case ERR_RESERVE_SIZE:
		disk_sizes(error, reply);
		break;
	case ERR_VOLUME_TRAIT: case ERR_TRAIT_PLACE:
		volume_trait(error, reply);
		break;
	case ERR_POOL_ROOM:
		pool_room(error, reply);
		break;
	case ERR_UPLOAD_MEMORY:
		upload_memory(error, reply);
		break;
	case ERR_ROUTER_SPEC:
		router_spec(error, reply);
		break;
	case ERR_CANCELED:
		canceled(error, request);
		break;
	case ERR_ROLE:
		role_needed(error, reply);
		break;
	default:
		error_set(error, RESULT_FAILED, "%s failed (error %u)", request->name, reply->error);
		break;
	}
}

/* Write what the mark at `at` stands for; returns its length, 0 if it is none. */
static size_t put_mark(const struct out *out, const char *at, const struct request *request, const struct reply *reply)
{
	if (strncmp(at, "{new}", 5) == 0) {
		out_text(out, request->to[0] ? request->to : request->name);
		return 5;
	}
	if (strncmp(at, "{name}", 6) == 0)
		out_text(out, request->name);
	else if (strncmp(at, "{need}", 6) == 0)
		out_format(out, "%llu", (unsigned long long)reply->need);
	else if (strncmp(at, "{have}", 6) == 0)
		out_format(out, "%llu", (unsigned long long)reply->have);
	else if (strncmp(at, "{text}", 6) == 0)
		out_bytes(out, reply->text, strnlen(reply->text, sizeof(reply->text)));
	else
		return 0;
	return 6;
}

static void fill_in(
	struct cmd_error *error, const char *message, const struct request *request, const struct reply *reply)
{
	struct out_buffer buffer;
	struct out out;

	error->at = 0;
	out_buffer_init(&buffer, error->text, sizeof(error->text));
	out = out_to_buffer(&buffer);
	while (*message) {
		size_t length = put_mark(&out, message, request, reply);

		if (length == 0)
			out_bytes(&out, message, length = 1);
		message += length;
	}
}

#define ERROR_ROW(name, code, class, message) [name] = { code, class, message },

static const struct { enum result code; const char *class, *message; } errors[ERROR_COUNT] = { ERRORS(ERROR_ROW) };

void report_refusal(
	struct cmd_error *error, const struct request *request, const struct reply *reply, const struct inventory *m)
{
	bool is_known = reply->error < ERROR_COUNT;

	if (is_known && errors[reply->error].message)
		fill_in(error, errors[reply->error].message, request, reply);
	else
		special_message(error, request, reply, m);
	error->code = is_known ? errors[reply->error].code : RESULT_FAILED;
	error->class = is_known ? errors[reply->error].class : error_class(RESULT_FAILED);
	if (reply->result != RESULT_OK && reply->result <= RESULT_INTEGRITY)
		error->code = (enum result)reply->result;
}

void report_line(const struct out *out, const char *before, const char *message)
{
	static char text[4 * ERROR_TEXT_BYTES];		/* \xNN for each byte, at most */
	struct out_buffer buffer;
	struct out line;

	out_buffer_init(&buffer, text, sizeof(text));
	line = out_to_buffer(&buffer);
	out_escaped_line(&line, message, ERROR_TEXT_BYTES);
	out_text(out, before);
	out_wrapped(out, text, (u32)strlen(before), 2, REPORT_COLUMNS);
}

void report_error(const struct out *out, const char *before, const struct cmd_error *error)
{
	char mark[80];

	snprintf(mark, sizeof(mark), "%serror[%s]: ", before, error->class);
	report_line(out, mark, error->text);
}
