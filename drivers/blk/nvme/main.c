/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the NVMe driver.
 */
#include "nvme.h"

int main(void)
{
	blk_main(&nvme_ops);
}
