/* SPDX-License-Identifier: MIT */
/*
 * serial.h - the serial driver's service: two byte rings shared with one client. What the client produces in TX goes
 * out on the line, what comes in on the line is in RX. When RX is full the driver stops taking bytes from the UART
 * and drops RTS; nothing is lost silently: bytes lost to an overrun of the UART itself are counted in `overruns`.
 */
#ifndef VOS_SERIAL_H
#define VOS_SERIAL_H

#include "ring.h"

#define SERIAL_RX_BYTES 65536u
#define SERIAL_TX_BYTES 16384u

#endif
