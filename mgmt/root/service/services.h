/* SPDX-License-Identifier: MIT */
/*
 * services.h - the PDs that are always there, as a table: what each is made of and may reach. Adding one is a row in
 * services.c, and rows in wires.c for whom it talks to.
 */
#ifndef VOS_SERVICES_H
#define VOS_SERVICES_H

#include "root.h"
#include "status.h"
#include "types.h"
#include "wires.h"

/* Memory of root's that a service sees. */
struct map_row {
	enum shared what;
	u64 address;
	u32 rights;
};

/* What a driver drives, on this machine. */
struct service_device {
	u32 port, port_count;		/* I/O ports; 0 = none */
	u64 memory, memory_bytes;	/* physical; 0 bytes = none */
	bool has_irq;
	u32 gsi, irq_flags;
};

struct service_row {
	const char *name;		/* NULL: its program's */
	const char *program;		/* a built-in module */
	u64 heap_bytes;
	u32 class;			/* enum sched_class */
	u32 cap;			/* percent of a pCPU; 0 = none */
	u64 affinity;			/* 0 = any pCPU */
	const struct map_row *maps;
	u32 map_count;
	u64 takes_over;			/* CONSOLE_*: the kernel's outputs that are the service's once it runs */
	/* For a driver: what it gets. False: this machine has no such device, and no need of the service. */
	bool (*find_device)(struct service_device *out);
	u64 device_at;			/* where it sees the device's memory */
	u32 irq_slot;			/* its handle of the interrupt, which raises irq_badge */
	u64 irq_badge;
};

extern const struct service_row service_table[];
extern const u32 service_count;	/* with the families' places <= SERVICES_MAX */
/* The first family (families.h). */
#define SERVICE_DRIVER(number) (service_count + (number))
#define SERVICE_SWITCH(number) (SERVICE_DRIVER(DRIVER_COUNT) + (number))
#define SERVICE_ROUTER(number) (SERVICE_SWITCH(SWITCHES) + (number))

/* What rows cannot say; before the first instruction of service `id`, whose PD is h_pd. */
enum status service_prepare(u32 id, u64 h_pd) MUST_CHECK;

#endif
