/* SPDX-License-Identifier: MIT */
/*
 * command_table.c - every command: its words, its arguments and what it does, in the order in which help shows them. A
 * new command is one more row.
 */
#include "handlers.h"

#define A(x) ARG_BIT(ARG_##x)
#define CHANGE (A(NAME) | A(WAIT) | A(DRY_RUN) | A(QUIET) | A(JSON))
#define CHANGE_MANY (CHANGE | A(ALL))
#define CHANGE_VOLUME (A(WAIT) | A(DRY_RUN) | A(QUIET) | A(JSON))
#define TRAITS (A(POLICY) | A(INTEGRITY) | A(ENCRYPT))	/* volume_traits.h */
#define STORAGE { .begin = listing_begin, .answer = storage_answer }
#define LISTING { .begin = listing_begin, .answer = listing_answer }

const struct command command_rows[] = {
	{
		.verb = "create-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "define a VM without starting it",
		.more = "list-image shows the images. Without --kernel, VOS uses the default image. With --template "
			"it is a clone of a VM (clone-vm), but for what is given.",
		.example = "create-vm --name myvm --cpu 1 --memory 512M",
		.takes = CHANGE | ARGS_FIELDS | A(TEMPLATE) | A(ITS_SNAPSHOT), .needs = A(NAME), .op = REQ_CREATE,
		.ops = { .begin = definition_begin, .answer = request_answer },
	},
	{
		.verb = "start-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "start a VM",
		.more = "The command returns when the guest runs. `console NAME` attaches to its console.",
		.example = "start-vm --name myvm",
		.takes = CHANGE_MANY, .needs = A(NAME), .op = REQ_START,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "stop-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "stop a VM: press its power button, force it off at a timeout",
		.more = "VOS presses the guest's ACPI power button and waits up to --timeout, then forces the VM off. "
			"--force does that at once. Several VMs are stopped at the same time, with one line of result "
			"for each.",
		.example = "stop-vm --all --timeout 10s",
		.takes = CHANGE_MANY | A(FORCE) | A(TIMEOUT), .needs = A(NAME), .op = REQ_STOP,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "pause-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "pause a VM and its clock",
		.example = "pause-vm myvm",
		.takes = CHANGE_MANY, .needs = A(NAME), .op = REQ_PAUSE,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "resume-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "resume a paused VM",
		.example = "resume-vm myvm",
		.takes = CHANGE_MANY, .needs = A(NAME), .op = REQ_RESUME,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "reset-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "reset a VM: it boots again without asking the guest",
		.example = "reset-vm myvm",
		.takes = CHANGE_MANY, .needs = A(NAME), .op = REQ_RESET,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "nmi-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "send a VM a non-maskable interrupt (NMI)",
		.more = "For a guest that hangs: most kernels then report their state or crash, depending on their "
			"settings.",
		.example = "nmi-vm myvm",
		.takes = CHANGE_MANY, .needs = A(NAME), .op = REQ_NMI,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "delete-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "delete a VM, its memory, its log and its volumes",
		.more = "Volumes that were made for the VM are deleted with it unless --keep-disk is given; others "
			"stay. A running VM is deleted only with --force; --all alone means those that do not run. "
			"delete-vm asks first if several names or --all are given.",
		.example = "delete-vm --name myvm",
		.takes = CHANGE_MANY | A(FORCE) | A(KEEP_DISK) | A(YES), .needs = A(NAME), .op = REQ_DELETE,
		.ops = { .begin = vms_begin, .answer = vms_answer },
	},
	{
		.verb = "set-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "change a VM's properties",
		.more = "Properties that are not given stay the same. --restart, --on-io-error, --class, --weight, "
			"--cap and --affinity change at once, also while the VM runs, and so do iops= and rate= of "
			"--disk, with all disks of the VM given, and the disc in a CD drive (--iso); all others only "
			"while it is stopped. "
			"Class, weight, cap and affinity apply to all vCPUs of the VM together.",
		.example = "set-vm myvm --weight 200 --cap 50%",
		.takes = CHANGE | ARGS_FIELDS, .needs = A(NAME), .op = REQ_SET,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
#include "rows_discs.h"
	{
		.verb = "attach-disk", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "give a VM further disks",
		.more = "The disks become the VM's last ones. The volume of each is made, or is the one that is named. "
			"A guest that runs sees them at once if it knows ACPI hot plug (Linux does), others at their "
			"next start. A paused VM gets none.",
		.example = "attach-disk myvm --disk 10G",
		.takes = CHANGE | A(DISK), .needs = A(NAME) | A(DISK), .op = REQ_ATTACH_DISK,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "detach-disk", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "take a disk from a VM, and keep its volume",
		.more = "A guest that runs is asked to let go of the disk; if it does not within --timeout, the disk "
			"stays. Unmount the disk in the guest first: Linux lets go of it also while it is mounted. The "
			"disks behind it move up by one, in a guest that runs at its next start, so their names in the "
			"guest may change. delete-volume deletes the volume.",
		.example = "detach-disk myvm --volume myvm.1",
		.takes = CHANGE | A(ITS_VOLUME) | A(EJECT_TIME), .needs = A(NAME) | A(ITS_VOLUME),
		.op = REQ_DETACH_DISK,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "resize-disk", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "make a disk of a VM larger",
		.more = "Its volume is in a pool. A guest that runs sees the new size at once if it knows virtio's "
			"configuration interrupt (Linux does); its partitions and file systems stay as they are until "
			"the guest enlarges them. Snapshots keep their size. A disk can't become smaller.",
		.example = "resize-disk myvm --disk 0 --size 200G",
		.takes = CHANGE | A(ITS_DISK) | A(BYTES), .needs = A(NAME) | A(ITS_DISK) | A(BYTES),
		.op = REQ_RESIZE_DISK,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "snapshot-vm", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "make a snapshot of all disks of a VM, at one moment",
		.more = "Its disks are in one pool. All of them get the snapshot, or none. Without --snapshot it is "
			"called snap1, snap2 and so on. A VM that runs goes on: the snapshot has what the guest has "
			"written to its disks by then, as after a power cut; memory is not kept. A snapshot takes room "
			"only as its disk changes.",
		.example = "snapshot-vm myvm --snapshot before-upgrade",
		.takes = CHANGE | A(SNAPSHOT), .needs = A(NAME), .op = REQ_SNAPSHOT_VM,
		.ops = { .begin = request_begin, .answer = snapshot_answer },
	},
	{
		.verb = "list-snapshot", .group = GROUP_STORAGE, .role = ROLE_VIEWER,
		.summary = "list the snapshots of VMs, the oldest first",
		.more = "OF is the VM, or the volume if no VM has it. DISKS is how many of its disks the snapshot has. "
			"USED is what it has in the pool that no older one has. CLONES are disks that began as it.",
		.example = "list-snapshot myvm",
		.takes = A(NAME) | A(JSON),
		.ops = { .begin = snapshots_begin, .answer = snapshots_answer }, .tables = BIT32(FETCH_VOLUMES),
		.view = { report_snapshots, json_snapshots },
	},
	{
		.verb = "revert-vm", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "put all disks of a VM back to what they were at a snapshot",
		.more = "The VM must be stopped. What was written since then is lost, and newer snapshots are deleted; "
			"the snapshot itself stays. Asks first.",
		.example = "revert-vm myvm --snapshot before-upgrade",
		.takes = CHANGE | A(SNAPSHOT) | A(YES), .needs = A(NAME) | A(SNAPSHOT), .op = REQ_REVERT_VM,
		.ops = { .begin = revert_begin, .answer = snapshot_answer },
	},
	{
		.verb = "delete-snapshot", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "delete a snapshot of a VM",
		.more = "The disks stay as they are. Refused while there are clones of it.",
		.example = "delete-snapshot myvm --snapshot before-upgrade",
		.takes = CHANGE | A(SNAPSHOT), .needs = A(NAME) | A(SNAPSHOT), .op = REQ_DELETE_SNAPSHOT,
		.ops = { .begin = request_begin, .answer = snapshot_answer },
	},
	{
		.verb = "clone-vm", .group = GROUP_VM, .role = ROLE_OPERATOR,
		.summary = "define a VM like another, with disks that begin as its",
		.more = "The new VM's disks share with the old one's what neither has changed: making them takes no "
			"time and no room. They begin as the snapshot, or as the disks are now; then a snapshot with "
			"the name of the new VM is made, too, which goes by itself soon after its last clone. Network "
			"cards get new addresses. It does not start by itself: set-vm --autostart. The snapshot can't "
			"be deleted while there is the clone.",
		.example = "clone-vm myvm --to myvm2",
		.takes = CHANGE | A(TO) | A(SNAPSHOT), .needs = A(NAME) | A(TO), .op = REQ_CLONE_VM,
		.ops = { .begin = definition_begin, .answer = request_answer },
	},
	{
		.verb = "status-vm", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "show a VM's details",
		.more = "A vCPU is running, halted (it waits for an interrupt), waiting-for-sipi (the guest has not "
			"started it), paused, or off. A key on its console or stop-vm wakes a suspended VM, on "
			"platform pc also its alarm clock.",
		.example = "status-vm --name myvm",
		.takes = A(NAME) | A(JSON), .needs = A(NAME), .op = REQ_STATUS,
		.ops = { .begin = request_begin, .answer = status_answer },
	},
	{
		.verb = "stats-vm", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "show a VM's CPU time, exits, wake-ups, memory and I/O",
		.more = "The figures are those of the current run, or of the last run of a stopped VM. The cost of an "
			"exit is the time from the exit to the next entry. The latency of a wake-up is the time from "
			"the event to the first instruction; that of a disk request is the time in the storage service "
			"and the disk. Rates are averages since the start.",
		.example = "stats-vm myvm",
		.takes = A(NAME) | A(JSON), .needs = A(NAME), .op = REQ_STATS,
		.ops = { .begin = request_begin, .answer = stats_answer },
	},
	{
		.verb = "list-vm", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "list all VMs",
		.more = "CPU% is the average since the last list-vm or top; 100% is one pCPU.",
		.example = "list-vm",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_VMS), .is_look = true,
		.view = { report_vms, json_vms },
	},
	{
		.verb = "top", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "live CPU usage, disk and network I/O (q quits)",
		.more = "100% is one pCPU. IO/S is requests to disks, DATA/S the bytes that they read and write; PKT/S "
			"and NET/S are packets of network cards and their bytes, both ways. The "
			"space bar updates the table. With --json, each table is one JSON object (one table without "
			"--count).",
		.example = "top --interval 5s",
		.takes = A(INTERVAL) | A(TIMES) | A(JSON),
		.ops = { .begin = top_begin, .answer = top_answer, .proceed = top_proceed },
	},
	{
		.verb = "console", .group = GROUP_VM, .role = ROLE_OPERATOR, .is_for_people = true,
		.summary = "attach to a VM's console (Ctrl-] opens a menu)",
		.more = "Ctrl-] opens a menu: detach, other VMs, log, send a break. When the VM ends, input is "
			"dropped until Enter is pressed.",
		.example = "console myvm",
		.takes = A(NAME), .needs = A(NAME),
		.ops = { .begin = console_begin },
	},
	{
		.verb = "log-vm", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "show a VM's console output, the last 64 KiB",
		.more = "The log is kept across resets and crashes until the VM is deleted; with a pool also across a "
			"power cut, but for the last seconds. Control characters are escaped.",
		.example = "log-vm myvm --lines 20",
		.takes = A(NAME) | A(LINES) | A(OFFSET) | A(JSON), .needs = A(NAME),
		.ops = { .begin = log_vm_begin, .proceed = log_proceed },
	},
	{
		.verb = "list-image", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "list kernels and RAM disks to boot VMs from",
		.more = "boot: it came with the boot medium. uploaded: a program sent it; POOL has it, or it is lost "
			"when VOS ends. HASH is the start of its BLAKE2b-256, OWNER the peer that sent it, where that "
			"is known.",
		.example = "list-image",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_IMAGES),
		.view = { report_images, json_images },
	},
	{
		.verb = "delete-image", .group = GROUP_MACHINE, .role = ROLE_OPERATOR,
		.summary = "delete an uploaded image",
		.more = "Refused while a VM is defined with it. Boot modules can't be deleted. An upload of that name "
			"that is not finished is dropped.",
		.example = "delete-image mykernel",
		.takes = A(IMAGE) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(IMAGE), .op = REQ_DELETE_IMAGE,
		.ops = { .begin = delete_image_begin, .answer = delete_image_answer },
	},
	{
		.verb = "list-device", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "list PCI devices, their drivers and what they can reach",
		.more = "DRIVER: the driver, or who else has the device. DMA \"contained\": an IOMMU confines the "
			"device to the memory of its driver. \"not contained\": the device could write to any memory "
			"if its driver asked it to. \"off\": a "
			"device without a driver. \"blocked\": the same, by an IOMMU. \"N requests refused\": the "
			"IOMMU did not let the device reach what it asked for; the log has the first ones. Devices "
			"of one group cannot be told apart by the IOMMU. The kernel option iommu=off leaves the "
			"IOMMU alone. The kernel option --no-driver=LIST leaves devices as the firmware "
			"set them up; LIST has addresses (00:1f.2), programs of drivers (virtio_blk, nvme, ahci, "
			"ata, virtio_net, e1000) or all.",
		.example = "list-device",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_DEVICES),
		.view = { report_devices, json_devices },
	},
	{
		.verb = "list-service", .group = GROUP_MACHINE, .role = ROLE_VIEWER,
		.summary = "list services and drivers, their memory and their restarts",
		.more = "Each is a program in ring 3 with memory and rights of its own. VOS restarts those that fail, "
			"and gives up a driver that fails too often; restart-service then tries it again.",
		.example = "list-service",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_SERVICES),
		.view = { report_services, json_services },
	},
	{
		.verb = "restart-service", .group = GROUP_MACHINE, .role = ROLE_ADMIN,
		.summary = "restart a service or a driver of VOS",
		.more = "VMs keep running. Their requests to a disk wait until its driver is back and are then "
			"submitted again. With the store, the drivers of disks are restarted too. A restart of "
			"console ends the session.",
		.example = "restart-service store",
		.takes = A(SERVICE) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(SERVICE),
		.op = REQ_RESTART_SERVICE,
		.ops = { .begin = service_begin, .answer = service_answer },
	},
	{
		.verb = "list-disk", .group = GROUP_STORAGE, .role = ROLE_VIEWER,
		.summary = "list the machine's disks, their drivers and what is on them",
		.more = "blank: VOS takes the disk into use when a volume is made on it. ready: volumes can be made "
			"in its free part. unknown: its contents are none that VOS knows; nothing is made on it. "
			"whole: a VM has all of it. coming: its driver is not up yet. zeroing: so much of a deleted "
			"volume's space is zero by now, and is free when all is. FREE is room for one volume.",
		.example = "list-disk",
		.takes = A(DISK_NAME) | A(JSON),
		.ops = STORAGE, .tables = BIT32(FETCH_DISKS),
		.view = { report_disks, json_disks },
	},
	{
		.verb = "list-pool", .group = GROUP_POOL, .role = ROLE_VIEWER,
		.summary = "list pools: room that volumes take as they are written",
		.more = "Volumes in a pool may together be larger than it. USED and FREE are room for data, SIZES is "
			"what the sizes of its volumes add up to. opening: the store is reading it. missing: its disk "
			"is not there. failed: see log. locked: what is encrypted in it waits for unlock-pool. "
			"default: with the most room, so new disks go there. A mirror is in sync, degraded (it goes on "
			"with one disk alone), or being copied to a disk.",
		.example = "list-pool",
		.takes = A(POOL) | A(JSON),
		.ops = STORAGE, .tables = BIT32(FETCH_POOLS) | BIT32(FETCH_DISKS),
		.view = { report_pools, json_pools },
	},
	{
		.verb = "create-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "make a pool on a disk, on two, or of a partition",
		.more = "Shows what is on the disk and asks. What is there stays; a blank disk is taken into use. A "
			"partition becomes the pool, wholly, and all that is in it is lost. From "
			"then on new disks of VMs are made in the pool, unless on= says where. Data in a pool is safe "
			"against a power cut at any moment. On two disks, such as nvme0.0,nvme1.0, it is a mirror: "
			"both have all of it, either may die at any moment, and VMs go on.",
		.example = "create-pool fast nvme0.0",
		.takes = A(POOL) | A(POOL_DISK) | A(POOL_BYTES) | A(YES) | CHANGE_VOLUME,
		.needs = A(POOL) | A(POOL_DISK), .op = REQ_CREATE_POOL,
		.ops = { .begin = pool_begin, .answer = pool_answer },
	},
	{
		.verb = "check-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "read a pool's maps and tables on its disk, and judge them",
		.more = "VMs go on meanwhile. What is damaged is in the log, and the answer is error 10. "
			"It reads the disk, not what is in memory; scrub-pool reads the data as well. To find blocks "
			"that nobody has or two have, run vos-pool check on the disk while no VOS has it.",
		.example = "check-pool fast",
		.takes = A(POOL) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_CHECK_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
	{
		.verb = "scrub-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "read all that is in a pool, and judge what has a checksum",
		.more = "Finds what a disk has lost before it is needed. VMs go on meanwhile, and so does it without "
			"a console; list-pool shows how far it is and what it found. Data of volumes without checksums "
			"is read only. A pool with damage is error 10.",
		.example = "scrub-pool fast",
		.takes = A(POOL) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_SCRUB_POOL,
		.ops = { .begin = request_begin, .answer = pool_answer },
	},
	{
		.verb = "delete-pool", .group = GROUP_POOL, .role = ROLE_ADMIN,
		.summary = "delete a pool that has no volumes",
		.more = "--force deletes a pool that can't be opened, with all that may be in it, and asks first. Its "
			"room on the disk is free again when it has been zeroed.",
		.example = "delete-pool fast",
		.takes = A(POOL) | A(POOL_FORCE) | A(YES) | CHANGE_VOLUME, .needs = A(POOL), .op = REQ_DELETE_POOL,
		.ops = { .begin = pool_begin, .answer = pool_answer },
	},
#include "rows_keys.h"
#include "rows_pools.h"
	{
		.verb = "list-volume", .group = GROUP_STORAGE, .role = ROLE_VIEWER,
		.summary = "list volumes: what disks of VMs are kept in",
		.more = "A volume is in a pool, part of a disk, a whole disk, or memory of this machine (ON is ram). "
			"USED is what one in a pool takes of it. MADE FOR is the VM whose delete-vm deletes it.",
		.example = "list-volume",
		.takes = A(VOLUME) | A(JSON),
		.ops = STORAGE, .tables = BIT32(FETCH_VOLUMES),
		.view = { report_volumes, json_volumes },
	},
	{
		.verb = "create-volume", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "make a volume that stays until delete-volume",
		.more = "A VM gets it as a disk with create-vm --disk volume=NAME. A blank disk is taken into use.",
		.example = "create-volume --name data --size 10G",
		.takes = A(VOLUME) | A(BYTES) | A(ON) | TRAITS | A(UPLOAD) | CHANGE_VOLUME,
		.needs = A(VOLUME) | A(BYTES),
		.op = REQ_CREATE_VOLUME,
		.ops = { .begin = request_begin, .answer = volume_answer },
	},
	{
		.verb = "import-image", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "make a volume that begins with a disk image",
		.more = "The image is a raw one: a boot module, or one that upload-image of the program vos sent. The "
			"volume has the image's size, or --size; runs of zeros take no room in a pool. list-volume "
			"shows how far the import is, and delete-volume ends it. If the machine stops meanwhile, the "
			"volume is deleted when it starts again. create-vm --disk image=IMAGE does the same for a "
			"VM's own disk.",
		.example = "import-image debian.raw web --size 20G",
		.takes = A(SOURCE) | A(VOLUME) | A(BYTES) | A(ON) | TRAITS | CHANGE_VOLUME,
		.needs = A(SOURCE) | A(VOLUME),
		.op = REQ_CREATE_VOLUME,
		.ops = { .begin = request_begin, .answer = volume_answer },
	},
	{
		.verb = "delete-volume", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "delete a volume and its data",
		.more = "A volume that is a disk of a VM and a whole disk can't be deleted. The room on the disk is "
			"free again when it has been zeroed, which takes time on disks that can't discard blocks.",
		.example = "delete-volume --name data",
		.takes = A(VOLUME) | CHANGE_VOLUME, .needs = A(VOLUME), .op = REQ_DELETE_VOLUME,
		.ops = { .begin = request_begin, .answer = volume_answer },
	},
	{
		.verb = "set-volume", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "keep room in its pool for a thin volume",
		.more = "A disk of a VM has its volume's name in status-vm. What is kept is gone for all others. A "
			"snapshot needs as much room again.",
		.example = "set-volume web.0 --reserve 10G",
		.takes = A(VOLUME) | A(RESERVE) | CHANGE_VOLUME, .needs = A(VOLUME) | A(RESERVE),
		.op = REQ_SET_VOLUME,
		.ops = { .begin = request_begin, .answer = volume_answer },
	},
	{
		.verb = "rename-volume", .group = GROUP_STORAGE, .role = ROLE_OPERATOR,
		.summary = "give a volume in a pool another name",
		.more = "Refused while a VM has it as a disk: detach-disk it first. delete-vm does not delete it from "
			"then on.",
		.example = "rename-volume data --to old-data",
		.takes = A(VOLUME) | A(NEW_VOLUME) | CHANGE_VOLUME, .needs = A(VOLUME) | A(NEW_VOLUME),
		.op = REQ_RENAME_VOLUME,
		.ops = { .begin = request_begin, .answer = volume_answer },
	},
	{
		.verb = "attach-nic", .group = GROUP_NETWORK, .role = ROLE_OPERATOR,
		.summary = "give a VM further network cards",
		.more = "The cards become the VM's last ones. A guest that runs sees them at once if it knows ACPI hot "
			"plug (Linux does), others at their next start. A paused VM gets none.",
		.example = "attach-nic myvm --nic nat0",
		.takes = CHANGE | A(NIC), .needs = A(NAME) | A(NIC), .op = REQ_ATTACH_NIC,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "detach-nic", .group = GROUP_NETWORK, .role = ROLE_OPERATOR,
		.summary = "take a network card from a VM",
		.more = "A guest that runs is asked to let go of the card; if it does not within --timeout, the card "
			"stays. The cards behind it move up by one and keep their MAC addresses; in a guest that runs "
			"they stay where they are until its next start.",
		.example = "detach-nic myvm --nic 1",
		.takes = CHANGE | A(ITS_NIC) | A(EJECT_TIME), .needs = A(NAME) | A(ITS_NIC), .op = REQ_DETACH_NIC,
		.ops = { .begin = request_begin, .answer = request_answer },
	},
	{
		.verb = "list-switch", .group = GROUP_NETWORK, .role = ROLE_VIEWER,
		.summary = "list virtual switches",
		.more = "Network cards of VMs are plugged into switches. A switch is a program of VOS, with its name "
			"in list-service. FRAMES and DATA came in at its ports that are in use. show-switch shows "
			"these.",
		.example = "list-switch",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_SWITCHES),
		.view = { report_switches, json_switches },
	},
	{
		.verb = "show-switch", .group = GROUP_NETWORK, .role = ROLE_VIEWER,
		.summary = "show a switch's ports, known addresses and drops",
		.more = "SENT is what came from the port's client, GOT what it was sent. IP is the address that it "
			"used last. Each dropped frame is counted with its reason at the port that it came from, or "
			"was for. An address that sends nothing is forgotten after 300 s.",
		.example = "show-switch lan",
		.takes = A(SWITCH) | A(JSON), .needs = A(SWITCH),
		.ops = { .begin = listing_begin, .answer = switches_answer },
		.tables = BIT32(FETCH_SWITCHES) | BIT32(FETCH_PORTS) | BIT32(FETCH_STATIONS),
		.view = { report_switch, json_switch },
	},
	{
		.verb = "create-switch", .group = GROUP_NETWORK, .role = ROLE_ADMIN,
		.summary = "make a virtual switch",
		.more = "VMs with a card on it, --nic SWITCH, reach each other if their VLAN is the same, and what is "
			"on the uplink's wire, where VLAN 1 is untagged. Of --nic SWITCH,ip=10.0.0.5,vlan=7,rate=10M "
			"the guest has no other IPv4 address, and at most so many bytes a second each way. cable=out: "
			"nothing passes. mirror=on: a copy of all its frames. A card sends only with its own MAC "
			"address, with no IPv4 address that ip= or DHCP gave another port, and not as a server of DHCP "
			"or an IPv6 router, unless guard=off is given. filter=deny-out:tcp:25 and "
			"filter=allow-in:tcp:80-89:10.0.0.0/8 are rules for IP packets, up to 8: in is to the VM; tcp, "
			"udp, icmp or any; the port that it is sent to; the other station. The first that matches "
			"decides; what none matches passes. Rules see packets, not connections: answers need one too.",
		.example = "create-switch lan --uplink nic0",
		.takes = A(SWITCH) | A(UPLINK) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(SWITCH),
		.op = REQ_CREATE_SWITCH,
		.ops = { .begin = definition_begin, .answer = network_answer },
	},
	{
		.verb = "delete-switch", .group = GROUP_NETWORK, .role = ROLE_ADMIN,
		.summary = "delete a virtual switch",
		.more = "Refused while a VM is defined with a network card on it, or a router has a port there.",
		.example = "delete-switch lan",
		.takes = A(SWITCH) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(SWITCH), .op = REQ_DELETE_SWITCH,
		.ops = { .begin = request_begin, .answer = network_answer },
	},
	{
		.verb = "list-router", .group = GROUP_NETWORK, .role = ROLE_VIEWER,
		.summary = "list routers between networks",
		.more = "A router joins switches: it hides the inner networks behind the address of its outer port "
			"(NAT), and gives VMs addresses (DHCP). ADDRESS is the outer one. A router is a program of "
			"VOS, router-NAME in list-service. A machine with a network card has the switches lan0 and "
			"nat0 and the router nat0 unless vos.conf says otherwise.",
		.example = "list-router",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_ROUTERS),
		.view = { report_routers, json_routers },
	},
	{
		.verb = "show-router", .group = GROUP_NETWORK, .role = ROLE_VIEWER,
		.summary = "show a router's ports, routes, leases, neighbours, sessions",
		.more = "GOT is what came in at a port, SENT what went out. Each dropped packet is counted with its "
			"reason. LEASE: addresses that DHCP has given. NEIGHBOUR: stations that the router has asked "
			"for. NAT: connections to the outside, the first 32; --json has 1,024. The figures are up to "
			"a second old.",
		.example = "show-router nat0",
		.takes = A(ROUTER) | A(JSON), .needs = A(ROUTER),
		.ops = { .begin = listing_begin, .answer = routers_answer },
		.tables = BIT32(FETCH_ROUTERS) | BIT32(FETCH_ROUTER_LINES) | BIT32(FETCH_VMS),
		.view = { report_router, json_router },
	},
	{
		.verb = "create-router", .group = GROUP_NETWORK, .role = ROLE_ADMIN,
		.summary = "make a router between switches",
		.more = "VMs on the switch of an inner port get an address, a gateway and a name server by DHCP, find "
			"each other by NAME.vos, and reach the outside; from there nobody reaches them except by "
			"--forward. Each VM has an address of its own, the same at each start. Without --outer, the "
			"router joins its inner networks alone.",
		.example = "create-router nat1 --outer lan0 --inner web,10.2.0.1/24",
		.takes = A(ROUTER) | A(OUTER) | A(INNER) | A(FORWARD) | A(DRY_RUN) | A(QUIET) | A(JSON),
		.needs = A(ROUTER) | A(INNER), .op = REQ_CREATE_ROUTER,
		.ops = { .begin = definition_begin, .answer = network_answer },
	},
	{
		.verb = "set-router", .group = GROUP_NETWORK, .role = ROLE_ADMIN,
		.summary = "change what a router forwards to VMs",
		.more = "The forwards that are given take the place of those that the router had. none takes all away. "
			"A forward to a VM that is not there waits for it. Connections through the router end.",
		.example = "set-router nat0 --forward tcp:8080:web:80",
		.takes = A(ROUTER) | A(FORWARD) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(ROUTER) | A(FORWARD),
		.op = REQ_SET_ROUTER,
		.ops = { .begin = request_begin, .answer = network_answer },
	},
	{
		.verb = "delete-router", .group = GROUP_NETWORK, .role = ROLE_ADMIN,
		.summary = "delete a router",
		.more = "The VMs behind it keep their network cards, and reach each other alone.",
		.example = "delete-router nat1",
		.takes = A(ROUTER) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(ROUTER), .op = REQ_DELETE_ROUTER,
		.ops = { .begin = request_begin, .answer = network_answer },
	},
