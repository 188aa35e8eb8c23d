/* SPDX-License-Identifier: MIT */
/*
 * image_out.c - see image_out.h.
 */
#include "image_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "extents.h"
#include "qcow2_write.h"
#include "range.h"

#define PIECE_BYTES 65536u
#define PATH_BYTES 4096u

struct out {
	int fd;
	enum image_out_format format;
	struct qcow2_out *qcow2;
	bool has_cluster;		/* one is being filled: */
	u64 cluster_at;
	u8 cluster[QCOW2_CLUSTER];
};

static bool is_zero(const u8 *bytes, size_t count)
{
	return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}

static bool begin(struct out *o, u64 disk_bytes)
{
	if (o->format == IMAGE_OUT_RAW)
		return ftruncate(o->fd, (off_t)disk_bytes) == 0;
	o->qcow2 = qcow2_out_begin(o->fd, disk_bytes, o->format == IMAGE_OUT_QCOW2_ZSTD);
	if (o->qcow2 == NULL)
		errno = ENOMEM;
	return o->qcow2 != NULL;
}

/* A cluster of zeros is a hole. */
static bool end_cluster(struct out *o)
{
	bool was_some = o->has_cluster;

	o->has_cluster = false;
	return !was_some || is_zero(o->cluster, sizeof(o->cluster)) ||
	       qcow2_out_put(o->qcow2, o->cluster_at, o->cluster);
}

static bool put_qcow2(struct out *o, u64 offset, const u8 *bytes, u64 count)
{
	while (count != 0) {
		u64 at = offset % QCOW2_CLUSTER, some = min_u64(count, QCOW2_CLUSTER - at);

		if (o->has_cluster && o->cluster_at != offset - at && !end_cluster(o))
			return false;
		if (!o->has_cluster)
			memset(o->cluster, 0, sizeof(o->cluster));
		o->has_cluster = true;
		o->cluster_at = offset - at;
		memcpy(o->cluster + at, bytes, some);
		offset += some;
		bytes += some;
		count -= some;
	}
	return true;
}

static bool put_raw(const struct out *o, u64 offset, const u8 *bytes, u64 count)
{
	while (count != 0) {
		ssize_t done = is_zero(bytes, count) ? (ssize_t)count : pwrite(o->fd, bytes, count, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		offset += (u64)done;
		bytes += done;
		count -= (u64)done;
	}
	return true;
}

/* Bytes of a last extent that are behind the disk's end are none of the image's. */
static bool put(struct out *o, const struct extents *e, const u8 *bytes, u64 count)
{
	if (e->offset >= e->disk_bytes)
		return true;
	count = min_u64(count, e->disk_bytes - e->offset);
	return o->format == IMAGE_OUT_RAW ? put_raw(o, e->offset, bytes, count)
					   : put_qcow2(o, e->offset, bytes, count);
}

static bool end(struct out *o)
{
	if (o->format == IMAGE_OUT_RAW)
		return fsync(o->fd) == 0;
	return end_cluster(o) && qcow2_out_end(o->qcow2);
}

static const char *take_piece(struct out *o, struct extents *e, const u8 *piece, u64 count)
{
	u64 used, done = 0;

	while (done < count) {
		bool is_new = e->disk_bytes == 0;
		enum extents_state state = extents_next(e, piece + done, count - done, &used);

		if (state == EXTENTS_BAD)
			return "what VOS sent is malformed";
		if (is_new && e->disk_bytes != 0 && !begin(o, e->disk_bytes))
			return strerror(errno);
		if (state == EXTENTS_DATA) {
			if (!put(o, e, piece + done, used))
				return strerror(errno);
			extents_took(e, used);
		}
		done += used;
	}
	return NULL;
}

/* NULL: all of it is in the file. */
static const char *copy(struct out *o, int from_fd, u64 at)
{
	static u8 piece[PIECE_BYTES];
	const char *why = NULL;
	struct extents e;

	extents_init(&e);
	while (why == NULL && !e.is_over) {
		ssize_t count = pread(from_fd, piece, sizeof(piece), (off_t)at);

		if (count < 0)
			return strerror(errno);
		if (count == 0)
			return "what VOS sent is cut off";
		at += (u64)count;
		why = take_piece(o, &e, piece, (u64)count);
	}
	if (why != NULL)
		return why;
	return end(o) ? NULL : strerror(errno);
}

bool image_out_write(int from_fd, u64 at, const char *path, enum image_out_format format, char *why, size_t why_bytes)
{
	static struct out o;
	char new_path[PATH_BYTES];
	const char *failure = "its name is too long";

	memset(&o, 0, sizeof(o));
	o.format = format;
	if (snprintf(new_path, sizeof(new_path), "%s.new", path) < (int)sizeof(new_path)) {
		o.fd = open(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		failure = o.fd < 0 ? strerror(errno) : copy(&o, from_fd, at);
		if (o.fd >= 0)
			close(o.fd);
		if (failure == NULL && rename(new_path, path) != 0)
			failure = strerror(errno);
		if (failure != NULL)
			(void)unlink(new_path);
	}
	qcow2_out_free(o.qcow2);
	if (failure != NULL)
		snprintf(why, why_bytes, "%s", failure);
	return failure == NULL;
}
