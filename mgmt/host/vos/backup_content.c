/* SPDX-License-Identifier: MIT */
/*
 * backup_content.c - see backup_cmd.h. The content has passed the frames' judgement only if the file was read to its
 * end: until then it is as foreign as the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_cmd.h"
#include "range.h"

#define JSON_MAX (1u << 20)
#define DISKS_MAX 64
#define NAME_BYTES 64u

static bool fail(struct backup_reader *r, const char *why)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	return false;
}

/* There is some content. False: r->why, or "" at its end. */
static bool fill(struct backup_reader *r)
{
	const char *why;
	ssize_t some;

	if (r->at < r->count)
		return true;
	some = backup_in_get(r->in, r->piece, sizeof(r->piece), &why);
	r->at = 0;
	r->count = some > 0 ? (size_t)some : 0;
	return some > 0 || fail(r, some < 0 ? why : "");
}

static bool take(struct backup_reader *r, void *to, size_t count)
{
	u8 *at = to;

	while (count != 0) {
		size_t some;

		if (!fill(r))
			return r->why[0] != '\0' ? false : fail(r, "it ends too early");
		some = min_u64(count, r->count - r->at);
		memcpy(at, r->piece + r->at, some);
		r->at += some;
		at += some;
		count -= some;
	}
	return true;
}

static json_t *take_json(struct backup_reader *r)
{
	json_t *object = NULL;
	char *text;
	u32 bytes;

	if (!take(r, &bytes, sizeof(bytes)))
		return NULL;
	text = bytes <= JSON_MAX ? malloc(bytes + 1ul) : NULL;
	if (text && take(r, text, bytes))
		object = json_loadb(text, bytes, 0, NULL);
	free(text);
	if (!object && r->why[0] == '\0')
		fail(r, "it is malformed");
	return object;
}

/* It is shown, and becomes a part of what VOS is asked for. */
static bool name_ok(const json_t *name)
{
	const char *text = json_string_value(name);

	return text && *text != '\0' && strlen(text) < NAME_BYTES &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(text);
}

static bool vm_ok(const json_t *vm)
{
	const json_t *disks = json_object_get(vm, "disks");

	return name_ok(json_object_get(vm, "vm")) && name_ok(json_object_get(vm, "snapshot")) &&
	       json_is_object(json_object_get(vm, "definition")) && json_is_integer(disks) &&
	       json_integer_value(disks) >= 0 && json_integer_value(disks) <= DISKS_MAX;
}

bool backup_reader_open(struct backup_reader *r, const char *path, const struct backup_key *key)
{
	u8 head[BACKUP_HEAD_BYTES];
	const char *why = "it is no backup of VOS";

	memset(r, 0, sizeof(*r));
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return fail(r, strerror(errno));
	if (pread(r->fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) || !backup_head_ok(head, &r->info, &why))
		return fail(r, why);
	r->in = backup_in_begin(r->fd, key, &why);
	if (r->in == NULL)
		return fail(r, why);
	r->vm = take_json(r);
	return r->vm != NULL && (vm_ok(r->vm) || fail(r, "it is malformed"));
}

json_t *backup_reader_disk(struct backup_reader *r)
{
	json_t *disk;

	r->why[0] = '\0';
	if (!fill(r))
		return NULL;
	disk = take_json(r);
	if (disk == NULL)
		return NULL;
	if (name_ok(json_object_get(disk, "volume")) && json_is_boolean(json_object_get(disk, "diff")))
		return disk;
	json_decref(disk);
	fail(r, "it is malformed");
	return NULL;
}

enum extents_state backup_reader_extents(struct backup_reader *r, struct extents *e, const u8 **bytes, u64 *count)
{
	enum extents_state state;

	if (e->is_over)
		return EXTENTS_END;
	if (!fill(r)) {
		if (r->why[0] == '\0')
			fail(r, "it ends too early");
		return EXTENTS_BAD;
	}
	/* A head at a time: what follows the end is the next disk's. */
	*bytes = r->piece + r->at;
	*count = r->count - r->at;
	if (e->left == 0)
		*count = min_u64(*count, EXTENTS_HEAD_BYTES - e->head_count);
	state = extents_next(e, *bytes, *count, count);
	r->at += *count;
	if (state == EXTENTS_BAD)
		fail(r, "it is malformed");
	return state;
}

void backup_reader_close(struct backup_reader *r)
{
	json_decref(r->vm);
	backup_in_free(r->in);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->in = NULL;
	r->vm = NULL;
}

bool backup_put_json(struct backup_out *o, const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	u32 bytes = text ? (u32)strlen(text) : 0;
	bool is_put = text && backup_out_put(o, &bytes, sizeof(bytes)) && backup_out_put(o, text, bytes);

	if (text == NULL)
		errno = ENOMEM;
	free(text);
	return is_put;
}

void backup_id_text(const u8 id[BACKUP_ID_BYTES], char text[BACKUP_ID_TEXT])
{
	for (u32 i = 0; i < BACKUP_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

bool backup_has_base(const struct backup_info *info)
{
	static const u8 none[BACKUP_ID_BYTES];

	return memcmp(info->base, none, sizeof(none)) != 0;
}

json_t *backup_ask(struct vos *vos, const char *verb, json_t *arguments)
{
	char *text = json_dumps(arguments, JSON_COMPACT), *answer = NULL;
	json_t *all, *result;

	json_decref(arguments);
	(void)vos_call(vos, verb, text ? text : "{}", 0, &answer);
	free(text);
	all = answer && vos_result(vos) == VOS_OK ? json_loads(answer, 0, NULL) : NULL;
	free(answer);
	result = json_incref(json_object_get(all, "return"));
	json_decref(all);
	return result;
}
