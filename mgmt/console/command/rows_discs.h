/* SPDX-License-Identifier: MIT */
/*
 * rows_discs.h - rows of command_table.c: discs in a VM's CD drive. Included there, in the table.
 */
	{
		.verb = "insert-cd", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "put a disc into a VM's CD drive, or another one",
		.more = "A guest that runs sees that the disc has changed. The VM must have a drive: create-vm and, "
			"while it is stopped, set-vm give it one with --iso IMAGE, or --iso empty. list-image shows "
			"the images.",
		.example = "insert-cd myvm --iso drivers",
		.takes = CHANGE | A(ISO), .needs = A(NAME) | A(ISO), .op = REQ_SET, .is_of_drive = true,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "eject-cd", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "take the disc out of a VM's CD drive",
		.more = "At once, whatever the guest does with it: unmount it there first. The drive stays, for "
			"insert-cd.",
		.example = "eject-cd myvm",
		.takes = CHANGE, .needs = A(NAME), .op = REQ_SET, .is_of_drive = true,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
