/* SPDX-License-Identifier: MIT */
/*
 * disk_file.c - see disk_file.h.
 */
#define _GNU_SOURCE		/* SEEK_DATA */
#include "disk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extents.h"
#include "image_format.h"
#include "qcow2.h"
#include "range.h"

#define PIECE_BYTES 65536u

/* An extent, and where its head is in the stream. The last one is the end. */
struct extent { u64 at, offset, bytes; };

struct disk_file {
	int fd;
	u64 file_bytes, disk_bytes;
	struct qcow2 *qcow2;		/* NULL: raw */
	struct extent *extents;
	size_t count, room;
	u64 stream_bytes;
};

/* ---- the file ---- */

static bool read_all(void *context, u64 offset, void *to, size_t count)
{
	const struct disk_file *d = context;
	u8 *at = to;

	while (count != 0) {
		ssize_t some = pread(d->fd, at, count, (off_t)offset);

		if (some <= 0) {
			errno = some == 0 ? EIO : errno;
			return false;
		}
		at += some;
		offset += (u64)some;
		count -= (size_t)some;
	}
	return true;
}

static bool fail(char *why, size_t why_bytes, const char *text)
{
	snprintf(why, why_bytes, "%s", text);
	return false;
}

static bool open_format(struct disk_file *d, char *why, size_t why_bytes)
{
	const struct qcow2_file file = { read_all, d, d->file_bytes };
	u8 head[IMAGE_FORMAT_BYTES] = { 0 };
	enum image_format format;

	if (!read_all(d, 0, head, min_u64(sizeof(head), d->file_bytes)))
		return fail(why, why_bytes, strerror(errno));
	format = image_format_of(head);
	d->disk_bytes = d->file_bytes;
	if (format == IMAGE_FORMAT_RAW)
		return true;
	if (format != IMAGE_FORMAT_QCOW2) {
		snprintf(why, why_bytes, "it is %s: only raw and qcow2 images are read", image_format_name(format));
		return false;
	}
	d->qcow2 = qcow2_open(&file, why, why_bytes);
	d->disk_bytes = d->qcow2 != NULL ? qcow2_disk_bytes(d->qcow2) : 0;
	return d->qcow2 != NULL;
}

struct disk_file *disk_file_open(const char *path, char *why, size_t why_bytes)
{
	struct disk_file *d = calloc(1, sizeof(*d));
	struct stat s;

	if (d == NULL)
		return NULL;
	d->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (d->fd < 0 || fstat(d->fd, &s) != 0) {
		fail(why, why_bytes, strerror(errno));
	} else if (!S_ISREG(s.st_mode) || s.st_size == 0) {
		fail(why, why_bytes, s.st_size == 0 ? "it is empty" : "it is not a regular file");
	} else {
		d->file_bytes = (u64)s.st_size;
		if (open_format(d, why, why_bytes))
			return d;
	}
	disk_file_close(d);
	return NULL;
}

void disk_file_close(struct disk_file *d)
{
	if (d->qcow2 != NULL)
		qcow2_close(d->qcow2);
	if (d->fd >= 0)
		close(d->fd);
	free(d->extents);
	free(d);
}

u64 disk_file_disk_bytes(const struct disk_file *d)
{
	return d->disk_bytes;
}

/* ---- the disk ---- */

static bool read_disk(struct disk_file *d, u64 offset, u8 *to, size_t count)
{
	u64 some = offset < d->disk_bytes ? min_u64(count, d->disk_bytes - offset) : 0;

	memset(to + some, 0, count - some);
	while (d->qcow2 != NULL && some != 0) {
		u64 cluster = qcow2_cluster_bytes(d->qcow2), part = min_u64(some, cluster - offset % cluster);

		errno = EINVAL;		/* it is malformed there */
		if (!qcow2_read(d->qcow2, offset, to, part))
			return false;
		offset += part;
		to += part;
		some -= part;
	}
	return some == 0 || read_all(d, offset, to, some);
}

