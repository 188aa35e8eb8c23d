/* SPDX-License-Identifier: MIT */
/*
 * conf.c - settings of vosd: flags, and a file with the same names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vosd.h"

#define CONF_BYTES 16384u
#define KEY_BYTES 32u

static bool set(struct settings *settings, const char *key, const char *value, char *why)
{
	const struct { const char *key; char *to; } texts[] = {
		{ "host", settings->host }, { "socket", settings->socket }, { "pid-file", settings->pid_file },
	};

	if (strcmp(key, "daemon") == 0 && (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)) {
		settings->is_daemon = *value == 'y';
		return true;
	}
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		if (strcmp(key, texts[i].key) != 0)
			continue;
		if (*value == 0 || strlen(value) >= HOST_TEXT_BYTES)
			return host_refuse(why, "%s needs a value of at most %u characters", key, HOST_TEXT_BYTES - 1);
		memcpy(texts[i].to, value, strlen(value) + 1);
		return true;
	}
	return host_refuse(why, "%.30s %.30s is no setting: host HOST, socket PATH, pid-file PATH, daemon yes|no", key,
		value);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line, without its newline. */
static bool take_line(struct settings *settings, const char *at, const char *end, char *why)
{
	char key[KEY_BYTES], value[HOST_TEXT_BYTES];
	size_t length = 0;

	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	if (at == end || *at == '#')
		return true;
	for (; at < end && !is_blank(*at) && length < KEY_BYTES - 1; at++)
		key[length++] = *at;
	key[length] = 0;
	while (at < end && is_blank(*at))
		at++;
	if ((size_t)(end - at) >= sizeof(value))
		return host_refuse(why, "a value is longer than %u characters", HOST_TEXT_BYTES - 1);
	memcpy(value, at, (size_t)(end - at));
	value[end - at] = 0;
	if (strlen(value) != (size_t)(end - at) || strlen(key) != length)
		return host_refuse(why, "there is a zero byte");
	return set(settings, key, value, why);
}

bool conf_text(struct settings *settings, const char *text, size_t length, char *why)
{
	const char *at = text, *end = text + length;
	char reason[HOST_WHY_BYTES];
	u32 line = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		line++;
		if (!take_line(settings, at, stop, reason))
			return host_refuse(why, "vosd.conf:%u: %.300s", line, reason);
		at = stop + 1;
	}
	return true;
}

/* path NULL: the user's own, which need not be there. */
static bool read_file(struct settings *settings, const char *path, char *why)
{
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	static char text[CONF_BYTES];
	char own[4096] = "";
	size_t length;
	FILE *file;

	if (!path && folder && *folder)
		snprintf(own, sizeof(own), "%s/vos/vosd.conf", folder);
	else if (!path && home)
		snprintf(own, sizeof(own), "%s/.config/vos/vosd.conf", home);
	file = fopen(path ? path : own, "re");
	if (!file)
		return !path || host_refuse(why, "cannot read %.200s", path);
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (length == sizeof(text))
		return host_refuse(why, "vosd.conf is longer than %u bytes", CONF_BYTES - 1);
	return conf_text(settings, text, length, why);
}

static const char usage[] =
	"vosd [--host HOST] [--socket PATH] [--pid-file PATH] [--daemon] [--config FILE]\n"
	"Owns the line to a machine that runs VOS, and serves several vos commands and\n"
	"programs at a time.\n"
	"  --host HOST      unix:PATH, serial:DEVICE[,BAUD], tcp:ADDRESS:PORT (loopback)\n"
	"                   or a name from ~/.config/vos/hosts (default: VOS_HOST, or\n"
	"                   the name `default`)\n"
	"  --socket PATH    where programs connect ($XDG_RUNTIME_DIR/vos/HOST.sock)\n"
	"  --pid-file PATH  write the number of the process there\n"
	"  --daemon         go to the background as soon as programs can connect, and\n"
	"                   log to ~/.local/state/vos/vosd.log ($XDG_STATE_HOME)\n"
	"  --config FILE    settings instead of ~/.config/vos/vosd.conf: lines such as\n"
	"                   `host box`\n";

/* The value of the flag at words[*i], which is `name`; NULL: it is another flag. */
static const char *value_of(const char *name, int count, char **words, int *i)
{
	size_t length = strlen(name);

	if (strncmp(words[*i], "--", 2) != 0 || strncmp(words[*i] + 2, name, length) != 0)
		return NULL;
	if (words[*i][2 + length] == '=')
		return words[*i] + 3 + length;
	if (words[*i][2 + length] != 0)
		return NULL;
	return *i + 1 < count ? words[++*i] : "";
}

static bool take_flag(struct settings *settings, int count, char **words, int *i, char *why)
{
	static const char *const names[] = { "host", "socket", "pid-file" };
	const char *value;

	if (strcmp(words[*i], "--daemon") == 0)
		return set(settings, "daemon", "yes", why);
	if (value_of("config", count, words, i))
		return true;
	for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
		value = value_of(names[n], count, words, i);
		if (value)
			return set(settings, names[n], value, why);
	}
	return host_refuse(why, "%.60s is no flag. Try vosd --help", words[*i]);
}

bool conf_read(struct settings *settings, int argc, char **argv, char *why)
{
	const char *file = NULL;

	memset(settings, 0, sizeof(*settings));
	why[0] = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
			fputs(argv[i][2] == 'h' ? usage : "vosd " VOS_VERSION "\n", stdout);
			return false;
		}
		if (strncmp(argv[i], "--config", 8) == 0)
			file = value_of("config", argc, argv, &i);
	}
	if (!read_file(settings, file, why))
		return false;
	for (int i = 1; i < argc; i++)
		if (!take_flag(settings, argc, argv, &i, why))
			return false;
	return true;
}
