/* SPDX-License-Identifier: MIT */
/*
 * machine.c - what a platform consists of: a table of devices, each added by one small function.
 */
#include "machine.h"

#include <stdio.h>
#include <string.h>

#include "firmware.h"
#include "load.h"
#include "range.h"

#define ON_MODERN BIT32(PLATFORM_MODERN)
#define ON_PC BIT32(PLATFORM_PC)
#define ON_BOTH (ON_MODERN | ON_PC)
/* CPUID 40000001h EAX: port 80h delays are not needed; hypercall.c's. */
#define KVM_FEATURE_NO_IO_DELAY BIT32(1)
#define KVM_FEATURE_UNHALT BIT32(7)
#define KVM_FEATURE_SEND_IPI BIT32(11)
#define DEVICE_FAULTS_MAX 16u
#define WAIT_PORTION_TICKS BIT64(20)	/* well below the time anybody notices */

/* ---- What devices call ---- */

static void power_reset(void *ctx)
{
	machine_stop(ctx, 0, STOP_GUEST_REBOOT, true, "%s", "");
}

static void power_off(void *ctx)
{
	machine_stop(ctx, 0, STOP_GUEST_POWEROFF, false, "%s", "");
}

static void power_suspend(void *ctx, bool is_suspended)
{
	machine_report_suspended(ctx, is_suspended);
}

static struct power_ops power_ops(struct machine *m)
{
	return (struct power_ops){ .reset = power_reset, .poweroff = power_off, .suspend = power_suspend, .ctx = m };
}

/* Every line goes to the I/O APIC; on pc the first sixteen also to the 8259s, where the timer is input 0. */
static void set_line(void *ctx, u32 gsi, bool is_asserted)
{
	struct machine *m = ctx;

	ioapic_set_irq(&m->ioapic, gsi, is_asserted);
	if (machine_is_pc(m) && gsi < 16)
		pic_set_irq(&m->pic, gsi == PIT_GSI ? PIT_IRQ : gsi, is_asserted);
}

/* The real-time clock's line, which also wakes a guest that is suspended. */
static void set_rtc_line(void *ctx, u32 gsi, bool is_asserted)
{
	struct machine *m = ctx;

	set_line(m, gsi, is_asserted);
	if (is_asserted)
		acpi_pm_rtc_alarm(&m->acpi_pm);
}

static struct irq_line line_of(struct machine *m, u32 gsi)
{
	return (struct irq_line){ .set = set_line, .ctx = m, .gsi = gsi };
}

static void pic_intr(void *ctx, bool is_asserted)
{
	struct machine *m = ctx;

	lapic_set_lint0(&m->lapic[0], is_asserted);
	vcpu_request(&m->vcpu[0], VCPU_REQUEST_OFFER);
}

static void apic_kick(void *ctx, u32 index)
{
	vcpu_request(&((struct machine *)ctx)->vcpu[index], VCPU_REQUEST_OFFER);
}

static void apic_nmi(void *ctx, u32 index)
{
	vcpu_request_nmi(&((struct machine *)ctx)->vcpu[index]);
}

static void apic_init(void *ctx, u32 index)
{
	vcpu_request_init(&((struct machine *)ctx)->vcpu[index]);
}

static void apic_startup(void *ctx, u32 index, u8 vector)
{
	vcpu_request_startup(&((struct machine *)ctx)->vcpu[index], vector);
}

/* Called by an APIC's owner, who does not hold the lock. */
static void apic_eoi(void *ctx, u8 vector)
{
	struct machine *m = ctx;

	machine_lock(m);
	ioapic_eoi(&m->ioapic, vector);
	machine_unlock(m);
}

static const struct lapic_ops lapic_ops = {
	.kick = apic_kick, .nmi = apic_nmi, .init = apic_init, .startup = apic_startup, .eoi = apic_eoi,
};

static void deliver_message(void *ctx, const struct irq_message *message)
{
	(void)lapic_bus_deliver(&((struct machine *)ctx)->lapics, message);
}

/* The 8259s may have been asserted for long: their interrupt is vCPU 0's. */
static void extint_opened(void *ctx)
{
	apic_kick(ctx, 0);
}

