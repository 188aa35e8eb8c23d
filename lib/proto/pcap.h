/* SPDX-License-Identifier: MIT */
/*
 * pcap.h - the format of libpcap's files (pcap-savefile(5); draft-ietf-opsawg-pcap): a header, then for each frame a
 * record and its bytes. All in the byte order of the writer, little endian here.
 */
#ifndef VOS_PCAP_H
#define VOS_PCAP_H

#include "types.h"

#define PCAP_MAGIC_NS 0xa1b23c4du	/* records have nanoseconds */
#define PCAP_ETHERNET 1u

struct pcap_header {
	u32 magic;
	u16 major, minor;	/* 2, 4 */
	u32 zero[2];
	u32 snap_bytes;
	u32 link_type;
};
_Static_assert(sizeof(struct pcap_header) == 24, "format");

struct pcap_record {
	u32 time_s, time_ns;	/* since 1970, UTC */
	u32 bytes;		/* that follow */
	u32 frame_bytes;	/* of the whole frame */
};
_Static_assert(sizeof(struct pcap_record) == 16, "format");

#endif
