/* SPDX-License-Identifier: MIT */
/*
 * fake_vos.c - see fake_vos.h.
 */
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_vos.h"
#include "wire.h"

#define PIECE 512u
#define KEPT 8u
#define EVENTS_LOST 8u
#define OVERRUN_EVENTS 5u

struct kept { json_int_t id; json_t *answer; };	/* NULL: it was not kept */

static struct fake_vos fake;
static struct wire_buffer out;
static enum frame_kind kind;
static u64 client = 4711, done, commands, boot = 1;
static u32 console_start = 1;
static u64 sent;		/* the next event */
static struct kept kept[KEPT];
static u64 random_state = 88172645463325252ull;

static u64 next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Through the bad line, into another buffer. */
static void spoil(struct wire_buffer *to, const u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		u8 byte = bytes[i];

		if (next_random() % 1000000 < fake.spoil_per_million) {
			if (next_random() & 1)
				continue;
			byte ^= (u8)(1u << (next_random() & 7));
		}
		(void)wire_append(to, &byte, 1);
	}
}

static void send_text(const char *channel, const char *text, size_t length)
{
	struct wire_buffer frame = { 0 };

	(void)wire_encode(&frame, kind, channel, text, length);
	spoil(&out, frame.bytes, frame.used);
	wire_free(&frame);
}

/* A piece of an answer, or all of it. */
static void send_pieces(json_int_t id, const char *text, json_t *only)
{
	size_t length = strlen(text), count = (length + PIECE - 1) / PIECE;
	u32 crc = crc32c(0, text, length);
	char piece[PIECE + 96];

	for (size_t i = 0; i < count; i++) {
		size_t bytes = length - i * PIECE < PIECE ? length - i * PIECE : PIECE;
		int head = snprintf(piece, 96, "%llu %lld %zu %zu %08x\n", (unsigned long long)client, (long long)id, i,
			count, crc);
		bool is_wanted = !only;

		for (size_t j = 0; j < json_array_size(only); j++)
			is_wanted = is_wanted || (size_t)json_integer_value(json_array_get(only, j)) == i;
		memcpy(piece + head, text + i * PIECE, bytes);
		if (is_wanted)
			send_text("control+", piece, (size_t)head + bytes);
	}
}

static void send_json(json_t *message, json_int_t id)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (strlen(text) > PIECE && id)
		send_pieces(id, text, NULL);
	else
		send_text("control", text, strlen(text));
	free(text);
}

static void sync_or_hello(const char *verb, json_t *arguments, json_t *id)
{
	char boot_id[20];
	json_t *answer;

	snprintf(boot_id, sizeof(boot_id), "%016llx", (unsigned long long)boot);
	if (strcmp(verb, "sync") == 0) {
		answer = json_pack("{s:{s:O, s:{s:s, s:i}}, s:O}", "return", "token",
			json_object_get(arguments, "token"), "VOS", "version", "fake", "protocol", 1, "id", id);
		if (!fake.is_old) {
			json_t *about = json_object_get(json_object_get(answer, "return"), "VOS");

			json_object_set_new(about, "minor", json_integer(1));
			json_object_set_new(about, "boot-id", json_string(boot_id));
			if (fake.restarts_console)
				json_object_set_new(about, "console-start", json_integer(console_start));
		}
	} else {
		answer = json_pack("{s:{s:I, s:i, s:s}, s:O}", "return", "client", (json_int_t)client, "fragment", 512,
			"boot-id", boot_id, "id", id);
	}
	send_json(answer, 0);
	json_decref(answer);
}

static void refuse(const json_t *message, const char *class, int code, const char *why)
{
	json_t *answer = json_pack("{s:{s:s, s:i, s:s}, s:O, s:O}", "error", "class", class, "code", code, "desc", why,
		"c", json_object_get(message, "c"), "id", json_object_get(message, "id"));

	send_json(answer, 0);
	json_decref(answer);
}

/* Once. */
static void open_upload(const json_t *message)
{
	json_t *answer;

	if (done++ != 0) {
		refuse(message, "E_STATE", 4, "nothing waits for it");
		return;
	}
	answer = json_pack("{s:{s:i, s:i, s:i}, s:O, s:O}", "return", "stream", 7, "offset", 0, "limit", 4096, "c",
		json_object_get(message, "c"), "id", json_object_get(message, "id"));
	send_json(answer, 0);
	json_decref(answer);
}

