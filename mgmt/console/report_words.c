/*
 * report_words.c - names of states, reasons and features, and root's refusals in words: what is needed, what there
 * is, what to try.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "report.h"
#include "report_tables.h"
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

static const char *const reason_names[WHY_COUNT] = {
	[WHY_NONE] = "-",
	[WHY_REQUEST] = "request",
	[WHY_GUEST_POWEROFF] = "guest-poweroff",
	[WHY_GUEST_REBOOT] = "guest-reboot",
	[WHY_FORCED] = "forced",
	[WHY_TRIPLE_FAULT] = "triple-fault",
	[WHY_GUEST_PANIC] = "guest-panic",
	[WHY_BAD_STATE] = "bad-cpu-state",
	[WHY_BAD_IMAGE] = "bad-image",
	[WHY_EMULATION] = "not-emulated",
	[WHY_VMM_FAULT] = "vmm-fault",
	[WHY_NO_MEMORY] = "no-memory",
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

const struct feature_name silicon_flaw_names[SILICON_FLAW_COUNT] = {
	[FLAW_MELTDOWN] = { "meltdown" },
	[FLAW_L1TF] = { "l1tf" },
	[FLAW_MDS] = { "mds" },
	[FLAW_TAA] = { "taa" },
	[FLAW_ITLB_MULTIHIT] = { "itlb-multihit" },
	[FLAW_SPECTRE_V2] = { "spectre-v2" },
	[FLAW_BHI] = { "bhi" },
	[FLAW_RETBLEED] = { "retbleed" },
	[FLAW_SRSO] = { "srso" },
	[FLAW_BUS_LOCK] = { "bus-lock" },
};

/* Exit codes and classes of root's refusals; root's own result wins if it has one. */
static const struct { enum result code; const char *class; } refusals[] = {
	[ERR_NONE] = { RESULT_FAILED, "E_FAILED" },
	[ERR_NO_VM] = { RESULT_NOT_FOUND, "E_NOT_FOUND" },
	[ERR_VM_EXISTS] = { RESULT_STATE, "E_EXISTS" },
	[ERR_VM_STATE] = { RESULT_STATE, "E_STATE" },
	[ERR_BAD_NAME] = { RESULT_USAGE, "E_USAGE" },
	[ERR_BAD_FIELD] = { RESULT_USAGE, "E_USAGE" },
	[ERR_NO_MEMORY] = { RESULT_RESOURCES, "E_NOMEM" },
	[ERR_TOO_MANY_VMS] = { RESULT_RESOURCES, "E_LIMIT" },
	[ERR_TOO_MANY_VCPUS] = { RESULT_UNSUPPORTED, "E_UNSUPPORTED" },
	[ERR_NO_IMAGE] = { RESULT_NOT_FOUND, "E_NOT_FOUND" },
	[ERR_NO_DEFAULT_IMAGE] = { RESULT_NOT_FOUND, "E_NOT_FOUND" },
	[ERR_NO_VIRT] = { RESULT_UNSUPPORTED, "E_UNSUPPORTED" },
	[ERR_NO_POWEROFF] = { RESULT_UNSUPPORTED, "E_UNSUPPORTED" },
	[ERR_GUEST_DEAF] = { RESULT_TIMEOUT, "E_TIMEOUT" },
	[ERR_INTERNAL] = { RESULT_FAILED, "E_FAILED" },
	[ERR_BUSY] = { RESULT_TIMEOUT, "E_BUSY" },
	[ERR_VM_ENDED] = { RESULT_FAILED, "E_ENDED" },
	[ERR_NO_PCPU] = { RESULT_USAGE, "E_USAGE" },
	[ERR_CAP] = { RESULT_USAGE, "E_USAGE" },
	[ERR_WEIGHT_RT] = { RESULT_USAGE, "E_USAGE" },
	[ERR_LIMIT] = { RESULT_RESOURCES, "E_LIMIT" },
	[ERR_CANCELED] = { RESULT_FAILED, "E_CANCELED" },
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
	return reason < WHY_COUNT ? reason_names[reason] : "?";
}

static void reason_detail(const struct out *out, const struct vm_report *r)
{
	if (r->reason == WHY_VMM_FAULT && r->vmm_fault >= 1 && r->vmm_fault <= 256)
		out_format(out, " vector=%u address=%llx rip=%llx", r->vmm_fault - 1, (unsigned long long)r->detail,
			(unsigned long long)r->rip);
	else if (r->reason == WHY_VMM_FAULT)
		out_format(out, " kind=%x rip=%llx", r->vmm_fault, (unsigned long long)r->rip);
	else if (r->reason == WHY_BAD_IMAGE || r->reason == WHY_GUEST_PANIC || r->reason == WHY_NO_MEMORY)
		return;
	else
		out_format(out, " rip=%llx", (unsigned long long)r->rip);
}

