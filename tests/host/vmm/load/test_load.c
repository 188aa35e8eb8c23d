/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The image loaders: one good image of each kind is built, loaded and looked at; then the same image with one thing
 * wrong at a time must be refused in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <asm/bootparam.h>
#include <linux/elf.h>

#include "load.h"

#include <xen/arch-x86/hvm/start_info.h>

#define RAM_BYTES (16 * MIB)
#define FILE_BYTES (64 * 1024)

static u8 *ram;
static u8 file[FILE_BYTES], initrd[5000], module[300];
static struct guest_memory memory;
static struct memory_map map;

static bool try_load(u64 size, u32 images, const char *cmdline, struct load_result *out)
{
	struct load_image list[3] = { { NULL, size, IMAGE_KERNEL, "kernel" },
				      { initrd, sizeof(initrd), IMAGE_INITRD, "initrd x=1" },
				      { module, sizeof(module), IMAGE_MODULE, "module" } };
	struct load_input in = { .memory = &memory,
				 .map = &map,
				 .images = list,
				 .image_count = images,
				 .cmdline = cmdline,
				 .rsdp = BIOS_START };
	u8 *exact = malloc(size ? size : 1);	/* so that a read past the end is seen */
	bool ok;

	memcpy(exact, file, size);
	list[0].bytes = exact;
	memset(ram, 0, RAM_BYTES);
	ok = load(&in, out);
	free(exact);
	assert_true(ok || out->why);
	return ok;
}

static void put(u64 at, u64 value, u32 bytes)
{
	assert_true(at + bytes <= FILE_BYTES);
	memcpy(file + at, &value, bytes);
}

static void expect_refused(u64 size, u32 images, const char *word)
{
	struct load_result out;

	if (try_load(size, images, "", &out))
		fail_msg("loaded, though: %s", word);
	if (!strstr(out.why, word))
		fail_msg("refused with \"%s\", expected \"%s\"", out.why, word);
}

/* ---- Linux ---- */

#define LINUX_SETUP (5 * 512)
#define LINUX_BYTES (LINUX_SETUP + 4096)
#define H(field) (0x1f1 + offsetof(struct setup_header, field))

static void make_linux(void)
{
	memset(file, 0, sizeof(file));
	memset(file + LINUX_SETUP, 0x5a, 4096);
	put(H(setup_sects), 4, 1);
	put(H(boot_flag), 0xaa55, 2);
	put(H(jump), 0x6aeb, 2);	/* header up to 26Ch */
	put(H(header), 0x53726448, 4);
	put(H(version), 0x020f, 2);
	put(H(loadflags), LOADED_HIGH, 1);
	put(H(initrd_addr_max), 0x7fffffff, 4);
	put(H(pref_address), 2 * MIB, 8);
	put(H(init_size), 4 * MIB, 4);
	put(H(relocatable_kernel), 1, 1);
	put(H(xloadflags), XLF_KERNEL_64, 2);
	put(H(cmdline_size), 2047, 4);
}

static void test_linux(void **state)
{
	const struct boot_params *params = (const void *)(ram + BOOT_INFO);
	struct load_result out;

	(void)state;
	make_linux();
	assert_true(try_load(LINUX_BYTES, 2, "console=ttyS0", &out));
	assert_int_equal(out.mode, LOAD_LONG);
	assert_true(out.entry == 2 * MIB + 0x200 && out.rsi == BOOT_INFO);
	assert_memory_equal(ram + 2 * MIB, file + LINUX_SETUP, 4096);
	assert_string_equal((char *)ram + params->hdr.cmd_line_ptr, "console=ttyS0");
	assert_true(params->acpi_rsdp_addr == BIOS_START);
	assert_int_equal(params->hdr.type_of_loader, 0xff);
	assert_int_equal(params->hdr.ramdisk_size, sizeof(initrd));
	assert_true(params->hdr.ramdisk_image == RAM_BYTES - 8192);
	assert_memory_equal(ram + params->hdr.ramdisk_image, initrd, sizeof(initrd));
	assert_int_equal(params->e820_entries, 4);
	assert_true(params->e820_table[3].addr == MIB && params->e820_table[3].size == RAM_BYTES - MIB &&
		    params->e820_table[3].type == 1);
	/* without a 64-bit entry */
	put(H(xloadflags), 0, 2);
	assert_true(try_load(LINUX_BYTES, 1, "", &out));
	assert_true(out.mode == LOAD_PROTECTED && out.entry == 2 * MIB);
	/* initrd below the limit the kernel names */
	put(H(initrd_addr_max), 8 * MIB - 1, 4);
	assert_true(try_load(LINUX_BYTES, 2, "", &out));
	assert_true(params->hdr.ramdisk_image == 8 * MIB - 8192);
}

