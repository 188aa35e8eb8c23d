/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the ATA driver.
 */
#include "ata.h"

int main(void)
{
	blk_main(&ata_ops);
}
