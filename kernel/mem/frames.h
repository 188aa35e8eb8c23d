/* SPDX-License-Identifier: MIT */
/*
 * frames.h - physical memory: chunks of 2 MiB, each with a bitmap of its 512 frames.
 *
 * A chunk is of the USER class (never mapped in the kernel: guest RAM, PD memory) or of the KERNEL class
 * (direct-mapped: tables, objects, stacks), and a KERNEL chunk stays one. MEM objects reserve their frames when they
 * are made, so that granting one later can't fail; overcommitted ones reserve nothing and take what is left, down to a
 * watermark: what is below it is kept for the management partition's work. struct frame_pool is pure (host tests); the
 * frame_* functions below work on the machine's one pool and take its lock.
 */
#ifndef VOS_FRAMES_H
#define VOS_FRAMES_H

#include "lock.h"
#include "pt.h"
#include "status.h"
#include "types.h"

#define CHUNK_FRAMES 512u
#define FRAMES_BAD_MAX 16u

enum frame_class { FRAME_USER, FRAME_KERNEL, FRAME_CLASS_COUNT };

struct chunk {
	u64 used[CHUNK_FRAMES / 64];	/* bit = 1: in use, or no memory */
	u32 next, prev;			/* list of chunks, CHUNK_NONE ends it */
	u16 free_count;
	u8 class;			/* enum frame_class */
	u32 list;			/* which list it is in */
};

struct frame_pool {
	struct lock lock;
	struct chunk *chunks;		/* record i is for physical address i * 2 MiB */
	u32 chunk_count;
	u32 lists[4];			/* heads; see frames.c */
	u64 total;			/* frames of usable memory, taken or not */
	u64 boot;			/* thereof occupied before there was a pool */
	u64 changes;			/* how often frames were taken or given back */
	u64 free_user;			/* free frames in USER chunks */
	u64 reserved;			/* thereof promised to MEM objects */
	u64 granted;			/* frames that MEM objects have */
	u64 free_kernel;
	u64 kernel;			/* frames in KERNEL chunks */
	u64 watermark_user, watermark_kernel;	/* free frames withheld from overcommitted memory and its tables */
	u64 bad[FRAMES_BAD_MAX];	/* numbers of frames that leave the pool when they are next free */
	u32 bad_count;
	enum status (*make_kernel)(hpa_t chunk);	/* called when a chunk becomes KERNEL: map it */
};

/* `chunks`: room for chunk_count records. Everything is taken until frame_pool_add; add ranges first, then take what
 * is occupied. */
void frame_pool_init(struct frame_pool *pool, struct chunk *chunks, u32 chunk_count,
		     enum status (*make_kernel)(hpa_t chunk));
/* [start, start + bytes) is usable memory. Partial frames at its ends and what lies below 1 MiB are left out. */
void frame_pool_add(struct frame_pool *pool, u64 start, u64 bytes);
/* [start, start + bytes) is occupied, partial frames included. May overlap with what was taken before. */
void frame_pool_take(struct frame_pool *pool, u64 start, u64 bytes);
/* This wholly free chunk becomes KERNEL. ST_STATE if it isn't wholly free. */
enum status frame_pool_make_kernel(struct frame_pool *pool, u64 start) MUST_CHECK;

enum status frame_pool_reserve(struct frame_pool *pool, u64 count) MUST_CHECK;
void frame_pool_unreserve(struct frame_pool *pool, u64 count);
/* A frame of 4 KiB, 2 MiB or 1 GiB from what was reserved. ST_NOMEM: no such large frame is free; 4 KiB can't fail
 * within the reservation. */
enum status frame_pool_alloc_reserved(struct frame_pool *pool, enum pt_level level, hpa_t *out) MUST_CHECK;
/* The same of what nobody reserved, down to the watermark. ST_NOMEM also for 4 KiB. */
enum status frame_pool_alloc_unreserved(struct frame_pool *pool, enum pt_level level, hpa_t *out) MUST_CHECK;
/* A reserved one of 2 MiB that ends below 4 GiB. */
enum status frame_pool_alloc_low(struct frame_pool *pool, hpa_t *out) MUST_CHECK;
/* Before a KERNEL frame is taken: ST_NOMEM if the watermark is reached. */
enum status frame_pool_check_watermark(struct frame_pool *pool) MUST_CHECK;
/* `count` (a power of two, at most 64) adjacent KERNEL frames, aligned to their size. */
enum status frame_pool_alloc_kernel(struct frame_pool *pool, u32 count, hpa_t *out) MUST_CHECK;
/* How many of them were bad, and so are not in the pool any more. */
u64 frame_pool_free(struct frame_pool *pool, hpa_t frame, u64 count);
/* Its memory is damaged: nobody gets it again. ST_STATE: it is in use, and leaves the pool when it is given back;
 * ST_INVAL: it is not in the pool; ST_FULL: too many are waited for. */
enum status frame_pool_retire(struct frame_pool *pool, hpa_t frame) MUST_CHECK;
/* It is in use still, and was to be retired. */
bool frame_pool_is_awaited(const struct frame_pool *pool, hpa_t frame);

/* ---- the machine's pool ---- */

struct boot_info;

/* Find memory for the records and make the pool from the boot map. Panics if there is too little. */
void frames_init(const struct boot_info *boot);
/* The first aligned place in [from, to) where so much usable memory is free of the image, of modules and of what is not
 * usable; 0: none. It is the caller's only if the pool does not manage it, or does not yet. */
u64 frames_place(const struct boot_info *boot, u64 from, u64 to, u64 bytes, u64 alignment);

extern struct frame_pool frames;

/* Is any of it memory that the pool manages, or nothing that this processor can address? */
bool frames_own(hpa_t start, u64 bytes) MUST_CHECK;

/* `count` (1, 2, 4 .. 64) adjacent zeroed kernel frames; NULL if there are none, or only those below the watermark. */
void *kernel_frames_alloc(u32 count);
void *kernel_frames(u32 count, bool keeps_watermark);
void kernel_frames_free(void *frames_start, u32 count);

/* SYSTEM_WATERMARK. */
void frames_set_watermark(u64 bytes);

/* Page tables out of kernel frames: what pt_init wants. The second stops at the watermark: for overcommitted
 * memory. */
extern const struct pt_frames kernel_pt_frames, guest_pt_frames;

#endif
