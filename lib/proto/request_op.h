/* SPDX-License-Identifier: MIT */
/*
 * request_op.h - what can be asked of root: the operations of a struct request (request.h), which members of it each
 * needs, and the flags. The role that each needs is a row of op_roles.h.
 */
#ifndef VOS_REQUEST_OP_H
#define VOS_REQUEST_OP_H

#include "types.h"

enum request_op {
	REQ_CREATE = 1,		/* name and .spec */
	REQ_START, REQ_STOP,	/* stop: flags FORCE, timeout_ms */
	REQ_PAUSE, REQ_RESUME, REQ_RESET,
	REQ_DELETE,		/* flags FORCE */
	REQ_STATUS,		/* by name */
	/* Tables: several replies, one a row; the last has .more == 0 and is a row too, or an error past the end. */
	REQ_LIST,		/* index: VMs with index >= it; ERR_NO_VM past the end */
	REQ_IMAGES,		/* index: images that are not built in, from that one on; ERR_NO_IMAGE past the end */
	REQ_HOST,		/* host memory and load */
	REQ_REBOOT, REQ_POWEROFF,
	REQ_SET,		/* by name: .fields of .spec; of a VM that lives only those of ANY_TIME, and at once */
	REQ_STATS,		/* by name: struct vm_stats */
	REQ_PCPU,		/* table; index: pCPUs from that one on; ERR_NO_PCPU past the end */
	REQ_CANCEL,		/* index: id of a request that waits for its VM: answered at once, ERR_CANCELED */
	REQ_MEMORY,		/* who has how much of it: struct memory_report */
	REQ_DEVICES,		/* table; index: PCI functions from that one on; ERR_NO_DEVICE past the end */
	REQ_NMI,		/* by name: an NMI for its first vCPU */
	REQ_SERVICES,		/* table; index: services from that one on; ERR_NO_SERVICE past the end */
	REQ_RESTART_SERVICE,	/* by the service's name: answered when it is on its way down */
	REQ_DISKS,		/* table; index: disks from that one on; ERR_NO_DEVICE past the end */
	REQ_VOLUMES,		/* table; index: volumes from that one on; ERR_NO_VOLUME past the end */
	REQ_CREATE_VOLUME,	/* .spec.disks[0]: volume, bytes, on, image. Answered when the image is in it */
	REQ_DELETE_VOLUME,	/* .spec.disks[0]: volume */
	REQ_POOLS,		/* table; index: pools from that one on; ERR_NO_POOL past the end */
	REQ_CREATE_POOL,	/* .spec.disks[0]: volume (its name), on, bytes: on is a disk, and bytes 0 all
				 * the room there; or a partition that VOS did not make, all of it. A mirror:
				 * .spec.disks[1].on: the other disk */
	REQ_DELETE_POOL,	/* .spec.disks[0]: volume; FORCE: also one that can't be opened */
	/* By name, of a VM that is stopped or runs: */
	REQ_ATTACH_DISK,	/* the disks of .spec become its last ones; each gets a volume's name of its own */
	REQ_DETACH_DISK,	/* .spec.disks[0].volume: no longer its disk; the volume stays. A guest that runs is
				 * asked first, for timeout_ms (0: 10 s) */
	/* Uploads (upload.h), by .image: */
	REQ_UPLOAD_OPEN,	/* name, bytes, hash: begin, or go on with one of the same three; FORCE: drop another */
	REQ_UPLOAD_WRITE,	/* upload, offset, count: take that from its piece of the window */
	REQ_UPLOAD_FINISH,	/* upload: it becomes an image, or is dropped because its hash is another; of a
				 * volume the answer is .volume */
	REQ_DELETE_IMAGE,	/* name, of an image or of an upload that is not finished */
	REQ_EXPORT_OPEN, REQ_EXPORT_READ, REQ_EXPORT_CLOSE,	/* exports.h */
	/* By the switch's name: */
	REQ_CREATE_SWITCH,	/* .network */
	REQ_DELETE_SWITCH,	/* both are answered when its program is on its way up or down */
	REQ_SWITCHES,		/* table; index: switches from that one on; ERR_NO_SWITCH past the end */
	REQ_PORTS,		/* table; index: its ports in use from that one on; ERR_NO_DEVICE past the end */
	REQ_STATIONS,		/* table; index: its known addresses from that one on; ERR_NO_DEVICE past the end */
	/* By the router's name: */
	REQ_CREATE_ROUTER,	/* .router */
	REQ_SET_ROUTER,		/* .router: its forwards become these; the rest is not looked at */
	REQ_DELETE_ROUTER,	/* create and delete are answered when its program is on its way up or down */
	REQ_ROUTERS,		/* table; index: routers from that one on; ERR_NO_ROUTER past the end */
	REQ_ROUTER_LINES,	/* table; index: 0, then .lines.next; ERR_NO_DEVICE past the end */
	/* Snapshots of the disks of a VM, by its name. All of its disks are in one pool; of one moment, all or none: */
	REQ_SNAPSHOT_VM,	/* .snapshot, "": root chooses a name. Answered with .snapshot */
	REQ_REVERT_VM,		/* .snapshot; of a VM that is at rest. Newer snapshots go */
	REQ_DELETE_SNAPSHOT,	/* .snapshot */
	REQ_CLONE_VM,		/* .to: a new VM like it, with disks that begin as .snapshot; "": as one that is made,
				 * and has the new VM's name */
	REQ_DEFINITIONS,	/* .definitions: that task is done (number 0: none); answered when there is another */
	REQ_RESIZE_DISK,	/* by name: .spec.disks[0]: volume (or the disk's number), bytes: more than it has */
	/* .spec.disks[0]: volume: a pool; index: enum store_key_way; .secret, or that of .spec.disks[0].image */
	REQ_SET_POOL_KEY, REQ_UNLOCK_POOL,
	REQ_RENAME_VOLUME,	/* .spec.disks[0].volume, in a pool and of no VM, is called .spec.disks[1].volume */
	/* .spec.disks[0].volume: what that pool has on its disk is read and judged; answered at the end with .pool. Who
	 * cancels it does not end it: */
	REQ_CHECK_POOL,		/* all but the data */
	REQ_SCRUB_POOL,		/* the data too */
	REQ_KEEP,		/* what is not root's has changed of the definitions: answered when they are written */
	REQ_ATTACH_NIC,		/* by name: the cards of .spec become its last ones */
	REQ_DETACH_NIC,		/* by name, index; those behind it move up. A guest that runs is asked, as for a disk */
	REQ_SET_VOLUME,		/* .spec.disks[0].volume, thin and in a pool: room for .bytes of it is kept there */
	/* By name: the VM's log in the pool with the definitions (vm_log.h). */
	REQ_LOG_READ,		/* .log.start: .log is the first piece that begins there or later; count 0: none does */
	REQ_LOG_WRITE,		/* .log: a piece; count 0: all that was written is made stable */
	/* .spec.disks[0]: volume: a pool, a mirror; on: its disk whose place .spec.disks[1].on takes; the same one: it
	 * is copied to anew. Answered when the copy has begun */
	REQ_REPLACE_DISK,
	REQ_OPEN_POOL,		/* .spec.disks[0].volume: a mirror that waits for its other disk is opened without it */
	/* .spec.disks[0].volume: a pool, by name or UUID; answered with .pool: */
	REQ_IMPORT_POOL,	/* .spec.disks[1].volume: its name from now on, or "". Its definitions do not count
				 * while those of another pool do */
	REQ_EXPORT_POOL,	/* it is closed, and opened by no VOS before REQ_IMPORT_POOL */
	REQ_GROW_POOL,		/* the room behind it on its disk becomes its own; the store is started again for it */
	REQ_CAPTURE_OPEN, REQ_CAPTURE_READ, REQ_CAPTURE_CLOSE,	/* captures.h */
	/* Users, by .user; guard does these. Whoever logs in gets a session, which his other requests name: */
	REQ_LOGIN,		/* name, .user.secret, line: answered with .login. USER_TOKEN: .user.new_secret is for
				 * REQ_TOKEN_LOGIN from now on */
	REQ_LOGOUT,		/* of the request's session. USER_TOKEN: .user.new_secret of that user ends, too */
	REQ_SESSIONS,		/* table; index: sessions from that one on; ERR_NO_USER past the end */
	REQ_PASSWD,		/* of the session's user: .user.secret, new_secret */
	REQ_ADD_USER,		/* name, .user.role, new_secret */
	REQ_SET_USER,		/* name, .user.fields: role, new_secret. These two: the user's other sessions end */
	REQ_DELETE_USER,	/* name */
	REQ_USERS,		/* index: the user from that one on; ERR_NO_USER past the end; one row a request */
	REQ_EXPORT_USERS,	/* the same, with .user_row.line */
	REQ_PROBE,		/* .name: a router, or "": one that knows the way; .to: a VM, or "" and .probe.address;
				 * .probe; timeout_ms, at most 10 s: an echo request, answered with .probe */
	REQ_UNLOCK_USER,	/* name: wrong passwords of that user are forgotten, on all lines */
	REQ_AUDIT,		/* index: records from that one on, at most AUDIT_ROWS; answered with .audit */
	REQ_AUDIT_VERIFY,	/* guard hashes the records anew: answered with .verdict */
	REQ_REFUSED,		/* the console itself has refused a session's command, with that name. index: the
				 * request that it is, or 0; to: its verb */
	REQ_TOKEN_LOGIN,	/* name, .user.new_secret, line: a login by a token, answered with .login */
	REQ_OP_COUNT
};

#define REQ_FLAG_FORCE BIT32(0)
#define REQ_FLAG_DRY_RUN BIT32(1)	/* check and answer, change nothing */
#define REQ_FLAG_VOLUME BIT32(3)	/* REQ_UPLOAD_OPEN: a stream (extents.h) for the volume of that name */
#define REQ_FLAG_UPLOAD BIT32(4)	/* REQ_CREATE_VOLUME: its contents come by that upload */
#define REQ_FLAG_KEEP_DISKS BIT32(2)	/* REQ_DELETE: the volumes that were made for the VM stay */
#define REQ_FLAG_OF_DRIVE BIT32(6)	/* REQ_SET: of a VM that has a CD drive, also while it is stopped */
#define REQ_FLAG_APPLIED BIT32(5)	/* it is of a text, which is applied: see definitions_are_read */
#define REQ_FLAG_NOTHING_NEW BIT32(3)	/* REQ_CREATE: only disks in memory are made; all others must be there */

#endif
