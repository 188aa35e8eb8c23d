/* SPDX-License-Identifier: MIT */
/*
 * upload.c - a file becomes an image: opened by name, size and hash, sent as far as VOS takes it, finished when VOS has
 * computed the same hash. What VOS has of an interrupted upload is not sent again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blake2b.h"
#include "conn.h"

#define PROGRESS_NS (250 * NS_MS)
#define OPENINGS 20u		/* of the same upload, after interruptions */

struct upload {
	struct vos_source source;
	bool is_volume;
	char hash[2 * BLAKE2B_BYTES + 1];
	const char *name;
	int error;		/* errno of reading */
	char ended[VOS_TEXT_BYTES];	/* what VOS said when it ended the stream before this one */
	vos_progress_fn *fn;
	void *context;
	u64 told_ns;
};

static int fail(struct vos *vos, const char *what, const char *why)
{
	return conn_result(vos, VOS_FAILED, "E_FAILED", "%.200s: %s", what, why);
}

/* Errno, or 0. */
static int hash_file(int fd, struct vos_source *source)
{
	static __thread u8 piece[65536];
	struct blake2b state;
	ssize_t count;

	source->bytes = 0;
	blake2b_init(&state);
	while ((count = pread(fd, piece, sizeof(piece), (off_t)source->bytes)) > 0) {
		blake2b_add(&state, piece, (size_t)count);
		source->bytes += (u64)count;
	}
	if (count < 0)
		return errno;
	blake2b_finish(&state, source->hash);
	return 0;
}

static ssize_t read_file(void *context, uint64_t offset, void *bytes, size_t size)
{
	const int *fd = context;

	return pread(*fd, bytes, size, (off_t)offset);
}

static ssize_t read_piece(struct vos_stream *stream, u64 offset, u8 *bytes, size_t size)
{
	struct upload *u = stream->context;
	ssize_t count;

	if (offset >= u->source.bytes)
		return 0;
	if (size > u->source.bytes - offset)
		size = (size_t)(u->source.bytes - offset);
	count = u->source.read(u->source.context, offset, bytes, size);
	if (count <= 0)
		u->error = count < 0 ? errno : EIO;	/* EIO: it has become shorter */
	return count;
}

static void tell(struct upload *u, u64 done, bool is_last)
{
	u64 now = now_ns();

	if (!u->fn || (!is_last && now - u->told_ns < PROGRESS_NS))
		return;
	u->told_ns = now;
	u->fn(u->context, done, u->source.bytes);
}

static bool goes_on(struct vos *vos, const struct upload *u, const struct vos_stream *stream)
{
	return stream->number && !stream->is_ended && !vos->is_broken && !u->error &&
	       stream->resends <= retry_times.repeats && !conn_is_canceled(vos);
}

/* Send all of it. False: see why_not. */
static bool send_all(struct vos *vos, struct upload *u, struct vos_stream *stream)
{
	while (stream->taken < u->source.bytes && goes_on(vos, u, stream)) {
		conn_turn(vos, now_ns() + PROGRESS_NS);
		tell(u, stream->taken, false);
	}
	return stream->taken >= u->source.bytes && stream->number;
}

/* Not all was sent. True: for good, and the result says why. */
static bool why_not(struct vos *vos, struct upload *u, const struct vos_stream *stream)
{
	snprintf(u->ended, sizeof(u->ended), "%s", stream->reason);
	if (u->error)
		fail(vos, u->name, strerror(u->error));
	else if (vos->is_broken || stream->resends > retry_times.repeats)
		conn_result(vos, VOS_LINK, "E_LINK", "VOS does not answer");
	else if (conn_is_canceled(vos))
		conn_result(vos, VOS_FAILED, "E_CANCELED", "the upload was left");
	else
		return false;	/* the stream has ended: VOS keeps what it has for some minutes */
	return true;
}

