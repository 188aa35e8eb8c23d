/* SPDX-License-Identifier: MIT */
/*
 * The Multiboot2 parser: what GRUB really hands over, and every way in which a tag can lie about itself.
 */
/* links: boot */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot_info.h"
#include "multiboot2.h"

struct blob {
	u8 bytes[8192];
	u32 used;
};

static void put(struct blob *b, const void *bytes, size_t count)
{
	assert_true(b->used + count <= sizeof(b->bytes));
	memcpy(b->bytes + b->used, bytes, count);
	b->used += (u32)count;
}

static void put32(struct blob *b, u32 v)
{
	put(b, &v, sizeof(v));
}

static void put64(struct blob *b, u64 v)
{
	put(b, &v, sizeof(v));
}

static void begin(struct blob *b)
{
	memset(b, 0, sizeof(*b));
	b->used = sizeof(struct mb2_info);
}

/* Header of a tag whose contents have `bytes` bytes. */
static void tag(struct blob *b, u32 type, u32 bytes)
{
	b->used = (b->used + 7) & ~7u;
	put32(b, type);
	put32(b, (u32)sizeof(struct mb2_tag) + bytes);
}

static void string_tag(struct blob *b, u32 type, const char *s)
{
	tag(b, type, (u32)strlen(s) + 1);
	put(b, s, strlen(s) + 1);
}

static void memory_tag(struct blob *b)
{
	tag(b, MB2_MEMORY_MAP, 8 + 2 * 24);
	put32(b, 24);
	put32(b, 0);
	put64(b, 0x100000);
	put64(b, 0x3ff00000);
	put64(b, 1);
	put64(b, 0xe0000000);
	put64(b, 0x1000);
	put64(b, 77);
}

static void module_tag(struct blob *b, u32 start, u32 end, const char *string)
{
	tag(b, MB2_MODULE, 8 + (u32)strlen(string) + 1);
	put32(b, start);
	put32(b, end);
	put(b, string, strlen(string) + 1);
}

static void end(struct blob *b)
{
	tag(b, MB2_END, 0);
	memcpy(b->bytes, &b->used, sizeof(b->used));
}

/* Parses an exact-size copy, so that the sanitizer sees a byte too many. */
static enum status parse(const struct blob *b, struct boot_info *out)
{
	u8 *copy = malloc(b->used ? b->used : 1);
	enum status st;

	assert_non_null(copy);
	memcpy(copy, b->bytes, b->used);
	st = boot_parse_multiboot2(copy, b->used, out);
	free(copy);
	return st;
}

static struct boot_info info;
static struct blob b;

static void a_whole_boot(void **state)
{
	u8 rsdp[36] = "RSD PTR ";
	u32 fb[] = { 0xc0000000, 0, 4096, 1024, 768, 0x0120 };

	(void)state;
	begin(&b);
	string_tag(&b, MB2_CMDLINE, "loglvl=debug safe");
	string_tag(&b, MB2_LOADER, "GRUB 2.06");
	tag(&b, 4, 8);		/* basic memory: unknown to us */
	put64(&b, 0);
	memory_tag(&b);
	module_tag(&b, 0x400000, 0x400123, "debian-kernel some arguments");
	module_tag(&b, 0x500000, 0x500000, "");
	tag(&b, MB2_FRAMEBUFFER, sizeof(fb));
	put(&b, fb, sizeof(fb));
	tag(&b, MB2_EFI64, 8);
	put64(&b, 0x1234);
	tag(&b, MB2_ACPI_NEW, 36);
	put(&b, rsdp, 36);
	tag(&b, MB2_ACPI_OLD, 20);
	put(&b, rsdp, 20);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.dropped_ranges, 0);
	assert_string_equal(info.cmdline, "loglvl=debug safe");
	assert_string_equal(info.loader, "GRUB 2.06");
	assert_int_equal(info.firmware, BOOT_UEFI);
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.ranges[0].start.raw, 0x100000);
	assert_int_equal(info.ranges[0].type, BOOT_MEMORY_USABLE);
	assert_int_equal(info.ranges[1].type, BOOT_MEMORY_RESERVED);
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].bytes, 0x123);
	assert_string_equal(info.modules[0].string, "debian-kernel some arguments");
	assert_int_equal(info.modules[1].bytes, 0);
	assert_int_equal(info.screen.address, 0xc0000000);
	assert_int_equal(info.screen.bits_per_pixel, 32);
	assert_int_equal(info.screen.type, SCREEN_RGB);
	assert_int_equal(info.rsdp_copy_bytes, 36);
	assert_memory_equal(info.rsdp_copy, rsdp, 36);
}

