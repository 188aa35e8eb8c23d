/* SPDX-License-Identifier: MIT */
/*
 * load.h - puts a guest's images into its RAM and says in what state its first vCPU starts. Pure.
 *
 * Three kinds of kernels, told apart by content: Linux bzImage, Multiboot 1 (ELF or a.out kludge), PVH ELF; or a
 * firmware's ROM. Images are foreign:
 * every offset and length in them is judged before use, and a bad one gives a reason in words, never more.
 */
#ifndef VOS_LOAD_H
#define VOS_LOAD_H

#include "guest_memory.h"
#include "memory_map.h"
#include "vcpu_page.h"
#include "vm_layout.h"

struct load_image {
	const u8 *bytes;
	u64 size;
	u32 kind;		/* enum vmm_image_kind */
	const char *name;	/* ends with a zero byte */
};

struct load_input {
	const struct guest_memory *memory;	/* all zero yet */
	const struct memory_map *map;
	const struct load_image *images;	/* [0] is the kernel, or the firmware */
	u32 image_count;
	const char *cmdline;
	u64 rsdp;				/* GPA of the ACPI root pointer, 0 = none */
};

/* Flat 32-bit without paging; 64-bit with an identity map of 4 GiB; the reset vector, in real mode. */
enum load_mode { LOAD_PROTECTED, LOAD_LONG, LOAD_RESET };

struct load_result {
	u32 mode;		/* enum load_mode */
	u32 zero;
	u64 entry;
	u64 rax, rbx, rsi;
	const char *why;	/* load() returned false: the reason */
};

bool load(const struct load_input *in, struct load_result *out);

/*
 * The vCPU page for a result: fills GPR, SEG and CR, marks them dirty, and writes descriptor and page tables into guest
 * memory.
 */
void load_registers(const struct load_result *result, const struct guest_memory *memory, struct vcpu_page *page);

/* ---- The loaders, for load() and tests. Each returns false with out->why. ---- */

bool load_linux_is(const struct load_image *kernel);
bool load_linux(const struct load_input *in, struct load_result *out);

bool load_multiboot_is(const struct load_image *kernel);
bool load_multiboot(const struct load_input *in, struct load_result *out);

bool load_pvh_is(const struct load_image *kernel);
bool load_pvh(const struct load_input *in, struct load_result *out);

bool load_firmware_is(const struct load_image *image);
bool load_firmware(const struct load_input *in, struct load_result *out);

/* ---- Shared by the loaders ---- */

static inline bool load_fail(struct load_result *out, const char *why)
{
	out->why = why;
	return false;
}

/* Copy bytes to a GPA that must be RAM which neither boot data nor the BIOS takes. NULL, or what is wrong. */
const char *load_copy(const struct load_input *in, u64 gpa, const u8 *from, u64 count, u64 memory_count);

/* The command line at BOOT_CMDLINE. */
bool load_cmdline(const struct load_input *in, struct load_result *out);

/*
 * Copy images[1..] to pages from `end` up; first[i] is the GPA of image i. False: not enough RAM below 4 GiB.
 */
#define LOAD_IMAGES (2u + IMAGE_MODULES)
bool load_modules(const struct load_input *in, u64 end, u64 first[LOAD_IMAGES]);

/* The strings of images[1..] from GPA `at`, LOAD_STRINGS_BYTES at most: that of image i is at load_string_at(at, i). */
#define LOAD_STRINGS_BYTES ((LOAD_IMAGES - 1) * MODULE_BYTES)
bool load_strings(const struct load_input *in, u64 at);

static inline u64 load_string_at(u64 at, u32 image)
{
	return at + (image - 1) * MODULE_BYTES;
}

#endif
