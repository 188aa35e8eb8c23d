/* SPDX-License-Identifier: MIT */
/*
 * records.c - in a Linux guest: writes numbered records, makes them durable, and prints the last number that is.
 *
 *	records DEVICE FOLDER ROUNDS
 *
 * Round r writes BLOCKS blocks of the device, each at the place that record_block() gives, and fsyncs it; then it
 * writes FOLDER/new, fsyncs it, renames it to FOLDER/f(r mod FILES), and fsyncs the folder. Then it prints `acked r`.
 * It begins with the last round that the device has a record of, which may be incomplete, and ends after ROUNDS rounds
 * (0: never) or at the first error.
 *
 * A sector is a record of its own, so that a write that was torn between two sectors leaves two records. A record has
 * the last round that had been acknowledged when it was written: who finds it in a log of writes knows what must have
 * been durable before. All numbers are little-endian; tests/boot/powercut.py reads them.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC 0x5245434f52445631ull
#define SECTOR 512u
#define BLOCK 4096u
#define BLOCKS 16u
#define FILES 16u
#define FILE_BLOCKS 4u
#define FAIL(what) return perror(what), 1

struct record {
	uint64_t magic, round, acked;
	uint64_t place;			/* sector in the device or the file */
	uint64_t in_file;
	uint64_t fill[SECTOR / 8 - 6];
	uint64_t sum;			/* of all before it */
};

_Static_assert(sizeof(struct record) == SECTOR, "a sector");

static uint64_t record_sum(const struct record *r)
{
	const uint64_t *word = (const uint64_t *)r;
	uint64_t sum = 0xcbf29ce484222325ull;

	for (unsigned i = 0; i < SECTOR / 8 - 1; i++)
		sum = (sum ^ word[i]) * 0x100000001b3ull;
	return sum;
}

/* The i-th block of a round, of a device of `blocks`, a power of two: an odd factor permutes. */
static uint64_t record_block(uint64_t round, unsigned i, uint64_t blocks)
{
	return (round * BLOCKS + i) * 40503u % blocks;
}

static int write_block(int fd, uint64_t block, uint64_t round, uint64_t acked, uint64_t in_file)
{
	static struct record records[BLOCK / SECTOR];

	for (unsigned i = 0; i < BLOCK / SECTOR; i++) {
		struct record *r = &records[i];

		*r = (struct record){ .magic = MAGIC, .round = round, .acked = acked,
				      .place = block * (BLOCK / SECTOR) + i, .in_file = in_file };
		for (unsigned j = 0; j < sizeof(r->fill) / 8; j++)
			r->fill[j] = (round + 1) * (r->place + 7) * (j + 13) * 0x9e3779b97f4a7c15ull;
		r->sum = record_sum(r);
	}
	return pwrite(fd, records, BLOCK, (off_t)(block * BLOCK)) == BLOCK ? 0 : -1;
}

static int write_device(int fd, uint64_t blocks, uint64_t round, uint64_t acked)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (write_block(fd, record_block(round, i, blocks), round, acked, 0))
			return -1;
	return fsync(fd);
}

static int write_file(int folder, uint64_t round, uint64_t acked)
{
	char name[16];
	int fd = openat(folder, "new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		return -1;
	for (unsigned i = 0; i < FILE_BLOCKS; i++)
		if (write_block(fd, i, round, acked, 1))
			return -1;
	if (fsync(fd) || close(fd))
		return -1;
	snprintf(name, sizeof(name), "f%u", (unsigned)(round % FILES));
	return renameat(folder, "new", folder, name) || fsync(folder) ? -1 : 0;
}

/* Of all records on the device. */
static uint64_t last_round(int fd, uint64_t blocks)
{
	static struct record r;
	uint64_t last = 0;

	for (uint64_t i = 0; i < blocks * (BLOCK / SECTOR); i++)
		if (pread(fd, &r, SECTOR, (off_t)(i * SECTOR)) == SECTOR && r.magic == MAGIC &&
		    r.sum == record_sum(&r) && r.round > last)
			last = r.round;
	return last;
}

int main(int argc, char **argv)
{
	uint64_t blocks = 1, round, end, first;
	int device, folder;
	off_t bytes;

	if (argc != 4) {
		fprintf(stderr, "usage: records DEVICE FOLDER ROUNDS\n");
		return 2;
	}
	device = open(argv[1], O_RDWR);
	folder = open(argv[2], O_RDONLY | O_DIRECTORY);
	bytes = device < 0 ? -1 : lseek(device, 0, SEEK_END);
	if (device < 0 || folder < 0 || bytes < (off_t)(BLOCK * BLOCKS))
		FAIL("open");
	while (blocks * 2 * BLOCK <= (uint64_t)bytes)
		blocks *= 2;
	first = last_round(device, blocks);
	first = first ? first : 1;
	end = strtoull(argv[3], NULL, 10);
	end = end ? first + end : UINT64_MAX;
	printf("from %llu\n", (unsigned long long)first);
	for (round = first; round < end; round++) {
		if (write_device(device, blocks, round, round - 1) || write_file(folder, round, round - 1))
			FAIL("write");
		printf("acked %llu\n", (unsigned long long)round);
		fflush(stdout);
	}
	puts("DONE");
	return 0;
}
