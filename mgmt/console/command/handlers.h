/* SPDX-License-Identifier: MIT */
/*
 * handlers.h - what commands do (struct command_ops), for the table of commands.
 */
#ifndef VOS_HANDLERS_H
#define VOS_HANDLERS_H

#include "session.h"

/* handlers.c */
void definition_begin(struct session *s, struct job *job);
void vms_begin(struct session *s, struct job *job);
void vms_answer(struct session *s, struct job *job, const struct reply *reply);
void status_answer(struct session *s, struct job *job, const struct reply *reply);
void stats_answer(struct session *s, struct job *job, const struct reply *reply);
void listing_begin(struct session *s, struct job *job);
void listing_answer(struct session *s, struct job *job, const struct reply *reply);
void export_begin(struct session *s, struct job *job);
void forget_begin(struct session *s, struct job *job);
void forget_answer(struct session *s, struct job *job, const struct reply *reply);
void export_answer(struct session *s, struct job *job, const struct reply *reply);
void power_begin(struct session *s, struct job *job);
void help_begin(struct session *s, struct job *job);
void version_begin(struct session *s, struct job *job);
void result_begin(struct session *s, struct job *job);
void clear_begin(struct session *s, struct job *job);

/* Files of their own. */
void log_begin(struct session *s, struct job *job);
void log_vm_begin(struct session *s, struct job *job);
void log_proceed(struct session *s, struct job *job);
void service_begin(struct session *s, struct job *job);
void service_answer(struct session *s, struct job *job, const struct reply *reply);
void storage_answer(struct session *s, struct job *job, const struct reply *reply);
void volume_answer(struct session *s, struct job *job, const struct reply *reply);
void switches_answer(struct session *s, struct job *job, const struct reply *reply);
void network_answer(struct session *s, struct job *job, const struct reply *reply);
void routers_answer(struct session *s, struct job *job, const struct reply *reply);
void pool_begin(struct session *s, struct job *job);
void pool_answer(struct session *s, struct job *job, const struct reply *reply);
void key_begin(struct session *s, struct job *job);
void key_answer(struct session *s, struct job *job, const struct reply *reply);
void user_begin(struct session *s, struct job *job);
void user_answer(struct session *s, struct job *job, const struct reply *reply);
void audit_begin(struct session *s, struct job *job);
void audit_answer(struct session *s, struct job *job, const struct reply *reply);
void users_answer(struct session *s, struct job *job, const struct reply *reply);
void logout_begin(struct session *s, struct job *job);
void snapshots_begin(struct session *s, struct job *job);
void snapshots_answer(struct session *s, struct job *job, const struct reply *reply);
void snapshot_answer(struct session *s, struct job *job, const struct reply *reply);
void revert_begin(struct session *s, struct job *job);
void delete_image_begin(struct session *s, struct job *job);
void delete_image_answer(struct session *s, struct job *job, const struct reply *reply);
void apply_begin(struct session *s, struct job *job);
void apply_answer(struct session *s, struct job *job, const struct reply *reply);
void top_begin(struct session *s, struct job *job);
void top_answer(struct session *s, struct job *job, const struct reply *reply);
void top_proceed(struct session *s, struct job *job);
void probe_begin(struct session *s, struct job *job);
void probe_answer(struct session *s, struct job *job, const struct reply *reply);
void probe_proceed(struct session *s, struct job *job);
void arp_begin(struct session *s, struct job *job);
void capture_begin(struct session *s, struct job *job);
void console_begin(struct session *s, struct job *job);
void cancel_begin(struct session *s, struct job *job);
void cancel_answer(struct session *s, struct job *job, const struct reply *reply);

#endif
