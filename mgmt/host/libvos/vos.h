/* SPDX-License-Identifier: MIT */
/*
 * vos.h - libvos: manage a machine that runs VOS from a program on your own machine.
 *
 *	struct vos *vos = vos_open(NULL);
 *	if (!vos || vos_create_vm(vos, &(struct vos_vm_config){ .name = "myvm", .cpus = 2, .memory_bytes = 512 << 20 }))
 *		fprintf(stderr, "%s\n", vos_error(vos));
 *	vos_close(vos);
 *
 * Hosts. A host is `unix:PATH` (the socket of an emulator's serial line, or of vosd), `serial:DEVICE[,BAUD]`,
 * `tcp:ADDRESS:PORT` (loopback addresses only: the line is not encrypted), or a name from ~/.config/vos/hosts, whose
 * lines are `NAME HOST`. NULL is $VOS_HOST, then the name `default` of that file, then its only entry. Behind a host,
 * `,plain` or `,text` says how frames are encoded on that line; without, frames are text unless VOS
 * answers otherwise. If a vosd serves the line,
 * libvos uses vosd; else libvos opens the line and locks it against other programs of this user.
 *
 * Results. Functions that return int return an enum vos_result: VOS_OK or what the command failed with, the exit code
 * of the same command at VOS's prompt. vos_error() has the sentence that goes with it.
 *
 * Time. A request that VOS does not answer is repeated with the same number, which VOS executes once. After five
 * repeats without any sign of life, about a minute, the result is VOS_LINK. A command that takes long (vos_stop_vm)
 * is waited for as long as VOS says that it is under way.
 *
 * Threads. A handle and its streams belong to one thread at a time: two threads must not be inside functions of the
 * same handle together. Different handles are independent. Callbacks are called by the thread that is inside a
 * function of the handle, and must not call functions of that handle. libvos starts no threads and handles no
 * signals; a function that waits goes on waiting after EINTR.
 */
#ifndef VOS_H
#define VOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vos_result {
	VOS_OK = 0,
	VOS_FAILED = 1,
	VOS_USAGE = 2,
	VOS_NOT_FOUND = 3,
	VOS_STATE = 4,		/* wrong state, or the name is taken */
	VOS_RESOURCES = 5,
	VOS_DENIED = 6,
	VOS_TIMEOUT = 7,	/* not done in time, or busy: try again */
	VOS_LINK = 8,		/* no connection, no answer, or the machine or VOS's console was restarted */
	VOS_UNSUPPORTED = 9,
	VOS_INTEGRITY = 10,
	VOS_DONE = 11		/* the command is done, but VOS no longer knows how it ended: look at the state */
};

struct vos;		/* a connection */
struct vos_stream;	/* a console, the log of VOS, or its events */

/* ---- connection ---- */

/* Connect and say hello. NULL: it failed, and vos_error(NULL) says why. */
struct vos *vos_open(const char *host);
/* Ends its streams too. NULL is allowed. */
void vos_close(struct vos *vos);
/*
 * Why the last function failed, as one sentence; valid until the next call with that handle. NULL: why this thread's
 * last vos_open failed.
 */
const char *vos_error(const struct vos *vos);
/* The enum vos_result, and the class ("E_NOT_FOUND") of that; NULL as for vos_error. */
int vos_result(const struct vos *vos);
const char *vos_error_class(const struct vos *vos);
/* The version of VOS, and a text that differs after each boot of it; "" before protocol 1.1. */
const char *vos_version(const struct vos *vos);
const char *vos_boot_id(const struct vos *vos);
/*
 * How often VOS has started its console since that boot; 0: a VOS that does not say. Offsets of consoles and numbers of
 * events are of one boot and one start: with another, they begin at 0 again, and the streams before fail.
 */
uint64_t vos_console_start(const struct vos *vos);
/* The descriptor to poll for POLLIN before vos_wait(vos, 0); it changes when libvos has to reconnect. */
int vos_fd(const struct vos *vos);

/* ---- users ---- */

/*
 * Log in on a machine that has users. What is kept of it is a random token, in ~/.config/vos/logins, which only this
 * user of the operator's machine can read: vos_open logs in with it, in this program and in others, for 12 hours, until
 * vos_logout, or until the user or VOS is changed or started again. The password is not kept; it goes over the line as
 * it is. VOS_DENIED: it is wrong.
 */
