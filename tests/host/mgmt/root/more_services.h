/* SPDX-License-Identifier: MIT */
/*
 * more_services.h - tables of services, wires and clients with five services and two clients more than the product has,
 * in place of its own.
 */
#ifndef VOS_MORE_SERVICES_H
#define VOS_MORE_SERVICES_H

#include "wires.h"

enum { MORE_DISK = SERVICE_COUNT, MORE_NET, MORE_STORAGE, MORE_USERS, MORE_LOGS, MORE_SERVICES };

/* Behind them two that are not started: one has no program, one no device. */
#define MORE_ROWS (MORE_SERVICES + 2)

/* The users' service may look and hears of events, the logs' one may look and manage. */
enum { MORE_USERS_REQUEST = WIRE_COUNT, MORE_USERS_REPLY, MORE_LOGS_REQUEST, MORE_LOGS_REPLY };
enum { CLIENT_CONSOLE, CLIENT_USERS, CLIENT_LOGS };

#define MORE_DEVICE_AT 0x90000000ull
#define MORE_IRQ_SLOT 9u
#define MORE_IRQ_BADGE BIT64(9)

#endif
