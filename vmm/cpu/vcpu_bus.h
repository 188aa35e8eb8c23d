/* SPDX-License-Identifier: MIT */
/*
 * vcpu_bus.h - a vCPU's accesses to devices. On its own thread, the machine's lock not held. (vcpu_bus.c)
 */
#ifndef VOS_VCPU_BUS_H
#define VOS_VCPU_BUS_H

#include "types.h"

struct vcpu;

/* size: 1, 2, 4; bits of the answer beyond it mean nothing. */
u32 vcpu_port_read(struct vcpu *v, u16 port, u32 size);
void vcpu_port_write(struct vcpu *v, u16 port, u32 size, u32 value);

/* Several accesses to the same port, with nobody else's in between. */
void vcpu_port_read_all(struct vcpu *v, u16 port, u32 size, u32 *values, u32 count);
void vcpu_port_write_all(struct vcpu *v, u16 port, u32 size, const u32 *values, u32 count);

/* size: 1 to 8; what is not 1, 2, 4 or 8 becomes single bytes. The own local APIC's page among them. */
u64 vcpu_mmio_read(struct vcpu *v, u64 gpa, u32 size);
void vcpu_mmio_write(struct vcpu *v, u64 gpa, u32 size, u64 value);

#endif
