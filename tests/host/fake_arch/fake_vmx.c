/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "fake_vmx.h"
#include "x86.h"

#define VMCSS 16u

static struct fake_vmcs vmcss[VMCSS];
static struct fake_vmcs *current[FAKE_PCPUS];

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "fake_vmx.c: %s\n", what);
	abort();
}

static struct fake_vmcs *find(const void *at)
{
	const u64 address = *(const u64 *)at;

	for (u32 i = 0; i < VMCSS; i++) {
		if (vmcss[i].address == 0)
			vmcss[i].address = address;
		if (vmcss[i].address == address)
			return &vmcss[i];
	}
	give_up("too many VMCSs");
}

struct fake_vmcs *fake_vmcs(void)
{
	if (current[fake_here] == NULL)
		give_up("no VMCS is current");
	return current[fake_here];
}

/* Width 14:13, type 11:10, index 9:1. */
static u64 *field_at(u64 field)
{
	if ((field >> 1 & 0x1ffu) >= 64)
		give_up("no such field");
	return &fake_vmcs()->fields[(field >> 13 & 3u) << 8 | (field >> 10 & 3u) << 6 | (field >> 1 & 0x3fu)];
}

u64 vmread(u64 field)
{
	return *field_at(field);
}

void vmwrite(u64 field, u64 value)
{
	*field_at(field) = value;
}

void vmread_to(u64 field, void *to)
{
	memcpy(to, field_at(field), 8);
}

void vmwrite_from(u64 field, const u64 *from)
{
	*field_at(field) = *from;
}

void vmptrld(const void *address)
{
	struct fake_vmcs *vmcs = find(address);

	if (vmcs->is_active && vmcs->pcpu != fake_here)
		give_up("the VMCS is active on another pCPU");
	vmcs->is_active = true;
	vmcs->pcpu = fake_here;
	current[fake_here] = vmcs;
}

void vmclear(const void *address)
{
	struct fake_vmcs *vmcs = find(address);

	if (vmcs->is_active && vmcs->pcpu != fake_here)
		give_up("VMCLEAR on another pCPU than where the VMCS is active");
	vmcs->is_active = false;
	if (current[fake_here] == vmcs)
		current[fake_here] = NULL;
}

void invept(u64 type, u64 pointer)
{
	fake_invept(type, pointer);
}
