/* SPDX-License-Identifier: MIT */
/*
 * job_text.c - collects the text of a job whose program wants what the prompt prints: the same handlers write it, and
 * the answer carries it as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define TEXT_STEP 1024u

static bool make_room(struct job_text *text, size_t count)
{
	size_t size = (text->used + count + TEXT_STEP) & ~(size_t)(TEXT_STEP - 1);
	char *bytes;

	if (count > JOB_TEXT_BYTES || text->used > JOB_TEXT_BYTES - count)
		return false;
	if (size <= text->size)
		return true;
	bytes = realloc(text->bytes, size);
	if (!bytes)
		return false;
	text->bytes = bytes;
	text->size = size;
	return true;
}

/* A text that lacks a part would be misread: once a part did not fit, all that follows is left out. */
static void append(void *context, const char *bytes, size_t count)
{
	struct job_text *text = context;

	if (text->is_cut || !make_room(text, count)) {
		text->is_cut = true;
		return;
	}
	memcpy(text->bytes + text->used, bytes, count);
	text->used += count;
}

struct out job_text_out(struct job *job)
{
	return (struct out){ append, &job->text };
}

void job_text_free(struct job *job)
{
	free(job->text.bytes);
	memset(&job->text, 0, sizeof(job->text));
}
