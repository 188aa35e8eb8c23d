/* SPDX-License-Identifier: MIT */
/*
 * status.h - the result of every function and system call that can fail.
 *
 * The numbers are ABI. A function that returns enum status must not be ignored.
 */
#ifndef VOS_STATUS_H
#define VOS_STATUS_H

enum status {
	ST_OK = 0,
	ST_INVAL = 1,		/* an argument is malformed or out of range */
	ST_HANDLE = 2,		/* no such handle, or its object is gone, or it is of the wrong kind */
	ST_RIGHTS = 3,		/* the handle lacks a right that the call needs */
	ST_STATE = 4,		/* the object is in a state that does not allow it */
	ST_NOMEM = 5,		/* not enough frames */
	ST_FULL = 6,		/* a fixed-size table is full */
	ST_EXISTS = 7,		/* the slot or the address range is taken */
	ST_TIMEOUT = 8,		/* the deadline passed */
	ST_NOTIFIED = 9,	/* vcpu_run: ended because of a notification; the value holds its bits */
	ST_AGAIN = 10,		/* done in part; call again with the same arguments */
	ST_UNSUPPORTED = 11,	/* this machine or this build cannot do it */
	ST_NOSYS = 12,		/* no such call */
	ST_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