static void test_linux_bad(void **state)
{

	(void)state;
	make_linux();
	expect_refused(LINUX_BYTES, 3, "no modules");
	expect_refused(LINUX_SETUP, 1, "cut off");
	expect_refused(0x200, 1, "neither");
	expect_refused(0, 1, "neither");
	put(H(version), 0x0207, 2);
	expect_refused(LINUX_BYTES, 1, "needs a BIOS");
	make_linux();
	put(H(loadflags), 0, 1);
	expect_refused(LINUX_BYTES, 1, "needs a BIOS");
	make_linux();
	put(H(init_size), 0xffffffff, 4);
	expect_refused(LINUX_BYTES, 1, "more memory");
	/* Also a relocatable one goes to its preferred address by itself. */
	make_linux();
	put(H(pref_address), 64 * MIB, 8);
	put(H(init_size), 5 * MIB - 1, 4);
	expect_refused(LINUX_BYTES, 1, "more memory than the VM has: 69 MiB");
	put(H(relocatable_kernel), 0, 1);
	put(H(pref_address), ~0ull - 100, 8);
	expect_refused(LINUX_BYTES, 1, "more memory");
	put(H(pref_address), 0, 8);
	expect_refused(LINUX_BYTES, 1, "where the BIOS is");
	make_linux();
	put(H(initrd_addr_max), 100, 4);
	expect_refused(LINUX_BYTES, 2, "initrd does not fit");
	put(H(initrd_addr_max), 3 * MIB, 4);	/* inside the kernel */
	expect_refused(LINUX_BYTES, 2, "initrd does not fit");
}

/* What the kernel would cut off is refused: 2047 characters, or as many as its header says. */
static void test_linux_cmdline(void **state)
{
	static const struct { u32 version, size, limit; } kernels[] = {
		{ 0x020f, 2047, 2047 }, { 0x020f, 5000, 2047 }, { 0x0208, 1024, 1024 },
	};
	static char line[CMDLINE_BYTES + 1];
	struct load_result out;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(kernels); i++) {
		make_linux();
		put(H(version), kernels[i].version, 2);
		put(H(cmdline_size), kernels[i].size, 4);
		memset(line, 0, sizeof(line));
		memset(line, 'x', kernels[i].limit);
		assert_true(try_load(LINUX_BYTES, 1, line, &out));
		assert_string_equal((char *)ram + BOOT_CMDLINE, line);
		line[kernels[i].limit] = 'x';
		assert_false(try_load(LINUX_BYTES, 1, line, &out));
		assert_non_null(strstr(out.why, "command line"));
	}
}

/* ---- ELF: PVH and Multiboot ---- */

#define PH(i) (64 + (i) * sizeof(struct elf64_phdr))
#define NOTE_AT 0x200
#define MB_AT 0x300
#define TEXT_AT 0x1000

static void put_segment(u32 i, u32 type, u64 offset, u64 physical, u64 file_bytes, u64 memory_bytes)
{
	struct elf64_phdr p = { .p_type = type,
				.p_offset = offset,
				.p_vaddr = 0xffffffff80000000ull + physical,
				.p_paddr = physical,
				.p_filesz = file_bytes,
				.p_memsz = memory_bytes,
				.p_align = type == PT_NOTE ? 4 : 4096 };

	memcpy(file + PH(i), &p, sizeof(p));
}

