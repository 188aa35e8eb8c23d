/* SPDX-License-Identifier: MIT */
/*
 * qcow2_write.c - see qcow2_write.h. The file: cluster 0 for the header, the L1 table, data and L2 tables as they come,
 * then blocks of reference counts and their table.
 */
#include "qcow2_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "range.h"

#define CLUSTER_BITS 16u
#define ENTRIES (QCOW2_CLUSTER / 8)		/* of a table */
#define COUNTS (QCOW2_CLUSTER / 2)		/* in a block of reference counts */
#define COPIED BIT64(63)
#define COMPRESSED BIT64(62)
#define SECTOR_BITS 9u
#define SECTORS_SHIFT (62u - (CLUSTER_BITS - 8u))	/* in a compressed cluster's entry */
#define HEADER_BYTES 112u
#define INCOMPATIBLE_ZSTD BIT64(3)
#define ZSTD_LEVEL 3

struct qcow2_out {
	int fd;
	u64 disk_bytes, end;		/* end: of the file so far */
	bool is_zstd;
	u64 *l1, *l2;			/* big endian, as in the file; l2: that of the part that is being written */
	u64 l1_entries, l1_at, l2_index;
	bool has_l2;
	u16 *counts;			/* of references, by cluster of the file */
	u64 count_room;
	ZSTD_CCtx *zstd;
	u8 packed[QCOW2_CLUSTER];
};

static u64 be64(u64 value)
{
	return __builtin_bswap64(value);
}

static void put32(u8 *to, u32 value)
{
	value = __builtin_bswap32(value);
	memcpy(to, &value, sizeof(value));
}

static void put64(u8 *to, u64 value)
{
	value = be64(value);
	memcpy(to, &value, sizeof(value));
}

