/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * A guest gone mad: random accesses to every device of one machine, while time passes, keys are pressed and interrupts
 * are taken. Whatever it does, no step causes more than a bounded number of callbacks, a timer that has run is due in
 * the future, and what is offered as an interrupt is one.
 */
#include <stdlib.h>

#include "acpi_hotplug.h"
#include "acpi_pm.h"
#include "debug_port.h"
#include "fake_board.h"
#include "hpet.h"
#include "i8042.h"
#include "ioapic.h"
#include "kvm_pv.h"
#include "kvmclock.h"
#include "lapic.h"
#include "pci.h"
#include "pci_msix.h"
#include "pic8259.h"
#include "pit8254.h"
#include "rtc.h"
#include "uart16550.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VCPUS = 3, CALLBACKS_MAX = 256, STEPS_MAX = 400, RAM_BYTES = 8192 };

struct machine {
	struct fake_board fake;
	struct lapic_bus bus;
	struct lapic apic[VCPUS];
	struct ioapic io;
	struct pic pic;
	struct pit pit;
	struct hpet hpet;
	struct rtc rtc;
	struct uart uart;
	struct acpi_pm pm;
	struct acpi_hotplug hotplug;
	struct pci_bus pci;
	struct bus machine_bus;
	struct pci_function function;
	struct pci_msix msix;
	struct i8042 i8042;
	struct fast_reset fast_reset;
	struct debug_port debug_port;
	struct kvmclock kvmclock;
	struct kvm_pv pv[VCPUS];
	bool intr;
	u8 intr_vector;
	u32 output_room;
	u32 callbacks;		/* in this step */
};

static struct machine m;
static u8 ram[RAM_BYTES] __attribute__((aligned(64)));
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

static void count_callback(void)
{
	must(++m.callbacks <= CALLBACKS_MAX);
}

static void on_kick(void *ctx, u32 index)
{
	(void)ctx;
	must(index < VCPUS);
	count_callback();
}

static void on_init(void *ctx, u32 index)
{
	on_kick(ctx, index);
	lapic_reset(&m.apic[index]);
}

static void on_startup(void *ctx, u32 index, u8 vector)
{
	(void)vector;
	on_kick(ctx, index);
}

static void on_eoi(void *ctx, u8 vector)
{
	(void)ctx;
	count_callback();
	ioapic_eoi(&m.io, vector);
}

static void on_message(void *ctx, const struct irq_message *message)
{
	(void)ctx;
	count_callback();
	lapic_bus_deliver(&m.bus, message);
}

static void set_line(void *ctx, u32 gsi, bool is_asserted)
{
	(void)ctx;
	count_callback();
	ioapic_set_irq(&m.io, gsi, is_asserted);
	pic_set_irq(&m.pic, gsi == 2 ? 0 : gsi, is_asserted);
}

static void on_intr(void *ctx, bool is_asserted)
{
	(void)ctx;
	/* the output changed, or the vector behind it */
	must(m.intr != is_asserted || (m.intr && m.intr_vector != pic_peek(&m.pic)));
	m.intr = is_asserted;
	m.intr_vector = pic_peek(&m.pic);
	lapic_set_lint0(&m.apic[0], is_asserted);
}

static u32 uart_room(void *ctx)
{
	(void)ctx;
	return m.output_room;
}

static void uart_put(void *ctx, const u8 *bytes, u32 count)
{
	(void)ctx;
	must(count > 0 && count <= m.output_room && count <= UART_FIFO_BYTES && bytes);
	m.output_room -= count;
}

static void uart_input(void *ctx)
{
	(void)ctx;
	count_callback();
	uart_receive(&m.uart, (const u8 *)"0123456789abcdefghi", m.output_room % 20);
}

static void debug_put(void *ctx, u8 byte)
{
	(void)ctx;
	(void)byte;
}

static bool guest_write(void *ctx, gpa_t gpa, const void *bytes, u32 count)
{
	(void)ctx;
	return bytes && count <= 32 && gpa.raw % 3;
}

static struct irq_line line(u32 gsi)
{
	return (struct irq_line){ set_line, NULL, gsi };
}

/* The input: bytes, then zeros. */
struct input { const uint8_t *data; size_t size; };

