/* SPDX-License-Identifier: MIT */
/*
 * What root does with the machine before anything else, and at the end: tables found, clocks measured, processors
 * started, the date read, the machine switched off. The test plays the kernel, the I/O ports and physical memory.
 */
/* links: root rt */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "acpi_memory.h"
#include "info_page.h"
#include "platform.h"
#include "platform_parts.h"
#include "rt_log.h"
#include "rt_time.h"

#define WINDOW 0x18000000ull
#define TSC_HZ 2500000000ull	/* what the machine's clocks make of the test's own TSC */
#define PM_TIMER 0x608u
#define PM1A 0x604u
#define SMI 0xb2u

enum { RSDP = 0xf0010, RSDT = 0x100000, MADT = 0x102000, FADT = 0x103000, DSDT = 0x104000 };

static struct info_page info;
static struct boot_page boot;

/* ---- the kernel ---- */

static u64 window_address, window_bytes, clock_hz, resets, starts, parks;
static enum status start_status[8];
static s64 start_offset[8];
static u8 cmos[128];
static u32 cmos_index, pm1a, pit_latch;
static char log_text[4096], writes[4096];

enum status sys_mem_create_device(u64 h_root, u64 address, u64 bytes, u64 *h_mem)
{
	if (h_root != HANDLE_ROOT || address < MEMORY_BASE || address + bytes > MEMORY_BASE + MEMORY_BYTES)
		return ST_INVAL;
	assert_int_equal(window_bytes, 0);
	window_address = address;
	window_bytes = bytes;
	*h_mem = 100;
	return ST_OK;
}

enum status sys_mem_map(u64 h_space, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights)
{
	assert_true(h_space == HANDLE_SELF_PD && h_mem == 100 && offset == 0 && bytes == window_bytes);
	assert_ptr_equal(mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), (void *)address);
	memcpy((void *)address, memory_at(window_address), bytes);
	return rights & RIGHT_R ? ST_OK : ST_INVAL;
}

enum status sys_mem_unmap(u64 h_space, u64 address, u64 bytes)
{
	static bool is_second;

	is_second = !is_second;
	if (is_second)
		return ST_AGAIN;
	assert_true(h_space == HANDLE_SELF_PD && address == WINDOW && bytes == window_bytes);
	munmap((void *)address, bytes);
	return ST_OK;
}

enum status sys_object_destroy(u64 h)
{
	assert_int_equal(h, 100);
	window_bytes = 0;
	return ST_OK;
}

static u64 clock_count(u64 hz)
{
	return (u64)((unsigned __int128)rt_time_tsc() * hz / TSC_HZ);
}

u32 port_in(u32 port, u32 bytes)
{
	u32 value;

	(void)bytes;
	switch (port) {
	case 0x71:
		return cmos[cmos_index & 127];
	case 0x42:
		value = pit_latch & 0xff;
		pit_latch >>= 8;
		return value;
	case PM_TIMER:
		return (u32)clock_count(3579545) & 0xffffff;
	case PM1A:
		return pm1a;
	default:
		return 0;
	}
}

void port_out(u32 port, u32 bytes, u32 value)
{
	size_t used = strlen(writes);

	if (port == 0x70)
		cmos_index = value;
	else if (port == 0x43 && value == 0x80)
		pit_latch = ~(u32)clock_count(1193182) & 0xffff;
	else if (port == SMI)
		pm1a |= 1;
	else if (port != 0x42 && port != 0x43 && port != 0x61)
		snprintf(writes + used, sizeof(writes) - used, "%x.%u=%x ", port, bytes, value);
}

static u64 asked, can_force, started_before;
static u32 mitigate_calls;
static enum status mitigate_status;

static enum status start_pcpu(u64 apic_id, bool is_parked, u64 *value)
{
	*(is_parked ? &parks : &starts) |= BIT64(apic_id);
	*value = (u64)start_offset[apic_id];
	return is_parked && start_status[apic_id] == ST_FULL ? ST_OK : start_status[apic_id];
}

