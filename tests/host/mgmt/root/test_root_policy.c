/* SPDX-License-Identifier: MIT */
/*
 * The parts of root's policy that are pure: names, specs, images, the table of phases, reports of a stop.
 */
/* links: root rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle.h"
#include "spec.h"
#include "stop_info.h"
#include "syscalls.h"

static struct image_table images;

static int setup(void **state)
{
	(void)state;
	memset(&images, 0, sizeof(images));
	assert_int_equal(image_add(&images, "vmm", 100, 1, true), ST_OK);
	assert_int_equal(image_add(&images, "debian-kernel", 100, 2, false), ST_OK);
	assert_int_equal(image_add(&images, "debian-initrd", 100, 3, false), ST_OK);
	assert_int_equal(image_add(&images, "tiny", 100, 4, false), ST_OK);
	return 0;
}

static struct vm_spec good(void)
{
	struct vm_spec spec = { .cpus = 1, .memory_bytes = 512 * MIB };

	strcpy(spec.kernel, "tiny");
	return spec;
}

static void names(void **state)
{
	static const struct { char name[VM_NAME_BYTES + 1]; bool is_good; } cases[] = {
		{ "a", true }, { "myvm", true }, { "0-x", true }, { "abcdefghijklmnopqrstuvwxyz01234", true },
		{ "", false }, { "-a", false }, { "A", false }, { "a b", false }, { "a\n", false }, { "a_b", false },
		{ "abcdefghijklmnopqrstuvwxyz012345", false },	/* no zero within the array */
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++)
		if (spec_name_ok(cases[i].name) != cases[i].is_good)
			fail_msg("case %u", i);
}

static void image_table(void **state)
{
	char name[IMAGE_NAME_BYTES];

	(void)state;
	assert_int_equal(image_add(&images, "tiny", 1, 9, false), ST_EXISTS);
	assert_int_equal(image_add(&images, "bad/name", 1, 9, false), ST_INVAL);
	assert_int_equal(image_add(&images, "", 1, 9, false), ST_INVAL);
	assert_int_equal(image_add(&images, "empty", 0, 9, false), ST_INVAL);
	assert_int_equal(image_add(&images, "huge", ~0ull, 9, false), ST_INVAL);
	memset(name, 'x', sizeof(name));
	assert_int_equal(image_add(&images, name, 1, 9, false), ST_INVAL);
	assert_null(image_find(&images, "vmm", false));
	assert_int_equal(image_find(&images, "vmm", true)->h_mem, 1);
	assert_string_equal(image_at(&images, 2)->name, "tiny");
	assert_null(image_at(&images, 3));
	assert_null(image_at(&images, ~0u));
	for (u32 i = images.count; i < IMAGE_COUNT - IMAGES_UPLOADED; i++) {
		name[0] = (char)('a' + i % 26);
		name[1] = (char)('a' + i / 26);
		name[2] = '\0';
		assert_int_equal(image_add(&images, name, 1, 9, false), ST_OK);
	}
	assert_int_equal(image_add(&images, "one-more", 1, 9, false), ST_FULL);
	assert_int_equal(image_judge_uploaded(&images, "one-more", 1), ST_OK);	/* they have room of their own */
}

static void good_specs(void **state)
{
	struct vm_spec spec = good(), other = { .cpus = 1, .memory_bytes = 2 * MIB };

	(void)state;
	strcpy(spec.vmm, "tiny");
	strcpy(spec.modules[0], "debian-initrd");
	strcpy(spec.modules[1], "debian-initrd root=/dev/x, y");
	spec.module_count = 2;
	assert_int_equal(spec_judge(&spec, 0, &images, 4).error, ERR_NONE);
	assert_string_equal(spec.initrd, "");
	assert_string_equal(spec.cmdline, "");
	assert_int_equal(spec_judge(&other, 0, &images, 4).error, ERR_NONE);
	assert_string_equal(other.kernel, "debian-kernel");
	assert_string_equal(other.initrd, "debian-initrd");
	assert_string_equal(other.cmdline, "console=ttyS0");
	images.count = 2;
	other.kernel[0] = '\0';
	assert_int_equal(spec_judge(&other, 0, &images, 4).error, ERR_NO_DEFAULT_IMAGE);
}

static struct vm_spec from_disk(void)
{
	struct vm_spec spec = { .cpus = 1, .memory_bytes = 512 * MIB, .boot = BOOT_DISK, .disk_count = 1 };

	spec.disks[0].bytes = 64 * MIB;
	return spec;
}

static void expect_boot(struct vm_spec spec, u32 asked, enum error error)
{
	assert_int_equal(spec_judge(&spec, asked, &images, 4).error, error);
}

