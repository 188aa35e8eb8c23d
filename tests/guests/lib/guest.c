/* SPDX-License-Identifier: MIT */
/*
 * guest.c - see guest.h.
 */
#include "guest.h"

extern u8 trap_stubs[256][16];
extern u64 extable_start[], extable_end[];
extern u32 start_info_address;
void guest_start(void);
void guest_trap(struct trap *t);

char guest_cmdline[2048];
trap_handler *trap_handlers[256];
volatile u32 fault_vector;
volatile u64 fault_error, fault_address;
static u32 passed, failed;

/* ---- output ---- */
#define COM1 0x3f8

void put_char(char c)
{
	if (c == '\n')
		put_char('\r');
	while (!(in8(COM1 + 5) & 0x20))
		;
	out8(COM1, (u8)c);
}

void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

void put_decimal(u64 value)
{
	if (value >= 10)
		put_decimal(value / 10);
	put_char((char)('0' + value % 10));
}

void put_hex(u64 value)
{
	put_text("0x");
	for (int shift = 60; shift >= 0; shift -= 4)
		if (shift == 0 || value >> shift)
			put_char("0123456789abcdef"[value >> shift & 15]);
}

/* ---- expectations ---- */
void ok(bool is_true, const char *name)
{
	put_text(is_true ? "ok " : "FAIL ");
	put_text(name);
	put_char('\n');
	if (is_true)
		passed++;
	else
		failed++;
}

void ok_equal(u64 got, u64 want, const char *name)
{
	if (got == want) {
		ok(true, name);
		return;
	}
	put_text("FAIL ");
	put_text(name);
	put_text(": got ");
	put_hex(got);
	put_text(", want ");
	put_hex(want);
	put_char('\n');
	failed++;
}

void fault_reset(void)
{
	fault_vector = 0;
	fault_error = 0;
	fault_address = 0;
}

void ok_fault(u32 vector, const char *name)
{
	ok_equal((u32)(fault_vector - 1), vector, name);
	fault_reset();
}

/* ACPI S5: the sleep control register of the modern platform, PM1 control of the pc (vmm/dev/platform.h). */
_Noreturn void guest_finish(void)
{
	put_text("DONE ");
	put_decimal(passed);
	put_text(" passed, ");
	put_decimal(failed);
	put_text(" failed\n");
	if (guest_has("pc"))
		out16(0x604, 5 << 10 | 1 << 13);
	else
		out8(0x600, 5 << 2 | 1 << 5);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- traps ---- */
struct gate { u16 offset0, selector; u8 ist, type; u16 offset1; u32 offset2, zero; };
static struct gate idt[256] __attribute__((aligned(16)));

void guest_idt_load(void)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void idt_init(void)
{
	for (u32 i = 0; i < 256; i++) {
		u64 stub = (u64)trap_stubs[i];

		idt[i] = (struct gate){ (u16)stub, 8, 0, 0x8e, (u16)(stub >> 16), (u32)(stub >> 32), 0 };
	}
	guest_idt_load();
}

void guest_trap(struct trap *t)
{
	if (trap_handlers[t->vector]) {
		trap_handlers[t->vector](t);
		return;
	}
	for (u64 *e = extable_start; e < extable_end; e += 2)
		if (e[0] == t->rip) {
			fault_vector = (u32)t->vector + 1;
			fault_error = t->error;
			fault_address = READ_CR(2);
			t->rip = e[1];
			return;
		}
	put_text("FAIL unexpected trap ");
	put_decimal(t->vector);
	put_text(" error ");
	put_hex(t->error);
	put_text(" rip ");
	put_hex(t->rip);
	put_text(" cr2 ");
	put_hex(READ_CR(2));
	put_char('\n');
	failed++;
	guest_finish();
}

/* ---- processor ---- */
u64 read_msr(u32 msr)
{
	u32 a = 0, d = 0;

	__asm__ volatile(TRY("rdmsr") : "+a"(a), "+d"(d) : "c"(msr) : "memory");
	return (u64)d << 32 | a;
}

void write_msr(u32 msr, u64 value)
{
	__asm__ volatile(TRY("wrmsr") : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

bool is_amd(void)
{
	return cpuid(0, 0).b == 0x68747541;
}

void apic_init(void)
{
	write_msr(0x1b, read_msr(0x1b) | 1 << 10 | 1 << 11);
	write_msr(X2APIC(APIC_SVR), 0x1ff);
}

/* ---- command line ---- */
static const char *find_word(const char *word)
{
	for (const char *p = guest_cmdline; *p; p++) {
		const char *a = word, *b = p;

		if (p != guest_cmdline && p[-1] != ' ')
			continue;
		while (*a && *a == *b)
			a++, b++;
		if (!*a && (a[-1] == '=' || *b == 0 || *b == ' '))
			return b;
	}
	return NULL;
}

bool guest_has(const char *word)
{
	return find_word(word) != NULL;
}

u64 guest_number(const char *key, u64 otherwise)
{
	const char *p = find_word(key);
	u64 value = 0;

	if (!p)
		return otherwise;
	for (; *p >= '0' && *p <= '9'; p++)
		value = value * 10 + (u64)(*p - '0');
	return value;
}

/* struct hvm_start_info: magic, version, flags, modules count (4 bytes each), modules, command line (8 bytes each) */
void guest_start(void)
{
	const u8 *info = (const u8 *)(u64)start_info_address;
	const char *text = (const char *)*(const u64 *)(info + 24);

	for (u32 i = 0; text && i < sizeof(guest_cmdline) - 1 && text[i]; i++)
		guest_cmdline[i] = text[i];
	out8(COM1 + 1, 0);
	out8(COM1 + 3, 3);
	out8(COM1 + 2, 7);
	idt_init();
	guest_main();
	guest_finish();
}

void *memset(void *to, int byte, size_t count)
{
	u8 *p = to;

	while (count--)
		*p++ = (u8)byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t count)
{
	u8 *p = to;
	const u8 *q = from;

	while (count--)
		*p++ = *q++;
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const u8 *p = a, *q = b;

	for (; count--; p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}
