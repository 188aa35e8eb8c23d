/* SPDX-License-Identifier: MIT */
/*
 * vos_main.h - what the parts of the command line program share. grammar.c: from words to a command; show.c: answers;
 * follow.c, console.c, upload.c, upload_volume.c, export_image.c,
 * capture.c: commands that go on; cloud_init.c; key.c, users.c: secrets; terminal.c: this terminal;
 * pages.c: manual pages and completion; main.c: which of them.
 */
#ifndef VOS_HOST_VOS_MAIN_H
#define VOS_HOST_VOS_MAIN_H

#include <jansson.h>

#include "command.h"
#include "text.h"
#include "vos.h"

/* A command of the shell, parsed. */
struct call {
	struct args args;
	const char *verb;	/* as VOS knows it */
	json_t *arguments;	/* for VOS */
	bool is_foreign;	/* this program does not know the verb; VOS may */
	bool is_json, is_quiet;
};

/* ---- grammar.c ---- */

/* Set `commands` to those of this program: the prompt's that make sense here, and its own. */
void grammar_init(void);
/* False: *error. An empty command is `help`. */
bool grammar_parse(struct call *call, int count, char **words, struct cmd_error *error);
/* The value of a flag that VOS does not get, such as FILE; NULL if it is not given. */
const char *grammar_value(const struct call *call, enum arg arg);
/* What the prompt says of that word, which is no command. */
void grammar_unknown(const char *word, struct cmd_error *error);

/* ---- show.c ---- */

/* Print it, as text or JSON; returns the exit code. */
int show_error(const struct call *call, const struct cmd_error *error);
/* That of libvos, which may be NULL. */
int show_failure(const struct call *call, const struct vos *vos);
/* The answer, or the failure, of vos_call. */
int show_answer(const struct call *call, const struct vos *vos, const char *answer);

/* ---- commands that go on ---- */

int run_simple(struct vos *vos, const struct call *call);
int run_top(struct vos *vos, const struct call *call);
int run_log(struct vos *vos, const struct call *call);
int run_events(struct vos *vos, const struct call *call);
int run_console(struct vos *vos, const struct call *call);
int run_key(struct vos *vos, const struct call *call);
int run_create_vm(struct vos *vos, const struct call *call);	/* with --cloud-init more than run_simple */
int run_login(struct vos *vos, const struct call *call);
int run_logout(struct vos *vos, const struct call *call);
int run_password(struct vos *vos, const struct call *call);
int run_upload(struct vos *vos, const struct call *call);	/* calls the next one */
int run_upload_volume(struct vos *vos, const struct call *call);
int run_capture(struct vos *vos, const struct call *call);
int run_export_image(struct vos *vos, const struct call *call);

/* A vos_progress_fn; context: pointer to the name. */
void show_progress(void *context, uint64_t done, uint64_t bytes);

/* ---- terminal.c ---- */

/*
 * Take keys from this terminal as they are typed: raw, or with the terminal's own treatment of lines put out. It is as
 * before, and `leave` is written to it, when the program gives it back, ends or is stopped. False: there is none.
 */
bool terminal_take(bool is_raw, const char *leave);
void terminal_on_leave(const char *leave);
void terminal_give_back(void);

/* ---- pages.c ---- */

/* Manual page of this program, in man(7), to the standard output. */
int pages_manual(void);
/* Candidates for what is before the cursor of a shell's line, one a line. */
int pages_complete(const char *line, const char *point);

#endif
