/* SPDX-License-Identifier: MIT */
/*
 * upload.c - the command upload-image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "units.h"
#include "vos_main.h"

void show_progress(void *context, uint64_t done, uint64_t bytes)
{
	const char *const *name = context;
	char from[UNIT_TEXT_BYTES], to[UNIT_TEXT_BYTES];

	fprintf(stderr, "\r%s: %s of %s\x1b[K%s", *name, size_text(from, done, false), size_text(to, bytes, false),
		done == bytes ? "\n" : "");
	fflush(stderr);
}

int run_upload(struct vos *vos, const struct call *call)
{
	const char *path = grammar_value(call, ARG_FILE), *slash = strrchr(path, '/');
	const char *name = args_has(&call->args, ARG_IMAGE) ? call->args.image : slash ? slash + 1 : path;
	bool is_shown = !call->is_quiet && !call->is_json && isatty(STDERR_FILENO);
	char *answer;
	int result;

	if (args_has(&call->args, ARG_INTO))
		return run_upload_volume(vos, call);
	result = vos_upload_image(vos, name, path, is_shown ? show_progress : NULL, &name, &answer);

	if (call->is_json)
		result = show_answer(call, vos, answer);
	else if (result != VOS_OK)
		result = show_failure(call, vos);
	else if (!call->is_quiet)
		printf("Image %s is uploaded. Boot it with: create-vm --name NAME --kernel %s\n", name, name);
	free(answer);
	return result;
}
