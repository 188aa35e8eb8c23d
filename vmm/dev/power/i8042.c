/* SPDX-License-Identifier: MIT */
/*
 * i8042.c - keyboard controller without keyboard or mouse.
 *
 * Commands that the controller itself answers are answered at once. What is sent on to a device gets the controller's
 * time-out answer at once too (FEh with the time-out bit), which drivers take as "nothing there" without waiting.
 */
#include "i8042.h"

#define STATUS_OUTPUT BIT32(0)	/* a byte for the guest */
#define STATUS_SYSTEM BIT32(2)	/* self-test passed */
#define STATUS_COMMAND BIT32(3)	/* the last write was to the command port */
#define STATUS_UNLOCKED BIT32(4)
#define STATUS_AUX BIT32(5)	/* the byte is the mouse's */
#define STATUS_TIMEOUT BIT32(6)

#define OUTPUT_NOT_RESET BIT32(0)
#define OUTPUT_A20 BIT32(1)

#define COMMAND_READ_BYTE 0x20u
#define COMMAND_WRITE_BYTE 0x60u
#define COMMAND_AUX_OFF 0xa7u
#define COMMAND_AUX_ON 0xa8u
#define COMMAND_AUX_TEST 0xa9u
#define COMMAND_SELF_TEST 0xaau
#define COMMAND_KEYBOARD_TEST 0xabu
#define COMMAND_KEYBOARD_OFF 0xadu
#define COMMAND_KEYBOARD_ON 0xaeu
#define COMMAND_READ_INPUT 0xc0u
#define COMMAND_READ_OUTPUT 0xd0u
#define COMMAND_WRITE_OUTPUT 0xd1u
#define COMMAND_LOOP_KEYBOARD 0xd2u
#define COMMAND_LOOP_AUX 0xd3u
#define COMMAND_TO_AUX 0xd4u
#define COMMAND_PULSE 0xf0u	/* F0h-FFh: a zero in bit 0 pulses the reset line */

#define BYTE_KEYBOARD_OFF BIT32(4)
#define BYTE_AUX_OFF BIT32(5)

#define ANSWER_SELF_TEST 0x55u
#define ANSWER_CLOCK_LOW 0x01u	/* interface test: the clock line is stuck, there is nothing */
#define ANSWER_RESEND 0xfeu

static void answer(struct i8042 *k, u32 byte, u32 flags)
{
	k->output = (u8)byte;
	k->status = (u8)((k->status & ~(STATUS_AUX | STATUS_TIMEOUT)) | STATUS_OUTPUT | flags);
}

static void write_output_port(struct i8042 *k, u8 value)
{
	k->output_port = (u8)(value | OUTPUT_NOT_RESET);
	if (!(value & OUTPUT_NOT_RESET))
		k->power.reset(k->power.ctx);
}

static void write_command(struct i8042 *k, u8 command)
{
	k->status |= STATUS_COMMAND;
	k->command = 0;
	if (command >= COMMAND_PULSE) {
		if (!(command & OUTPUT_NOT_RESET))
			k->power.reset(k->power.ctx);
		return;
	}
	switch (command) {
	case COMMAND_READ_BYTE:
		answer(k, k->command_byte, 0);
		break;
	case COMMAND_SELF_TEST:
		k->status |= STATUS_SYSTEM;
		answer(k, ANSWER_SELF_TEST, 0);
		break;
	case COMMAND_KEYBOARD_TEST:
	case COMMAND_AUX_TEST:
		answer(k, ANSWER_CLOCK_LOW, 0);
		break;
	case COMMAND_READ_INPUT:
		answer(k, 0x80, 0);	/* keyboard lock open */
		break;
	case COMMAND_READ_OUTPUT:
		answer(k, k->output_port, 0);
		break;
	case COMMAND_AUX_OFF:
		k->command_byte |= BYTE_AUX_OFF;
		break;
	case COMMAND_AUX_ON:
		k->command_byte &= (u8)~BYTE_AUX_OFF;
		break;
	case COMMAND_KEYBOARD_OFF:
		k->command_byte |= BYTE_KEYBOARD_OFF;
		break;
	case COMMAND_KEYBOARD_ON:
		k->command_byte &= (u8)~BYTE_KEYBOARD_OFF;
		break;
	case COMMAND_WRITE_BYTE:
	case COMMAND_WRITE_OUTPUT:
	case COMMAND_LOOP_KEYBOARD:
	case COMMAND_LOOP_AUX:
	case COMMAND_TO_AUX:
		k->command = command;
		break;
	default:
		break;
	}
}

static void write_data(struct i8042 *k, u8 value)
{
	u8 command = k->command;

	k->status &= (u8)~STATUS_COMMAND;
	k->command = 0;
	switch (command) {
	case COMMAND_WRITE_BYTE:
		k->command_byte = value;
		break;
	case COMMAND_WRITE_OUTPUT:
		write_output_port(k, value);
		break;
	case COMMAND_LOOP_KEYBOARD:
		answer(k, value, 0);
		break;
	case COMMAND_LOOP_AUX:
		answer(k, value, STATUS_AUX);
		break;
	case COMMAND_TO_AUX:
		answer(k, ANSWER_RESEND, STATUS_AUX | STATUS_TIMEOUT);
		break;
	default:
		answer(k, ANSWER_RESEND, STATUS_TIMEOUT);
		break;
	}
}

static u64 data_read(void *device, u64 offset, u32 size)
{
	struct i8042 *k = device;

	if (offset != 0 || size != 1)
		return ~0ull;
	k->status &= (u8)~(STATUS_OUTPUT | STATUS_AUX | STATUS_TIMEOUT);
	return k->output;
}

static void data_write(void *device, u64 offset, u32 size, u64 value)
{
	if (offset == 0 && size == 1)
		write_data(device, (u8)value);
}

static u64 command_read(void *device, u64 offset, u32 size)
{
	const struct i8042 *k = device;

	return offset == 0 && size == 1 ? k->status : ~0ull;
}

static void command_write(void *device, u64 offset, u32 size, u64 value)
{
	if (offset == 0 && size == 1)
		write_command(device, (u8)value);
}

const struct region_ops i8042_data_region = { .read = data_read, .write = data_write };
const struct region_ops i8042_command_region = { .read = command_read, .write = command_write };

void i8042_init(struct i8042 *k, const struct power_ops *power)
{
	*k = (struct i8042){ .power = *power, .status = STATUS_SYSTEM | STATUS_UNLOCKED,
			     .command_byte = BYTE_KEYBOARD_OFF | BYTE_AUX_OFF,
			     .output_port = OUTPUT_NOT_RESET | OUTPUT_A20 };
}
