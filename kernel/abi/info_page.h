/* SPDX-License-Identifier: MIT */
/*
 * info_page.h - what the kernel and root tell every PD about the machine (one page), and what the kernel tells root
 * about the boot.
 *
 * Written by the kernel before the first ring-3 instruction and in SYSTEM_CLOCK, completed by root (R) before it makes
 * another PD, and never changed again. Strings end with a zero byte.
 */
#ifndef VOS_INFO_PAGE_H
#define VOS_INFO_PAGE_H

#include "limits.h"
#include "types.h"

#define INFO_MAGIC 0x314f464e49534f56ull	/* "VOSINFO1" */

enum virt_kind { VIRT_NONE, VIRT_SVM, VIRT_VMX };

/* features_used / features_missing: hardware features VOS knows about. */
enum info_feature {
	FEAT_SVM, FEAT_NPT, FEAT_NRIPS, FEAT_DECODE_ASSISTS, FEAT_FLUSH_BY_ASID, FEAT_VGIF, FEAT_PAUSE_FILTER,
	FEAT_VMX, FEAT_EPT, FEAT_UNRESTRICTED_GUEST, FEAT_VPID, FEAT_PREEMPTION_TIMER, FEAT_TPR_SHADOW, FEAT_APICV,
	FEAT_EPT_AD,
	FEAT_PAGES_1G, FEAT_NX, FEAT_SMEP, FEAT_SMAP, FEAT_UMIP, FEAT_FSGSBASE, FEAT_PCID, FEAT_XSAVE, FEAT_XSAVEOPT,
	FEAT_X2APIC, FEAT_TSC_DEADLINE, FEAT_INVARIANT_TSC, FEAT_TSC_IN_STEP,
	FEAT_COUNT
};

enum info_screen_type { SCREEN_NONE, SCREEN_RGB, SCREEN_TEXT };		/* as Multiboot2 numbers them; 0: no use */

struct info_screen {
	u64 address;		/* physical */
	u32 pitch;		/* bytes a line */
	u32 width, height;	/* pixels; SCREEN_TEXT: letters, two bytes each */
	u8 bits_per_pixel;
	u8 type;		/* enum info_screen_type */
	u8 zero[2];
};

#define INFO_FLAWS 32u

struct info_page {
	u64 magic;
	u64 tsc_hz;		/* rate of the time stamp counter, as root found it (SYSTEM_CLOCK) */
	u64 tsc_boot;		/* TSC when the kernel started */
	u64 wall_boot_ns;	/* R: Unix time at tsc_boot, from the RTC (UTC); 0 = unknown */
	u32 pcpu_count;		/* R */
	u32 virt;		/* enum virt_kind */
	u64 features_used;	/* bit = enum info_feature. R: FEAT_TSC_DEADLINE and _IN_STEP */
	u64 features_missing;	/* known for this vendor, not there */
	u64 memory_bytes;	/* installed, as the boot loader's map says */
	char vendor[16];	/* R: CPUID vendor */
	char brand[52];		/* R: CPUID brand, or "" */
	char virt_reason[76];	/* virt == VIRT_NONE: why, in words */
	char loader[32];	/* boot loader's name */
	char firmware[16];	/* "BIOS" or "UEFI" */
	char cmdline[512];	/* the kernel's command line */
	u64 xcr0_mask;		/* extended-state components guests may have */
	u32 xsave_bytes;	/* size of the area for all of them */
	u32 serial_port;	/* I/O port of the console UART, 0 = none */
	u32 serial_irq;		/* its ISA interrupt */
	u32 serial_baud;
	struct info_screen screen;
	u64 arch_capabilities;	/* IA32_ARCH_CAPABILITIES (Intel SDM Vol. 4); 0 = there is no such MSR */
	u32 dma;		/* R: enum info_dma (root_info.h) */
	char iommu_problem[60];	/* R: why the IOMMU that is there is not used, or "" */
	u64 silicon_flaws;	/* R: bit = enum silicon_flaw (root_info.h): this processor is open to it */
	u32 microcode;		/* revision of pCPU 0's microcode (MSR 8Bh); 0 = it has none, or does not say */
	u32 signature;		/* R: CPUID 1 EAX: family, model, stepping */
	u32 threads_per_core;	/* R: of pCPU 0's core, whether VOS uses them or not */
	u8 flaws[INFO_FLAWS];	/* R: FLAW_VERDICT (root_info.h), by enum silicon_flaw */
	u32 mitigations;	/* R: MITIGATE_* (syscalls.h) that the kernel does */
};
_Static_assert(sizeof(struct info_page) <= 4096, "ABI");

/*
 * Root's view of the boot: a table of modules. Built-in ones (the programs of the other PDs) come first. Each is a
 * MEM object, readable and executable, whose handle root has; a module's bytes start at offset 0, the rest of its
 * last page is zero.
 */
struct boot_module {
	char name[48];		/* first word of the module's string, or the built-in's name; foreign: judge before
				 * use */
	u64 bytes;
	u32 handle;
	u32 built_in;
};

struct boot_page {
	u64 magic;		/* INFO_MAGIC */
	u32 module_count;
	u32 rsdp_bytes;		/* ACPI's root pointer, from the loader; 0 = none: search the BIOS areas */
	u8 rsdp[40];
	struct boot_module modules[BOOT_MODULES];
};
_Static_assert(sizeof(struct boot_page) <= 8192, "ABI");

/* Where the kernel maps things in root, and the handles root starts with. Root maps the info page into other PDs at
 * the same address. */
#define INFO_PAGE_ADDRESS 0x10000000ull		/* one page; read only in other PDs */
#define LOG_ADDRESS 0x10100000ull		/* kernel log, read only (struct log_ring) */
#define BOOT_PAGE_ADDRESS 0x10200000ull		/* root only: struct boot_page, read only, two pages */

#define HANDLE_ROOT 1u		/* the right to call root-only calls */
#define HANDLE_SELF_PD 2u	/* root's own PD, CTL */
#define HANDLE_SELF_THREAD 3u	/* root's thread, which has IOPL 3: it may use every I/O port */
#define HANDLE_INFO_MEM 4u
#define HANDLE_LOG_MEM 5u
#define HANDLE_FIRST_MODULE 16u
_Static_assert(HANDLE_FIRST_MODULE + BOOT_MODULES <= HANDLE_CHOSEN, "slots");

/*
 * The kernel log: a byte ring that only the kernel writes. `head` counts bytes ever written; byte i is at text[i %
 * LOG_BYTES]. A reader that is more than LOG_BYTES behind has lost bytes and starts again at head - LOG_BYTES. head
 * is released after the bytes.
 */
#define LOG_BYTES (64u * 1024u - 64u)
struct log_ring {
	u64 head;
	u64 zero[7];
	char text[LOG_BYTES];
};
_Static_assert(sizeof(struct log_ring) == 64 * 1024, "ABI");

#endif
