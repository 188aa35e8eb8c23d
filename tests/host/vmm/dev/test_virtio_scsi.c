/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/*
 * The CD drive: its SCSI commands as SeaBIOS and Linux give them and as nobody should, then requests through its
 * queues.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_scsi.h>

#include "../fake_driver.h"
#include "virtio_scsi.h"

enum { BLOCKS = 700, RAM_BYTES = 4 << 20, REQUEST = 0x8000, RESPONSE = 0x9000, DATA = 0x10000, SENSE = 2 };

static u8 *ram, *image;
static struct guest_memory memory;
static struct bus machine_bus;
static struct pci_bus pci;
static struct virtio_scsi drive;
static struct fake_driver queue[3];
static u32 faults;
static struct scsi_cd_answer answer;

static void broken(void *ctx, const char *device, const char *fault)
{
	(void)ctx;
	assert_string_equal(device, "virtio-scsi");
	assert_non_null(fault);
	faults++;
}

static void set_line(void *ctx, u32 gsi, bool is_asserted)
{
	(void)ctx;
	(void)gsi;
	(void)is_asserted;
}

static void start_driver(void)
{
	drive.device.accepted = 0;
	drive.device.status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK |
			      VIRTIO_CONFIG_S_DRIVER_OK;
	drive.device.function.config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_MASTER;
	for (u32 i = 0; i < 3; i++) {
		struct virtqueue_setup setup;

		queue[i] = (struct fake_driver){ .ram = ram, .base = 0x1000 + i * 0x1000 };
		setup = driver_setup(&queue[i]);
		assert_true(virtqueue_enable(&drive.device.queue[i].ring, &memory, &setup));
	}
}

static int setup(void **state)
{
	struct virtio_host host = { &memory, broken, NULL };
	struct pci_host pci_host = { .bus = &machine_bus, .set_line = set_line };

	(void)state;
	ram = calloc(1, RAM_BYTES);
	image = malloc(BLOCKS * SCSI_CD_BLOCK_BYTES);	/* of its own, so that a read past its end is seen */
	for (u32 i = 0; i < BLOCKS * SCSI_CD_BLOCK_BYTES; i++)
		image[i] = (u8)(i / SCSI_CD_BLOCK_BYTES * 3 + i);
	memory = (struct guest_memory){ .ram = ram, .bytes = RAM_BYTES };
	memset(&drive, 0, sizeof(drive));
	bus_init(&machine_bus);
	pci_bus_init(&pci, &pci_host);
	assert_int_equal(virtio_scsi_init(&drive, PCI_SLOT_CD << 3, image, BLOCKS * SCSI_CD_BLOCK_BYTES + 100, &host,
					  &pci), ST_OK);
	start_driver();
	faults = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(ram);
	free(image);
	return 0;
}

/* ---- Commands ---- */

static u8 command(const char *bytes, u32 count)
{
	u8 c[SCSI_CD_COMMAND_BYTES] = { 0 };

	memcpy(c, bytes, count);
	scsi_cd_command(&drive.cd, c, &answer);
	return answer.status;
}

#define COMMAND(bytes) command(bytes, sizeof(bytes) - 1)

