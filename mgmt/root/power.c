/* SPDX-License-Identifier: MIT */
/*
 * power.c - see power.h.
 */
#include "power.h"

#include "definitions.h"
#include "platform.h"
#include "reply.h"
#include "ring.h"
#include "root.h"
#include "syscalls.h"
#include "wires.h"

#define DRAIN_LIMIT_NS (2 * NS_PER_S)
#define LOOK_NS (10 * NS_PER_MS)
#define FIFO_NS (5 * NS_PER_MS)		/* 16 bytes of the UART itself */

static struct {
	bool is_planned, is_drained, is_reboot;
	u32 client, request_id;
	u64 not_before_tsc, limit_tsc;
} power;

bool power_is_planned(void)
{
	return power.is_planned;
}

void power_request(u32 client, u32 request_id, bool is_reboot)
{
	power.is_planned = true;
	power.is_drained = false;
	power.is_reboot = is_reboot;
	power.client = client;
	power.request_id = request_id;
	power.not_before_tsc = rt_time_after(&root.time, LOOK_NS);
	power.limit_tsc = rt_time_after(&root.time, DRAIN_LIMIT_NS);
}

/* Only a hint: both indices are foreign, and nonsense in them costs no more than the limit. A ring without a reader
 * stays empty. */
static bool is_empty(u32 wire)
{
	const volatile struct ring_shared *tx = ring_at(wire);

	return tx->head == tx->tail;
}

static bool are_lines_empty(void)
{
	return is_empty(WIRE_SERIAL_TX) && is_empty(WIRE_SERIAL2_TX) && is_empty(WIRE_PORT_TX);
}

static void switch_off(void)
{
	struct error_info answer = error_info_of(ERR_NO_POWEROFF, 0, 0);
	enum status st = power.is_reboot ? platform_reboot() : platform_power_off();

	power.is_planned = false;
	if (st != ST_UNSUPPORTED)
		answer = error_info_status(st);
	/* No room: it does not read, so nobody waits. */
	(void)reply_send(power.client, power.request_id, &answer, NULL);
}

u64 power_step(void)
{
	u64 now = rt_time_tsc();

	if (!power.is_planned)
		return DEADLINE_NONE;
	if (now < power.not_before_tsc)
		return power.not_before_tsc;
	if (power.is_drained || now >= power.limit_tsc) {
		switch_off();
		return 0;
	}
	power.is_drained = are_lines_empty() && definitions_are_settled();
	power.not_before_tsc = rt_time_after(&root.time, power.is_drained ? FIFO_NS : LOOK_NS);
	return power.not_before_tsc;
}
