/* SPDX-License-Identifier: MIT */
/*
 * reply.c - see reply.h. Each message is written completely, so that no byte of root's leaves by accident.
 */
#include "reply.h"

#include <string.h>

#include "client.h"
#include "vm.h"
#include "vm_report.h"

static struct reply reply;	/* one at a time; too big for the stack */

bool reply_send(u32 client, u32 request_id, const struct error_info *answer, const struct vm *vm)
{
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = request_id;
	reply.result = error_info_result(answer->error);
	reply.error = answer->error;
	reply.need = answer->need;
	reply.have = answer->have;
	memcpy(reply.text, answer->text, sizeof(reply.text));
	if (vm != NULL)
		vm_report_fill(vm, &reply.vm);
	return client_send(client, &reply);
}

static void flush_events(u32 client)
{
	for (u32 i = 0; i < vms_end(); i++) {
		struct vm *vm = vm_at(i);

		if (vm == NULL || (vm->events_due & BIT32(client)) == 0)
			continue;
		memset(&reply, 0, sizeof(reply));
		reply.kind = REPLY_EVENT;
		vm_report_fill(vm, &reply.vm);
		reply.vm.state = vm->reported_state;
		if (!client_send(client, &reply))
			return;
		vm->events_due &= ~BIT32(client);
	}
}

void reply_flush_events(void)
{
	for (u32 client = 0; client < client_count; client++)
		if (client_may(client, CLIENT_EVENTS))
			flush_events(client);
}
