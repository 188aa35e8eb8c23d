/* SPDX-License-Identifier: MIT */
/*
 * fake_pools.h - what fake_root.c says of pools, one that is not empty and one of nonsense; and of volumes that are
 * made and deleted.
 */
#ifndef VOS_TEST_FAKE_POOLS_H
#define VOS_TEST_FAKE_POOLS_H

#include <stdio.h>
#include <string.h>

#include "errors.h"
#include "fake_disks.h"
#include "pool_secret.h"
#include "request.h"
#include "units.h"
#include "volume_traits.h"

static const struct pool_row fake_pools[] = {
	{ .index = 0, .bytes = 100 * GIB, .used_bytes = 80 * GIB, .free_bytes = 20 * GIB, .volumes = 2,
	  .promised_bytes = 400 * GIB, .name = "fast", .on = "virtio0", .is_default = 1 },
	{ .index = 1, .bytes = 100 * GIB, .name = "spare", .on = "virtio1", .scrub = POOL_SCRUB_RUNS,
	  .scrub_has_data = true, .scrub_percent = 45, .owner = POOL_IMPORTED },
	{ .index = 2, .bytes = 100 * GIB, .name = "bad", .on = "virtio2", .scrub = POOL_SCRUB_DONE, .scrub_faults = 3,
	  .owner = POOL_OF_OTHER,
	  .uuid = { 0x33, 0x31, 0xfa, 0xef, 0xa2, 0xa3, 0x42, 0x4e, 0xad, 0xe5, 0x3c, 0xa4, 0xd8, 0x92, 0xe6, 0x2f } },
	{ .index = 3, .state = POOL_ROW_FAILED, .error = STORE_POOL_DAMAGED, .bytes = 1, .used_bytes = 9,
	  .name = "no-end-of-it-all-no-end.", .on = "no-end-of-it-all-no-end." },
};

static const struct volume_row fake_volumes[] = {
	{ .index = 0, .kind = VOLUME_ROW_EXTENT, .bytes = 100 * GIB, .block_bytes = 512, .name = "myvm.0",
	  .on = "virtio0", .vm = "myvm", .made_for = "myvm" },
	{ .index = 3, .kind = VOLUME_ROW_MEMORY, .state = VOLUME_ROW_DELETING, .bytes = 64 * MIB, .block_bytes = 512,
	  .name = "scratch", .on = VOLUME_RAM },
	{ .index = 7, .kind = VOLUME_ROW_DISK, .bytes = 500 * GIB, .block_bytes = 4096, .name = "nvme0.0",
	  .on = "nvme0.0", .vm = "db" },
	{ .index = 8, .kind = VOLUME_ROW_SNAPSHOT, .bytes = 100 * GIB, .used_bytes = 3 * MIB, .name = "new",
	  .on = "fast", .of = "myvm.0", .age = 5 },
	{ .index = 9, .kind = VOLUME_ROW_SNAPSHOT, .bytes = 100 * GIB, .used_bytes = GIB, .name = "old", .on = "fast",
	  .of = "myvm.0", .age = 3 },
	{ .index = 10, .kind = VOLUME_ROW_THIN, .bytes = 100 * GIB, .name = "copy.0", .on = "fast", .of = "myvm.0",
	  .snapshot = "old", .reserve_bytes = 3 * GIB,
	  .traits = DISK_TRAIT(TRAIT_THICK, true) | DISK_TRAIT(TRAIT_INTEGRITY, true) },
	{ .index = 11, .kind = VOLUME_ROW_PARTITION, .bytes = 200 * GIB, .name = "ahci0.2p3", .on = "ahci0.2" },
	{ .index = 255, .kind = 99, .state = 99, .bytes = 1, .name = "no-end-of-it-all-no-end-of-it-all-no-end",
	  .on = "no-end-of-it-all-no-end." },
};

static inline bool fake_pool_row(const struct request *r, struct reply *reply)
{
	for (u32 i = 0; r->op == REQ_POOLS && i < ARRAY_COUNT(fake_pools); i++)
		if (fake_pools[i].index >= r->index) {
			reply->pool = fake_pools[i];
			return true;
		}
	return false;
}

/* Of the passphrase "open sesame", or the key file "key"; anything can be set. */
static inline void fake_secret(const struct request *r, struct reply *reply)
{
	static const char *const texts[STORE_KEY_WAYS] = { [STORE_PASSPHRASE] = "open sesame",
		[STORE_KEY_FILE] = "key" };
	const char *text = r->index < STORE_KEY_WAYS && texts[r->index] != NULL ? texts[r->index] : "";
	const struct disk_spec *want = &r->spec.disks[0];
	u8 secret[POOL_SECRET_BYTES];

	pool_secret(secret, r->index, text, strlen(text));
	if (r->op == REQ_UNLOCK_POOL && (r->flags & REQ_FLAG_DRY_RUN) == 0 && strcmp(want->image, "fast.key") != 0 &&
		memcmp(secret, r->secret, sizeof(secret)) != 0) {
		reply->result = RESULT_INTEGRITY;
		reply->error = ERR_WRONG_KEY;
	}
	snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
}

