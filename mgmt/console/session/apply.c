/* SPDX-License-Identifier: MIT */
/*
 * apply.c - vos.conf made true: switches that it names and that are not there are created first, then routers, then
 * VMs, which are started if it says so. VMs that are there are changed to what it says; what can't be changed while
 * they run stays as it is, and is told.
 *
 * A machine with a network card whose vos.conf says nothing of networks has the default ones.
 *
 * At the start nothing of a VM that is there is changed: it is there because the console is started again, and what an
 * operator has set meanwhile holds.
 */
#include <stdio.h>
#include <string.h>

#include "apply_row.h"
#include "config.h"
#include "fields.h"
#include "handlers.h"
#include "units.h"

struct apply_context {
	struct session *s;
	struct job *job;
	u32 vms, routers, networks;		/* whose spans are noted */
	struct config_span vm_spans[VM_COUNT], router_spans[ROUTERS], network_spans[SWITCHES];
};

static void on_vm(void *context, const struct args *args)
{
	struct apply_context *parsing = context;

	if (parsing->s->console->config_count < VM_COUNT)
		parsing->s->console->config[parsing->s->console->config_count++] = *args;
}

static void on_network(void *context, const struct args *args)
{
	struct console *c = ((struct apply_context *)context)->s->console;

	if (args->command->op == REQ_CREATE_SWITCH && c->network_count < SWITCHES)
		c->networks[c->network_count++] = *args;
	else if (args->command->op == REQ_CREATE_ROUTER && c->router_count < ROUTERS)
		c->routers[c->router_count++] = *args;
}

static void on_networks(void *context)
{
	((struct apply_context *)context)->s->console->has_networks = true;
}

/* What is behind the last place goes with it. */
static void add_bad(struct apply *apply, struct config_span span)
{
	if (apply->bad_count == APPLY_MISTAKES)
		apply->bad[APPLY_MISTAKES - 1].to = span.to;
	else
		apply->bad[apply->bad_count++] = span;
}

/* By number: the switches first, then routers. */
const struct args *apply_entry(const struct console *c, u32 index)
{
	if (index < c->network_count)
		return &c->networks[index];
	index -= c->network_count;
	return index < c->router_count ? &c->routers[index] : &c->config[index - c->router_count];
}

u32 apply_entry_count(const struct console *c)
{
	return c->network_count + c->router_count + c->config_count;
}

static void on_statement(void *context, struct config_span span, bool is_right)
{
	struct console *c = ((struct apply_context *)context)->s->console;
	struct apply_context *parsing = context;

	if (!is_right)
		add_bad(&c->apply, span);
	else if (parsing->vms < c->config_count)
		parsing->vm_spans[parsing->vms++] = span;
	else if (parsing->routers < c->router_count)
		parsing->router_spans[parsing->routers++] = span;
	else if (parsing->networks < c->network_count)
		parsing->network_spans[parsing->networks++] = span;
}

/* Where each row's statement is: how many rows of each kind there are is known at the end only. */
static void note_spans(struct console *c, const struct apply_context *parsing)
{
	struct apply_row *row = c->apply.rows;

	for (u32 i = 0; i < c->network_count; i++)
		row++->span = parsing->network_spans[i];
	for (u32 i = 0; i < c->router_count; i++)
		row++->span = parsing->router_spans[i];
	for (u32 i = 0; i < c->config_count; i++)
		row++->span = parsing->vm_spans[i];
}

static void on_mistake(void *context, u32 line, u32 column, const char *text)
{
	struct apply_context *parsing = context;
	struct apply *apply = &parsing->s->console->apply;
	struct apply_mistake *mistake = &apply->mistakes[apply->mistake_count];
	char before[DISK_NAME_BYTES + 40];
	struct out out;

	parsing->job->mistakes++;
	if (apply->mistake_count < APPLY_MISTAKES) {
		*mistake = (struct apply_mistake){ .line = line, .column = column };
		snprintf(mistake->text, sizeof(mistake->text), "%s", text);
		apply->mistake_count++;
	}
	if (job_is_json(parsing->job))
		return;
	out = job_text_begin(parsing->s, parsing->job);
	snprintf(before, sizeof(before), "%s:%u:%u: ", apply->source.what, line, column);
	report_line(&out, before, text);
	job_text_end(parsing->s, parsing->job);
}

