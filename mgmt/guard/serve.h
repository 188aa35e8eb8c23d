/* SPDX-License-Identifier: MIT */
/*
 * serve.h - guard without its rings: one order is done, and answered.
 */
#ifndef VOS_GUARD_SERVE_H
#define VOS_GUARD_SERVE_H

#include "guard.h"

/*
 * Once, with the memory that outlives guard, the audit log, and the text of the boot module. What is there of an
 * earlier instance counts; else the module is read, and `tell` is called for each mistake of it (users_text.h).
 */
void serve_init(struct guard_state *state, struct audit_log *log, const char *module,
		void (*tell)(u32 line, u32 column, const char *what));

/* A private copy of an order; its secrets are gone afterwards. now_ns: since the start of the machine. */
void serve_order(struct guard_order *order, struct guard_report *report, u64 now_ns);

/* The report of a start. */
void serve_ready(struct guard_report *report);

#endif