static void disk_boot(void **state)
{
	struct vm_spec spec = from_disk();

	(void)state;
	expect_boot(spec, 0, ERR_NO_IMAGE);
	assert_int_equal(image_add(&images, IMAGE_BIOS, 262144, 5, false), ST_OK);
	assert_int_equal(spec_judge(&spec, 0, &images, 4).error, ERR_NONE);
	assert_string_equal(spec.kernel, "");
	assert_string_equal(spec.cmdline, "");
	assert_int_equal(spec.platform, PLATFORM_PC);
	expect_boot(spec, BIT32(FIELD_PLATFORM), ERR_NONE);
	spec.platform = PLATFORM_MODERN;
	expect_boot(spec, BIT32(FIELD_PLATFORM), ERR_BOOT_PLATFORM);
	spec = from_disk();
	spec.disk_count = 0;
	expect_boot(spec, 0, ERR_BOOT_NO_DISK);
	spec.boot = BOOT_ISO;
	expect_boot(spec, 0, ERR_BOOT_NO_ISO);
	strcpy(spec.iso, "disc");
	expect_boot(spec, 0, ERR_NO_IMAGE);
	strcpy(spec.iso, "tiny");
	expect_boot(spec, 0, ERR_NONE);		/* without any disk */
	spec.firmware = FIRMWARE_UEFI;
	expect_boot(spec, 0, ERR_NO_IMAGE);
	assert_int_equal(image_add(&images, IMAGE_UEFI, 4 * MIB, 6, false), ST_OK);
	expect_boot(spec, 0, ERR_NONE);
	spec.firmware = FIRMWARE_COUNT;
	expect_boot(spec, 0, ERR_BAD_FIELD);
	/* Variables: one disk, of UEFI, large enough, that can be written; it is none to boot from. */
	spec = from_disk();
	spec.firmware = FIRMWARE_UEFI;
	spec.disks[0] = (struct disk_spec){ .bytes = DISK_NVRAM_BYTES, .flags = DISK_NVRAM };
	expect_boot(spec, 0, ERR_BOOT_NO_DISK);
	spec.disks[1] = (struct disk_spec){ .bytes = VOLUME_UNIT };
	spec.disk_count = 2;
	expect_boot(spec, 0, ERR_NONE);
	spec.firmware = FIRMWARE_BIOS;
	expect_boot(spec, 0, ERR_NVRAM_FIRMWARE);
	spec.firmware = FIRMWARE_UEFI;
	spec.disks[0].flags |= DISK_READ_ONLY;
	expect_boot(spec, 0, ERR_BAD_FIELD);
	spec.disks[0] = (struct disk_spec){ .bytes = VOLUME_UNIT, .flags = DISK_NVRAM };
	expect_boot(spec, 0, ERR_NVRAM_SIZE);
	spec.disks[0].bytes = DISK_NVRAM_BYTES;
	spec.disks[1] = spec.disks[0];
	spec.disks[2] = (struct disk_spec){ .bytes = VOLUME_UNIT };
	spec.disk_count = 3;
	expect_boot(spec, 0, ERR_NVRAM_TWICE);
	/* A kernel that was there before is none now; one that is asked for is refused. */
	spec = from_disk();
	strcpy(spec.kernel, "tiny");
	strcpy(spec.cmdline, "x");
	spec.module_count = 1;
	strcpy(spec.modules[0], "tiny");
	expect_boot(spec, BIT32(FIELD_KERNEL), ERR_BOOT_KERNEL);
	expect_boot(spec, BIT32(FIELD_CMDLINE), ERR_BOOT_KERNEL);
	expect_boot(spec, BIT32(FIELD_MODULE), ERR_BOOT_KERNEL);
	assert_int_equal(spec_judge(&spec, BIT32(FIELD_BOOT), &images, 4).error, ERR_NONE);
	assert_int_equal(spec.kernel[0] | spec.cmdline[0] | (int)spec.module_count | spec.modules[0][0], 0);
	/* And back: the default image, and no firmware. */
	spec.firmware = FIRMWARE_UEFI;
	spec.boot = BOOT_KERNEL;
	expect_boot(spec, BIT32(FIELD_BOOT), ERR_BOOT_FIRMWARE);
	spec.firmware = FIRMWARE_BIOS;
	spec.boot = BOOT_KERNEL;
	assert_int_equal(spec_judge(&spec, BIT32(FIELD_BOOT), &images, 4).error, ERR_NONE);
	assert_string_equal(spec.kernel, "debian-kernel");
	spec.boot = BOOT_COUNT;
	expect_boot(spec, 0, ERR_BAD_FIELD);
}

static void expect_bad(struct vm_spec spec, enum error error, u64 have)
{
	struct error_info no = spec_judge(&spec, BIT32(FIELD_WEIGHT), &images, 4);

	assert_int_equal(no.error, error);
	assert_int_equal(no.have, have);
}

