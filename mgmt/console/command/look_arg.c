/* SPDX-License-Identifier: MIT */
/*
 * look_arg.c - see look_arg.h.
 */
#include "look_arg.h"

#include <string.h>

#include "nic_arg.h"
#include "units.h"

static bool set_target(struct args *args, const char *value, struct cmd_error *error)
{
	if (ipv4_parse(value, &args->address))
		return args->address != 0 || error_set(error, RESULT_USAGE, "0.0.0.0 is nobody's address");
	if (strchr(value, ':'))
		return error_set(error, RESULT_UNSUPPORTED, "routers send pings to IPv4 addresses alone");
	if (!name_ok(value))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is neither an IPv4 address nor a VM", value);
	strcpy(args->to, value);
	return true;
}

static bool set_count(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	if (count_parse(value, PROBES_MOST, &args->times) && args->times)
		return true;
	return error_set(error, RESULT_USAGE, "--%s needs a number from 1 to %u, not \"%.40s\"", arg_specs[arg].name,
		PROBES_MOST, value);
}

bool look_parse(struct args *args, enum arg arg, const char *value, struct cmd_error *error)
{
	if (arg == ARG_TARGET)
		return set_target(args, value, error);
	if (arg == ARG_PLACE)
		return nic_parse_place(args->name, &args->card, value, error);
	return arg == ARG_SNAP ? nic_parse_snap(&args->snap_bytes, value, error) : set_count(args, arg, value, error);
}