/* True: it has come to its end, good or bad. */
static bool finish(struct vos *vos, struct upload *u, u32 number, json_t **answer)
{
	*answer = conn_call(vos, "finish-upload", json_pack("{s:I}", "stream", (json_int_t)number), false);
	if (vos->result == VOS_OK)
		tell(u, u->source.bytes, true);
	return vos->result != VOS_NOT_FOUND;	/* the stream went with its client: open it again */
}

/* It can't be opened. A volume that waits no more has failed before, for what VOS said then. */
static json_t *refused(struct vos *vos, const struct upload *u, json_t *answer)
{
	if (!u->is_volume || !u->ended[0] || vos->result != VOS_STATE)
		return answer;
	json_decref(answer);
	conn_result(vos, VOS_FAILED, "E_FAILED", "%s", u->ended);
	return NULL;
}

/* One opening. True: it has come to its end. */
static bool attempt(struct vos *vos, struct upload *u, json_t **answer)
{
	struct vos_stream *stream = stream_new(vos);
	json_t *opened;
	bool is_over;

	if (!stream) {
		fail(vos, u->name, "no memory");
		return true;
	}
	opened = conn_call(vos, "open-upload", json_pack("{s:s, s:I, s:s, s:b}", "name", u->name, "bytes",
		(json_int_t)u->source.bytes, "hash", u->hash, "volume", u->is_volume), false);
	if (vos->result != VOS_OK) {
		json_decref(*answer);
		*answer = refused(vos, u, opened);
		stream_free(stream);
		return true;
	}
	stream->read = read_piece;
	stream->context = u;
	stream_opened(stream, opened);
	json_decref(opened);
	json_decref(*answer);
	*answer = NULL;
	is_over = send_all(vos, u, stream) ? finish(vos, u, stream->number, answer) : why_not(vos, u, stream);
	stream_free(stream);
	return is_over;
}

static int upload(struct vos *vos, struct upload *u, char **answer)
{
	static const char digits[] = "0123456789abcdef";
	json_t *reply = NULL;
	bool is_over = false;

	for (u32 i = 0; i < BLAKE2B_BYTES; i++) {
		u->hash[2 * i] = digits[u->source.hash[i] >> 4];
		u->hash[2 * i + 1] = digits[u->source.hash[i] & 15];
	}
	for (u32 i = 0; i < OPENINGS && !is_over; i++)
		is_over = attempt(vos, u, &reply);
	if (!is_over)
		conn_result(vos, VOS_LINK, "E_LINK", "the upload was interrupted too often");
	else if (answer && reply)
		*answer = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	return vos->result;
}

static bool is_too_old(struct vos *vos)
{
	if (!vos->client)
		conn_result(vos, VOS_UNSUPPORTED, "E_UNSUPPORTED",
			"VOS %s is too old for uploads (protocol 1.0)", vos->version);
	return !vos->client;
}

int vos_upload_image(struct vos *vos, const char *name, const char *path, vos_progress_fn *fn, void *context,
	char **answer)
{
	int fd = -1;
	struct upload u = { .name = name, .fn = fn, .context = context,
		.source = { .read = read_file, .context = &fd } };
	struct stat file;

	if (answer)
		*answer = NULL;
	if (is_too_old(vos))
		return vos->result;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(vos, path, strerror(errno));
	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		fail(vos, path, "not a regular file");
	else if ((u.error = hash_file(fd, &u.source)) != 0)
		fail(vos, path, strerror(u.error));
	else
		upload(vos, &u, answer);
	close(fd);
	return vos->result;
}

int vos_upload_volume(struct vos *vos, const char *name, const struct vos_source *source, vos_progress_fn *fn,
	void *context, char **answer)
{
	struct upload u = { .name = name, .fn = fn, .context = context, .source = *source, .is_volume = true };

	if (answer)
		*answer = NULL;
	return is_too_old(vos) ? vos->result : upload(vos, &u, answer);
}
