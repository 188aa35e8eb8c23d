/* SPDX-License-Identifier: MIT */
/*
 * backup_cmd.h - what backup-vm, restore-vm and verify-backup share. backup_key.c: the key that the words ask for;
 * backup_content.c: what a backup has in its frames (backup_file.h):
 *
 *	u32 bytes, JSON		of the VM: "vm", "time", "snapshot", "disks" (how many), "definition" (arguments of
 *				create-vm)
 *	then of each disk	u32 bytes, JSON: "volume", "bytes", "id", "diff"; then its stream of extents
 */
#ifndef VOS_HOST_BACKUP_CMD_H
#define VOS_HOST_BACKUP_CMD_H

#include "backup_file.h"
#include "extents.h"
#include "vos_main.h"

#define BACKUP_WHY 300u
#define BACKUP_ID_TEXT (2 * BACKUP_ID_BYTES + 1)

/* ---- backup_key.c ---- */

/* What --key-file or --passphrase says. False: it was told why not. The bytes stay until key_forget. */
bool backup_key_take(const struct call *call, bool is_new, struct backup_key *out);
void backup_key_forget(struct backup_key *key);

/* ---- backup_content.c ---- */

/* A backup that is being read. */
struct backup_reader {
	int fd;
	struct backup_info info;
	struct backup_in *in;
	json_t *vm;		/* of the VM */
	u8 piece[65536];	/* some content: */
	size_t at, count;
	char why[BACKUP_WHY];
};

/* Opened, and the VM's part read. False: r->why. */
bool backup_reader_open(struct backup_reader *r, const char *path, const struct backup_key *key);
/* The next disk's, for json_decref. NULL: r->why, or "" : there is none any more, and the file is right. */
json_t *backup_reader_disk(struct backup_reader *r);
/* What its stream says: to be called until EXTENTS_END; EXTENTS_BAD: r->why. EXTENTS_DATA: bytes[0, *count) for
 * e->offset; extents_took is to be called. */
enum extents_state backup_reader_extents(struct backup_reader *r, struct extents *e, const u8 **bytes, u64 *count);
void backup_reader_close(struct backup_reader *r);

/* A part of the content. False: errno. */
bool backup_put_json(struct backup_out *o, const json_t *object);
void backup_id_text(const u8 id[BACKUP_ID_BYTES], char text[BACKUP_ID_TEXT]);
bool backup_has_base(const struct backup_info *info);

/* ---- both ---- */

int backup_refuse(const struct call *call, enum result code, const char *what, const char *why);
/* The answer's "return", for json_decref; takes over `arguments`. NULL: see vos_result. */
json_t *backup_ask(struct vos *vos, const char *verb, json_t *arguments);

int run_backup_vm(struct vos *vos, const struct call *call);
int run_restore_vm(struct vos *vos, const struct call *call);
int run_verify_backup(const struct call *call);

#endif
