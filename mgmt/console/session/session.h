/* SPDX-License-Identifier: MIT */
/*
 * session.h - what the parts of the console share. console.h is for whoever starts it.
 *
 * There are two states. What is known, and what all lines use in turn, is there once:
 *	struct console	what root told (VMs, images, pCPUs, each VM's history), vos.conf and the last apply-config, the
 *			commands under way of all lines, and the buffers of one answer while it is written: 3 MB
 * What one person or program sees of it is there for each line:
 *	struct session	the editor, the decoder of keys, the scanner of frames, the VM whose terminal is shown, which
 *			state and which part of the log it was told, its result, its queues, its clients (client.h):
 *			SESSION_BYTES_MAX, and from the heap the buffer of the scanner, what waits in a queue, answers
 *			of clients that are kept, the lines that were typed, and the table of `top`
 * A line more costs 43,864 bytes (FRAME_PLAIN: 84,855). A member belongs to the session only if two persons may see
 * different values of it.
 *
 * From the bottom to the top, none calls one above: login.c (who may what), session.c (queues, notices), client.c
 * (programs that said hello), job_early.c, job.c, job_time.c (commands under way), prompt.c (the line and what it
 * starts), fetch.c (tables that root gives line by line), request.c (commands that are one request), batch.c (one
 * command on several VMs), handlers.c, logs.c, top.c, apply.c (vos.conf), users.c (logins), keeper.c (definitions in a
 * pool), log_keeper.c (logs there), attach.c (terminals of VMs), idle.c (ends of logins), cancel.c, stream.c and
 * upload.c (streams of programs), verbs.c and rpc.c (requests of programs), command_table.c, console.c (who gets what,
 * and a turn of it all).
 * A job calls its command's functions by the row of the table, and keeps the result of the prompt's command for the
 * prompt to find.
 *
 * Nothing is lost: input is taken only when there is room for it, requests wait until the ring takes them, and
 * whatever can produce much output first looks whether the output queue is short. Only a line that is too full for
 * longer than LINE_STALL_NS while there are others does not hold these up until it was short: its output is cut at
 * OUTPUT_BYTES.
 */
#ifndef VOS_SESSION_H
#define VOS_SESSION_H

#include "client.h"
#include "command.h"
#include "complete.h"
#include "config.h"
#include "frame.h"
#include "json.h"
#include "lineedit.h"
#include "inventory.h"
#include "queue.h"
#include "report.h"
#include "stream.h"
#include "vm_layout.h"

#define INPUT_BYTES 65536u
#define OUTPUT_BYTES (2u * 1024u * 1024u)
#define OUTPUT_SHORT_BYTES CLIENT_OUTPUT_SHORT_BYTES	/* below this, more may be produced */
#define JSON_BYTES (768u * 1024u)	/* 128 VMs with long command lines; as a frame half of OUTPUT_BYTES */
#define JSON_ID_BYTES COMMAND_ID_BYTES
#define JOB_QUEUE 32u			/* commands in the background, and of programs without `hello`, under way */
#define CLIENTS_JOBS 32u		/* commands of programs with `hello` under way, of all lines */
#define LINE_COUNT 8u			/* lines at the same time */
#define LINE_STALL_NS (2000000000ull)
#define FETCHED_SOURCES (EXPORTS + CAPTURES)	/* that root reads out for streams */
/* Of each line the prompt's and one `cancel`; that of vos.conf at the start; the keeper's; that of logs; two queues,
 * which all lines share; what the console itself asks of root for each upload, for each export and capture, to read it
 * and to close it, and to log programs out. */
#define JOB_COUNT (2u * LINE_COUNT + 3u + JOB_QUEUE + CLIENTS_JOBS + UPLOADS + 2u * FETCHED_SOURCES + 1u)
#define SESSION_BYTES_MAX 40960u
#define ATTACH_ESCAPE_KEY 0x1d		/* Ctrl-] */
#define HELD_BYTES 8192u

