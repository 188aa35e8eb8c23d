/* SPDX-License-Identifier: MIT */
/*
 * error_info.c - see error_info.h.
 */
#include "error_info.h"

#include <string.h>

#define ERROR_RESULT(name, code, class, message) [name] = (code),

static const u8 results[ERROR_COUNT] = { ERRORS(ERROR_RESULT) };

struct error_info error_info_limit(u32 most, const char *what)
{
	struct error_info no = error_info_of(ERR_LIMIT, 0, most);

	strcpy(no.text, what);
	return no;
}

struct error_info error_info_about(enum error error, const char *name)
{
	struct error_info no = error_info_of(error, 0, 0);

	strcpy(no.text, name);
	return no;
}

enum result error_info_result(u32 error)
{
	return error < ERROR_COUNT ? (enum result)results[error] : RESULT_FAILED;
}
