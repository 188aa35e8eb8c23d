/* SPDX-License-Identifier: MIT */
/*
 * host.c - see host.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

#define HOSTS_BYTES 65536u
#define DEFAULT_BAUD 115200u
#define REAL_BYTES 4096u	/* of what realpath returns */

bool host_refuse(char *why, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(why, HOST_WHY_BYTES, format, list);
	va_end(list);
	return false;
}

static bool copy(char *to, const char *from, size_t length)
{
	if (length >= HOST_TEXT_BYTES)
		return false;
	memcpy(to, from, length);
	to[length] = 0;
	return true;
}

static bool number(const char *text, u32 least, u32 most, u32 *value)
{
	u64 sum = 0;

	if (*text == 0)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || sum > most)
			return false;
		sum = sum * 10 + (u64)(*text - '0');
	}
	*value = (u32)sum;
	return sum >= least && sum <= most;
}

/* ",plain" and ",text" at the end. */
static void take_encoding(struct host *host)
{
	static const struct { const char *word; enum host_encoding encoding; } words[] = {
		{ ",plain", HOST_PLAIN }, { ",text", HOST_TEXT },
	};
	size_t length = strlen(host->text);

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		size_t word = strlen(words[i].word);

		if (length > word && strcmp(host->text + length - word, words[i].word) == 0) {
			host->text[length - word] = 0;
			host->encoding = words[i].encoding;
			return;
		}
	}
}

static bool parse_unix(struct host *host, const char *rest, char *why)
{
	if (*rest == 0)
		return host_refuse(why, "a unix host needs a path: unix:/run/vos.sock");
	return copy(host->path, rest, strlen(rest));
}

static bool parse_serial(struct host *host, const char *rest, char *why)
{
	const char *comma = strchr(rest, ',');

	host->baud = DEFAULT_BAUD;
	if (*rest == 0 || comma == rest)
		return host_refuse(why, "a serial host needs a device: serial:/dev/ttyUSB0,115200");
	if (comma && !number(comma + 1, 1200, 4000000, &host->baud))
		return host_refuse(why, "\"%.40s\" is not a rate of a serial line, such as 115200", comma + 1);
	return copy(host->path, rest, comma ? (size_t)(comma - rest) : strlen(rest));
}

static bool is_loopback(const char *address)
{
	u32 part = 0, parts = 0;

	if (strcmp(address, "::1") == 0 || strcmp(address, "localhost") == 0)
		return true;
	if (strncmp(address, "127.", 4) != 0)
		return false;
	for (const char *at = address; *at; at++) {
		if (*at == '.')
			parts++;
		else if (*at < '0' || *at > '9')
			return false;
		part = *at == '.' ? 0 : part * 10 + (u32)(*at - '0');
		if (part > 255)
			return false;
	}
	return parts == 3;
}

/* 127.0.0.1:4555, [::1]:4555 */
static bool parse_tcp(struct host *host, const char *rest, char *why)
{
	const char *colon = strrchr(rest, ':'), *end;
	u32 port;

	if (!colon || colon == rest || !number(colon + 1, 1, 65535, &port))
		return host_refuse(why, "a tcp host needs an address and a port: tcp:127.0.0.1:4555");
	end = colon;
	if (*rest == '[' && end[-1] == ']') {
		rest++;
		end--;
	}
	if (!copy(host->path, rest, (size_t)(end - rest)))
		return host_refuse(why, "the address is too long");
	if (!is_loopback(host->path))
		return host_refuse(why, "%.60s is not a loopback address, and the protocol is neither encrypted nor "
			"authenticated yet. Use a tunnel: ssh -L 4555:localhost:4555 HOST, then tcp:127.0.0.1:4555",
			host->path);
	if (strcmp(host->path, "localhost") == 0)
		(void)copy(host->path, "127.0.0.1", 9);
	host->is_ipv6 = strchr(host->path, ':') != NULL;
	host->port = (u16)port;
	return true;
}

static const struct scheme {
	const char *prefix;
	enum host_kind kind;
	bool (*parse)(struct host *host, const char *rest, char *why);
} schemes[] = {
	{ "unix:", HOST_UNIX, parse_unix },
	{ "serial:", HOST_SERIAL, parse_serial },
	{ "tcp:", HOST_TCP, parse_tcp },
};

