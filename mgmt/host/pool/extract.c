/* SPDX-License-Identifier: MIT */
/*
 * extract.c - see extract.h. The pool is opened by the code that VOS runs, over an overlay, which takes what recovery
 * writes. One transfer at a time.
 */
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "layout.h"
#include "overlay.h"
#include "pool_size.h"
#include "range.h"
#include "vos_pool.h"

#define ARENA_ALIGNMENT 4096u
#define QUEUE 64u
#define PIECE (256u * 1024)

struct reader {
	struct overlay overlay;
	struct pool *pool;
	struct pool_io *queue[QUEUE];	/* a ring */
	u32 first, queued;
	bool is_mirror;			/* and this is one of its disks */
	u32 member;
	bool is_done;
	enum pool_status status;
};

static const char *const status_text[POOL_STATUS_COUNT] = {
	[POOL_IO] = "can't be read", [POOL_CORRUPT] = "is damaged", [POOL_NO_POOL] = "no pool",
	[POOL_UNKNOWN] = "has a version or a feature that this program does not know",
	[POOL_STALE] = "is a disk of a mirror that was being copied to, and has not all",
	[POOL_LOCKED] = "is encrypted, and its key is not here",
	[POOL_MEMORY] = "needs more memory than this program takes",
};

static int fail(FILE *err, const char *path, const char *text)
{
	fprintf(err, "vos-pool: %s: %s\n", path, text);
	return VOS_POOL_UNREADABLE;
}

static int fail_status(FILE *err, const char *path, enum pool_status status)
{
	return fail(err, path, status_text[status] != NULL ? status_text[status] : "can't be used");
}

/* ---- the device below ---- */

static bool submit(void *context, struct pool_io *io)
{
	struct reader *r = context;

	if (r->queued == QUEUE)
		return false;
	r->queue[(r->first + r->queued++) % QUEUE] = io;
	return true;
}

static bool transfer(struct overlay *o, const struct pool_io *io)
{
	u64 first = io->sector / POOL_BLOCK_SECTORS;
	bool is_ok = true;

	for (u32 i = 0; io->op != POOL_IO_FLUSH && i < io->sectors / POOL_BLOCK_SECTORS && is_ok; i++) {
		u8 *data = io->data + (u64)i * POOL_BLOCK;

		is_ok = io->op == POOL_IO_READ ? overlay_read(o, first + i, data) : overlay_write(o, first + i, data);
	}
	return is_ok;
}

/* Until what was asked of the pool has ended. False: it has no work, and has not. */
static bool work(struct reader *r)
{
	while (!r->is_done) {
		struct pool_io *io;

		pool_run(r->pool);
		if (r->queued == 0)
			return r->is_done;
		io = r->queue[r->first++ % QUEUE];
		r->queued--;
		pool_io_done(r->pool, io, transfer(&r->overlay, io));
	}
	return true;
}

/* ---- opening ---- */

static struct reader *opening;		/* pool_open has no context */

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opening->is_done = true;
	opening->status = status;
}

/* A disk of a mirror is opened alone, as its owner insists. */
static struct pool *begin_open(struct reader *r, void *arena, u64 sectors)
{
	const struct pool_memory memory = pool_memory_of(sectors, r->is_mirror);
	const struct pool_device device = { .context = r, .sectors = sectors, .block_sectors = POOL_BLOCK_SECTORS,
		.submit = submit };
	struct pool_device members[POOL_MEMBERS] = { 0 };

	if (!r->is_mirror)
		return pool_open(arena, &memory, &device, opened);
	members[r->member] = device;
	return pool_open_mirror(arena, &memory, members, true, opened);
}

static enum pool_status open_pool(struct reader *r, void *arena, u64 sectors)
{
	opening = r;
	r->is_done = false;
	r->pool = begin_open(r, arena, sectors);
	return r->pool != NULL && work(r) ? r->status : POOL_MEMORY;
}

/* ---- the check of what was recovered ---- */

struct findings {
	struct overlay *overlay;
	FILE *err;
	const char *path;
};

static bool read_block(void *context, u64 block, void *to)
{
	return overlay_read(((struct findings *)context)->overlay, block, to);
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	const struct findings *f = context;

	fprintf(f->err, "vos-pool: %s: recovered: volume number %u, block %llu: %s\n", f->path, (unsigned)id,
		(unsigned long long)block, pool_check_text[fault]);
}

