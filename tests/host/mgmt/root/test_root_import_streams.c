/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: uploads that become the contents of new volumes. The test plays the console and the store,
 * also at root's own link.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include "import_bench.h"

static void stream_is_written(void **state)
{
	struct store_order made, order;
	struct upload_report u;

	(void)state;
	make_stream();
	made = begin_stream(&u);
	send_stream(&u);
	ask_finish(u.upload);
	serve_all();
	order = take(STORE_FINISH);
	assert_memory_equal(volume, image, sizeof(image));
	assert_false(is_written[1] || is_written[4] || is_written[20]);	/* holes */
	tell_volume(&made, 0);
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.volume.name, "web");
	delete_volume("web");
	drop_pool();
}

/* Not what was announced, or no stream: the volume goes. */
static void bad_streams_go(void **state)
{
	struct upload_report u;
	struct request r;

	(void)state;
	make_stream();
	(void)begin_stream(&u);
	r = open_request("web", stream, stream_bytes - 1, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_VOLUME_COPYING);	/* it is had */
	stream[EXTENTS_HEAD_BYTES + 100] ^= 1;
	send_stream(&u);
	ask_finish(u.upload);
	bench_expect(ERR_IMAGE_HASH);
	expect_deleted();
	r = open_request("web", stream, stream_bytes, REQ_FLAG_VOLUME);
	bench_send(&r);
	bench_expect(ERR_NOT_WAITING);
	drop_pool();
	make_stream();
	stream[1] = 'X';
	(void)begin_stream(&u);
	ask_write(&u, stream, stream_bytes);
	bench_expect(ERR_IMPORT_STREAM);
	expect_deleted();
	drop_pool();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_is_written),
		cmocka_unit_test(bad_streams_go),
	};

	make_image();
	return cmocka_run_group_tests(tests, setup, NULL);
}