static void make_elf64(void)
{
	struct elf64_hdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			       .e_type = 2,
			       .e_machine = EM_X86_64,
			       .e_entry = 0xffffffff80100010ull,
			       .e_phoff = 64,
			       .e_phentsize = sizeof(struct elf64_phdr),
			       .e_phnum = 2 };

	memset(file, 0, sizeof(file));
	memcpy(file, &h, sizeof(h));
	put_segment(0, PT_LOAD, TEXT_AT, MIB, 0x2000, 0x5000);
	memset(file + TEXT_AT, 0x77, 0x2000);
}

static void make_pvh(void)
{
	make_elf64();
	put_segment(1, PT_NOTE, NOTE_AT, 0, 20, 20);
	put(NOTE_AT, 4, 4);		/* name */
	put(NOTE_AT + 4, 4, 4);		/* descriptor */
	put(NOTE_AT + 8, 18, 4);	/* XEN_ELFNOTE_PHYS32_ENTRY */
	memcpy(file + NOTE_AT + 12, "Xen", 4);
	put(NOTE_AT + 16, MIB + 0x20, 4);
}

static void test_pvh(void **state)
{
	const struct hvm_start_info *info = (const void *)(ram + BOOT_INFO);
	const struct hvm_modlist_entry *list;
	struct load_result out;

	(void)state;
	make_pvh();
	assert_true(try_load(FILE_BYTES, 3, "a b", &out));
	assert_int_equal(out.mode, LOAD_PROTECTED);
	assert_true(out.entry == MIB + 0x20 && out.rbx == BOOT_INFO);
	assert_int_equal(info->magic, XEN_HVM_START_MAGIC_VALUE);
	assert_int_equal(info->version, 1);
	assert_string_equal((char *)ram + info->cmdline_paddr, "a b");
	assert_int_equal(info->nr_modules, 2);
	assert_int_equal(info->memmap_entries, 4);
	list = (const void *)(ram + info->modlist_paddr);
	assert_true(list[0].paddr == MIB + 0x5000 && list[0].size == sizeof(initrd));
	assert_true(list[1].paddr == MIB + 0x7000 && list[1].size == sizeof(module));
	assert_memory_equal(ram + list[1].paddr, module, sizeof(module));
	assert_string_equal((char *)ram + list[0].cmdline_paddr, "initrd x=1");
	assert_string_equal((char *)ram + list[1].cmdline_paddr, "module");
	assert_memory_equal(ram + MIB, file + TEXT_AT, 0x2000);
	assert_int_equal(ram[MIB + 0x2000], 0);
}