#define BAD(error, have, ...) do { struct vm_spec s = good(); __VA_ARGS__; expect_bad(s, error, have); } while (0)

static void bad_specs(void **state)
{
	(void)state;
	BAD(ERR_BAD_FIELD, FIELD_CPU, s.cpus = 0);
	BAD(ERR_BAD_FIELD, FIELD_CPU, (s.cpus = 0, s.share.cap = 10));
	BAD(ERR_WEIGHT_RT, 0, (s.kernel[0] = 0, s.share.class = SCHED_CLASS_RT, s.share.weight = 5));
	BAD(ERR_TOO_MANY_VCPUS, VM_VCPUS, s.cpus = VM_VCPUS + 1);
	BAD(ERR_TOO_MANY_VCPUS, VM_VCPUS, s.cpus = ~0u);
	BAD(ERR_BAD_FIELD, FIELD_MEMORY, s.memory_bytes = 0);
	BAD(ERR_BAD_FIELD, FIELD_MEMORY, s.memory_bytes = 3 * MIB);
	BAD(ERR_BAD_FIELD, FIELD_MEMORY, s.memory_bytes = ~0ull << 21);
	BAD(ERR_BAD_FIELD, FIELD_PLATFORM, s.platform = PLATFORM_COUNT);
	BAD(ERR_BAD_FIELD, FIELD_RESTART, s.restart = RESTART_COUNT);
	BAD(ERR_BAD_FIELD, FIELD_RESTART, s.restart_limit = ~0u);
	BAD(ERR_BAD_FIELD, FIELD_MODULE, s.module_count = IMAGE_MODULES + 1);
	BAD(ERR_BAD_FIELD, FIELD_MEMORY_POLICY, s.memory_policy = MEMORY_POLICY_COUNT);
	BAD(ERR_BAD_FIELD, FIELD_CLASS, s.share.class = SCHED_CLASS_RT + 1);
	BAD(ERR_BAD_FIELD, FIELD_CLASS, s.share.class = ~0u);
	BAD(ERR_BAD_FIELD, FIELD_WEIGHT, s.share.weight = SCHED_WEIGHT_MAX + 1);
	BAD(ERR_WEIGHT_RT, 0, (s.share.class = SCHED_CLASS_RT, s.share.weight = 5));
	BAD(ERR_CAP, 100, s.share.cap = 101);
	BAD(ERR_CAP, 100, s.share.cap = ~0u);
	BAD(ERR_NO_PCPU, 4, s.share.affinity = BIT64(4));
	BAD(ERR_NO_PCPU, 4, s.share.affinity = SHARE_ALL_PCPUS - 1);
	BAD(ERR_BAD_FIELD, FIELD_MODULE, s.module_count = 1);
	BAD(ERR_BAD_FIELD, FIELD_CMDLINE, memset(s.cmdline, 'x', sizeof(s.cmdline)));
	BAD(ERR_BAD_FIELD, FIELD_KERNEL, memset(s.kernel, 'x', sizeof(s.kernel)));
	BAD(ERR_BAD_FIELD, FIELD_INITRD, memset(s.initrd, 'x', sizeof(s.initrd)));
	BAD(ERR_BAD_FIELD, FIELD_VMM, memset(s.vmm, 'x', sizeof(s.vmm)));
	BAD(ERR_BAD_FIELD, FIELD_KERNEL, strcpy(s.kernel, "../x"));
	BAD(ERR_NO_IMAGE, 0, strcpy(s.kernel, "nothing"));
	BAD(ERR_NO_IMAGE, 0, strcpy(s.initrd, "nothing"));
	BAD(ERR_NO_IMAGE, 0, strcpy(s.vmm, "vmm"));	/* the built-in one has no name here */
	assert_int_equal(error_info_result(ERR_NO_IMAGE), RESULT_NOT_FOUND);
	assert_int_equal(error_info_result(~0u), RESULT_FAILED);
}

