/* SPDX-License-Identifier: MIT */
/*
 * report_service.c - list-service, for people and for programs. See report.h.
 */
#include "report.h"
#include "units.h"

static const char *state_of(const struct service_report *r)
{
	static const char *const states[SERVICE_STATE_COUNT] = { "running", "restarting", "given-up", "missing" };

	return r->state < SERVICE_STATE_COUNT ? states[r->state] : "?";
}

void report_services(const struct out *out, const void *what)
{
	const struct inventory *m = what;
	char size[UNIT_TEXT_BYTES];

	out_format(out, "%-16s  %-10s  %8s  %10s\n", "NAME", "STATE", "RESTARTS", "MEMORY");
	for (u32 i = 0; i < m->service_count; i++)
		out_format(out, "%-16s  %-10s  %8u  %10s\n", m->services[i].name, state_of(&m->services[i]),
			m->services[i].restarts, size_text(size, m->services[i].bytes, false));
}

void json_services(struct json_writer *w, const char *key, const void *what)
{
	const struct inventory *m = what;

	json_open(w, key, '[');
	for (u32 i = 0; i < m->service_count; i++) {
		json_open(w, 0, '{');
		json_text(w, "name", m->services[i].name);
		json_text(w, "state", state_of(&m->services[i]));
		json_number(w, "restarts", m->services[i].restarts);
		json_number(w, "memory", m->services[i].bytes);
		json_close(w, '}');
	}
	json_close(w, ']');
}
