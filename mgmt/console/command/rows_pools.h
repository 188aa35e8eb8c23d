/* SPDX-License-Identifier: MIT */
/*
 * rows_pools.h - rows of command_table.c: pools that come from other machines, or go there. Included in the table.
 */
	{
		.verb = "import-pool", .group = GROUP_POOL,
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
		.verb = "export-pool", .group = GROUP_POOL,
		.summary = "close a pool, so that another machine can import it",
		.more = "No VOS opens it from then on before import-pool. No VM may have a volume of it. The pool that "
			"has this machine's definitions is not exported: shutdown, and take its disk out.",
		.example = "export-pool old",
		.takes = A(POOL) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_EXPORT_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
