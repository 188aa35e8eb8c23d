/* SPDX-License-Identifier: MIT */
/*
 * backup_key.c - the key of a backup: a file, or a passphrase that is typed twice for a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_cmd.h"
#include "passphrase.h"

#define SECRET_BYTES 4096u

int backup_refuse(const struct call *call, enum result code, const char *what, const char *why)
{
	struct cmd_error error;

	error_set(&error, code, "%.200s: %s", what, why);
	return show_error(call, &error);
}

static bool take_file(const struct call *call, const char *path, u8 *secret, size_t *count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t some = fd < 0 ? -1 : read(fd, secret, SECRET_BYTES);
	int error = errno;

	if (fd >= 0)
		close(fd);
	*count = some > 0 ? (size_t)some : 0;
	if (some < 0)
		backup_refuse(call, RESULT_FAILED, path, strerror(error));
	return some >= 0;
}

static bool take_passphrase(const struct call *call, bool is_new, char *text)
{
	static char again[SECRET_BYTES];
	bool is_same = true;

	if (!passphrase_take("Passphrase of the backup", text, SECRET_BYTES)) {
		backup_refuse(call, RESULT_USAGE, "--passphrase", "there is none");
		return false;
	}
	if (is_new && isatty(STDIN_FILENO)) {
		is_same = passphrase_take("The same again", again, sizeof(again)) && strcmp(text, again) == 0;
		explicit_bzero(again, sizeof(again));
	}
	if (!is_same)
		backup_refuse(call, RESULT_USAGE, "--passphrase", "the two are not the same");
	return is_same;
}

bool backup_key_take(const struct call *call, bool is_new, struct backup_key *out)
{
	static u8 secret[SECRET_BYTES];
	const char *path = grammar_value(call, ARG_BACKUP_KEY);
	bool has_phrase = args_has(&call->args, ARG_BACKUP_PHRASE);

	*out = (struct backup_key){ .kind = path ? BACKUP_KEY_FILE : has_phrase ? BACKUP_PASSPHRASE : BACKUP_NO_KEY,
		.bytes = secret };
	if (path && has_phrase) {
		backup_refuse(call, RESULT_USAGE, "--key-file", "give it or --passphrase, not both");
		return false;
	}
	if (path)
		return take_file(call, path, secret, &out->count);
	if (has_phrase && !take_passphrase(call, is_new, (char *)secret))
		return false;
	out->count = strlen((char *)secret);
	return true;
}

void backup_key_forget(struct backup_key *key)
{
	explicit_bzero((u8 *)key->bytes, SECRET_BYTES);
}
