/* SPDX-License-Identifier: MIT */
/*
 * greet.c - who is at the other end: sync with a random token, then hello; and again when the line was lost, when VOS
 * was restarted, or when it has forgotten this client.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "conn.h"

#define REOPEN_PAUSE_NS (250 * NS_MS)
#define BUSY_PAUSE_NS (2 * NS_S)
#define BUSY_TRIES 40u		/* VOS forgets a silent client after a minute */

static void random_text(char *text, size_t size)
{
	u64 number = 0;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		number = now_ns() ^ (u64)(uintptr_t)text << 20;
	snprintf(text, size, "vos-%016llx", (unsigned long long)number);
}

/* ---- answers ---- */

static void take_sync(struct vos *vos, const json_t *result)
{
	const json_t *about = json_object_get(result, "VOS");
	const char *token = json_string_value(json_object_get(result, "token"));
	const char *version = json_string_value(json_object_get(about, "version"));
	const char *boot = json_string_value(json_object_get(about, "boot-id"));
	u64 now = now_ns(), start = (u64)json_integer_value(json_object_get(about, "console-start"));

	if (!token || strcmp(token, vos->token) != 0)
		return;
	for (struct request *r = vos->requests; r && vos->greeting == GREETING_DONE; r = r->next) {
		r->is_pending = r->is_pending || !r->is_look;	/* an old VOS is alive, and works at it */
		retry_alive(r, now);
	}
	if (vos->greeting != GREETING_SYNC)
		return;
	vos->minor = (u32)json_integer_value(json_object_get(about, "minor"));
	vos->max_frame = (u64)json_integer_value(json_object_get(about, "max-frame"));
	snprintf(vos->version, sizeof(vos->version), "%s", version ? version : "?");
	if (vos->boot_id[0] && (!boot || strcmp(boot, vos->boot_id) != 0)) {
		retry_fail_all(vos, "the machine was restarted");
		stream_fail_all(vos, "the machine was restarted");
	} else if (start != vos->console_start) {
		stream_fail_all(vos, "VOS has started its console again");	/* offsets begin anew */
	}
	vos->console_start = start;
	vos->has_users = json_integer_value(json_object_get(about, "users")) != 0;
	snprintf(vos->boot_id, sizeof(vos->boot_id), "%s", boot ? boot : "");
	vos->greeting = vos->minor && boot ? GREETING_HELLO : GREETING_DONE;
}

static void take_hello(struct vos *vos, const json_t *message)
{
	const json_t *result = json_object_get(message, "return"), *error = json_object_get(message, "error");
	const char *class = json_string_value(json_object_get(error, "class"));
	u64 client = (u64)json_integer_value(json_object_get(result, "client"));

	if (error && class && strcmp(class, "E_LINK") == 0)
		return;		/* spoiled: it is sent again */
	if (client == 0) {
		conn_result(vos, error ? (int)json_integer_value(json_object_get(error, "code")) : VOS_LINK,
			class ? class : "E_LINK", "VOS refused this client: %s",
			error ? json_string_value(json_object_get(error, "desc")) : "its answer has no number");
		vos->greeting = GREETING_FAILED;
		return;
	}
	if (vos->client && vos->client != client) {
		vos->client = client;
		retry_renumber(vos);
		stream_resume_all(vos, true);
	} else if (vos->client) {
		stream_resume_all(vos, false);
	}
	vos->client = client;
	vos->greeting = GREETING_DONE;
}

void greet_message(struct vos *vos, const json_t *message)
{
	const json_t *result = json_object_get(message, "return"), *id = json_object_get(message, "id");
	bool is_ours = json_is_integer(id) && (u64)json_integer_value(id) == vos->greeting_id;

	if (vos->greeting == GREETING_SYNC && is_ours && json_is_true(json_object_get(message, "vosd"))) {
		const char *why = json_string_value(json_object_get(json_object_get(message, "error"), "desc"));

		conn_result(vos, VOS_LINK, "E_LINK", "%s", why ? why : "vosd has no connection");
		vos->greeting = GREETING_FAILED;
	} else if (json_object_get(result, "VOS")) {
		take_sync(vos, result);
	} else if (vos->greeting == GREETING_HELLO && is_ours) {
		take_hello(vos, message);
	}
}

/* ---- questions ---- */

static void send_greeting(struct vos *vos)
{
	bool is_sync = vos->greeting == GREETING_SYNC;
	json_t *message = json_pack("{s:s, s:{s:s}, s:I}", "execute", is_sync ? "sync" : "hello", "arguments",
		is_sync ? "token" : "client", is_sync ? vos->token : vos->name, "id", (json_int_t)vos->greeting_id);

	if (message)
		io_send_json(vos, message);
	json_decref(message);
}