enum status sys_system_ctl(u64 h_root, enum system_op op, u64 a, u64 b, u64 *value)
{
	assert_int_equal(h_root, HANDLE_ROOT);
	switch ((int)op) {
	case SYSTEM_CLOCK:
		clock_hz = info.tsc_hz = a;
		*value = 0;
		return ST_OK;
	case SYSTEM_IOAPIC:
		assert_int_equal(a, 0xfec00000);
		assert_int_equal(b, 0);
		return ST_OK;
	case SYSTEM_PCPU_INIT:
		resets |= BIT64(a);
		return a == 0 ? ST_EXISTS : ST_OK;
	case SYSTEM_PCPU_START:
		assert_true(b <= 1);
		return start_pcpu(a, b != 0, value);
	case SYSTEM_MITIGATE:
		started_before = starts;
		mitigate_calls++;
		asked = a;
		return (b & ~can_force) != 0 ? ST_UNSUPPORTED : mitigate_status;
	case SYSTEM_REBOOT:
		strcat(writes, "reboot");
		return ST_UNSUPPORTED;
	default:
		fail();
		return ST_INVAL;
	}
}

void rt_log(const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list args;

	va_start(args, format);
	vsnprintf(log_text + used, sizeof(log_text) - used, format, args);
	va_end(args);
	strcat(log_text, "\n");
}

/* ---- the machine ---- */

static void put32(u64 at, u32 v)
{
	memcpy(memory_at(at), &v, sizeof(v));
}

static void put_madt(u32 cpus)
{
	static const u8 override[] = { 2, 10, 0, 4, 0x14, 0, 0, 0, 0xf, 0 };
	static const u8 ioapic[] = { 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0 };
	u32 at = 44;

	for (u32 i = 0; i < cpus; i++, at += 8)
		memcpy(memory_at(MADT + at), (u8[]){ 0, 8, (u8)i, (u8)i, 1, 0, 0, 0 }, 8);
	memcpy(memory_at(MADT + at), override, sizeof(override));
	memcpy(memory_at(MADT + at + sizeof(override)), ioapic, sizeof(ioapic));
	seal_table(MADT, "APIC", at + (u32)(sizeof(override) + sizeof(ioapic)));
}

static void put_fadt(void)
{
	static const u8 s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0x0a, 5, 0, 0 };

	memcpy(memory_at(DSDT + 40), s5, sizeof(s5));
	seal_table(DSDT, "DSDT", 80);
	put32(FADT + 40, DSDT);
	put32(FADT + 48, SMI);
	*memory_at(FADT + 52) = 0xf1;
	put32(FADT + 64, PM1A);
	put32(FADT + 76, PM_TIMER);
	*memory_at(FADT + 91) = 4;
	put32(FADT + 112, BIT32(10));
	*memory_at(FADT + 116) = 1;		/* reset register: a port */
	put32(FADT + 120, 0xcf9);
	*memory_at(FADT + 128) = 6;
	seal_table(FADT, "FACP", 268);
}

static void put_date(const u8 *registers, u8 b)
{
	static const u8 places[] = { 9, 8, 7, 4, 2, 0 };

	memset(cmos, 0, sizeof(cmos));
	for (u32 i = 0; i < 6; i++)
		cmos[places[i]] = registers[i];
	cmos[11] = b;
}

static int new_machine(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(start_status, 0, sizeof(start_status));
	memset(start_offset, 0, sizeof(start_offset));
	start_status[0] = ST_EXISTS;
	info = (struct info_page){ .firmware = "BIOS", .features_used = BIT64(FEAT_TSC_DEADLINE) };
	boot = (struct boot_page){ 0 };
	clock_hz = resets = starts = parks = pm1a = mitigate_calls = 0;
	asked = can_force = 0;
	mitigate_status = ST_OK;
	log_text[0] = writes[0] = 0;
	put_madt(4);
	put_fadt();
	put32(RSDT + 36, MADT);
	put32(RSDT + 40, FADT);
	seal_table(RSDT, "RSDT", 44);
	seal_rsdp(RSDP, RSDT, 0);
	put_date((const u8[]){ 0x24, 0x02, 0x29, 0x23, 0x59, 0x58 }, 2);
	return 0;
}

