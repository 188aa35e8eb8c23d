/* SPDX-License-Identifier: MIT */
/*
 * restore_vm.c - the commands restore-vm and verify-backup. A backup that builds on another is read with that, and so
 * on down to one that has all. Nothing is sent before all of them were read to their ends and are right.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backup_cmd.h"
#include "disk_file.h"
#include "range.h"
#include "units.h"

#define PATH_BYTES 4096u
#define CHAIN_MAX 256u
#define DISKS_MAX 64u
#define NAME_BYTES 64u

/* A disk as it comes out of the backups: a file that only this program has. */
struct image {
	char volume[NAME_BYTES], path[PATH_BYTES];
	int fd;			/* -1: none */
	u64 bytes;
	bool is_wanted;		/* the newest backup has it */
};

struct restore {
	struct vos *vos;		/* NULL: only verified */
	const struct call *call;
	char chain[CHAIN_MAX][PATH_BYTES];	/* the newest first */
	u32 chain_count;
	struct image images[DISKS_MAX];
	u32 image_count, made;		/* made: volumes in VOS */
	json_t *vm;			/* of the newest */
	char name[NAME_BYTES];
	char why[BACKUP_WHY];
	enum result result;
};

static bool fail(struct restore *r, const char *what, const char *why)
{
	if (r->why[0] == '\0')
		snprintf(r->why, sizeof(r->why), "%.180s%s%.100s", what, *what ? ": " : "", why);
	return false;
}

/* ---- which files ---- */