/* Waits without the lock: thread 0 gets the console's signal, and may need the lock to make room. */
static enum status console_wait(void *ctx, u64 deadline_tsc, u64 *bits)
{
	struct machine *m = ctx;
	u64 soon = m->host->tsc(m->host->ctx) + WAIT_PORTION_TICKS;
	enum status status;

	machine_unlock(m);
	status = m->host->wait(m->host->ctx, min_u64(deadline_tsc, soon), bits);
	machine_lock(m);
	return status == ST_TIMEOUT && soon < deadline_tsc ? ST_OK : status;
}

/* A device's timer is due earlier than it was. */
static void timer_armed(void *ctx)
{
	vcpu_request(&((struct machine *)ctx)->vcpu[0], VCPU_REQUEST_SERVICE);
}

static void console_deferred(void *ctx)
{
	vcpu_request(&((struct machine *)ctx)->vcpu[0], VCPU_REQUEST_LEAVE);
}

static void console_received(void *ctx)
{
	acpi_pm_wake(&((struct machine *)ctx)->acpi_pm);
}

static const struct console_port_ops console_ops = {
	.armed = timer_armed, .wait = console_wait, .deferred = console_deferred, .received = console_received,
};

static bool clock_write(void *ctx, gpa_t gpa, const void *bytes, u32 count)
{
	return guest_memory_write(&((struct machine *)ctx)->memory, gpa, bytes, count);
}

/* ---- Devices ---- */

static enum status add_timer(struct machine *m, const struct timer_ops *ops, void *device)
{
	if (m->timer_count == MACHINE_TIMERS)
		return ST_FULL;
	m->timer[m->timer_count++] = (struct machine_timer){ ops, device };
	return ST_OK;
}

_Static_assert(VM_VCPUS < 255, "local APICs start in xAPIC mode, which can't name more");

static enum status add_apics(struct machine *m)
{
	struct ioapic_ops ops = { .deliver = deliver_message, .extint = extint_opened, .ctx = m };

	lapic_bus_init(&m->lapics, m->lapic, m->vcpu_count, &m->clock, &lapic_ops, m, machine_is_pc(m));
	ioapic_init(&m->ioapic, &ops);
	return bus_add_mmio(&m->bus, IOAPIC_ADDRESS, IOAPIC_BYTES, &ioapic_region, &m->ioapic);
}

static enum status add_kvmclock(struct machine *m)
{
	struct kvmclock_ops ops = { .write = clock_write, .ctx = m };

	kvmclock_init(&m->kvmclock, &m->clock, &ops);
	return ST_OK;
}

static enum status add_uart(struct machine *m)
{
	struct uart_ops ops = console_port_uart_ops(&m->console);
	struct irq_line irq = line_of(m, COM1_GSI);

	uart_init(&m->uart, &ops, &irq);
	if (bus_add_pio(&m->bus, COM1_PORT, COM1_PORTS, &uart_region, &m->uart) != ST_OK)
		return ST_FULL;
	return add_timer(m, &console_port_timer, &m->console);
}

static enum status add_debug_port(struct machine *m)
{
	debug_port_init(&m->debug_port, console_port_put, &m->console);
	return bus_add_pio(&m->bus, DEBUG_PORT, 1, &debug_port_region, &m->debug_port);
}

static void guest_panicked(void *ctx)
{
	machine_stop(ctx, 0, STOP_GUEST_PANIC, false, "the guest's kernel panicked");
}

static enum status add_pvpanic(struct machine *m)
{
	pvpanic_init(&m->pvpanic, guest_panicked, m);
	return bus_add_pio(&m->bus, PVPANIC_PORT, 1, &pvpanic_region, &m->pvpanic);
}

static enum status add_acpi_pm(struct machine *m)
{
	struct power_ops power = power_ops(m);
	struct irq_line irq = line_of(m, ACPI_GSI);
	enum status status;

	acpi_pm_init(&m->acpi_pm, machine_is_pc(m), &m->clock, &irq, &power);
	status = bus_add_pio(&m->bus, ACPI_PORT, ACPI_PORTS, &acpi_pm_region, &m->acpi_pm);
	return status == ST_OK && machine_is_pc(m) ? add_timer(m, &acpi_pm_timer, &m->acpi_pm) : status;
}

