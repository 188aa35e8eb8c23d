/* SPDX-License-Identifier: MIT */
/*
 * complete.h - what may stand at the cursor: for Tab and for ? in place.
 */
#ifndef VOS_COMPLETE_H
#define VOS_COMPLETE_H

#include "command.h"
#include "out.h"

/* Names that only the running system knows; index counts from 0, 0 is returned past the end. */
struct name_source {
	const char *(*vm)(void *context, u32 index);
	const char *(*image)(void *context, u32 index);
	const char *(*service)(void *context, u32 index);
	const char *(*disk)(void *context, u32 index);
	const char *(*volume)(void *context, u32 index);
	const char *(*network)(void *context, u32 index);
	const char *(*router)(void *context, u32 index);
	const char *(*pool)(void *context, u32 index);
	const char *(*snapshot)(void *context, u32 index);
	void *context;
};

#define CANDIDATE_COUNT 128u

struct completion {
	size_t start;		/* the word being completed begins here in the line ... */
	size_t length;		/* ... and has this many bytes up to the cursor */
	u32 count;
	bool has_dashes;	/* candidates are flags */
	char candidates[CANDIDATE_COUNT][IMAGE_NAME_BYTES + 4];
};

/* Candidates for the text left of the cursor. */
void complete(const char *line, size_t cursor, const struct name_source *names, struct completion *completion);
/* How many bytes all candidates have in common. */
size_t complete_common(const struct completion *completion);
/* What is possible at the cursor, for people. */
void complete_help(const char *line, size_t cursor, const struct name_source *names, const struct out *out);
/* Does a ? typed there ask for help? At the beginning of a word or within the name of a command or a flag, outside
 * quotes, not in the place of a free text. */
bool complete_wants_help(const char *line, size_t cursor);

#endif
