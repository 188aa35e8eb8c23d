/* SPDX-License-Identifier: MIT */
/*
 * report_definitions.c - where the definitions of VMs are kept, as it is told at the start and when that changes.
 */
#include "report.h"

void report_definitions(const struct out *out, const struct definitions_report *r)
{
	switch ((enum definitions_place)r->place) {
	case DEFINITIONS_SEARCHED:
		out_text(out, r->pool[0] ? "Definitions of VMs are still being read.\n" :
			"Definitions of VMs: disks are still coming.\n");
		break;
	case DEFINITIONS_IN_RAM:
		out_text(out, "Definitions of VMs are kept in RAM only: create-pool makes them last.\n");
		break;
	case DEFINITIONS_IN_POOL:
		out_format(out, "Definitions of VMs are kept in pool %s.\n", r->pool);
		break;
	case DEFINITIONS_NOT_WRITTEN:
		out_format(out, "Definitions of VMs: pool %s did not take the last ones; see log.\n", r->pool);
		break;
	case DEFINITIONS_DAMAGED:
		out_format(out, "Definitions of VMs are kept in RAM only: those in pool %s are damaged.\n", r->pool);
		break;
	case DEFINITIONS_TWICE:
		out_format(out, "Definitions of VMs are kept in RAM only: pools %s and %s\nboth have some, and "
			"none are applied. import-pool takes over the one that is\n"
			"another machine's; those of the other one are applied then.\n", r->pool, r->other);
		break;
	case DEFINITIONS_AWAITED:
		out_format(out, "Definitions of VMs are kept in RAM only: pool %s, which waits\nfor a disk, may have "
			"others. list-pool shows it, open-pool %s opens it without.\n", r->pool, r->pool);
		break;
	case DEFINITIONS_PLACE_COUNT:
		break;
	}
}
