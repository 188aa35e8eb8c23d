/* SPDX-License-Identifier: MIT */
/*
 * backup_file.h - the file of a backup: bytes in frames, each compressed, and encrypted if there is a key. The file
 * is foreign: what is damaged, cut off or of another key is refused, and what was read before that is not to be
 * used.
 *
 *	head	512 bytes: magic, how it is encrypted, its id, its base's id, BLAKE2b-256 of all these
 *	frame	u32 bytes of content, at most BACKUP_FRAME; u32 bytes that follow: content by zstd, then by secretstream
 *	end	a frame of 0 bytes of content, whose bytes are the BLAKE2b-256 of all content; nothing follows
 *
 * All numbers are little endian. A frame is authenticated together with the head and its number.
 * Source: libsodium, crypto_secretstream_xchacha20poly1305 and crypto_pwhash (Argon2id); RFC 7693, 8878, 9106.
 */
#ifndef VOS_HOST_BACKUP_FILE_H
#define VOS_HOST_BACKUP_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "types.h"

#define BACKUP_FRAME 262144u
#define BACKUP_ID_BYTES 16u
#define BACKUP_HEAD_BYTES 512u

enum backup_key_kind { BACKUP_NO_KEY, BACKUP_PASSPHRASE, BACKUP_KEY_FILE, BACKUP_KEY_KINDS };

/* Of a key file the bytes are its contents: at least 32. */
struct backup_key {
	enum backup_key_kind kind;
	const u8 *bytes;
	size_t count;
};

struct backup_info {
	enum backup_key_kind kind;
	u8 id[BACKUP_ID_BYTES];		/* random */
	u8 base[BACKUP_ID_BYTES];	/* of the backup whose difference it is; zeros: none */
};

/* The first BACKUP_HEAD_BYTES of a file. False: *why it is no backup. */
bool backup_head_ok(const u8 head[BACKUP_HEAD_BYTES], struct backup_info *out, const char **why);

/* ---- Writing ---- */

struct backup_out;

/* Into an empty file; the id is chosen. NULL: *why. */
struct backup_out *backup_out_begin(int fd, const struct backup_key *key, const u8 base[BACKUP_ID_BYTES],
	const char **why);
bool backup_out_put(struct backup_out *o, const void *bytes, size_t count);	/* false: errno */
/* All of it is on stable storage. False: errno. */
bool backup_out_end(struct backup_out *o);
const u8 *backup_out_id(const struct backup_out *o);
void backup_out_free(struct backup_out *o);

/* ---- Reading ---- */

struct backup_in;

/* NULL: *why. */
struct backup_in *backup_in_begin(int fd, const struct backup_key *key, const char **why);
/* The next bytes of the content: how many; 0: that is all of it, and it is right; -1: *why. */
ssize_t backup_in_get(struct backup_in *i, void *bytes, size_t count, const char **why);
void backup_in_free(struct backup_in *i);

#endif