/* What the console needs of its surroundings. */
struct console_ops {
	u64 (*now_ns)(void *context);
	bool (*request)(void *context, const struct request *request);	/* false: no room now */
	size_t (*vm_read)(void *context, u32 vm, char *bytes, size_t count);
	bool (*vm_has_room)(void *context, u32 vm);
	void (*vm_write)(void *context, u32 vm, char byte);	/* only while it has room */
	void (*vm_break)(void *context, u32 vm);		/* a break on its serial line; likewise */
	u64 (*random)(void *context);
	void (*log)(void *context, const char *text);	/* a line of VOS' log */
	u8 *uploads;		/* the window of uploads: UPLOADS * UPLOAD_WINDOW_BYTES */
	char *definitions;	/* a text of DEFINITIONS_BYTES, which root reads and writes */
	void *context;
};

/* The way to a terminal. */
struct line_ops {
	size_t (*send)(void *context, const char *bytes, size_t count);	/* returns how many were taken */
	void *context;
	const char *name;	/* for the log */
};

enum job_origin {
	JOB_PROMPT,		/* the person waits */
	JOB_BACKGROUND,		/* was let go with Ctrl-C or --wait; the result is printed as a notice */
	JOB_STARTUP,		/* the definitions at the start; prints notices */
	JOB_KEEPER,		/* does what root asks for (keeper.c): nobody waits */
	JOB_RPC,	/* a program's */
	JOB_UPLOAD	/* a piece of an upload: nobody waits */
};

/* One of the VMs that a command is for, and how it went there: RESULT_OK as long as nothing is wrong. */
struct target {
	char name[VM_NAME_BYTES];
	bool is_done;
	struct cmd_error error;
};

/* What a program's command has printed so far, for its answer. */
#define JOB_TEXT_BYTES (256u * 1024u)
struct job_text {
	char *bytes;		/* on the heap */
	size_t used, size;
	bool is_cut;		/* there was no room for all of it */
};

/* Answers to the echo requests of ping and traceroute. */
struct probe_list {
	u32 count;
	struct probe_report report[PROBES_MOST];
};

struct job {
	bool is_used;
	struct session *session;	/* whose command it is */
	bool is_waiting;	/* a request is under way */
	bool is_unsent;		/* ... but the ring had no room yet */
	bool is_printing;	/* log and log-vm: print_at .. print_end remain */
	bool is_of_volume;	/* finish-upload: of one into a volume */
	bool is_canceled;	/* ends with the next answer */
	bool is_hinted;		/* the person was told that it takes long */
	bool is_refused;	/* and root is told, for the audit log */
	bool is_text;		/* a program's that asked for what the prompt prints */
	enum job_origin origin;
	u32 wanted;		/* BIT32(enum fetch) of tables that are not complete */
	u32 listing;
	u32 index;
	bool is_applying;	/* apply-config: the tables are there */
	u32 mistakes;		/* apply-config: what of vos.conf could not be had */
	u64 begun_ns;
	u64 wake_ns;		/* go on then; 0 = no */
	u64 print_at, print_end;
	char id[JSON_ID_BYTES];	/* JSON text of the program's id, or "" */
	struct client *client;	/* the program, if it has said hello and not yet bye, else NULL */
	u64 client_number;	/* of that program, also after its bye; 0: it did not say hello */
	u64 client_id;
	u32 login;		/* the session of root's that its requests are of; 0 = none */
	struct request request;
	/* A command on several VMs: a request for each, with ids from target_id on. */
	struct target *targets;	/* on the heap; 0 = on one, or none */
	u32 target_count, target_sent;
	u32 target_id;
	u32 target;		/* whose answer it is */
	u32 cancel_at;		/* `cancel` has asked root for those before */
	struct job_text text;	/* is_text */
	struct probe_list *probes;	/* ping, traceroute: their answers, on the heap */
	struct args args;
};

