/* SPDX-License-Identifier: MIT */
/*
 * kept_answers.c - see kept_answers.h.
 */
#include "kept_answers.h"

#include "definition_changes.h"
#include "reply.h"

#define ANSWERS 64u

static struct { bool is_used; u32 client, request_id; u64 count; } answers[ANSWERS];

bool kept_answers_have_room(void)
{
	for (u32 i = 0; i < ANSWERS; i++)
		if (!answers[i].is_used)
			return true;
	return false;
}

void kept_answers_add(u32 client, u32 request_id)
{
	u32 i = 0;

	while (i < ANSWERS - 1 && answers[i].is_used)
		i++;
	answers[i].is_used = true;
	answers[i].client = client;
	answers[i].request_id = request_id;
	answers[i].count = definitions_count();
}

void kept_answers_drop(u32 client)
{
	for (u32 i = 0; i < ANSWERS; i++)
		answers[i].is_used = answers[i].is_used && answers[i].client != client;
}

void kept_answers_send(bool (*is_kept)(u64 count, struct error_info *no))
{
	struct error_info no;

	for (u32 i = 0; i < ANSWERS; i++)
		if (answers[i].is_used && is_kept(answers[i].count, &no))
			answers[i].is_used = !reply_send(answers[i].client, answers[i].request_id, &no, NULL);
}