/* The VM's log is its output: a line in it, if there is room. A guest can't fill the log with them. */
static void device_broken(void *ctx, const char *device, const char *fault)
{
	struct machine *m = ctx;
	char line[160];
	int count;

	if (m->device_faults++ >= DEVICE_FAULTS_MAX)
		return;
	count = snprintf(line, sizeof(line), "\r\n[vos] %s stopped: %s\r\n", device, fault);
	if (count > 0)
		(void)console_port_write(&m->console, (const u8 *)line, (u32)min_u64((u32)count, sizeof(line) - 1));
}

static enum status add_pci(struct machine *m)
{
	struct pci_host host = { .bus = &m->bus, .power = power_ops(m), .set_line = set_line,
				 .deliver = deliver_message, .ctx = m };
	enum status status = bus_add_pio(&m->bus, PCI_PORT, PCI_PORTS, &pci_region, &m->pci);

	pci_bus_init(&m->pci, &host);
	m->virtio_host = (struct virtio_host){ .memory = &m->memory, .broken = device_broken, .ctx = m };
	if (status != ST_OK)
		return status;
	return bus_add_mmio(&m->bus, PCI_ECAM_ADDRESS, PCI_ECAM_BYTES, &pci_ecam_region, &m->pci);
}

static enum status add_chipset(struct machine *m)
{
	return pci_chipset_add(&m->chipset, &m->pci);
}

static bool rng_random(void *ctx, void *out, u32 bytes)
{
	const struct host *host = ((struct machine *)ctx)->host;

	return host->random(host->ctx, out, bytes);
}

/* Without a generator in the processor there is no such device. */
static enum status add_virtio_rng(struct machine *m)
{
	struct virtio_rng_ops ops = { .random = rng_random, .armed = timer_armed, .ctx = m };
	enum status status;
	u64 probe;

	if (!rng_random(m, &probe, sizeof(probe)))
		return ST_OK;
	status = virtio_rng_init(&m->virtio_rng, PCI_SLOT_RNG << 3, &ops, &m->clock, &m->virtio_host, &m->pci);
	return status == ST_OK ? add_timer(m, &virtio_rng_timer, &m->virtio_rng) : status;
}

static bool console_other_is_open(void *ctx)
{
	return virtio_console_is_open(ctx);
}

static u32 console_other_receive(void *ctx, const u8 *bytes, u32 count)
{
	return virtio_console_receive(ctx, bytes, count);
}

static void console_other_output_ready(void *ctx)
{
	virtio_console_output_ready(ctx);
}

static enum status add_virtio_console(struct machine *m)
{
	struct virtio_console_ops ops = { .put = console_port_write, .input_ready = console_port_pump,
					  .ctx = &m->console };
	struct console_port_other other = { .is_open = console_other_is_open, .receive = console_other_receive,
					    .output_ready = console_other_output_ready, .ctx = &m->virtio_console };

	console_port_join(&m->console, &other);
	return virtio_console_init(&m->virtio_console, PCI_SLOT_CONSOLE << 3, &ops, &m->virtio_host, &m->pci);
}

static enum status add_nics(struct machine *m)
{
	enum status status = machine_add_nics(m);

	return status == ST_OK ? add_timer(m, &machine_nics_timer, m) : status;
}

static enum status add_hotplug(struct machine *m)
{
	struct irq_line irq = line_of(m, ACPI_HOTPLUG_GSI);

	machine_init_hotplug(m, &irq);
	return bus_add_pio(&m->bus, ACPI_HOTPLUG_PORT, ACPI_HOTPLUG_PORTS, &acpi_hotplug_region, &m->hotplug);
}

static enum status add_pic(struct machine *m)
{
	enum status status;