static void expect_refused(u8 status, u8 reason)
{
	assert_int_equal(status, SENSE);
	assert_int_equal(answer.bytes, 0);
	assert_int_equal(answer.sense[0], 0x70);
	assert_int_equal(answer.sense[2], 5);
	assert_int_equal(answer.sense[12], reason);
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(COMMAND("\x12\0\0\0\x24"), 0);
	assert_int_equal(answer.bytes, 36);
	assert_memory_equal(answer.data, "\x05\x80", 2);
	assert_memory_equal(answer.data + 8, "VOS     CD-ROM          1   ", 28);
	assert_int_equal(COMMAND("\x12\0\0\0\x05"), 0);		/* no more than is asked for */
	assert_int_equal(answer.bytes, 5);
	assert_int_equal(COMMAND("\x12\1\0\0\xff"), 0);
	assert_int_equal(answer.bytes, 5);
	expect_refused(COMMAND("\x12\1\x80\0\xff"), 0x24);
	assert_int_equal(COMMAND("\0"), 0);
	assert_int_equal(COMMAND("\x1b\0\0\0\1"), 0);
	expect_refused(COMMAND("\x1b\0\0\0\2"), 0x24);		/* can't be opened */
	assert_int_equal(COMMAND("\x25"), 0);
	assert_memory_equal(answer.data, "\0\0\x02\xbb\0\0\x08\0", 8);
	assert_int_equal(COMMAND("\xa0\0\0\0\0\0\0\0\1\0"), 0);
	assert_int_equal(answer.bytes, 16);
	expect_refused(COMMAND("\x2a"), 0x20);			/* WRITE(10) */
	expect_refused(COMMAND("\xff"), 0x20);
}

static void test_reads(void **state)
{
	(void)state;
	assert_int_equal(COMMAND("\x28\0\0\0\0\x10\0\0\x02\0"), 0);
	assert_int_equal(answer.bytes, 4096);
	assert_memory_equal(answer.data, image + 16 * 2048, 4096);
	assert_int_equal(COMMAND("\x28\0\0\0\x02\xbb\0\0\1\0"), 0);	/* the last one */
	assert_memory_equal(answer.data, image + 699 * 2048, 2048);
	assert_int_equal(COMMAND("\x28\0\0\0\x02\xbc\0\0\0\0"), 0);	/* none, at the end */
	expect_refused(COMMAND("\x28\0\0\0\x02\xbb\0\0\2\0"), 0x21);
	expect_refused(COMMAND("\x28\0\xff\xff\xff\xff\0\0\1\0"), 0x21);
	expect_refused(COMMAND("\xa8\0\xff\xff\xff\xff\xff\xff\xff\xff"), 0x21);
	assert_int_equal(COMMAND("\xa8\0\0\0\0\0\0\0\2\0"), 0);
	assert_int_equal(answer.bytes, 512 * 2048);
	expect_refused(COMMAND("\xa8\0\0\0\0\0\0\0\2\1"), 0x24);	/* too many */
}

static void test_multimedia(void **state)
{
	(void)state;
	assert_int_equal(COMMAND("\x43\0\0\0\0\0\0\0\xff\0"), 0);
	assert_memory_equal(answer.data, "\0\x12\1\1" "\0\x14\1\0\0\0\0\0" "\0\x14\xaa\0\0\0\x02\xbc", 20);
	assert_int_equal(answer.bytes, 20);
	assert_int_equal(COMMAND("\x43\2\0\0\0\0\xaa\0\xff\0"), 0);	/* the end, in minutes */
	assert_memory_equal(answer.data, "\0\x0a\1\1" "\0\x14\xaa\0\0\0\x0b\x19", 12);
	expect_refused(COMMAND("\x43\0\0\0\0\0\2\0\xff\0"), 0x24);
	assert_int_equal(COMMAND("\x5a\0\x2a\0\0\0\0\0\xff\0"), 0);
	assert_memory_equal(answer.data, "\0\x1a", 2);
	assert_memory_equal(answer.data + 8, "\x2a\x12", 2);
	assert_int_equal(COMMAND("\x1a\0\x3f\0\4"), 0);
	assert_int_equal(answer.data[0], 0x17);
	assert_int_equal(answer.bytes, 4);
	expect_refused(COMMAND("\x1a\0\x08\0\xff"), 0x24);
	assert_int_equal(COMMAND("\x46\0\0\0\0\0\0\0\xff\0"), 0);
	assert_memory_equal(answer.data, "\0\0\0\4\0\0\0\x08", 8);
	assert_int_equal(COMMAND("\x4a\1\0\0\x10\0\0\0\x08\0"), 0);
	assert_memory_equal(answer.data, "\0\6\4\x10\0\2\0\0", 8);
	expect_refused(COMMAND("\x4a\0\0\0\x10\0\0\0\x08\0"), 0x24);
	assert_int_equal(COMMAND("\3\0\0\0\xff"), 0);
	assert_int_equal(answer.bytes, SCSI_CD_SENSE_BYTES);
}