static void test_elf_bad(void **state)
{
	static const struct { u64 at, value; u32 bytes; const char *word; } bad[] = {
		{ PH(0) + 8, FILE_BYTES, 8, "outside the file" },		/* offset */
		{ PH(0) + 8, ~0ull - 10, 8, "outside the file" },
		{ PH(0) + 32, ~0ull, 8, "outside the file" },			/* file size */
		{ PH(0) + 40, 0x100, 8, "larger in the file" },			/* memory size */
		{ PH(0) + 40, ~0ull, 8, "does not fit" },
		{ PH(0) + 24, RAM_BYTES - 0x1000, 8, "does not fit" },		/* physical address */
		{ PH(0) + 24, ~0ull - 0x1000, 8, "does not fit" },
		{ PH(0) + 24, 0x4ff, 8, "BIOS data" },				/* over real mode's data */
		{ PH(0) + 24, 0x8b001, 8, "boot or BIOS data" },		/* its last byte over the boot data */
		{ PH(0) + 24, 0xfe000, 8, "BIOS data" },			/* over the ACPI tables */
		{ PH(0), 6, 4, "nothing to load" },
		{ 32, ~0ull, 8, "outside the file" },				/* program header offset */
		{ 54, 55, 2, "odd size" },
		{ 56, 0, 2, "program headers" },
		{ 56, 65535, 2, "program headers" },
		{ 18, EM_386, 2, "not for x86" },
		{ 5, 2, 1, "little-endian" },
		{ 4, 9, 1, "cut off" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		make_pvh();
		/* a Multiboot header too, so that the file is not refused for want of a loader */
		put(MB_AT, 0x1badb002, 4);
		put(MB_AT + 8, 0u - 0x1badb002u, 4);
		put(bad[i].at, bad[i].value, bad[i].bytes);
		expect_refused(FILE_BYTES, 1, bad[i].word);
	}
	make_pvh();
	for (u64 size = 0; size < 0x300; size += 7)
		expect_refused(size, 1, "");
	put(NOTE_AT, ~0u, 4);	/* a name that reaches out of the note: no note */
	expect_refused(FILE_BYTES, 1, "neither");
	make_pvh();
	put(NOTE_AT + 4, ~0u, 4);
	expect_refused(FILE_BYTES, 1, "neither");
	make_pvh();
	put_segment(0, PT_LOAD, TEXT_AT, RAM_BYTES - 0x6000, 0x2000, 0x5000);
	expect_refused(FILE_BYTES, 2, "modules do not fit");
}

struct mb_module { u32 start, end, string, zero; };

static void test_multiboot_elf(void **state)
{
	const u32 *info = (const void *)(ram + BOOT_INFO);
	const struct mb_module *list;
	struct load_result out;

	(void)state;
	make_elf64();
	put(MB_AT, 0x1badb002, 4);
	put(MB_AT + 4, 3, 4);
	put(MB_AT + 8, 0u - 3 - 0x1badb002u, 4);
	assert_true(try_load(FILE_BYTES, 3, "kernel arg", &out));
	assert_true(out.mode == LOAD_PROTECTED && out.rax == 0x2badb002 && out.rbx == BOOT_INFO);
	assert_true(out.entry == MIB + 0x10);	/* the virtual entry, as a physical address */
	assert_int_equal(info[1], 639);
	assert_int_equal(info[2], (RAM_BYTES - MIB) / 1024);
	assert_string_equal((char *)ram + info[4], "kernel arg");
	assert_int_equal(info[5], 2);
	list = (const void *)(ram + info[6]);
	assert_true(list[0].start == MIB + 0x5000 && list[0].end == list[0].start + sizeof(initrd));
	assert_string_equal((char *)ram + list[0].string, "initrd x=1");
	assert_string_equal((char *)ram + list[1].string, "module");
	assert_memory_equal(ram + list[0].start, initrd, sizeof(initrd));
	put(MB_AT + 4, 8, 4);	/* a mandatory bit nobody knows */
	put(MB_AT + 8, 0u - 8 - 0x1badb002u, 4);
	expect_refused(FILE_BYTES, 1, "unknown");
}

static void make_kludge(u32 header_addr, u32 load_addr, u32 load_end, u32 bss_end, u32 entry)
{
	memset(file, 0x33, sizeof(file));
	put(MB_AT, 0x1badb002, 4);
	put(MB_AT + 4, BIT32(16), 4);
	put(MB_AT + 8, 0u - BIT32(16) - 0x1badb002u, 4);
	put(MB_AT + 12, header_addr, 4);
	put(MB_AT + 16, load_addr, 4);
	put(MB_AT + 20, load_end, 4);
	put(MB_AT + 24, bss_end, 4);
	put(MB_AT + 28, entry, 4);
}

static void test_multiboot_kludge(void **state)
{
	struct load_result out;

	(void)state;
	make_kludge(2 * MIB + 0x100, 2 * MIB, 2 * MIB + 0x1000, 2 * MIB + 0x9000, 2 * MIB + 0x44);
	assert_true(try_load(FILE_BYTES, 1, "", &out));
	assert_true(out.entry == 2 * MIB + 0x44);
	assert_memory_equal(ram + 2 * MIB, file + MB_AT - 0x100, 0x1000);
	assert_int_equal(ram[2 * MIB + 0x1000], 0);
	make_kludge(2 * MIB + 0x100, 2 * MIB, 0, 0, 2 * MIB);	/* to the end of the file */
	assert_true(try_load(FILE_BYTES, 1, "", &out));
	assert_int_equal(ram[2 * MIB + FILE_BYTES - (MB_AT - 0x100) - 1], 0x33);
	make_kludge(MIB, 2 * MIB, 0, 0, 0);
	expect_refused(FILE_BYTES, 1, "contradict");
	make_kludge(2 * MIB + MB_AT + 4, 2 * MIB, 0, 0, 0);	/* starts before the file */
	expect_refused(FILE_BYTES, 1, "contradict");
	make_kludge(2 * MIB, 2 * MIB, 2 * MIB - 1, 0, 0);
	expect_refused(FILE_BYTES, 1, "outside the file");
	make_kludge(2 * MIB, 2 * MIB, 0xffffffff, 0, 0);
	expect_refused(FILE_BYTES, 1, "outside the file");
	make_kludge(2 * MIB, 2 * MIB, 2 * MIB + 0x1000, 2 * MIB + 0x800, 0);
	expect_refused(FILE_BYTES, 1, "bss");
	make_kludge(2 * MIB, 2 * MIB, 2 * MIB + 0x1000, 0xffffffff, 0);
	expect_refused(FILE_BYTES, 1, "does not fit");
}

/* A kernel may lie anywhere below the boot data: what it is told and what it consists of are both whole. */
static void test_multiboot_low(void **state)
{
	static const u32 starts[] = { 0x500, 0x1000, 0x8000, BOOT_DATA - FILE_BYTES };
	const u32 *info = (const void *)(ram + BOOT_INFO);
	struct load_result out;
	struct vcpu_page page = { .dirty = 0 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(starts); i++) {
		make_kludge(starts[i] + MB_AT, starts[i], 0, 0, starts[i] + 0x40);
		assert_true(try_load(FILE_BYTES, 2, "low", &out));
		load_registers(&out, &memory, &page);
		assert_true(page.rip == starts[i] + 0x40 && out.rbx == BOOT_INFO);
		assert_memory_equal(ram + starts[i], file, FILE_BYTES);
		assert_string_equal((char *)ram + info[4], "low");
		assert_int_equal(info[5], 1);
	}
	make_kludge(BOOT_DATA - FILE_BYTES + MB_AT + 1, BOOT_DATA - FILE_BYTES + 1, 0, 0, 0);
	expect_refused(FILE_BYTES, 1, "boot or BIOS data");
	make_kludge(MB_AT, 0, 0, 0, 0x1000);
	expect_refused(FILE_BYTES, 1, "boot or BIOS data");
}

static void test_registers(void **state)
{
	struct load_result out = { .mode = LOAD_LONG, .entry = 0x200200, .rsi = BOOT_INFO };
	struct vcpu_page page;
	u64 entry;

	(void)state;
	memset(&page, 0xa5, sizeof(page));
	page.dirty = 0;
	memset(ram, 0, RAM_BYTES);
	load_registers(&out, &memory, &page);
	assert_int_equal(page.dirty, GROUP_GPR | GROUP_SEG | GROUP_CR);
	assert_true(page.rip == 0x200200 && page.gpr[GPR_RSI] == BOOT_INFO && page.gpr[GPR_RBX] == 0 &&
		    page.rflags == 2);
	assert_true((page.efer & 0x500) == 0x500 && (page.cr0 & 0x80000001) == 0x80000001 && (page.cr4 & 0x20));
	/* the identity map: the page at 3 GiB */
	memcpy(&entry, ram + page.cr3, 8);
	memcpy(&entry, ram + (entry & ~0xfffull) + 3 * 8, 8);
	memcpy(&entry, ram + (entry & ~0xfffull), 8);
	assert_true(entry == (3 * GIB | 0x83));
	out.mode = LOAD_PROTECTED;
	load_registers(&out, &memory, &page);
	assert_true(page.cr0 == 0x31 && page.efer == 0 && page.seg[SEG_CS].access == 0xc09b);
}

static int setup(void **state)
{
	(void)state;
	ram = calloc(1, RAM_BYTES);
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	memory_map_build(&map, &memory);
	memset(initrd, 0x11, sizeof(initrd));
	memset(module, 0x22, sizeof(module));
	return ram == NULL;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	return 0;
}

/* ---- Firmware ---- */

static void test_firmware(void **state)
{
	struct load_image rom = { .size = 256 * KIB, .kind = IMAGE_FIRMWARE, .name = "rom" };
	struct load_input in = { .memory = &memory, .map = &map, .images = &rom, .image_count = 1, .cmdline = "" };
	static const u64 bad[] = { 0, 1, 64 * KIB - 1, 100000, 16 * MIB + 64 * KIB };
	struct load_result out;
	u8 *bytes = malloc(rom.size);
	struct vcpu_page page = { .rip = 0xfff0 };

	(void)state;
	for (u32 i = 0; i < rom.size; i++)
		bytes[i] = (u8)(i % 251 + 1);
	rom.bytes = bytes;
	memset(ram, 0, RAM_BYTES);
	assert_true(load(&in, &out));
	assert_memory_equal(ram + 0xe0000, bytes + 128 * KIB, 128 * KIB);
	assert_int_equal(ram[0xdffff] | ram[0x100000], 0);
	load_registers(&out, &memory, &page);
	assert_true(page.seg[SEG_CS].base + page.rip == 0xfffffff0);
	assert_int_equal(page.dirty, GROUP_SEG);
	rom.size = 64 * KIB;
	memset(ram, 0, RAM_BYTES);
	assert_true(load(&in, &out));
	assert_memory_equal(ram + 0xf0000, bytes, 64 * KIB);
	assert_int_equal(ram[0xeffff], 0);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		rom.size = bad[i];
		assert_false(load(&in, &out));
		assert_non_null(strstr(out.why, "64 KiB"));
	}
	/* UEFI has its variables before it. */
	rom.kind = IMAGE_FLASH;
	rom.size = 256 * KIB;
	assert_false(load(&in, &out));
	assert_non_null(strstr(out.why, "variables"));
	free(bytes);
}