	pic_init(&m->pic, pic_intr, m);
	status = bus_add_pio(&m->bus, PIC_MASTER_PORT, PIC_PORTS, &pic_region, &m->pic.chip[0]);
	if (status == ST_OK)
		status = bus_add_pio(&m->bus, PIC_SLAVE_PORT, PIC_PORTS, &pic_region, &m->pic.chip[1]);
	return status == ST_OK ? bus_add_pio(&m->bus, PIC_ELCR_PORT, PIC_PORTS, &pic_elcr_region, &m->pic) : status;
}

static enum status add_pit(struct machine *m)
{
	struct irq_line irq = line_of(m, PIT_GSI);
	enum status status;

	pit_init(&m->pit, &m->clock, &irq);
	status = bus_add_pio(&m->bus, PIT_PORT, PIT_PORTS, &pit_region, &m->pit);
	if (status == ST_OK)
		status = bus_add_pio(&m->bus, PIT_CONTROL_PORT, 1, &pit_control_region, &m->pit);
	return status == ST_OK ? add_timer(m, &pit_timer, &m->pit) : status;
}

static enum status add_hpet(struct machine *m)
{
	struct hpet_ops ops = { .armed = timer_armed, .ctx = m };
	struct irq_line irq = line_of(m, 0);	/* each comparator has its own input */
	enum status status;

	hpet_init(&m->hpet, &ops, &m->clock, &irq);
	status = bus_add_mmio(&m->bus, HPET_ADDRESS, HPET_BYTES, &hpet_region, &m->hpet);
	return status == ST_OK ? add_timer(m, &hpet_timer_ops, &m->hpet) : status;
}

static enum status add_rtc(struct machine *m)
{
	struct irq_line irq = { .set = set_rtc_line, .ctx = m, .gsi = RTC_GSI };
	struct rtc_machine machine = { .memory_low = guest_memory_low_bytes(&m->memory),
				       .memory_high = guest_memory_high_bytes(&m->memory), .cpus = m->vcpu_count };
	enum status status;

	rtc_init(&m->rtc, &m->clock, &irq, &machine);
	status = bus_add_pio(&m->bus, RTC_PORT, RTC_PORTS, &rtc_region, &m->rtc);
	return status == ST_OK ? add_timer(m, &rtc_timer, &m->rtc) : status;
}

static enum status add_i8042(struct machine *m)
{
	struct power_ops power = power_ops(m);
	enum status status;

	if (machine_has_flash(m))	/* UEFI waits seconds for the answers of keyboards that are not there */
		return ST_OK;
	i8042_init(&m->i8042, &power);
	status = bus_add_pio(&m->bus, I8042_DATA_PORT, 1, &i8042_data_region, &m->i8042);
	return status == ST_OK ? bus_add_pio(&m->bus, I8042_COMMAND_PORT, 1, &i8042_command_region, &m->i8042) : status;
}

static enum status add_fast_reset(struct machine *m)
{
	struct power_ops power = power_ops(m);

	fast_reset_init(&m->fast_reset, &power);
	return bus_add_pio(&m->bus, FAST_RESET_PORT, 1, &fast_reset_region, &m->fast_reset);
}

static const struct {
	const char *name;
	u32 platforms;
	enum status (*add)(struct machine *m);
} devices[] = {
	{ "interrupt controllers", ON_BOTH, add_apics },
	{ "8259", ON_PC, add_pic },
	{ "kvm-clock", ON_BOTH, add_kvmclock },
	{ "serial port", ON_BOTH, add_uart },
	{ "debug port", ON_BOTH, add_debug_port },
	{ "pvpanic", ON_BOTH, add_pvpanic },
	{ "ACPI registers", ON_BOTH, add_acpi_pm },
	{ "PCI", ON_BOTH, add_pci },
	{ "chipset", ON_PC, add_chipset },
	{ "virtio-rng", ON_BOTH, add_virtio_rng },
	{ "virtio-console", ON_BOTH, add_virtio_console },
	{ "disks", ON_BOTH, machine_add_disks },
	{ "network cards", ON_BOTH, add_nics },
	{ "CD drive", ON_BOTH, machine_add_cd_drive },
	{ "hot-plug registers", ON_BOTH, add_hotplug },
	{ "8254", ON_PC, add_pit },
	{ "HPET", ON_BOTH, add_hpet },
	{ "real-time clock", ON_PC, add_rtc },
	{ "8042", ON_BOTH, add_i8042 },	/* on modern for its reset command only: ACPI does not name it */
	{ "port 92h", ON_PC, add_fast_reset },
	{ "what firmware looks for", ON_PC, machine_add_firmware },
};