/* Tables that root gives, in the order in which they are asked for. */
enum fetch {
	FETCH_VMS, FETCH_IMAGES, FETCH_PCPUS, FETCH_HOST, FETCH_MEMORY, FETCH_DEVICES, FETCH_SERVICES, FETCH_DISKS,
	FETCH_VOLUMES, FETCH_SWITCHES, FETCH_PORTS, FETCH_STATIONS, FETCH_POOLS, FETCH_ROUTERS, FETCH_ROUTER_LINES,
	FETCH_SESSIONS, FETCH_USERS, FETCH_USER_LINES,
	FETCH_COUNT
};

enum mode {
	MODE_PROMPT, MODE_QUESTION, MODE_SECRET, MODE_BUSY, MODE_ATTACHED, MODE_MENU,
	MODE_ENDED,		/* the VM that was shown is gone: input is dropped up to Enter */
	MODE_TOP
};

#define APPLY_MISTAKES 32u	/* of vos.conf that are told to a program */

/* What apply-config does with a switch or VM of vos.conf. */
struct apply_row {
	bool is_created, is_started;
	bool has_given_up;	/* its autostart starts it no more */
	bool has_fault;
	u32 set;		/* BIT32(enum request_field) that were changed, or would be in a dry run */
	u32 differs;		/* ... that can't be changed while the VM runs */
	struct cmd_error error;
	struct config_span span;	/* of what is applied */
};

struct apply_mistake { u32 line, column; char text[ERROR_TEXT_BYTES]; };

/* What is applied. */
struct apply_source {
	const char *text;
	size_t bytes;
	char what[DISK_NAME_BYTES + 8];	/* "vos.conf", "pool fast" */
	bool is_kept;			/* it is a pool's: disks in it are there, or will be */
	bool is_again;			/* it was applied already, before the console was started again */
};

/* The result of the last apply-config. */
struct apply {
	struct apply_source source;
	u32 bad_count;
	struct config_span bad[APPLY_MISTAKES];	/* statements with mistakes; the last one takes all that follows */
	struct apply_row rows[SWITCHES + ROUTERS + VM_COUNT];	/* like console.networks, .routers, then .config */
	u32 mistake_count;
	struct apply_mistake mistakes[APPLY_MISTAKES];
};

#define KEEPER_LEFT (SWITCHES + ROUTERS + VM_COUNT)

/* A statement of a pool's text that could not be applied. */
struct left {
	struct config_span span;
	enum request_op op;		/* that would make it */
	char name[VM_NAME_BYTES];	/* "": it has a mistake */
};

/* keeper.c: what root asks for, so that the definitions outlive the machine. */
struct keeper {
	struct definitions_report task;		/* in hand */
	bool is_apply_due, is_applying;
	bool is_settled;		/* vos.conf or a pool's text has been applied once */
	bool is_broken;			/* no memory: its text would lack something */
	bool is_told;			/* where they are kept: */
	u32 told_place;
	char told_pool[DISK_NAME_BYTES];
	char *text;			/* the pool's, on the heap */
	size_t bytes;
	u32 left_count;
	struct left left[KEEPER_LEFT];
};

/* log_keeper.c: what VMs print, on its way to and from a pool. */
struct log_keeper {
	u64 due_ns;			/* of the next turn; ~0 = none */
	u64 round_ns;			/* of the next round of writes; 0 = none */
	bool is_late;			/* something is not written yet; */
	u64 power_ns;			/* reboot and shutdown wait for it until then; 0 = there is no such command */
	u32 number;			/* of the VM whose request is under way, or was the last one */
	bool is_in_round, is_flush_due;
	u32 turn;			/* the VM's place whose turn it is, */
	bool is_begun;
	u64 until;			/* and how far it is written in this round */
	u32 sent;			/* bytes of the request under way; 0 = none, all is made stable */
	struct history old;		/* what was read: the last piece begins at `piece`, */
	u64 piece, end, next;		/* all ends at `end`, and what is read next begins at `next` or later */
};