static void end_upload(void)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"event\":\"STREAM_END\",\"data\":{\"stream\":7,\"offset\":0,"
		"\"reason\":\"there is no room\"},\"c\":%llu}", (unsigned long long)client);
	send_text("events", text, strlen(text));
}

/* So many bytes of input came. */
static void acknowledge(u64 taken)
{
	char text[16];

	wire_put64(text, taken);
	wire_put64(text + 8, fake.input_limit);
	send_text("a7", text, sizeof(text));
}

/* That a credit sends first. */
static u64 next_event(json_t *arguments)
{
	json_t *from = json_object_get(arguments, "from");
	u64 next = from ? (u64)json_integer_value(from) : sent;

	return next < EVENTS_LOST ? EVENTS_LOST : next;
}

/* Of open-events: each credit sends from `from`, or on from where the last one ended. */
static void credit(json_t *arguments, bool is_asked)
{
	u64 to = (u64)json_integer_value(json_object_get(arguments, "to"));
	char text[96];

	if (fake.input_limit && is_asked)
		acknowledge(0);
	sent = next_event(arguments);
	for (; sent < to && sent < fake.events; sent++) {
		if (fake.overrun && sent >= fake.overrun && sent < fake.overrun + OVERRUN_EVENTS)
			continue;
		if (fake.lost_event && sent == fake.lost_event) {
			fake.lost_event = 0;
			continue;
		}
		wire_put64(text, sent);
		snprintf(text + 8, sizeof(text) - 8, "{\"event\":\"VM_STATE\",\"seq\":%llu}", (unsigned long long)sent);
		send_text("s7", text, 8 + strlen(text + 8));
	}
}

static void restart(void)
{
	static const char event[] = "{\"event\":\"CONSOLE_START\",\"data\":{\"start\":2},\"uptime-ns\":1}";

	if (fake.restarts_console) {
		console_start++;
		send_text("events", event, strlen(event));
	} else {
		boot++;
	}
	client += 100;
	for (u32 i = 0; i < KEPT; i++) {
		json_decref(kept[i].answer);
		kept[i] = (struct kept){ 0 };
	}
}

static json_t *do_it(json_t *message, json_t *id)
{
	char number[24];
	json_t *answer, *more;
	bool is_credit;
	char *padding;
	u64 offset;

	is_credit = strcmp(json_string_value(json_object_get(message, "execute")), "credit") == 0;
	done += !is_credit;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)done);
	answer = json_pack("{s:{s:s}, s:O}", "return", "version", number, "id", id);
	if (json_object_get(message, "c"))
		json_object_set(answer, "c", json_object_get(message, "c"));
	if (fake.events) {
		offset = is_credit ? next_event(json_object_get(message, "arguments")) : EVENTS_LOST;
		more = json_pack("{s:i, s:I, s:i}", "stream", 7, "offset", (json_int_t)offset, "end",
			(int)fake.events);
		if (!fake.overrun)
			json_object_set_new(more, "start", json_integer(EVENTS_LOST));
		json_object_update(json_object_get(answer, "return"), more);
		json_decref(more);
	}
	if (fake.answer_bytes) {
		padding = malloc(fake.answer_bytes + 1);
		memset(padding, 'x', fake.answer_bytes);
		padding[fake.answer_bytes] = 0;
		json_object_set_new(json_object_get(answer, "return"), "padding", json_string(padding));
		free(padding);
	}
	return answer;
}

static void repeat(const json_t *message, const struct kept *place)
{
	if (place->answer) {
		send_json(place->answer, place->id);
		return;
	}
	refuse(message, "E_DONE", 11, "done");
	client += 100;
}

/* A command that was not seen. */
static void begin(json_t *message, const char *verb, struct kept *place)
{
	bool is_credit = strcmp(verb, "credit") == 0;	/* which libvos sends when it likes */

	commands += !is_credit;
	json_decref(place->answer);
	*place = (struct kept){ json_integer_value(json_object_get(message, "id")),
				do_it(message, json_object_get(message, "id")) };
	if (fake.unkept && commands == fake.unkept && !is_credit) {
		json_decref(place->answer);
		place->answer = NULL;
		return;
	}
	send_json(place->answer, place->id);
	if (fake.restart_after && commands == fake.restart_after && !is_credit)
		restart();
}

