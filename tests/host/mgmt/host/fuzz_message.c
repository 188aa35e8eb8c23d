/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as messages on any channel of libvos, with a request and a stream open: the first byte picks the channel.
 */
/*
 * links: libvos
 */
#include <string.h>

#include "conn.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const channels[] = {
		"control", "control+", "events", "nak", "s7", "a7", "s99999999999", "x",
	};
	struct vos vos = { .link = LINK_NONE, .client = 5, .next_id = 1, .greeting = GREETING_DONE };
	struct vos_stream *stream = stream_new(&vos);
	struct wire_frame frame = { .kind = FRAME_TEXT };
	char event[VOS_EVENT_BYTES];

	(void)retry_new(&vos, "list-vm", NULL, true, false);
	stream->number = 7;
	stream->arguments = json_object();
	stream->limit = 100;
	if (size) {
		strcpy(frame.channel, channels[data[0] % ARRAY_COUNT(channels)]);
		frame.message = data + 1;
		frame.length = size - 1;
		message_in(&vos, &frame);
		stream->is_events = true;
		stream->held = 0;
		wire_drop(&stream->data, stream->data.used);
		message_in(&vos, &frame);
		while (stream->held && vos_stream_read(stream, event, sizeof(event), 0) >= 0)
			;
	}
	while (vos.streams)
		stream_free(vos.streams);
	while (vos.requests)
		retry_free(&vos, vos.requests);
	wire_free(&vos.out);
	return 0;
}
