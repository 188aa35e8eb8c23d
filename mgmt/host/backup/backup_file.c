/* SPDX-License-Identifier: MIT */
/*
 * backup_file.c - see backup_file.h.
 */
#include "backup_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <zstd.h>

#include "blake2b.h"
#include "range.h"

#define AGAIN_BYTES crypto_secretstream_xchacha20poly1305_ABYTES
#define STREAM_HEAD crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define KEY_BYTES crypto_secretstream_xchacha20poly1305_KEYBYTES
#define SALT_BYTES crypto_pwhash_argon2id_SALTBYTES
#define MEMORY_MAX (1ull << 30)		/* that a foreign head may ask for */
#define PASSES_MAX 16u
#define KEY_FILE_MIN 32u
#define ZSTD_LEVEL 3
#define STORED_MAX (ZSTD_COMPRESSBOUND(BACKUP_FRAME) + AGAIN_BYTES)

static const char magic[8] = { 'V', 'O', 'S', 'B', 'A', 'C', 'K', '1' };

struct head {
	char magic[8];
	u32 key_kind;
	u32 zero;
	u64 passes, memory;		/* of Argon2id */
	u8 salt[SALT_BYTES];
	u8 stream[STREAM_HEAD];
	u8 id[BACKUP_ID_BYTES], base[BACKUP_ID_BYTES];
	u8 zeros[376];
	u8 sum[BLAKE2B_BYTES];		/* of all before */
};
_Static_assert(sizeof(struct head) == BACKUP_HEAD_BYTES, "file");

struct frame_head {
	u32 content, stored;
};

/* What a frame is authenticated with. */
struct bound {
	u8 head[BLAKE2B_BYTES];
	u64 number;
	u32 content, zero;
};

static void sum_of(const struct head *h, u8 sum[BLAKE2B_BYTES])
{
	struct blake2b state;

	blake2b_init(&state);
	blake2b_add(&state, h, offsetof(struct head, sum));
	blake2b_finish(&state, sum);
}

