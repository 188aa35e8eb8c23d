/* SPDX-License-Identifier: MIT */
/*
 * libvos against a VOS whose line drops and changes bytes: every request is answered, and none is done twice; a VOS
 * that is gone, restarted, or old.
 */
/*
 * links: libvos
 * helpers: fake_vos.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conn.h"
#include "fake_vos.h"

#define REQUESTS 300u
#define SEEDS 8u
#define HANGS_S 60u		/* what takes longer has no end */
#define SHORT_MS 8000		/* less than the pause between two probes can become */

static char folder[] = "/tmp/vos-test-XXXXXX", path[64], host[96];

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	setenv("XDG_RUNTIME_DIR", folder, 1);
	snprintf(path, sizeof(path), "%s/line", folder);
	snprintf(host, sizeof(host), "unix:%s", path);
	retry_times = (struct retry_times){
		.first_ns = 20 * NS_MS, .longest_ns = 15 * NS_S, .pending_ns = 20 * NS_MS, .gap_ns = 20 * NS_MS,
		.reopen_ns = NS_S, .repeats = 9,
	};
	return 0;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* What `version` says: how often VOS has done it. 0: it failed. */
static u64 ask(struct vos *vos)
{
	char *answer = NULL;
	const char *text;
	u64 number = 0;
	json_t *reply;

	if (vos_call(vos, "reset-vm", "{\"name\":\"a\"}", 0, &answer) == VOS_OK) {
		reply = json_loads(answer, 0, NULL);
		text = json_string_value(json_object_get(json_object_get(reply, "return"), "version"));
		number = strtoull(text, NULL, 10);
		json_decref(reply);
	}
	free(answer);
	return number;
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void each_is_done_once(const struct fake_vos *fake)
{
	pid_t process = fake_vos_start(fake);
	struct vos *vos = vos_open(host);

	if (!vos)
		fail_msg("%s", vos_error(NULL));
	for (u64 i = 1; i <= REQUESTS; i++) {
		u64 number = ask(vos);

		if (number != i)
			fail_msg("request %llu: done %llu times: %s", (unsigned long long)i, (unsigned long long)number,
				vos_error(vos));
	}
	vos_close(vos);
	fake_vos_stop(process);
}

static void good_line(void **state)
{
	(void)state;
	each_is_done_once(&(struct fake_vos){ .path = path });
	each_is_done_once(&(struct fake_vos){ .path = path, .is_old = true });
}

static void bad_line(void **state)
{
	(void)state;
	each_is_done_once(&(struct fake_vos){ .path = path, .spoil_per_million = 500 });
	snprintf(host, sizeof(host), "unix:%s,plain", path);
	each_is_done_once(&(struct fake_vos){ .path = path, .spoil_per_million = 500, .is_plain = true });
	snprintf(host, sizeof(host), "unix:%s", path);
}

static void answers_in_pieces(void **state)
{
	(void)state;
	each_is_done_once(&(struct fake_vos){ .path = path, .answer_bytes = 8000 });
	each_is_done_once(&(struct fake_vos){ .path = path, .answer_bytes = 3000, .spoil_per_million = 100 });
}

static void vos_is_gone(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .deaf_after = 3 });
	struct vos *vos = vos_open(host);

	(void)state;
	assert_non_null(vos);
	retry_times.repeats = 4;
	for (u64 i = 1; i <= 3; i++)
		assert_int_equal(ask(vos), i);
	assert_int_equal(ask(vos), 0);
	assert_int_equal(vos_result(vos), VOS_LINK);
	assert_string_equal(vos_error(vos), "VOS does not answer");
	vos_close(vos);
	fake_vos_stop(process);
	unlink(path);
	assert_null(vos_open(host));
	assert_int_equal(vos_result(NULL), VOS_LINK);
	assert_non_null(strstr(vos_error(NULL), "cannot connect"));
	retry_times.repeats = 9;
}

