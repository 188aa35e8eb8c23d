/* SPDX-License-Identifier: MIT */
/*
 * main.c - the screen driver: shows the kernel log. It reaches the screen's memory, the log, and in text mode the two
 * ports of the CRT controller. Who looks only at the screen is told what this machine is and where its prompt is.
 */
#include <stdio.h>
#include <string.h>

#include "grid.h"
#include "painter.h"
#include "rt_log.h"
#include "sys.h"
#include "vm_layout.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)
#define LOG ((const struct log_ring *)LOG_ADDRESS)
#define PIECE_BYTES 256u

#define CRT_CURSOR_START 0x0au
#define CRT_CURSOR_OFF 0x20u

static void port_write(u32 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((u16)port));
}

static void introduce(struct grid *grid)
{
	static const char no_uart[] =
		"No serial port was found, and its prompt is on one. The virtual machines that\n"
		"vos.conf starts run all the same. To name another port, press e in the boot\n"
		"menu and add to the line that begins with multiboot2:  com1=115200,8n1,0x3f8,4\n\n";
	char text[160];

	snprintf(text, sizeof(text), "VOS %s, a bare-metal hypervisor\n", VOS_VERSION);
	grid_write(grid, text, strlen(text));
	if (INFO->serial_port == 0) {
		grid_write(grid, no_uart, sizeof(no_uart) - 1);
		return;
	}
	snprintf(text, sizeof(text), "Its prompt is on the serial port at 0x%x: %u baud, 8N1.\n\n",
		 (unsigned)INFO->serial_port, (unsigned)INFO->serial_baud);
	grid_write(grid, text, strlen(text));
}

/* What has come since. A reader that is too far behind has lost some. */
static void read_log(struct grid *grid, u64 *tail)
{
	u64 head = __atomic_load_n(&LOG->head, __ATOMIC_ACQUIRE);
	char piece[PIECE_BYTES];
	u32 count;

	if (head - *tail > LOG_BYTES)
		*tail = head - LOG_BYTES;
	for (; *tail != head; *tail += count) {
		for (count = 0; count < PIECE_BYTES && *tail + count != head; count++)
			piece[count] = LOG->text[(*tail + count) % LOG_BYTES];
		grid_write(grid, piece, count);
	}
}

int main(void)
{
	static struct painter painter;
	static struct grid grid;
	u64 tail = 0;

	if (!painter_init(&painter, &INFO->screen,
			  (volatile u8 *)(SCREEN_MEMORY + INFO->screen.address % PAGE_SIZE))) {
		rt_log("screen: a kind of screen that is not known");
		return 0;
	}
	if (INFO->screen.type == SCREEN_TEXT) {
		port_write(SCREEN_CRT_PORTS, CRT_CURSOR_START);
		port_write(SCREEN_CRT_PORTS + 1, CRT_CURSOR_OFF);
	}
	grid.paint = painter_paint;
	grid.context = &painter;
	grid_init(&grid, painter.columns, painter.rows);
	introduce(&grid);
	for (;;) {
		read_log(&grid, &tail);
		grid_show(&grid);
		(void)sys_notify_wait(DEADLINE_NONE, NULL);
	}
}
