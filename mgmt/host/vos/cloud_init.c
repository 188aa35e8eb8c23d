/* SPDX-License-Identifier: MIT */
/*
 * cloud_init.c - create-vm --cloud-init: a disk that cloud-init in the guest finds by its label (NoCloud), with what
 * the guest is to be told. It is made here, uploaded, and copied by VOS into a volume of the VM; the image goes then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fat_image.h"
#include "vos_main.h"

#define LABEL "CIDATA"
#define PATH_BYTES 4096u
#define NAME_BYTES 32u
#define USER_DATA "user-data"
#define META_DATA "meta-data"
#define NETWORK "network-config"

enum { USER, META, NET, PARTS };

struct seed {
	struct fat_file files[PARTS];
	u32 count;
	u8 bytes[PARTS][FAT_FILE_BYTES_MAX + 1];
	u32 image_bytes;
	u8 image[FAT_IMAGE_BYTES];
	char why[PATH_BYTES + 128];
};

static bool fail(struct seed *seed, const char *path, const char *why)
{
	snprintf(seed->why, sizeof(seed->why), "%.4000s: %s", path, why);
	return false;
}

static void add(struct seed *seed, const char *name, const u8 *bytes, size_t count)
{
	seed->files[seed->count++] = (struct fat_file){ .name = name, .bytes = bytes, .count = (u32)count };
}

/* is_needed: it is a mistake if there is none. */
static bool read_part(struct seed *seed, const char *path, const char *name, u32 part, bool is_needed)
{
	FILE *file = fopen(path, "re");
	size_t count;
	bool is_whole;

	if (!file)
		return !is_needed && errno == ENOENT ? true : fail(seed, path, strerror(errno));
	count = fread(seed->bytes[part], 1, sizeof(seed->bytes[part]), file);
	is_whole = !ferror(file);
	fclose(file);
	if (!is_whole)
		return fail(seed, path, "it can't be read");
	if (count > FAT_FILE_BYTES_MAX)
		return fail(seed, path, "it has more than 1 MiB");
	if (count == 0 && is_needed)
		return fail(seed, path, "it is empty");
	add(seed, name, seed->bytes[part], count);
	return true;
}

/* cloud-init wants one, and does what it is told once for each instance-id. */
static void make_meta(struct seed *seed, const char *vm)
{
	int count = snprintf((char *)seed->bytes[META], NAME_BYTES * 4,
			     "instance-id: %.31s\nlocal-hostname: %.31s\n", vm, vm);

	add(seed, META_DATA, seed->bytes[META], (size_t)count);
}

static bool has_meta(const struct seed *seed)
{
	for (u32 i = 0; i < seed->count; i++)
		if (strcmp(seed->files[i].name, META_DATA) == 0)
			return true;
	return false;
}

static bool read_folder(struct seed *seed, const char *folder)
{
	static const char *const names[PARTS] = { [USER] = USER_DATA, [META] = META_DATA, [NET] = NETWORK };
	char path[PATH_BYTES];

	for (u32 part = 0; part < PARTS; part++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, names[part]) >= sizeof(path))
			return fail(seed, folder, "the path is too long");
		if (!read_part(seed, path, names[part], part, part == USER))
			return false;
	}
	return true;
}

static bool read_seed(struct seed *seed, const char *path, const char *vm)
{
	struct stat found;
	bool is_folder = stat(path, &found) == 0 && S_ISDIR(found.st_mode);

	if (!(is_folder ? read_folder(seed, path) : read_part(seed, path, USER_DATA, USER, true)))
		return false;
	if (!has_meta(seed))
		make_meta(seed, vm);
	seed->image_bytes = fat_image_make(seed->image, LABEL, seed->files, seed->count);
	return seed->image_bytes != 0 || fail(seed, path, "it is too large");
}

/* ---- to VOS ---- */

static bool write_image(const struct seed *seed, char path[PATH_BYTES])
{
	const char *folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	FILE *file;
	int fd;

	snprintf(path, PATH_BYTES, "%.4000s/vos-cidata-XXXXXX", folder);
	fd = mkstemp(path);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file)
		return false;
	(void)fwrite(seed->image, 1, seed->image_bytes, file);
	return fclose(file) == 0;
}

static int upload(struct vos *vos, struct seed *seed, const char *name)
{
	char path[PATH_BYTES] = "";
	int result = VOS_FAILED;

	if (write_image(seed, path))
		result = vos_upload_image(vos, name, path, NULL, NULL, NULL);
	else
		(void)fail(seed, path, strerror(errno));
	if (*path)
		unlink(path);
	return result;
}

static int refuse(const struct call *call, const struct seed *seed)
{
	struct cmd_error error;

	error_set(&error, RESULT_FAILED, "--cloud-init: %s", seed->why);
	return show_error(call, &error);
}

static void add_disk(const struct call *call, const char *image)
{
	json_t *disks = json_object_get(call->arguments, "disk");
	char text[NAME_BYTES * 2];

	if (!disks) {
		disks = json_array();
		json_object_set_new(call->arguments, "disk", disks);
	}
	snprintf(text, sizeof(text), "image=%s", image);
	json_array_append_new(disks, json_string(text));
}

static int create(struct vos *vos, const struct call *call, struct seed *seed)
{
	char image[NAME_BYTES];
	u32 number = 0;
	int result;

	if (args_has(&call->args, ARG_DRY_RUN))
		return run_simple(vos, call);		/* what could be judged here was */
	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		number = (u32)getpid();
	snprintf(image, sizeof(image), "cidata-%08x", number);
	result = upload(vos, seed, image);
	if (result != VOS_OK)
		return seed->why[0] != '\0' ? refuse(call, seed) : show_failure(call, vos);
	add_disk(call, image);
	result = run_simple(vos, call);
	(void)vos_delete_image(vos, image);		/* the VM's volume has what was in it */
	return result;
}

int run_create_vm(struct vos *vos, const struct call *call)
{
	struct seed *seed;
	int result;

	if (!args_has(&call->args, ARG_CLOUD_INIT))
		return run_simple(vos, call);
	seed = calloc(1, sizeof(*seed));
	if (!seed)
		return RESULT_FAILED;
	if (read_seed(seed, grammar_value(call, ARG_CLOUD_INIT), call->args.name))
		result = create(vos, call, seed);
	else
		result = refuse(call, seed);
	explicit_bzero(seed, sizeof(*seed));		/* user-data has passwords at times */
	free(seed);
	return result;
}