/* Above a line with long round trips too, VOS hears of a client that waits before idle-ns, 60 s, is over. */
static void is_never_silent_for_long(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .deaf_after = 1 });
	struct vos *vos = vos_open(host);
	struct request *request;
	u64 now = 1, longest = 0;

	(void)state;
	assert_int_equal(ask(vos), 1);
	vos->round_trip_ns = 10 * NS_S;
	request = retry_new(vos, "version", NULL, true, false);
	for (u32 sends = 1; sends <= retry_times.repeats + 1; sends++) {
		retry_pump(vos, now);
		retry_pump(vos, now);
		assert_int_equal(request->sends, sends);
		assert_false(request->is_done);		/* the last repeat too may be answered */
		if (request->due_ns - now > longest)
			longest = request->due_ns - now;
		now = request->due_ns;
	}
	assert_true(retry_pump(vos, now));
	assert_true(request->is_done);
	retry_free(vos, request);
	vos_close(vos);
	fake_vos_stop(process);
	assert_in_range(longest, 10 * NS_S, 16 * NS_S);
}

static void line_is_cut(void **state)
{
	struct fake_vos fake = { .path = path };
	pid_t process = fake_vos_start(&fake);
	struct vos *vos = vos_open(host);

	(void)state;
	assert_int_equal(ask(vos), 1);
	fake_vos_stop(process);
	process = fake_vos_start(&fake);	/* the same boot-id: the same VOS, to us */
	assert_int_equal(ask(vos), 1);
	vos_close(vos);
	fake_vos_stop(process);
}

static void vos_is_restarted(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .restart_after = 2 });
	struct vos *vos = vos_open(host);
	char before[BOOT_ID_BYTES];

	(void)state;
	assert_int_equal(ask(vos), 1);
	assert_int_equal(ask(vos), 2);
	snprintf(before, sizeof(before), "%s", vos_boot_id(vos));
	assert_int_equal(ask(vos), 0);
	assert_int_equal(vos_result(vos), VOS_LINK);
	assert_string_equal(vos_error(vos), "the machine was restarted");
	assert_string_not_equal(before, vos_boot_id(vos));
	assert_int_equal(ask(vos), 3);		/* the next one is for the new VOS */
	vos_close(vos);
	fake_vos_stop(process);
}

/* VOS says that it is done, and how it ended is not known any more: it is not sent again under another number. */
static void answer_is_not_kept(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .unkept = 2 });
	struct vos *vos = vos_open(host);

	(void)state;
	assert_non_null(vos);
	assert_int_equal(ask(vos), 1);
	assert_int_equal(ask(vos), 0);
	assert_int_equal(vos_result(vos), VOS_DONE);
	assert_string_equal(vos_error_class(vos), "E_DONE");
	assert_int_equal(ask(vos), 3);
	vos_close(vos);
	fake_vos_stop(process);
}

/* Each of them once and in order, although the line spoils frames and is cut; what VOS has not kept is counted. */
static void read_events(u32 seed)
{
	struct fake_vos fake = { .path = path, .events = 300, .spoil_per_million = 500, .seed = seed };
	pid_t process = fake_vos_start(&fake);
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 3) : NULL;
	char event[VOS_EVENT_BYTES], expected[64];

	assert_non_null(stream);
	assert_int_equal(vos_stream_lost(stream), 5);
	for (u32 i = 8; i < 300; i++) {
		assert_int_equal(vos_stream_offset(stream), i);
		if (vos_stream_read(stream, event, sizeof(event), 20000) <= 0)
			fail_msg("event %u: %s", i, vos_error(vos));
		snprintf(expected, sizeof(expected), "{\"event\":\"VM_STATE\",\"seq\":%u}", i);
		assert_string_equal(event, expected);
		if (i == 150) {
			assert_int_equal(vos_stream_read(stream, event, 8, 20000), -1);
			assert_int_equal(vos_result(vos), VOS_USAGE);
			fake_vos_stop(process);
			process = fake_vos_start(&fake);
		}
	}
	assert_int_equal(vos_stream_read(stream, event, sizeof(event), 50), -1);
	assert_int_equal(vos_result(vos), VOS_TIMEOUT);
	assert_int_equal(vos_stream_lost(stream), 5);
	vos_idle(vos, always, NULL);
	assert_int_equal(vos_stream_read(stream, event, sizeof(event), -1), -1);
	assert_string_equal(vos_error_class(vos), "E_CANCELED");
	vos_close(vos);
	fake_vos_stop(process);
}

static void events_by_number(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < SEEDS; seed++)
		read_events(seed);
}

