/* SPDX-License-Identifier: MIT */
/*
 * fake_definitions.h - the fake root's part in keeping definitions: tasks for the console. Included by fake_root.c
 * alone.
 */
#ifndef VOS_FAKE_DEFINITIONS_H
#define VOS_FAKE_DEFINITIONS_H

#include <stdio.h>
#include <string.h>

#include "fake_root.h"

static inline bool fake_take_keeper(struct fake_root *root, const struct request *request)
{
	root->has_keeper = true;
	root->keeper = *request;
	if (request->definitions.number)
		root->done = request->definitions;
	return true;
}

static inline bool fake_give_task(struct fake_root *root)
{
	static struct reply reply;

	if (!root->has_keeper || root->task.task == DEFINITIONS_NOTHING)
		return false;
	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = root->keeper.id;
	reply.definitions = root->task;
	root->has_keeper = false;
	root->task.task = DEFINITIONS_NOTHING;
	console_reply(root->console, &reply);
	return true;
}

void fake_task(struct fake_root *root, enum definitions_task task, const char *text)
{
	root->task.task = task;
	root->task.number++;
	root->task.bytes = text ? strlen(text) : 0;
	root->task.place = task == DEFINITIONS_CONF ? DEFINITIONS_IN_RAM : DEFINITIONS_IN_POOL;
	snprintf(root->task.pool, sizeof(root->task.pool), "%s", task == DEFINITIONS_CONF ? "" : "fast");
	if (text)
		memcpy(root->definitions, text, strlen(text));
	fake_run(root);
}

void fake_log(struct fake_root *root, const char *text)
{
	for (; *text; text++)
		root->log.text[root->log.head++ % LOG_BYTES] = *text;
}

#endif
