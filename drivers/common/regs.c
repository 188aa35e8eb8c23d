/* SPDX-License-Identifier: MIT */
/*
 * regs.c - see regs.h.
 */
#include "regs.h"

static u64 memory_read(void *at, u32 offset, u32 size)
{
	u8 *p = (u8 *)at + offset;

	switch (size) {
	case 1:
		return *(volatile u8 *)p;
	case 2:
		return *(volatile u16 *)(void *)p;
	case 4:
		return *(volatile u32 *)(void *)p;
	default:
		return *(volatile u64 *)(void *)p;
	}
}

static void memory_write(void *at, u32 offset, u32 size, u64 value)
{
	u8 *p = (u8 *)at + offset;

	switch (size) {
	case 1:
		*(volatile u8 *)p = (u8)value;
		break;
	case 2:
		*(volatile u16 *)(void *)p = (u16)value;
		break;
	case 4:
		*(volatile u32 *)(void *)p = (u32)value;
		break;
	default:
		*(volatile u64 *)(void *)p = value;
	}
}

static u64 port_read(void *at, u32 offset, u32 size)
{
	u16 port = (u16)((uintptr_t)at + offset);
	u32 value = 0;

	if (size == 1)
		__asm__ volatile("inb %w1, %b0" : "+a"(value) : "Nd"(port));
	else if (size == 2)
		__asm__ volatile("inw %w1, %w0" : "+a"(value) : "Nd"(port));
	else
		__asm__ volatile("inl %w1, %0" : "+a"(value) : "Nd"(port));
	return value;
}

static void port_write(void *at, u32 offset, u32 size, u64 value)
{
	u16 port = (u16)((uintptr_t)at + offset);

	if (size == 1)
		__asm__ volatile("outb %b0, %w1" : : "a"((u8)value), "Nd"(port));
	else if (size == 2)
		__asm__ volatile("outw %w0, %w1" : : "a"((u16)value), "Nd"(port));
	else
		__asm__ volatile("outl %0, %w1" : : "a"((u32)value), "Nd"(port));
}

struct regs regs_memory(u64 address, u64 bytes)
{
	return (struct regs){ .read = memory_read, .write = memory_write, .at = (void *)address, .bytes = bytes };
}

struct regs regs_ports(u32 port, u32 count)
{
	return (struct regs){ .read = port_read, .write = port_write, .at = (void *)(uintptr_t)port, .bytes = count };
}

struct regs regs_part(const struct regs *r, u32 offset, u64 bytes)
{
	struct regs part = *r;

	part.at = (u8 *)r->at + offset;
	part.bytes = bytes;
	return part;
}
