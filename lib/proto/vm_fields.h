/* SPDX-License-Identifier: MIT */
/*
 * vm_fields.h - the properties of a VM, one row each. The flags of create-vm and set-vm, help, completion, the keys of
 * vos.conf, what apply-config compares, JSON, export-config, status-vm, root's checks and refusals are made from these
 * rows. A new property is a member of struct vm_spec (request.h) and a row here; see CONTRIBUTING.md.
 *
 *	ROW(id, first, last, kind, least, most, initial, when, name, value, help)
 *
 * id		FIELD_id (request.h) and ARG_id (mgmt/console/command/args.h)
 * first, last	the members of struct vm_spec that hold it, from the one to the other
 * kind		KIND_kind below: how it is written and checked
 * least, most	the range of a COUNT, SIZE or CHOICE; most restarts of a RESTART; an IMAGE with least 1 can't be none
 * initial	a number's value where create-vm does not give it
 * when		ANY_TIME: set-vm takes it also while the VM runs; AT_REST: only of a VM that is stopped
 * name		of the flag, of the key in vos.conf, of the member in JSON
 * value	what help calls the value; of a CHOICE its words, in the order of their numbers
 * help		what help says of it
 */
#ifndef VOS_VM_FIELDS_H
#define VOS_VM_FIELDS_H

enum field_kind {
	KIND_COUNT,		/* u32: a number */
	KIND_SIZE,		/* u64: bytes, a multiple of 2 MiB */
	KIND_CHOICE,		/* u32: one of the words of `value` */
	KIND_PERCENT,		/* u32: of one pCPU; 0 = none */
	KIND_PCPUS,		/* u64: a set of pCPUs; SHARE_ALL_PCPUS = all */
	KIND_RESTART,		/* restart, restart_limit */
	KIND_IMAGE,		/* char[IMAGE_NAME_BYTES]: name of an image; "" = none */
	KIND_IMAGES,		/* module_count, modules */
	KIND_TEXT,		/* char[]: a printable text */
	KIND_DISK_LIST,		/* disk_count, disks */
	KIND_NIC_LIST,		/* nic_count, nics */
};

enum field_when { AT_REST, ANY_TIME };

#define VM_MEMORY_MAX (1ull << 44)	/* what the VMM's address space has room for */

