/* SPDX-License-Identifier: MIT */
/*
 * probes.c - ping and traceroute: echo requests that a router of VOS sends, one after the other; and arp, a router's
 * neighbours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "units.h"

#define PAUSE_NS NS_PER_SECOND		/* between two pings */
#define PINGS_DEFAULT 4u
#define PING_TTL 64u
#define PING_BYTES 56u
#define ANSWER_MS 2000u
#define DEFAULT_ROUTER "nat0"

static bool is_trace(const struct job *job)
{
	return args_has(&job->args, ARG_HOPS) || job->args.command == command_named("traceroute");
}

static const struct probe_report *last_of(const struct job *job)
{
	return &job->probes->report[job->probes->count - 1];
}

static void send(struct session *s, struct job *job)
{
	struct request *r = &job->request;

	memset(r, 0, sizeof(*r));
	strcpy(r->name, job->args.name);
	strcpy(r->to, job->args.to);
	r->timeout_ms = ANSWER_MS;
	r->probe = (struct probe_request){
		.address = job->args.address, .ttl = is_trace(job) ? job->probes->count + 1 : PING_TTL,
		.bytes = PING_BYTES, .id = (u32)job->begun_ns & 0xffff, .sequence = job->probes->count,
	};
	job_send(s, job, REQ_PROBE);
}

void probe_begin(struct session *s, struct job *job)
{
	struct cmd_error error;

	job->is_hinted = true;
	job->probes = calloc(1, sizeof(*job->probes));
	if (!job->probes) {
		error_set(&error, RESULT_RESOURCES, "the console has no memory for that now");
		job_fail(s, job, &error);
		return;
	}
	if (!args_has(&job->args, ARG_PINGS) && !args_has(&job->args, ARG_HOPS))
		job->args.times = is_trace(job) ? PROBES_MOST : PINGS_DEFAULT;
	send(s, job);
}

void probe_proceed(struct session *s, struct job *job)
{
	send(s, job);
}

/* ---- one answer ---- */

static const char *state_word(const struct probe_report *r)
{
	static const char *const words[ROUTER_PROBE_STATES] = {
		[ROUTER_PROBE_WAITING] = "no-answer", [ROUTER_PROBE_REPLIED] = "answered",
		[ROUTER_PROBE_REFUSED] = "refused", [ROUTER_PROBE_NO_ROUTE] = "no-route",
	};

	if (r->state == ROUTER_PROBE_REFUSED && r->icmp_type == ICMP_TYPE_TIME_EXCEEDED)
		return "passed-on";
	return r->state < ROUTER_PROBE_STATES && words[r->state] ? words[r->state] : "?";
}

static const char *milliseconds(char text[UNIT_TEXT_BYTES], u64 ns)
{
	snprintf(text, UNIT_TEXT_BYTES, "%llu.%03llu ms", (unsigned long long)(ns / NS_PER_MS),
		(unsigned long long)(ns % NS_PER_MS / 1000));
	return text;
}

static void result_text(const struct out *out, const struct probe_report *r)
{
	char address[UNIT_TEXT_BYTES], time[UNIT_TEXT_BYTES];

	switch (r->state) {
	case ROUTER_PROBE_REPLIED:
		out_format(out, "%s answers in %s\n", ipv4_text(address, r->from), milliseconds(time, r->time_ns));
		break;
	case ROUTER_PROBE_REFUSED:
		out_format(out, r->icmp_type == ICMP_TYPE_TIME_EXCEEDED ? "%s in %s\n" :
			"%s says in %s that it can't be reached\n", ipv4_text(address, r->from),
			milliseconds(time, r->time_ns));
		break;
	case ROUTER_PROBE_NO_ROUTE:
		out_text(out, "the router has no route there\n");
		break;
	default:
		out_text(out, "no answer\n");
	}
}

