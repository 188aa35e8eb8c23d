/*
 * screen.c - a text grid, painted on VGA text memory or on a linear framebuffer.
 *
 * `wanted` holds what should be seen, `shown` what is: painting touches only cells that differ, and device memory is
 * never read. The grid scrolls by several lines at a time, because uncached writes are slow. Once the machine idles,
 * boot is over: then a log line paints only a few cells with interrupts off, and idle time the rest, so that no guest
 * and no UART waits for a scrolling screen. A panic paints all at once again.
 */
#include "screen.h"

#include <string.h>

#include "font.h"
#include "lock.h"
#include "x86.h"

#define MAX_COLUMNS 128u
#define MAX_ROWS 64u
#define TAB 8u
#define SCROLL_ROWS 8u

#define VGA_TEXT HPA(0xb8000)
#define VGA_COLUMNS 80u
#define VGA_ROWS 25u
#define VGA_GREY 0x07u
#define VGA_INDEX 0x3d4u	/* of the CRT controller; its data port follows */
#define VGA_CURSOR_START 0x0au
#define VGA_CURSOR_OFF 0x20u

#define INK 0x00aaaaaau		/* light grey, red green blue; each format takes its top bits */

static struct screen {
	void (*paint)(u32 row, u32 column, u8 c);	/* NULL = no screen (yet) */
	volatile u8 *memory;
	u32 pitch, bytes_per_pixel, ink, scale;
	u32 columns, rows;
	u32 row, column;
	enum { TEXT, ESCAPE, SEQUENCE } state;
} screen = { .columns = VGA_COLUMNS, .rows = VGA_ROWS };

#define PATIENT_CELLS 16u

static struct lock screen_lock;	/* guards all of this */
static bool is_patient;
static u32 scan_at, scan_left;	/* cells that may differ: this many from here on, round and round */

static u8 wanted[MAX_ROWS][MAX_COLUMNS];
static u8 shown[MAX_ROWS][MAX_COLUMNS];

static void paint_vga(u32 row, u32 column, u8 c)
{
	volatile u16 *cell = (volatile u16 *)screen.memory;

	cell[row * VGA_COLUMNS + column] = (u16)(VGA_GREY << 8 | (c ? c : ' '));
}

static void paint_pixel(volatile u8 *at, u32 colour)
{
	switch (screen.bytes_per_pixel) {
	case 4:
		*(volatile u32 *)at = colour;
		break;
	case 3:
		at[0] = (u8)colour;
		at[1] = (u8)(colour >> 8);
		at[2] = (u8)(colour >> 16);
		break;
	default:
		*(volatile u16 *)at = (u16)colour;
		break;
	}
}

static void paint_framebuffer(u32 row, u32 column, u8 c)
{
	u32 x, y, height = FONT_HEIGHT * screen.scale, width = FONT_WIDTH * screen.scale;
	volatile u8 *line = screen.memory + (u64)row * height * screen.pitch;

	line += (u64)column * width * screen.bytes_per_pixel;
	for (y = 0; y < height; y++, line += screen.pitch) {
		u8 bits = font_row(c, y / screen.scale);

		for (x = 0; x < width; x++) {
			u32 colour = bits & 0x80u >> x / screen.scale ? screen.ink : 0;

			paint_pixel(line + (u64)x * screen.bytes_per_pixel, colour);
		}
	}
}

/* Paint up to `budget` cells that differ. */
static void paint_some(u32 budget)
{
	if (!screen.paint)
		return;
	while (scan_left > 0 && budget > 0) {
		u32 row = scan_at / screen.columns, column = scan_at % screen.columns;

		scan_at = (scan_at + 1) % (screen.rows * screen.columns);
		scan_left--;
		if (shown[row][column] == wanted[row][column])
			continue;
		screen.paint(row, column, wanted[row][column]);
		shown[row][column] = wanted[row][column];
		budget--;
	}
}

static void repaint(void)
{
	scan_left = screen.rows * screen.columns;
	paint_some(is_patient ? PATIENT_CELLS : ~0u);
}

static void newline(void)
{
	screen.column = 0;
	if (++screen.row < screen.rows)
		return;
	memmove(wanted[0], wanted[SCROLL_ROWS], (screen.rows - SCROLL_ROWS) * sizeof(wanted[0]));
	memset(wanted[screen.rows - SCROLL_ROWS], 0, SCROLL_ROWS * sizeof(wanted[0]));
	screen.row -= SCROLL_ROWS;
}

