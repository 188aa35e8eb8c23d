/* SPDX-License-Identifier: MIT */
/*
 * images.c - delete-image.
 */
#include <string.h>

#include "handlers.h"

static void deleted_text(const struct out *out, const void *what)
{
	const struct args *args = what;

	if (args_has(args, ARG_DRY_RUN))
		out_format(out, "%s %s would succeed. Nothing was changed.\n", args->command->verb, args->image);
	else
		out_format(out, "image %s is deleted\n", args->image);
}

static void deleted_json(struct json_writer *writer, const char *key, const void *what)
{
	(void)what;
	json_raw(writer, key, "{}");
}

void delete_image_begin(struct session *s, struct job *job)
{
	request_fill(job);
	memset(&job->request.image, 0, sizeof(job->request.image));
	memcpy(job->request.image.name, job->args.image, sizeof(job->request.image.name));
	job_send(s, job, REQ_DELETE_IMAGE);
}

void delete_image_answer(struct session *s, struct job *job, const struct reply *reply)
{
	static const struct view view = { deleted_text, deleted_json };

	if (!request_is_refused(s, job, reply))
		job_show(s, job, &view, &job->args);
}