/* The one that came last. */
static void part_text(const struct out *out, const void *what)
{
	const struct job *job = what;
	const struct probe_report *r = last_of(job);
	char address[UNIT_TEXT_BYTES];

	if (job->probes->count == 1)
		out_format(out, "to %s by router %s\n", ipv4_text(address, r->address), r->router);
	out_format(out, "%2u  ", job->probes->count);
	result_text(out, r);
}

/* ---- all of them ---- */

static u32 answered(const struct job *job)
{
	u32 count = 0;

	for (u32 i = 0; i < job->probes->count; i++)
		count += job->probes->report[i].state == ROUTER_PROBE_REPLIED;
	return count;
}

static void summary_text(const struct out *out, const void *what)
{
	const struct job *job = what;

	if (!is_trace(job))
		out_format(out, "%u sent, %u answered\n", job->probes->count, answered(job));
}

static void probe_json(struct json_writer *w, const struct probe_report *r)
{
	char address[UNIT_TEXT_BYTES];

	json_open(w, 0, '{');
	json_text(w, "state", state_word(r));
	json_text(w, "from", r->from ? ipv4_text(address, r->from) : "");
	json_number(w, "ttl", r->ttl);
	json_number(w, "time-ns", r->time_ns);
	json_close(w, '}');
}

static void all_json(struct json_writer *w, const char *key, const void *what)
{
	const struct job *job = what;
	const struct probe_report *last = last_of(job);
	char address[UNIT_TEXT_BYTES];

	json_open(w, key, '{');
	json_text(w, "address", ipv4_text(address, last->address));
	json_text(w, "router", last->router);
	json_number(w, "sent", job->probes->count);
	json_number(w, "answered", answered(job));
	json_open(w, "probes", '[');
	for (u32 i = 0; i < job->probes->count; i++)
		probe_json(w, &job->probes->report[i]);
	json_close(w, ']');
	json_close(w, '}');
}

/* ---- from one to the next ---- */

static bool is_last(const struct job *job)
{
	const struct probe_report *r = last_of(job);
	bool is_hop = r->state == ROUTER_PROBE_WAITING || strcmp(state_word(r), "passed-on") == 0;

	if (job->probes->count == job->args.times || r->state == ROUTER_PROBE_NO_ROUTE)
		return true;
	return is_trace(job) && !is_hop;
}

/* Routers on the way are what traceroute is for. */
static u32 heard(const struct job *job)
{
	u32 count = 0;

	for (u32 i = 0; is_trace(job) && i < job->probes->count; i++)
		count += job->probes->report[i].from != 0;
	return count;
}

static void finish(struct session *s, struct job *job)
{
	static const struct view view = { summary_text, all_json };
	const struct probe_report *last = last_of(job);
	char address[UNIT_TEXT_BYTES];
	struct cmd_error error;

	if (answered(job) + heard(job) != 0) {
		job_show(s, job, &view, job);
		return;
	}
	ipv4_text(address, last->address);
	if (last->state == ROUTER_PROBE_NO_ROUTE)
		error_set(&error, RESULT_NOT_FOUND, "router %s has no route to %s. See show-router %s", last->router,
			address, last->router);
	else
		error_set(&error, RESULT_TIMEOUT, "nobody answers at %s (%u sent)", address, job->probes->count);
	job_fail(s, job, &error);
}

void probe_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view part = { part_text, NULL };

	if (request_is_refused(s, job, reply))
		return;
	job->probes->report[job->probes->count++] = reply->probe;
	if (!job_is_json(job))
		job_show_part(s, job, &part, job);
	if (is_last(job))
		finish(s, job);
	else
		job->wake_ns = session_now(s) + (is_trace(job) ? 1 : PAUSE_NS);
}

/* ---- arp ---- */

void arp_begin(struct session *s, struct job *job)
{
	if (!job->args.name[0])
		strcpy(job->args.name, DEFAULT_ROUTER);
	listing_begin(s, job);
}