/* Where data may be, from there on; the disk's end if there is none. */
static bool skip_hole(struct disk_file *d, u64 *offset)
{
	off_t data;

	if (d->qcow2 == NULL) {
		data = lseek(d->fd, (off_t)*offset, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			*offset = d->disk_bytes;
		else if (data > 0)
			*offset = align_down((u64)data, PIECE_BYTES);
		return true;
	}
	while (*offset < d->disk_bytes) {
		u64 cluster = qcow2_cluster_bytes(d->qcow2);
		bool is_hole;

		errno = EINVAL;
		if (!qcow2_is_hole(d->qcow2, *offset, &is_hole))
			return false;
		if (!is_hole)
			break;
		*offset = align_down(*offset, cluster) + cluster;
	}
	*offset = *offset < d->disk_bytes ? align_down(*offset, PIECE_BYTES) : d->disk_bytes;
	return true;
}

static bool is_zero(const u8 *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* ---- the stream ---- */

static bool add_extent(struct disk_file *d, u64 offset, u64 bytes)
{
	struct extent *last = d->count != 0 ? &d->extents[d->count - 1] : NULL, *more;

	if (bytes != 0 && last != NULL && last->offset + last->bytes == offset) {
		last->bytes += bytes;
		d->stream_bytes += bytes;
		return true;
	}
	if (d->count == d->room) {
		d->room = d->room != 0 ? 2 * d->room : 64;
		more = realloc(d->extents, d->room * sizeof(*more));
		if (more == NULL)
			return false;
		d->extents = more;
	}
	d->extents[d->count++] = (struct extent){ d->stream_bytes, offset, bytes };
	d->stream_bytes += EXTENTS_HEAD_BYTES + bytes;
	return true;
}

static bool find_extents(struct disk_file *d)
{
	static u8 piece[PIECE_BYTES];

	d->count = 0;
	d->stream_bytes = EXTENTS_HEAD_BYTES;
	for (u64 offset = 0; offset < d->disk_bytes;) {
		u64 count;

		if (!skip_hole(d, &offset))
			return false;
		if (offset >= d->disk_bytes)
			break;
		count = min_u64(PIECE_BYTES, align_up(d->disk_bytes - offset, EXTENTS_UNIT));
		if (!read_disk(d, offset, piece, count) ||
		    (!is_zero(piece, count) && !add_extent(d, offset, count)))
			return false;
		offset += count;
	}
	return add_extent(d, d->disk_bytes, 0);
}

bool disk_file_scan(struct disk_file *d, u64 *stream_bytes, u8 hash[BLAKE2B_BYTES], char *why, size_t why_bytes)
{
	static u8 piece[PIECE_BYTES];
	struct blake2b sum;
	ssize_t some;

	if (!find_extents(d))
		return fail(why, why_bytes, errno == EINVAL ? "it is damaged" : strerror(errno));
	blake2b_init(&sum);
	for (u64 at = 0; at < d->stream_bytes; at += (u64)some) {
		some = disk_file_read(d, at, piece, sizeof(piece));
		if (some <= 0)
			return fail(why, why_bytes, strerror(errno));
		blake2b_add(&sum, piece, (size_t)some);
	}
	blake2b_finish(&sum, hash);
	*stream_bytes = d->stream_bytes;
	return true;
}

/* The last extent whose head is not behind `at`. */
static const struct extent *extent_at(const struct disk_file *d, u64 at)
{
	size_t low = 0, high = d->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (d->extents[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &d->extents[low];
}

static size_t part_of(const u8 head[EXTENTS_HEAD_BYTES], u64 index, u8 *to, size_t size)
{
	size_t count = min_u64(size, EXTENTS_HEAD_BYTES - index);

	memcpy(to, head + index, count);
	return count;
}

ssize_t disk_file_read(struct disk_file *d, u64 at, u8 *to, size_t size)
{
	u8 head[EXTENTS_HEAD_BYTES];
	const struct extent *e;
	u64 index;

	if (at >= d->stream_bytes)
		return 0;
	if (at < EXTENTS_HEAD_BYTES) {
		extents_put_head(head, d->disk_bytes, false);
		return (ssize_t)part_of(head, at, to, size);
	}
	e = extent_at(d, at);
	index = at - e->at;
	if (index < EXTENTS_HEAD_BYTES) {
		extents_put_extent(head, e->offset, e->bytes);
		return (ssize_t)part_of(head, index, to, size);
	}
	index -= EXTENTS_HEAD_BYTES;
	size = min_u64(size, e->bytes - index);
	return read_disk(d, e->offset + index, to, size) ? (ssize_t)size : -1;
}
