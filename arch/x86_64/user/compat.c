/* SPDX-License-Identifier: MIT */
/*
 * compat.c - the few Linux system calls that a static musl program makes, answered within the PD. Everything else is
 * -ENOSYS.
 *
 * The caller keeps live values in vector registers, so this room is compiled for general registers only and calls
 * nothing that is not.
 */
#include "info_page.h"
#include "sys.h"
#include "user.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/time.h>
#include <linux/uio.h>
#include <sys/syscall.h>

#define LOG_PIECE 32u
#define NS_PER_SECOND 1000000000ull
#define PID 1

typedef s64 (*answer)(u64 a0, u64 a1, u64 a2, u64 a3);

static s64 answer_zero(u64 a0, u64 a1, u64 a2, u64 a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	return 0;
}

static s64 answer_pid(u64 a0, u64 a1, u64 a2, u64 a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	return PID;
}

static s64 answer_arch_prctl(u64 code, u64 value, u64 a2, u64 a3)
{
	(void)a2, (void)a3;
	if (code != ARCH_SET_FS)
		return -EINVAL;
	return sys_thread_ctl(0, THREAD_SET_FSBASE, value, 0, NULL) == ST_OK ? 0 : -EINVAL;
}

static s64 answer_brk(u64 address, u64 a1, u64 a2, u64 a3)
{
	(void)a1, (void)a2, (void)a3;
	return (s64)arena_brk(address);
}

static s64 answer_mmap(u64 address, u64 bytes, u64 protection, u64 flags)
{
	u64 at;

	(void)address, (void)protection;
	if ((flags & MAP_ANONYMOUS) == 0 || (flags & MAP_FIXED) != 0)
		return -ENODEV;
	at = arena_map(bytes);
	return at != 0 ? (s64)at : -ENOMEM;
}

static s64 answer_munmap(u64 address, u64 bytes, u64 a2, u64 a3)
{
	(void)a2, (void)a3;
	return arena_unmap(address, bytes) ? 0 : -EINVAL;
}

static void log_bytes(const char *text, u64 count)
{
	for (u64 at = 0; at < count; at += LOG_PIECE)
		(void)sys_log_write(text + at, count - at < LOG_PIECE ? count - at : LOG_PIECE);
}

/* Standard output and error go to the kernel log. */
static s64 answer_write(u64 fd, u64 text, u64 count, u64 a3)
{
	(void)a3;
	if (fd != 1 && fd != 2)
		return -EBADF;
	log_bytes((const char *)text, count);
	return (s64)count;
}

static s64 answer_writev(u64 fd, u64 vectors, u64 count, u64 a3)
{
	const struct iovec *v = (const struct iovec *)vectors;
	s64 total = 0;

	(void)a3;
	if (fd != 1 && fd != 2)
		return -EBADF;
	for (u64 i = 0; i < count; i++) {
		log_bytes(v[i].iov_base, v[i].iov_len);
		total += (s64)v[i].iov_len;
	}
	return total;
}

static s64 answer_ioctl(u64 a0, u64 a1, u64 a2, u64 a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	return -ENOTTY;
}

static s64 answer_clock_gettime(u64 clock, u64 out, u64 a2, u64 a3)
{
	const struct info_page *info = user_info();
	struct __kernel_timespec *ts = (struct __kernel_timespec *)out;
	u64 low, high, ticks, seconds, ns;

	(void)a2, (void)a3;
	if (info->tsc_hz == 0)
		return -EINVAL;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	ticks = (high << 32 | low) - info->tsc_boot;
	seconds = ticks / info->tsc_hz;
	ns = ticks % info->tsc_hz * NS_PER_SECOND / info->tsc_hz;	/* below 2^64 for any rate below 18 GHz */
	if (clock == CLOCK_REALTIME) {
		ns += info->wall_boot_ns % NS_PER_SECOND;
		seconds += info->wall_boot_ns / NS_PER_SECOND + ns / NS_PER_SECOND;
		ns %= NS_PER_SECOND;
	}
	ts->tv_sec = (s64)seconds;
	ts->tv_nsec = (s64)ns;
	return 0;
}

static s64 answer_getrandom(u64 out, u64 bytes, u64 a2, u64 a3)
{
	(void)a2, (void)a3;
	return user_random((void *)out, bytes) ? (s64)bytes : -ENOSYS;
}

static s64 answer_exit(u64 code, u64 a1, u64 a2, u64 a3)
{
	(void)a1, (void)a2, (void)a3;
	sys_thread_exit(code);
}

static s64 answer_yield(u64 a0, u64 a1, u64 a2, u64 a3)
{
	(void)a0, (void)a1, (void)a2, (void)a3;
	(void)sys_thread_ctl(0, THREAD_YIELD, 0, 0, NULL);
	return 0;
}

/* A wait may end for no reason, so it is a yield; then there is nobody to wake. */
static s64 answer_futex(u64 word, u64 op, u64 value, u64 a3)
{
	(void)a3;
	switch ((u32)op & (u32)FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		if (__atomic_load_n((const u32 *)word, __ATOMIC_SEQ_CST) != (u32)value)
			return -EAGAIN;
		return answer_yield(0, 0, 0, 0);
	case FUTEX_WAKE:
		return 0;
	default:
		return -ENOSYS;
	}
}

static const struct {
	u32 number;
	answer answer;
} answers[] = {
	{ SYS_write, answer_write },
	{ SYS_writev, answer_writev },
	{ SYS_ioctl, answer_ioctl },
	{ SYS_clock_gettime, answer_clock_gettime },
	{ SYS_brk, answer_brk },
	{ SYS_mmap, answer_mmap },
	{ SYS_munmap, answer_munmap },
	{ SYS_mprotect, answer_zero },
	{ SYS_futex, answer_futex },
	{ SYS_getrandom, answer_getrandom },
	{ SYS_rt_sigprocmask, answer_zero },
	{ SYS_sched_yield, answer_yield },
	{ SYS_getpid, answer_pid },
	{ SYS_gettid, answer_pid },
	{ SYS_set_tid_address, answer_pid },
	{ SYS_arch_prctl, answer_arch_prctl },
	{ SYS_exit, answer_exit },
	{ SYS_exit_group, answer_exit },
};

s64 compat_call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	(void)a4;
	for (u32 i = 0; i < ARRAY_COUNT(answers); i++)
		if (answers[i].number == number)
			return answers[i].answer(a0, a1, a2, a3);
	return -ENOSYS;
}
