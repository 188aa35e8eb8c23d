/* SPDX-License-Identifier: MIT */
/*
 * error_info.c - see error_info.h.
 */
#include "error_info.h"

#define ERROR_RESULT(name, code, class, message) [name] = (code),

static const u8 results[ERROR_COUNT] = { ERRORS(ERROR_RESULT) };

enum result error_info_result(u32 error)
{
	return error < ERROR_COUNT ? (enum result)results[error] : RESULT_FAILED;
}