/* What a VM that is there has otherwise. What the file leaves open is not looked at, but for what create-vm has a value
 * for. */
static u32 differences(const struct vm_spec *is, const struct args *args)
{
	const u32 always = BIT32(FIELD_CPU) | BIT32(FIELD_MEMORY) | BIT32(FIELD_PLATFORM) | BIT32(FIELD_RESTART) |
			   BIT32(FIELD_BOOT) | BIT32(FIELD_FIRMWARE);
	u32 given = fields_of_args(args->given);
	static struct vm_spec want;	/* too large for the stack */

	want = args->spec;
	if (spec_has_firmware(&want))
		spec_fill(&want, given);
	return spec_differing(is, &want) & (given | always);
}

/* ---- results ---- */

static struct apply_vm vm_of(const struct job *job, u32 index)
{
	const struct console *c = job->session->console;

	return (struct apply_vm){ apply_entry(c, index), &c->apply.rows[index], args_has(&job->args, ARG_DRY_RUN) };
}

/* The views of all are of the job. */
static void apply_text(const struct out *out, const void *what)
{
	const struct job *job = what;
	const struct console *c = job->session->console;

	if (apply_entry_count(c) == 0 && job->mistakes == 0)
		out_text(out, c->conf_bytes ? "vos.conf defines no VM.\n" :
			"There is no vos.conf on this boot medium.\n");
}

static void write_mistake(struct json_writer *writer, const struct apply_mistake *mistake)
{
	json_open(writer, 0, '{');
	json_number(writer, "line", mistake->line);
	json_number(writer, "column", mistake->column);
	json_text(writer, "desc", mistake->text);
	json_close(writer, '}');
}

static void write_rows(struct json_writer *writer, const char *key, const struct job *job, u32 first, u32 end)
{
	json_open(writer, key, '[');
	for (u32 i = first; i < end; i++) {
		struct apply_vm vm = vm_of(job, i);

		apply_row_view.json(writer, 0, &vm);
	}
	json_close(writer, ']');
}

static void apply_json(struct json_writer *writer, const char *key, const void *what)
{
	const struct job *job = what;
	const struct console *c = job->session->console;

	json_open(writer, key, '{');
	json_bool(writer, "dry-run", args_has(&job->args, ARG_DRY_RUN));
	write_rows(writer, "vms", job, c->network_count + c->router_count, apply_entry_count(c));
	write_rows(writer, "switches", job, 0, c->network_count);
	write_rows(writer, "routers", job, c->network_count, c->network_count + c->router_count);
	json_open(writer, "mistakes", '[');
	for (u32 i = 0; i < c->apply.mistake_count; i++)
		write_mistake(writer, &c->apply.mistakes[i]);
	json_close(writer, ']');
	json_bool(writer, "holds", job->mistakes == 0);
	json_close(writer, '}');
}

static void finish(struct session *s, struct job *job)
{
	static const struct view view = { apply_text, apply_json };
	struct cmd_error error;

	if (job->origin == JOB_STARTUP) {	/* each mistake was told; nobody waits for a result */
		job_ok(s, job);
		return;
	}
	error_set(&error, RESULT_FAILED, "vos.conf has %u error%s; the rest was applied", job->mistakes,
		job->mistakes == 1 ? "" : "s");
	job_show_end(s, job, &view, job, job->mistakes ? &error : NULL);
}