static bool write_at(const struct qcow2_out *q, u64 at, const void *bytes, u64 count)
{
	const u8 *from = bytes;

	while (count != 0) {
		ssize_t done = pwrite(q->fd, from, count, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		from += done;
		at += (u64)done;
		count -= (u64)done;
	}
	return true;
}

/* Those clusters of the file have one reference more. */
static bool refer(struct qcow2_out *q, u64 at, u64 bytes)
{
	u64 last = (at + bytes - 1) / QCOW2_CLUSTER;

	while (last >= q->count_room) {
		u64 room = q->count_room != 0 ? 2 * q->count_room : COUNTS;
		u16 *counts = realloc(q->counts, room * sizeof(*counts));

		if (counts == NULL)
			return false;
		memset(counts + q->count_room, 0, (room - q->count_room) * sizeof(*counts));
		q->counts = counts;
		q->count_room = room;
	}
	for (u64 i = at / QCOW2_CLUSTER; i <= last; i++)
		q->counts[i]++;
	return true;
}

/* Whole clusters at the file's end, with those bytes in them. */
static bool append(struct qcow2_out *q, const void *bytes, u64 count, u64 *at)
{
	u64 room = align_up(count, QCOW2_CLUSTER);

	*at = align_up(q->end, QCOW2_CLUSTER);
	q->end = *at + room;
	return refer(q, *at, room) && write_at(q, *at, bytes, count);
}

struct qcow2_out *qcow2_out_begin(int fd, u64 disk_bytes, bool is_zstd)
{
	struct qcow2_out *q = calloc(1, sizeof(*q));
	u64 covered = (u64)ENTRIES * QCOW2_CLUSTER;

	if (q == NULL)
		return NULL;
	q->fd = fd;
	q->disk_bytes = disk_bytes;
	q->is_zstd = is_zstd;
	q->l1_entries = (disk_bytes + covered - 1) / covered;
	q->l1 = calloc(q->l1_entries, sizeof(*q->l1));
	q->l2 = calloc(ENTRIES, sizeof(*q->l2));
	q->zstd = is_zstd ? ZSTD_createCCtx() : NULL;
	q->l1_at = QCOW2_CLUSTER;
	q->end = q->l1_at + align_up(q->l1_entries * sizeof(*q->l1), QCOW2_CLUSTER);
	if (q->l1 == NULL || q->l2 == NULL || (is_zstd && q->zstd == NULL) || !refer(q, 0, q->end)) {
		qcow2_out_free(q);
		return NULL;
	}
	return q;
}

void qcow2_out_free(struct qcow2_out *q)
{
	if (q == NULL)
		return;
	ZSTD_freeCCtx(q->zstd);
	free(q->counts);
	free(q->l1);
	free(q->l2);
	free(q);
}

static bool end_l2(struct qcow2_out *q)
{
	u64 at;

	if (!q->has_l2)
		return true;
	if (!append(q, q->l2, QCOW2_CLUSTER, &at))
		return false;
	q->l1[q->l2_index] = be64(at | COPIED);
	memset(q->l2, 0, QCOW2_CLUSTER);
	q->has_l2 = false;
	return true;
}

/* 0: it does not get smaller. */
static u64 pack(struct qcow2_out *q, const u8 *cluster)
{
	size_t bytes;

	if (!q->is_zstd)
		return 0;
	bytes = ZSTD_compressCCtx(q->zstd, q->packed, sizeof(q->packed) - 512, cluster, QCOW2_CLUSTER, ZSTD_LEVEL);
	return ZSTD_isError(bytes) ? 0 : bytes;
}

/* Compressed clusters follow each other, also within a cluster of the file. */
static bool append_packed(struct qcow2_out *q, u64 bytes, u64 *entry)
{
	u64 at = q->end, more = ((at + bytes - 1) >> SECTOR_BITS) - (at >> SECTOR_BITS);

	*entry = at | more << SECTORS_SHIFT | COMPRESSED;
	q->end += bytes;
	return refer(q, at, bytes) && write_at(q, at, q->packed, bytes);
}

bool qcow2_out_put(struct qcow2_out *q, u64 offset, const u8 cluster[QCOW2_CLUSTER])
{
	u64 index = offset / QCOW2_CLUSTER, bytes, entry;

	if (q->has_l2 && index / ENTRIES != q->l2_index && !end_l2(q))
		return false;
	q->l2_index = index / ENTRIES;
	q->has_l2 = true;
	bytes = pack(q, cluster);
	if (bytes != 0 ? !append_packed(q, bytes, &entry) : !append(q, cluster, QCOW2_CLUSTER, &entry))
		return false;
	q->l2[index % ENTRIES] = be64(bytes != 0 ? entry : entry | COPIED);
	return true;
}

/* Blocks of counts and their table count themselves: as many as are enough for all. */
static bool write_counts(struct qcow2_out *q, u64 *table_at, u64 *table_clusters)
{
	u64 used = align_up(q->end, QCOW2_CLUSTER) / QCOW2_CLUSTER, blocks = 0, tables = 0;
	u64 *table;
	bool is_ok;

	while (blocks * COUNTS < used + blocks + tables) {
		blocks++;
		tables = (blocks + ENTRIES - 1) / ENTRIES;
	}
	q->end = used * QCOW2_CLUSTER;
	if (!refer(q, q->end, (blocks + tables) * QCOW2_CLUSTER))
		return false;
	table = calloc(tables * ENTRIES, sizeof(*table));
	is_ok = table != NULL;
	for (u64 i = 0; is_ok && i < blocks; i++) {
		static u16 block[COUNTS];

		for (u64 k = 0; k < COUNTS; k++)
			block[k] = i * COUNTS + k < q->count_room ? __builtin_bswap16(q->counts[i * COUNTS + k]) : 0;
		table[i] = be64(q->end + i * QCOW2_CLUSTER);
		is_ok = write_at(q, q->end + i * QCOW2_CLUSTER, block, sizeof(block));
	}
	*table_at = q->end + blocks * QCOW2_CLUSTER;
	*table_clusters = tables;
	is_ok = is_ok && write_at(q, *table_at, table, tables * QCOW2_CLUSTER);
	free(table);
	return is_ok;
}

static bool write_header(const struct qcow2_out *q, u64 table_at, u64 table_clusters)
{
	u8 h[HEADER_BYTES + 8] = { 'Q', 'F', 'I', 0xfb };	/* then the end of the header's extensions */

	put32(h + 4, 3);
	put32(h + 20, CLUSTER_BITS);
	put64(h + 24, q->disk_bytes);
	put32(h + 36, (u32)q->l1_entries);
	put64(h + 40, q->l1_at);
	put64(h + 48, table_at);
	put32(h + 56, (u32)table_clusters);
	put64(h + 72, q->is_zstd ? INCOMPATIBLE_ZSTD : 0);
	put32(h + 96, 4);			/* reference counts of 16 bits */
	put32(h + 100, HEADER_BYTES);
	h[104] = q->is_zstd ? 1 : 0;
	return write_at(q, 0, h, sizeof(h));
}

bool qcow2_out_end(struct qcow2_out *q)
{
	u64 table_at, table_clusters;

	return end_l2(q) && write_counts(q, &table_at, &table_clusters) &&
	       write_at(q, q->l1_at, q->l1, q->l1_entries * sizeof(*q->l1)) && fsync(q->fd) == 0 &&
	       write_header(q, table_at, table_clusters) && fsync(q->fd) == 0;
}