int vos_login(struct vos *vos, const char *user, const char *password);
/* The login of this handle and what is kept of it end, here and in VOS. */
int vos_logout(struct vos *vos);

/* ---- VMs ---- */

/* Members that are 0 or NULL take VOS's defaults. */
struct vos_vm_config {
	const char *name;	/* a-z, 0-9 and -, at most 31 characters; needed */
	unsigned cpus;
	uint64_t memory_bytes;
	const char *disk;	/* as --disk takes it, such as "10G" */
	const char *kernel, *initrd, *cmdline;
	const char *restart;	/* never, on-failure:N, always */
	const char *more;	/* further arguments of create-vm as a JSON object, such as {"weight":200} */
};

#define VOS_NAME_BYTES 32	/* with the zero byte */
#define VOS_STATE_BYTES 16
#define VOS_REASON_BYTES 32
#define VOS_TEXT_BYTES 256

struct vos_vm_status {
	char name[VOS_NAME_BYTES];
	char state[VOS_STATE_BYTES];	/* defined starting running suspended paused stopping stopped crashed */
	char reason[VOS_REASON_BYTES];	/* "-" if there is none */
	char text[VOS_TEXT_BYTES];	/* what its monitor says of that */
	unsigned cpus;
	uint64_t memory_bytes;
	uint64_t uptime_ns, cpu_time_ns, exits;
	uint64_t restarts, log_bytes;
};

#define VOS_DELETE_FORCE 1u	/* also if it runs */
#define VOS_DELETE_KEEP_DISK 2u

int vos_create_vm(struct vos *vos, const struct vos_vm_config *config);
int vos_start_vm(struct vos *vos, const char *name);	/* returns when the guest runs */
int vos_pause_vm(struct vos *vos, const char *name);
int vos_resume_vm(struct vos *vos, const char *name);
int vos_reset_vm(struct vos *vos, const char *name);
/* Asks the guest, and forces the VM off after that time. 0: at once. Negative: VOS's own limit, 30 s. */
int vos_stop_vm(struct vos *vos, const char *name, int timeout_ms);
int vos_delete_vm(struct vos *vos, const char *name, unsigned flags);
int vos_status_vm(struct vos *vos, const char *name, struct vos_vm_status *status);
/* *list is an array from malloc; free it. */
int vos_list_vm(struct vos *vos, struct vos_vm_status **list, size_t *count);

/* ---- waiting ---- */

/*
 * Called at least ten times a second while a function of the handle waits; true ends the wait: the function fails with
 * VOS_FAILED, class E_CANCELED, and VOS goes on with the command.
 */
typedef bool vos_idle_fn(void *context);
void vos_idle(struct vos *vos, vos_idle_fn *fn, void *context);

/* ---- any command ---- */

#define VOS_CALL_TEXT 1u	/* ask for what the prompt prints: member "text" of the answer */

/*
 * The command `verb` with its arguments as a JSON object, or NULL for none (docs/PROTOCOL.md). *answer, unless answer
 * is NULL: the whole answer as JSON text from malloc, also for an error that VOS answered; else NULL.
 */
int vos_call(struct vos *vos, const char *verb, const char *arguments, unsigned flags, char **answer);

/* ---- events ---- */

/*
 * `event` is one event as JSON text. From now on, for every event that arrives inside any function of this handle.
 * Events are lost while the connection is; vos_events_open misses none.
 */
typedef void vos_event_fn(void *context, const char *event);
void vos_events(struct vos *vos, vos_event_fn *fn, void *context);
/*
 * Wait for events and for bytes of streams, at most that long; negative: without limit. VOS_OK: something came.
 * VOS_TIMEOUT: nothing did.
 */
int vos_wait(struct vos *vos, int timeout_ms);

/* ---- images ---- */

/* Called now and then while an upload is under way. */
typedef void vos_progress_fn(void *context, uint64_t done_bytes, uint64_t bytes);
/*
 * Upload a file as an image of that name. One that was interrupted goes on where VOS has it, by whatever program, if
 * name and bytes are the same. *answer, unless answer is NULL: VOS's last answer as JSON text from malloc, or NULL; it
 * describes the image. VOS_INTEGRITY: the hash that VOS computed differs. VOS_STATE: the name is taken.
 */
int vos_upload_image(struct vos *vos, const char *name, const char *path, vos_progress_fn *fn, void *context,
	char **answer);
