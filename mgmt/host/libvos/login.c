/* SPDX-License-Identifier: MIT */
/*
 * login.c - who a program is, on a machine with users: tokens that log in without a password, in ~/.config/vos/logins.
 * A line of that file is `TOKEN USER HOST`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conn.h"

#define FILE_NAME "logins"
#define FILE_BYTES 65536u
#define PATH_BYTES 4096u
#define TOKEN_BYTES 32u
#define TOKEN_DIGITS (2 * TOKEN_BYTES)

struct kept {
	char token[TOKEN_DIGITS + 1];
	char user[VOS_NAME_BYTES];
};

/* ---- the file ---- */

static bool is_mine(FILE *file)
{
	struct stat found;

	return fstat(fileno(file), &found) == 0 && found.st_uid == getuid() && (found.st_mode & 077) == 0;
}

/* The text of the file, for free; "" if there is none. NULL: errno; EPERM: it is none that was written here, for others
 * can read it, or it is too long. */
static char *read_file(const char *path)
{
	char *text = calloc(1, FILE_BYTES);
	FILE *file = text ? fopen(path, "re") : NULL;
	bool is_ours = !file || (is_mine(file) && fread(text, 1, FILE_BYTES - 1, file) < FILE_BYTES - 1);

	if (file)
		fclose(file);
	if (is_ours)
		return text;
	free(text);
	errno = EPERM;
	return NULL;
}

/* False: the line is not of that host. */
static bool parse(const char *line, size_t length, const char *host, struct kept *kept)
{
	char copy[TOKEN_DIGITS + VOS_NAME_BYTES + HOST_TEXT_BYTES + 8], of[HOST_TEXT_BYTES];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, line, length);
	copy[length] = '\0';
	return sscanf(copy, "%64s %31s %255s", kept->token, kept->user, of) == 3 && strcmp(of, host) == 0;
}

static const char *line_end(const char *line)
{
	const char *newline = strchr(line, '\n');

	return newline ? newline : line + strlen(line);
}

static bool find(const char *text, const char *host, struct kept *kept)
{
	for (const char *line = text; *line; line = line_end(line) + (*line_end(line) != 0))
		if (parse(line, (size_t)(line_end(line) - line), host, kept))
			return true;
	return false;
}

/* All lines but this host's, and its new one, if there is one. */
static bool write_lines(FILE *file, const char *text, const char *host, const struct kept *kept)
{
	struct kept other;

	for (const char *line = text; *line; line = line_end(line) + (*line_end(line) != 0)) {
		int length = (int)(line_end(line) - line);

		if (length != 0 && !parse(line, (size_t)length, host, &other))
			fprintf(file, "%.*s\n", length, line);
	}
	if (kept)
		fprintf(file, "%s %s %s\n", kept->token, kept->user, host);
	return fflush(file) == 0 && !ferror(file);
}

/* The folders that lead to it, where they are missing. False: errno. */
static bool make_folders(const char *path)
{
	char folder[PATH_BYTES];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

/* False: errno. */
static bool replace_file(const char *path, const char *text, const char *host, const struct kept *kept)
{
	char next[PATH_BYTES + 8];
	FILE *file = NULL;
	bool is_written;
	int fd;

	if (!make_folders(path))
		return false;
	snprintf(next, sizeof(next), "%s.XXXXXX", path);
	fd = mkstemp(next);		/* mode 0600 */
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file)
		return false;
	is_written = write_lines(file, text, host, kept);
	is_written = fclose(file) == 0 && is_written && rename(next, path) == 0;
	if (!is_written)
		unlink(next);
	return is_written;
}

/* kept NULL: nothing is kept any more. */
static int keep(struct vos *vos, const struct kept *kept)
{
	char path[PATH_BYTES], *text;
	bool is_written = false;

	if (!host_config_path(FILE_NAME, path, sizeof(path)))
		return conn_result(vos, VOS_FAILED, "E_FAILED", "there is no folder for the login: HOME is not set");
	text = read_file(path);
	if (text)
		is_written = replace_file(path, text, vos->host.text, kept);
	if (!is_written && errno == EPERM)
		conn_result(vos, VOS_FAILED, "E_FAILED", "%.200s can be read by others: chmod 600 it, or remove it",
			path);
	else if (!is_written)
		conn_result(vos, VOS_FAILED, "E_FAILED", "%.200s: %s", path, strerror(errno));
	if (text)
		explicit_bzero(text, FILE_BYTES);
	free(text);
	return is_written ? VOS_OK : vos->result;
}

static bool load(const struct vos *vos, struct kept *kept)
{
	char path[PATH_BYTES], *text = host_config_path(FILE_NAME, path, sizeof(path)) ? read_file(path) : NULL;
	bool is_there = text && find(text, vos->host.text, kept);

	if (text)
		explicit_bzero(text, FILE_BYTES);
	free(text);
	return is_there;
}

/* ---- logging in ---- */

void login_resume(struct vos *vos)
{
	struct kept kept;

	if (!vos->has_users || vos->client == 0 || !load(vos, &kept))
		return;
	json_decref(conn_call(vos, "login", json_pack("{s:s, s:s}", "name", kept.user, "token", kept.token), false));
	explicit_bzero(&kept, sizeof(kept));
}

static bool choose_token(struct kept *kept)
{
	unsigned char bytes[TOKEN_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(kept->token + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

int vos_login(struct vos *vos, const char *user, const char *password)
{
	struct kept kept = { .user = "" };
	int result;

	if (strlen(user) >= sizeof(kept.user))
		return conn_result(vos, VOS_USAGE, "E_USAGE", "the name of a user has at most %zu characters",
			sizeof(kept.user) - 1);
	memcpy(kept.user, user, strlen(user) + 1);
	if (!choose_token(&kept))
		return conn_result(vos, VOS_FAILED, "E_FAILED", "this machine has no random numbers");
	json_decref(conn_call(vos, "login", json_pack("{s:s, s:s, s:s}", "name", user, "password", password, "token",
		kept.token), false));
	result = vos->result == VOS_OK ? keep(vos, &kept) : vos->result;
	explicit_bzero(&kept, sizeof(kept));
	return result;
}

int vos_logout(struct vos *vos)
{
	struct kept kept;
	bool is_kept = load(vos, &kept);
	int result;

	json_decref(conn_call(vos, "logout", is_kept ? json_pack("{s:s}", "token", kept.token) : NULL, false));
	result = vos->result;
	explicit_bzero(&kept, sizeof(kept));
	/* A login that VOS does not know any more has ended, too. */
	if (result == VOS_OK || strcmp(vos->class, "E_LOGIN") == 0)
		result = is_kept ? keep(vos, NULL) : result;
	return result;
}
