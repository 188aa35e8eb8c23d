/*
 * early_console.c - the kernel's own console: which UART and whether there is a screen, from the command line in Xen's
 * words (console=com1,vga com1=115200,8n1,0x3f8,4) and Linux's (console=ttyS0,115200).
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

#define DEFAULT_BAUD 115200u
#define COM_COUNT 2u

static struct com_port {
	u16 port;
	u32 irq;
	u32 baud;
} coms[COM_COUNT] = {
	{ .port = 0x3f8, .irq = 4, .baud = DEFAULT_BAUD },
	{ .port = 0x2f8, .irq = 3, .baud = DEFAULT_BAUD },
};

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

/* "115200,8n1,0x3f8,4": each part may be missing. Only 8n1 exists here. */
static void com_configure(struct com_port *com, const char *item)
{
	com->baud = number(item, DEFAULT_BAUD, com->baud);
	item = next_item(item);
	item = item ? next_item(item) : NULL;
	if (!item)
		return;
	com->port = (u16)number(item, 0xffff - 7, com->port);
	item = next_item(item);
	if (item)
		com->irq = number(item, 15, com->irq);
}

/* Which of the two: -1 = none. */
static int com_choose(const struct boot_info *boot)
{
	const char *item = boot_option(boot, "console");

	if (!item)
		return 0;
	for (; item; item = next_item(item)) {
		if (text_after(item, "com2"))
			return 1;
		if (text_after(item, "com1"))
			return 0;
		if (text_after(item, "ttyS")) {
			struct com_port *com = &coms[item[4] == '1'];

			if (next_item(item))
				com->baud = number(next_item(item), DEFAULT_BAUD, com->baud);
			return item[4] == '1';
		}
	}
	return -1;
}

/* The boot tables map 0..4 GiB as they are. */
static void *map_identity(hpa_t hpa, u64 bytes)
{
	return range_ok(hpa.raw, bytes, 4 * GIB) ? (void *)hpa.raw : NULL;
}

void early_console_init(const struct boot_info *boot, struct info_page *info)
{
	const char *word;
	int choice = com_choose(boot);

	screen_init(&boot->screen, map_identity);
	word = boot_option(boot, "com1");
	if (word)
		com_configure(&coms[0], word);
	word = boot_option(boot, "com2");
	if (word)
		com_configure(&coms[1], word);
	if (choice < 0 || !uart_init(coms[choice].port, coms[choice].baud))
		return;
	ours |= CONSOLE_SERIAL;
	uart_port = coms[choice].port;
	info->serial_port = uart_port;
	info->serial_irq = coms[choice].irq;
	info->serial_baud = coms[choice].baud;
}

void early_console_write(const char *text, size_t bytes)
{
	size_t i;

	for (i = 0; (ours & CONSOLE_SERIAL) && i < bytes; i++) {
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

void early_console_give(u64 parts)
{
	ours &= ~parts;
}

void early_console_take_back(void)
{
	if (!(ours & CONSOLE_SCREEN))
		screen_clear();
	ours = CONSOLE_SCREEN | (uart_port ? CONSOLE_SERIAL : 0);
}
