/* SPDX-License-Identifier: MIT */
/*
 * log.c - see log.h.
 *
 * Text goes into the ring that root maps and to the early console, which knows itself whether the serial port is still
 * the kernel's. Bytes that PDs wrote are foreign: made printable, prefixed, limited in rate. Readers are woken by an
 * interrupt that this pCPU sends to itself, because who logs may hold any lock but the log's.
 */
#include "arch.h"
#include "format.h"
#include "info_page.h"
#include "lock.h"
#include "log.h"
#include "syscalls.h"
#include "text.h"

#define LINE_BYTES 256u
#define PD_BYTES_PER_SECOND 16384u
#define US_PER_SECOND 1000000u

static struct {
	struct lock lock;
	enum log_level level;
	u64 tsc_boot, tsc_hz;
} log = { .level = LOG_INFO };

bool log_has_readers, log_has_news;	/* atomic */
static bool is_panic;

struct log_ring log_ring __attribute__((aligned(4096)));

static void ring_append(const char *text, size_t bytes)
{
	u64 head = log_ring.head;

	for (size_t i = 0; i < bytes; i++)
		log_ring.text[(head + i) % LOG_BYTES] = text[i];
	__atomic_store_n(&log_ring.head, head + bytes, __ATOMIC_RELEASE);	/* pairs with the readers' acquire */
}

static void append(const char *text, size_t bytes)
{
	if (is_panic) {		/* this pCPU may hold the lock already; nobody reads any more */
		early_console_write(text, bytes);
		return;
	}
	lock_acquire(&log.lock);
	ring_append(text, bytes);
	early_console_write(text, bytes);
	lock_release(&log.lock);
	__atomic_store_n(&log_has_news, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&log_has_readers, __ATOMIC_RELAXED))
		arch_ipi(pcpu_self());
}

/* "[    0.123456] " */
static size_t put_time(char *line, size_t size)
{
	u64 ticks = arch_tsc() - log.tsc_boot;
	u64 seconds = 0, us = 0;

	if (log.tsc_hz != 0) {
		seconds = ticks / log.tsc_hz;
		us = ticks % log.tsc_hz * US_PER_SECOND / log.tsc_hz;
	}
	return format_string(line, size, "[%5llu.%06llu] ", (unsigned long long)seconds, (unsigned long long)us);
}

void printk(enum log_level level, const char *format, ...)
{
	char line[LINE_BYTES];
	size_t used;
	va_list args;

	if (level > log.level)
		return;
	used = put_time(line, sizeof(line));
	va_start(args, format);
	used += format_text(line + used, sizeof(line) - 1 - used, format, args);
	va_end(args);
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used] = '\n';
	append(line, used + 1);
}

void log_set_clock(u64 tsc_boot, u64 tsc_hz)
{
	log.tsc_boot = tsc_boot;
	log.tsc_hz = tsc_hz;
}

void log_panic(void)
{
	is_panic = true;
}

bool log_set_level(const char *name)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
		[LOG_ALL] = "all",
	};

	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		const char *end = text_after(name, names[i]);

		if (end == NULL || (*end != 0 && *end != ' '))
			continue;
		log.level = (enum log_level)i;
		return true;
	}
	return false;
}

/* Count bytes against the writer's allowance for this second; the first that is over it is told. */
static bool writer_allows(struct log_writer *w, u32 pd_id, u32 count)
{
	u64 now = arch_tsc();

	if (now - w->window_start >= log.tsc_hz) {
		w->window_start = now;
		w->window_bytes = 0;
	}
	if (w->window_bytes > PD_BYTES_PER_SECOND)
		return false;
	w->window_bytes += count;
	if (w->window_bytes > PD_BYTES_PER_SECOND)
		printk(LOG_WARNING, "pd %u: writes too much, some of it is dropped", pd_id);
	return w->window_bytes <= PD_BYTES_PER_SECOND;
}

static void writer_flush(struct log_writer *w, u32 pd_id)
{
	if (w->used == 0)
		return;
	w->line[w->used] = 0;
	w->used = 0;
	if (pd_id == 0)
		printk(LOG_INFO, "%s", w->line);
	else
		printk(LOG_INFO, "pd %u: %s", pd_id, w->line);
}

static void write_locked(struct log_writer *w, u32 pd_id, const char *bytes, u32 count)
{
	if (!writer_allows(w, pd_id, count))
		return;
	for (u32 i = 0; i < count; i++) {
		char c = bytes[i];

		if (c == '\n' || w->used == sizeof(w->line) - 1)
			writer_flush(w, pd_id);
		if (c == '\n' || c == '\r')
			continue;
		/* no control bytes on somebody's terminal; char is signed here */
		if ((c < ' ' && c != '\t') || c > '~')
			c = '?';
		w->line[w->used++] = c;
	}
}

void log_write_pd(struct log_writer *w, u32 pd_id, const char *bytes, u32 count)
{
	lock_acquire(&w->lock);
	write_locked(w, pd_id, bytes, count);
	lock_release(&w->lock);
}
