/*
 * boot_parse_pvh with an arbitrary start structure and memory: no pointer is followed out of what `read` gives, strings
 * end, counts hold.
 */
/* sources: boot/pvh.c boot/parse.c */
#include <stdlib.h>
#include <string.h>

#include "boot_info.h"
#include "range.h"
#include <xen/arch-x86/hvm/start_info.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct memory {
	const u8 *bytes;
	u64 size;
};

static const void *read_memory(void *ctx, hpa_t at, u64 bytes)
{
	const struct memory *m = ctx;

	return range_ok(at.raw, bytes, m->size) ? m->bytes + at.raw : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	struct hvm_start_info start;
	struct memory m = { .bytes = data, .size = size };
	u32 dropped, i;

	if (size < sizeof(start))
		return 0;
	memcpy(&start, data, sizeof(start));
	/* Small pointers and counts, so that most lead somewhere. */
	start.magic = XEN_HVM_START_MAGIC_VALUE;
	start.modlist_paddr %= 2 * size;
	start.cmdline_paddr %= 2 * size;
	start.memmap_paddr %= 2 * size;
	if (boot_parse_pvh(&start, sizeof(start), read_memory, &m, &info, &dropped) != ST_OK)
		return 0;
	if (info.range_count == 0 || info.range_count > BOOT_RANGES || info.module_count > BOOT_INFO_MODULES ||
	    !memchr(info.cmdline, '\0', sizeof(info.cmdline)))
		abort();
	for (i = 0; i < info.module_count; i++) {
		const char *name = info.modules[i].string;

		if (!memchr(name, '\0', sizeof(info.modules[i].string)) || name[0] == '\0')
			abort();
	}
	return 0;
}
