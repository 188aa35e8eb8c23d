/* SPDX-License-Identifier: MIT */
/*
 * errors.h - exit codes and errors, one row each. Root's results, and the console's classes and messages, are made from
 * these rows; a new error costs one.
 *
 *	RESULT(name, exit code, class)
 *	ERROR(name, exit code, class, message)
 *
 * In a message {name} is the VM of the request, {new} the one that it would make, and {need}, {have} and {text} are
 * those of the reply. A message of 0 depends on more than that: the console has a function for it
 * (mgmt/console/view/messages.c).
 */
#ifndef VOS_ERRORS_H
#define VOS_ERRORS_H

/* The exit codes of every command. */
#define RESULTS(RESULT) \
	RESULT(RESULT_OK, 0, "E_OK") \
	RESULT(RESULT_FAILED, 1, "E_FAILED") \
	RESULT(RESULT_USAGE, 2, "E_USAGE") \
	RESULT(RESULT_NOT_FOUND, 3, "E_NOT_FOUND") \
	RESULT(RESULT_STATE, 4, "E_STATE") \
	RESULT(RESULT_RESOURCES, 5, "E_RESOURCES") \
	RESULT(RESULT_DENIED, 6, "E_DENIED") \
	RESULT(RESULT_TIMEOUT, 7, "E_TIMEOUT") /* or busy */ \
	RESULT(RESULT_LINK, 8, "E_LINK") \
	RESULT(RESULT_UNSUPPORTED, 9, "E_UNSUPPORTED") \
	RESULT(RESULT_INTEGRITY, 10, "E_INTEGRITY") \
	RESULT(RESULT_DONE, 11, "E_DONE") /* and its answer is lost: the console's alone */