/* A VM that is down at the start although it is to be up. */
static void show_given_up(struct session *s, struct job *job)
{
	struct apply_vm vm = vm_of(job, job->index);
	struct out out;

	if (!vm.row->has_given_up || !vm.args->spec.autostart || job_is_json(job))
		return;
	out = job_text_begin(s, job);
	out_format(&out, "%s is not started: it crashed too often before VOS was started. start-vm %s starts it.\n",
		   vm.args->name, vm.args->name);
	job_text_end(s, job);
}

/* What was done with the VM that is next. */
static void show_row(struct session *s, struct job *job)
{
	struct apply_vm vm = vm_of(job, job->index);
	char before[VM_NAME_BYTES + DISK_NAME_BYTES + 16];
	struct out out;

	if (job->origin != JOB_STARTUP)
		job_show_part(s, job, &apply_row_view, &vm);
	show_given_up(s, job);
	if (!vm.row->has_fault || job_is_json(job))
		return;
	out = job_text_begin(s, job);
	snprintf(before, sizeof(before), "%s: %s: ", s->console->apply.source.what, vm.args->name);
	report_error(&out, before, &vm.row->error);
	job_text_end(s, job);
}

/* ---- one VM after the other ---- */

static void send(struct session *s, struct job *job, const struct args *args, enum request_op op, u32 fields)
{
	memset(&job->request, 0, sizeof(job->request));
	memcpy(job->request.name, args->name, sizeof(job->request.name));
	if (op == REQ_CREATE_SWITCH)
		job->request.network = args->network;
	else if (op == REQ_CREATE_ROUTER || op == REQ_SET_ROUTER)
		job->request.router = args->router;
	else
		job->request.spec = args->spec;
	job->request.fields = fields;
	if (args_has(&job->args, ARG_DRY_RUN))
		job->request.flags = REQ_FLAG_DRY_RUN;
	job->request.flags |= REQ_FLAG_APPLIED;
	if (op == REQ_CREATE && s->console->apply.source.is_kept)
		job->request.flags |= REQ_FLAG_NOTHING_NEW;
	job_send(s, job, op);
}

/* At the start nothing is, unless the disk with the definitions came later than VMs of vos.conf: those count. */
static bool changes_what_is_there(const struct session *s, const struct job *job)
{
	const struct apply_source *source = &s->console->apply.source;

	return job->origin != JOB_STARTUP || (source->is_kept && !source->is_again);
}

/* A VM that is there. True: a request is under way. */
static bool compare(struct session *s, struct job *job, const struct vm_entry *vm, const struct args *args)
{
	u32 differing = differences(&vm->report.spec, args);
	u32 fixed = vm_is_live(vm) ? differing & ~FIELDS_ANY_TIME : 0, fields = differing & ~fixed;

	s->console->apply.rows[job->index].differs = fixed;
	if (!fields || !changes_what_is_there(s, job))
		return false;
	send(s, job, args, REQ_SET, fields);
	return true;
}

static bool is_same_but_forwards(const struct router_spec *a, const struct router_spec *b)
{
	return a->inner_count == b->inner_count && a->gateway == b->gateway &&
	       memcmp(a->servers, b->servers, sizeof(a->servers)) == 0 &&
	       memcmp(&a->outer, &b->outer, sizeof(a->outer)) == 0 &&
	       memcmp(a->inner, b->inner, a->inner_count * sizeof(a->inner[0])) == 0;
}

/* A router that is there: what it forwards can change. True: a request is under way. */
static bool compare_router(struct session *s, struct job *job, const struct router_row *is, const struct args *args)
{
	struct apply_row *row = &s->console->apply.rows[job->index];
	const struct router_spec *want = &args->router;

	if (job->origin == JOB_STARTUP)
		return false;
	if (!is_same_but_forwards(&is->spec, want)) {
		job->mistakes++;
		row->has_fault = true;
		error_set(&row->error, RESULT_STATE, "its ports are others than in vos.conf. delete-router %s, then "
			"apply-config, makes it anew", args->name);
		return false;
	}
	if (is->spec.forward_count == want->forward_count &&
	    memcmp(is->spec.forward, want->forward, want->forward_count * sizeof(want->forward[0])) == 0)
		return false;
	send(s, job, args, REQ_SET_ROUTER, 1);
	return true;
}

