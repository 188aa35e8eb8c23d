/* SPDX-License-Identifier: MIT */
/*
 * survey.h - the first step of a task that says what is written, and what has changed since a birth (POOL_SURVEY).
 */
#ifndef VOS_POOL_SURVEY_H
#define VOS_POOL_SURVEY_H

#include "pool_state.h"

#define SURVEY_TASK_SECTORS 8192u	/* of one task; others have their turn between two */

void survey_begin(struct pool *p, struct job *j);

#endif