/* What was lost on the line shows in nothing that comes: VOS is asked, long before the reader's patience is over. */
static void read_although(const struct fake_vos *fake)
{
	pid_t process = fake_vos_start(fake);
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 8) : NULL;
	char event[VOS_EVENT_BYTES];

	assert_non_null(stream);
	for (u32 i = 8; i < fake->events; i++)
		if (vos_stream_read(stream, event, sizeof(event), SHORT_MS) <= 0)
			fail_msg("event %u: %s", i, vos_error(vos));
	vos_close(vos);
	fake_vos_stop(process);
}

static void credit_is_lost(void **state)
{
	(void)state;
	read_although(&(struct fake_vos){ .path = path, .events = 100, .lost_credits = 3 });
}

static void last_frame_is_lost(void **state)
{
	(void)state;
	read_although(&(struct fake_vos){ .path = path, .events = 20, .lost_event = 19 });
}

/* VOS takes more input, and that it said so was lost. Output that goes on does not hide it. */
static void acknowledgement_is_lost(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .events = 20, .input_limit = 9 });
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 8) : NULL;
	u64 until = now_ns() + SHORT_MS * NS_MS;

	(void)state;
	assert_non_null(stream);
	stream->limit = 0;
	assert_int_equal(vos_stream_write(stream, "0123456789", 10), 10);
	while (stream->taken < 9 && now_ns() < until) {
		stream->data_ns = now_ns();
		conn_turn(vos, now_ns() + NS_MS);
	}
	assert_int_equal(stream->taken, 9);
	vos_close(vos);
	fake_vos_stop(process);
}

/* A VOS that does not say what it keeps: the next event that comes is the oldest one, and those before it are lost. */
static void overrun_without_start(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .events = 40, .overrun = 20 });
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 8) : NULL;
	char event[VOS_EVENT_BYTES], expected[64];

	(void)state;
	assert_non_null(stream);
	for (u32 i = 8; i < 40; i = i == 19 ? 25 : i + 1) {
		if (vos_stream_read(stream, event, sizeof(event), 20000) <= 0)
			fail_msg("event %u: %s", i, vos_error(vos));
		assert_int_equal(vos_result(vos), VOS_OK);
		snprintf(expected, sizeof(expected), "{\"event\":\"VM_STATE\",\"seq\":%u}", i);
		assert_string_equal(event, expected);
	}
	assert_int_equal(vos_stream_lost(stream), 5);
	vos_close(vos);
	fake_vos_stop(process);
}

/* A stream of a machine that was restarted fails, and has not come to its end. */
static void stream_of_another_boot(void **state)
{
	struct fake_vos fake = { .path = path, .events = 9, .restart_after = 2 };
	pid_t process = fake_vos_start(&fake);
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 0) : NULL;
	char event[VOS_EVENT_BYTES];

	(void)state;
	assert_non_null(stream);
	assert_true(vos_stream_read(stream, event, sizeof(event), 20000) > 0);
	assert_int_equal(vos_call(vos, "version", NULL, 0, NULL), VOS_OK);
	assert_int_equal(vos_call(vos, "version", NULL, 0, NULL), VOS_LINK);
	assert_int_equal(vos_stream_read(stream, event, sizeof(event), 20000), -1);
	assert_int_equal(vos_result(vos), VOS_LINK);
	assert_string_equal(vos_error(vos), "the machine was restarted");
	vos_close(vos);
	fake_vos_stop(process);
}

/* The same machine: streams fail, what only reads is asked anew. */
static void console_is_restarted(void **state)
{
	struct fake_vos fake = { .path = path, .events = 9, .restart_after = 2, .restarts_console = true };
	pid_t process = fake_vos_start(&fake);
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 0) : NULL;
	char before[BOOT_ID_BYTES], event[VOS_EVENT_BYTES];
	u64 client, done;

	(void)state;
	assert_non_null(stream);
	client = vos->client;
	assert_int_equal(vos_console_start(vos), 1);
	snprintf(before, sizeof(before), "%s", vos_boot_id(vos));
	done = ask(vos);
	for (u32 i = 0; i < 60 && vos->client == client; i++)	/* told, without asking anything */
		conn_turn(vos, now_ns() + NS_S);
	assert_int_equal(ask(vos), done + 1);
	assert_string_equal(before, vos_boot_id(vos));
	assert_int_equal(vos_console_start(vos), 2);
	while (vos_stream_read(stream, event, sizeof(event), 20000) > 0)
		;
	assert_int_equal(vos_result(vos), VOS_LINK);	/* its offsets begin anew */
	assert_string_equal(vos_error(vos), "VOS has started its console again");
	vos_close(vos);
	fake_vos_stop(process);
}

