/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of the virtio block driver.
 */
#include "virtio_blk.h"

int main(void)
{
	blk_main(&virtio_blk_ops);
}
