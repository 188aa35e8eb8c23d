/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the virtio network driver.
 */
#include "virtio_net.h"

int main(void)
{
	nic_main(&virtio_net_ops);
}