#include "rows_look.h"
	{
		.verb = "apply-config", .group = GROUP_VM, .role = ROLE_ADMIN,
		.summary = "apply vos.conf",
		.more = "Makes switches, routers and VMs that do not exist, and starts VMs with autostart. Changes "
			"existing VMs as set-vm does; properties that can't change while a VM runs are shown and stay "
			"the same. --dry-run shows what would change.",
		.example = "apply-config --dry-run",
		.takes = A(DRY_RUN) | A(QUIET) | A(JSON),
		.ops = { .begin = apply_begin, .answer = apply_answer },
	},
	{
		.verb = "export-config", .group = GROUP_VM, .role = ROLE_VIEWER,
		.summary = "print all switches and VMs as a vos.conf",
		.more = "A boot medium with this text as vos.conf defines the same at the next start. With NAME, "
			"prints that VM only.",
		.example = "export-config",
		.takes = A(NAME) | A(JSON),
		.ops = { .begin = export_begin, .answer = export_answer },
	},
	{
		.verb = "forget-definitions", .group = GROUP_VM, .role = ROLE_ADMIN,
		.summary = "show or drop definitions that could not be applied",
		.more = "What could not be applied at the start stays in the pool, word for word. It is tried again "
			"when another pool is opened, and at the next start. --yes drops it.",
		.example = "forget-definitions --yes",
		.takes = A(YES) | A(JSON), .op = REQ_KEEP, .ops = { .begin = forget_begin, .answer = forget_answer },
	},
#include "rows_users.h"
#include "rows_machine.h"
	{ .verb = NULL },
};
