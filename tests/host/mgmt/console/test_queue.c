/* SPDX-License-Identifier: MIT */
/*
 * Queues of bytes beside a plain array that does the same, and what they hold of the heap.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "queue.h"

#define LIMIT 20000u

static struct queue queue;
static char model[LIMIT];
static size_t model_used;

static u32 chunks(void)
{
	u32 count = 0;

	for (const struct queue_chunk *chunk = queue.first; chunk; chunk = chunk->next)
		count++;
	return count;
}

static void push(size_t count)
{
	static char bytes[LIMIT * 2];

	for (size_t i = 0; i < count; i++)
		bytes[i] = (char)rand();
	queue.is_cut = false;
	queue_push(&queue, bytes, count);
	assert_int_equal(queue.is_cut, count > LIMIT - model_used);
	if (count > LIMIT - model_used)
		count = LIMIT - model_used;
	memcpy(model + model_used, bytes, count);
	model_used += count;
}

static void take(size_t count)
{
	const char *bytes;
	size_t there = queue_peek(&queue, &bytes);

	assert_int_equal(there == 0, model_used == 0);
	if (there == 0)
		return;
	assert_true(there <= model_used);
	assert_memory_equal(bytes, model, there);
	if (count > there)
		count = there;
	queue_drop(&queue, count);
	model_used -= count;
	memmove(model, model + count, model_used);
}

static void take_back(void)
{
	char last = model_used ? model[model_used - 1] : 0;

	assert_false(queue_take_back(&queue, (char)(last + 1)));
	assert_int_equal(queue_take_back(&queue, last), model_used > 0);
	model_used -= model_used > 0;
}

/* What waits is at most a chunk and a half more than its bytes, and nothing when there are none. */
static void check(void)
{
	assert_int_equal(queue.used, model_used);
	assert_true(chunks() <= model_used / QUEUE_CHUNK_BYTES + 2);
	assert_true(model_used || (!queue.first && !queue.last));
}

static void as_an_array(void **state)
{
	(void)state;
	queue.limit = LIMIT;
	srand(1);
	for (u32 i = 0; i < 30000; i++) {
		switch (rand() % 8) {
		case 0: case 1:
			push((size_t)rand() % (i % 50 ? 600 : 2 * LIMIT));
			break;
		case 2: case 3: case 4:
			take((size_t)rand() % 9000);
			break;
		case 5:
			push(QUEUE_CHUNK_BYTES - (size_t)(queue.head + queue.used) % QUEUE_CHUNK_BYTES);
			break;
		default:
			take_back();
			break;
		}
		check();
	}
	queue_clear(&queue);
	model_used = 0;
	check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
