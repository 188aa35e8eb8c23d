/* SPDX-License-Identifier: MIT */
/*
 * capture.c - the command capture: packets of a network card into a file of libpcap, or to the standard output, until
 * Ctrl-C. Only whole packets are written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "captures.h"
#include "pcap.h"
#include "vos_main.h"

#define PIECE_BYTES 65536u
#define RECORD_MAX (sizeof(struct pcap_record) + CAPTURE_SNAP_MAX)
#define WAIT_MS 1000

struct capturer {
	struct vos *vos;
	const struct call *call;
	const char *path;	/* NULL: the standard output */
	int fd;
	u8 bytes[PIECE_BYTES + RECORD_MAX];	/* not written yet: from a header's or record's begin on */
	size_t used;
	bool has_header;
	u64 packets, most;	/* most: ~0 = without end */
	u64 dropped;
};

static volatile sig_atomic_t is_over;

static void end_it(int number)
{
	(void)number;
	is_over = 1;
}

static bool is_ended(void *context)
{
	(void)context;
	return is_over != 0;
}

static int fail(const struct capturer *c, const char *what, const char *why)
{
	struct cmd_error error;

	error_set(&error, RESULT_FAILED, "%.200s: %.200s", what, why);
	return show_error(c->call, &error);
}

/* ---- the file ---- */

/* The bytes of what begins there: the file's header, or a record and its packet. 0: it is not whole; ~0: it is none. */
static size_t whole_at(const struct capturer *c, size_t at)
{
	struct pcap_header header;
	struct pcap_record record;
	size_t left = c->used - at;

	if (!c->has_header && at == 0) {
		if (left < sizeof(header))
			return 0;
		memcpy(&header, c->bytes, sizeof(header));
		return header.magic == PCAP_MAGIC_NS ? sizeof(header) : ~(size_t)0;
	}
	if (left < sizeof(record))
		return 0;
	memcpy(&record, c->bytes + at, sizeof(record));
	if (record.bytes > CAPTURE_SNAP_MAX)
		return ~(size_t)0;
	return left >= sizeof(record) + record.bytes ? sizeof(record) + record.bytes : 0;
}

/* What is whole goes out. False: errno; EBADMSG: it is no such file. */
static bool write_whole(struct capturer *c)
{
	size_t end = 0, count;

	while (c->packets < c->most && (count = whole_at(c, end)) != 0) {
		if (count == ~(size_t)0) {
			errno = EBADMSG;
			return false;
		}
		c->packets += c->has_header || end != 0 ? 1 : 0;
		end += count;
	}
	c->has_header = c->has_header || end != 0;
	for (size_t done = 0; done < end;) {
		ssize_t written = write(c->fd, c->bytes + done, end - done);

		if (written < 0 && errno != EINTR)
			return false;
		done += written > 0 ? (size_t)written : 0;
	}
	memmove(c->bytes, c->bytes + end, c->used - end);
	c->used -= end;
	return true;
}

/* ---- the command ---- */

static int receive(struct capturer *c, struct vos_stream *stream)
{
	while (!is_over && c->packets < c->most) {
		ssize_t count = vos_stream_read(stream, c->bytes + c->used, PIECE_BYTES, WAIT_MS);

		if (count < 0 && vos_result(c->vos) == VOS_TIMEOUT)
			continue;
		if (is_over)
			return 0;
		if (count < 0)
			return show_failure(c->call, c->vos);
		if (count == 0)
			return fail(c, c->call->args.name, vos_stream_reason(stream));
		if (vos_stream_lost(stream) != 0)
			return fail(c, c->call->args.name, "a part of the stream was lost");
		c->used += (size_t)count;
		if (write_whole(c))
			continue;
		return errno == EPIPE ? 0 :	/* its reader has seen enough */
					fail(c, c->path ? c->path : "the standard output", strerror(errno));
	}
	return 0;
}

static void show_done(const struct capturer *c, const char *nic)
{
	json_t *object;
	char *text;

	if (c->call->is_json) {
		object = json_pack("{s:{s:s, s:s, s:I, s:I}}", "return", "nic", nic, "file", c->path, "packets",
			(json_int_t)c->packets, "dropped", (json_int_t)c->dropped);
		text = json_dumps(object, JSON_COMPACT);
		printf("%s\n", text ? text : "{}");
		free(text);
		json_decref(object);
	} else if (!c->call->is_quiet) {
		fprintf(stderr, "%llu packet%s of %s, and %llu dropped.\n", (unsigned long long)c->packets,
			c->packets == 1 ? "" : "s", nic, (unsigned long long)c->dropped);
	}
}

static int capture(struct capturer *c)
{
	const char *nic = grammar_value(c->call, ARG_PLACE);
	struct sigaction end = { .sa_handler = end_it }, ignore = { .sa_handler = SIG_IGN };
	struct vos_stream *stream;
	int result;

	(void)sigaction(SIGINT, &end, NULL);
	(void)sigaction(SIGTERM, &end, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	vos_idle(c->vos, is_ended, NULL);
	stream = vos_capture_open(c->vos, nic, c->call->args.snap_bytes);
	if (stream == NULL) {
		if (c->path)
			(void)unlink(c->path);	/* it is new, and nothing is in it */
		return show_failure(c->call, c->vos);
	}
	result = receive(c, stream);
	vos_idle(c->vos, NULL, NULL);
	c->dropped = vos_capture_dropped(stream);
	vos_stream_close(stream);
	show_done(c, nic);
	return result;
}

int run_capture(struct vos *vos, const struct call *call)
{
	static struct capturer c;
	struct cmd_error error;
	int result;

	c = (struct capturer){ .vos = vos, .call = call, .path = grammar_value(call, ARG_OUT_FILE),
		.fd = STDOUT_FILENO, .most = args_has(&call->args, ARG_PACKETS) ? call->args.times : ~0ull };
	if (!c.path && (call->is_json || isatty(STDOUT_FILENO))) {
		error_set(&error, RESULT_USAGE, "where to? vos capture %.64s FILE, or vos capture %.64s | tcpdump -r -",
			grammar_value(call, ARG_PLACE), grammar_value(call, ARG_PLACE));
		return show_error(call, &error);
	}
	if (c.path)
		c.fd = open(c.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (c.fd < 0)
		return fail(&c, c.path, strerror(errno));
	result = capture(&c);
	if (c.path && close(c.fd) != 0 && result == 0)
		result = fail(&c, c.path, strerror(errno));
	return result;
}
