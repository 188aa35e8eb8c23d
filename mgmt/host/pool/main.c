/* SPDX-License-Identifier: MIT */
/*
 * main.c - see vos_pool.h.
 */
#include "vos_pool.h"

int main(int argc, char **argv)
{
	int status = vos_pool(argc, argv, stdout, stderr);

	return fflush(stdout) == 0 ? status : VOS_POOL_UNREADABLE;
}
