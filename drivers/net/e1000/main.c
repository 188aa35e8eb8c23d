/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the driver of Intel's gigabit cards.
 */
#include "e1000.h"

int main(void)
{
	nic_main(&e1000_ops);
}
