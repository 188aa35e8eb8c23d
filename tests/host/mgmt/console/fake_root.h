/* SPDX-License-Identifier: MIT */
/*
 * fake_root.h - a root without machine, for the console's tests and for console_sim: VMs are states in a table, their
 * guests echo what is typed. Answers come at once, or when the test lets them.
 */
#ifndef VOS_FAKE_ROOT_H
#define VOS_FAKE_ROOT_H

#include "console.h"
#include "fake_routers.h"
#include "root_info.h"

#define FAKE_PIECES 16u
#define FAKE_PASSWORD "open sesame"	/* of all its users (fake_users.h) */
#define FAKE_TOKEN "0707070707070707070707070707070707070707070707070707070707070707"
#define FAKE_TERMINAL_BYTES (2u * 1024u * 1024u)

struct fake_vm {
	bool is_used;
	struct vm_report report;
	char output[65536];	/* free-running indices */
	u32 out_head, out_tail;
	char input[64];		/* room for so much; the guest takes it when fake_guests() is called */
	u32 in_count;
	u32 breaks, nmis;	/* that came */
};

struct fake_root {
	u32 switch_count;
	struct fake_routers routers;
	bool has_card;			/* the machine has a network card */
	u32 captures;			/* that are open; no frame comes */
	struct console *console;
	struct session *session;	/* its first line */
	struct console_args args;
	u32 sessions;			/* that were given */
	u32 last_session;		/* of the last request */
	u32 ended;			/* a session that root has no more */
	u32 logged;			/* lines that the console wrote to the log; the last one: */
	char logged_text[256];
	struct info_page info;
	struct log_ring log;
	struct console_ops ops;
	struct line_ops line;
	u64 now_ns;
	u64 memory_free;
	bool is_slow;			/* hold requests until fake_answer() */
	bool is_full;			/* take no request */
	bool is_down;			/* reboot or poweroff was asked for */
	bool is_unsound;		/* its figures do not add up */
	char restarted[VM_NAME_BYTES];	/* the last service that was */
	u64 pcpu_ns;			/* grows by a second with each question */
	size_t send_limit;		/* bytes the terminal takes before the next fake_run; 0 = all */
	size_t sent;
	struct request held[64];
	u32 held_count;
	struct fake_vm vms[VM_COUNT];
	char terminal[FAKE_TERMINAL_BYTES];
	size_t terminal_used;
	/* Logs of VMs in the pool; what root answers to all requests for them instead. */
	struct { char name[VM_NAME_BYTES]; struct log_piece piece; } pieces[FAKE_PIECES];
	u32 piece_count, log_flushes;
	enum error log_error;
	const char *given_up;		/* a VM that is so when it is made; NULL: none */
	/* REQ_DEFINITIONS: what the console waits with, and the task that it gets next. */
	bool has_keeper;
	struct request keeper;
	struct definitions_report task;		/* task DEFINITIONS_NOTHING: none */
	struct definitions_request done;	/* of the last one */
	char definitions[DEFINITIONS_BYTES];	/* the window */
};

/* Give the console that task, with a text of a pool; until it is done. */
void fake_task(struct fake_root *root, enum definitions_task task, const char *text);

/* One at a time: root and console are static. conf may be NULL. Ends the one before. */
struct fake_root *fake_start(struct session *session, const char *conf);
/* The console is started again; root's VMs are as they were. */
void fake_restart(struct fake_root *root, const char *conf);
/* Give all memory of the console back. */
void fake_end(struct fake_root *root);
/* Answer what is held, or the first of it. */
void fake_answer(struct fake_root *root);
void fake_answer_one(struct fake_root *root);
/* Let the session run until nothing happens any more. */
void fake_run(struct fake_root *root);
/* Type, and run. */
void fake_type(struct fake_root *root, const char *text);
void fake_type_bytes(struct fake_root *root, const char *bytes, size_t count);
/* What the terminal got since the last call; ends with a zero byte. */
const char *fake_screen(struct fake_root *root);
void fake_guest_writes(struct fake_root *root, const char *name, const char *text);
/* The guests take their input and echo it. */
void fake_guests(struct fake_root *root);
/* The VM changes state by itself: an event. */
void fake_event(struct fake_root *root, const char *name, enum vm_state state, enum vm_reason reason);
void fake_log(struct fake_root *root, const char *text);
/* What came of the upload in that slot; NULL: there is none. */
const u8 *fake_upload_bytes(u32 slot, u64 *taken);

#endif