/* ---- */

static void assert_rate(u64 hz)
{
	assert_in_range(hz, TSC_HZ - TSC_HZ / 50, TSC_HZ + TSC_HZ / 50);
}

static void test_start(void **state)
{
	struct rt_time time;
	u64 now;
	u32 flags;

	(void)state;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_rate(clock_hz);
	assert_int_equal(window_bytes, 0);	/* nothing is left mapped */
	assert_int_equal(resets, 15);
	assert_int_equal(starts, 15);
	assert_int_equal(mitigate_calls, 1);
	assert_int_equal(started_before, 0);	/* the kernel takes no word once other pCPUs run */
	assert_int_equal(info.pcpu_count, 4);
	assert_int_equal(info.features_used, BIT64(FEAT_TSC_IN_STEP));
	assert_true(strlen(info.vendor) == 12);
	assert_string_equal(log_text, "4 pCPUs\n");
	rt_time_init(&time, info.tsc_hz, 0);
	now = info.wall_boot_ns + rt_time_now_ns(&time);	/* 2024-02-29 23:59:58 */
	assert_in_range(now, (1709251198 - 1) * NS_PER_S, (1709251198 + 60) * NS_PER_S);
	assert_int_equal(platform_isa_irq(4, &flags), 20);
	assert_int_equal(flags, IRQ_LEVEL | IRQ_LOW);
	assert_int_equal(platform_isa_irq(3, &flags), 3);
	assert_int_equal(flags, 0);
}

/* The loader may hand over the tables' root. UEFI has no areas to search. */
static void test_where_tables_are(void **state)
{
	(void)state;
	memcpy(boot.rsdp, memory_at(RSDP), ACPI_RSDP_BYTES);
	boot.rsdp_bytes = ACPI_RSDP_BYTES;
	memset(memory_at(RSDP), 0, ACPI_RSDP_BYTES);
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(acpi.cpu_count, 4);
	memcpy(memory_at(0xe1230), boot.rsdp, ACPI_RSDP_BYTES);
	boot.rsdp_bytes = 0;
	strcpy(info.firmware, "UEFI");
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(acpi.cpu_count, 0);
}

/* Without tables: one pCPU, the 8254 for a clock, interrupts as they were on an AT. */
static void test_no_tables(void **state)
{
	u32 flags;

	(void)state;
	memset(memory, 0, sizeof(memory));
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_rate(clock_hz);
	assert_int_equal(info.pcpu_count, 1);
	assert_int_equal(starts, 0);
	assert_int_equal(platform_isa_irq(4, &flags), 4);
	assert_int_equal(flags, 0);
}

static void test_pcpus_that_fail(void **state)
{
	(void)state;
	start_status[1] = ST_TIMEOUT;
	start_offset[2] = -77;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 3);
	assert_int_equal(info.features_missing, BIT64(FEAT_TSC_IN_STEP));
	assert_non_null(strstr(log_text, "APIC id 1 does not answer"));
	assert_non_null(strstr(log_text, "pCPU 1: its TSC differs from that of pCPU 0 by 77 ticks"));
	start_status[1] = ST_STATE;		/* beside one that is stuck none is started */
	starts = 0;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 1);
	assert_int_equal(starts, 3);
}

static void test_more_than_there_may_be(void **state)
{
	(void)state;
	start_status[2] = ST_FULL;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 2);
	assert_int_equal(starts, 7);
	assert_int_equal(parks, 12);
	assert_non_null(strstr(log_text, "more processors than VOS uses"));
}

