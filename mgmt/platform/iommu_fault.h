/* SPDX-License-Identifier: MIT */
/*
 * iommu_fault.h - a request of a device that an IOMMU refused.
 */
#ifndef VOS_IOMMU_FAULT_H
#define VOS_IOMMU_FAULT_H

#include "types.h"

struct iommu_fault {
	u16 bdf;		/* as the request carried it */
	u8 reason;		/* VT-d: fault reason (VT-d 4.0, 7.3); AMD: event code (AMD 3.07, 2.5) */
	bool is_write;
	bool is_interrupt;	/* the address means nothing */
	u64 address;		/* that the device asked for */
};

#endif
