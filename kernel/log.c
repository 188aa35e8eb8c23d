/*
 * log.c - see log.h.
 *
 * Text goes into the ring that root maps and to the early console, which knows itself whether the serial port is still
 * the kernel's. Bytes that PDs wrote are foreign: made printable, prefixed, limited in rate. The reader is woken
 * from here, so don't log while holding a scheduler's lock or one below it.
 */
#include "arch.h"
#include "format.h"
#include "info_page.h"
#include "lock.h"
#include "log.h"
#include "notify.h"
#include "panic.h"
#include "syscalls.h"
#include "text.h"

#define LINE_BYTES 256u
#define PD_BYTES_PER_SECOND 16384u
#define US_PER_SECOND 1000000u

static struct {
	struct lock lock;
	enum log_level level;
	u64 tsc_boot, tsc_hz;
	struct reader {
		struct thread *thread;	/* NULL: none */
		u32 generation;
		u64 badge;
	} readers[LOG_READERS];		/* lock */
} log = { .level = LOG_INFO };

static struct log_ring ring __attribute__((aligned(4096)));

static void ring_append(const char *text, size_t bytes)
{
	u64 head = ring.head;

	for (size_t i = 0; i < bytes; i++)
		ring.text[(head + i) % LOG_BYTES] = text[i];
	__atomic_store_n(&ring.head, head + bytes, __ATOMIC_RELEASE);	/* pairs with the readers' acquire */
}

static bool is_live(const struct reader *r)
{
	return r->thread != NULL && !object_is_dead(&r->thread->object, r->generation);
}

static void wake_readers(void)
{
	struct reader readers[LOG_READERS];

	lock_acquire(&log.lock);
	__builtin_memcpy(readers, log.readers, sizeof(readers));
	lock_release(&log.lock);
	for (u32 i = 0; i < LOG_READERS; i++)
		if (is_live(&readers[i]))
			notify_signal(readers[i].thread, readers[i].badge);
}

static void append(const char *text, size_t bytes)
{
	if (panic_is_under_way()) {	/* this pCPU may hold the lock already; nobody reads any more */
		early_console_write(text, bytes);
		return;
	}
	lock_acquire(&log.lock);
	ring_append(text, bytes);
	early_console_write(text, bytes);
	lock_release(&log.lock);
	wake_readers();
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

void log_init(u64 tsc_boot)
{
	log.tsc_boot = tsc_boot;
}

void log_set_clock(u64 tsc_hz)
{
	log.tsc_hz = tsc_hz;
}

bool log_set_level(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "info", LOG_INFO },
		{ "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
	};

	for (u32 i = 0; i < ARRAY_COUNT(levels); i++) {
		const char *end = text_after(name, levels[i].name);

		if (end == NULL || (*end != 0 && *end != ' '))
			continue;
		log.level = levels[i].level;
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

enum status log_bind(struct thread *thread, u64 badge)
{
	u32 i = 0;

	lock_acquire(&log.lock);
	while (i < LOG_READERS && is_live(&log.readers[i]))
		i++;
	if (i < LOG_READERS)
		log.readers[i] = (struct reader){ thread, thread->object.generation, badge };
	lock_release(&log.lock);
	return i < LOG_READERS ? ST_OK : ST_FULL;
}

struct log_ring *log_memory(void)
{
	return &ring;
}
