/*
 * refusal.c - see refusal.h.
 */
#include "refusal.h"

#define ERROR_RESULT(name, code, class, message) [name] = code,

static const u8 results[ERROR_COUNT] = { ERRORS(ERROR_RESULT) };

enum result refusal_result(u32 error)
{
	return error < ERROR_COUNT ? (enum result)results[error] : RESULT_FAILED;
}