void report_reason(const struct out *out, const struct vm_report *r)
{
	if (r->reason == WHY_REQUEST && r->state != VM_STOPPED && r->state != VM_CRASHED)
		out_text(out, "-");
	else
		out_text(out, reason_text(r->reason));
	if (r->state == VM_CRASHED)
		reason_detail(out, r);
	if (r->text[0]) {
		out_text(out, ": ");
		out_foreign_line(out, r->text, sizeof(r->text));
	}
}

/* The VM whose end would free most, or 0. */
static const struct vm_entry *largest_live(const struct machine *m)
{
	const struct vm_entry *best = 0;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && vm_is_live(&m->vms[i]) &&
		    (!best || m->vms[i].report.spec.memory_bytes > best->report.spec.memory_bytes))
			best = &m->vms[i];
	return best;
}

static void no_memory(
	struct fault *fault, const struct request *request, const struct reply *reply, const struct machine *m)
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
	fault_set(fault, RESULT_RESOURCES, "%s needs %s, %s free%s", request->name, size_text(need, reply->need, true),
		size_text(have, reply->have, false), advice);
}

static const char *state_advice(u32 op, u32 state)
{
	bool is_live = state_is_live(state);

	switch (op) {
	case REQ_START:
		return state == VM_PAUSED ? "Try resume-vm" :
		       is_live		  ? "reset-vm boots it again" :
					    "Try again when it has come to rest";
	case REQ_DELETE:
		return "stop-vm it first, or use --force";
	case REQ_RESUME:
		return is_live ? "Only a paused VM can be resumed" : "Try start-vm";
	case REQ_PAUSE:
		return is_live ? "Only a running VM can be paused" : "Try start-vm";
	case REQ_SET:
		return is_live ? "stop-vm it first; only restart, class, weight, cap, affinity change while it runs" :
			"Try again when it has come to rest";
	case REQ_STOP:
		return is_live ? "Try again when it has come to rest" : "There is nothing to stop";
	case REQ_NMI:
		return state == VM_PAUSED ? "Try resume-vm" : is_live ? "Try again when it runs" : "Try start-vm";
	default:
		return is_live ? "Try again when it has come to rest" : "Try start-vm";
	}
}

static void bad_state(struct fault *fault, const struct request *request, const struct reply *reply)
{
	if (reply->have == VM_STOPPING)
		fault_set(fault, RESULT_STATE, "%s is stopping. Wait until it has stopped, or stop-vm %s --force",
			request->name, request->name);
	else
		fault_set(fault, RESULT_STATE, "%s %s %s. %s", request->name,
			reply->have == VM_CRASHED ? "has" : "is", state_text((u32)reply->have),
			state_advice(request->op, (u32)reply->have));
}

static void bad_field(struct fault *fault, const struct request *request, const struct reply *reply)
{
	bool is_spec = reply->have < FIELD_SPEC_COUNT;

	if (request->op == REQ_START && reply->have == FIELD_MEMORY)
		fault_set(fault, RESULT_USAGE,
			"this processor can't address as much memory as %s has. Try set-vm %s --memory",
			request->name, request->name);
	else if (request->op == REQ_START && reply->have == FIELD_VMM)
		fault_set(fault, RESULT_USAGE,
			"the --vmm of %s is no program that can run here. Try set-vm %s --vmm none", request->name,
			request->name);
	else
		fault_set(fault, RESULT_USAGE, "%s%s is not accepted with this value. Try create-vm --help",
			is_spec ? "--" : "", is_spec ? arg_specs[ARG_OF_FIELD(reply->have)].name : "this request");
}

static void no_pcpu(struct fault *fault, const struct reply *reply)
{
	if (reply->have == 1)
		fault_set(fault, RESULT_USAGE, "there is no pCPU %u: this machine has one, number 0. Try --affinity 0",
			(u32)reply->need);
	else
		fault_set(fault, RESULT_USAGE, "there is no pCPU %u: this machine has %u, 0 to %u. Try --affinity all",
			(u32)reply->need, (u32)reply->have, (u32)reply->have - 1);
}

static void cap_too_large(struct fault *fault, const char *name, u32 need, u32 have)
{
	char vcpus[32];

	snprintf(vcpus, sizeof(vcpus), have == 100 ? "its one vCPU" : "each of its %u vCPUs", have / 100);
	fault_set(fault, RESULT_USAGE,
		"--cap %u%% is more than %s can use: 100%% of a pCPU for %s. Try --cap %u%%, or none", need, name,
		vcpus, have);
}

static bool has_log(const struct machine *m, const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (m->vms[i].is_used && strcmp(m->vms[i].report.name, name) == 0)
			return m->vms[i].history.written != 0;
	return false;
}

