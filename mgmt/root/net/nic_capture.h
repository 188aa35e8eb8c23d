/* SPDX-License-Identifier: MIT */
/*
 * nic_capture.h - frames of a network card as a stream for the client (lib/proto/captures.h). A capture is a port of
 * the card's switch (PORT_CAPTURE), whose link root reads as it is asked to: what does not fit there meanwhile is
 * dropped by the switch, and counted.
 */
#ifndef VOS_NIC_CAPTURE_H
#define VOS_NIC_CAPTURE_H

#include "error_info.h"
#include "request.h"

/* REQ_CAPTURE_OPEN; the name is judged. */
struct error_info nic_capture_open(u32 client, const struct request *want, struct capture_report *out);
/* True: *no, or *out, is the answer. False: it comes later. */
bool nic_capture_read(u32 client, const struct request *want, struct error_info *no, struct capture_data *out);
struct error_info nic_capture_close(u32 client, const struct request *want);
/* That client's captures end. */
void nic_capture_drop(u32 client);

/* Cards that come and go, answers that wait, ends. DEADLINE_NONE; or *waits_for is a switch that has to follow until
 * then, else it hangs (switch_watch.h). */
u64 nic_capture_step(u32 *waits_for);

/* What their links take of memory. */
u64 nic_captures_bytes(void);

#endif