static inline bool fake_change_pool(const struct request *r, struct reply *reply)
{
	const struct disk_spec *want = &r->spec.disks[0];

	if (strcmp(want->volume, "none") == 0 && r->op != REQ_CREATE_POOL && r->op != REQ_DELETE_VOLUME) {
		fake_refuse_disks(reply, RESULT_NOT_FOUND, ERR_NO_POOL, 0);
		snprintf(reply->text, sizeof(reply->text), "none");
		return true;
	}
	if (r->op == REQ_OPEN_POOL || r->op == REQ_REPLACE_DISK)
		return true;
	if (r->op == REQ_CHECK_POOL || r->op == REQ_SCRUB_POOL) {
		reply->pool = (struct pool_row){ .scrub = POOL_SCRUB_DONE, .scrub_has_data = r->op == REQ_SCRUB_POOL,
			.scrub_percent = 100, .scrub_bytes = 28 * MIB };
		snprintf(reply->pool.name, sizeof(reply->pool.name), "%.23s", want->volume);
		if (strcmp(want->volume, "bad") == 0) {
			reply->result = RESULT_INTEGRITY;
			reply->error = ERR_POOL_BROKEN;
			reply->have = 3;
		}
		snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
		return true;
	}
	if (r->op == REQ_IMPORT_POOL || r->op == REQ_EXPORT_POOL) {
		const char *name = r->spec.disks[1].volume[0] != 0 ? r->spec.disks[1].volume : want->volume;

		reply->pool = (struct pool_row){ .bytes = 100 * GIB, .on = "ahci0.2",
			.owner = strcmp(name, "back") == 0 ? POOL_OWN : POOL_IMPORTED };
		snprintf(reply->pool.name, sizeof(reply->pool.name), "%.23s", name);
		if (strcmp(want->volume, "fast") == 0) {
			reply->result = RESULT_STATE;
			reply->error = r->op == REQ_IMPORT_POOL ? ERR_POOL_OWN : ERR_POOL_HOME;
		}
		snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
		return true;
	}
	if (r->op == REQ_GROW_POOL) {
		reply->pool = (struct pool_row){ .bytes = 100 * GIB, .free_bytes = 90 * GIB, .on = "ahci0.2",
			.owner = POOL_OWN };
		snprintf(reply->pool.name, sizeof(reply->pool.name), "%.23s", want->volume);
		if (strcmp(want->volume, "full") == 0) {
			reply->result = RESULT_RESOURCES;
			reply->error = ERR_POOL_EDGE;
		}
		snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
		return true;
	}
	if (r->op == REQ_SET_POOL_KEY || r->op == REQ_UNLOCK_POOL) {
		fake_secret(r, reply);
		return true;
	}
	if (r->op != REQ_CREATE_POOL && r->op != REQ_DELETE_POOL)
		return false;
	if (strcmp(want->volume, "fast") == 0 && r->flags == 0) {
		reply->result = RESULT_STATE;
		reply->error = ERR_POOL_NOT_EMPTY;
		reply->have = 2;
	} else if (r->op == REQ_CREATE_POOL) {
		reply->pool = (struct pool_row){ .bytes = want->bytes != 0 ? want->bytes : 28 * GIB };
		snprintf(reply->pool.name, sizeof(reply->pool.name), "%.23s", want->volume);
		memcpy(reply->pool.on, want->on, sizeof(reply->pool.on));
		reply->pool.members = want[1].on[0] != '\0' ? 2 : 1;
		for (u32 k = 0; k < reply->pool.members; k++)
			memcpy(reply->pool.member_on[k], want[k].on, sizeof(reply->pool.on));
	}
	snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
	return true;
}

/* A new volume with policy= or integrity=. False: it says neither. */
static inline bool fake_make_trait(const struct disk_spec *want, struct reply *reply)
{
	bool is_in_pool = strcmp(want->on, "fast") == 0;

	if ((want->flags & DISK_TRAITS_ALL) == 0)
		return false;
	if (!is_in_pool) {
		fake_refuse_disks(reply, RESULT_USAGE, ERR_TRAIT_PLACE, 0);
		reply->need = disk_trait_other(want->flags, 0);
	} else if (want->bytes > 20 * GIB) {
		fake_refuse_disks(reply, RESULT_RESOURCES, ERR_POOL_ROOM, 20 * GIB);
		reply->need = want->bytes;
	}
	snprintf(reply->text, sizeof(reply->text), "%s", want->on);
	reply->volume = (struct volume_row){ .kind = VOLUME_ROW_THIN, .bytes = want->bytes, .on = "fast",
		.traits = disk_traits_full(want->flags) };
	memcpy(reply->volume.name, want->volume, sizeof(reply->volume.name));
	return true;
}

static inline void fake_change_volume(const struct request *r, struct reply *reply)
{
	const struct disk_spec *want = &r->spec.disks[0];

	if (fake_change_pool(r, reply) || fake_make_trait(want, reply))
		return;
	if (strcmp(want->volume, "gone") == 0) {
		fake_refuse_disks(reply, RESULT_NOT_FOUND, ERR_NO_VOLUME, 0);
	} else if (want->bytes > 28 * GIB) {
		fake_refuse_disks(reply, RESULT_RESOURCES, ERR_DISK_FULL, 28 * GIB);
		reply->need = want->bytes;
		snprintf(reply->text, sizeof(reply->text), "virtio0");
		return;
	}
	snprintf(reply->text, sizeof(reply->text), "%.39s", want->volume);
	if (r->op != REQ_CREATE_VOLUME || reply->error != ERR_NONE)
		return;
	reply->volume = (struct volume_row){ .kind = VOLUME_ROW_EXTENT, .bytes = want->bytes, .on = "virtio0" };
	memcpy(reply->volume.name, want->volume, sizeof(reply->volume.name));
}

#endif
