/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a backup, behind a head whose checksum is right: it is read to its end, without a key and with one.
 */
/* links: backup rt */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_file.h"
#include "blake2b.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u8 piece[100000];

static void read_all(int fd, const struct backup_key *key)
{
	const char *why;
	struct backup_in *in;
	ssize_t count = 1;

	if (lseek(fd, 0, SEEK_SET) != 0)
		abort();
	in = backup_in_begin(fd, key, &why);
	while (in != NULL && count > 0)
		count = backup_in_get(in, piece, sizeof(piece), &why);
	if (in != NULL && count < 0 && why == NULL)
		abort();
	backup_in_free(in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 secret[32] = { 1 };
	const struct backup_key none = { .kind = BACKUP_NO_KEY },
		key = { .kind = BACKUP_KEY_FILE, .bytes = secret, .count = sizeof(secret) };
	u8 head[BACKUP_HEAD_BYTES] = "VOSBACK1";
	static FILE *file;
	struct blake2b sum;

	if (file == NULL)
		file = tmpfile();
	if (file == NULL || ftruncate(fileno(file), 0) != 0)
		abort();
	if (size != 0)
		head[8] = data[0] % 4;		/* which kind of key */
	blake2b_init(&sum);
	blake2b_add(&sum, head, sizeof(head) - BLAKE2B_BYTES);
	blake2b_finish(&sum, head + sizeof(head) - BLAKE2B_BYTES);
	if (pwrite(fileno(file), head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    pwrite(fileno(file), data, size, sizeof(head)) != (ssize_t)size)
		abort();
	read_all(fileno(file), &none);
	read_all(fileno(file), &key);
	return 0;
}
