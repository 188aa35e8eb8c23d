/* SPDX-License-Identifier: MIT */
/*
 * linux_io.c - what blkbench does not do, in a Linux guest: `reads DEV COUNT` and `writes DEV COUNT` one at a time,
 * `aio DEV COUNT` with 16 under way, `first DEV COUNT` one in each 64 KiB with a flush after it, `lines DEV COUNT` of
 * 80 bytes to a terminal. All are of 4 KiB, at random but for `first`, O_DIRECT. Prints `IO` and the TSC ticks of each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096u
#define DEPTH 16u
#define CHUNK 65536u
#define LINE 80u
#define FAIL(what) return perror(what), 1

static int fd;
static uint64_t blocks;
static char buffers[DEPTH][BLOCK] __attribute__((aligned(BLOCK)));

static uint64_t random_offset(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % blocks * BLOCK;
}

static int do_reads(uint64_t count)
{
	while (count--)
		if (pread(fd, buffers[0], BLOCK, (off_t)random_offset()) != BLOCK)
			FAIL("read");
	return 0;
}

static int do_writes(uint64_t count)
{
	while (count--)
		if (pwrite(fd, buffers[0], BLOCK, (off_t)random_offset()) != BLOCK)
			FAIL("write");
	return 0;
}

static int do_first(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (pwrite(fd, buffers[0], BLOCK, (off_t)(i * CHUNK)) != BLOCK || fdatasync(fd))
			FAIL("write");
	return 0;
}

/* As many as have come back are submitted again, together. */
static int do_aio(uint64_t count)
{
	struct iocb iocbs[DEPTH], *batch[DEPTH];
	struct io_event events[DEPTH];
	aio_context_t context = 0;
	uint64_t submitted = 0;
	long n = DEPTH;

	if (syscall(SYS_io_setup, DEPTH, &context))
		FAIL("io_setup");
	for (unsigned i = 0; i < DEPTH; i++) {
		memset(&iocbs[i], 0, sizeof(iocbs[i]));
		iocbs[i].aio_fildes = (uint32_t)fd;
		iocbs[i].aio_lio_opcode = IOCB_CMD_PREAD;
		iocbs[i].aio_buf = (uintptr_t)buffers[i];
		iocbs[i].aio_nbytes = BLOCK;
		iocbs[i].aio_data = i;
		batch[i] = &iocbs[i];
	}
	for (uint64_t done = 0; done < count; done += (uint64_t)n) {
		if (submitted + (uint64_t)n > count)
			n = (long)(count - submitted);
		for (long i = 0; i < n; i++)
			batch[i]->aio_offset = (int64_t)random_offset();
		if (n && syscall(SYS_io_submit, context, n, batch) != n)
			FAIL("io_submit");
		submitted += (uint64_t)n;
		n = syscall(SYS_io_getevents, context, 1, DEPTH, events, NULL);
		if (n < 1)
			FAIL("io_getevents");
		for (long i = 0; i < n; i++) {
			if (events[i].res != BLOCK)
				FAIL("read");
			batch[i] = &iocbs[events[i].data];
		}
	}
	return 0;
}

static int do_lines(uint64_t count)
{
	char line[LINE];

	memset(line, 'x', LINE - 1);
	line[LINE - 1] = '\n';
	while (count--)
		if (write(fd, line, LINE) != LINE)
			FAIL("write");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int flags; int (*run)(uint64_t count); } modes[] = {
		{ "reads", O_RDONLY | O_DIRECT, do_reads }, { "aio", O_RDONLY | O_DIRECT, do_aio },
		{ "writes", O_WRONLY | O_DIRECT, do_writes }, { "first", O_WRONLY | O_DIRECT, do_first },
		{ "lines", O_WRONLY | O_NOCTTY, do_lines },
	};

	for (unsigned i = 0; argc == 4 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		uint64_t count = strtoull(argv[3], NULL, 10), ticks;

		if (strcmp(argv[1], modes[i].name))
			continue;
		fd = open(argv[2], modes[i].flags);
		if (fd < 0)
			FAIL("open");
		blocks = (uint64_t)lseek(fd, 0, SEEK_END) / BLOCK;
		ticks = __builtin_ia32_rdtsc();
		if (modes[i].run(count))
			return 1;
		ticks = __builtin_ia32_rdtsc() - ticks;
		printf("IO %lu\n", (unsigned long)(ticks / count));
		return 0;
	}
	fprintf(stderr, "usage: linux_io reads|writes|aio|first|lines DEV COUNT\n");
	return 2;
}
