/* SPDX-License-Identifier: MIT */
/*
 * vm_records.c - see vm_records.h.
 */
#include "vm_records.h"

#include <string.h>

static struct vm_record loaded[VM_COUNT];
static u32 loaded_count;

static struct vm_record *find(const char *name)
{
	for (u32 i = 0; i < loaded_count; i++)
		if (strcmp(loaded[i].name, name) == 0)
			return &loaded[i];
	return NULL;
}

static bool has_log(u32 slot)
{
	for (u32 i = 0; i < loaded_count; i++)
		if (loaded[i].log != 0 && loaded[i].log_slot == slot)
			return true;
	return false;
}

bool vm_records_have_log(u32 slot)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (vm_at(i) != NULL && vm_at(i)->log != 0 && vm_at(i)->log_slot == slot)
			return true;
	return has_log(slot);
}

static void drop(struct vm_record *record)
{
	*record = loaded[--loaded_count];
}

void vm_records_load(const u8 *bytes, u64 count)
{
	loaded_count = 0;
	for (u64 at = 0; at + sizeof(loaded[0]) <= count && loaded_count < VM_COUNT; at += sizeof(loaded[0])) {
		memcpy(&loaded[loaded_count], bytes + at, sizeof(loaded[0]));
		if (!vm_record_ok(&loaded[loaded_count]) || find(loaded[loaded_count].name) != NULL)
			continue;
		if (has_log(loaded[loaded_count].log_slot))	/* no two share one */
			loaded[loaded_count].log = 0;
		loaded_count++;
	}
}

void vm_records_restore(struct vm *vm)
{
	const struct vm_record *record = find(vm->name);

	if (record != NULL)
		vm_record_restore(record, vm);
}

/* A VM that is defined has its own. */
static void drop_defined(void)
{
	for (u32 i = loaded_count; i-- > 0;)
		if (vm_find(loaded[i].name) != NULL)
			drop(&loaded[i]);
}

u64 vm_records_fill(u8 *bytes)
{
	struct vm_record record;
	u32 count = 0;

	drop_defined();
	for (u32 i = 0; i < VM_COUNT; i++)
		if (vm_at(i) != NULL && vm_record_fill(&record, vm_at(i)))
			memcpy(bytes + count++ * sizeof(record), &record, sizeof(record));
	for (u32 i = 0; i < loaded_count && count < VM_COUNT; i++)
		memcpy(bytes + count++ * sizeof(record), &loaded[i], sizeof(record));
	return count * sizeof(record);
}
