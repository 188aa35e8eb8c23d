/* SPDX-License-Identifier: MIT */
/*
 * com.c - the second serial line, as com2= on the kernel's command line gives it, in the form of com1=: rate, format,
 * port and interrupt, separated by commas. Each item may be missing. An interrupt 0 means that there is none.
 */
#include "platform_parts.h"
#include "text.h"

#define UART_PORTS 8u
#define PORT_LEAST 0x100u		/* below are the board's own devices */
#define PORT_MAX (0x10000u - UART_PORTS)
#define PCI_PORTS 0xcf8u		/* eight, for the configuration space */
#define BAUD_MAX 115200u

enum { COM_BAUD, COM_FORMAT, COM_PORT, COM_IRQ, COM_ITEMS };	/* there is only the format 8n1 */

static bool is_end(char c)
{
	return c == ',' || c == ' ' || c == '\0';
}

/* A decimal number, or 0x and a hexadecimal one; NULL if it is none, or above `limit`. */
static const char *number(const char *p, u32 limit, u32 *out)
{
	const char *hex = text_after(p, "0x");
	u32 base = hex != NULL ? 16 : 10, value = 0;

	p = hex != NULL ? hex : p;
	if (is_end(*p))
		return NULL;
	for (; !is_end(*p); p++) {
		u32 digit = *p >= '0' && *p <= '9' ? (u32)(*p - '0')
						   : *p >= 'a' && *p <= 'f' ? (u32)(*p - 'a') + 10 : base;

		if (digit >= base || value * base + digit > limit)
			return NULL;
		value = value * base + digit;
	}
	*out = value;
	return p;
}

static const char *item(const char *p, u32 which, u32 *out)
{
	static const u32 limits[COM_ITEMS] = { BAUD_MAX, 0, PORT_MAX, 15 };

	if (is_end(*p))
		return p;
	return which == COM_FORMAT ? text_after(p, "8n1") : number(p, limits[which], out);
}

static bool overlaps(u32 a, u32 b)
{
	return a < b + UART_PORTS && b < a + UART_PORTS;
}

static bool read_items(const char *p, u32 com[COM_ITEMS])
{
	for (u32 i = 0; i < COM_ITEMS; i++, p++) {
		p = item(p, i, &com[i]);
		if (p == NULL || !is_end(*p))
			return false;
		if (*p != ',')
			return true;
	}
	return false;		/* more items than there are */
}

enum com_verdict com_parse(const char *value, u32 first_port, struct platform_uart *out)
{
	u32 com[COM_ITEMS] = { BAUD_MAX, 0, 0x2f8, 3 };

	if (!read_items(value, com) || com[COM_BAUD] == 0 || com[COM_PORT] < PORT_LEAST ||
	    overlaps(com[COM_PORT], PCI_PORTS))
		return COM_BAD;
	if (first_port != 0 && overlaps(com[COM_PORT], first_port))
		return COM_TAKEN;
	*out = (struct platform_uart){ .port = com[COM_PORT], .irq = com[COM_IRQ], .baud = com[COM_BAUD] };
	return COM_OK;
}