static bool is_zero(const u8 *bytes, size_t count)
{
	u8 any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

static bool head_ok(const struct head *h, const char **why)
{
	u8 sum[BLAKE2B_BYTES];

	*why = "it is no backup of VOS";
	if (memcmp(h->magic, magic, sizeof(magic)) != 0)
		return false;
	sum_of(h, sum);
	*why = "its head is damaged";
	if (memcmp(sum, h->sum, sizeof(sum)) != 0)
		return false;
	*why = "it is of a later version of VOS";
	return h->key_kind < BACKUP_KEY_KINDS && h->zero == 0 && is_zero(h->zeros, sizeof(h->zeros));
}

bool backup_head_ok(const u8 bytes[BACKUP_HEAD_BYTES], struct backup_info *out, const char **why)
{
	struct head h;

	memcpy(&h, bytes, sizeof(h));
	if (!head_ok(&h, why))
		return false;
	out->kind = (enum backup_key_kind)h.key_kind;
	memcpy(out->id, h.id, sizeof(out->id));
	memcpy(out->base, h.base, sizeof(out->base));
	return true;
}

/* ---- the key ---- */

static const char *derive(const struct head *h, const struct backup_key *key, u8 out[KEY_BYTES])
{
	struct blake2b state;

	if (key->kind != (enum backup_key_kind)h->key_kind)
		return h->key_kind == BACKUP_NO_KEY ? "it is not encrypted: leave the key out" :
		       h->key_kind == BACKUP_PASSPHRASE ? "it is encrypted with a passphrase" :
							  "it is encrypted with a key file";
	if (key->kind == BACKUP_KEY_FILE) {
		if (key->count < KEY_FILE_MIN)
			return "the key file has less than 32 bytes";
		blake2b_init(&state);
		blake2b_add(&state, h->salt, sizeof(h->salt));
		blake2b_add(&state, key->bytes, key->count);
		blake2b_finish(&state, out);
		return NULL;
	}
	if (h->memory > MEMORY_MAX || h->passes > PASSES_MAX || h->memory < crypto_pwhash_MEMLIMIT_MIN ||
	    h->passes < crypto_pwhash_OPSLIMIT_MIN)
		return "its passphrase takes more memory or time than is sensible";
	return crypto_pwhash(out, KEY_BYTES, (const char *)key->bytes, key->count, h->salt, h->passes, h->memory,
			     crypto_pwhash_ALG_ARGON2ID13) == 0 ? NULL : "there is no memory for the passphrase";
}

/* ---- writing ---- */

struct backup_out {
	int fd;
	bool is_encrypted, is_failed;
	struct head head;
	struct blake2b sum;
	u64 number;			/* of the next frame */
	size_t used;
	ZSTD_CCtx *zstd;
	crypto_secretstream_xchacha20poly1305_state stream;
	u8 content[BACKUP_FRAME], packed[STORED_MAX], stored[STORED_MAX];
};

static bool write_all(int fd, const void *bytes, size_t count)
{
	const u8 *from = bytes;

	while (count != 0) {
		ssize_t done = write(fd, from, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		from += done;
		count -= (size_t)done;
	}
	return true;
}

static const char *begin_stream(struct backup_out *o, const struct backup_key *key)
{
	u8 secret[KEY_BYTES];
	const char *why;

	if (key->kind == BACKUP_NO_KEY)
		return NULL;
	o->is_encrypted = true;
	why = derive(&o->head, key, secret);
	if (why == NULL)
		(void)crypto_secretstream_xchacha20poly1305_init_push(&o->stream, o->head.stream, secret);
	sodium_memzero(secret, sizeof(secret));
	return why;
}

struct backup_out *backup_out_begin(int fd, const struct backup_key *key, const u8 base[BACKUP_ID_BYTES],
	const char **why)
{
	struct backup_out *o = calloc(1, sizeof(*o));

	*why = "no memory";
	if (o == NULL || sodium_init() < 0 || (o->zstd = ZSTD_createCCtx()) == NULL) {
		backup_out_free(o);
		return NULL;
	}
	o->fd = fd;
	memcpy(o->head.magic, magic, sizeof(magic));
	o->head.key_kind = key->kind;
	o->head.passes = crypto_pwhash_OPSLIMIT_MODERATE;
	o->head.memory = crypto_pwhash_MEMLIMIT_MODERATE;
	randombytes_buf(o->head.salt, sizeof(o->head.salt));
	randombytes_buf(o->head.id, sizeof(o->head.id));
	memcpy(o->head.base, base, sizeof(o->head.base));
	*why = begin_stream(o, key);
	sum_of(&o->head, o->head.sum);
	blake2b_init(&o->sum);
	if (*why == NULL && !write_all(fd, &o->head, sizeof(o->head)))
		*why = strerror(errno);
	if (*why == NULL)
		return o;
	backup_out_free(o);
	return NULL;
}

const u8 *backup_out_id(const struct backup_out *o)
{
	return o->head.id;
}

static struct bound bound_of(const struct head *h, u64 number, u32 content)
{
	struct bound b = { .number = number, .content = content };

	memcpy(b.head, h->sum, sizeof(b.head));
	return b;
}

/* packed[0, count) as a frame. */
static bool put_frame(struct backup_out *o, u32 content, size_t count)
{
	struct bound bound = bound_of(&o->head, o->number++, content);
	struct frame_head head = { .content = content };
	const u8 *from = o->packed;
	unsigned long long stored = count;

	if (o->is_encrypted) {
		u8 tag = content != 0 ? crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
				      : crypto_secretstream_xchacha20poly1305_TAG_FINAL;

		(void)crypto_secretstream_xchacha20poly1305_push(&o->stream, o->stored, &stored, o->packed, count,
			(const u8 *)&bound, sizeof(bound), tag);
		from = o->stored;
	}
	head.stored = (u32)stored;
	return write_all(o->fd, &head, sizeof(head)) && write_all(o->fd, from, stored);
}

static bool end_frame(struct backup_out *o)
{
	size_t count = ZSTD_compressCCtx(o->zstd, o->packed, sizeof(o->packed), o->content, o->used, ZSTD_LEVEL);
	u32 content = (u32)o->used;

	o->used = 0;
	if (ZSTD_isError(count)) {
		errno = ENOMEM;
		return false;
	}
	return put_frame(o, content, count);
}

bool backup_out_put(struct backup_out *o, const void *bytes, size_t count)
{
	const u8 *from = bytes;

	blake2b_add(&o->sum, bytes, count);
	while (count != 0) {
		size_t some = min_u64(count, BACKUP_FRAME - o->used);

		memcpy(o->content + o->used, from, some);
		o->used += some;
		from += some;
		count -= some;
		if (o->used == BACKUP_FRAME && !end_frame(o))
			return false;
	}
	return true;
}

bool backup_out_end(struct backup_out *o)
{
	if (o->used != 0 && !end_frame(o))
		return false;
	blake2b_finish(&o->sum, o->packed);
	return put_frame(o, 0, BLAKE2B_BYTES) && fsync(o->fd) == 0;
}

void backup_out_free(struct backup_out *o)
{
	if (o == NULL)
		return;
	ZSTD_freeCCtx(o->zstd);
	sodium_memzero(o, sizeof(*o));
	free(o);
}

/* ---- reading ---- */

struct backup_in {
	int fd;
	bool is_over;
	struct head head;
	struct blake2b sum;
	u64 number;
	size_t at, count;		/* of content: what was not given yet */
	ZSTD_DCtx *zstd;
	crypto_secretstream_xchacha20poly1305_state stream;
	u8 content[BACKUP_FRAME], packed[STORED_MAX], stored[STORED_MAX];
};

static const char *read_all(int fd, void *bytes, size_t count)
{
	u8 *to = bytes;

	while (count != 0) {
		ssize_t done = read(fd, to, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return strerror(errno);
		if (done == 0)
			return "it is cut off";
		to += done;
		count -= (size_t)done;
	}
	return NULL;
}

static const char *begin_reading(struct backup_in *i, const struct backup_key *key)
{
	u8 secret[KEY_BYTES];
	const char *why;

	if (i->head.key_kind == BACKUP_NO_KEY)
		return key->kind == BACKUP_NO_KEY ? NULL : derive(&i->head, key, secret);
	why = derive(&i->head, key, secret);
	if (why == NULL && crypto_secretstream_xchacha20poly1305_init_pull(&i->stream, i->head.stream, secret) != 0)
		why = "its head is damaged";
	sodium_memzero(secret, sizeof(secret));
	return why;
}

struct backup_in *backup_in_begin(int fd, const struct backup_key *key, const char **why)
{
	struct backup_in *i = calloc(1, sizeof(*i));

	*why = "no memory";
	if (i != NULL && sodium_init() >= 0 && (i->zstd = ZSTD_createDCtx()) != NULL) {
		i->fd = fd;
		blake2b_init(&i->sum);
		*why = read_all(fd, &i->head, sizeof(i->head));
		if (*why == NULL && head_ok(&i->head, why))
			*why = begin_reading(i, key);
	}
	if (*why == NULL)
		return i;
	backup_in_free(i);
	return NULL;
}

/* The bytes of a frame, decrypted, into packed; *count: how many. */
static const char *open_frame(struct backup_in *i, const struct frame_head *f, size_t *count)
{
	struct bound bound = bound_of(&i->head, i->number, f->content);
	unsigned long long opened = 0;
	u8 tag, wanted = f->content != 0 ? crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
					 : crypto_secretstream_xchacha20poly1305_TAG_FINAL;

	if (i->head.key_kind == BACKUP_NO_KEY) {
		memcpy(i->packed, i->stored, f->stored);
		*count = f->stored;
		return NULL;
	}
	if (f->stored < AGAIN_BYTES ||
	    crypto_secretstream_xchacha20poly1305_pull(&i->stream, i->packed, &opened, &tag, i->stored, f->stored,
		    (const u8 *)&bound, sizeof(bound)) != 0 || tag != wanted)
		return i->number == 0 ? "the key is wrong, or it is damaged" : "it is damaged";
	*count = (size_t)opened;
	return NULL;
}

static const char *end_reading(struct backup_in *i, size_t count)
{
	u8 sum[BLAKE2B_BYTES], more;

	blake2b_finish(&i->sum, sum);
	if (count != sizeof(sum) || memcmp(sum, i->packed, sizeof(sum)) != 0)
		return "it is damaged: its checksum is another one";
	i->is_over = true;
	return read(i->fd, &more, 1) == 0 ? NULL : "something follows its end";
}

static const char *next_frame(struct backup_in *i)
{
	struct frame_head f;
	const char *why = read_all(i->fd, &f, sizeof(f));
	size_t count = 0, content;

	if (why == NULL && (f.content > BACKUP_FRAME || f.stored > STORED_MAX))
		why = "it is damaged";
	if (why == NULL)
		why = read_all(i->fd, i->stored, f.stored);
	if (why == NULL)
		why = open_frame(i, &f, &count);
	if (why != NULL)
		return why;
	i->number++;
	if (f.content == 0)
		return end_reading(i, count);
	content = ZSTD_decompressDCtx(i->zstd, i->content, sizeof(i->content), i->packed, count);
	if (ZSTD_isError(content) || content != f.content)
		return "it is damaged";
	blake2b_add(&i->sum, i->content, content);
	i->at = 0;
	i->count = content;
	return NULL;
}

ssize_t backup_in_get(struct backup_in *i, void *bytes, size_t count, const char **why)
{
	*why = NULL;
	while (i->at == i->count && !i->is_over && *why == NULL)
		*why = next_frame(i);
	if (*why != NULL)
		return -1;
	count = min_u64(count, i->count - i->at);
	memcpy(bytes, i->content + i->at, count);
	i->at += count;
	return (ssize_t)count;
}

void backup_in_free(struct backup_in *i)
{
	if (i == NULL)
		return;
	ZSTD_freeDCtx(i->zstd);
	sodium_memzero(i, sizeof(*i));
	free(i);
}
