/* SPDX-License-Identifier: MIT */
/*
 * qcow2.c - see qcow2.h.
 */
#include "qcow2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "range.h"

#define HEADER_BYTES 112u		/* with the compression type of version 3 */
#define CLUSTER_BITS_MIN 9u
#define CLUSTER_BITS_MAX 21u
#define DISK_BYTES_MAX (1ull << 50)
#define L1_ENTRIES_MAX (4u << 20)
#define SECTOR 512u
#define OFFSET_MASK 0x00fffffffffffe00ull	/* of L1 entries and of L2 entries that are not compressed */
#define L2_COMPRESSED BIT64(62)
#define L2_ZERO BIT64(0)

enum feature {		/* incompatible ones, by bit */
	FEATURE_DIRTY, FEATURE_CORRUPT, FEATURE_DATA_FILE, FEATURE_COMPRESSION, FEATURE_EXTENDED_L2, FEATURE_COUNT
};

struct qcow2 {
	struct qcow2_file file;
	u32 version, cluster_bits, l1_count;
	u64 disk_bytes;
	bool is_zstd;
	u64 *l1, *l2;		/* l2: the table at l2_at, if that is not 0; in the file's byte order */
	u64 l2_at;
	u8 *cluster, *packed;	/* cluster: uncompressed, of the L2 entry unpacked */
	u64 unpacked;
};

static u32 be32(const u8 *from)
{
	return (u32)from[0] << 24 | (u32)from[1] << 16 | (u32)from[2] << 8 | from[3];
}

static u64 be64(const void *from)
{
	const u8 *bytes = from;

	return (u64)be32(bytes) << 32 | be32(bytes + 4);
}

static bool read_file(const struct qcow2 *q, u64 offset, void *to, size_t count)
{
	return range_ok(offset, count, q->file.bytes) && q->file.read(q->file.context, offset, to, count);
}

static bool refuse(char *why, size_t why_bytes, const char *text)
{
	snprintf(why, why_bytes, "%s", text);
	return false;
}

/* ---- header ---- */

static bool features_ok(const u8 *h, bool *is_zstd, char *why, size_t why_bytes)
{
	static const char *const refused[FEATURE_COUNT] = {
		[FEATURE_CORRUPT] = "it is marked as corrupt (qemu-img check)",
		[FEATURE_DATA_FILE] = "its data is in another file, which is not supported",
		[FEATURE_EXTENDED_L2] = "it has subclusters (extended_l2), which are not supported",
	};
	u64 bits = be64(h + 72);

	for (u32 i = 0; i < FEATURE_COUNT; i++)
		if ((bits & BIT64(i)) != 0 && refused[i] != NULL)
			return refuse(why, why_bytes, refused[i]);
	if (bits >> FEATURE_COUNT != 0)
		return refuse(why, why_bytes, "it has features that are not known");
	*is_zstd = (bits & BIT64(FEATURE_COMPRESSION)) != 0 && h[104] == 1;
	if ((bits & BIT64(FEATURE_COMPRESSION)) != 0 && h[104] > 1)
		return refuse(why, why_bytes, "its compression is not known");
	return true;
}

static bool sizes_ok(struct qcow2 *q, char *why, size_t why_bytes)
{
	u64 entries;

	if (q->cluster_bits < CLUSTER_BITS_MIN || q->cluster_bits > CLUSTER_BITS_MAX)
		return refuse(why, why_bytes, "its clusters have a size that is not possible");
	if (q->disk_bytes == 0 || q->disk_bytes > DISK_BYTES_MAX)
		return refuse(why, why_bytes, "its disk has a size that is not possible");
	entries = align_up(q->disk_bytes, BIT64(2 * q->cluster_bits - 3)) >> (2 * q->cluster_bits - 3);
	if (entries > q->l1_count || entries > L1_ENTRIES_MAX)
		return refuse(why, why_bytes, "its L1 table is too small or too large");
	q->l1_count = (u32)entries;	/* the rest is not looked at */
	return true;
}

static bool header_ok(struct qcow2 *q, const u8 *h, char *why, size_t why_bytes)
{
	q->version = be32(h + 4);
	q->cluster_bits = be32(h + 20);
	q->disk_bytes = be64(h + 24);
	q->l1_count = be32(h + 36);
	if (memcmp(h, "QFI\xfb", 4) != 0 || q->version < 2 || q->version > 3)
		return refuse(why, why_bytes, "it is no qcow2 image of version 2 or 3");
	if (be64(h + 8) != 0)
		return refuse(why, why_bytes, "it has a backing file, which is not supported: "
			"qemu-img convert joins them");
	if (be32(h + 32) != 0)
		return refuse(why, why_bytes, "it is encrypted, which is not supported");
	if (q->version == 3 && !features_ok(h, &q->is_zstd, why, why_bytes))
		return false;
	return sizes_ok(q, why, why_bytes);
}

static bool load_l1(struct qcow2 *q, u64 offset)
{
	size_t bytes = q->l1_count * sizeof(u64), cluster = BIT64(q->cluster_bits);

	q->l1 = malloc(bytes);
	q->l2 = malloc(cluster);
	q->cluster = malloc(cluster);
	q->packed = malloc(2 * cluster);	/* more than a compressed cluster may have */
	return q->l1 != NULL && q->l2 != NULL && q->cluster != NULL && q->packed != NULL &&
	       read_file(q, offset, q->l1, bytes);
}

