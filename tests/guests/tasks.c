/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - a jump to another task by its TSS, in 32-bit code without paging. Where the processor leaves that to
 * software, the VM ends at the jump; else the second task says that it runs, and waits for ever.
 */
#include "guest.h"

/* Of a 32-bit TSS, by index of its 104 bytes (APM Vol. 2 12.2.5, SDM Vol. 3 7.2.1). */
enum { TSS_EIP = 8, TSS_EFLAGS = 9, TSS_ESP = 14, TSS_ES = 18, TSS_CS, TSS_SS, TSS_DS, TSS_FS, TSS_GS, TSS_IO = 25 };
#define TSS_WORDS 26u
#define CODE_32 0x08u
#define DATA_32 0x10u

static u32 first[TSS_WORDS], second[TSS_WORDS];
static u64 task_gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0, 0 };
static u8 stack[256] __attribute__((aligned(16)));
const char task_text[] = "ok the second task runs\r\n";

extern const u8 task_32[];
_Noreturn void jump_to_task(const void *gdtr);

/* RDI: what LGDT takes, with the two TSSs at 18h and 20h. */
__asm__(
"	.text\n"
"	.code64\n"
"	.globl jump_to_task, task_32\n"
"jump_to_task:\n"
"	pushq $0x18\n"
"	pushq $compatible\n"
"	lretq\n"
"	.code32\n"
"compatible:\n"
"	movl %cr0, %eax\n"
"	andl $0x7fffffff, %eax\n"
"	movl %eax, %cr0\n"
"	movl $0xc0000080, %ecx\n"
"	rdmsr\n"
"	andl $~0x100, %eax\n"
"	wrmsr\n"
"	lgdt (%edi)\n"
"	movl $0x10, %eax\n"
"	movl %eax, %ds\n"
"	movl %eax, %ss\n"
"	ljmp $0x08, $flat\n"
"flat:\n"
"	movl $0x18, %eax\n"
"	ltr %ax\n"
"	ljmp $0x20, $0\n"
"task_32:\n"
"	movl $task_text, %esi\n"
"	movl $0x3f8, %edx\n"
"1:	lodsb\n"
"	outb %al, %dx\n"
"	cmpb $0, (%esi)\n"
"	jne 1b\n"
"2:	cli\n"
"	hlt\n"
"	jmp 2b\n"
"	.code64\n");

/* An available 32-bit TSS. */
static u64 tss_descriptor(const u32 *tss)
{
	u64 base = (u64)tss;

	return (TSS_WORDS * 4 - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
}

void guest_main(void)
{
	static struct __attribute__((packed)) { u16 limit; u64 base; } gdtr;

	put_text("tasks: jump\r\n");
	second[TSS_EIP] = (u32)(u64)task_32;
	second[TSS_EFLAGS] = 2;
	second[TSS_ESP] = (u32)(u64)(stack + sizeof(stack));
	second[TSS_CS] = CODE_32;
	second[TSS_ES] = second[TSS_SS] = second[TSS_DS] = second[TSS_FS] = second[TSS_GS] = DATA_32;
	first[TSS_IO] = second[TSS_IO] = (TSS_WORDS * 4) << 16;
	task_gdt[3] = tss_descriptor(first);
	task_gdt[4] = tss_descriptor(second);
	gdtr.limit = sizeof(task_gdt) - 1;
	gdtr.base = (u64)task_gdt;
	jump_to_task(&gdtr);
}