static bool add_devices(struct machine *m)
{
	for (u32 i = 0; i < ARRAY_COUNT(devices); i++) {
		if (!(devices[i].platforms & BIT32(m->args->platform)))
			continue;
		if (devices[i].add(m) != ST_OK) {
			machine_stop(m, 0, STOP_BAD_STATE, false, "cannot add device: %s", devices[i].name);
			return false;
		}
	}
	return true;
}

static void build_cpuid(struct machine *m, cpuid_host_fn host_cpuid)
{
	struct guest_cpuid_config config = {
		.host = host_cpuid, .cpus = m->vcpu_count, .xcr0_mask = m->info->xcr0_mask, .tsc_hz = m->info->tsc_hz,
		.kvm_features = KVMCLOCK_FEATURES | KVM_FEATURE_NO_IO_DELAY | KVM_PV_FEATURE_EOI,
	};

	if (m->vcpu_count > 1)
		config.kvm_features |= KVM_PV_FEATURE_STEAL | KVM_FEATURE_UNHALT | KVM_FEATURE_SEND_IPI;

	guest_cpuid_build(&m->cpuid, &config);
}

bool machine_init(struct machine *m, const struct machine_config *config)
{
	memset(m, 0, sizeof(*m));
	m->host = config->host;
	m->args = config->args;
	m->info = config->info;
	m->control = config->control;
	if (m->args->cpus == 0 || m->args->cpus > VM_VCPUS || m->args->platform >= PLATFORM_COUNT ||
	    m->args->disk_count > VM_DEVICES || m->args->nic_count > VM_DEVICES) {
		machine_stop(m, 0, STOP_BAD_STATE, false, "start arguments are out of range");
		return false;
	}
	if (!config->insns) {
		machine_stop(m, 0, STOP_NO_MEMORY, false, "no memory for the decoded instructions");
		return false;
	}
	for (u32 i = 0; i < VM_DEVICES; i++) {
		m->disks[i].device = (struct virtio_blk *)(void *)(config->disks + i * VMM_DISK_STRIDE);
		m->nics[i].device = (struct virtio_net *)(void *)(config->nics + i * VMM_NIC_STRIDE);
	}
	m->discs = config->discs;
	m->flash_bytes = config->flash;
	m->links = config->links;
	m->nic_links = config->nic_links;
	m->vcpu_count = m->args->cpus;
	m->memory = (struct guest_memory){ .ram = config->ram, .bytes = m->args->memory_bytes };
	memory_map_build(&m->map, &m->memory);
	bus_init(&m->bus);
	machine_time_init(m);
	build_cpuid(m, config->host_cpuid);
	console_port_init(&m->console, m->host, config->rings, &m->uart, &m->clock, &console_ops, m);
	for (u32 i = 0; i < m->vcpu_count; i++)
		vcpu_init(&m->vcpu[i], m, i, (struct vcpu_page *)(void *)(config->pages + i * PAGE_SIZE),
			  &config->insns[i]);
	return add_devices(m);
}

bool machine_load(struct machine *m, const struct load_image *images)
{
	struct load_input in = {
		.memory = &m->memory, .map = &m->map, .images = images,
		.image_count = m->args->image_count,
		.cmdline = m->args->cmdline, .rsdp = BIOS_START,
	};
	struct load_result result;

	if (!load(&in, &result)) {
		machine_stop(m, 0, STOP_BAD_IMAGE, false, "%s", result.why);
		return false;
	}
	if (!machine_has_firmware(m) && !firmware_write(&m->memory, m->args->platform, m->vcpu_count)) {
		machine_stop(m, 0, STOP_BAD_STATE, false, "cannot build the firmware tables");
		return false;
	}
	if (machine_has_firmware(m))
		machine_place_rom(m, &images[0]);
	load_registers(&result, &m->memory, m->vcpu[0].page);
	return true;
}
