/* SPDX-License-Identifier: MIT */
/*
 * Destruction steps for the kinds of objects a test doesn't link: IRQ objects take as many steps as the test says, the
 * others one. MEM is weak: a test may link the real one.
 */
#ifndef VOS_FAKE_OBJECTS_H
#define VOS_FAKE_OBJECTS_H

#include "irq.h"
#include "mem.h"
#include "pd.h"
#include "thread.h"
#include "types.h"
#include "vcpu.h"
#include "vm.h"

extern u32 fake_steps_left, fake_steps_taken;

#endif