static void vm_ended(
	struct fault *fault, const struct request *request, const struct reply *reply, const struct machine *m)
{
	char text[200];
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	report_reason(&out, &reply->vm);
	if (has_log(m, request->name))
		fault_set(fault, RESULT_FAILED, "%s ended: %s. log-vm %s shows its last words", request->name, text,
			request->name);
	else
		fault_set(fault, RESULT_FAILED, "%s ended: %s", request->name, text);
}

static void words(
	struct fault *fault, const struct request *request, const struct reply *reply, const struct machine *m)
{
	const char *name = request->name;

	switch ((enum error)reply->error) {
	case ERR_NO_VM:
		fault_set(fault, RESULT_NOT_FOUND, "there is no VM \"%s\". list-vm shows what there is", name);
		return;
	case ERR_VM_EXISTS:
		fault_set(fault, RESULT_STATE, "there is a VM \"%s\" already. Take another name, or delete-vm %s",
			name, name);
		return;
	case ERR_VM_STATE:
		bad_state(fault, request, reply);
		return;
	case ERR_BAD_NAME:
		fault_set(fault, RESULT_USAGE, "\"%s\" is not a name for a VM: use a-z, 0-9 and -", name);
		return;
	case ERR_BAD_FIELD:
		bad_field(fault, request, reply);
		return;
	case ERR_NO_MEMORY:
		no_memory(fault, request, reply, m);
		return;
	case ERR_TOO_MANY_VMS:
		fault_set(fault, RESULT_RESOURCES, "there are %u VMs, which is the most possible. delete-vm one",
			(u32)reply->have);
		return;
	case ERR_TOO_MANY_VCPUS:
		fault_set(fault, RESULT_UNSUPPORTED, "%s needs %u vCPUs; a VM can have %u. Try --cpu %u", name,
			(u32)reply->need, (u32)reply->have, (u32)reply->have);
		return;
	case ERR_NO_IMAGE:
		fault_set(fault, RESULT_NOT_FOUND, "there is no image \"%.*s\". list-image shows what there is",
			(int)sizeof(reply->text), reply->text);
		return;
	case ERR_NO_DEFAULT_IMAGE:
		fault_set(fault, RESULT_NOT_FOUND,
			"there is no default image. Give --kernel IMAGE; list-image shows what there is");
		return;
	case ERR_NO_VIRT:
		fault_set(fault, RESULT_UNSUPPORTED, "VMs can't run on this machine: %.*s",
			(int)sizeof(m->info->virt_reason),
			m->info->virt_reason[0] ? m->info->virt_reason : "it has no usable virtualization");
		return;
	case ERR_NO_POWEROFF:
		fault_set(fault, RESULT_UNSUPPORTED,
			"this machine can't be switched off by software. Use its power switch");
		return;
	case ERR_GUEST_DEAF:
		fault_set(fault, RESULT_TIMEOUT,
			"%s did not react in time. console %s shows what it does; --force does not ask it", name,
			name);
		return;
	case ERR_BUSY:
		fault_set(fault, RESULT_TIMEOUT, "another command on %s is under way. Try again when it is done", name);
		return;
	case ERR_VM_ENDED:
		vm_ended(fault, request, reply, m);
		return;
	case ERR_CANCELED:
		fault_set(fault, RESULT_FAILED, request->op == REQ_STOP ?
			"canceled: %s is not asked again, and not forced off" :
			"canceled: what was begun goes on. status-vm %s shows how far it is", name);
		return;
	case ERR_NO_PCPU:
		no_pcpu(fault, reply);
		return;
	case ERR_CAP:
		cap_too_large(fault, name, (u32)reply->need, (u32)reply->have);
		return;
	case ERR_WEIGHT_RT:
		fault_set(fault, RESULT_USAGE,
			"a real-time VM has no weight: it runs before all fair ones. Leave out --weight, limit it with "
			"--cap, or use --class fair");
		return;
	case ERR_LIMIT:
		fault_set(fault, RESULT_RESOURCES, "%u %.*s are the most possible. log shows more", (u32)reply->have,
			(int)sizeof(reply->text), reply->text);
		return;
	case ERR_INTERNAL:
		fault_set(fault, RESULT_FAILED, "VOS could not do it (status %u). log shows more", (u32)reply->have);
		return;
	case ERR_NONE:
		break;
	}
	fault_set(fault, RESULT_FAILED, "it did not work (error %u)", reply->error);
}

void report_refusal(
	struct fault *fault, const struct request *request, const struct reply *reply, const struct machine *m)
{
	words(fault, request, reply, m);
	if (reply->error < ARRAY_COUNT(refusals)) {
		fault->code = refusals[reply->error].code;
		fault->class = refusals[reply->error].class;
	}
	if (reply->result != RESULT_OK && reply->result <= RESULT_INTEGRITY)
		fault->code = (enum result)reply->result;
}

void report_fault(const struct out *out, const struct fault *fault)
{
	out_format(out, "error[%s]: ", fault->class);
	out_foreign_line(out, fault->text, sizeof(fault->text));
	out_text(out, "\n");
}