#define TOP_ROWS 100u		/* of a terminal that are used, at most */
#define TOP_COLUMNS 250u

/* The prompt's `top`. */
struct top {
	bool is_screen;		/* the terminal obeys VT100 sequences: one table is drawn over the other */
	bool is_fresh;		/* nothing of ours is on the screen yet */
	bool is_alternate;	/* the table is on the terminal's other screen: what was there before comes back */
	u32 rows, columns;	/* of the terminal */
	u32 shown_rows;
	char (*shown)[TOP_COLUMNS + 1];	/* [TOP_ROWS] on the heap while is_screen, else NULL */
	char reply[64];		/* of the terminal: an escape and what came behind it so far */
	u32 reply_length;	/* 0 = no escape came */
};

/* Shared by all lines. All zero before console_init. */
struct console {
	const struct console_ops *ops;
	const struct log_ring *log;
	const char *conf;
	size_t conf_bytes;
	bool has_users;			/* nothing is done without a login */
	u32 line_count;
	struct session *lines[LINE_COUNT];
	u64 boot_id;			/* random: another one after each start of the machine */
	u64 begun_ns;			/* when this start was */
	u32 start;			/* how often the console was started since, this time too */
	u64 next_client;		/* number of the next client; counts up from a random one */
	struct inventory inventory;
	struct event_ring events;
	u32 last_stream;		/* of the numbers of this start: that of the stream that was opened last */
	u32 next_id;
	struct job jobs[JOB_COUNT];
	u32 logout_count;
	u32 logouts[SESSIONS_MAX];	/* sessions of programs that have left */
	u64 sources_to_close[FETCHED_SOURCES];	/* by slot: their numbers; 0 = none */
	/* vos.conf */
	u32 config_count;
	struct args config[VM_COUNT];
	u32 network_count;
	struct args networks[SWITCHES];
	u32 router_count;
	struct args routers[ROUTERS];
	bool has_networks;		/* it says what networks there are, or none */
	struct apply apply;
	struct apply_source startup;	/* of JOB_STARTUP */
	struct keeper keeper;
	struct log_keeper logs;
	/* of one answer, or one key, at a time */
	char json_text[JSON_BYTES];
	struct out_buffer json_buffer;
	struct json json;
	struct completion completion;
};

/* What a line was told last of the VM with that number (struct vm_entry). */
struct told { u32 number, state; };

/* One line: a person's, with programs' frames in between, or one of programs alone. */
struct session {
	struct console *console;
	const struct line_ops *line;
	enum frame_kind kind;		/* FRAME_PLAIN: no person, no prompt; all text is dropped */
	u32 index;			/* console->lines[] */
	enum mode mode;
	enum result last_result;
	const char *last_class;
	struct out terminal;		/* text: a newline becomes CR LF */
	struct out raw;
	struct editor editor;
	struct key_decoder keys;
	struct frame_scanner scanner;
	u64 scanner_fed_ns;
	bool has_peer;			/* a program has sent sync: it gets events */
	bool is_looped;			/* since the last request, what VOS sends came back: no answer */
	bool is_loop_told;		/* in the log */
	struct login login;		/* the person's */
	u64 key_ns;			/* when the last key came */
	struct clients clients;
	struct streams streams;
	u64 log_at;			/* kernel log: printed up to here */
	struct told told[VM_COUNT];
	/* attached */
	u32 attached;			/* index of the VM */
	char attached_name[VM_NAME_BYTES];
	u64 shown_at;			/* of its history: shown up to here */
	bool was_escape;		/* the guest has sent an escape sequence: its colours may be left over */
	u32 guest_matched;		/* frame_would_begin */
	struct top top;
	struct queue input, output;
	struct queue held;		/* notices that came while somebody else drew on the screen */
	struct out held_out;
	u64 full_ns;			/* when it was too full for replies first since it was short; 0 = it was not */
};

_Static_assert(sizeof(struct session) <= SESSION_BYTES_MAX, "a line is cheap");

/* ---- session.c ---- */