/* What exactly: chosen by root. */
#define ERRORS(ERROR) \
	ERROR(ERR_NONE, RESULT_OK, "E_FAILED", "root refused it and gave no reason") \
	ERROR(ERR_NO_VM, RESULT_NOT_FOUND, "E_NOT_FOUND", "there is no VM \"{name}\". list-vm shows what there is") \
	ERROR(ERR_VM_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a VM \"{new}\" already. Choose another name, or delete-vm {new}") \
	/* have = enum vm_state it is in */ \
	ERROR(ERR_VM_STATE, RESULT_STATE, "E_STATE", 0) \
	ERROR(ERR_BAD_NAME, RESULT_USAGE, "E_USAGE", "\"{new}\" is not a valid name for a VM: use a-z, 0-9 and -") \
	/* have = enum request_field */ \
	ERROR(ERR_BAD_FIELD, RESULT_USAGE, "E_USAGE", 0) \
	/* need, have in bytes */ \
	ERROR(ERR_NO_MEMORY, RESULT_RESOURCES, "E_NOMEM", 0) \
	/* have = limit */ \
	ERROR(ERR_TOO_MANY_VMS, RESULT_RESOURCES, "E_LIMIT", \
		"there are {have} VMs, the maximum. Delete one first") \
	/* need = asked, have = limit */ \
	ERROR(ERR_TOO_MANY_VCPUS, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"{name} needs {need} vCPUs; a VM can have {have}. Try --cpu {have}") \
	/* text = the name that is not there */ \
	ERROR(ERR_NO_IMAGE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no image \"{text}\". list-image shows what there is") \
	ERROR(ERR_BOOT_KERNEL, RESULT_USAGE, "E_USAGE", \
		"{name} does not boot a kernel, so no --kernel, --initrd, --module or --cmdline is used. Leave them " \
		"out, or give --boot kernel") \
	ERROR(ERR_BOOT_FIRMWARE, RESULT_USAGE, "E_USAGE", \
		"{name} boots a kernel, so it has no firmware. Leave --firmware out, or give --boot disk or iso") \
	ERROR(ERR_BOOT_PLATFORM, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"booting from a disk or CD needs the virtual hardware of --platform pc") \
	ERROR(ERR_BOOT_NO_DISK, RESULT_USAGE, "E_USAGE", \
		"{name} has no disk to boot from. Give it one with --disk, see list-volume") \
	ERROR(ERR_BOOT_NO_ISO, RESULT_USAGE, "E_USAGE", \
		"{name} has no CD to boot from. Give it an image with --iso, see list-image") \
	ERROR(ERR_NO_DEFAULT_IMAGE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no default image. Give --kernel IMAGE; list-image shows what there is") \
	/* this machine has no usable virtualization */ \
	ERROR(ERR_NO_VIRT, RESULT_UNSUPPORTED, "E_UNSUPPORTED", 0) \
	ERROR(ERR_NO_POWEROFF, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"this machine can't be switched off by software. Use its power switch") \
	/* the guest did not react in time */ \
	ERROR(ERR_TIMEOUT, RESULT_TIMEOUT, "E_TIMEOUT", \
		"{name} did not respond in time. console {name} shows its state; --force does not ask it") \
	/* have = enum status */ \
	ERROR(ERR_INTERNAL, RESULT_FAILED, "E_FAILED", \
		"internal error (status {have}); see log") \
	/* another request on that VM is under way */ \
	ERROR(ERR_BUSY, RESULT_TIMEOUT, "E_BUSY", \
		"another command on {name} is in progress. Try again later") \
	/* the VM ended before what was asked for came true; .vm says how */ \
	ERROR(ERR_VM_ENDED, RESULT_FAILED, "E_ENDED", 0) \
	/* need = a pCPU that was asked for, have = how many there are */ \
	ERROR(ERR_NO_PCPU, RESULT_USAGE, "E_USAGE", 0) \
	/* need = percent asked for, have = the most that makes sense */ \
	ERROR(ERR_CAP, RESULT_USAGE, "E_USAGE", 0) \
	ERROR(ERR_WEIGHT_RT, RESULT_USAGE, "E_USAGE", \
		"a real-time VM has no weight: it runs before all fair ones. Leave out --weight, limit it with " \
		"--cap, or use --class fair") \
	/* have = limit, text = of what */ \
	ERROR(ERR_LIMIT, RESULT_RESOURCES, "E_LIMIT", "the limit is reached: at most {have} {text}") \
	/* need = bytes of RAM that its images take, have = what it has */ \
	ERROR(ERR_IMAGE_MEMORY, RESULT_USAGE, "E_USAGE", 0) \
	/* need = bytes of RAM asked for, have = the most that guest-physical addresses name */ \
	ERROR(ERR_GUEST_MEMORY, RESULT_USAGE, "E_USAGE", 0) \
	/* REQ_CANCEL; a stop and the question to a guest for its disk are taken back, all else goes on */ \
	ERROR(ERR_CANCELED, RESULT_FAILED, "E_CANCELED", 0) \
	ERROR(ERR_NO_DEVICE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no such device. list-device shows what there is") \
	/* text = volume */ \
	ERROR(ERR_NO_VOLUME, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no volume \"{text}\". list-volume shows what there is; with a size it is made: --disk SIZE") \
	ERROR(ERR_VOLUME_BUSY, RESULT_STATE, "E_EXISTS", \
		"volume {text} is a disk of a VM. Choose another volume, or delete that VM; see list-volume") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_TWICE, RESULT_USAGE, "E_USAGE", \
		"volume {text} would be two disks of the VM: a VM can have it once. See status-vm") \
	/* need = bytes asked for, have = its bytes */ \
	ERROR(ERR_VOLUME_SIZE, RESULT_STATE, "E_EXISTS", 0) \
	ERROR(ERR_VOLUME_PLACE, RESULT_STATE, "E_EXISTS", \
		"there is a volume {text} elsewhere. Leave out on=, or choose another name with volume=") \
	/* text = volume; need = enum volume_trait of which it is other than what was asked for */ \
	ERROR(ERR_VOLUME_TRAIT, RESULT_STATE, "E_EXISTS", 0) \
	/* text = disk or VOLUME_RAM, "" = there is no pool; need = enum volume_trait that was asked for */ \
	ERROR(ERR_TRAIT_PLACE, RESULT_USAGE, "E_USAGE", 0) \
	/* need = bytes asked for, have = the most */ \
	ERROR(ERR_VOLUME_RAM_SIZE, RESULT_USAGE, "E_USAGE", 0) \
	ERROR(ERR_NO_DISK, RESULT_RESOURCES, "E_NODISK", \
		"this machine has no disk that VOS can use, for volume {text}. Add on=ram to keep it in memory: its " \
		"data is lost when VOS ends") \
	/* text = disk */ \
	ERROR(ERR_UNKNOWN_DISK, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no disk or pool \"{text}\"; see list-disk and list-pool. on=ram keeps the data in memory") \
	/* text = a disk whose name is like the one that was given */ \
	ERROR(ERR_DISK_ALIKE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no disk of that name, except {text} if that is meant; see list-disk") \
	/* text = disk */ \
	ERROR(ERR_DISK_COMING, RESULT_TIMEOUT, "E_BUSY", \
		"disk {text} is not up: its driver or the store is starting. Try again later; see list-disk, log") \
	/* text = disk */ \
	ERROR(ERR_DISK_CONTENTS, RESULT_STATE, "E_STATE", \
		"disk {text} holds something that VOS does not know, so no volume is made on it. Give it whole with " \
		"--disk volume={text},trusted, or erase its first and last MiB, or add on=ram to keep the data in " \
		"memory") \
	/* text = disk */ \
	ERROR(ERR_DISK_TRUST, RESULT_DENIED, "E_DENIED", \
		"a guest that writes to all of disk {text} can leave a pool there, and VOS would make the VMs that " \
		"the pool defines at its next start. Add trusted if you trust the guest so far, or ro, or give it a " \
		"volume") \
	/* text = disk */ \
	ERROR(ERR_DISK_READ_ONLY, RESULT_STATE, "E_STATE", "disk {text} is read only. Choose another with on=DISK") \
	/* text = disk */ \
	ERROR(ERR_DISK_BUSY, RESULT_STATE, "E_EXISTS", \
		"disk {text} is in use, whole or in parts: see list-volume") \
	/* text = disk; need, have in bytes */ \
	ERROR(ERR_DISK_FULL, RESULT_RESOURCES, "E_NOSPACE", 0) \
	/* text = disk */ \
	ERROR(ERR_DISK_IO, RESULT_FAILED, "E_IO", "disk {text} failed; see log, list-disk") \
	/* text = volume */ \
	ERROR(ERR_NOT_ITS_VOLUME, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"volume \"{text}\" is not a disk of {name}. status-vm {name} shows its disks") \
	/* text = volume */ \
	ERROR(ERR_NOT_EJECTED, RESULT_TIMEOUT, "E_TIMEOUT", \
		"the guest of {name} did not let go of volume {text} in time, and keeps it. Unmount it there and try " \
		"again, or stop-vm {name} first") \
	/* text = disk, or ram */ \
	ERROR(ERR_DISK_SILENT, RESULT_TIMEOUT, "E_TIMEOUT", \
		"{text} did not answer in time. The change is taken back when it does; see list-volume, log") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a volume {text} already. Choose another name, or delete-volume {text}") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_TAKEN, RESULT_STATE, "E_EXISTS", \
		"another volume is called {text} now than the one that was meant, which has another name for now; " \
		"see list-volume. Rename or delete the wrong one, and start VOS again") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_NAME, RESULT_STATE, "E_EXISTS", \
		"the name {text} is kept for a disk of this machine. Choose another one, with volume=NAME") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_CHANGING, RESULT_TIMEOUT, "E_BUSY", \
		"volume {text} is being made or deleted. Try again later; see list-volume") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_MISSING, RESULT_STATE, "E_STATE", "the disk of volume {text} is not there; see list-disk") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_FOREIGN, RESULT_STATE, "E_STATE", \
		"{text} was not made by VOS: a whole disk or somebody's partition is not deleted") \
	/* text = pool */ \
	ERROR(ERR_NO_POOL, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no pool \"{text}\". list-pool shows what there is; create-pool NAME DISK makes one") \
	ERROR(ERR_POOL_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a pool {text} already. Choose another name; see list-pool") \
	/* text = pool */ \
	ERROR(ERR_POOL_MIRROR, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"pool {text} is a mirror, which does not grow yet") \
	ERROR(ERR_POOL_OWN, RESULT_STATE, "E_STATE", \
		"pool {text} is this machine's already; see list-pool") \
	ERROR(ERR_POOL_HOME, RESULT_STATE, "E_STATE", \
		"pool {text} has this machine's definitions, and stays open. To move all of it, shutdown and take " \
		"its disk out") \
	ERROR(ERR_POOL_IN_USE, RESULT_STATE, "E_STATE", \
		"VMs have volumes of pool {text}, or something is being done with them: detach-disk them, or " \
		"delete-vm --keep-disk; see list-volume") \
	/* text = pool */ \
	ERROR(ERR_POOL_EDGE, RESULT_RESOURCES, "E_NOSPACE", \
		"there is no free room right behind pool {text} on its disk, so it can't grow; see list-disk") \
	/* text = pool; have = MiB */ \
	ERROR(ERR_POOL_SMALL, RESULT_USAGE, "E_USAGE", \
		"pool {text} would be too small: a pool has {have} MiB at least") \
	/* text = disk */ \
	ERROR(ERR_MIRROR_TWICE, RESULT_USAGE, "E_USAGE", \
		"a mirror is on two disks, and {text} is named twice; see list-disk") \
	/* text = pool, or a disk */ \
	ERROR(ERR_NOT_MIRROR, RESULT_STATE, "E_STATE", \
		"pool {text} is on one disk: only a mirror's disks can be replaced; see list-pool") \
	ERROR(ERR_NOT_MEMBER, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"{text} is no disk of that pool; see list-pool") \
	ERROR(ERR_MIRROR_LAST, RESULT_STATE, "E_STATE", \
		"the other disk of pool {text} does not have all of it: wait until it is in sync; see list-pool") \
	ERROR(ERR_MIRROR_GOOD, RESULT_STATE, "E_STATE", \
		"disk {text} has all of the pool, or is being copied to; see list-pool") \
	ERROR(ERR_MIRROR_TURNS, RESULT_RESOURCES, "E_NOSPACE", \
		"the disks of pool {text} were replaced too often. Make a new pool, and move what is in it there") \
	ERROR(ERR_MIRROR_OPEN, RESULT_STATE, "E_STATE", \
		"pool {text} does not wait for another disk; see list-pool") \
	ERROR(ERR_POOL_COMING, RESULT_TIMEOUT, "E_BUSY", \
		"pool {text} is being opened. Try again later; see list-pool, log") \
	ERROR(ERR_POOL_SHUT, RESULT_STATE, "E_STATE", \
		"pool {text} can't be used now: a disk is not there or has failed, or it is exported; see list-pool, " \
		"open-pool, import-pool") \
	ERROR(ERR_POOL_UNREADABLE, RESULT_STATE, "E_STATE", \
		"pool {text} can't be opened now, so nobody knows what is in it; list-pool says why, and a disk, " \
		"open-pool or import-pool may help. --force deletes all that is in it") \
	/* text = pool; have = how many are in it */ \
	ERROR(ERR_POOL_NOT_EMPTY, RESULT_STATE, "E_EXISTS", \
		"pool {text} is not empty (volumes and snapshots: {have}). Delete them first; see list-volume") \
	/* text = pool; have = how many volumes and snapshots it can have */ \
	ERROR(ERR_POOL_RECORDS, RESULT_RESOURCES, "E_NOSPACE", \
		"pool {text} has {have} volumes and snapshots, as many as it can. Delete some; see list-volume") \
	ERROR(ERR_POOL_FULL, RESULT_RESOURCES, "E_NOSPACE", \
		"pool {text} has no room for that. Delete snapshots or volumes in it first; see list-pool") \
	/* text = pool; need = bytes of a thick volume, have = bytes that can be kept at most */ \
	ERROR(ERR_POOL_ROOM, RESULT_RESOURCES, "E_NOSPACE", 0) \
	ERROR(ERR_POOL_BUSY, RESULT_TIMEOUT, "E_BUSY", \
		"pool {text} is busy, or is still freeing what was deleted. Try again later") \
	/* have = faults */ \
	ERROR(ERR_POOL_BROKEN, RESULT_INTEGRITY, "E_INTEGRITY", \
		"pool {text} is damaged: {have} faults; log says where. Save what is in it to another pool or disk") \
	ERROR(ERR_POOL_READ, RESULT_TIMEOUT, "E_BUSY", \
		"pool {text} is being checked already; list-pool {text} shows how far it is") \
	ERROR(ERR_POOL_CUT, RESULT_FAILED, "E_IO", \
		"pool {text} was not read to its end: it was closed, or its disk failed; see list-pool, log") \
	ERROR(ERR_POOL_LOCKED, RESULT_STATE, "E_LOCKED", \
		"pool {text} is locked, and what is encrypted in it can't be used. unlock-pool {text} asks for its " \
		"passphrase") \
	ERROR(ERR_POOL_NO_KEY, RESULT_STATE, "E_STATE", \
		"pool {text} has no passphrase or key yet, so nothing in it is encrypted. set-pool {text} sets one") \
	ERROR(ERR_WRONG_KEY, RESULT_INTEGRITY, "E_INTEGRITY", \
		"that is not the passphrase or key of pool {text}. Nothing was changed") \
	ERROR(ERR_NO_RANDOM, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"this processor makes no random numbers (RDRAND), so no key is made for pool {text}") \
	ERROR(ERR_POOL_OLD, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"pool {text} was made by an older VOS, and can't have encrypted volumes. Make a new pool for them") \
	/* text = volume */ \
	ERROR(ERR_NO_CIPHER, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"volume {text} is encrypted with AES, for which this processor has no instructions (AES-NI)") \
	/* text = image; need = its bytes, have = the most */ \
	ERROR(ERR_KEY_SIZE, RESULT_USAGE, "E_USAGE", "image {text} has {need} bytes; a key file has at most {have}") \
	/* text = pool, where a volume is wanted */ \
	ERROR(ERR_IS_POOL, RESULT_STATE, "E_STATE", \
		"{text} is a pool. on={text} makes a volume in it; delete-pool {text} deletes it") \
	/* text = volume */ \
	ERROR(ERR_NOT_IN_POOL, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"volume {text} is not in a pool. Only volumes in pools can do that; see list-volume") \
	ERROR(ERR_VOLUME_NEEDED, RESULT_STATE, "E_EXISTS", \
		"volume {text} has snapshots: delete them first with delete-snapshot; see list-snapshot") \
	ERROR(ERR_NO_DISKS, RESULT_STATE, "E_STATE", "{name} has no disks. attach-disk {name} --disk SIZE adds one") \
	/* text = volume */ \
	ERROR(ERR_POOLS_DIFFER, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"volume {text} is in another pool than the first disk of {name}: snapshots of one moment are made in " \
		"one pool. See list-volume") \
	/* text = volume; need = bytes asked for, have = its bytes */ \
	ERROR(ERR_VOLUME_SHRINKS, RESULT_UNSUPPORTED, "E_UNSUPPORTED", 0) \
	/* text = volume */ \
	ERROR(ERR_RESERVE_THICK, RESULT_STATE, "E_STATE", \
		"volume {text} has policy=thick: room for all of it is kept already") \
	/* text = volume; need = bytes asked for, have = its bytes */ \
	ERROR(ERR_RESERVE_SIZE, RESULT_USAGE, "E_USAGE", 0) \
	/* text = snapshot */ \
	ERROR(ERR_VM_SNAPSHOTS, RESULT_STATE, "E_EXISTS", \
		"{name} has snapshots, such as {text}. Delete them first with delete-snapshot, or use --keep-disk to " \
		"keep its volumes; see list-snapshot {name}") \
	ERROR(ERR_NO_SNAPSHOT, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"{name} has no snapshot \"{text}\". list-snapshot {name} shows what there is") \
	ERROR(ERR_SNAPSHOT_EXISTS, RESULT_STATE, "E_EXISTS", \
		"{name} has a snapshot {text} already. Choose another name; see list-snapshot {name}") \
	/* text = volume */ \
	ERROR(ERR_SNAPSHOT_LACKS, RESULT_STATE, "E_STATE", \
		"that snapshot was made without volume {text}, which is a disk of {name} now. detach-disk it first, " \
		"or choose another snapshot; see list-snapshot {name}") \
	/* text = a clone's volume */ \
	ERROR(ERR_SNAPSHOT_NEEDED, RESULT_STATE, "E_EXISTS", \
		"volume {text} is a clone of a snapshot that would go: delete that volume, or its VM, first") \
	/* text = volume; the VM is deleted, it is not */ \
	ERROR(ERR_VOLUME_STAYS, RESULT_FAILED, "E_IO", \
		"{name} is deleted, but not its volume {text}: its disk failed; see log, list-volume") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_OF_VOS, RESULT_STATE, "E_STATE", \
		"volume {text} has the machine's definitions, and goes with its pool: delete-pool") \
	/* text = pool; what was asked for is done */ \
	ERROR(ERR_NOT_KEPT, RESULT_FAILED, "E_IO", \
		"it is done, but pool {text} did not take it: a restart of VOS loses it; see log, info") \
	/* text = image */ \
	ERROR(ERR_IMAGE_STAYS, RESULT_FAILED, "E_IO", \
		"{text} is no image any more, but its pool still has it: a restart of VOS brings it back; see log") \
	/* text = volume; need, have in bytes */ \
	ERROR(ERR_DISK_MEMORY, RESULT_RESOURCES, "E_NOMEM", 0) \
	ERROR(ERR_NO_SERVICE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no service \"{name}\". list-service shows what there is") \
	ERROR(ERR_SERVICE_DOWN, RESULT_TIMEOUT, "E_BUSY", \
		"{name} is not running. list-service shows its state. Try again later") \
	ERROR(ERR_IMAGE_NAME, RESULT_USAGE, "E_USAGE", \
		"that is not a valid name for an image: use A-Z, a-z, 0-9 and . _ + -, at most 47 characters") \
	/* text = image */ \
	ERROR(ERR_IMAGE_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is an image {text} already. Choose another name, or delete-image {text}") \
	/* need = bytes of the image, have = the most */ \
	ERROR(ERR_IMAGE_SIZE, RESULT_USAGE, "E_USAGE", "an image has 1 to {have} bytes, not {need}") \
	/* need, have in bytes */ \
	ERROR(ERR_UPLOAD_MEMORY, RESULT_RESOURCES, "E_NOMEM", 0) \
	/* text = image */ \
	ERROR(ERR_UPLOAD_BUSY, RESULT_TIMEOUT, "E_BUSY", \
		"another image {text} is being uploaded. Try again later, or delete-image {text}") \
	/* it is finished, or was dropped */ \
	ERROR(ERR_NO_UPLOAD, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no such upload any more. Begin it again; list-image shows what there is") \
	/* need = bytes of the image, have = bytes that came */ \
	ERROR(ERR_UPLOAD_SHORT, RESULT_STATE, "E_STATE", "only {have} of {need} bytes have arrived. Send the rest") \
	/* text = image */ \
	ERROR(ERR_IMAGE_HASH, RESULT_INTEGRITY, "E_INTEGRITY", \
		"{text} does not have the hash that was announced. Nothing of it was kept. Send it again") \
	/* text = VM */ \
	ERROR(ERR_IMAGE_USED, RESULT_STATE, "E_STATE", \
		"VM {text} is defined with that image. delete-vm {text}, or give it another image with set-vm") \
	/* text = image */ \
	ERROR(ERR_IMAGE_COPIED, RESULT_TIMEOUT, "E_BUSY", \
		"image {text} is being copied into a volume. Try again later; see list-volume") \
	ERROR(ERR_IMAGE_FORMAT, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"{text} is no raw disk image, but qcow2, VMDK, VHDX or compressed. Convert it first, as " \
		"with qemu-img convert -O raw") \
	/* text = image; need = its bytes, have = bytes of the volume */ \
	ERROR(ERR_IMAGE_LARGER, RESULT_USAGE, "E_USAGE", 0) \
	/* text = volume */ \
	ERROR(ERR_VOLUME_COPYING, RESULT_TIMEOUT, "E_BUSY", \
		"volume {text} is being filled with an image. Try again later; see list-volume") \
	ERROR(ERR_NOT_WAITING, RESULT_STATE, "E_STATE", \
		"volume {text} does not wait for an upload: it is there already, or was deleted; see list-volume") \
	ERROR(ERR_IMPORT_STREAM, RESULT_USAGE, "E_USAGE", \
		"what was sent for volume {text} is no stream of extents, or does not fit: the volume is deleted") \
	ERROR(ERR_IMPORT_CANCELED, RESULT_FAILED, "E_CANCELED", \
		"the import into volume {text} was ended, and the volume is deleted") \
	ERROR(ERR_IMPORT_FULL, RESULT_RESOURCES, "E_NOSPACE", \
		"there is no room left for what is in the image: volume {text} is deleted; see list-pool") \
	ERROR(ERR_IMPORT_IO, RESULT_FAILED, "E_IO", \
		"volume {text} could not be written, and is deleted; see log, list-disk") \
	ERROR(ERR_NO_EXPORT, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no such export any more. Begin it again") \
	/* text = volume */ \
	ERROR(ERR_VOLUME_EXPORTED, RESULT_TIMEOUT, "E_BUSY", \
		"{text} is being exported. Try again when that is over") \
	ERROR(ERR_EXPORT_LIVE, RESULT_STATE, "E_STATE", \
		"volume {text} is a disk of a VM that runs, and changes meanwhile. Export a snapshot of it, or stop " \
		"the VM first; see snapshot-vm") \
	/* text = snapshot */ \
	ERROR(ERR_EXPORT_BASE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"that volume has no older snapshot {text}; see list-snapshot") \
	/* text = volume */ \
	ERROR(ERR_EXPORT_IO, RESULT_FAILED, "E_IO", \
		"{text} could not be read any further: it was deleted, or its disk failed; see log, list-disk") \
	/* text = name */ \
	ERROR(ERR_CAPTURE_CARD, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"{text} has no such network card or port; see status-vm, show-router, show-switch") \
	/* text = name */ \
	ERROR(ERR_PROBE_NAME, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"no router knows an address of {text}: a VM with a network card behind it, or an IPv4 address") \
	ERROR(ERR_PROBE_NO_ROUTER, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no router to send it. create-router makes one, see list-router") \
	ERROR(ERR_PROBE_BUSY, RESULT_TIMEOUT, "E_BUSY", "eight pings wait for their answers. Try again in a moment") \
	ERROR(ERR_NO_CAPTURE, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no such capture any more. Begin it again") \
	/* text = switch */ \
	ERROR(ERR_SWITCH_CAPTURED, RESULT_STATE, "E_STATE", \
		"frames of a port of switch {text} are being captured. End that first, or try again in a moment") \
	/* text = image */ \
	ERROR(ERR_IMAGE_BOOT, RESULT_DENIED, "E_DENIED", \
		"{text} is a boot module, and belongs to the boot medium. Only uploaded images can be deleted") \
	/* text = switch */ \
	ERROR(ERR_NO_SWITCH, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no switch \"{text}\". list-switch shows what there is; create-switch {text} makes it") \
	/* text = switch */ \
	ERROR(ERR_SWITCH_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a switch {text} already. Choose another name, or delete-switch {text}") \
	/* text = service */ \
	ERROR(ERR_SERVICE_NAME, RESULT_STATE, "E_EXISTS", \
		"{text} is the name of a service of VOS: see list-service. Choose another name") \
	/* text = VM */ \
	ERROR(ERR_SWITCH_USED, RESULT_STATE, "E_STATE", \
		"VM {text} has a network card on that switch. delete-vm {text}, or take the card from it with " \
		"set-vm {text} --nic none") \
	/* text = router */ \
	ERROR(ERR_SWITCH_ROUTED, RESULT_STATE, "E_STATE", \
		"router {text} has a port on that switch. delete-router {text} first") \
	/* text = router */ \
	ERROR(ERR_NO_ROUTER, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no router \"{text}\". list-router shows what there is; create-router makes one") \
	/* text = router */ \
	ERROR(ERR_ROUTER_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a router {text} already. Choose another name, or delete-router {text}") \
	/* have = enum router_error */ \
	ERROR(ERR_ROUTER_SPEC, RESULT_USAGE, "E_USAGE", 0) \
	/* text = network card */ \
	ERROR(ERR_NO_NIC, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no network card \"{text}\" with a driver. list-device shows what there is") \
	/* text = switch that has it */ \
	ERROR(ERR_NIC_TAKEN, RESULT_STATE, "E_STATE", \
		"switch {text} has that network card as its uplink. Plug the VMs into {text}, or " \
		"delete-switch {text}") \
	/* text = program */ \
	ERROR(ERR_NO_PROGRAM, RESULT_UNSUPPORTED, "E_UNSUPPORTED", \
		"the boot medium lacks VOS' program {text}") \
	/* text = VM that has it */ \
	ERROR(ERR_MAC_TAKEN, RESULT_STATE, "E_EXISTS", \
		"VM {text} has a network card with that MAC address. Leave out mac= to get another one") \
	/* have = the card's number, need = how many it has */ \
	ERROR(ERR_NO_CARD, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"{name} has no network card {have}: they count from 0, and it has {need}. status-vm {name} shows " \
		"them") \
	ERROR(ERR_NIC_NOT_EJECTED, RESULT_TIMEOUT, "E_TIMEOUT", \
		"the guest of {name} did not let go of network card {have} in time, and keeps it. Try again, or " \
		"stop-vm {name} first") \
	ERROR(ERR_VM_ENDED_NIC, RESULT_FAILED, "E_ENDED", \
		"{name} ended before its guest let go of network card {have}, and has it at its next start. Try " \
		"again") \
	/* text = VM, or a router's service, that has it */ \
	ERROR(ERR_ADDRESS_TAKEN, RESULT_STATE, "E_EXISTS", \
		"{text} has that IPv4 address on the same switch and VLAN. Choose another one") \
	ERROR(ERR_NVRAM_FIRMWARE, RESULT_USAGE, "E_USAGE", \
		"a disk with nvram keeps the variables of UEFI. Give {name} --boot disk or iso and --firmware uefi, " \
		"or leave nvram out") \
	ERROR(ERR_NVRAM_TWICE, RESULT_USAGE, "E_USAGE", "a VM has one disk with nvram at most") \
	ERROR(ERR_NVRAM_SIZE, RESULT_USAGE, "E_USAGE", "a disk with nvram has 2M at least") \
	ERROR(ERR_NVRAM_LIVE, RESULT_STATE, "E_STATE", \
		"a disk with nvram comes and goes only while its VM is stopped: stop-vm {name} first") \
	ERROR(ERR_NO_CD_DRIVE, RESULT_STATE, "E_STATE", \
		"{name} has no CD drive, which is there or not from its start on. stop-vm {name}, then set-vm {name} " \
		"--iso IMAGE, or --iso empty") \
	/* text = image */ \
	ERROR(ERR_NOT_A_DISC, RESULT_USAGE, "E_USAGE", "image {text} is no disc: that has 2 KiB at least") \
	ERROR(ERR_CD_DRIVE_STAYS, RESULT_STATE, "E_STATE", \
		"{name} runs, so its CD drive stays. --iso empty takes the disc out, or stop-vm {name} first") \
	/* the client has no right to ask for that */ \
	ERROR(ERR_DENIED, RESULT_DENIED, "E_DENIED", "this console has no right to do that") \
	ERROR(ERR_NO_LOGIN, RESULT_DENIED, "E_LOGIN", \
		"that needs a login, and there is none here (any more). login USER asks for the password") \
	ERROR(ERR_OLD_LOGIN, RESULT_DENIED, "E_LOGIN", \
		"that login has ended: it lasts for 12 hours, until logout, passwd, or a restart of VOS. " \
		"login {name} begins another one") \
	/* text = user; need, have = enum user_role */ \
	ERROR(ERR_ROLE, RESULT_DENIED, "E_DENIED", 0) \
	ERROR(ERR_WRONG_PASSWORD, RESULT_DENIED, "E_DENIED", \
		"there is no user of that name with that password. Nothing was changed") \
	ERROR(ERR_NO_USER, RESULT_NOT_FOUND, "E_NOT_FOUND", \
		"there is no user \"{name}\". list-user shows what there is") \
	ERROR(ERR_USER_EXISTS, RESULT_STATE, "E_EXISTS", \
		"there is a user {name} already. Choose another name, or delete-user {name}") \
	/* have = limit */ \
	ERROR(ERR_TOO_MANY_USERS, RESULT_RESOURCES, "E_LIMIT", \
		"there are {have} users, the maximum. Delete one first") \
	ERROR(ERR_TOO_MANY_SESSIONS, RESULT_RESOURCES, "E_LIMIT", \
		"there are as many sessions as may be: {have}, of which 4 are for admins. who shows them; one has to " \
		"log out first") \
	ERROR(ERR_NO_DRY_RUN, RESULT_UNSUPPORTED, "E_UNSUPPORTED", "that can't be tried without doing it: no dry run") \
	ERROR(ERR_FIRST_ADMIN, RESULT_STATE, "E_STATE", \
		"the first user has to be an admin, for nobody else could add more. Add one with --role admin first") \
	ERROR(ERR_NO_USERS, RESULT_STATE, "E_STATE", \
		"there are no users here, and nothing needs a login. add-user NAME --role admin makes the first one") \
	ERROR(ERR_LAST_ADMIN, RESULT_STATE, "E_STATE", \
		"{name} is the only admin, and there has to be one. Add another one first") \
	ERROR(ERR_BAD_USER, RESULT_USAGE, "E_USAGE", \
		"guard refuses that: a name has a-z, 0-9 and -, a role is viewer, operator or admin") \
	ERROR(ERR_GUARD_DOWN, RESULT_TIMEOUT, "E_BUSY", \
		"the service guard is not running, or has much to do. Try again; list-service shows its state") \
	ERROR(ERR_GUARD_MEMORY, RESULT_RESOURCES, "E_NOMEM", \
		"guard has no memory to check a password (8 MiB). stop-vm frees some") \
	/* text = user, have = seconds */ \
	ERROR(ERR_LOCKED_OUT, RESULT_DENIED, "E_LOCKED", \
		"{text} is locked out on this line for {have} s, after wrong passwords. Wait, use another line, or " \
		"let an admin do unlock-user {text}") \
	/* have = number of the record */ \
	ERROR(ERR_AUDIT_BROKEN, RESULT_INTEGRITY, "E_INTEGRITY", \
		"record {have} of the audit log is not what was written, or its hash is not. Those before it are") \
	/* text = pool */ \
	ERROR(ERR_POOL_HALF, RESULT_STATE, "E_STATE", \
		"pool {text} is a mirror, and one of its disks is not there: what it is, both say; see list-pool")

#define RESULT_NUMBER(name, code, class) name = code,
#define ERROR_NUMBER(name, code, class, message) name,

enum result { RESULTS(RESULT_NUMBER) };

enum error { ERRORS(ERROR_NUMBER) ERROR_COUNT };

#endif