/* What the kernel did not accept is not shown as done. */
static void test_mitigations(void **state)
{
	(void)state;
	strcpy(info.cmdline, "mitigations=off");
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(mitigate_calls, 1);
	assert_int_equal(asked | info.mitigations, 0);
	can_force = MITIGATE_IBPB;
	strcpy(info.cmdline, "mitigations=off,force:ibpb");
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(asked, MITIGATE_IBPB);
	assert_int_equal(info.mitigations, MITIGATE_IBPB);
	can_force = 0;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(asked | info.mitigations, 0);	/* the second time without it */
	assert_non_null(strstr(log_text, "the processor lacks what force: asks for"));
	can_force = MITIGATE_IBPB;
	mitigate_status = ST_UNSUPPORTED;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.mitigations, 0);
	assert_non_null(strstr(log_text, "the kernel refuses"));
	mitigate_status = ST_OK;
	strcpy(info.cmdline, "mitigations=of");
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_non_null(strstr(log_text, "mitigations: not of the form"));
}

/* Tables that name what is not there don't hold the boot up for minutes. */
static void test_phantoms(void **state)
{
	(void)state;
	put_madt(8);
	for (u32 i = 1; i < 8; i++)
		start_status[i] = ST_TIMEOUT;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 1);
	assert_int_equal(starts, 15);
}

static void test_command_line(void **state)
{
	(void)state;
	strcpy(info.cmdline, "/boot/vos.elf console=com1 loglvl=debug  maxcpus=3 safe");
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 3);
	assert_int_equal(starts, 7);
	assert_int_equal(parks, 8);		/* what is not used takes a machine check, too */
	assert_string_equal(log_text, "3 pCPUs\n");
	strcpy(info.cmdline, "maxcpus=3 maxcpus=1 consoles=1 console=ttyS0 com3=9600 \x1b[0m");
	log_text[0] = 0;
	starts = parks = 0;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	assert_int_equal(info.pcpu_count, 1);
	assert_int_equal(starts, 0);
	assert_int_equal(parks, 15);
	assert_non_null(strstr(log_text, "unknown option: consoles=1\nunknown option: console=ttyS0\n"
					 "unknown option: com3=9600\nunknown option: ?[0m\n"));
	assert_int_equal(cmdline_pcpu_limit("maxcpus=0"), 64);
	assert_int_equal(cmdline_pcpu_limit("maxcpus=65"), 64);
	assert_int_equal(cmdline_pcpu_limit("maxcpus=2x"), 64);
	assert_int_equal(cmdline_pcpu_limit("maxcpus=99999999999999999999"), 64);
	assert_int_equal(cmdline_pcpu_limit("maxcpus=64"), 64);
}

static bool has_com2(const char *cmdline, struct platform_uart *uart)
{
	strcpy(info.cmdline, cmdline);
	log_text[0] = 0;
	cmdline_judge_com2(&info);
	return platform_com2(&info, uart);
}

static void expect_com2(const char *cmdline, u32 port, u32 irq, u32 baud)
{
	struct platform_uart uart;

	assert_true(has_com2(cmdline, &uart));
	assert_string_equal(log_text, "");
	assert_int_equal(uart.port, port);
	assert_int_equal(uart.irq, irq);
	assert_int_equal(uart.baud, baud);
}