/* Empty queues, an empty line; s is all zero before. False: no memory. */
bool session_init(struct session *s, struct console *console, const struct line_ops *line, enum frame_kind kind);
u64 session_now(const struct session *s);
/* Give the terminal what it takes; true if that was something. */
bool session_flush(struct session *s);
u32 session_output_used(const struct session *s);
bool session_has_output(const struct session *s);
/* There is room for what a reply may bring, or it need not be waited for. */
bool session_takes_reply(const struct session *s);
/* When that changes although no output goes out; ~0 = never. */
u64 session_stall_ns(const struct session *s);
/* What the line was told last of that VM: enum vm_state. */
u32 *session_told(struct session *s, const struct vm_entry *vm);
size_t session_input_room(const struct session *s);
bool session_has_input(const struct session *s);
/* The VM whose terminal is shown, or VM_COUNT. */
u32 session_attached(const struct session *s);
/* Somebody else draws on the screen: a VM, or top. */
bool session_is_screen_taken(const struct session *s);
/* Send console->json_text as a frame; the line being edited is untouched, since terminals don't show frames. */
void session_send_frame(struct session *s, const char *channel);
/* Print something that nobody waits for: above the line that is being edited, or held back while the screen is a VM's
 * or top's. */
struct out notice_begin(struct session *s);
void notice_end(struct session *s);
/* Print what was held back. */
void notice_release(struct session *s);
/* What does not fit is dropped. */
void input_push(struct session *s, u8 byte);
bool input_pop(struct session *s, char *byte);
bool input_peek(const struct session *s, char *byte);
/* True: that byte was the last one, and nobody has seen it; it is gone. */
bool input_take_back(struct session *s, char byte);
void input_discard(struct session *s);

/* ---- prompt.c ---- */

void prompt_show(struct session *s);
/* If the command that the person waits for is over, show the prompt. */
void prompt_check(struct session *s);
void prompt_feed(struct session *s, char byte);
/* Ctrl-C while a command is under way. */
void prompt_interrupt(struct session *s);
void prompt_ask(struct session *s, const char *question);
/* The answer is not shown: its hash goes into the job's args.typed, and the command begins again. */
void prompt_ask_secret(struct session *s, const char *question);
/* Is there a person to ask? Else the job has failed: `what` would happen. */
bool prompt_can_ask(struct session *s, struct job *job, const char *what);

/* ---- job_early.c ---- */

/*
 * Its request changes definitions, and those of the start have not been applied: it waits for them, so that
 * `create-vm --nic nat0` works as soon as there is a prompt.
 */
/* It will end VOS, and was not sent yet. */
bool job_ends_vos(const struct job *job);
bool job_is_early(const struct job *job);
/* Until then; 0: they are there. */
u64 job_early_until_ns(const struct console *c);

/* ---- job_time.c ---- */

void job_pump(struct console *console);
u64 job_deadline_ns(const struct console *console);

/* ---- job_text.c: the text of a job with is_text ---- */

struct out job_text_out(struct job *job);
void job_text_free(struct job *job);

/* ---- job.c ---- */