static void least_there_can_be(void **state)
{
	(void)state;
	begin(&b);
	memory_tag(&b);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.screen.type, SCREEN_TEXT);
	assert_int_equal(info.rsdp_copy_bytes, 0);
	assert_int_equal(info.firmware, BOOT_BIOS);
	begin(&b);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_INVAL);	/* no memory map */
	b.used = 0;
	assert_int_equal(parse(&b, &info), ST_INVAL);
}

/* Cut anywhere, with total_bytes as it was or cut too: never accepted. */
static void cut_short(void **state)
{
	struct blob whole;
	u32 cut;

	(void)state;
	begin(&whole);
	string_tag(&whole, MB2_CMDLINE, "a b c");
	memory_tag(&whole);
	module_tag(&whole, 1, 2, "m");
	end(&whole);
	for (cut = 0; cut < whole.used; cut++) {
		b = whole;
		b.used = cut;
		assert_int_equal(parse(&b, &info), ST_INVAL);
		memcpy(b.bytes, &cut, sizeof(cut));
		assert_int_equal(parse(&b, &info), ST_INVAL);
	}
}

static void refused(u32 type, u32 claimed, const void *contents, u32 bytes)
{
	u32 at;

	begin(&b);
	memory_tag(&b);
	b.used = (b.used + 7) & ~7u;
	at = b.used;
	tag(&b, type, bytes);
	put(&b, contents, bytes);
	memcpy(b.bytes + at + 4, &claimed, sizeof(claimed));
	end(&b);
	assert_int_equal(parse(&b, &info), ST_INVAL);
}

static void tags_that_lie(void **state)
{
	static const u32 backwards[] = { 0x2000, 0x1000, 0 };
	static const u32 tiny_entries[] = { 8, 0, 1, 0, 1, 0, 1, 0 };
	static const u32 odd_entries[] = { 24, 0, 1, 0, 1, 0, 1, 0, 9, 9 };
	static const u32 huge_entries[] = { 0xfffffff0u, 0, 1, 0, 1, 0, 1, 0 };
	static const char text[8] = "xxxxxxxx";

	(void)state;
	refused(MB2_CMDLINE, 0, text, 8);		/* shorter than its header: would never end */
	refused(MB2_CMDLINE, 7, text, 8);
	refused(MB2_CMDLINE, 8, text, 8);		/* no room for the NUL */
	refused(MB2_CMDLINE, 16, text, 8);		/* no NUL */
	refused(MB2_CMDLINE, 0xfffffff8u, text, 8);
	refused(MB2_LOADER, 16, text, 8);
	refused(MB2_MODULE, 8 + 12, backwards, 12);
	refused(MB2_MODULE, 8 + 8, backwards, 8);	/* no string */
	refused(MB2_MODULE, 12, backwards, 12);
	refused(MB2_MEMORY_MAP, 12, tiny_entries, 4);
	refused(MB2_MEMORY_MAP, 8 + 32, tiny_entries, 32);
	refused(MB2_MEMORY_MAP, 8 + 40, odd_entries, 40);
	refused(MB2_MEMORY_MAP, 8 + 32, huge_entries, 32);
	refused(MB2_FRAMEBUFFER, 8 + 16, tiny_entries, 16);
	refused(MB2_ACPI_NEW, 8 + 8, text, 8);
}

static void too_many(void **state)
{
	u32 i;

	(void)state;
	begin(&b);
	tag(&b, MB2_MEMORY_MAP, 8 + 200 * 24);
	put32(&b, 24);
	put32(&b, 0);
	for (i = 0; i < 200; i++) {
		put64(&b, i * 0x10000ull);
		put64(&b, i == 3 ? 0 : 0x1000);		/* an empty one is no loss */
		put64(&b, 1);
	}
	for (i = 0; i < BOOT_INFO_MODULES + 3; i++)
		module_tag(&b, i, i + 1, "m");
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.range_count, BOOT_RANGES);
	assert_int_equal(info.module_count, BOOT_INFO_MODULES);
	assert_int_equal(info.dropped_ranges, 199 - BOOT_RANGES);
}

/* The names of those that are left out are kept, as far as there is room. */
static void too_many_modules(void **state)
{
	char name[64];

	(void)state;
	begin(&b);
	memory_tag(&b);
	for (u32 i = 0; i < BOOT_INFO_MODULES + 2; i++) {
		snprintf(name, sizeof(name), "image%u with a text", i);
		module_tag(&b, i, i + 1, name);
	}
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.module_count, BOOT_INFO_MODULES);
	assert_int_equal(info.left_out_count, 2);
	assert_string_equal(info.left_out, " image48 image49");
	begin(&b);
	memory_tag(&b);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (u32 i = 0; i < BOOT_INFO_MODULES + 20; i++)
		module_tag(&b, i, i + 1, name);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.left_out_count, 20);
	assert_int_equal(strlen(info.left_out), sizeof(info.left_out) - 1);
}

