/*
 * spec.h - judges what the console wants a VM to be. Pure. The spec must be a private copy.
 */
#ifndef VOS_SPEC_H
#define VOS_SPEC_H

#include "image.h"
#include "refusal.h"
#include "request.h"

#define SPEC_MEMORY_MAX (1ull << 44)	/* what the VMM's address space has room for */
#define SPEC_RESTARTS_MAX 1000u

/* True for [a-z0-9][a-z0-9-]{0,30} and a zero byte. */
bool spec_name_ok(const char name[VM_NAME_BYTES]);

/*
 * Checks every field, and fills in the default image where no kernel is named. On ERR_NONE all strings end, all
 * images exist, all numbers are in range for a machine of so many pCPUs. Whether there is memory is not asked here.
 */
struct refusal spec_judge(struct vm_spec *spec, const struct image_table *images, u32 pcpus);

#endif