static int check_recovered(struct reader *r, const struct image *image, FILE *err)
{
	struct findings f = { &r->overlay, err, image->path };
	struct pool_check c = { .context = &f, .read = read_block, .found = found,
		.device_sectors = image->bytes / POOL_SECTOR, .with_data = true };
	void *arena = malloc(pool_check_bytes(c.device_sectors));
	bool is_good;

	if (arena == NULL)
		return fail(err, image->path, "no memory");
	is_good = pool_check(&c, arena);
	free(arena);
	return is_good ? VOS_POOL_OK : VOS_POOL_FAULTS;
}

/* ---- copying ---- */

static void ended(struct pool *p, struct pool_request *q, enum pool_status status)
{
	struct reader *r = q->context;

	(void)p;
	r->is_done = true;
	r->status = status;
}

static enum pool_status read_piece(struct reader *r, u32 id, u64 sector, u32 sectors, u8 *to)
{
	struct pool_request q = { .op = POOL_READ, .volume = id, .sector = sector, .sectors = sectors, .data = to,
		.done = ended, .context = r };
	enum pool_status status;

	r->is_done = false;
	status = pool_submit(r->pool, &q);
	if (status != POOL_OK)
		return status;
	return work(r) ? r->status : POOL_IO;
}

static bool is_zero(const u8 *data, u64 bytes)
{
	return data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0;
}

static int copy(struct reader *r, const struct pool_record *v, int fd, const char *to, FILE *err)
{
	static u8 piece[PIECE];
	u64 bytes = v->sectors * POOL_SECTOR;

	for (u64 at = 0; at < bytes; at += PIECE) {
		u64 count = min_u64(PIECE, bytes - at);
		enum pool_status status = read_piece(r, v->id, at / POOL_SECTOR, (u32)(count / POOL_SECTOR), piece);

		if (status != POOL_OK)
			return fail_status(err, v->name, status);
		if (!is_zero(piece, count) && pwrite(fd, piece, count, (off_t)at) != (ssize_t)count)
			return fail(err, to, "can't be written");
	}
	return ftruncate(fd, (off_t)bytes) == 0 ? VOS_POOL_OK : fail(err, to, strerror(errno));
}

static int copy_to(struct reader *r, const char *volume, const char *to, FILE *out, FILE *err)
{
	const struct pool_record *v = pool_volume_find(r->pool, volume);
	int fd, status;

	if (v == NULL)
		return fail(err, volume, "there is no such volume; vos-pool info shows what there is");
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail(err, to, strerror(errno));
	status = copy(r, v, fd, to, err);
	if (close(fd) != 0 && status == VOS_POOL_OK)
		status = fail(err, to, strerror(errno));
	if (status != VOS_POOL_OK)
		unlink(to);
	else
		fprintf(out, "%s: %llu bytes\n", v->name, (unsigned long long)(v->sectors * POOL_SECTOR));
	return status;
}

static int extract_opened(struct reader *r, const struct image *image, const char *volume, const char *to, FILE *out,
	FILE *err)
{
	u64 sectors = image->bytes / POOL_SECTOR;
	void *arena = aligned_alloc(ARENA_ALIGNMENT, align_up(pool_arena_of(sectors, r->is_mirror),
		ARENA_ALIGNMENT));
	enum pool_status status = arena != NULL ? open_pool(r, arena, sectors) : POOL_MEMORY;
	int done = status == POOL_OK ? check_recovered(r, image, err) : fail_status(err, image->path, status);

	if (done == VOS_POOL_OK)
		done = copy_to(r, volume, to, out, err);
	free(arena);
	return done;
}

static void look_for_mirror(struct reader *r, const struct image *image)
{
	struct pool_node block;
	const struct pool_label *l = (const struct pool_label *)&block;

	if (!image_read(image, POOL_LABEL_BLOCK, &block) || layout_label(l, image->bytes / POOL_SECTOR) != POOL_OK)
		return;		/* the opening says what is wrong */
	r->is_mirror = l->member_count == POOL_MEMBERS;
	r->member = l->member_index;
}

int extract(const struct image *image, const char *volume, const char *to, FILE *out, FILE *err)
{
	struct reader r = { .queued = 0 };
	int done;

	if (!overlay_open(&r.overlay, image))
		return fail(err, image->path, "no memory, or no temporary file");
	look_for_mirror(&r, image);
	done = extract_opened(&r, image, volume, to, out, err);
	overlay_close(&r.overlay);
	return done;
}
