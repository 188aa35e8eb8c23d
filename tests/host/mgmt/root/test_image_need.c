/* SPDX-License-Identifier: MIT */
/*
 * How much RAM an image needs: root's sum is that of the VMM's loaders, which load it into so much and not into a page
 * less; and on headers that lie it reads nothing outside the file and knows nothing.
 */
/* links: root vmm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/bootparam.h>
#include <linux/elf.h>

#include "image_need.h"
#include "load.h"

#define RAM_BYTES (64 * MIB)
#define SETUP_BYTES (5 * 512)
#define H(field) (0x1f1 + offsetof(struct setup_header, field))

static u8 *ram;
static u8 file[64 * 1024], other[3 * MIB];
static u64 file_bytes;

static void put(u64 at, u64 value, u32 bytes)
{
	assert_true(at + bytes <= sizeof(file));
	memcpy(file + at, &value, bytes);
}

static void make_linux(u64 pref, u32 init_size)
{
	memset(file, 0, sizeof(file));
	put(H(setup_sects), 4, 1);
	put(H(boot_flag), 0xaa55, 2);
	put(H(jump), 0x6aeb, 2);
	put(H(header), 0x53726448, 4);
	put(H(version), 0x020f, 2);
	put(H(loadflags), LOADED_HIGH, 1);
	put(H(initrd_addr_max), 0x7fffffff, 4);
	put(H(pref_address), pref, 8);
	put(H(init_size), init_size, 4);
	put(H(relocatable_kernel), 1, 1);
	put(H(xloadflags), XLF_KERNEL_64, 2);
	put(H(cmdline_size), 2047, 4);
	file_bytes = SETUP_BYTES + 10000;
}

/* An ELF file with two segments, and a Multiboot header in the first if wanted, else a note of PVH. */
static void make_elf(bool is_64, bool is_multiboot, u64 second, u64 second_bytes)
{
	u32 magic = 0x1badb002, header = is_64 ? 64 : 52, entry = is_64 ? 56 : 32;
	u64 physical[] = { MIB, second, 0 }, sizes[] = { 0x1000, second_bytes, 0 };

	memset(file, 0, sizeof(file));
	memcpy(file, "\x7f" "ELF\1\1\1", 7);
	file[EI_CLASS] = is_64 ? ELFCLASS64 : ELFCLASS32;
	put(16, 2, 2);
	put(18, is_64 ? EM_X86_64 : EM_386, 2);
	put(20, 1, 4);
	put(24, MIB, is_64 ? 8 : 4);
	put(is_64 ? 32 : 28, header, is_64 ? 8 : 4);
	put(is_64 ? 54 : 42, entry, 2);
	put(is_64 ? 56 : 44, 3, 2);
	for (u32 i = 0; i < 2; i++) {
		u64 at = header + i * entry;

		put(at, PT_LOAD, 4);
		put(at + (is_64 ? 8 : 4), 0x1000, is_64 ? 8 : 4);
		put(at + (is_64 ? 24 : 12), physical[i], is_64 ? 8 : 4);
		put(at + (is_64 ? 32 : 16), i ? 0 : 0x1000, is_64 ? 8 : 4);
		put(at + (is_64 ? 40 : 20), sizes[i], is_64 ? 8 : 4);
	}
	put(header + 2 * entry, PT_NOTE, 4);
	put(header + 2 * entry + (is_64 ? 8 : 4), 0x1800, is_64 ? 8 : 4);
	put(header + 2 * entry + (is_64 ? 32 : 16), 20, is_64 ? 8 : 4);
	put(0x1800, 4, 4);
	put(0x1804, 4, 4);
	put(0x1808, 18, 4);
	memcpy(file + 0x180c, "Xen", 4);
	put(0x1810, MIB, 4);
	if (is_multiboot) {
		put(0x1000, magic, 4);
		put(0x1008, 0u - magic, 4);
	}
	file_bytes = 0x2000;
}

static void make_flat(u32 load, u32 load_end, u32 bss_end)
{
	u32 words[] = { 0x1badb002, BIT32(16), 0u - 0x1badb002 - BIT32(16), load + 64, load, load_end, bss_end, load };

	memset(file, 0, sizeof(file));
	memcpy(file + 64, words, sizeof(words));
	file_bytes = 20000;
}

static u64 need(const u64 *others, u32 count)
{
	u8 *exact = malloc(file_bytes ? file_bytes : 1);	/* so that a read past the end is seen */
	u64 bytes;

	memcpy(exact, file, file_bytes);
	bytes = image_need(image_end(exact, file_bytes), others, count);
	free(exact);
	return bytes;
}