/* Nothing but the answer to a question of libvos's own tells of the end: its reader does not wait for more. */
static void end_is_told_by_an_answer(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .events = 20, .ends_stream = true });
	struct vos *vos = vos_open(host);
	struct vos_stream *stream = vos ? vos_events_open(vos, 8) : NULL;
	char event[VOS_EVENT_BYTES];

	(void)state;
	assert_non_null(stream);
	for (u32 i = 8; i < 20; i++)
		assert_true(vos_stream_read(stream, event, sizeof(event), -1) > 0);
	alarm(HANGS_S);
	assert_int_equal(vos_stream_read(stream, event, sizeof(event), -1), 0);
	alarm(0);
	assert_string_equal(vos_stream_reason(stream), "closed by VOS");
	vos_close(vos);
	fake_vos_stop(process);
}

static ssize_t read_zeros(void *context, uint64_t offset, void *bytes, size_t size)
{
	(void)context;
	(void)offset;
	memset(bytes, 0, size);
	return (ssize_t)size;
}

/* An upload into a volume that VOS ends, and that can't go on: what VOS said when it ended it is what counts. */
static void end_of_upload_is_told(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .ends_upload = true });
	const struct vos_source source = { .read = read_zeros, .bytes = 100 };
	struct vos *vos = vos_open(host);
	char *answer;

	(void)state;
	assert_non_null(vos);
	alarm(HANGS_S);
	assert_int_equal(vos_upload_volume(vos, "web", &source, NULL, NULL, &answer), VOS_FAILED);
	alarm(0);
	assert_string_equal(vos_error(vos), "there is no room");
	assert_null(answer);
	vos_close(vos);
	fake_vos_stop(process);
}

/* A request that nobody waits for any more keeps the next one from being sent, until it is given up. */
static void room_comes_by_giving_up(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path, .deaf_after = 1 });
	struct vos *vos = vos_open(host);

	(void)state;
	assert_int_equal(ask(vos), 1);
	retry_times.repeats = 2;
	retry_new(vos, "version", NULL, true, false)->is_dropped = true;
	while (retry_has_room(vos))
		vos->next_id++;		/* as if these had been answered */
	alarm(HANGS_S);
	assert_int_equal(ask(vos), 0);
	alarm(0);
	assert_int_equal(vos_result(vos), VOS_LINK);
	retry_times.repeats = 9;
	vos_close(vos);
	fake_vos_stop(process);
}

static void line_is_locked(void **state)
{
	pid_t process = fake_vos_start(&(struct fake_vos){ .path = path });
	struct vos *vos = vos_open(host);

	(void)state;
	assert_non_null(vos);
	assert_null(vos_open(host));
	assert_non_null(strstr(vos_error(NULL), "is in use by test_retry (process "));
	vos_close(vos);
	vos = vos_open(host);
	if (!vos)
		fail_msg("%s", vos_error(NULL));
	vos_close(vos);
	fake_vos_stop(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_line), cmocka_unit_test(bad_line), cmocka_unit_test(answers_in_pieces),
		cmocka_unit_test(vos_is_gone), cmocka_unit_test(line_is_cut), cmocka_unit_test(vos_is_restarted),
		cmocka_unit_test(events_by_number), cmocka_unit_test(stream_of_another_boot),
		cmocka_unit_test(console_is_restarted), cmocka_unit_test(overrun_without_start),
		cmocka_unit_test(line_is_locked), cmocka_unit_test(credit_is_lost),
		cmocka_unit_test(last_frame_is_lost), cmocka_unit_test(acknowledgement_is_lost),
		cmocka_unit_test(is_never_silent_for_long), cmocka_unit_test(answer_is_not_kept),
		cmocka_unit_test(end_is_told_by_an_answer), cmocka_unit_test(room_comes_by_giving_up),
		cmocka_unit_test(end_of_upload_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
