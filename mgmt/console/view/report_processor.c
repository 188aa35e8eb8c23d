/* SPDX-License-Identifier: MIT */
/*
 * report_processor.c - info --cpu: what the processor is, and what comes of each flaw that processors have.
 */
#include "report.h"
#include "report_tables.h"
#include "syscalls.h"

static const char *const verdict_words[FLAW_VERDICT_COUNT] = {
	[FLAW_NOT_AFFECTED] = "not affected",
	[FLAW_BY_MICROCODE] = "mitigated: by microcode",
	[FLAW_OPEN] = "VULNERABLE: VOS does nothing against it yet",
	[FLAW_NO_COMMAND] = "VULNERABLE: no microcode that mends it or helps to",
	[FLAW_PARTLY] = "VULNERABLE in part: IBPB between VMs; not for VOS itself",
};

static const char *const verdict_states[FLAW_VERDICT_COUNT] = {
	[FLAW_NOT_AFFECTED] = "not-affected", [FLAW_BY_MICROCODE] = "mitigated", [FLAW_OPEN] = "vulnerable",
	[FLAW_NO_COMMAND] = "vulnerable-no-microcode", [FLAW_PARTLY] = "vulnerable-in-part",
};

void report_processor(const struct out *out, const void *what)
{
	const struct info_page *info = ((const struct inventory *)what)->info;

	label(out, "Processor");
	out_format(out, "%.12s, family %u, model %u, stepping %u\n", info->vendor, cpu_family(info->signature),
		cpu_model(info->signature), info->signature & 0xf);
	label(out, "Microcode");
	if (info->microcode != 0)
		out_format(out, "%x\n", info->microcode);
	else
		out_text(out, "the processor names no revision\n");
	label(out, "Threads");
	out_format(out, "%u per core\n", info->threads_per_core);
	label(out, "Mitigations");
	out_format(out, "%s\n", (info->mitigations & MITIGATE_IBPB) != 0 ? "ibpb" : "none");
	out_text(out, "\nFLAW                  STATE\n");
	for (u32 i = 0; i < SILICON_FLAW_COUNT; i++)
		if (info->flaws[i] < FLAW_VERDICT_COUNT)
			out_format(out, "%-20s  %s\n", silicon_flaw_names[i].name, verdict_words[info->flaws[i]]);
}

void json_processor(struct json_writer *w, const char *key, const void *what)
{
	const struct info_page *info = ((const struct inventory *)what)->info;

	json_open(w, key, '{');
	json_text(w, "vendor", info->vendor);
	json_number(w, "family", cpu_family(info->signature));
	json_number(w, "model", cpu_model(info->signature));
	json_number(w, "stepping", info->signature & 0xf);
	json_number(w, "microcode", info->microcode);
	json_number(w, "threads-per-core", info->threads_per_core);
	json_open(w, "mitigations", '[');
	if ((info->mitigations & MITIGATE_IBPB) != 0)
		json_text(w, 0, "ibpb");
	json_close(w, ']');
	json_open(w, "flaws", '[');
	for (u32 i = 0; i < SILICON_FLAW_COUNT; i++) {
		json_open(w, 0, '{');
		json_text(w, "name", silicon_flaw_names[i].name);
		json_text(w, "state", info->flaws[i] < FLAW_VERDICT_COUNT ? verdict_states[info->flaws[i]] : "?");
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}
