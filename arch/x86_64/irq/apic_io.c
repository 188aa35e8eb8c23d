/* SPDX-License-Identifier: MIT */
/*
 * apic_io.c - I/O APICs: which pin is which GSI, what vector it raises. The 8259s are moved out of the exceptions' way
 * and masked.
 */
#include "kernel_upcalls.h"
#include "platform_irq.h"

#include "lock.h"
#include "range.h"
#include "syscalls.h"

#define REG_SELECT 0x00u
#define REG_WINDOW 0x10u
#define INDEX_VERSION 1u
#define INDEX_REDIRECTION 0x10u	/* + 2 a pin */

#define REDIRECT_LOW_ACTIVE BIT32(13)
#define REDIRECT_LEVEL BIT32(15)
#define REDIRECT_MASKED BIT32(16)

#define MSI_ADDRESS 0xfee00000u	/* | destination's APIC id << 12 */
#define MSI_ID_MAX 0xfeu	/* 0xff: all */

#define GSI_COUNT (VECTOR_TIMER - IRQ_VECTOR)

static struct ioapic {
	volatile u8 *registers;
	u32 first, count;	/* GSIs */
} ioapics[16];
static u32 ioapic_count;
static u32 redirections[GSI_COUNT];	/* low words as written, so that masking needs no read */
static struct lock ioapic_lock;	/* registers are selected, then accessed */

static u32 ioapic_read(const struct ioapic *io, u32 index)
{
	*(volatile u32 *)(io->registers + REG_SELECT) = index;
	return *(volatile u32 *)(io->registers + REG_WINDOW);
}

static void ioapic_write(const struct ioapic *io, u32 index, u32 value)
{
	*(volatile u32 *)(io->registers + REG_SELECT) = index;
	*(volatile u32 *)(io->registers + REG_WINDOW) = value;
}

static const struct ioapic *ioapic_of(u32 gsi)
{
	for (u32 i = 0; i < ioapic_count; i++)
		if (gsi >= ioapics[i].first && gsi - ioapics[i].first < ioapics[i].count)
			return &ioapics[i];
	return NULL;
}

static void redirect(u32 gsi, u32 low)
{
	const struct ioapic *io = ioapic_of(gsi);

	if (!io)	/* what a device sends by itself, as the firmware told it to */
		return;
	ioapic_write(io, INDEX_REDIRECTION + 2 * (gsi - io->first), low);
	redirections[gsi] = low;
}

enum status arch_ioapic_add(hpa_t address, u64 first_gsi)
{
	struct ioapic *io = &ioapics[ioapic_count];

	if (ioapic_count == ARRAY_COUNT(ioapics))
		return ST_FULL;
	io->registers = arch_mmio_map(address, 32);
	if (!io->registers)
		return ST_NOMEM;
	io->first = (u32)min_u64(first_gsi, ~0u);
	io->count = (ioapic_read(io, INDEX_VERSION) >> 16 & 0xff) + 1;
	for (u32 pin = 0; pin < io->count; pin++)
		ioapic_write(io, INDEX_REDIRECTION + 2 * pin, REDIRECT_MASKED);
	ioapic_count++;
	return ST_OK;
}

enum status arch_irq_route(u32 gsi, u32 flags)
{
	const struct ioapic *io = ioapic_of(gsi);
	u32 low, high = flags & IRQ_REMAPPED ? gsi << 17 | BIT32(16) : pcpu_at(IRQ_PCPU)->apic_id << 24;

	if (!io || gsi >= GSI_COUNT)
		return ST_UNSUPPORTED;
	low = (IRQ_VECTOR + gsi) | REDIRECT_MASKED;
	low |= flags & IRQ_LOW ? REDIRECT_LOW_ACTIVE : 0;
	low |= flags & IRQ_LEVEL ? REDIRECT_LEVEL : 0;
	lock_acquire(&ioapic_lock);
	/* Physical destination: always the same pCPU, so that who serves a device can be next to its interrupt. Or an
	 * index, and the bit that says so (VT-d 4.0, 5.1.5.1). */
	ioapic_write(io, INDEX_REDIRECTION + 2 * (gsi - io->first) + 1, high);
	redirect(gsi, low);
	lock_release(&ioapic_lock);
	return ST_OK;
}

void arch_irq_mask(u32 gsi)
{
	lock_acquire(&ioapic_lock);
	redirect(gsi, redirections[gsi] | REDIRECT_MASKED);
	lock_release(&ioapic_lock);
}

void arch_irq_unmask(u32 gsi)
{
	lock_acquire(&ioapic_lock);
	redirect(gsi, redirections[gsi] & ~REDIRECT_MASKED);
	lock_release(&ioapic_lock);
}

bool arch_irq_message(u32 line, const struct pcpu *pcpu, struct irq_message *out)
{
	if (line >= GSI_COUNT || ioapic_of(line) || pcpu->apic_id > MSI_ID_MAX)
		return false;
	*out = (struct irq_message){ .address = MSI_ADDRESS | pcpu->apic_id << 12, .data = IRQ_VECTOR + line };
	return true;
}

void arch_interrupt(u32 vector)
{
	if (pcpu_self()->is_idle)
		kernel_idle_end();
	if (vector == VECTOR_TIMER)
		kernel_timer();
	else if (vector == VECTOR_IPI)
		kernel_ipi();
	else if (vector >= IRQ_VECTOR && vector < VECTOR_TIMER)
		kernel_irq(vector - IRQ_VECTOR);
	/* Interrupts don't nest, so where this one is not in service, as spurious ones are not, nothing is. */
	apic_local_eoi();
}