static void put_printable(u8 c)
{
	if (screen.column == screen.columns)
		newline();
	wanted[screen.row][screen.column++] = c == ' ' ? 0 : c;
}

static void put_text(u8 c)
{
	switch (c) {
	case '\n':
		newline();
		break;
	case '\r':
		screen.column = 0;
		break;
	case '\t':
		do
			put_printable(' ');
		while (screen.column % TAB);
		break;
	case '\b':
		if (screen.column)
			screen.column--;
		break;
	case 0x1b:
		screen.state = ESCAPE;
		break;
	default:
		if (c >= ' ')
			put_printable(c < 0x7f ? c : '?');
		break;
	}
}

static void put(u8 c)
{
	switch (screen.state) {
	case TEXT:
		put_text(c);
		break;
	case ESCAPE:
		screen.state = c == '[' ? SEQUENCE : TEXT;
		break;
	case SEQUENCE:
		if (c >= '@' && c <= '~')
			screen.state = TEXT;
		break;
	}
}

void screen_write(const char *text, size_t bytes)
{
	size_t i;

	lock_acquire(&screen_lock);
	for (i = 0; i < bytes; i++)
		put((u8)text[i]);
	repaint();
	lock_release(&screen_lock);
}

bool screen_idle(void)
{
	bool is_done;

	if (is_patient && __atomic_load_n(&scan_left, __ATOMIC_RELAXED) == 0)	/* else a later look finds it */
		return true;
	lock_acquire(&screen_lock);
	is_patient = true;
	paint_some(PATIENT_CELLS);
	is_done = scan_left == 0 || !screen.paint;
	lock_release(&screen_lock);
	return is_done;
}

void screen_panic(void)
{
	screen_lock = (struct lock){ 0 };
	is_patient = false;
}

/* Not smaller than 80 by 25 letters, so that what is in the grid already fits. */
static bool framebuffer_ok(const struct boot_framebuffer *fb)
{
	u32 pixel = (fb->bits_per_pixel + 7u) / 8u;

	if (fb->type != 1 || pixel < 2 || pixel > 4)
		return false;
	if (fb->width < 640 || fb->height < 400 || fb->width > 16384 || fb->height > 16384)
		return false;
	return (u64)fb->width * pixel <= fb->pitch && fb->pitch <= 65536;
}

/* The usual layouts: blue in the low bits; 15 and 16 bits are told apart by bits_per_pixel. */
static u32 ink_of(u32 bits_per_pixel)
{
	u32 r = INK >> 16 & 0xff, g = INK >> 8 & 0xff, b = INK & 0xff;

	if (bits_per_pixel == 15)
		return r >> 3 << 10 | g >> 3 << 5 | b >> 3;
	if (bits_per_pixel == 16)
		return r >> 3 << 11 | g >> 2 << 5 | b >> 3;
	return INK;
}

static u32 min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static u32 max_u32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static void use_framebuffer(const struct boot_framebuffer *fb, void *(*map)(hpa_t hpa, u64 bytes))
{
	screen.memory = map(fb->address, (u64)fb->pitch * fb->height);
	if (!screen.memory)
		return;
	screen.pitch = fb->pitch;
	screen.bytes_per_pixel = (fb->bits_per_pixel + 7u) / 8u;
	screen.ink = ink_of(fb->bits_per_pixel);
	screen.scale = max_u32(min_u32(fb->width / 1024u, fb->height / 768u), 1);
	screen.columns = min_u32(fb->width / (FONT_WIDTH * screen.scale), MAX_COLUMNS);
	screen.rows = min_u32(fb->height / (FONT_HEIGHT * screen.scale), MAX_ROWS);
	memset((void *)(u64)screen.memory, 0, (u64)fb->pitch * fb->height);
	screen.paint = paint_framebuffer;
}

void screen_init(const struct boot_info *boot, void *(*map)(hpa_t hpa, u64 bytes))
{
	bool has_vga = boot->firmware != BOOT_UEFI && boot->framebuffer.type != 1;

	if (framebuffer_ok(&boot->framebuffer)) {
		use_framebuffer(&boot->framebuffer, map);
	} else if (has_vga) {
		screen.memory = map(VGA_TEXT, VGA_COLUMNS * VGA_ROWS * 2);
		if (!screen.memory)
			return;
		outb(VGA_INDEX, VGA_CURSOR_START);
		outb(VGA_INDEX + 1, VGA_CURSOR_OFF);
		memset(shown, 0xff, sizeof(shown));	/* the firmware's text is there: paint all */
		screen.paint = paint_vga;
	}
	repaint();
}