static void test_discs(void **state)
{
	struct scsi_cd cd;

	(void)state;
	assert_true(scsi_cd_init(&cd, image, 0));		/* a drive without one */
	assert_false(scsi_cd_init(&cd, image, 2047));
	assert_true(scsi_cd_init(&cd, image, 2048));
	assert_false(scsi_cd_init(&cd, image, BIT64(32) * 2048));
}

static void expect_sense(const char *bytes, u32 count, u8 key, u8 reason)
{
	assert_int_equal(command(bytes, count), SENSE);
	assert_int_equal(answer.bytes, 0);
	assert_int_equal(answer.sense[2], key);
	assert_int_equal(answer.sense[12], reason);
}

#define EXPECT_SENSE(bytes, key, reason) expect_sense(bytes, sizeof(bytes) - 1, key, reason)

/* A disc is taken out, and another one comes: each command for a disc fails, then the next one once. */
static void test_changed(void **state)
{
	static const char event[] = "\x4a\1\0\0\x10\0\0\0\x08\0";

	(void)state;
	scsi_cd_change(&drive.cd, NULL, 0);
	assert_int_equal(COMMAND("\x12\0\0\0\x24"), 0);
	EXPECT_SENSE("\0", 2, 0x3a);
	EXPECT_SENSE("\x25", 2, 0x3a);
	EXPECT_SENSE("\x28\0\0\0\0\0\0\0\1\0", 2, 0x3a);
	EXPECT_SENSE("\xa8\0\0\0\0\0\0\0\0\1", 2, 0x3a);
	EXPECT_SENSE("\x43\0\0\0\0\0\0\0\xff\0", 2, 0x3a);
	assert_int_equal(command(event, sizeof(event) - 1), 0);
	assert_memory_equal(answer.data, "\0\6\4\x10\3\0\0\0", 8);	/* gone */
	assert_int_equal(command(event, sizeof(event) - 1), 0);
	assert_memory_equal(answer.data, "\0\6\4\x10\0\0\0\0", 8);	/* told once */
	scsi_cd_change(&drive.cd, image + 2048, 2 * 2048);
	assert_int_equal(command(event, sizeof(event) - 1), 0);
	assert_memory_equal(answer.data, "\0\6\4\x10\2\2\0\0", 8);	/* new */
	assert_int_equal(COMMAND("\x12\0\0\0\x24"), 0);
	EXPECT_SENSE("\x28\0\0\0\0\0\0\0\1\0", 6, 0x28);
	assert_int_equal(COMMAND("\x28\0\0\0\0\0\0\0\1\0"), 0);
	assert_memory_equal(answer.data, image + 2048, 2048);
	expect_refused(COMMAND("\x28\0\0\0\0\2\0\0\1\0"), 0x21);	/* the end of the old one does not count */
	scsi_cd_change(&drive.cd, image, 4096);
	assert_int_equal(COMMAND("\3\0\0\0\xff"), 0);			/* REQUEST SENSE tells it, too */
	assert_int_equal(answer.data[2], 6);
	assert_int_equal(answer.data[12], 0x28);
	assert_int_equal(COMMAND("\0"), 0);
	scsi_cd_change(&drive.cd, image, 2047);				/* that is none */
	EXPECT_SENSE("\0", 2, 0x3a);
}

/* ---- Requests ---- */

static struct virtio_scsi_cmd_resp *response(void)
{
	return (void *)(ram + RESPONSE);
}

