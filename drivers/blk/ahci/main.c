/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the AHCI driver.
 */
#include "ahci.h"

int main(void)
{
	blk_main(&ahci_ops);
}
