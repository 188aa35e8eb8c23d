/*
 * command_table.c - every command: its words, its arguments and what it does, in the order in which help shows them.
 */
#include "handlers.h"

#define A(x) BIT64(ARG_##x)
#define CHANGE (A(NAME) | A(WAIT) | A(DRY_RUN) | A(QUIET) | A(JSON))
#define CHANGE_MANY (CHANGE | A(ALL))

const struct command command_rows[VERB_COUNT] = {
	[VERB_CREATE] = { "create-vm", "define a virtual machine; it does not start yet",
		"Images are boot modules: list-image shows them. Without --kernel the default image is used.",
		"create-vm --name myvm --cpu 1 --memory 512M",
		CHANGE | ARGS_FIELDS | A(DISK) | A(NIC),
		A(NAME), ARG_NAME, REQ_CREATE, GROUP_VM, false,
		{ request_begin, request_answer, 0 } },
	[VERB_START] = { "start-vm", "start it",
		"The answer comes when the guest runs. `console NAME` then shows its terminal.",
		"start-vm --name myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_START, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_STOP] = { "stop-vm", "press its power button, wait, then force it off",
		"The guest is asked first (ACPI power button). When --timeout is over it is forced off; --force does "
		"that at once. Several VMs are stopped at the same time, with one line of result for each.",
		"stop-vm --all --timeout 10s", CHANGE_MANY | A(FORCE) | A(TIMEOUT), A(NAME), ARG_NAME, REQ_STOP,
		GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_PAUSE] = { "pause-vm", "freeze it, and its clock", 0, "pause-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME,
		REQ_PAUSE, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_RESUME] = { "resume-vm", "let a paused one go on", 0, "resume-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME,
		REQ_RESUME, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_RESET] = { "reset-vm", "press its reset button: it boots again, the guest is not asked", 0,
		"reset-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_RESET, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_NMI] = { "nmi-vm", "send it a non-maskable interrupt (NMI)",
		"For a guest that is stuck: most kernels then report what they are at, or crash, as they were told to.",
		"nmi-vm myvm", CHANGE_MANY, A(NAME), ARG_NAME, REQ_NMI, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_DELETE] = { "delete-vm", "remove it, its memory and its log",
		"A VM that runs is not deleted, unless --force is given. Asks first if several names or --all are "
		"given.",
		"delete-vm --name myvm", CHANGE_MANY | A(FORCE) | A(YES),
		A(NAME), ARG_NAME, REQ_DELETE, GROUP_VM, false,
		{ vms_begin, vms_answer, 0 } },
	[VERB_SET] = { "set-vm", "change its properties",
		"What is not named stays. --restart, --class, --weight, --cap and --affinity are changed at once, also "
		"while it runs; all else only when it is stopped. Class, weight, cap and affinity are of all its vCPUs "
		"together.",
		"set-vm myvm --weight 200 --cap 50%", CHANGE | ARGS_FIELDS, A(NAME), ARG_NAME, REQ_SET, GROUP_VM,
		false,
		{ request_begin, request_answer, 0 } },
	[VERB_STATUS] = { "status-vm", "all about one",
		"A vCPU is running, halted (it waits for an interrupt), waiting-for-sipi (its guest has not started "
		"it), paused, or off. A VM is suspended while its guest has suspended itself: a key on its console, "
		"its timer or stop-vm wakes it.",
		"status-vm --name myvm", A(NAME) | A(JSON), A(NAME),
		ARG_NAME, REQ_STATUS, GROUP_VM, false,
		{ request_begin, status_answer, 0 } },
	[VERB_STATS] = { "stats-vm", "its processor time, exits, wake-ups and memory in figures",
		"Of the present run; of a VM that does not run, of its last. An exit costs from the guest's exit to "
		"its next entry. A wake-up takes from the event to the first instruction.",
		"stats-vm myvm", A(NAME) | A(JSON), A(NAME), ARG_NAME, REQ_STATS, GROUP_VM, false,
		{ request_begin, stats_answer, 0 } },
	[VERB_LIST] = { "list-vm", "all of them, one a line", "CPU% is since the last look; 100% is one pCPU.",
		"list-vm", A(JSON), 0, ARG_COUNT, 0, GROUP_VM, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_TOP] = { "top", "who uses the processors now, again and again; q ends it",
		"100% is one pCPU. Space looks at once. With --json, one object a table (one table if there is no "
		"--count).",
		"top --interval 5s", A(INTERVAL) | A(TIMES) | A(JSON), 0, ARG_COUNT, 0, GROUP_VM, false,
		{ top_begin, top_answer, top_proceed } },
	[VERB_CONSOLE] = { "console", "the terminal of one; Ctrl-] comes back",
		"Ctrl-] opens a menu: leave, other VMs, the log, send a break. When the VM ends, what comes is dropped "
		"until Enter is pressed.",
		"console myvm", A(NAME), A(NAME),
		ARG_NAME, 0, GROUP_VM, true,
		{ console_begin, 0, 0 } },
	[VERB_LOG_VM] = { "log-vm", "what it wrote to its terminal, the last 64 KiB",
		"Kept across resets and crashes, until the VM is deleted. Control characters are shown, not obeyed.",
		"log-vm myvm --lines 20", A(NAME) | A(LINES) | A(OFFSET) | A(JSON), A(NAME), ARG_NAME, 0,
		GROUP_VM, false,
		{ log_vm_begin, 0, log_proceed } },
	[VERB_LIST_IMAGE] = { "list-image", "kernels and RAM disks to boot VMs from", 0, "list-image", A(JSON), 0,
		ARG_COUNT, 0, GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_APPLY] = { "apply-config", "make true what vos.conf says",
		"VMs that are not there yet are defined, and started if it says autostart. Those that are there are "
		"changed to what it says, as set-vm does; what can't be changed while a VM runs is shown and stays. "
		"--dry-run shows what would change.", "apply-config --dry-run",
		A(DRY_RUN) | A(QUIET) | A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE, false,
		{ apply_begin, apply_answer, 0 } },
	[VERB_EXPORT] = { "export-config", "print all VMs' definitions as a vos.conf",
		"On the boot medium as vos.conf, it defines the same VMs at the next start. With NAME, only that one.",
		"export-config", A(NAME) | A(JSON), 0, ARG_NAME, 0, GROUP_MACHINE, false,
		{ export_begin, export_answer, 0 } },
	[VERB_INFO] = { "info", "processor, virtualization, memory, images", 0, "info", A(JSON), 0, ARG_COUNT, 0,
		GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_ACCOUNTING] = { "accounting", "where all time and all memory went, and whether it adds up",
		"For each pCPU, guest + VMM + system + idle = elapsed. For memory, VMs + system + kernel + free = "
		"installed.",
		"accounting", A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE, false,
		{ listing_begin, listing_answer, 0 } },
	[VERB_LOG] = { "log", "the kernel's log",
		"Each line has the date and time (UTC), if this machine's clock is known, and the seconds since the "
		"start.",
		"log --lines 20", A(LINES) | A(OFFSET) | A(JSON), 0, ARG_COUNT, 0,
		GROUP_MACHINE, false,
		{ log_begin, 0, log_proceed } },
	[VERB_REBOOT] = { "reboot", "restart this machine",
		"Asks first if VMs run, which are cut off, or if vos.conf lacks definitions, which are lost.",
		"reboot --yes", A(YES) | A(JSON), 0, ARG_COUNT, REQ_REBOOT, GROUP_MACHINE, false,
		{ power_begin, request_answer, 0 } },
	[VERB_SHUTDOWN] = { "shutdown", "switch this machine off",
		"Asks first if VMs run, which are cut off (stop-vm them before), or if vos.conf lacks definitions, "
		"which are lost.", "shutdown --yes", A(YES) | A(JSON),
		0, ARG_COUNT, REQ_POWEROFF, GROUP_MACHINE, false,
		{ power_begin, request_answer, 0 } },
	[VERB_VERSION] = { "version", "version of VOS", 0, "version", A(JSON), 0, ARG_COUNT, 0, GROUP_MACHINE,
		false,
		{ version_begin, 0, 0 } },
	[VERB_HELP] = { "help", "this list, or all about one command",
		"help vm, help machine and help prompt say what each command of a group is for. help COMMAND full "
		"shortens nothing to fit the screen. Limits: 4096 characters and 64 words in a line, 31 characters in "
		"the name of a VM, 47 in that of an image, 128 VMs.",
		"help create-vm", A(VERB), 0, ARG_VERB, 0,
		GROUP_PROMPT, true,
		{ help_begin, 0, 0 } },
	[VERB_RESULT] = { "result", "exit code of the last command",
		"0 ok, 1 failed, 2 usage, 3 not found, 4 wrong state or exists, 5 not enough resources, 6 denied, 7 "
		"timed out or busy (try again), "
		"8 link or protocol, 9 not supported, 10 integrity. A command on several VMs has the highest of "
		"theirs.",
		"result", 0, 0, ARG_COUNT, 0, GROUP_PROMPT, true,
		{ result_begin, 0, 0 } },
	[VERB_CANCEL] = { "cancel", "do not wait for commands any longer",
		"A person's are those that were let go with Ctrl-C or --wait. What was not begun is not done. stop-vm "
		"is taken back: the VM runs on and is not forced off. Whatever else was begun goes on.",
		"cancel", A(ID) | A(JSON), 0, ARG_COUNT, 0, GROUP_PROMPT, false,
		{ cancel_begin, cancel_answer, 0 } },
	[VERB_CLEAR] = { "clear", "clear the screen", 0, "clear", 0, 0, ARG_COUNT, 0, GROUP_PROMPT, true,
		{ clear_begin, 0, 0 } },
};