/* A free slot for that origin, or NULL. */
struct job *job_new(struct session *s, enum job_origin origin);
/* The slot of JOB_PROMPT. */
struct job *job_of_prompt(struct session *s);
/* The slot that is kept for a program's `cancel`, so that one is possible when the queue is full. */
struct job *job_new_cancel(struct session *s);
/* A free slot for that client's command; NULL: it has CLIENT_JOBS, or all have CLIENTS_JOBS. */
struct job *job_new_client(struct session *s, struct client *client);
/* The slot for what is asked of root about that upload, if it is free, else NULL. */
struct job *job_of_keeper(struct console *c);
/* The one of log_keeper.c: whether it is used or not / which is free, begun. */
struct job *job_of_logs(struct console *c);
struct job *job_new_logs(struct session *s);
struct job *job_new_upload(struct session *s, u32 slot);
/* The same of an export or a capture. */
struct job *job_new_fetch(struct session *s, u32 slot, bool is_close);
/* The job is that client's, if there is one (NULL: none), and answers that id. */
void job_set_client(struct job *job, struct client *client, u64 id);
/* The slot for a session that is to be ended; NULL: it is taken. */
struct job *job_new_logout(struct session *s);
/* That client leaves: what only reads ends; the rest of its commands goes on, and nobody is told what comes of it. */
void job_leave_all(struct console *console, const struct client *client);
/* Do job->args.command. */
void job_start(struct session *s, struct job *job);
void job_send(struct session *s, struct job *job, enum request_op op);
/* job->request for each target, all at once. */
void job_send_all(struct session *s, struct job *job);
/* No request goes out for targets that had none yet; they are done. */
void job_drop_unsent(struct job *job);
/* The job lives on in another slot. */
void job_move(struct job *to, struct job *from);
/* Into a slot of JOB_BACKGROUND. False: there is none. */
bool job_to_background(struct session *s, struct job *job);
/* Free the slot. */
void job_drop(struct job *job);
void job_answer(struct console *console, const struct reply *reply);
/* What a canceled command says: it was not begun, or the rest of it will not be done. */
void job_fail_canceled(struct session *s, struct job *job);
/* Requests for which there was no room, in the order in which they were asked: create-vm before the start-vm that came
 * behind it. Not the early ones. */
void job_send_unsent(struct console *console);
void job_ok(struct session *s, struct job *job);
/* The results were told; error NULL = success. What the prompt's command came to is its line's last_result. */
void job_end(struct session *s, struct job *job, const struct cmd_error *error);
void job_fail(struct session *s, struct job *job, const struct cmd_error *error);
/* A result: {"return": ...}. Begin, write the value with key "return", end. */
struct json_writer *job_json_begin(struct session *s);
void job_json_end(struct session *s, struct job *job);
/*
 * The same for an answer to a program that no job gives. client NULL: one that has not said hello; id is the id's JSON
 * text or "". Else client_id is the id, and the answer is kept for a repeat; only_reads: the command can be done again.
 */
struct answer_to { struct client *client; u64 client_id; const char *id; bool only_reads; };
void job_json_end_for(struct session *s, const struct answer_to *to);
/* Where the text of a job goes; job_text_end afterwards. Not for programs' jobs that want JSON. */
struct out job_text_begin(struct session *s, struct job *job);
void job_text_end(struct session *s, struct job *job);
bool job_is_json(const struct job *job);
/*
 * The command's result, as the line wants it: text, or JSON as a line or a frame. --quiet leaves the text out, never an
 * error.
 */
void job_show(struct session *s, struct job *job, const struct view *view, const void *what);
/* The same for a command that failed in part: the view, then the error, which gives the exit code; NULL = none. */
void job_show_end(struct session *s, struct job *job, const struct view *view, const void *what,
	const struct cmd_error *error);
/*
 * One of several things that the command is about, as soon as it is done; the command goes on. People see it now;
 * programs get the list of all with job_show_end.
 */
void job_show_part(struct session *s, struct job *job, const struct view *view, const void *what);
void job_show_error(struct session *s, struct job *job, const struct cmd_error *error);
/* One of several objects that the command shows, not the last one. */
void job_show_json(struct session *s, struct job *job, const struct view *view, const void *what);
/* {"event": name, "data": ..., "uptime-ns": ...}, for the program whose job it is; NULL: for all on that line. */
void job_send_event(struct session *s, const struct job *job, const char *name, const struct view *view,
	const void *what);
/* Is a command on that VM under way whose end will be told on this line? */
bool job_is_about(const struct session *s, const char *name);

/* The VM that the command names; 0: there is none, and the job has failed. */
struct vm_entry *job_vm(struct session *s, struct job *job);

/* ---- fetch.c ---- */