/* Send until that greeting has gone on. False: no sign of life, or the line is lost. */
static bool step(struct vos *vos, enum greeting greeting)
{
	u64 interval = retry_times.first_ns, until;

	for (u32 i = 0; i <= retry_times.repeats; i++, interval *= 2) {
		vos->greeting_id++;
		send_greeting(vos);
		until = now_ns() + interval;
		while (now_ns() < until && vos->greeting == greeting && !vos->is_lost)
			io_wait(vos, until);
		if (vos->greeting != greeting || vos->is_lost)
			return !vos->is_lost;
	}
	return false;
}

static void pause_ns(u64 ns)
{
	struct timespec wait = { (time_t)(ns / NS_S), (long)(ns % NS_S) };

	while (nanosleep(&wait, &wait) != 0 && errno == EINTR)
		;
}

static bool greet(struct vos *vos)
{
	vos->is_stranger = false;
	for (u32 i = 0; i < BUSY_TRIES; i++) {
		vos->greeting = GREETING_SYNC;
		random_text(vos->token, sizeof(vos->token));
		if (!step(vos, GREETING_SYNC) || (vos->greeting == GREETING_HELLO && !step(vos, GREETING_HELLO)))
			return false;
		if (vos->greeting == GREETING_DONE)
			return true;
		if (vos->result != VOS_RESOURCES)
			return false;
		pause_ns(BUSY_PAUSE_NS);	/* as many clients as VOS takes */
	}
	return false;
}

/* How frames are encoded there: by a vosd always plain, else as the host says or the other end answers. */
static void expect_frames(struct vos *vos)
{
	bool is_vosd = vos->socket[0] != 0;

	vos->is_kind_known = is_vosd || vos->host.encoding != HOST_ANY;
	vos->kind = is_vosd || vos->host.encoding == HOST_PLAIN ? FRAME_PLAIN : FRAME_TEXT;
	vos->link.is_vosd = is_vosd;
	io_reset(vos);
}

/* waits_for_vosd: a vosd that has just ended may be started again, and needs the line. */
static bool open_line(struct vos *vos, bool waits_for_vosd, char *why)
{
	bool had_vosd = vos->link.is_vosd;

	io_reset(vos);
	if (vos->link.lock < 0 && !link_lock(&vos->link, &vos->host, NULL, vos->socket, why))
		return false;
	if (had_vosd && !vos->socket[0] && waits_for_vosd) {
		link_unlock(&vos->link);
		snprintf(why, HOST_WHY_BYTES, "vosd has ended");
		return false;
	}
	expect_frames(vos);
	return vos->socket[0] ? link_open_socket(&vos->link, vos->socket, why) :
				link_open(&vos->link, &vos->host, why);
}

/* For how long a line that can't be opened may be another one's. A vosd that is about to start has the lock, and soon
 * its socket; programs that look for a vosd that has ended have it for moments. */
static u64 patience_ns(const struct vos *vos)
{
	if (vos->socket[0] != 0)
		return 2 * NS_S;
	return vos->link.lock < 0 ? NS_S / 2 : 0;
}

bool greet_open(struct vos *vos)
{
	u64 begin = now_ns();
	char why[HOST_WHY_BYTES];

	while (!open_line(vos, false, why) && now_ns() - begin < patience_ns(vos))
		pause_ns(REOPEN_PAUSE_NS);
	if (vos->link.fd < 0) {
		conn_result(vos, VOS_LINK, "E_LINK", "%s", why);
		return false;
	}
	random_text(vos->name, sizeof(vos->name));
	if (greet(vos))
		return true;
	if (vos->greeting != GREETING_FAILED)
		conn_result(vos, VOS_LINK, "E_LINK", vos->is_lost ? "the connection to %.200s was closed" :
			"nothing that speaks VOS's protocol answers at %.200s", vos->host.text);
	return false;
}

static void give_up(struct vos *vos, const char *why)
{
	vos->is_broken = true;
	conn_result(vos, VOS_LINK, "E_LINK", "%s", why);
	retry_fail_all(vos, why);
	stream_fail_all(vos, why);
}

/* A vosd whose line is down says so; it may come back, as ours may. */
static bool is_refused(const struct vos *vos)
{
	return vos->greeting == GREETING_FAILED && !vos->link.is_vosd;
}

void greet_again(struct vos *vos)
{
	u64 until = now_ns() + retry_times.reopen_ns, for_vosd = now_ns() + retry_times.reopen_ns / 2;
	char why[HOST_WHY_BYTES] = "";
	bool is_open;

	if (!vos->is_lost && greet(vos))
		return;
	if (!vos->is_lost && vos->greeting != GREETING_FAILED) {
		give_up(vos, "VOS does not answer");
		return;
	}
	for (;;) {
		is_open = open_line(vos, now_ns() < for_vosd, why);
		if (is_open && greet(vos))
			return;
		if (is_open)
			snprintf(why, sizeof(why), "%.300s", vos->greeting == GREETING_FAILED ? vos->error :
				"the connection was closed");
		if (is_refused(vos) || now_ns() >= until || conn_is_canceled(vos))
			break;
		pause_ns(REOPEN_PAUSE_NS);
	}
	give_up(vos, why);
}
