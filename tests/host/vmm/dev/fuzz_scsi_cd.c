/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The CD drive's commands, with anything in them: what is sent lies in the image or in the reply, and a refusal has a
 * reason.
 */
#include <stdlib.h>
#include <string.h>

#include "scsi_cd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCKS = 3 };

static void must(bool is_true)
{
	if (!is_true)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 image[BLOCKS * SCSI_CD_BLOCK_BYTES];
	static struct scsi_cd_answer answer;
	u8 command[SCSI_CD_COMMAND_BYTES] = { 0 };
	struct scsi_cd cd;

	must(scsi_cd_init(&cd, image, sizeof(image)));
	memcpy(command, data, size < sizeof(command) ? size : sizeof(command));
	if (size > sizeof(command))
		scsi_cd_change(&cd, image, data[sizeof(command)] * (sizeof(image) / 255));
	scsi_cd_command(&cd, command, &answer);
	if (answer.status != 0)
		must(answer.bytes == 0 && answer.sense[2] != 0);
	else if (answer.data == answer.reply)
		must(answer.bytes <= sizeof(answer.reply));
	else
		must(answer.data >= image && answer.bytes <= sizeof(image) &&
		     answer.data + answer.bytes <= image + sizeof(image));
	return 0;
}
