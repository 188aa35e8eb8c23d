/* SPDX-License-Identifier: MIT */
/*
 * i8042.h - a keyboard controller with nothing plugged in: self-test, command byte, A20, and the reset pulse. Both
 * ports' devices never answer.
 */
#ifndef VOS_I8042_H
#define VOS_I8042_H

#include "device.h"
#include "power.h"

struct i8042 {
	struct power_ops power;
	u8 status, command_byte, output_port;
	u8 command;		/* command that waits for its data byte, 0 = none */
	u8 output;		/* byte for the guest, valid while status bit 0 is set */
};

void i8042_init(struct i8042 *k, const struct power_ops *power);

extern const struct region_ops i8042_data_region;	/* port 60h; device = struct i8042 */
extern const struct region_ops i8042_command_region;	/* port 64h; device = struct i8042 */

#endif
