/* SPDX-License-Identifier: MIT */
/*
 * command_table.c - every command: its words, its arguments and what it does, in the order in which help shows them.
 */
#include "handlers.h"

#define A(x) BIT64(ARG_##x)
#define CHANGE (A(NAME) | A(WAIT) | A(DRY_RUN) | A(QUIET) | A(JSON))
#define CHANGE_MANY (CHANGE | A(ALL))

const struct command command_rows[VERB_COUNT] = {
	[VERB_CREATE] = { "create-vm", "define a VM without starting it",
		"list-image shows the images, which are boot modules. Without --kernel, VOS uses the default image.",
		"create-vm --name myvm --cpu 1 --memory 512M",
		CHANGE | ARGS_FIELDS | A(DISK) | A(NIC),
		A(NAME), ARG_NAME, REQ_CREATE, GROUP_VM, false,
		{ request_begin, request_answer, 0 } },
	[VERB_START] = { "start-vm", "start a VM",
		"The command returns when the guest runs. `console NAME` attaches to its console.",
		"start-vm --name myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_START, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_STOP] = { "stop-vm", "stop a VM: press its power button, force it off after a timeout",
		"VOS presses the guest's ACPI power button and waits up to --timeout, then forces the VM off. "
		"--force does that at once. Several VMs are stopped at the same time, with one line of result for "
		"each.",
		"stop-vm --all --timeout 10s", CHANGE_MANY | A(FORCE) | A(TIMEOUT), A(NAME), ARG_NAME, REQ_STOP,
		GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_PAUSE] = { "pause-vm", "pause a VM and its clock", 0, "pause-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME,
		REQ_PAUSE, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_RESUME] = { "resume-vm", "resume a paused VM", 0, "resume-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME,
		REQ_RESUME, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_RESET] = { "reset-vm", "reset a VM: it boots again without asking the guest", 0,
		"reset-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_RESET, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_NMI] = { "nmi-vm", "send a VM a non-maskable interrupt (NMI)",
		"For a guest that hangs: most kernels then report their state or crash, depending on their settings.",
		"nmi-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_NMI, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_DELETE] = { "delete-vm", "delete a VM, its memory and its log",
		"A running VM is deleted only with --force. delete-vm asks first if several names or --all are given.",
		"delete-vm --name myvm", CHANGE_MANY | A(FORCE) | A(YES),
		A(NAME), ARG_NAME, REQ_DELETE, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_SET] = { "set-vm", "change a VM's properties",
		"Properties that are not given stay the same. --restart, --class, --weight, --cap and --affinity "
		"change at once, also while the VM runs; all others only while it is stopped. Class, weight, cap and "
		"affinity apply to all vCPUs of the VM together.",
		"set-vm myvm --weight 200 --cap 50%", CHANGE | ARGS_FIELDS, A(NAME), ARG_NAME, REQ_SET, GROUP_VM,
		false,
		{ request_begin, request_answer, 0 } },
	[VERB_STATUS] = { "status-vm", "show a VM's details",
		"A vCPU is running, halted (it waits for an interrupt), waiting-for-sipi (the guest has not started "
		"it), paused, or off. A key on its console or stop-vm wakes a suspended VM, on platform pc "
		"also its alarm clock.",
		"status-vm --name myvm", A(NAME) | A(JSON), A(NAME),
		ARG_NAME, REQ_STATUS, GROUP_VM, false,
		{ request_begin, status_answer, 0 } },
	[VERB_STATS] = { "stats-vm", "show a VM's CPU time, exits, wake-ups and memory",
		"The figures are those of the current run, or of the last run of a stopped VM. The cost of an exit "
		"is the time from the exit to the next entry. The latency of a wake-up is the time from the event to "
		"the first instruction.",
		"stats-vm myvm", A(NAME) | A(JSON), A(NAME), ARG_NAME, REQ_STATS, GROUP_VM, false,
		{ request_begin, stats_answer, 0 } },
	[VERB_LIST] = { "list-vm", "list all VMs",
		"CPU% is the average since the last list-vm or top; 100% is one pCPU.",
		"list-vm", A(JSON), 0, ARG_COUNT, 0, GROUP_VM, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_TOP] = { "top", "live CPU usage (q quits)",
		"100% is one pCPU. The space bar updates the table. With --json, each table is one JSON object (one "
		"table without --count).",
		"top --interval 5s", A(INTERVAL) | A(TIMES) | A(JSON), 0, ARG_COUNT, 0, GROUP_VM, false,
		{ top_begin, top_answer, top_proceed } },
	[VERB_CONSOLE] = { "console", "attach to a VM's console (Ctrl-] detaches)",
		"Ctrl-] opens a menu: detach, other VMs, log, send a break. When the VM ends, input is dropped until "
		"Enter is pressed.",
		"console myvm", A(NAME), A(NAME),
		ARG_NAME, 0, GROUP_VM, true,
		{ console_begin, 0, 0 } },
	[VERB_LOG_VM] = { "log-vm", "show a VM's console output, the last 64 KiB",
		"The log is kept across resets and crashes until the VM is deleted. Control characters are escaped.",
		"log-vm myvm --lines 20", A(NAME) | A(LINES) | A(OFFSET) | A(JSON), A(NAME), ARG_NAME, 0,
		GROUP_VM, false,
		{ log_vm_begin, 0, log_proceed } },
	[VERB_LIST_IMAGE] = { "list-image", "list kernels and RAM disks to boot VMs from", 0, "list-image", A(JSON), 0,
		ARG_COUNT, 0, GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_APPLY] = { "apply-config", "apply vos.conf",
		"Defines the VMs that do not exist, and starts those with autostart. Changes existing VMs as set-vm "
		"does; properties that can't change while a VM runs are shown and stay the same. --dry-run shows "
		"what would change.", "apply-config --dry-run",
		A(DRY_RUN) | A(QUIET) | A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE, false,
		{ apply_begin, apply_answer, 0 } },
	[VERB_EXPORT] = { "export-config", "print the definitions of all VMs as a vos.conf",
		"A boot medium with this text as vos.conf defines the same VMs at the next start. With NAME, prints "
		"that VM only.",
		"export-config", A(NAME) | A(JSON), 0, ARG_NAME, 0, GROUP_MACHINE, false,
		{ export_begin, export_answer, 0 } },
	[VERB_INFO] = { "info", "show processor, virtualization, memory and images", 0, "info",
		A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_ACCOUNTING] = { "accounting", "account for all CPU time and all memory",
		"For each pCPU, guest + VMM + system + idle = elapsed. For memory, VMs + system + kernel + free = "
		"installed.",
		"accounting", A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_LOG] = { "log", "show the kernel's log",
		"Each line has the seconds since the start, and the date and time (UTC) if the machine's clock is "
		"known.",
		"log --lines 20", A(LINES) | A(OFFSET) | A(JSON), 0, ARG_COUNT, 0,
		GROUP_MACHINE, false,
		{ log_begin, 0, log_proceed } },
	[VERB_REBOOT] = { "reboot", "restart this machine",
		"Asks first if VMs are running, or if VM definitions that are not in vos.conf would be lost.",
		"reboot --yes", A(YES) | A(JSON), 0, ARG_COUNT, REQ_REBOOT, GROUP_MACHINE, false,
		{ power_begin, request_answer, 0 } },
	[VERB_SHUTDOWN] = { "shutdown", "switch this machine off",
		"Asks first if VMs are running (stop them before), or if VM definitions that are not in vos.conf "
		"would be lost.", "shutdown --yes", A(YES) | A(JSON),
		0, ARG_COUNT, REQ_POWEROFF, GROUP_MACHINE, false,
		{ power_begin, request_answer, 0 } },
	[VERB_VERSION] = { "version", "show the version of VOS", 0, "version", A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE,
		false,
		{ version_begin, 0, 0 } },
	[VERB_HELP] = { "help", "list the commands, or explain one",
		"help vm, help machine and help prompt explain the commands of a group. help COMMAND full prints the "
		"complete text, also if it does not fit the screen. Limits: 4096 characters and 64 words in a line, "
		"31 characters in the name of a VM, 47 in that of an image, 128 VMs.",
		"help create-vm", A(VERB), 0, ARG_VERB, 0,
		GROUP_PROMPT, true,
		{ help_begin, 0, 0 } },
	[VERB_RESULT] = { "result", "show the exit code of the last command",
		"0 ok, 1 failed, 2 usage, 3 not found, 4 wrong state or exists, 5 not enough resources, 6 denied, 7 "
		"timed out or busy (try again), 8 link or protocol, 9 not supported, 10 integrity. A command on "
		"several VMs returns the highest of their codes.",
		"result", 0, 0, ARG_COUNT, 0, GROUP_PROMPT, true,
		{ result_begin, 0, 0 } },
	[VERB_CANCEL] = { "cancel", "cancel commands that are in progress",
		"Cancels your commands in the background (after Ctrl-C or --wait), or those of the program that "
		"asks. A command that has not begun is dropped. A stop-vm is taken back: the VM keeps running and is "
		"not forced off. Other commands that have begun continue.",
		"cancel", A(ID) | A(JSON), 0, ARG_COUNT, 0, GROUP_PROMPT, false,
		{ cancel_begin, cancel_answer, 0 } },
	[VERB_CLEAR] = { "clear", "clear the screen", 0, "clear", 0, 0, ARG_COUNT, 0, GROUP_PROMPT, true,
		{ clear_begin, 0, 0 } },
};