/* Bytes and their BLAKE2b-256. read: some of the bytes from there on, at least one; -1 with errno. */
struct vos_source {
	uint64_t bytes;
	unsigned char hash[32];
	ssize_t (*read)(void *context, uint64_t offset, void *bytes, size_t size);
	void *context;
};
/*
 * Fill a volume that waits for it (create-volume with "upload":true) with a stream of extents (docs/PROTOCOL.md). It
 * can be interrupted as above. *answer describes the volume. A volume whose upload fails is deleted.
 */
int vos_upload_volume(struct vos *vos, const char *name, const struct vos_source *source, vos_progress_fn *fn,
	void *context, char **answer);
/* Of an upload that is not finished, too. VOS_STATE: a VM is defined with it. */
int vos_delete_image(struct vos *vos, const char *name);

/* ---- consoles and logs ---- */

enum vos_from { VOS_FROM_LIVE, VOS_FROM_LOG };	/* what comes from now on; or all that is kept, then that */

#define VOS_EVENTS_NEW UINT64_MAX	/* from now on */
#define VOS_EVENT_BYTES 2048		/* an event is shorter */

/* NULL: it failed, see vos_error(vos). Several streams may be open at a time, on one VM too. */
struct vos_stream *vos_console_open(struct vos *vos, const char *name, enum vos_from from, bool writes);
/* From that offset on: `next` of log-vm's answer, or vos_stream_offset of a stream of the same vos_console_start. */
struct vos_stream *vos_console_open_at(struct vos *vos, const char *name, uint64_t offset, bool writes);
struct vos_stream *vos_log_open(struct vos *vos);

/* A volume, or a snapshot of it, as a stream of extents (lib/image/extents.h in VOS' source): what is written, or with
 * `since`, an older snapshot of the same volume, what has changed. Either may be NULL. The stream of a snapshot is
 * always the same, and goes on at any offset; that of a volume begins at 0, and its VM can't start meanwhile. The end
 * of what it says is the stream's end: VOS sends no more, and vos_stream_close() ends it. */
struct vos_export {
	uint64_t bytes;		/* of the disk */
	char id[33];		/* of the volume or snapshot, in hexadecimal digits: no other one has it */
};
struct vos_stream *vos_export_open(struct vos *vos, const char *volume, const char *snapshot, const char *since,
	uint64_t from, struct vos_export *export);
/* Packets of a network card ("web/0" of a VM, "nat0/0" of a router, "nic0" of the machine), as they come: a file of
 * libpcap. snap_bytes: of each packet at most the first so many, 14 to 65535; 0: all. It ends when the card is there no
 * more, and can't go on after VOS has forgotten this program. */
struct vos_stream *vos_capture_open(struct vos *vos, const char *nic, unsigned snap_bytes);
/* How many packets came faster than they were read, and are not in it. */
uint64_t vos_capture_dropped(struct vos_stream *stream);

/*
 * Changes of VMs' states, from the event with that number (its "seq") on; 0: all that VOS keeps, the last 256. Numbers
 * begin at 0 when the machine starts, and when VOS starts its console again: compare vos_boot_id and vos_console_start.
 * Offsets of the stream, and what is lost, count events.
 * An event that VOS had no memory for comes as {"event":"LOST","seq":N}.
 */
struct vos_stream *vos_events_open(struct vos *vos, uint64_t since);
/*
 * Bytes, as soon as there are some; or one event as JSON text, with a zero byte that is not counted. 0: the stream has
 * ended. -1, and vos_result() says why: nothing came in that time (VOS_TIMEOUT; negative: no limit), the connection
 * failed, the machine was restarted or VOS started its console again (VOS_LINK), the event is longer than the room
 * (VOS_USAGE), or vos_idle's function ended the wait (VOS_FAILED).
 */
ssize_t vos_stream_read(struct vos_stream *stream, void *bytes, size_t size, int timeout_ms);
/* How many bytes were taken; fewer than `size` if too many are not yet with the guest: read, or wait, and try again. */
size_t vos_stream_write(struct vos_stream *stream, const void *bytes, size_t size);
/* Position of the next byte, or event, that vos_stream_read returns, and how many before it were lost. */
uint64_t vos_stream_offset(const struct vos_stream *stream);
uint64_t vos_stream_lost(const struct vos_stream *stream);
/* Position behind what there was at the opening: from there on it is new. */
uint64_t vos_stream_end(const struct vos_stream *stream);
/* Why it has ended, or "". */
const char *vos_stream_reason(const struct vos_stream *stream);
void vos_stream_close(struct vos_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