/* Ask for tables, BIT32(enum fetch), into console->inventory; hand the answers on until true: all is there. */
void fetch_begin(struct session *s, struct job *job, u32 wanted);
bool fetch_answer(struct session *s, struct job *job, const struct reply *reply);

/* ---- request.c: commands that are one request ---- */

void request_begin(struct session *s, struct job *job);
void request_answer(struct session *s, struct job *job, const struct reply *reply);
/* Would root do it? Asked before a person is; the answer is one of those that request_was_tried. */
void request_try(struct session *s, struct job *job);
bool request_was_tried(const struct job *job);
/* True: it was refused, and the job has failed. */
bool request_is_refused(struct session *s, struct job *job, const struct reply *reply);
/* The request of a command that is one. */
void request_fill(struct job *job);
/* So that who looks at the VM's terminal can be told who stops it. */
void request_note_asker(struct session *s, const struct job *job, const char *name, bool is_begun);
/* What the answer tells of the VM. */
void request_take_vm(struct session *s, const struct job *job, const char *name, const struct reply *reply);
/* How a command on a VM went there. */
struct outcome {
	const struct job *job;
	const char *name;
	const struct vm_entry *vm;	/* NULL: it is not there (any more), or none was meant */
	const struct info_page *info;	/* only of a command on one VM */
};
extern const struct view outcome_view;

/* ---- batch.c: a command on several VMs ---- */

/* Several VMs are named, or --all. */
bool batch_is_meant(const struct job *job);
void batch_begin(struct session *s, struct job *job);
void batch_answer(struct session *s, struct job *job, const struct reply *reply);
void batch_cancel_unsent(struct session *s, struct job *job);

/* ---- top.c ---- */

/* Take a key, or a part of the terminal's reply; false if there is none for top. */
bool top_input(struct session *s);
void top_interrupt(struct session *s);

/* ---- apply.c ---- */

/* Something is being applied. */
bool apply_is_on(const struct console *c);
/* What was applied last, in the order of its rows. */
u32 apply_entry_count(const struct console *c);
const struct args *apply_entry(const struct console *c, u32 index);

/* ---- keeper.c ---- */

void keeper_begin(struct session *s);
void keeper_turn(struct console *c);

/* ---- users.c ---- */

/* End the sessions of programs that have left. */
void users_turn(struct console *c);
/* A statement of the pool's text that could not be applied, by number: its bytes; 0: it counts no more. */
u32 keeper_left(struct console *c, u32 number, const char **text);
/* One that waits would make that. */
bool keeper_waits(struct console *c, enum request_op op, const char *name);

/* ---- log_keeper.c ---- */

void log_keeper_turn(struct console *c);
/* When it is to be called again; ~0 = when something has happened. */
u64 log_keeper_due_ns(const struct console *c);

/* ---- attach.c ---- */

void attach_feed(struct session *s, char byte);
/* What the guest wrote, from there on in its history: shown at once if all before it was. */
void attach_show(struct session *s, u64 at, const char *bytes, size_t count);
/* Show more of what was not shown yet, as the terminal takes it. */
void attach_catch_up(struct session *s);
/* The escape key came while the guest takes no input: open the menu all the same. */
void attach_escape(struct session *s);
/* Back to the prompt, from a VM that is shown or has ended. */
void attach_leave(struct session *s);
/* The VM whose terminal is shown was in state `before`, and is in another. */
void attach_state(struct session *s, const struct vm_entry *vm, u32 before);
/* Look whether the VM was deleted, which no event tells. */
void attach_check(struct session *s);

/* ---- rpc.c ---- */

void rpc_frame(struct session *s, const struct frame_result *frame);
/* A frame that was dropped, and what came of it. */
void rpc_broken(struct session *s, const struct frame_result *frame);
void rpc_event(struct session *s, const struct vm_entry *vm);
/* That the console was started again: clients and streams are gone. */
void rpc_tell_start(struct session *s);
/* verbs.c: clients that have left without a word. */
void rpc_forget_silent(struct session *s);

#endif
