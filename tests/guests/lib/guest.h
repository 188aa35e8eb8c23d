/* SPDX-License-Identifier: MIT */
/*
 * guest.h - what tiny guests share: output on COM1, expectations, faults that are expected, the local APIC, switching
 * off.
 *
 * A guest defines guest_main and states what it expects with ok() and ok_equal(). Output lines: `ok NAME`, `FAIL NAME
 * ...`, at the end `DONE n passed, m failed`. Then it powers off through the platform's ACPI registers.
 */
#ifndef GUEST_H
#define GUEST_H

#include "types.h"

struct trap {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

/* Guests write this. Returning from it ends the guest with the tally. */
void guest_main(void);

extern char guest_cmdline[2048];
/* True if the command line has this word; `word=` finds a value, which *value then points at. */
bool guest_has(const char *word);
u64 guest_number(const char *key, u64 otherwise);

/* ---- output ---- */
void put_char(char c);
void put_text(const char *text);
void put_decimal(u64 value);
void put_hex(u64 value);

/* ---- expectations ---- */
void ok(bool is_true, const char *name);
void ok_equal(u64 got, u64 want, const char *name);
_Noreturn void guest_finish(void);

/* ---- traps ---- */
typedef void trap_handler(struct trap *t);
/* Called for that vector before anything else; NULL = none. */
extern trap_handler *trap_handlers[256];
/* On a further CPU: the same interrupt table. */
void guest_idt_load(void);
/* The last fault that a TRY met: vector + 1, 0 = none. Reset it before. */
extern volatile u32 fault_vector;
extern volatile u64 fault_error, fault_address;

/* An instruction that may fault: execution goes on behind it. */
#define TRY(instruction) "1: " instruction "\n2:\n.pushsection .extable, \"a\"\n.quad 1b, 2b\n.popsection\n"

/* Expect `vector` (or NO_FAULT) of what follows: fault_reset(); asm(TRY(...)); ok_fault(13, "name") */
#define NO_FAULT (~0u)
void fault_reset(void);
void ok_fault(u32 vector, const char *name);

/* ---- processor ---- */
static inline void out8(u16 port, u8 v) { __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory"); }
static inline void out16(u16 port, u16 v) { __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory"); }
static inline void out32(u16 port, u32 v) { __asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory"); }
static inline u8 in8(u16 port) { u8 v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
static inline u16 in16(u16 port) { u16 v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
static inline u32 in32(u16 port) { u32 v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port) : "memory"); return v; }
static inline u64 read_tsc(void)
{
	u32 a, d;

	__asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
	return (u64)d << 32 | a;
}
struct cpuid { u32 a, b, c, d; };
static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(subleaf));
	return r;
}
/* Faults are recorded as TRY does. */
u64 read_msr(u32 msr);
void write_msr(u32 msr, u64 value);
bool is_amd(void);
#define READ_CR(n) ({ u64 v_; __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v_)); v_; })
#define WRITE_CR(n, v) __asm__ volatile(TRY("mov %0, %%cr" #n) : : "r"((u64)(v)) : "memory")
static inline void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void halt_once(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }

/* ---- local APIC, x2APIC mode (apic_init switches it on: the platforms start in xAPIC mode) ---- */
#define X2APIC(r) (0x800u + (r))
#define APIC_EOI 0x0bu
#define APIC_SVR 0x0fu
#define APIC_IRR 0x20u
#define APIC_ICR 0x30u
#define APIC_TIMER 0x32u
#define APIC_INITIAL 0x38u
#define APIC_CURRENT 0x39u
#define APIC_DIVIDE 0x3eu
#define APIC_SELF 0x3fu
void apic_init(void);

extern u8 image_end[];
extern u64 pml4[512], pdpt[512], page_directories[4][512];
extern u64 gdt[];
void *memset(void *to, int byte, size_t count);
void *memcpy(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);

#endif