/* A READ(10) from block 5; returns what is written. */
static u32 request(u8 target, u8 unit, u32 blocks, u32 room)
{
	struct virtio_scsi_cmd_req r = { .lun = { 1, target, 0x40, unit },
					 .cdb = { 0x28, 0, 0, 0, 0, 5, 0, 0, (u8)blocks } };
	struct driver_buffer buffers[] = { { REQUEST, sizeof(r), false }, { RESPONSE, sizeof(*response()), true },
					   { DATA, room, true } };
	u32 head, written = 0;

	memcpy(ram + REQUEST, &r, sizeof(r));
	memset(ram + RESPONSE, 0xcc, sizeof(*response()));
	memset(ram + DATA, 0xcc, 65536);
	driver_offer(&queue[2], buffers, room ? 3 : 2);
	drive.device.type->notify(&drive.device, 2);
	assert_true(driver_collect(&queue[2], &head, &written));
	return written;
}

static void test_requests(void **state)
{
	const u32 head = sizeof(*response());

	(void)state;
	assert_int_equal(request(0, 0, 4, 8192), head + 8192);
	assert_int_equal(response()->response | response()->status, 0);
	assert_int_equal(response()->resid, 0);
	assert_memory_equal(ram + DATA, image + 5 * 2048, 8192);
	assert_int_equal(request(0, 0, 4, 3000), head + 3000);	/* less room than data */
	assert_memory_equal(ram + DATA, image + 5 * 2048, 3000);
	assert_int_equal(ram[DATA + 3000], 0xcc);
	assert_int_equal(request(0, 0, 1, 8192), head + 2048);
	assert_int_equal(response()->resid, 8192 - 2048);
	assert_int_equal(request(0, 0, 1, 0), head);
	assert_int_equal(request(1, 0, 1, 8192), head);
	assert_int_equal(response()->response, VIRTIO_SCSI_S_BAD_TARGET);
	assert_int_equal(request(0, 1, 1, 8192), head);
	assert_int_equal(response()->status, SENSE);
	assert_int_equal(response()->sense[12], 0x25);
	assert_int_equal(faults, 0);
}

static void test_control(void **state)
{
	struct driver_buffer buffers[] = { { REQUEST, sizeof(struct virtio_scsi_ctrl_tmf_req), false },
					   { RESPONSE, 1, true } };
	u32 head, written;

	(void)state;
	ram[RESPONSE] = 0xcc;
	driver_offer(&queue[0], buffers, 2);
	drive.device.type->notify(&drive.device, 0);
	assert_true(driver_collect(&queue[0], &head, &written));
	assert_int_equal(ram[RESPONSE], VIRTIO_SCSI_S_FUNCTION_SUCCEEDED);
	ram[REQUEST] = VIRTIO_SCSI_T_AN_QUERY;
	driver_offer(&queue[0], buffers, 2);
	drive.device.type->notify(&drive.device, 0);
	assert_true(driver_collect(&queue[0], &head, &written));
	assert_int_equal(ram[RESPONSE], 0);
	driver_offer(&queue[1], buffers + 1, 1);		/* room for an event, which never comes */
	drive.device.type->notify(&drive.device, 1);
	assert_false(driver_collect(&queue[1], &head, &written));
	assert_int_equal(faults, 0);
}

static void test_short_requests(void **state)
{
	static const struct { u32 in, out; u8 queue; } bad[] = {
		{ sizeof(struct virtio_scsi_cmd_req) - 1, sizeof(struct virtio_scsi_cmd_resp), 2 },
		{ sizeof(struct virtio_scsi_cmd_req), sizeof(struct virtio_scsi_cmd_resp) - 1, 2 },
		{ 3, 16, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		struct driver_buffer buffers[] = { { REQUEST, bad[i].in, false }, { RESPONSE, bad[i].out, true } };
		u32 head, written;

		memset(ram, 0, 0x4000);
		start_driver();
		driver_offer(&queue[bad[i].queue], buffers, 2);
		drive.device.type->notify(&drive.device, bad[i].queue);
		assert_int_equal(faults, i + 1);
		assert_false(driver_collect(&queue[bad[i].queue], &head, &written));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multimedia, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_requests, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
