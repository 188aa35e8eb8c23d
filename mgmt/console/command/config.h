/* SPDX-License-Identifier: MIT */
/*
 * config.h - vos.conf: the switches, routers and VMs of this machine.
 *
 *	# a comment
 *	switch lan { uplink nic0 }
 *	switch nat { }
 *	router nat { outer lan; inner nat,10.1.0.1/24; forward tcp:8080:myvm:80 }
 *	default { kernel debian-kernel; initrd debian-initrd }
 *	vm myvm { cpu 1; memory 512M; cmdline "console=ttyS0"; autostart yes; restart on-failure:5 }
 *
 * The keys are the flags of create-vm. `default` gives what the VMs behind it have if they don't say otherwise.
 * `networks none;` says that this machine has no networks: without that, a switch and a router, it has the
 * default ones (apply.c).
 */
#ifndef VOS_CONFIG_H
#define VOS_CONFIG_H

#include "args.h"

/* Bytes of the text. */
struct config_span { u32 from, to; };

struct config_ops {
	/* A VM; a switch or router (its command says which); without a mistake, in the order of the file. */
	void (*vm)(void *context, const struct args *args);
	void (*network)(void *context, const struct args *args);
	/* The file says something of networks, perhaps with a mistake. */
	void (*has_networks)(void *context);
	void (*mistake)(void *context, u32 line, u32 column, const char *text);
	void *context;
	/* After each statement: where it is; it had no mistake. May be NULL. */
	void (*statement)(void *context, struct config_span span, bool is_right);
};

/* Reads the whole text; a block with a mistake is left out, and only the first mistake of each is reported. */
void config_parse(const char *text, size_t length, const struct config_ops *ops);

#endif