static void ranges_that_wrap_are_dropped(void **state)
{
	(void)state;
	begin(&b);
	memory_tag(&b);
	tag(&b, MB2_MEMORY_MAP, 8 + 24);
	put32(&b, 24);
	put32(&b, 0);
	put64(&b, 0xfffffffffffff000ull);
	put64(&b, 0x2000);
	put64(&b, 1);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(info.range_count, 2);
	assert_int_equal(info.dropped_ranges, 1);
}

static void long_strings_are_cut(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	begin(&b);
	memory_tag(&b);
	string_tag(&b, MB2_CMDLINE, text);
	string_tag(&b, MB2_LOADER, text);
	module_tag(&b, 0, 1, text);
	end(&b);
	assert_int_equal(parse(&b, &info), ST_OK);
	assert_int_equal(strlen(info.cmdline), sizeof(info.cmdline) - 1);
	assert_int_equal(strlen(info.loader), sizeof(info.loader) - 1);
	assert_int_equal(strlen(info.modules[0].string), sizeof(info.modules[0].string) - 1);
}

static void options(void **state)
{
	static const char line[] = "  console=com1,vga safe com1=9600 x=1 x=2  safer= tail";
	const char *value;

	(void)state;
	memset(&info, 0, sizeof(info));
	memcpy(info.cmdline, line, sizeof(line));
	value = boot_option(&info, "console");
	assert_non_null(value);
	assert_memory_equal(value, "com1,vga ", 9);
	value = boot_option(&info, "safe");
	assert_non_null(value);
	assert_memory_equal(value, " com1", 5);
	value = boot_option(&info, "x");
	assert_non_null(value);
	assert_int_equal(*value, '2');
	value = boot_option(&info, "tail");
	assert_non_null(value);
	assert_int_equal(*value, '\0');
	assert_null(boot_option(&info, "com"));
	assert_null(boot_option(&info, "tails"));
	assert_null(boot_option(&info, "vga"));
}

/* Whole frames of usable memory above 1 MiB count, nothing else. */
static void where_there_is_ram(void **state)
{
	(void)state;
	memset(&info, 0, sizeof(info));
	info.ranges[0] = (struct boot_range){ .start = HPA(0), .bytes = 0x9fc00, .type = BOOT_MEMORY_USABLE };
	info.ranges[1] = (struct boot_range){ .start = HPA(MIB), .bytes = 16 * MIB + 5, .type = BOOT_MEMORY_USABLE };
	info.ranges[2] = (struct boot_range){ .start = HPA(18 * MIB), .bytes = MIB, .type = BOOT_MEMORY_ACPI };
	info.ranges[3] = (struct boot_range){ .start = HPA(20 * MIB + 8), .bytes = 2 * PAGE_SIZE,
					      .type = BOOT_MEMORY_USABLE };
	info.range_count = 4;
	assert_false(boot_has_ram(&info, 0, MIB));
	assert_true(boot_has_ram(&info, 0, MIB + 1));
	assert_true(boot_has_ram(&info, 17 * MIB - 1, 1));
	assert_false(boot_has_ram(&info, 17 * MIB, 3 * MIB));
	assert_true(boot_has_ram(&info, 2 * MIB, PAGE_SIZE));
	assert_false(boot_has_ram(&info, 20 * MIB, PAGE_SIZE));
	assert_true(boot_has_ram(&info, 20 * MIB, PAGE_SIZE + 1));
	assert_false(boot_has_ram(&info, 20 * MIB + 2 * PAGE_SIZE, PAGE_SIZE));
	assert_true(boot_has_ram(&info, 0, ~0ull));
	assert_false(boot_has_ram(&info, ~0xfffull, PAGE_SIZE - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_boot),
		cmocka_unit_test(least_there_can_be),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(tags_that_lie),
		cmocka_unit_test(too_many),
		cmocka_unit_test(too_many_modules),
		cmocka_unit_test(ranges_that_wrap_are_dropped),
		cmocka_unit_test(long_strings_are_cut),
		cmocka_unit_test(options),
		cmocka_unit_test(where_there_is_ram),
	};

	return cmocka_run_group_tests_name("multiboot2", tests, NULL, NULL);
}