static u64 take(struct input *in, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes && in->size; i++, in->size--)
		value |= (u64)*in->data++ << (8 * i);
	return value;
}

static u64 bar_read(void *device, u64 offset, u32 size)
{
	(void)device;
	return pci_msix_table_read(&m.msix, offset, size) ^ pci_msix_pba_read(&m.msix, offset, size);
}

static void bar_write(void *device, u64 offset, u32 size, u64 value)
{
	(void)device;
	pci_msix_table_write(&m.msix, offset, size, value);
}

static void config_written(void *device, u32 offset, u32 size)
{
	(void)device;
	must(offset + size <= PCI_CONFIG_BYTES);
	pci_msix_written(&m.msix, offset, size);
}

static const struct region_ops bar_region = { .read = bar_read, .write = bar_write };

/* A function that has a BAR of each kind, and a pin. */
static void make_function(void)
{
	struct pci_function *f = &m.function;

	pci_function_init(f, 2 << 3, 0x1af4, 0x1042, 0x010000, 1);
	pci_function_set_bar(f, 0, PCI_BAR_IO, 64, &bar_region, NULL);
	pci_function_set_bar(f, 1, PCI_BAR_MEMORY_32, 4096, &bar_region, NULL);
	pci_function_set_bar(f, 2, PCI_BAR_MEMORY_64, 16384, &bar_region, NULL);
	pci_function_use_pin(f);
	must(pci_msix_init(&m.msix, f, 4, 2, 0, 2048));
	f->written = config_written;
}

static void start_pci(const struct power_ops *power)
{
	const struct pci_host host = { .bus = &m.machine_bus, .power = *power, .set_line = set_line,
				       .deliver = on_message };

	bus_init(&m.machine_bus);
	pci_bus_init(&m.pci, &host);
	make_function();
	must(pci_bus_add(&m.pci, &m.function) == ST_OK);
}

/* Slot 0 has the function: the guest ejects it whenever it likes, and it comes again. */
static void on_eject(void *ctx, u32 slot)
{
	u32 regions = m.machine_bus.pio_count;

	(void)ctx;
	must(slot < ACPI_HOTPLUG_SLOTS);
	if (slot != 0)
		return;
	pci_bus_unplug(&m.function);
	must(m.machine_bus.mmio_count == 0 && m.pci.line[2] == 0);
	make_function();
	must(pci_bus_plug(&m.pci, &m.function) == ST_OK && m.machine_bus.pio_count == regions);
	acpi_hotplug_came(&m.hotplug, 0);
}

/* Through the machine's bus, to wherever the guest has put the BARs; the device wants its pin, or sends. */
static void do_bars(struct input *in)
{
	u32 how = (u32)take(in, 1), size = BIT32(how & 3), index = (u32)take(in, 1) % PCI_BARS;
	const struct pci_bar *bar = &m.function.bar[index];

	if (how & 0x80)
		pci_function_set_pin(&m.function, how & 4);
	pci_msix_raise(&m.msix, how >> 4);
	if (!bar->ops || !bar->address)
		return;
	must(bar->kind != PCI_BAR_IO || m.machine_bus.port[bar->address] == bar->region);
	if (bar->kind == PCI_BAR_IO)
		bus_pio_write(&m.machine_bus, (u16)(bar->address + take(in, 1) % 64), size & 7, (u32)take(in, size));
	else
		bus_mmio_write(&m.machine_bus, bar->address + take(in, 2) % bar->bytes, size, take(in, size));
}

/* Of the HPET, and of the I/O APIC about ExtINT. */
static void on_told(void *ctx)
{
	(void)ctx;
}