/* A switch that is there stays as it is. */
static void compare_switch(struct job *job, const struct switch_row *is, const struct args *args)
{
	struct apply_row *row = &job->session->console->apply.rows[job->index];

	if (strcmp(is->uplink, args->network.uplink) == 0 || job->origin == JOB_STARTUP)
		return;
	job->mistakes++;
	row->has_fault = true;
	error_set(&row->error, RESULT_STATE,
		"its uplink is %s, not %s. delete-switch %s, then apply-config, makes it anew",
		is->uplink[0] ? is->uplink : "none", args->network.uplink[0] ? args->network.uplink : "none",
		args->name);
}

/* In a dry run a VM is judged without its cards on switches that would be made before it. */
static void drop_new_switches(const struct console *c, struct vm_spec *spec)
{
	u32 count = spec->nic_count;

	spec->nic_count = 0;
	for (u32 i = 0; i < count; i++)
		if (inventory_switch(&c->inventory, spec->nics[i].network))
			spec->nics[spec->nic_count++] = spec->nics[i];
}

/* In a dry run, one with ports on switches that would be made before it is not judged. */
static bool begin_router(struct session *s, struct job *job, const struct router_row *is, const struct args *args)
{
	const struct inventory *m = &s->console->inventory;
	const struct router_spec *spec = &args->router;
	bool has_all = !spec->outer.network[0] || inventory_switch(m, spec->outer.network);

	for (u32 i = 0; i < spec->inner_count; i++)
		has_all = has_all && inventory_switch(m, spec->inner[i].network);
	if (is)
		return compare_router(s, job, is, args);
	if (args_has(&job->args, ARG_DRY_RUN) && !has_all) {
		s->console->apply.rows[job->index].is_created = true;
		return false;
	}
	send(s, job, args, REQ_CREATE_ROUTER, 0);
	return true;
}

/* True: a request is under way. */
static bool begin_entry(struct session *s, struct job *job, const struct args *args)
{
	const struct vm_entry *vm = inventory_find(&s->console->inventory, args->name);
	const struct switch_row *network = inventory_switch(&s->console->inventory, args->name);
	const struct router_row *router = inventory_router(&s->console->inventory, args->name);
	static struct args judged;	/* too large for the stack */

	if (args->command->op == REQ_CREATE_ROUTER)
		return begin_router(s, job, router, args);
	if (args->command->op == REQ_CREATE_SWITCH) {
		if (network) {
			compare_switch(job, network, args);
			return false;
		}
		send(s, job, args, REQ_CREATE_SWITCH, 0);
		return true;
	}
	if (vm)
		return compare(s, job, vm, args);
	judged = *args;
	if (args_has(&job->args, ARG_DRY_RUN))
		drop_new_switches(s->console, &judged.spec);
	send(s, job, &judged, REQ_CREATE, fields_of_args(args->given));
	return true;
}

/* Go on with the next switch or VM that needs a request. */
static void next(struct session *s, struct job *job)
{
	for (; job->index < apply_entry_count(s->console); job->index++) {
		if (begin_entry(s, job, apply_entry(s->console, job->index)))
			return;
		show_row(s, job);
	}
	finish(s, job);
}

bool apply_is_on(const struct console *c)
{
	for (u32 i = 0; i < JOB_COUNT; i++)
		if (c->jobs[i].is_used && c->jobs[i].args.command && c->jobs[i].args.command->ops.begin == apply_begin)
			return true;
	return false;
}

static bool is_taken(const struct session *s, const struct job *job)
{
	for (u32 i = 0; i < JOB_COUNT; i++) {
		const struct job *other = &s->console->jobs[i];

		if (other != job && other->is_used && other->args.command == job->args.command)
			return true;
	}
	return false;
}

