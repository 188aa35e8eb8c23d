/* SPDX-License-Identifier: MIT */
/*
 * bulk_requests.c - see bulk_requests.h. One row an operation.
 */
#include "bulk_requests.h"

#include <string.h>

#include "client.h"
#include "image_store.h"
#include "nic_capture.h"
#include "reply.h"
#include "volume_export.h"

static struct reply reply;	/* one at a time; too big for the stack */

static bool upload_open(u32 client, const struct request *request, struct error_info *info)
{
	bool is_forced = (request->flags & REQ_FLAG_FORCE) != 0;

	(void)client;
	*info = (request->flags & REQ_FLAG_VOLUME) != 0 ? image_store_open_volume(&request->image, &reply.upload) :
		image_store_open(&request->image, is_forced, &reply.upload);
	return true;
}

static struct image_asker asker(u32 client, const struct request *request)
{
	return (struct image_asker){ client, request->id };
}

static bool upload_write(u32 client, const struct request *request, struct error_info *info)
{
	return image_store_write(asker(client, request), &request->image, info, &reply.upload);
}

static bool upload_finish(u32 client, const struct request *request, struct error_info *info)
{
	return image_store_finish(asker(client, request), request->image.upload, info);
}

static bool delete_image(u32 client, const struct request *request, struct error_info *info)
{
	return image_store_delete(asker(client, request), request->image.name,
				  (request->flags & REQ_FLAG_DRY_RUN) != 0, info);
}

static bool volume_open(u32 client, const struct request *request, struct error_info *info)
{
	*info = export_open(client, request, &reply.export);
	return true;
}

static bool volume_read(u32 client, const struct request *request, struct error_info *info)
{
	return export_read(client, request, info, &reply.exported);
}

static bool volume_close(u32 client, const struct request *request, struct error_info *info)
{
	*info = export_close(client, request);
	return true;
}

static bool capture_open(u32 client, const struct request *request, struct error_info *info)
{
	*info = nic_capture_open(client, request, &reply.capture);
	return true;
}

static bool capture_read(u32 client, const struct request *request, struct error_info *info)
{
	return nic_capture_read(client, request, info, &reply.captured);
}

static bool capture_close(u32 client, const struct request *request, struct error_info *info)
{
	*info = nic_capture_close(client, request);
	return true;
}

/* False: the answer comes later. */
static bool (*const rows[REQ_OP_COUNT])(u32 client, const struct request *request, struct error_info *info) = {
	[REQ_UPLOAD_OPEN] = upload_open, [REQ_UPLOAD_WRITE] = upload_write, [REQ_UPLOAD_FINISH] = upload_finish,
	[REQ_DELETE_IMAGE] = delete_image, [REQ_EXPORT_OPEN] = volume_open, [REQ_EXPORT_READ] = volume_read,
	[REQ_EXPORT_CLOSE] = volume_close, [REQ_CAPTURE_OPEN] = capture_open, [REQ_CAPTURE_READ] = capture_read,
	[REQ_CAPTURE_CLOSE] = capture_close,
};

void bulk_request(u32 client, const struct request *request)
{
	struct error_info info;

	memset(&reply, 0, sizeof(reply));
	reply.kind = REPLY_ANSWER;
	reply.id = request->id;
	if (!rows[request->op](client, request, &info))
		return;
	if (info.error != ERR_NONE)
		(void)reply_send(client, request->id, &info, NULL);	/* client_receive made sure of the room */
	else
		(void)client_send(client, &reply);
}
