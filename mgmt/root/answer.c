/*
 * answer.c - see answer.h. Each message is written completely, so that no byte of root's leaves by accident.
 */
#include "answer.h"

#include <string.h>

#include "console_link.h"
#include "vm.h"
#include "vm_report.h"

static struct reply reply;	/* one at a time; too big for the stack */

bool answer_send(u32 request_id, const struct refusal *answer, const struct vm *vm)
{
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = request_id;
	reply.result = refusal_result(answer->error);
	reply.error = answer->error;
	reply.need = answer->need;
	reply.have = answer->have;
	memcpy(reply.text, answer->text, sizeof(reply.text));
	if (vm != NULL)
		vm_report_fill(vm, &reply.vm);
	return console_link_send(&reply);
}

bool answer_flush_events(void)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		struct vm *vm = vm_at(i);

		if (vm == NULL || !vm->is_event_due)
			continue;
		memset(&reply, 0, sizeof(reply));
		reply.kind = REPLY_EVENT;
		vm_report_fill(vm, &reply.vm);
		if (!console_link_send(&reply))
			return false;
		vm->is_event_due = false;
		vm->told_state = vm_state_of(vm);
		vm->told_restarts = vm->restarts;
	}
	return true;
}
