/*
 * more_services.h - tables of services and wires with six rows more than the product has, in place of its own.
 */
#ifndef VOS_MORE_SERVICES_H
#define VOS_MORE_SERVICES_H

#include "wires.h"

enum { MORE_DISK = SERVICE_COUNT, MORE_NET, MORE_STORAGE, MORE_NETWORK, MORE_USERS, MORE_LOGS, MORE_SERVICES };

#define MORE_DEVICE_AT 0x90000000ull
#define MORE_IRQ_SLOT 9u
#define MORE_IRQ_BADGE BIT64(9)

#endif
