/* SPDX-License-Identifier: MIT */
/*
 * show.c - answers as people and programs see them: the prompt's text, which VOS wrote, or JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vos_main.h"

static void print_json(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	printf("%s\n", text ? text : "{}");
	free(text);
}

int show_error(const struct call *call, const struct cmd_error *error)
{
	json_t *object;

	if (!call->is_json) {
		text_error(stderr, error);
		return (int)error->code;
	}
	object = json_pack("{s:{s:s, s:i, s:s}}", "error", "class", error->class, "code", (int)error->code, "desc",
		error->text);
	print_json(object);
	json_decref(object);
	return (int)error->code;
}

int show_failure(const struct call *call, const struct vos *vos)
{
	struct cmd_error error;

	error_set(&error, (enum result)vos_result(vos), "%s", vos_error(vos));
	error.class = vos_error_class(vos);
	return show_error(call, &error);
}

static int show_text(const struct call *call, const struct vos *vos, json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "text"));
	int result = vos_result(vos);
	char *dump;

	if (!text && result != VOS_OK)
		return show_failure(call, vos);
	if (!text) {	/* a VOS that writes no text for programs */
		dump = call->is_quiet ? NULL :
			json_dumps(json_object_get(answer, "return"), JSON_INDENT(2) | JSON_ENCODE_ANY);
		if (dump)
			puts(dump);
		free(dump);
		return result;
	}
	if (result != VOS_OK || !call->is_quiet)
		fputs(text, result == VOS_OK ? stdout : stderr);
	return result;
}

int show_answer(const struct call *call, const struct vos *vos, const char *text)
{
	json_t *answer = text ? json_loads(text, 0, NULL) : NULL;
	int result = vos_result(vos);

	if (!answer)
		return show_failure(call, vos);
	if (call->is_json) {
		json_object_del(answer, "id");
		json_object_del(answer, "c");
		if (result != VOS_OK || !call->is_quiet)
			print_json(answer);
	} else {
		result = show_text(call, vos, answer);
	}
	json_decref(answer);
	return result;
}
