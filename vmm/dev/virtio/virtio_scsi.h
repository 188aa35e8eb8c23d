/* SPDX-License-Identifier: MIT */
/*
 * virtio_scsi.h - a virtio SCSI host (virtio 1.2, 5.6) with one target that has one unit: a CD-ROM drive. SeaBIOS, OVMF
 * and Linux boot from it.
 */
#ifndef VOS_VIRTIO_SCSI_H
#define VOS_VIRTIO_SCSI_H

#include "scsi_cd.h"
#include "virtio_pci.h"

struct virtio_scsi {
	struct virtio_device device;
	struct scsi_cd cd;
	struct scsi_cd_answer answer;
	struct virtqueue_chain chain;
};

/* `image` must outlive the device. ST_INVAL: it is no disc; as virtio_init(). */
enum status virtio_scsi_init(struct virtio_scsi *s, u8 devfn, const u8 *image, u64 bytes,
			     const struct virtio_host *host, struct pci_bus *bus) MUST_CHECK;

#endif
