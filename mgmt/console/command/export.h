/* SPDX-License-Identifier: MIT */
/*
 * export.h - the definitions of VMs written as vos.conf, and which of them vos.conf lacks.
 */
#ifndef VOS_EXPORT_H
#define VOS_EXPORT_H

#include "session.h"

/* One definition. */
void export_vm(const struct out *out, const char *name, const struct vm_spec *spec);
/*
 * A view of a struct export_what: all definitions, in the order of their places, or that of one VM, as a vos.conf that
 * makes the same again.
 */
struct export_what {
	const struct session *session;
	const char *name;	/* "" = all */
};
void export_text(const struct out *out, const void *what);
void export_json(struct json_writer *writer, const char *key, const void *what);
/* vos.conf would not make this VM as it is: it is lost when the machine goes down. */
bool export_is_lost(const struct session *session, const struct vm_entry *vm);

#endif
