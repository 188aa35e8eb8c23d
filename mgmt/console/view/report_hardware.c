/* SPDX-License-Identifier: MIT */
/*
 * report_hardware.c - errors of the hardware, as a row of info and in JSON.
 */
#include "report_tables.h"

void hardware_row(const struct out *out, const struct hardware_report *r)
{
	u64 uncorrected = r->deferred + r->uncorrected, kib = (r->frames_free + r->frames_used) * 4;

	label(out, "Errors");
	if (r->corrected + uncorrected + r->at_boot + r->lost == 0) {
		out_text(out, "the processors report none\n");
		return;
	}
	out_format(out, "%llu corrected, %llu uncorrected", (unsigned long long)r->corrected,
		(unsigned long long)uncorrected);
	if (r->at_boot != 0)
		out_format(out, ", %llu from before", (unsigned long long)r->at_boot);
	if (kib != 0)
		out_format(out, "; %llu KiB out of use", (unsigned long long)kib);
	out_text(out, "\n");
}

void json_hardware(struct json_writer *w, const char *key, const struct hardware_report *r)
{
	json_open(w, key, '{');
	json_number(w, "corrected", r->corrected);
	json_number(w, "deferred", r->deferred);
	json_number(w, "uncorrected", r->uncorrected);
	json_number(w, "from-before", r->at_boot);
	json_number(w, "lost", r->lost);
	json_number(w, "frames-retired", r->frames_free + r->frames_used);
	json_number(w, "frames-kept", r->frames_kept);
	json_close(w, '}');
}