static const struct scheme *scheme_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_COUNT(schemes); i++)
		if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

bool host_parse(struct host *host, const char *text, char *why)
{
	const struct scheme *scheme = scheme_of(text);

	memset(host, 0, sizeof(*host));
	if (!scheme)
		return host_refuse(why,
			"\"%.60s\" is not a host: use unix:PATH, serial:DEVICE[,BAUD], tcp:ADDRESS:PORT, or a "
			"name of ~/.config/vos/hosts", text);
	for (const char *at = text; *at; at++)
		if ((u8)*at <= 0x20 || *at == 0x7f)
			return host_refuse(why, "there is a blank or a control character in the host");
	if (!copy(host->text, text, strlen(text)))
		return host_refuse(why, "the host is longer than %u characters", HOST_TEXT_BYTES - 1);
	host->kind = scheme->kind;
	take_encoding(host);
	return scheme->parse(host, host->text + strlen(scheme->prefix), why);
}

/* ---- the file of hosts ---- */

static bool name_ok(const char *name, size_t length)
{
	if (length == 0 || length >= 64 || *name == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
			c == '_' || c == '.'))
			return false;
	}
	return true;
}

struct entry {
	const char *name, *host;
	size_t name_length, host_length;
};

static size_t blanks(const char *at, const char *end)
{
	size_t count = 0;

	while (at + count < end && (at[count] == ' ' || at[count] == '\t' || at[count] == '\r'))
		count++;
	return count;
}

static size_t word(const char *at, const char *end)
{
	size_t count = 0;

	while (at + count < end && at[count] != ' ' && at[count] != '\t' && at[count] != '\r' && at[count] != 0)
		count++;
	return count;
}

/* One line; false: a mistake. An empty name: nothing is on it. */
static bool read_entry(const char *at, const char *end, struct entry *entry)
{
	*entry = (struct entry){ 0 };
	at += blanks(at, end);
	if (at == end || *at == '#')
		return true;
	entry->name = at;
	entry->name_length = word(at, end);
	at += entry->name_length;
	at += blanks(at, end);
	entry->host = at;
	entry->host_length = word(at, end);
	at += entry->host_length;
	at += blanks(at, end);
	return name_ok(entry->name, entry->name_length) && entry->host_length && (at == end || *at == '#');
}

static bool is_named(const struct entry *entry, const char *name)
{
	return strlen(name) == entry->name_length && memcmp(entry->name, name, entry->name_length) == 0;
}

static bool take_entry(struct host *host, const struct entry *entry, char *why)
{
	char text[HOST_TEXT_BYTES];

	if (!copy(text, entry->host, entry->host_length))
		return host_refuse(why, "the host is longer than %u characters", HOST_TEXT_BYTES - 1);
	return host_parse(host, text, why) && copy(host->name, entry->name, entry->name_length);
}

bool host_in_text(struct host *host, const char *text, size_t length, const char *name, char *why)
{
	const char *at = text, *end = text + length;
	struct entry entry, found = { 0 };
	u32 count = 0, line = 0;
	bool is_default = false;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;

		line++;
		if (!read_entry(at, stop, &entry))
			return host_refuse(why, "hosts:%u: not NAME HOST", line);
		at = stop + 1;
		if (!entry.name_length || is_default || (name && !is_named(&entry, name)))
			continue;
		is_default = !name && is_named(&entry, "default");
		found = is_default || count == 0 ? entry : found;
		count++;
	}
	if (name && count == 0)
		return host_refuse(why, "there is no host \"%.60s\" in ~/.config/vos/hosts", name);
	if (name && count > 1)
		return host_refuse(why, "\"%.60s\" is in ~/.config/vos/hosts twice", name);
	if (!is_default && count != 1)
		return host_refuse(why, "no host is given. Use --host or VOS_HOST, or a name \"default\" in "
			"~/.config/vos/hosts");
	return take_entry(host, &found, why);
}

bool host_config_path(const char *name, char *path, size_t size)
{
	const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int count = 0;

	if (folder && *folder)
		count = snprintf(path, size, "%s/vos/%s", folder, name);
	else if (home && *home)
		count = snprintf(path, size, "%s/.config/vos/%s", home, name);
	return count > 0 && (size_t)count < size;
}