/* Every request has an answer in every phase; events that mean something are not ignored where they do. */
static void phases(void **state)
{
	(void)state;
	for (u32 phase = 0; phase < VM_PHASE_COUNT; phase++) {
		for (u32 in = 0; in < IN_REQUEST_COUNT; in++)
			assert_int_not_equal(lifecycle_decide(phase, in), ACTION_IGNORE);
		for (u32 in = IN_REQUEST_COUNT; in < IN_COUNT; in++) {
			assert_int_not_equal(lifecycle_decide(phase, in), ACTION_REFUSE);
			assert_int_not_equal(lifecycle_decide(phase, in), ACTION_BUSY);
		}
		if (!lifecycle_has_objects(phase)) {
			assert_int_equal(lifecycle_decide(phase, IN_FAULT), ACTION_IGNORE);
			assert_int_equal(lifecycle_decide(phase, IN_ENDED), ACTION_IGNORE);
		} else if (phase != VM_PHASE_ENDING) {
			assert_int_equal(lifecycle_decide(phase, IN_FAULT), ACTION_HANDLE_FAULT);
			assert_int_equal(lifecycle_decide(phase, IN_ENDED), ACTION_HANDLE_STOP_REPORT);
			assert_int_equal(lifecycle_decide(phase, IN_STOP_FORCE), ACTION_FORCE);
			assert_int_equal(lifecycle_decide(phase, IN_DELETE_FORCE), ACTION_END_DELETE);
		}
	}
	assert_int_equal(lifecycle_decide(VM_PHASE_LIVE, IN_DELETE), ACTION_REFUSE);
	assert_int_equal(lifecycle_decide(VM_PHASE_IDLE, IN_STOP), ACTION_REFUSE);
	assert_int_equal(lifecycle_decide(VM_PHASE_IDLE, IN_START), ACTION_BUILD);
	assert_int_equal(lifecycle_decide(VM_PHASE_POWERING, IN_NMI), ACTION_NMI);	/* deaf to the button */
	assert_int_equal(lifecycle_decide(VM_PHASE_PAUSED, IN_NMI), ACTION_REFUSE);
	assert_int_equal(lifecycle_decide(VM_PHASE_LIVE, IN_RUNNING), ACTION_IGNORE);	/* a lying VMM */
	assert_int_equal(lifecycle_decide(VM_PHASE_LIVE, IN_PAUSED), ACTION_IGNORE);
	assert_int_equal(lifecycle_decide(VM_PHASE_ENDING, IN_GONE), ACTION_FINISH_TEARDOWN);
	assert_int_equal(lifecycle_state(VM_PHASE_IDLE, VM_CRASHED, false), VM_CRASHED);
	assert_int_equal(lifecycle_state(VM_PHASE_ENDING, VM_STOPPED, true), VM_STARTING);
	assert_int_equal(lifecycle_state(VM_PHASE_ENDING, VM_STOPPED, false), VM_STOPPING);
	assert_int_equal(lifecycle_state(VM_PHASE_WAITING, VM_STOPPED, false), VM_CRASHED);
	assert_int_equal(lifecycle_state(VM_PHASE_WAITING, VM_STOPPED, true), VM_STARTING);
}

static void stop_reports(void **state)
{
	struct vmm_control c = { .reason = STOP_TRIPLE_FAULT, .rip = 0x1234, .last_exit = 16 };
	struct vm_spec spec = good();
	struct stop_info e;

	(void)state;
	memset(c.text, 'x', sizeof(c.text));
	stop_info_judge(&e, &c);
	assert_true(e.is_crash);
	assert_int_equal(e.rip, 0x1234);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_false(stop_info_is_retried(&e, &spec, 0));
	spec.restart = RESTART_ON_FAILURE;
	spec.restart_limit = 2;
	assert_true(stop_info_is_retried(&e, &spec, 1));
	assert_false(stop_info_is_retried(&e, &spec, 2));
	spec.restart = RESTART_ALWAYS;
	assert_true(stop_info_is_retried(&e, &spec, 100));
	c.reason = STOP_GUEST_POWEROFF;
	c.wants_restart = 1;					/* contradicts the reason: the reason counts */
	stop_info_judge(&e, &c);
	assert_false(e.is_crash || e.wants_restart || stop_info_is_retried(&e, &spec, 0));
	c.reason = STOP_GUEST_REBOOT;
	stop_info_judge(&e, &c);
	assert_true(e.wants_restart && !e.is_crash);
	c.reason = STOP_BAD_IMAGE;
	stop_info_judge(&e, &c);
	assert_true(e.is_crash && !stop_info_is_retried(&e, &spec, 0));
	for (u32 i = 0; i < 4; i++) {
		static const u32 lies[] = { STOP_NONE, STOP_REQUEST, STOP_COUNT, ~0u };

		c.reason = lies[i];
		stop_info_judge(&e, &c);
		assert_int_equal(e.reason, STOP_VMM_FAULT);
		assert_true(e.is_crash);
	}
	stop_info_of_fault(&e, 14 + 1, 0x401000, 0xdead);
	assert_int_equal(e.reason, STOP_VMM_FAULT);
	assert_int_equal(e.vmm_fault, 15);
	assert_int_equal(e.detail, 0xdead);
	stop_info_of_fault(&e, FAULT_NOMEM, 0, 0);
	assert_int_equal(e.reason, STOP_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names, setup), cmocka_unit_test_setup(image_table, setup),
		cmocka_unit_test_setup(good_specs, setup), cmocka_unit_test_setup(bad_specs, setup),
		cmocka_unit_test_setup(disk_boot, setup),
		cmocka_unit_test_setup(phases, setup), cmocka_unit_test_setup(stop_reports, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
