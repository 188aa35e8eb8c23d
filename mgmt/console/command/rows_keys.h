/* SPDX-License-Identifier: MIT */
/*
 * rows_keys.h - rows of command_table.c: the keys of pools. Included there, in the table.
 */
	{
		.verb = "set-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "set the passphrase or key of a pool",
		.more = "With the first one the pool gets a key of its own, and --disk SIZE,encrypt=on makes encrypted "
			"disks in it. Another one takes the place of the one before; a passphrase and a key file can "
			"both be set, and either unlocks the pool. Without them the data is lost. A program gives "
			"--secret, and vos reads a key file with --file.",
		.example = "set-pool fast --passphrase",
		.takes = A(POOL) | A(PASSPHRASE) | A(KEY_MODULE) | A(SECRET) | A(KEY) | CHANGE_VOLUME,
		.needs = A(POOL), .op = REQ_SET_POOL_KEY,
		.ops = { .begin = key_begin, .answer = key_answer },
	},
	{
		.verb = "unlock-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "unlock what is encrypted in a pool, until VOS ends",
		.more = "Asks for the passphrase. VMs with autostart whose disks were locked start then. A boot module "
			"whose name is the pool's and .key unlocks it by itself.",
		.example = "unlock-pool fast",
		.takes = A(POOL) | A(KEY_MODULE) | A(SECRET) | A(KEY) | CHANGE_VOLUME,
		.needs = A(POOL), .op = REQ_UNLOCK_POOL,
		.ops = { .begin = key_begin, .answer = key_answer },
	},
