/* SPDX-License-Identifier: MIT */
/*
 * Any text as the boot module `users`, then any orders to guard: the table stays one with an admin, users are written
 * as they are read, and places of mistakes are within the text. Orders that hash are made others: they take long.
 */
/* links: guard */
#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "serve.h"
#include "users.h"
#include "users_text.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u32 last_line;

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static bool no_random(void *out, size_t bytes)
{
	memset(out, 1, bytes);
	return true;
}

static u64 no_ticks(void)
{
	return 0;
}

static void tell(u32 line, u32 column, const char *what)
{
	check(line >= 1 && line <= last_line && column >= 1 && what != NULL);
}

static void check_text(const struct users *users)
{
	static struct users again;
	char line[USER_LINE_BYTES];

	for (u32 i = 0; i < users->count; i++) {
		memset(&again, 0, sizeof(again));
		user_write(line, &users->list[i]);
		users_read(&again, line, strlen(line), tell);
		check(again.count == 1 && memcmp(&again.list[0], &users->list[i], sizeof(again.list[0])) == 0);
	}
}

static u32 admins(const struct users *users)
{
	u32 count = 0;

	for (u32 i = 0; i < users->count; i++)
		count += users->list[i].role == ROLE_ADMIN;
	return count;
}

static void orders(const struct users *users, const u8 *data, size_t size)
{
	struct guard_order order;
	struct guard_report report;

	for (; size >= sizeof(order); data += sizeof(order), size -= sizeof(order)) {
		bool had_admin = admins(users) != 0;

		memcpy(&order, data, sizeof(order));
		if (users->count != 0 && data[0] % 2 != 0)
			memcpy(order.name, users->list[data[1] % users->count].name, sizeof(order.name));
		order.op = order.op % 2 != 0 ? GUARD_DELETE + order.op / 2 % 3 : GUARD_SET;
		order.fields &= USER_SET_ROLE;
		order.role %= ROLE_COUNT + 1;
		serve_order(&order, &report, 0);
		check(users_ok(users) && report.error < GUARD_ERROR_COUNT && report.users == users->count);
		check(memchr(report.line, 0, sizeof(report.line)) != NULL && (admins(users) != 0) == had_admin);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct guard_state state;
	static struct audit_log log;
	const u8 *end = memchr(data, 0, size);
	size_t bytes = end != NULL ? (size_t)(end - data) : size;

	password_init(no_random, no_ticks);
	last_line = 1;
	for (size_t i = 0; i < bytes; i++)
		last_line += data[i] == '\n';
	memset(&state, 0, sizeof(state));
	state.module_bytes = bytes;
	serve_init(&state, &log, (const char *)data, tell);
	check(users_ok(&state.users));
	check_text(&state.users);
	orders(&state.users, data + bytes, size - bytes);
	return 0;
}