static bool in_file(struct host *host, const char *name, char *why)
{
	char path[4096], *text = malloc(HOSTS_BYTES);
	FILE *file = text && host_config_path("hosts", path, sizeof(path)) ? fopen(path, "re") : NULL;
	size_t length = 0;
	bool is_found;

	if (file) {
		length = fread(text, 1, HOSTS_BYTES, file);
		fclose(file);
	}
	is_found = length < HOSTS_BYTES ? host_in_text(host, text ? text : "", length, name, why) :
					  host_refuse(why, "%.200s is longer than %u bytes", path, HOSTS_BYTES - 1);
	free(text);
	return is_found;
}

bool host_find(struct host *host, const char *text, char *why)
{
	if (!text || !*text)
		text = getenv("VOS_HOST");
	if (!text || !*text)
		return in_file(host, NULL, why);
	if (!scheme_of(text) && name_ok(text, strlen(text)))
		return in_file(host, text, why);
	return host_parse(host, text, why);
}

/* ---- sockets and locks ---- */

static bool folder_ok(const char *path, char *why)
{
	struct stat found;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return host_refuse(why, "%.200s: %s", path, strerror(errno));
	if (lstat(path, &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != getuid() || (found.st_mode & 022))
		return host_refuse(why, "%.200s is not a folder of yours that only you can write to", path);
	return true;
}

bool host_folder(char *path, size_t size, char *why)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int count = runtime && *runtime ? snprintf(path, size, "%s/vos", runtime) :
					  snprintf(path, size, "/tmp/vos-%u", (unsigned)getuid());

	if (count <= 0 || (size_t)count >= size)
		return host_refuse(why, "the path of XDG_RUNTIME_DIR is too long");
	return folder_ok(path, why);
}

/* FOLDER/NAME.SUFFIX, where NAME is `text` with %XX for what can't be in the name of a file. */
static bool path_of(const char *text, const char *suffix, char *path, size_t size, char *why)
{
	size_t used;

	if (!host_folder(path, size, why))
		return false;
	used = strlen(path);
	if (used + 1 < size)
		path[used++] = '/';
	for (; *text && used + 4 < size; text++) {
		bool is_plain = name_ok(text, 1) || (*text == '.' && path[used - 1] != '/');

		used += (size_t)snprintf(path + used, size - used, is_plain ? "%c" : "%%%02x", (u8)*text);
	}
	if (*text || used + strlen(suffix) >= size)
		return host_refuse(why, "the path of a %s is too long. Give the host a name in ~/.config/vos/hosts",
			suffix);
	memcpy(path + used, suffix, strlen(suffix) + 1);
	return true;
}

/* Of the folder that `path` is in, or NULL. */
static char *real_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[HOST_TEXT_BYTES];

	if (!slash)
		return realpath(".", NULL);
	(void)copy(folder, path, (size_t)(slash - path) + 1);
	return realpath(folder, NULL);
}

/*
 * By where the line is, not by how that was written: relative paths and links to its folder are resolved. Its own name
 * is not, so that the lock is the same before there is a socket, or while an adapter is unplugged; without its folder,
 * the path is as it was written.
 */
bool host_lock_path(const struct host *host, char *path, size_t size, char *why)
{
	static const char *const prefixes[] = { [HOST_UNIX] = "unix:", [HOST_SERIAL] = "serial:" };
	const char *slash = strrchr(host->path, '/');
	char text[REAL_BYTES + HOST_TEXT_BYTES], *real;

	if (host->kind == HOST_TCP) {
		snprintf(text, sizeof(text), "tcp:%s:%u", host->path, host->port);
		return path_of(text, ".lock", path, size, why);
	}
	real = real_folder(host->path);
	if (real)
		snprintf(text, sizeof(text), "%s%s/%s", prefixes[host->kind], strcmp(real, "/") == 0 ? "" : real,
			slash ? slash + 1 : host->path);
	else
		snprintf(text, sizeof(text), "%s%s", prefixes[host->kind], host->path);
	free(real);
	return path_of(text, ".lock", path, size, why);
}

bool host_socket_path(const struct host *host, char *path, size_t size, char *why)
{
	return path_of(host->name[0] ? host->name : host->text, ".sock", path, size, why);
}
