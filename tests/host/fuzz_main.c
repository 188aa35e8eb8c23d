/* SPDX-License-Identifier: MIT */
/*
 * Deterministic driver for the fuzzers: the part of `make test` that needs no libFuzzer and always does the same thing.
 * It feeds LLVMFuzzerTestOneInput() with a fixed number of inputs: the empty one, random bytes, runs of interesting
 * bytes, the files of tests/host/corpus/NAME/ if there are any, and mutations of what was fed before.
 * A finding is a sanitizer report or an abort(), both of which end the process.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS = 20000, POOL = 64, MAX_BYTES = 4096 };

struct input {
	size_t size;
	uint8_t bytes[MAX_BYTES];
};

static struct input pool[POOL];
static size_t pool_used;
static uint64_t rng_state = 0x9e3779b97f4a7c15u;

/* xorshift64*: good enough to shuffle bytes, the same everywhere. */
static uint64_t rng(void)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return rng_state * 0x2545f4914f6cdd1du;
}

static size_t below(size_t limit)
{
	return (size_t)(rng() % limit);
}

static uint8_t interesting_byte(void)
{
	static const uint8_t table[] = { 0, 1, 0x7f, 0x80, 0xff, '\n', '"', '\\', ' ', '-', '{', '}', 0x1b,
					 0x0f, 0x66, 0xf0 };

	return table[below(sizeof(table))];
}

static void fill_random(struct input *in)
{
	size_t i;
	unsigned kind = (unsigned)below(3);

	in->size = below(2) ? below(64) : below(MAX_BYTES);
	for (i = 0; i < in->size; i++)
		in->bytes[i] = kind == 0 ? (uint8_t)rng() : kind == 1 ? interesting_byte() : (uint8_t)(' ' + below(95));
}

static void mutate(struct input *in)
{
	size_t steps = 1 + below(8), at, len;

	while (steps--) {
		if (in->size == 0) {
			in->bytes[0] = (uint8_t)rng();
			in->size = 1;
		}
		at = below(in->size);
		len = 1 + below(in->size - at);
		switch (below(6)) {
		case 0:
			in->bytes[at] ^= (uint8_t)(1u << below(8));
			break;
		case 1:
			in->bytes[at] = interesting_byte();
			break;
		case 2:
			in->size = at;
			break;
		case 3:
			memset(in->bytes + at, interesting_byte(), len);
			break;
		case 4:	/* a piece moved somewhere else */
			memmove(in->bytes + below(in->size - len + 1), in->bytes + at, len);
			break;
		default:	/* a piece doubled */
			if (len <= MAX_BYTES - in->size) {
				memmove(in->bytes + at + len, in->bytes + at, in->size - at);
				in->size += len;
			}
			break;
		}
	}
}

/* Run on an exact-size heap copy, so that ASan sees a read one byte past the end. */
static void feed(const struct input *in)
{
	uint8_t *copy = malloc(in->size ? in->size : 1);

	if (!copy)
		abort();
	memcpy(copy, in->bytes, in->size);
	LLVMFuzzerTestOneInput(copy, in->size);
	free(copy);
}

static void keep(const struct input *in)
{
	size_t slot = pool_used < POOL ? pool_used++ : below(POOL);

	if (in != &pool[slot])
		pool[slot] = *in;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Seeds, in name order because readdir()'s order differs from machine to machine. */
static void load_corpus(const char *program)
{
	static struct input in;
	const char *base = strrchr(program, '/');
	char path[600], *names[256];
	size_t count = 0, i;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "tests/host/corpus/%s", base ? base + 1 : program);
	dir = opendir(path);
	if (!dir)
		return;
	while (count < 256 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			names[count++] = strdup(entry->d_name);
	closedir(dir);
	qsort(names, count, sizeof(names[0]), by_name);
	for (i = 0; i < count; i++) {
		FILE *file;
		char full[900];

		snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		free(names[i]);
		file = fopen(full, "rb");
		if (!file)
			continue;
		in.size = fread(in.bytes, 1, sizeof(in.bytes), file);
		fclose(file);
		feed(&in);
		keep(&in);
	}
}

int main(int argc, char **argv)
{
	static struct input in;
	unsigned round;

	(void)argc;
	feed(&in);
	load_corpus(argv[0]);
	for (round = 0; round < ROUNDS; round++) {
		if (pool_used && below(4)) {
			in = pool[below(pool_used)];
			mutate(&in);
		} else {
			fill_random(&in);
		}
		feed(&in);
		if (below(8) == 0)
			keep(&in);
	}
	printf("%u inputs\n", ROUNDS);
	return 0;
}
