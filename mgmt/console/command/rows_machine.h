/* SPDX-License-Identifier: MIT */
/*
 * rows_machine.h - the last rows of command_table.c: the machine and the prompt.
 */
	{
		.verb = "info", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "show processor, virtualization, memory and images",
		.more = "--cpu shows which flaws the processor has, and what VOS does against them.",
		.example = "info --cpu",
		.takes = A(PROCESSOR) | A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_IMAGES) | BIT32(FETCH_PCPUS) | BIT32(FETCH_HOST), .is_look = true,
		.view = { report_info, json_info },
	},
	{
		.verb = "accounting", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "account for all CPU time, all memory and disk I/O",
		.more = "For each pCPU, guest + VMM + system + idle = elapsed. For memory, VMs + system + kernel + "
			"free = installed. Disk I/O is that of all runs of a VM.",
		.example = "accounting",
		.takes = A(JSON),
		.ops = LISTING,
		.tables = BIT32(FETCH_VMS) | BIT32(FETCH_PCPUS) | BIT32(FETCH_MEMORY) | BIT32(FETCH_HOST),
		.view = { report_accounting, json_accounting },
	},
	{
		.verb = "log", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "show the kernel's log",
		.more = "Each line has the seconds since the start, and the date and time (UTC) if the machine's "
			"clock is known.",
		.example = "log --lines 20",
		.takes = A(LINES) | A(OFFSET) | A(JSON),
		.ops = { .begin = log_begin, .proceed = log_proceed },
	},
	{
		.verb = "reboot", .group = GROUP_MACHINE, .role = ROLE_ADMIN,
		.summary = "restart this machine",
		.more = "Asks first if VMs are running, or if VM definitions that are not in vos.conf would be lost.",
		.example = "reboot --yes",
		.takes = A(YES) | A(JSON), .op = REQ_REBOOT,
		.ops = { .begin = power_begin, .answer = request_answer },
	},
	{
		.verb = "shutdown", .group = GROUP_MACHINE, .role = ROLE_ADMIN,
		.summary = "switch this machine off",
		.more = "Asks first if VMs are running (stop them before), or if VM definitions that are not in "
			"vos.conf would be lost.",
		.example = "shutdown --yes",
		.takes = A(YES) | A(JSON), .op = REQ_POWEROFF,
		.ops = { .begin = power_begin, .answer = request_answer },
	},
	{
		.verb = "version", .group = GROUP_PROMPT, .role = ROLE_ANYBODY,
		.summary = "show the version of VOS",
		.example = "version",
		.takes = A(JSON),
		.ops = { .begin = version_begin },
	},
	{
		.verb = "help", .group = GROUP_PROMPT, .role = ROLE_ANYBODY, .is_for_people = true,
		.summary = "list the commands, or explain one",
		.more = "help vm, help storage, help pool, help network, help machine and help prompt explain the "
			"commands of a group, help disk those for disks, and so with other nouns. help COMMAND full "
			"prints the complete text, also if it does not fit the screen. Limits: 4096 characters and 64 "
			"words in a line, 31 characters in the name of a VM, 47 in that of an image, 128 VMs.",
		.example = "help create-vm",
		.takes = A(VERB),
		.ops = { .begin = help_begin },
	},
	{
		.verb = "result", .group = GROUP_PROMPT, .role = ROLE_ANYBODY, .is_for_people = true,
		.summary = "show the exit code of the last command",
		.more = "0 ok, 1 failed, 2 usage, 3 not found, 4 wrong state or exists, 5 not enough resources, 6 "
			"denied, 7 timed out or busy (try again), 8 link or protocol, 9 not supported, 10 integrity, "
			"11 done, but the answer is lost. A command on several VMs returns the highest of their codes.",
		.example = "result",
		.ops = { .begin = result_begin },
	},
	{
		.verb = "cancel", .group = GROUP_PROMPT, .role = ROLE_VIEWER,
		.summary = "cancel commands that are in progress",
		.more = "Cancels your commands in the background (after Ctrl-C or --wait), or those of the program "
			"that asks. A command that has not begun is dropped. A stop-vm is taken back: the VM keeps "
			"running and is not forced off. Other commands that have begun continue.",
		.example = "cancel",
		.takes = A(ID) | A(JSON), .op = REQ_CANCEL,
		.ops = { .begin = cancel_begin, .answer = cancel_answer },
	},
	{
		.verb = "clear", .group = GROUP_PROMPT, .role = ROLE_ANYBODY, .is_for_people = true,
		.summary = "clear the screen",
		.example = "clear",
		.ops = { .begin = clear_begin },
	},
