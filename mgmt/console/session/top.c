/* SPDX-License-Identifier: MIT */
/*
 * top.c - the command `top`: asks for the tables again and again, and shows what happened in between.
 *
 * A terminal that says what it is gets one table drawn over the other, only the lines that changed; one that does not
 * answer gets them one below the other. Programs get one object a table.
 */
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "units.h"

#define FIRST_NS (500 * NS_PER_MS)	/* the first table comes soon */
#define ROWS_DEFAULT 24u
#define COLUMNS_DEFAULT 80u
#define ROWS_LEAST 6u
#define COLUMNS_LEAST 16u
#define ROWS_PLAIN 1000u		/* no limit */
#define ESCAPE '\x1b'

#define ASK_KIND "\x1b[c"		/* answered with ESC [ ? ... c */
#define OTHER_SCREEN "\x1b[?1049h"
#define FIRST_SCREEN "\x1b[?1049l"
#define ASK_SIZE "\x1b" "7\x1b[999;999H\x1b[6n\x1b" "8"	/* answered with ESC [ ROWS ; COLUMNS R */

static bool is_prompt(const struct job *job)
{
	return job->origin == JOB_PROMPT;
}

static void collect_all(struct session *s, struct job *job)
{
	fetch_begin(s, job, BIT32(FETCH_VMS) | BIT32(FETCH_PCPUS) | BIT32(FETCH_HOST));
}

void top_begin(struct session *s, struct job *job)
{
	job->is_hinted = true;
	if ((job_is_json(job) || job->is_text) && !args_has(&job->args, ARG_TIMES))
		job->args.times = 1;
	if (is_prompt(job)) {
		memset(&s->top, 0, sizeof(s->top));
		s->top.rows = ROWS_DEFAULT;
		s->top.columns = COLUMNS_DEFAULT;
		s->mode = MODE_TOP;
		if (!job_is_json(job))
			out_text(&s->raw, ASK_KIND);
	}
	collect_all(s, job);
}

/* ---- drawing ---- */

static void put_line(struct session *s, u32 row, const char *line, size_t length)
{
	char *shown = s->top.shown[row];

	if (length > s->top.columns)
		length = s->top.columns;
	if (!s->top.is_fresh && strlen(shown) == length && memcmp(shown, line, length) == 0)
		return;
	memcpy(shown, line, length);
	shown[length] = 0;
	out_format(&s->raw, "\x1b[%u;1H", row + 1);
	out_bytes(&s->raw, line, length);
	out_text(&s->raw, "\x1b[K");
}

/* Leaves the cursor below the table. */
static void draw(struct session *s, const char *text)
{
	struct top *top = &s->top;
	u32 row = 0;

	if (top->is_fresh) {
		out_text(&s->raw, "\x1b[H\x1b[2J");
		top->shown_rows = 0;
	}
	for (; *text && row < top->rows - 1; row++) {
		size_t length = strcspn(text, "\n");

		put_line(s, row, text, length);
		text += length + (text[length] == '\n');
	}
	for (u32 old = row; old < top->shown_rows; old++)
		put_line(s, old, "", 0);
	top->shown_rows = row;
	top->is_fresh = false;
	out_format(&s->raw, "\x1b[%u;1H", row + 1);
}

/* One table; see report_top. */
struct table {
	const struct inventory *inventory;
	u32 rows, columns;
};

static void table_text(const struct out *out, const void *what)
{
	const struct table *table = what;

	report_top(out, table->inventory, table->rows, table->columns);
}

static void table_json(struct json_writer *writer, const char *key, const void *what)
{
	json_top(writer, key, ((const struct table *)what)->inventory);
}

static const struct view view = { table_text, table_json };

/* For a program that wants text. */
static void text_json(struct json_writer *writer, const char *key, const void *what)
{
	struct out out;

	json_open(writer, key, '{');
	out = json_text_begin(writer, "text");
	table_text(&out, what);
	json_text_end(writer);
	json_close(writer, '}');
}

static const struct view text_view = { table_text, text_json };

/* On the screen, over the one before. */
static void show_screen(struct session *s)
{
	static char text[TOP_ROWS * (TOP_COLUMNS + 1) + 1];
	struct table table = { &s->console->inventory, s->top.rows - 3, s->top.columns };
	struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	view.text(&out, &table);
	out_text(&out, "\nq quits, space updates.\n");
	draw(s, text);
	out_text(&s->raw, ASK_SIZE);	/* by the next table it may be another */
}

static void show(struct session *s, struct job *job, bool is_last)
{
	struct table table = { &s->console->inventory, ROWS_PLAIN, COLUMNS_DEFAULT };

	if (job->origin == JOB_RPC && !is_last) {
		job_send_event(s, job, "TOP", job->is_text ? &text_view : &view, &table);
	} else if (job_is_json(job)) {
		job_show_json(s, job, &view, &table);
	} else if (job->is_text) {
		job_show_part(s, job, &view, &table);
	} else if (session_output_used(s) > OUTPUT_SHORT_BYTES) {
		return;		/* the line is slower than we are */
	} else if (s->top.is_screen) {
		show_screen(s);
	} else {
		job_show_part(s, job, &view, &table);
		out_text(&s->terminal, "\n");
	}
}