#define VM_FIELDS(ROW) \
	ROW(CPU, cpus, cpus, COUNT, 1, VM_VCPUS, 1, AT_REST, "cpu", "N", "virtual CPUs, up to 16 (default: 1)") \
	ROW(MEMORY, memory_bytes, memory_bytes, SIZE, PAGE_SIZE_2M, VM_MEMORY_MAX, 512 * MIB, AT_REST, \
		"memory", "SIZE", \
		"memory, such as 512M or 8G; from 2M to 16T, rounded up to a multiple of 2M (default: 512M)") \
	ROW(DISK, disk_count, disks, DISK_LIST, 0, VM_DEVICES, 0, AT_REST, "disk", "SIZE[,...]", \
		"disk, up to 8 times: SIZE, image=NAME or volume=NAME, then on=POOL|DISK|ram, " \
		"policy=thin|thick, integrity=on|off, encrypt=on|off, ro, nvram, serial=TEXT, iops=N, rate=SIZE: see " \
		"create-volume; in create-vm and set-vm also none") \
	ROW(NIC, nic_count, nics, NIC_LIST, 0, VM_DEVICES, 0, AT_REST, "nic", "SWITCH[,...]", \
		"network card, several times, with the disks at most 8: SWITCH, then mac=, ip=, vlan=, rate=, " \
		"filter=, cable=, mirror=, guard=: see create-switch; or none") \
	ROW(BOOT, boot, boot, CHOICE, 0, BOOT_COUNT - 1, 0, AT_REST, "boot", "kernel|disk|iso", \
		"boot a kernel image, or by firmware its disks or CD, on platform pc (default: kernel)") \
	ROW(FIRMWARE, firmware, firmware, CHOICE, 0, FIRMWARE_COUNT - 1, 0, AT_REST, "firmware", "bios|uefi", \
		"what boots its disks or CD (default: bios). The variables of uefi are kept in a disk of 2M with " \
		"nvram; create-vm makes one where the first disk is, if that is made, too") \
	ROW(ISO, iso, iso, IMAGE, 0, 1, 0, ANY_TIME, "iso", "IMAGE", \
		"image of the disc in its CD drive, or empty; or none: it has no drive (default: none)") \
	ROW(KERNEL, kernel, kernel, IMAGE, 1, 1, 0, AT_REST, "kernel", "IMAGE", \
		"image to boot, see list-image (default: the default image)") \
	ROW(INITRD, initrd, initrd, IMAGE, 0, 1, 0, AT_REST, "initrd", "IMAGE", \
		"initial RAM disk of the kernel, or none") \
	ROW(MODULE, module_count, modules, IMAGES, 0, IMAGE_MODULES, 0, AT_REST, "module", "IMAGE,...", \
		"further Multiboot modules, at most 8, or one with a text: \"IMAGE TEXT\"; may be given several " \
		"times; or none") \
	ROW(CMDLINE, cmdline, cmdline, TEXT, 0, CMDLINE_BYTES - 1, 0, AT_REST, "cmdline", "\"TEXT\"", \
		"kernel command line, in quotes; at most 2047 characters") \
	ROW(PLATFORM, platform, platform, CHOICE, 0, PLATFORM_COUNT - 1, 0, AT_REST, "platform", "modern|pc", \
		"virtual hardware: modern, or pc with the legacy devices") \
	ROW(RESTART, restart, restart_limit, RESTART, 0, 1000, 0, ANY_TIME, "restart", "POLICY", \
		"after a crash: never, on-failure:N or always; N restarts at most, up to 1000") \
	ROW(AUTOSTART, autostart, autostart, CHOICE, 0, 1, 0, ANY_TIME, "autostart", "no|yes", \
		"start the VM when VOS starts (default: no)") \
	ROW(ON_IO_ERROR, on_io_error, on_io_error, CHOICE, 0, IO_ERROR_COUNT - 1, 0, ANY_TIME, \
		"on-io-error", "report|pause", \
		"if a disk fails: report it to the guest, or pause the VM; resume-vm tries again (default: report)") \
	ROW(CLASS, share.class, share.class, CHOICE, 0, SCHED_CLASS_RT, 0, ANY_TIME, "class", "fair|rt", \
		"fair: shares pCPUs by weight; rt: real-time, runs before all fair VMs (default: fair)") \
	ROW(WEIGHT, share.weight, share.weight, COUNT, SCHED_WEIGHT_MIN, SCHED_WEIGHT_MAX, 0, ANY_TIME, "weight", "N", \
		"weight among fair VMs, 1 to 1000 (default: 100)") \
	ROW(CAP, share.cap, share.cap, PERCENT, 0, 0, 0, ANY_TIME, "cap", "PERCENT", \
		"limit for all its vCPUs together, 100% = one pCPU; or none (default: none)") \
	ROW(AFFINITY, share.affinity, share.affinity, PCPUS, 0, 0, 0, ANY_TIME, "affinity", "PCPUS", \
		"pCPUs it may run on, from 0 to 63, such as 0,2-3, or all (default: all)") \
	ROW(MEMORY_POLICY, memory_policy, memory_policy, CHOICE, 0, MEMORY_POLICY_COUNT - 1, 0, AT_REST, \
		"memory-policy", "lazy|eager", \
		"lazy: memory is granted when touched; eager: all of it before the VM starts (default: lazy)") \
	ROW(VMM, vmm, vmm, IMAGE, 0, 1, 0, AT_REST, "vmm", "IMAGE", \
		"program to run as its virtual machine monitor (default: the built-in one), or none")

#endif