struct qcow2 *qcow2_open(const struct qcow2_file *file, char *why, size_t why_bytes)
{
	struct qcow2 *q = calloc(1, sizeof(*q));
	u8 head[HEADER_BYTES] = { 0 };

	if (q == NULL)
		return NULL;
	q->file = *file;
	refuse(why, why_bytes, "it is cut short");
	if (read_file(q, 0, head, min_u64(file->bytes, sizeof(head))) && header_ok(q, head, why, why_bytes)) {
		refuse(why, why_bytes, "its L1 table can't be read");
		if (load_l1(q, be64(head + 40)))
			return q;
	}
	qcow2_close(q);
	return NULL;
}

void qcow2_close(struct qcow2 *q)
{
	free(q->l1);
	free(q->l2);
	free(q->cluster);
	free(q->packed);
	free(q);
}

u64 qcow2_disk_bytes(const struct qcow2 *q)
{
	return q->disk_bytes;
}

u32 qcow2_cluster_bytes(const struct qcow2 *q)
{
	return BIT32(q->cluster_bits);
}

/* ---- look-up ---- */

/* 0: there is none. */
static bool l2_entry(struct qcow2 *q, u64 offset, u64 *entry)
{
	u32 bits = q->cluster_bits;
	u64 at;

	*entry = 0;
	if (offset >= q->disk_bytes)
		return false;
	at = be64(&q->l1[offset >> (2 * bits - 3)]) & OFFSET_MASK;
	if (at == 0)
		return true;
	if (at != q->l2_at) {
		q->l2_at = 0;
		if (!aligned_ok(at, BIT64(bits)) || !read_file(q, at, q->l2, BIT64(bits)))
			return false;
		q->l2_at = at;
	}
	*entry = be64(&q->l2[(offset >> bits) & (BIT64(bits - 3) - 1)]);
	return true;
}

static bool is_zero_entry(const struct qcow2 *q, u64 entry)
{
	if ((entry & L2_COMPRESSED) != 0)
		return false;
	return (entry & OFFSET_MASK) == 0 || (q->version == 3 && (entry & L2_ZERO) != 0);
}

bool qcow2_is_hole(struct qcow2 *q, u64 offset, bool *is_hole)
{
	u64 entry;

	if (!l2_entry(q, offset, &entry))
		return false;
	*is_hole = is_zero_entry(q, entry);
	return true;
}

/* ---- compressed clusters ---- */

static bool inflate_cluster(struct qcow2 *q, size_t packed)
{
	size_t bytes = BIT64(q->cluster_bits);
	z_stream z = { .next_in = q->packed, .avail_in = (uInt)packed, .next_out = q->cluster,
		       .avail_out = (uInt)bytes };
	int rc;

	if (inflateInit2(&z, -12) != Z_OK)	/* raw deflate, a window of 4 KiB */
		return false;
	rc = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	return (rc == Z_STREAM_END || rc == Z_BUF_ERROR) && z.avail_out == 0;
}

/* What lies behind the frame in its last sector is not its own. */
static bool unzstd_cluster(struct qcow2 *q, size_t packed)
{
	size_t bytes = BIT64(q->cluster_bits);
	ZSTD_outBuffer out = { q->cluster, bytes, 0 };
	ZSTD_inBuffer in = { q->packed, packed, 0 };
	ZSTD_DStream *z = ZSTD_createDStream();
	size_t before;

	if (z == NULL)
		return false;
	do {
		before = in.pos + out.pos;
		if (ZSTD_isError(ZSTD_decompressStream(z, &out, &in)))
			break;
	} while (out.pos < bytes && in.pos + out.pos != before);
	ZSTD_freeDStream(z);
	return out.pos == bytes;
}

static bool unpack(struct qcow2 *q, u64 entry)
{
	u32 shift = 62 - (q->cluster_bits - 8);
	u64 at = entry & (BIT64(shift) - 1), sectors = ((entry & (BIT64(62) - 1)) >> shift) + 1;
	u64 bytes = sectors * SECTOR - at % SECTOR;

	if (q->unpacked == entry)
		return true;
	q->unpacked = 0;
	if (at >= q->file.bytes || bytes > 2 * BIT64(q->cluster_bits))
		return false;
	bytes = min_u64(bytes, q->file.bytes - at);	/* the last sector need not be whole */
	if (!read_file(q, at, q->packed, bytes) ||
	    !(q->is_zstd ? unzstd_cluster(q, bytes) : inflate_cluster(q, bytes)))
		return false;
	q->unpacked = entry;
	return true;
}

/* ---- reading ---- */

bool qcow2_read(struct qcow2 *q, u64 offset, u8 *to, size_t count)
{
	u64 in_cluster = offset & (BIT64(q->cluster_bits) - 1), entry, at;

	if (!range_ok(in_cluster, count, BIT64(q->cluster_bits)) || !l2_entry(q, offset, &entry))
		return false;
	if (is_zero_entry(q, entry)) {
		memset(to, 0, count);
		return true;
	}
	if ((entry & L2_COMPRESSED) != 0) {
		if (!unpack(q, entry))
			return false;
		memcpy(to, q->cluster + in_cluster, count);
		return true;
	}
	at = entry & OFFSET_MASK;
	if (!aligned_ok(at, BIT64(q->cluster_bits)) || at >= q->file.bytes ||
	    in_cluster >= q->file.bytes - at)
		return false;
	memset(to, 0, count);		/* the last cluster need not be whole */
	return read_file(q, at + in_cluster, to, min_u64(count, q->file.bytes - at - in_cluster));
}
