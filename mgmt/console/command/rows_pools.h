/* SPDX-License-Identifier: MIT */
/*
 * rows_pools.h - rows of command_table.c: what becomes of a mirror's disks, and pools that come from other machines,
 * or go there. Included in the table.
 */
	{
		.verb = "replace-disk", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "give a mirror another disk in the place of one",
		.more = "OLD may be lost or in use: its partition is deleted if it can be reached. NEW gets a copy in "
			"its free part while VMs go on; until that has ended, the pool is on its other disk alone. "
			"It asks first.",
		.example = "replace-disk fast nvme1.0 nvme2.0",
		.takes = A(POOL) | A(OLD_DISK) | A(NEW_DISK) | A(YES) | CHANGE_VOLUME,
		.needs = A(POOL) | A(OLD_DISK) | A(NEW_DISK), .op = REQ_REPLACE_DISK,
		.ops = { .begin = pool_begin, .answer = pool_answer },
	},
	{
		.verb = "open-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "use a mirror without the disk that it waits for",
		.more = "After a start with one disk alone, VOS uses it only if it knows to be the newer one. This "
			"says that the other one is lost for good. If each goes on alone, they never are one again.",
		.example = "open-pool fast",
		.takes = A(POOL) | A(YES) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_OPEN_POOL,
		.ops = { .begin = pool_begin, .answer = pool_answer },
	},
	{
		.verb = "import-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "take over a pool that another machine has made",
		.more = "Its volumes can be used then. Its definitions of VMs are not applied as long as another pool "
			"has this machine's; if none has, they become this machine's. Of two pools with definitions "
			"neither's are applied at a start before the other machine's is imported. A pool or a volume "
			"whose name is taken has another one, such as nvme1.0p2 or oldp3: --to, or rename-volume, "
			"gives a better one. No VM may have a volume of the pool meanwhile.",
		.example = "import-pool nvme1.0p2 --to old",
		.takes = A(ANY_POOL) | A(NEW_POOL) | CHANGE_VOLUME, .needs = A(ANY_POOL), .op = REQ_IMPORT_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
	{
		.verb = "export-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "close a pool, so that another machine can import it",
		.more = "No VOS opens it from then on before import-pool. No VM may have a volume of it. The pool that "
			"has this machine's definitions is not exported: shutdown, and take its disk out.",
		.example = "export-pool old",
		.takes = A(POOL) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_EXPORT_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
	{
		.verb = "grow-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "give a pool the free room behind it on its disk",
		.more = "For a disk that has become larger, or whose next partition is gone. VMs go on: the store is "
			"started again for it, as by restart-service store, which they see as a pause. Safe against a "
			"power cut at any moment. A mirror can't be grown yet.",
		.example = "grow-pool fast",
		.takes = A(POOL) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_GROW_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