/* A ROM below 4 GiB is read as memory is, and not written. */
static void test_rom(void **state)
{
	u8 rom[64], got[64];
	struct guest_memory with_rom = { .ram = ram, .bytes = RAM_BYTES, .rom = rom, .rom_bytes = sizeof(rom) };
	u64 start = RAM_HIGH_START - sizeof(rom);

	(void)state;
	for (u32 i = 0; i < sizeof(rom); i++)
		rom[i] = (u8)(i + 1);
	assert_true(guest_memory_read(&with_rom, GPA(start), got, sizeof(got)));
	assert_memory_equal(got, rom, sizeof(rom));
	assert_true(guest_memory_read(&with_rom, GPA(RAM_HIGH_START - 1), got, 1) && got[0] == 64);
	assert_false(guest_memory_read(&with_rom, GPA(start - 1), got, 2));
	assert_false(guest_memory_read(&with_rom, GPA(RAM_HIGH_START - 1), got, 2));
	assert_false(guest_memory_read(&with_rom, GPA(RAM_HIGH_START), got, 1));
	assert_false(guest_memory_read(&memory, GPA(RAM_HIGH_START - 1), got, 1));
	assert_false(guest_memory_write(&with_rom, GPA(start), got, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),	      cmocka_unit_test(test_linux_bad),
		cmocka_unit_test(test_linux_cmdline),
		cmocka_unit_test(test_pvh),	      cmocka_unit_test(test_elf_bad),
		cmocka_unit_test(test_multiboot_elf), cmocka_unit_test(test_multiboot_kludge),
		cmocka_unit_test(test_multiboot_low), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_firmware),      cmocka_unit_test(test_rom),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