static bool loads(u64 ram_bytes, const u64 *others, u32 count)
{
	struct guest_memory memory = { .ram = ram, .bytes = ram_bytes };
	struct load_image list[3] = { { file, file_bytes, IMAGE_KERNEL, "kernel" } };
	struct memory_map map;
	struct load_input in = { .memory = &memory, .map = &map, .images = list, .image_count = 1 + count,
		.cmdline = "" };
	struct load_result out;

	memory_map_build(&map, &memory);
	for (u32 i = 0; i < count; i++)
		list[1 + i] = (struct load_image){ other, others[i], i ? IMAGE_MODULE : IMAGE_INITRD, "other" };
	return load(&in, &out);
}

/* So much is needed, and so much is enough. */
static void check(u64 wanted, const u64 *others, u32 count)
{
	u64 bytes = need(others, count);

	assert_int_equal(bytes, wanted);
	assert_true(loads((bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1), others, count));
	assert_false(loads(((bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)) - PAGE_SIZE, others, count));
}

static void sums(void **state)
{
	static const u64 two[] = { 3 * MIB, 70001 }, odd[] = { 5001 };

	(void)state;
	make_linux(16 * MIB, 10 * MIB + 100);
	check(26 * MIB + 100, NULL, 0);
	check(26 * MIB + PAGE_SIZE + 5001, odd, 1);
	make_linux(2 * MIB, 100);			/* the file is larger than what it says */
	check(2 * MIB + 10000, NULL, 0);
	put(H(version), 0x0209, 2);			/* an old one: loaded at 1 MiB, and says nothing */
	check(MIB + 10000, NULL, 0);
	for (u32 is_64 = 0; is_64 < 2; is_64++)
		for (u32 is_multiboot = 0; is_multiboot <= !is_64; is_multiboot++) {
			make_elf(is_64, is_multiboot, 9 * MIB, 123456);
			check(9 * MIB + 123456, NULL, 0);
			check(9 * MIB + 126976 + 3 * MIB + 70001, two, 2);
		}
	make_flat(2 * MIB, 0, 0);
	check(2 * MIB + 20000, NULL, 0);
	make_flat(2 * MIB, 2 * MIB + 10000, 0);
	check(2 * MIB + 10000, NULL, 0);
	make_flat(2 * MIB, 2 * MIB + 10000, 5 * MIB);
	check(5 * MIB, NULL, 0);
	check(8 * MIB + 70001, two, 2);
}

/* Nothing is known of what is no kernel, is cut off, or lies. */
static void bad_headers(void **state)
{
	static const u64 huge[] = { ~0ull };

	(void)state;
	memset(file, 0, sizeof(file));
	for (file_bytes = 0; file_bytes < 1024; file_bytes++)
		assert_int_equal(need(NULL, 0), 0);
	make_linux(~0ull, ~0u);
	assert_int_equal(need(NULL, 0), 0);
	make_linux(3 * GIB, MIB);			/* no VM has RAM there */
	assert_int_equal(need(NULL, 0), 0);
	make_linux(MIB, MIB);
	assert_int_equal(need(huge, 1), 0);
	file_bytes = SETUP_BYTES;
	assert_int_equal(need(NULL, 0), 0);
	for (file_bytes = 0; file_bytes < 0x26c; file_bytes++)
		assert_int_equal(need(NULL, 0), 0);
	for (u32 is_64 = 0; is_64 < 2; is_64++) {
		make_elf(is_64, false, is_64 ? ~0ull : ~0u, ~0u);
		assert_int_equal(need(NULL, 0), 0);
		make_elf(is_64, false, 9 * MIB, 1);
		put(is_64 ? 32 : 28, ~0ull, is_64 ? 8 : 4);		/* where the program headers are */
		assert_int_equal(need(NULL, 0), 0);
		make_elf(is_64, false, 9 * MIB, 1);
		put(is_64 ? 56 : 44, 0xffff, 2);			/* how many */
		assert_int_equal(need(NULL, 0), 0);
		make_elf(is_64, false, 9 * MIB, 1);
		put(is_64 ? 54 : 42, 1, 2);				/* how large each is */
		assert_int_equal(need(NULL, 0), 0);
		make_elf(is_64, false, 9 * MIB, 1);
		for (file_bytes = 0; file_bytes < 64; file_bytes++)
			assert_int_equal(need(NULL, 0), 0);
	}
	make_flat(2 * MIB, 0, 0);
	put(64 + 12, 2 * MIB - 1, 4);			/* the header lies before its own file */
	assert_int_equal(need(NULL, 0), 0);
	put(64 + 12, 2 * MIB + 65, 4);
	assert_int_equal(need(NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sums), cmocka_unit_test(bad_headers) };

	ram = calloc(1, RAM_BYTES);
	return ram == NULL || cmocka_run_group_tests(tests, NULL, NULL);
}