/* VMs and images are read first: another client may have changed them, and at the start nothing is known. */
void apply_begin(struct session *s, struct job *job)
{
	struct cmd_error error;

	if (is_taken(s, job)) {
		(void)error_busy(&error, "vos.conf is being applied already. Try again later");
		job_fail(s, job, &error);
		return;
	}
	fetch_begin(s, job, BIT32(FETCH_VMS) | BIT32(FETCH_IMAGES) | BIT32(FETCH_SWITCHES) | BIT32(FETCH_ROUTERS) |
			       BIT32(FETCH_SERVICES));
}

static void apply(struct session *s, struct job *job)
{
	static const char default_networks[] =
		"switch lan0 { uplink " NIC_NAME "0 }\n"
		"switch nat0 { }\n"
		"router nat0 { outer lan0; inner nat0,10.111.0.1/24 }\n";
	static struct apply_context parsing;
	struct config_ops ops = { on_vm, on_network, on_networks, on_mistake, &parsing, on_statement };
	struct console *c = s->console;
	struct apply_source conf = { .text = c->conf, .bytes = c->conf_bytes, .what = "vos.conf" };

	job->is_applying = true;
	parsing = (struct apply_context){ .s = s, .job = job };
	c->config_count = c->network_count = c->router_count = 0;
	c->has_networks = false;
	memset(&c->apply, 0, sizeof(c->apply));
	c->apply.source = job->origin == JOB_STARTUP ? c->startup : conf;
	if (c->apply.source.bytes)
		config_parse(c->apply.source.text, c->apply.source.bytes, &ops);
	if (!c->has_networks && !c->apply.source.is_kept && inventory_has_card(&c->inventory))
		config_parse(default_networks, sizeof(default_networks) - 1, &ops);
	note_spans(c, &parsing);
	job->index = 0;
	next(s, job);
}

static void failed(struct session *s, struct job *job, const struct reply *reply)
{
	struct apply_row *row = &s->console->apply.rows[job->index];

	job->mistakes++;
	row->has_fault = true;
	report_refusal(&row->error, &job->request, reply, &s->console->inventory);
}

/* True: the VM is to be started now. */
static bool done(struct session *s, struct job *job, const struct args *args, const struct reply *reply)
{
	bool is_dry_run = args_has(&job->args, ARG_DRY_RUN);
	struct apply_row *row = &s->console->apply.rows[job->index];

	if (apply_is_vm(args))
		(void)inventory_update(&s->console->inventory, &reply->vm);
	switch (job->request.op) {
	case REQ_CREATE_SWITCH: case REQ_CREATE_ROUTER:
		row->is_created = true;
		return false;
	case REQ_CREATE:
		row->is_created = true;
		row->has_given_up = !is_dry_run && reply->vm.has_given_up;
		row->is_started = args->spec.autostart && is_dry_run;
		return args->spec.autostart && !is_dry_run && !row->has_given_up;
	case REQ_SET: case REQ_SET_ROUTER:
		row->set = job->request.fields;
		return false;
	default:
		row->is_started = true;
		return false;
	}
}

static void take_answer(struct session *s, struct job *job, const struct reply *reply)
{
	const struct args *args = apply_entry(s->console, job->index);

	if (apply_is_vm(args))
		request_take_vm(s, job, job->request.name, reply);
	if (reply->result != RESULT_OK) {
		failed(s, job, reply);
	} else if (done(s, job, args, reply)) {
		send(s, job, args, REQ_START, 0);
		return;
	}
	show_row(s, job);
	job->index++;
	next(s, job);
}

void apply_answer(struct session *s, struct job *job, const struct reply *reply)
{
	if (!job->is_applying) {
		if (fetch_answer(s, job, reply))
			apply(s, job);
	} else if (job->is_canceled) {
		job_fail_canceled(s, job);
	} else {
		take_answer(s, job, reply);
	}
}
