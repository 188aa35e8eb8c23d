/*
 * power_off.c - switching off and starting again: what ACPI says first, then what PCs and emulators understand anyway.
 */
#include "platform_irq.h"

#include "virt.h"

#define PM1_SCI_ENABLE 0x0001u
#define PM1_SLEEP_TYPE 0x1c00u
#define PM1_SLEEP_ENABLE 0x2000u
#define SLEEP_ENABLE 0x20u	/* hardware-reduced: type in bits 2-4 */

#define SETTLE_US 100000u
#define MODE_POLLS 300u		/* of 10 ms: the specification allows 3 s */

static volatile u8 *reset_register;	/* if it is memory: mapping it later would take a lock */

void power_init(void)
{
	if (acpi.reset.address && acpi.reset.space == ACPI_SPACE_MEMORY)
		reset_register = arch_mmio_map(HPA(acpi.reset.address), 1);
}

static void register_write(const struct acpi_register *r, u8 value)
{
	volatile u8 *p;
	u32 device, function;

	switch (r->space) {
	case ACPI_SPACE_IO:
		outb((u16)r->address, value);
		break;
	case ACPI_SPACE_MEMORY:
		p = r == &acpi.reset ? reset_register : arch_mmio_map(HPA(r->address), 1);
		if (p)
			*p = value;
		break;
	case ACPI_SPACE_PCI:	/* bus 0; device, function, offset in 16 bits each */
		device = r->address >> 32 & 31;
		function = r->address >> 16 & 7;
		outl(0xcf8, 0x80000000u | device << 11 | function << 8 | (r->address & 0xfc));
		outb((u16)(0xcfc + (r->address & 3)), value);
		break;
	default:
		break;
	}
}

/* Hand the PM registers from the BIOS to us, if that has not been done. */
static void acpi_mode(void)
{
	u32 i;

	if (!acpi.smi_port || !acpi.acpi_enable || (inw(acpi.pm1a_control) & PM1_SCI_ENABLE))
		return;
	outb(acpi.smi_port, acpi.acpi_enable);
	for (i = 0; i < MODE_POLLS && !(inw(acpi.pm1a_control) & PM1_SCI_ENABLE); i++)
		clock_wait_us(10000);
}

static void pm1_sleep(u16 port, u8 type)
{
	u32 keep = inw(port) & ~(PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);

	outw(port, (u16)(keep | (u32)type << 10 | PM1_SLEEP_ENABLE));
}

static void acpi_s5(void)
{
	if (!acpi.has_s5)
		return;
	if (acpi.is_hardware_reduced) {
		register_write(&acpi.sleep_control, (u8)(acpi.s5_a << 2 | SLEEP_ENABLE));
	} else if (acpi.pm1a_control) {
		acpi_mode();
		pm1_sleep(acpi.pm1a_control, acpi.s5_a);
		if (acpi.pm1b_control)
			pm1_sleep(acpi.pm1b_control, acpi.s5_b);
	}
	clock_wait_us(SETTLE_US);
}

/* Bochs ends at this string. Nothing else is known to listen to the port. */
static void bochs_shutdown(void)
{
	static const char word[] = "Shutdown";
	u32 i;

	for (i = 0; i + 1 < sizeof(word); i++)
		outb(0x8900, (u8)word[i]);
}

enum status arch_poweroff(void)
{
	acpi_s5();
	bochs_shutdown();
	if (cpuid(1, 0).ecx & BIT32(31)) {	/* below a hypervisor: QEMU's two chipsets */
		outw(0x604, 0x2000);
		outw(0xb004, 0x2000);
	}
	clock_wait_us(SETTLE_US);
	return ST_UNSUPPORTED;
}

static void reset_port_cf9(void)
{
	u8 keep = inb(0xcf9) & (u8)~0x0eu;

	outb(0xcf9, keep | 0x02);
	clock_wait_us(50);
	outb(0xcf9, keep | 0x06);
}

static void reset_8042(void)
{
	u32 i;

	for (i = 0; i < 100 && (inb(0x64) & 2); i++)
		clock_wait_us(1000);
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

enum status arch_reboot(void)
{
	arch_stop_others();
	if (virt != NULL)
		virt->cpu_off();
	if (acpi.reset.address) {
		register_write(&acpi.reset, acpi.reset_value);
		clock_wait_us(SETTLE_US);
	}
	reset_port_cf9();
	clock_wait_us(SETTLE_US);
	reset_8042();
	clock_wait_us(SETTLE_US);
	reset_triple_fault();
	return ST_UNSUPPORTED;
}