static void test_com2(void **state)
{
	static const char *const bad[] = { "com2=x", "com2=0", "com2=115201", "com2=9600,7n1", "com2=9600,8n1,0x2f8,16",
		"com2=9600,8n1,0x2f8,4,5", "com2=9600,8n1x", "com2=,,0xfff9", "com2=,,0x20", "com2=,,0xcf1",
		"com2=,,0x",
		"com2=,,,,", "com2=9600,8n1,4294967296", "com2=,,0xcfc", "com2=,,0x2f8,3," };
	struct platform_uart uart;

	(void)state;
	info.serial_port = 0x3f8;
	expect_com2("com2", 0x2f8, 3, 115200);
	expect_com2("a com2= b", 0x2f8, 3, 115200);
	expect_com2("com2=9600", 0x2f8, 3, 9600);
	expect_com2("com2=57600,8n1,0x2e8,0 safe", 0x2e8, 0, 57600);
	expect_com2("com2=,,1000", 1000, 3, 115200);
	expect_com2("com2=,,,", 0x2f8, 3, 115200);
	expect_com2("com2=x com2=,,,5", 0x2f8, 5, 115200);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(has_com2(bad[i], &uart));
		assert_non_null(strstr(log_text, "there is no second serial line"));
	}
	assert_false(has_com2("com20 com1=9600", &uart));
	assert_string_equal(log_text, "");
	assert_false(has_com2("com2=,,0x3f1", &uart));
	assert_non_null(strstr(log_text, "the first serial line's"));
	info.serial_port = 0;
	expect_com2("com2=,,0x3f8,4", 0x3f8, 4, 115200);
}

static void test_dates(void **state)
{
	(void)state;
	put_date((const u8[]){ 24, 12, 31, 0x80 | 12, 0, 1 }, 4);	/* binary, 12 hours: 12 pm is noon */
	assert_int_equal(clock_rtc_seconds(), 1735646401);
	put_date((const u8[]){ 24, 1, 1, 12, 0, 0 }, 4);		/* 12 am is midnight */
	assert_int_equal(clock_rtc_seconds(), 1704067200);
	put_date((const u8[]){ 24, 13, 1, 0, 0, 0 }, 6);
	assert_int_equal(clock_rtc_seconds(), 0);
	memset(cmos, 0xff, sizeof(cmos));				/* there is none */
	assert_int_equal(clock_rtc_seconds(), 0);
}

static void test_power(void **state)
{
	(void)state;
	assert_int_equal(platform_start(&info, &boot), ST_OK);
	writes[0] = 0;
	assert_int_equal(platform_power_off(), ST_UNSUPPORTED);
	assert_int_equal(strncmp(writes, "604.2=3401 8900.1=53 8900.1=68 ", 31), 0);
	assert_int_equal(pm1a, 1);		/* the BIOS was asked for the registers */
	writes[0] = 0;
	assert_int_equal(platform_reboot(), ST_UNSUPPORTED);
	assert_string_equal(writes, "cf9.1=6 cf9.1=2 cf9.1=6 64.1=fe reboot");
	acpi.reset = (struct acpi_register){ .space = ACPI_SPACE_PCI, .address = 0x1f000200dcull };
	writes[0] = 0;
	assert_int_equal(platform_reboot(), ST_UNSUPPORTED);
	assert_string_equal(writes, "cf8.4=8000fadc cfc.1=6 cf9.1=2 cf9.1=6 64.1=fe reboot");
	acpi.reset = (struct acpi_register){ .space = ACPI_SPACE_IO, .address = 0x10000 };
	writes[0] = 0;
	assert_int_equal(platform_reboot(), ST_UNSUPPORTED);
	assert_string_equal(writes, "cf9.1=2 cf9.1=6 64.1=fe reboot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start, new_machine),
		cmocka_unit_test_setup(test_where_tables_are, new_machine),
		cmocka_unit_test_setup(test_no_tables, new_machine),
		cmocka_unit_test_setup(test_pcpus_that_fail, new_machine),
		cmocka_unit_test_setup(test_more_than_there_may_be, new_machine),
		cmocka_unit_test_setup(test_mitigations, new_machine),
		cmocka_unit_test_setup(test_phantoms, new_machine),
		cmocka_unit_test_setup(test_command_line, new_machine),
		cmocka_unit_test_setup(test_com2, new_machine),
		cmocka_unit_test_setup(test_dates, new_machine),
		cmocka_unit_test_setup(test_power, new_machine),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
