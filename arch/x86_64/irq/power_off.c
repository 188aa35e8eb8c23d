/*
 * power_off.c - starting the machine again, and the I/O ports with which root switches it off: what ACPI says is root's
 * to know.
 */
#include "platform_irq.h"

#include "range.h"
#include "virt.h"

#define SETTLE_US 100000u
#define PORT_COUNT 0x10000u

static bool port_ok(u64 port, u64 bytes)
{
	return (bytes == 1 || bytes == 2 || bytes == 4) && range_ok(port, bytes, PORT_COUNT);
}

enum status arch_port_read(u64 port, u64 bytes, u64 *value)
{
	if (!port_ok(port, bytes))
		return ST_INVAL;
	*value = bytes == 1 ? inb((u16)port) : bytes == 2 ? inw((u16)port) : inl((u16)port);
	return ST_OK;
}

enum status arch_port_write(u64 port_and_bytes, u64 value)
{
	u16 port = (u16)port_and_bytes;
	u64 bytes = port_and_bytes >> 16;

	if (!port_ok(port, bytes))
		return ST_INVAL;
	if (bytes == 1)
		outb(port, (u8)value);
	else if (bytes == 2)
		outw(port, (u16)value);
	else
		outl(port, (u32)value);
	return ST_OK;
}

static void reset_port_cf9(void)
{
	u8 keep = inb(0xcf9) & (u8)~0x0eu;

	outb(0xcf9, keep | 0x02);
	arch_wait_us(50);
	outb(0xcf9, keep | 0x06);
}

static void reset_8042(void)
{
	u32 i;

	for (i = 0; i < 100 && (inb(0x64) & 2); i++)
		arch_wait_us(1000);
	outb(0x64, 0xfe);
}

/* An empty IDT makes the next exception a triple fault. */
static void reset_triple_fault(void)
{
	static const struct __attribute__((packed)) {
		u16 limit;
		u64 base;
	} empty;

	__asm__ volatile("lidt %0\n\tud2" : : "m"(empty));
}

enum status arch_reboot(u64 reset_register)
{
	arch_stop_others();
	if (virt != NULL)
		virt->cpu_off();
	if (reset_register) {
		outb((u16)reset_register, (u8)(reset_register >> 16));
		arch_wait_us(SETTLE_US);
	}
	reset_port_cf9();
	arch_wait_us(SETTLE_US);
	reset_8042();
	arch_wait_us(SETTLE_US);
	reset_triple_fault();
	return ST_UNSUPPORTED;
}