static void start(bool is_pc)
{
	static const struct lapic_ops lapic_ops = { on_kick, on_kick, on_init, on_startup, on_eoi };
	const struct hpet_ops hpet_ops = { on_told, NULL };
	const struct ioapic_ops io_ops = { on_message, on_told, NULL };
	const struct uart_ops uart_ops = { uart_room, uart_put, uart_input, NULL };
	const struct kvmclock_ops kvmclock_ops = { guest_write, NULL };
	const struct acpi_hotplug_ops hotplug_ops = { on_eject, NULL };
	struct irq_line timer = line(2), clock_line = line(8), com = line(4), sci = line(9), plug = line(10);
	struct power_ops power = fake_power(&m.fake);
	struct clock clock;

	m = (struct machine){ .fake = { .ns = 77, .wall_start_ns = 1700000000987654321ull, .tsc_hz = 2600000000 } };
	clock = fake_clock(&m.fake);
	lapic_bus_init(&m.bus, m.apic, VCPUS, &clock, &lapic_ops, NULL, is_pc);
	ioapic_init(&m.io, &io_ops);
	pic_init(&m.pic, on_intr, NULL);
	pit_init(&m.pit, &clock, &timer);
	hpet_init(&m.hpet, &hpet_ops, &clock, &timer);
	rtc_init(&m.rtc, &clock, &clock_line, &(struct rtc_machine){ .memory_low = GIB, .cpus = VCPUS });
	uart_init(&m.uart, &uart_ops, &com);
	acpi_pm_init(&m.pm, is_pc, &clock, &sci, &power);
	acpi_hotplug_init(&m.hotplug, &hotplug_ops, &plug);
	start_pci(&power);
	i8042_init(&m.i8042, &power);
	fast_reset_init(&m.fast_reset, &power);
	debug_port_init(&m.debug_port, debug_put, NULL);
	kvmclock_init(&m.kvmclock, &clock, &kvmclock_ops);
}

static const struct {
	const struct region_ops *ops;
	void *device;
	u32 bytes;
} regions[] = {
	{ &uart_region, &m.uart, 8 },
	{ &lapic_region, &m.apic[0], 0x400 },
	{ &lapic_region, &m.apic[1], 0x400 },
	{ &ioapic_region, &m.io, 0x50 },
	{ &pic_region, &m.pic.chip[0], 2 },
	{ &pic_region, &m.pic.chip[1], 2 },
	{ &pic_elcr_region, &m.pic, 2 },
	{ &pit_region, &m.pit, 4 },
	{ &pit_control_region, &m.pit, 1 },
	{ &hpet_region, &m.hpet, 0x160 },
	{ &rtc_region, &m.rtc, 2 },
	{ &acpi_pm_region, &m.pm, 16 },
	{ &acpi_hotplug_region, &m.hotplug, ACPI_HOTPLUG_PORTS },
	{ &pci_region, &m.pci, 8 },
	{ &pci_ecam_region, &m.pci, PCI_ECAM_BYTES },
	{ &i8042_data_region, &m.i8042, 1 },
	{ &i8042_command_region, &m.i8042, 1 },
	{ &fast_reset_region, &m.fast_reset, 1 },
	{ &debug_port_region, &m.debug_port, 1 },
};

static const struct {
	const struct timer_ops *ops;
	void *device;
} timers[] = {
	{ &pit_timer, &m.pit },
	{ &hpet_timer_ops, &m.hpet },
	{ &rtc_timer, &m.rtc },
	{ &acpi_pm_timer, &m.pm },
};

static void do_region(struct input *in)
{
	u32 index = (u32)take(in, 1) % ARRAY_COUNT(regions), how = (u32)take(in, 1), size = BIT32(how & 3);
	u64 offset = take(in, 2) % regions[index].bytes;

	if (regions[index].ops == &pci_ecam_region)	/* the function with the BARs */
		offset = (u64)m.function.devfn << 12 | (offset & 0xff);

	if (index == 1 || index == 2)
		offset &= how & 0x40 ? ~0ull : ~0xfull;
	if (regions[index].ops == &hpet_region)
		offset &= how & 0x40 ? ~0ull : ~(u64)(size - 1);
	if (how & 0x80)
		offset = take(in, 8);
	if (how & 4)
		regions[index].ops->write(regions[index].device, offset, size, take(in, size));
	else
		regions[index].ops->read(regions[index].device, offset, size);
}

