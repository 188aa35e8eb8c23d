/* SPDX-License-Identifier: MIT */
/*
 * collect.c - asks root for whole tables: a request for each piece, which brings a reply for each row, until all of
 * what is wanted is there.
 */
#include <string.h>

#include "session.h"

static void ask(struct session *s, struct job *job, enum request_op op, u32 index)
{
	memset(&job->request, 0, sizeof(job->request));
	job->request.index = index;
	job_send(s, job, op);
}

/* Each of these takes one answer; true when its table is complete, else request.index is the next row's. */

static bool take_vm(struct session *s, struct job *job, const struct reply *reply)
{
	struct vm_entry *vm;

	if (reply->result != RESULT_OK || reply->vm.index >= VM_COUNT) {
		machine_listed(&s->machine, job->listing);
		return true;
	}
	vm = machine_update(&s->machine, &reply->vm);
	if (vm && job->origin != JOB_WIRE && job->origin != JOB_STARTUP)
		vm->told_state = vm->report.state;
	job->request.index = reply->vm.index + 1;
	return false;
}

static bool take_image(struct session *s, struct job *job, const struct reply *reply)
{
	u32 index = job->request.index;

	if (reply->result != RESULT_OK || index >= IMAGE_COUNT) {
		s->machine.image_count = index;
		return true;
	}
	s->machine.images[index] = reply->image;
	s->machine.images[index].name[IMAGE_NAME_BYTES - 1] = 0;
	job->request.index = index + 1;
	return false;
}

static bool take_pcpu(struct session *s, struct job *job, const struct reply *reply)
{
	u32 index = job->request.index;

	if (reply->result != RESULT_OK || index >= MACHINE_PCPUS)
		return true;
	machine_update_pcpu(&s->machine, &reply->pcpu);
	job->request.index = index + 1;
	return false;
}

static bool take_host(struct session *s, struct job *job, const struct reply *reply)
{
	(void)job;
	if (reply->result == RESULT_OK)
		s->machine.host = reply->host;
	return true;
}

static bool take_memory(struct session *s, struct job *job, const struct reply *reply)
{
	(void)job;
	if (reply->result == RESULT_OK)
		s->machine.memory = reply->memory;
	return true;
}

static const struct {
	enum request_op op;
	bool (*take)(struct session *s, struct job *job, const struct reply *reply);
} tables[COLLECT_COUNT] = {
	[COLLECT_VMS] = { REQ_LIST, take_vm },
	[COLLECT_IMAGES] = { REQ_IMAGES, take_image },
	[COLLECT_PCPUS] = { REQ_PCPU, take_pcpu },
	[COLLECT_HOST] = { REQ_HOST, take_host },
	[COLLECT_MEMORY] = { REQ_MEMORY, take_memory },
};

static void ask_first(struct session *s, struct job *job)
{
	enum collect table = (enum collect)__builtin_ctz(job->wanted);

	if (table == COLLECT_VMS)
		job->listing = machine_listing(&s->machine);
	ask(s, job, tables[table].op, 0);
}

void collect_begin(struct session *s, struct job *job, u32 wanted)
{
	job->wanted = wanted;
	ask_first(s, job);
}

bool collect_answer(struct session *s, struct job *job, const struct reply *reply)
{
	u32 table = (u32)__builtin_ctz(job->wanted);

	if (job->is_canceled) {
		job_fail_canceled(s, job);
		return false;
	}
	if (!tables[table].take(s, job, reply)) {
		if (!reply->more)
			ask(s, job, tables[table].op, job->request.index);
		return false;
	}
	job->wanted &= ~BIT32(table);
	if (job->wanted)
		ask_first(s, job);
	return job->wanted == 0;
}
