/* SPDX-License-Identifier: MIT */
/*
 * guid.h - a new GUID: random, or at least of this moment. Version 4, variant 1 (RFC 4122, section 4.4).
 */
#ifndef VOS_ROOT_GUID_H
#define VOS_ROOT_GUID_H

#include "store.h"

void guid_choose(u8 guid[STORE_GUID_BYTES]);

#endif