static void numbered(json_t *message, const char *verb, json_t *arguments)
{
	json_int_t id = json_integer_value(json_object_get(message, "id"));
	struct kept *place = &kept[(u64)id % KEPT];
	char *text;

	if ((u64)json_integer_value(json_object_get(message, "c")) != client) {
		refuse(message, "E_LINK", 8, "no client");
	} else if (strcmp(verb, "resend") == 0) {
		id = json_integer_value(json_object_get(arguments, "id"));
		place = &kept[(u64)id % KEPT];
		if (place->id != id || !place->answer)
			return;
		text = json_dumps(place->answer, JSON_COMPACT);
		send_pieces(id, text, json_object_get(arguments, "seq"));
		free(text);
	} else if (strcmp(verb, "credit") == 0 && fake.ends_stream && sent >= fake.events) {
		refuse(message, "E_NOT_FOUND", 3, "no such stream");
	} else if (strcmp(verb, "open-upload") == 0 && fake.ends_upload) {
		open_upload(message);
	} else if (place->id == id) {
		repeat(message, place);
	} else if (id > place->id) {
		begin(message, verb, place);
	}
}

static bool is_lost_credit(void)
{
	if (fake.lost_credits == 0)
		return false;
	fake.lost_credits--;
	return true;
}

static void take(const struct wire_frame *frame)
{
	json_t *message = json_loadb((const char *)frame->message, frame->length, 0, NULL);
	const char *verb = json_string_value(json_object_get(message, "execute"));
	json_t *arguments = json_object_get(message, "arguments"), *answer;

	if (frame->channel[0] == 's' && frame->length > 8 && fake.ends_upload)
		end_upload();
	else if (frame->channel[0] == 's' && frame->length > 8)
		acknowledge(wire_get64(frame->message) + frame->length - 8);
	if (!verb || strcmp(verb, "bye") == 0 || (fake.deaf_after && commands >= fake.deaf_after)) {
		json_decref(message);
		return;
	}
	if (strcmp(verb, "sync") == 0 || strcmp(verb, "hello") == 0) {
		sync_or_hello(verb, arguments, json_object_get(message, "id"));
	} else if (json_object_get(message, "c")) {
		if (strcmp(verb, "credit") != 0 || json_object_get(message, "id"))
			numbered(message, verb, arguments);
		if (strcmp(verb, "credit") == 0 && (json_object_get(message, "id") || !is_lost_credit()))
			credit(arguments, json_object_get(message, "id") != NULL);
	} else if (json_object_get(message, "id")) {
		answer = do_it(message, json_object_get(message, "id"));
		send_json(answer, 0);
		json_decref(answer);
	}
	json_decref(message);
}

static void serve(int fd)
{
	struct wire_scanner in = { 0 };
	struct wire_buffer spoiled;
	struct wire_frame frame;
	u8 bytes[4096];
	ssize_t count;

	(void)wire_start(&in, !fake.is_plain, fake.is_plain);
	while ((count = read(fd, bytes, sizeof(bytes))) > 0) {
		spoiled = (struct wire_buffer){ 0 };
		spoil(&spoiled, bytes, (size_t)count);
		(void)wire_feed(&in, spoiled.bytes, spoiled.used);
		wire_free(&spoiled);
		while (wire_next(&in, &frame))
			take(&frame);
		for (size_t at = 0; at < out.used; at += (size_t)count) {
			count = send(fd, out.bytes + at, out.used - at, MSG_NOSIGNAL);
			if (count <= 0)
				break;
		}
		wire_drop(&out, out.used);
	}
	wire_end(&in);
	close(fd);
}

pid_t fake_vos_start(const struct fake_vos *wanted)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t process;

	fake = *wanted;
	random_state = 88172645463325252ull ^ (u64)fake.seed << 20;
	kind = fake.is_plain ? FRAME_PLAIN : FRAME_TEXT;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake.path);
	unlink(fake.path);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 4) != 0)
		return -1;
	process = fork();
	if (process != 0) {
		close(listener);
		return process;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that dies leaves none behind */
	for (;;)
		serve(accept(listener, NULL, NULL));
}

void fake_vos_stop(pid_t process)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}