/* ---- its end ---- */

static void end(struct session *s, struct job *job)
{
	if (is_prompt(job)) {
		s->mode = MODE_BUSY;
		if (s->top.is_alternate)
			out_text(&s->raw, FIRST_SCREEN);
		notice_release(s);
		free(s->top.shown);
		s->top.shown = NULL;
	}
	job->wake_ns = 0;
	job_ok(s, job);
}

void top_interrupt(struct session *s)
{
	if (!s->top.is_screen)
		out_text(&s->terminal, "^C\n");
	end(s, job_of_prompt(s));
}

/* ---- one table after the other ---- */

static void look(struct session *s)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (s->console->inventory.vms[i].is_used)
			inventory_sample(&s->console->inventory.vms[i]);
	inventory_sample_pcpus(&s->console->inventory);
}

void top_answer(struct session *s, struct job *job, const struct reply *reply)
{
	bool is_last = job->args.times == 1;
	u64 pause = job->args.interval_ns;

	if (!fetch_answer(s, job, reply))
		return;
	look(s);
	if (job->index++ == 0) {	/* the first look is what the first table compares with */
		job->wake_ns = session_now(s) + (job_is_json(job) || pause < FIRST_NS ? pause : FIRST_NS);
		return;
	}
	show(s, job, is_last);
	if (is_last) {
		end(s, job);
		return;
	}
	if (job->args.times)
		job->args.times--;
	job->wake_ns = session_now(s) + pause;
}

void top_proceed(struct session *s, struct job *job)
{
	collect_all(s, job);
}

/* ---- keys, and what the terminal says of itself ---- */

/* A table that ends by itself is to be read afterwards: it stays. */
static void take_screen(struct session *s)
{
	s->top.shown = calloc(TOP_ROWS, sizeof(*s->top.shown));
	if (!s->top.shown)
		return;		/* one table below the other, then */
	s->top.is_screen = s->top.is_fresh = true;
	s->top.is_alternate = job_of_prompt(s)->args.times == 0;
	if (s->top.is_alternate)
		out_text(&s->raw, OTHER_SCREEN);
	out_text(&s->raw, ASK_SIZE);
}

static u32 within(unsigned long size, u32 least, u32 most)
{
	return size < least ? least : size > most ? most : (u32)size;
}

/* Another size than the one before: all is drawn anew, at once if there was a table already. */
static void set_size(struct session *s, u32 rows, u32 columns)
{
	struct top *top = &s->top;

	if (rows == top->rows && columns == top->columns)
		return;
	top->rows = rows;
	top->columns = columns;
	top->is_fresh = true;
	if (top->shown_rows)
		show_screen(s);
}

/* "[?1;2c": it understands us. "[24;80R": its size, as far as the cursor went. */
static void terminal_says(struct session *s, const char *reply, char final)
{
	char *end;
	unsigned long rows, columns;

	if (final == 'c' && reply[1] == '?' && !s->top.is_screen) {
		take_screen(s);
	} else if (final == 'R' && s->top.is_screen) {
		rows = strtoul(reply + 1, &end, 10);
		columns = *end == ';' ? strtoul(end + 1, 0, 10) : COLUMNS_DEFAULT;
		if (rows)
			set_size(s, within(rows, ROWS_LEAST, TOP_ROWS), within(columns, COLUMNS_LEAST, TOP_COLUMNS));
	}
}

/* The byte belongs to an escape sequence; anything odd ends it. */
static void take_escape(struct session *s, char byte)
{
	struct top *top = &s->top;

	if (byte == ESCAPE)
		top->reply_length = 0;
	if (top->reply_length == sizeof(top->reply) - 1) {
		top->reply_length = 0;
		return;
	}
	top->reply[top->reply_length++] = byte;
	top->reply[top->reply_length] = 0;
	if (top->reply_length <= 2 && (byte == ESCAPE || byte == '['))
		return;
	if (top->reply_length > 2 && byte >= 0x20 && byte < 0x40)
		return;
	top->reply_length = 0;
	if (top->reply[1] == '[')
		terminal_says(s, top->reply + 1, byte);
}

static void look_now(struct session *s)
{
	if (job_of_prompt(s)->wake_ns && job_of_prompt(s)->index > 1)
		job_of_prompt(s)->wake_ns = session_now(s);
}

/* With --count, what is typed is for the prompt, which comes back by itself; only q and replies are for us. */
bool top_input(struct session *s)
{
	bool is_counted = job_of_prompt(s)->args.times != 0, is_quit, is_escape;
	char byte;

	if (!input_peek(s, &byte))
		return false;
	is_quit = byte == 'q' || byte == 'Q';
	is_escape = s->top.reply_length || byte == ESCAPE;
	if (is_counted && !is_quit && !is_escape)
		return false;
	(void)input_pop(s, &byte);
	if (is_escape)
		take_escape(s, byte);
	else if (is_quit)
		end(s, job_of_prompt(s));
	else if (byte == ' ')
		look_now(s);
	return true;
}