static void do_msr(struct input *in)
{
	struct lapic *l = &m.apic[take(in, 1) % VCPUS];
	u32 how = (u32)take(in, 1), msr = 0x800 + (u32)take(in, 1);
	u64 value = take(in, 8);

	switch (how & 7) {
	case 0:
		(void)lapic_set_base(l, value);
		break;
	case 1:
		value &= LAPIC_BASE_BSP | LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;
		(void)lapic_set_base(l, LAPIC_ADDRESS | value);
		break;
	case 2:
		lapic_set_tsc_deadline(l, value);
		break;
	case 6:
		value = how & 8 ? value : value & (RAM_BYTES * 2 - 1);
		if (kvm_pv_msr_write(&m.pv[l->index], &memory, KVM_PV_MSR_STEAL + (msr & 1), value) && (msr & 1))
			must(!m.pv[l->index].is_promised);
		break;
	case 3:
		kvmclock_msr_write(&m.kvmclock, l->index, KVMCLOCK_MSR_WALL + (msr & 1), value);
		break;
	case 4:
		(void)lapic_msr_read(l, msr, &value);
		break;
	default:
		(void)lapic_msr_write(l, msr, how & 8 ? value : value & 0x707ff);
		break;
	}
}

static void run_timers(void)
{
	u64 tsc = fake_tsc(&m.fake);

	for (u32 i = 0; i < ARRAY_COUNT(timers); i++)
		if (timers[i].ops->deadline_ns(timers[i].device) <= m.fake.ns) {
			timers[i].ops->run(timers[i].device);
			must(timers[i].ops->deadline_ns(timers[i].device) > m.fake.ns);
		}
	for (u32 i = 0; i < VCPUS; i++)
		if (lapic_deadline_tsc(&m.apic[i]) <= tsc) {
			lapic_run(&m.apic[i], lapic_tsc(&m.apic[i]));
			must(lapic_deadline_tsc(&m.apic[i]) > tsc);
		}
}

/* Records in RAM, and a guest that ends its interrupts quietly, or whatever else it does with the word. */
static void do_records(struct input *in)
{
	struct kvm_pv *pv = &m.pv[take(in, 1) % VCPUS];
	u32 how = (u32)take(in, 1);

	kvm_pv_report_steal(pv, &memory, take(in, 4));
	kvm_pv_eoi_arm(pv, how & 1);
	must(pv->is_promised == (pv->eoi_word && (how & 1)));
	if (pv->eoi_word && (how & 2))
		*pv->eoi_word = (u32)take(in, 4);
	if (kvm_pv_eoi_taken(pv))
		must(!pv->is_promised && !(*pv->eoi_word & 1));
}

static void do_time(struct input *in)
{
	u64 step = take(in, 1);

	m.fake.ns += step << (step % 37);
	run_timers();
}

/* As a vCPU does before an entry. */
static void do_interrupts(struct input *in)
{
	struct lapic *l = &m.apic[take(in, 1) % VCPUS];
	u8 vector, threshold;

	lapic_collect(l);
	lapic_set_cr8(l, (u32)take(in, 1) & 0xf);
	if (!lapic_pick(l, &vector, &threshold)) {
		must(lapic_cr8(l) < 16 && threshold < 16);
	} else {
		must(vector >= 16 && threshold == 0);
		lapic_accept(l, vector);
		must(!lapic_pick(l, &vector, &threshold) || vector >= 16);
	}
	if (l->index == 0 && lapic_takes_extint(l) && pic_is_asserted(&m.pic)) {
		vector = pic_peek(&m.pic);
		must(pic_acknowledge(&m.pic) == vector);
	}
}

static void do_outside(struct input *in)
{
	u32 what = (u32)take(in, 1), count = (u32)take(in, 1) % 40;
	u8 bytes[40] = { 0 };

	switch (what & 3) {
	case 0:
		must(uart_receive(&m.uart, bytes, count) <= UART_FIFO_BYTES);
		break;
	case 1:
		uart_receive_break(&m.uart);
		break;
	case 2:
		m.output_room = count;
		uart_output_ready(&m.uart);
		break;
	default:
		if (count & 1)
			acpi_pm_press_button(&m.pm);
		else
			acpi_pm_wake(&m.pm);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct input *in) = {
		do_region, do_region, do_region, do_msr, do_time, do_interrupts, do_outside, do_records,
		do_bars,
	};
	struct input in = { data, size };

	start(take(&in, 1) & 1);
	for (u32 i = 0; i < STEPS_MAX && in.size; i++) {
		m.callbacks = 0;
		steps[take(&in, 1) % ARRAY_COUNT(steps)](&in);
		must(m.intr == pic_is_asserted(&m.pic));
	}
	return 0;
}