static bool info_of(const char *path, struct backup_info *out, const char **why)
{
	u8 head[BACKUP_HEAD_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t count = fd < 0 ? -1 : read(fd, head, sizeof(head));

	*why = fd < 0 ? strerror(errno) : "it is no backup of VOS";
	if (fd >= 0)
		close(fd);
	return count == (ssize_t)sizeof(head) && backup_head_ok(head, out, why);
}

/* The backup of that id, in the folder of `beside`. */
static bool find_file(struct restore *r, const char *beside, const u8 *id, char path[PATH_BYTES])
{
	const char *slash = strrchr(beside, '/'), *why;
	char pattern[PATH_BYTES];
	struct backup_info info;
	bool is_found = false;
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%.*s*", slash ? (int)(slash - beside) + 1 : 2, slash ? beside : "./");
	if (glob(pattern, 0, NULL, &files) != 0)
		files.gl_pathc = 0;
	for (size_t i = 0; i < files.gl_pathc && !is_found; i++)
		is_found = snprintf(path, PATH_BYTES, "%s", files.gl_pathv[i]) < (int)PATH_BYTES &&
			   info_of(path, &info, &why) && memcmp(info.id, id, sizeof(info.id)) == 0;
	globfree(&files);
	return is_found || fail(r, beside, "the backup that it builds on is not in its folder");
}

static bool find_chain(struct restore *r, const char *path)
{
	struct backup_info info;
	const char *why;

	snprintf(r->chain[0], PATH_BYTES, "%s", path);
	for (r->chain_count = 1; r->chain_count < CHAIN_MAX; r->chain_count++) {
		if (!info_of(r->chain[r->chain_count - 1], &info, &why))
			return fail(r, r->chain[r->chain_count - 1], why);
		if (!backup_has_base(&info))
			return true;
		if (!find_file(r, r->chain[r->chain_count - 1], info.base, r->chain[r->chain_count]))
			return false;
	}
	return fail(r, path, "it builds on too many others");
}

/* ---- reading ---- */

static struct image *image_of(struct restore *r, const char *volume)
{
	for (u32 i = 0; i < r->image_count; i++)
		if (strcmp(r->images[i].volume, volume) == 0)
			return &r->images[i];
	return NULL;
}

static struct image *new_image(struct restore *r, const char *volume)
{
	const char *folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
	struct image *m = &r->images[r->image_count];

	if (r->image_count == DISKS_MAX || strlen(volume) >= sizeof(m->volume) ||
	    snprintf(m->path, sizeof(m->path), "%s/vos-restore-XXXXXX", folder) >= (int)sizeof(m->path))
		return NULL;
	m->fd = mkstemp(m->path);
	if (m->fd < 0)
		return NULL;
	snprintf(m->volume, sizeof(m->volume), "%s", volume);
	r->image_count++;
	return m;
}

static bool write_at(int fd, u64 at, const u8 *bytes, u64 count)
{
	while (count != 0) {
		ssize_t done = pwrite(fd, bytes, count, (off_t)at);

		if (done <= 0)
			return false;
		at += (u64)done;
		bytes += done;
		count -= (u64)done;
	}
	return true;
}

/* Bytes NULL: zeros. What is behind the disk's end is none of it. */
static bool put(const struct image *m, u64 at, const u8 *bytes, u64 count)
{
	static const u8 zeros[65536];

	if (at >= m->bytes)
		return true;
	count = min_u64(count, m->bytes - at);
	if (bytes)
		return write_at(m->fd, at, bytes, count);
	for (u64 some; count != 0; at += some, count -= some) {
		some = min_u64(count, sizeof(zeros));
		if (!write_at(m->fd, at, zeros, some))
			return false;
	}
	return true;
}

/* The size is known: a disk that is whole begins as zeros, a difference has what was there. */
static bool begin_disk(struct image *m, const struct extents *e)
{
	m->bytes = e->disk_bytes;
	return (e->is_diff || ftruncate(m->fd, 0) == 0) && ftruncate(m->fd, (off_t)m->bytes) == 0;
}

static bool read_extents(struct restore *r, struct backup_reader *reader, struct image *m, bool is_diff)
{
	enum extents_state state = EXTENTS_MORE;
	bool is_begun = false, is_ok = true;
	struct extents e;
	const u8 *bytes;
	u64 count;

	extents_init(&e);
	e.takes_diff = is_diff;
	while (is_ok && state != EXTENTS_END) {
		state = backup_reader_extents(reader, &e, &bytes, &count);
		if (state == EXTENTS_BAD)
			return fail(r, "", reader->why);
		if (!is_begun && e.disk_bytes != 0) {
			is_begun = true;
			is_ok = m->fd < 0 || begin_disk(m, &e);
		}
		if (state == EXTENTS_DATA) {
			is_ok = m->fd < 0 || put(m, e.offset, bytes, count);
			extents_took(&e, count);
		} else if (state == EXTENTS_ZEROS) {
			is_ok = m->fd < 0 || put(m, e.offset, NULL, e.zeros);
		}
	}
	return is_ok || fail(r, m->path, strerror(errno));
}

static bool read_disk(struct restore *r, struct backup_reader *reader, const json_t *disk, bool is_newest)
{
	const char *volume = json_string_value(json_object_get(disk, "volume"));
	bool is_diff = json_is_true(json_object_get(disk, "diff"));
	struct image none = { .fd = -1 }, *m = r->vos ? image_of(r, volume) : &none;

	if (m == NULL && is_diff)
		return fail(r, volume, "the backup before has no such disk");
	if (m == NULL)
		m = new_image(r, volume);
	if (m == NULL)
		return fail(r, volume, strerror(errno));
	m->is_wanted = is_newest;
	return read_extents(r, reader, m, is_diff);
}

static void show_backup(const struct restore *r, const struct backup_reader *reader, const char *path, u32 disks)
{
	char id[BACKUP_ID_TEXT], base[BACKUP_ID_TEXT];

	if (r->vos || r->call->is_quiet || r->call->is_json)
		return;
	backup_id_text(reader->info.id, id);
	backup_id_text(reader->info.base, base);
	printf("%s\n  VM          %s\n  disks       %u\n  id          %s\n  builds on   %s\n  encrypted   %s\n", path,
		json_string_value(json_object_get(reader->vm, "vm")), disks, id,
		backup_has_base(&reader->info) ? base : "nothing: it is whole",
		reader->info.kind == BACKUP_NO_KEY ? "no" : reader->info.kind == BACKUP_PASSPHRASE ? "passphrase" :
												     "key file");
}

/* To its end. */
static bool read_backup(struct restore *r, const char *path, const struct backup_key *key, bool is_newest)
{
	static struct backup_reader reader;
	u32 disks = 0;
	json_t *disk;
	bool is_ok = backup_reader_open(&reader, path, key) || fail(r, path, reader.why);

	while (is_ok && (disk = backup_reader_disk(&reader)) != NULL) {
		is_ok = read_disk(r, &reader, disk, is_newest) || fail(r, path, "it is damaged");
		json_decref(disk);
		disks++;
	}
	if (is_ok && reader.why[0])
		is_ok = fail(r, path, reader.why);
	if (is_ok && (json_int_t)disks != json_integer_value(json_object_get(reader.vm, "disks")))
		is_ok = fail(r, path, "it has not as many disks as it says");
	if (is_ok)
		show_backup(r, &reader, path, disks);
	if (is_ok && is_newest)
		r->vm = json_incref(reader.vm);
	backup_reader_close(&reader);
	return is_ok;
}

static bool read_chain(struct restore *r, const struct backup_key *key)
{
	for (u32 i = r->chain_count; i-- > 0;)
		if (!read_backup(r, r->chain[i], key, i == 0))
			return false;
	return true;
}

/* ---- into VOS ---- */

static ssize_t read_stream(void *context, uint64_t offset, void *bytes, size_t size)
{
	return disk_file_read(context, offset, bytes, size);
}

static bool upload(struct restore *r, const char *volume, struct disk_file *disk, char *why, size_t why_bytes)
{
	struct vos_source source = { .read = read_stream, .context = disk };
	bool is_shown = !r->call->is_quiet && !r->call->is_json && isatty(STDERR_FILENO);
	char size[UNIT_TEXT_BYTES];
	json_t *arguments, *answer;

	if (!disk_file_scan(disk, &source.bytes, source.hash, why, why_bytes))
		return false;
	snprintf(size, sizeof(size), "%lluM", (unsigned long long)(align_up(disk_file_disk_bytes(disk), MIB) / MIB));
	arguments = json_pack("{s:s, s:b, s:s}", "name", volume, "upload", 1, "size", size);
	if (args_has(&r->call->args, ARG_ON))
		json_object_set_new(arguments, "on", json_string(r->call->args.spec.disks[0].on));
	answer = backup_ask(r->vos, "create-volume", arguments);
	json_decref(answer);
	if (vos_result(r->vos) == VOS_OK)
		r->made++;
	return vos_result(r->vos) == VOS_OK &&
	       vos_upload_volume(r->vos, volume, &source, is_shown ? show_progress : NULL, &volume, NULL) == VOS_OK;
}

static void volume_name(const struct restore *r, u32 index, char name[NAME_BYTES])
{
	snprintf(name, NAME_BYTES, "%.30s.%u", r->name, index);
}

/* "64M,on=fast,iops=500" as "volume=NAME,iops=500": what is of the volume is not of the disk. */
static json_t *disk_word(const char *text, const char *volume)
{
	static const char *const dropped[] = { "volume=", "on=", "image=", "policy=", "integrity=", "encrypt=" };
	char word[512];
	size_t used = (size_t)snprintf(word, sizeof(word), "volume=%s", volume);

	while (*text) {
		size_t length = strcspn(text, ",");
		bool is_dropped = *text >= '0' && *text <= '9';

		for (size_t i = 0; i < ARRAY_COUNT(dropped); i++)
			is_dropped = is_dropped || strncmp(text, dropped[i], strlen(dropped[i])) == 0;
		if (!is_dropped && used + length + 2 < sizeof(word))
			used += (size_t)snprintf(word + used, sizeof(word) - used, ",%.*s", (int)length, text);
		text += length + (text[length] == ',');
	}
	return json_string(word);
}

/* Which image is the disk of that text: its volume's, or the VM's next one. */
static bool is_of(const struct restore *r, const struct image *m, const char *text, u32 index)
{
	const char *named = strstr(text, "volume=");
	char name[2 * NAME_BYTES];

	if (named)
		return strncmp(named + 7, m->volume, strlen(m->volume)) == 0 &&
		       strchr(",", named[7 + strlen(m->volume)]) != NULL;
	snprintf(name, sizeof(name), "%.60s.%u", json_string_value(json_object_get(r->vm, "vm")), index);
	return strcmp(name, m->volume) == 0;
}

static bool send_disk(struct restore *r, const char *text, u32 index, json_t *words)
{
	char volume[NAME_BYTES], why[200] = "";
	struct disk_file *disk;
	bool is_sent;
	u32 i = 0;

	while (i < r->image_count && !(r->images[i].is_wanted && is_of(r, &r->images[i], text, index)))
		i++;
	if (i == r->image_count)
		return fail(r, text, "the backup has no such disk");
	volume_name(r, index, volume);
	disk = disk_file_open(r->images[i].path, why, sizeof(why));
	is_sent = disk && upload(r, volume, disk, why, sizeof(why));
	if (disk)
		disk_file_close(disk);
	json_array_append_new(words, disk_word(text, volume));
	return is_sent || fail(r, volume, why[0] ? why : vos_error(r->vos));
}

/* Cards of a copy have other addresses. */
static void forget_addresses(json_t *definition)
{
	json_t *nics = json_object_get(definition, "nic");

	for (size_t i = 0; i < json_array_size(nics); i++) {
		const char *nic = json_string_value(json_array_get(nics, i));
		char text[512], *mac;

		snprintf(text, sizeof(text), "%s", nic ? nic : "");
		mac = strstr(text, ",mac=");
		if (!mac)
			continue;
		memmove(mac, mac + 5 + strcspn(mac + 5, ","), strlen(mac + 5 + strcspn(mac + 5, ",")) + 1);
		json_array_set_new(nics, i, json_string(text));
	}
}

static void delete_volumes(struct restore *r)
{
	char volume[NAME_BYTES];

	for (u32 i = 0; i < r->made; i++) {
		volume_name(r, i, volume);
		json_decref(backup_ask(r->vos, "delete-volume", json_pack("{s:s, s:b}", "name", volume, "yes", 1)));
	}
}

static bool send_vm(struct restore *r)
{
	json_t *definition = json_deep_copy(json_object_get(r->vm, "definition")), *words = json_array(), *text;
	bool is_sent = true;
	size_t i;

	json_array_foreach(json_object_get(definition, "disk"), i, text)
		is_sent = is_sent && json_is_string(text) && send_disk(r, json_string_value(text), (u32)i, words);
	json_object_set_new(definition, "disk", words);
	json_object_set_new(definition, "name", json_string(r->name));
	if (strcmp(r->name, json_string_value(json_object_get(r->vm, "vm"))) != 0)
		forget_addresses(definition);
	if (!is_sent) {
		json_decref(definition);
		return false;
	}
	json_decref(backup_ask(r->vos, "create-vm", definition));
	return vos_result(r->vos) == VOS_OK || fail(r, r->name, vos_error(r->vos));
}

static bool is_free(struct restore *r)
{
	json_decref(backup_ask(r->vos, "status-vm", json_pack("{s:s}", "name", r->name)));
	if (vos_result(r->vos) == VOS_NOT_FOUND)
		return true;
	r->result = RESULT_STATE;
	return fail(r, r->name, vos_result(r->vos) == VOS_OK ? "there is such a VM. Choose another name with --name" :
							       vos_error(r->vos));
}

static bool restore(struct restore *r)
{
	bool is_done;

	r->result = RESULT_FAILED;
	snprintf(r->name, sizeof(r->name), "%s", args_has(&r->call->args, ARG_NAME) ? r->call->args.name :
		json_string_value(json_object_get(r->vm, "vm")));
	if (!is_free(r))
		return false;
	is_done = send_vm(r);
	if (!is_done)
		delete_volumes(r);
	return is_done;
}

static void drop_images(struct restore *r)
{
	for (u32 i = 0; i < r->image_count; i++) {
		close(r->images[i].fd);
		(void)unlink(r->images[i].path);
	}
}

/* ---- the commands ---- */

static void show_done(const struct restore *r, const char *path)
{
	if (r->call->is_json)
		printf("{\"return\":{\"name\":\"%s\",\"backups\":%u}}\n",
			r->vos ? r->name : json_string_value(json_object_get(r->vm, "vm")), r->chain_count);
	else if (!r->call->is_quiet && r->vos)
		printf("%s is restored. Start it with: start-vm %s\n", r->name, r->name);
	else if (!r->call->is_quiet)
		printf("%s is right%s.\n", path, r->chain_count > 1 ? ", and all that it builds on" : "");
}

static int run(struct vos *vos, const struct call *call)
{
	static struct restore r;
	const char *path = grammar_value(call, ARG_FILE);
	struct backup_key key;
	bool is_done;

	memset(&r, 0, sizeof(r));
	r.vos = vos;
	r.call = call;
	r.result = RESULT_INTEGRITY;
	if (!backup_key_take(call, false, &key))
		return RESULT_USAGE;
	is_done = find_chain(&r, path) && read_chain(&r, &key) && (!vos || restore(&r));
	backup_key_forget(&key);
	drop_images(&r);
	if (is_done)
		show_done(&r, path);
	json_decref(r.vm);
	return is_done ? 0 : backup_refuse(call, r.result, call->verb, r.why);
}

int run_restore_vm(struct vos *vos, const struct call *call)
{
	return run(vos, call);
}

int run_verify_backup(const struct call *call)
{
	return run(NULL, call);
}
