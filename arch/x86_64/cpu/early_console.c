/* SPDX-License-Identifier: MIT */
/*
 * early_console.c - the kernel's own console: COM1, if the command line does not leave it out (console=vga), and the
 * screen. com1=115200,8n1,0x3f8,4 says its rate, format, port and interrupt; each part may be missing.
 *
 * Output goes to screen and UART until their drivers take them over; a panic takes them back.
 */
#include <string.h>

#include "arch.h"
#include "info_page.h"
#include "range.h"
#include "screen.h"
#include "syscalls.h"
#include "text.h"
#include "uart.h"

#define BAUD_MAX 115200u

enum { COM_BAUD, COM_FORMAT, COM_PORT, COM_IRQ, COM_ITEMS };	/* there is only the format 8n1 */

static u16 uart_port;		/* 0 = none */
static u64 ours = CONSOLE_SCREEN;	/* CONSOLE_* */

/* The next comma-separated item of this word; NULL at its end. */
static const char *next_item(const char *p)
{
	while (*p != '\0' && *p != ' ' && *p != ',')
		p++;
	return *p == ',' ? p + 1 : NULL;
}

/* Decimal or 0x hexadecimal, at most `limit`; `otherwise` if it is no such number. */
static u32 number(const char *p, u32 limit, u32 otherwise)
{
	u32 base = 10, value = 0, digit;
	bool any = false;

	if (text_after(p, "0x")) {
		base = 16;
		p += 2;
	}
	for (;; p++, any = true) {
		if (*p >= '0' && *p <= '9')
			digit = (u32)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			digit = (u32)(*p - 'a') + 10;
		else
			digit = base;
		if (digit >= base)
			return any ? value : otherwise;
		value = value * base + digit;
		if (value > limit)
			return otherwise;
	}
}

static void com_configure(u32 *com, const char *item)
{
	static const u32 limits[COM_ITEMS] = { BAUD_MAX, 8, 0xffff - 7, 15 };

	for (u32 i = 0; item && i < COM_ITEMS; i++, item = next_item(item))
		com[i] = number(item, limits[i], com[i]);
}

/* Is it in the list that console= gives? */
static bool is_com_wanted(const struct boot_info *boot)
{
	const char *item = boot_option(boot, "console");
	bool is_wanted = !item;

	for (; item; item = next_item(item))
		is_wanted |= text_after(item, "com1") != NULL;
	return is_wanted;
}

/* The boot tables map 0..4 GiB as they are. */
static void *map_identity(hpa_t hpa, u64 bytes)
{
	return range_ok(hpa.raw, bytes, 4 * GIB) ? (void *)hpa.raw : NULL;
}

void early_console_init(const struct boot_info *boot, struct info_page *info)
{
	u32 com[COM_ITEMS] = { BAUD_MAX, 8, 0x3f8, 4 };

	screen_init(&boot->screen, map_identity);
	com_configure(com, boot_option(boot, "com1"));
	if (!is_com_wanted(boot) || !uart_init((u16)com[COM_PORT], com[COM_BAUD]))
		return;
	ours |= CONSOLE_SERIAL;
	uart_port = (u16)com[COM_PORT];
	info->serial_port = com[COM_PORT];
	info->serial_irq = com[COM_IRQ];
	info->serial_baud = com[COM_BAUD];
}

void early_console_write(const char *text, size_t bytes)
{
	for (size_t i = 0; (ours & CONSOLE_SERIAL) && i < bytes; i++) {
		if (text[i] == '\n')
			uart_put(uart_port, '\r');
		uart_put(uart_port, text[i]);
	}
	if (ours & CONSOLE_SCREEN)
		screen_write(text, bytes);
}

_Noreturn void early_console_refuse(const char *why)
{
	early_console_write(why, strlen(why));
	arch_halt();
}

void early_console_release(u64 parts)
{
	ours &= ~parts;
}

void early_console_reclaim(void)
{
	if (!(ours & CONSOLE_SCREEN))
		screen_clear();
	ours = CONSOLE_SCREEN | (uart_port ? CONSOLE_SERIAL : 0);
}
