/* SPDX-License-Identifier: MIT */
/*
 * linedraw.h - inside of the line editor: bring the terminal's row up to date with as few bytes as is simple.
 */
#ifndef VOS_LINEDRAW_H
#define VOS_LINEDRAW_H

#include "lineedit.h"

/* Draw what changed since the last time; nothing while the line is hidden. */
void linedraw(struct editor *editor);
/* The terminal is on a fresh row now. */
void linedraw_forget(struct editor *editor);

#endif
