/* SPDX-License-Identifier: MIT */
/*
 * upload_volume.c - upload-image --volume: a disk image becomes a new volume. The volume is made, and waits for its
 * upload; one that waits already goes on, if it is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk_file.h"
#include "range.h"
#include "units.h"
#include "vos_main.h"

#define WHY_BYTES 200u

static ssize_t read_stream(void *context, uint64_t offset, void *bytes, size_t size)
{
	return disk_file_read(context, offset, bytes, size);
}

static int refuse(const struct call *call, enum result code, const char *path, const char *why)
{
	struct cmd_error error;

	error_set(&error, code, "%.200s: %s", path, why);
	return show_error(call, &error);
}

static int make_volume(struct vos *vos, const struct call *call, u64 bytes, char **answer)
{
	json_t *arguments = json_pack("{s:s, s:b}", "name", call->args.spec.disks[0].volume, "upload", 1);
	char size[UNIT_TEXT_BYTES], *text;
	int result;

	snprintf(size, sizeof(size), "%lluM", (unsigned long long)(bytes / MIB));
	json_object_set_new(arguments, "size", json_string(size));
	if (args_has(&call->args, ARG_ON))
		json_object_set_new(arguments, "on", json_string(call->args.spec.disks[0].on));
	text = json_dumps(arguments, JSON_COMPACT);
	json_decref(arguments);
	result = vos_call(vos, "create-volume", text, 0, answer);
	free(text);
	return result;
}

static int send_all(struct vos *vos, const struct call *call, struct disk_file *disk, const struct vos_source *source)
{
	const char *name = call->args.spec.disks[0].volume;
	bool is_shown = !call->is_quiet && !call->is_json && isatty(STDERR_FILENO);
	u64 bytes = align_up(disk_file_disk_bytes(disk), VOLUME_UNIT);
	char *made, *answer = NULL, size[UNIT_TEXT_BYTES];
	int result;

	if (args_has(&call->args, ARG_BYTES))
		bytes = call->args.spec.disks[0].bytes;
	result = make_volume(vos, call, bytes, &made);
	if (result == VOS_OK || strcmp(vos_error_class(vos), "E_EXISTS") == 0) {	/* perhaps it waits */
		free(made);
		made = NULL;
		result = vos_upload_volume(vos, name, source, is_shown ? show_progress : NULL, &name, &answer);
	}
	if (call->is_json)
		result = show_answer(call, vos, answer != NULL ? answer : made);
	else if (result != VOS_OK)
		result = show_failure(call, vos);
	else if (!call->is_quiet)
		printf("Volume %s has the image, %s. Use it with: create-vm --name NAME --disk volume=%s\n", name,
			size_text(size, disk_file_disk_bytes(disk), false), name);
	free(made);
	free(answer);
	return result;
}

int run_upload_volume(struct vos *vos, const struct call *call)
{
	const char *path = grammar_value(call, ARG_FILE);
	char why[WHY_BYTES] = "no memory";
	struct disk_file *disk = disk_file_open(path, why, sizeof(why));
	struct vos_source source = { .read = read_stream, .context = disk };
	int result;

	if (disk == NULL)
		return refuse(call, RESULT_FAILED, path, why);
	if (args_has(&call->args, ARG_BYTES) && call->args.spec.disks[0].bytes < disk_file_disk_bytes(disk))
		result = refuse(call, RESULT_USAGE, path, "its disk is larger than --size");
	else if (!disk_file_scan(disk, &source.bytes, source.hash, why, sizeof(why)))
		result = refuse(call, RESULT_FAILED, path, why);
	else
		result = send_all(vos, call, disk, &source);
	disk_file_close(disk);
	return result;
}
