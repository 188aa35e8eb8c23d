/* SPDX-License-Identifier: MIT */
/*
 * virtio_scsi.c - requests are answered within their notification: the disc is in memory, so none is ever under way,
 * and the control queue has nothing to abort.
 */
#include "virtio_scsi.h"

#include <linux/virtio_ids.h>
#include <linux/virtio_scsi.h>
#include <string.h>

enum { QUEUE_CONTROL, QUEUE_EVENT, QUEUE_REQUEST, QUEUES };

#define CLASS_SCSI 0x010000u
#define SEGMENTS_MAX (VIRTQUEUE_SEGMENTS - 2u)	/* beside the request and the response */
#define SECTORS_MAX (SCSI_CD_BLOCKS_MAX * (SCSI_CD_BLOCK_BYTES / 512u))
#define COMMANDS_MAX 64u
#define LUN_FIRST 1u			/* first byte of an address: this form, then the target, then the unit */
#define LUN_MASK 0x3fu			/* the upper bits say how the unit's number is written */

_Static_assert(VIRTIO_SCSI_CDB_SIZE == SCSI_CD_COMMAND_BYTES, "commands");
_Static_assert(SCSI_CD_SENSE_BYTES <= VIRTIO_SCSI_SENSE_SIZE, "sense data");
_Static_assert(sizeof(struct virtio_scsi_config) <= VIRTIO_CONFIG_BYTES, "configuration");

static bool is_target(const u8 lun[8])
{
	return lun[0] == LUN_FIRST && lun[1] == 0;
}

static bool is_unit(const u8 lun[8])
{
	return (lun[2] & LUN_MASK) == 0 && lun[3] == 0;
}

/* ---- Requests ---- */

/* Returns the bytes of data that went to the guest. */
static u32 run(struct virtio_scsi *s, const struct virtio_scsi_cmd_req *request, struct virtio_scsi_cmd_resp *out)
{
	struct scsi_cd_answer *answer = &s->answer;
	u32 room = s->chain.writable_bytes - (u32)sizeof(*out), count;

	if (is_unit(request->lun))
		scsi_cd_command(&s->cd, request->cdb, answer);
	else
		scsi_cd_no_unit(answer);
	count = answer->bytes < room ? answer->bytes : room;
	if (count)
		virtqueue_write(&s->chain, sizeof(*out), answer->data, count);
	out->resid = room - count;
	out->status = answer->status;
	if (answer->status != 0) {
		out->sense_len = SCSI_CD_SENSE_BYTES;
		memcpy(out->sense, answer->sense, SCSI_CD_SENSE_BYTES);
	}
	return count;
}

/* Returns the bytes written; 0: the driver broke a rule. */
static u32 serve_request(struct virtio_scsi *s)
{
	struct virtio_scsi_cmd_req request;
	struct virtio_scsi_cmd_resp response;
	u32 bytes = 0;

	if (virtqueue_read(&s->chain, 0, &request, sizeof(request)) != sizeof(request) ||
	    s->chain.writable_bytes < sizeof(response))
		return 0;
	memset(&response, 0, sizeof(response));
	if (is_target(request.lun))
		bytes = run(s, &request, &response);
	else
		response.response = VIRTIO_SCSI_S_BAD_TARGET;
	return virtqueue_write(&s->chain, 0, &response, sizeof(response)) + bytes;
}

/* Aborting and resetting: there is nothing under way. Asynchronous events: there are none. */
static u32 serve_control(struct virtio_scsi *s)
{
	static const u8 no_events[sizeof(struct virtio_scsi_ctrl_an_resp)];
	const u8 succeeded = VIRTIO_SCSI_S_FUNCTION_SUCCEEDED;
	u32 type;

	if (virtqueue_read(&s->chain, 0, &type, sizeof(type)) != sizeof(type))
		return 0;
	if (type == VIRTIO_SCSI_T_TMF)
		return virtqueue_write(&s->chain, 0, &succeeded, sizeof(succeeded));
	return virtqueue_write(&s->chain, 0, no_events, sizeof(no_events));
}

/* Buffers for events stay in their queue: nothing ever happens. */
static void scsi_notify(struct virtio_device *d, u32 queue)
{
	struct virtio_scsi *s = d->model;

	if (queue == QUEUE_EVENT)
		return;
	do {
		while (virtio_pop(d, queue, &s->chain)) {
			u32 written = queue == QUEUE_REQUEST ? serve_request(s) : serve_control(s);

			if (!written) {
				virtio_broken(d, "a request is too short");
				return;
			}
			virtio_push(d, queue, s->chain.head, written);
		}
	} while (virtio_has_more(d, queue));
	virtio_interrupt(d, queue);
}

static const struct virtio_type scsi_type = {
	.name = "virtio-scsi", .id = VIRTIO_ID_SCSI, .class_code = CLASS_SCSI, .notify = scsi_notify,
};

enum status virtio_scsi_init(struct virtio_scsi *s, u8 devfn, const u8 *image, u64 bytes,
			     const struct virtio_host *host, struct pci_bus *bus)
{
	const struct virtio_scsi_config config = {
		.num_queues = 1, .seg_max = SEGMENTS_MAX, .max_sectors = SECTORS_MAX, .cmd_per_lun = COMMANDS_MAX,
		.event_info_size = sizeof(struct virtio_scsi_event), .sense_size = VIRTIO_SCSI_SENSE_SIZE,
		.cdb_size = VIRTIO_SCSI_CDB_SIZE,
	};
	const struct virtio_setup setup = { .queue_count = QUEUES, .queue_size = 128, .devfn = devfn,
					    .config_bytes = sizeof(config) };
	enum status status;

	if (!scsi_cd_init(&s->cd, image, bytes))
		return ST_INVAL;
	status = virtio_init(&s->device, &scsi_type, &setup, host, bus);
	s->device.model = s;
	memcpy(s->device.config, &config, sizeof(config));
	return status;
}
