/* SPDX-License-Identifier: MIT */
/*
 * rows_users.h - rows of command_table.c: users and sessions. Included there, in the table.
 */
	{
		.verb = "login", .group = GROUP_USER, .role = ROLE_ANYBODY,
		.summary = "log in",
		.more = "Asks for the password. As long as no users are defined, whoever is at a line is admin, and "
			"nobody needs to log in. A program gives \"password\" or \"token\", and has a session of its "
			"own.",
		.example = "login alice",
		.takes = A(USER) | A(PASSWORD) | A(TOKEN) | A(JSON), .needs = A(USER), .op = REQ_LOGIN,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "logout", .group = GROUP_USER, .role = ROLE_VIEWER,
		.summary = "end your session",
		.example = "logout",
		.takes = A(TOKEN) | A(JSON), .op = REQ_LOGOUT,
		.ops = { .begin = logout_begin, .answer = user_answer },
	},
	{
		.verb = "who", .group = GROUP_USER, .role = ROLE_VIEWER,
		.summary = "list who is logged in",
		.more = "LINE is where: serial, the second serial line com2, or the virtio port.",
		.example = "who",
		.takes = A(JSON),
		.ops = LISTING, .tables = BIT32(FETCH_SESSIONS),
		.view = { report_logins, json_logins },
	},
	{
		.verb = "passwd", .group = GROUP_USER, .role = ROLE_VIEWER,
		.summary = "change your password",
		.more = "Asks for the present one, and twice for the new one. Your other sessions end.",
		.example = "passwd",
		.takes = A(PASSWORD) | A(NEW_PASSWORD) | A(JSON), .op = REQ_PASSWD,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "list-user", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "list the users",
		.example = "list-user",
		.takes = A(JSON),
		.ops = { .begin = listing_begin, .answer = users_answer }, .tables = BIT32(FETCH_USERS),
		.view = { report_users, json_users },
	},
	{
		.verb = "add-user", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "define a user",
		.more = "A viewer looks. An operator also makes, starts, stops, changes and deletes VMs, volumes and "
			"images. An admin may do everything. The first user is an admin; as soon as it is defined, "
			"every line needs a login. Users that are added are lost when VOS ends: export-users prints "
			"the boot module that keeps them.",
		.example = "add-user alice --role admin",
		.takes = A(USER) | A(ROLE) | A(NEW_PASSWORD) | A(DRY_RUN) | A(QUIET) | A(JSON),
		.needs = A(USER) | A(ROLE), .op = REQ_ADD_USER,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "set-user", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "change a user's role or password",
		.more = "The user's sessions end. One user has to be an admin.",
		.example = "set-user bob --role operator",
		.takes = A(USER) | A(ROLE) | A(ASK_PASSWORD) | A(NEW_PASSWORD) | A(DRY_RUN) | A(QUIET) | A(JSON),
		.needs = A(USER), .op = REQ_SET_USER,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "delete-user", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "delete a user",
		.more = "The user's sessions end; VMs stay. The last admin can't be deleted.",
		.example = "delete-user bob",
		.takes = A(USER) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(USER), .op = REQ_DELETE_USER,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "unlock-user", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "let a user log in again after wrong passwords",
		.more = "6 wrong passwords lock a user out on the line where they were typed, for 30 s, each further "
			"one for twice as long, up to 15 minutes. Other lines, and who is logged in, are not "
			"concerned.",
		.example = "unlock-user bob",
		.takes = A(USER) | A(DRY_RUN) | A(QUIET) | A(JSON), .needs = A(USER), .op = REQ_UNLOCK_USER,
		.ops = { .begin = user_begin, .answer = user_answer },
	},
	{
		.verb = "audit", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "list what was changed, and what was refused, by whom",
		.more = "A record has its number, the time, the user, the command, what it was about, and the result: "
			"done, failed, refused. It is written before the command is answered, and chained with those "
			"before it by a hash: --verify finds one that is not as it was written (error 10). The last "
			"2048 are kept until VOS ends. A program goes on with the answer's `next`.",
		.example = "audit --user bob",
		.takes = A(FROM) | A(BY) | A(ABOUT) | A(VERIFY) | A(JSON),
		.ops = { .begin = audit_begin, .answer = audit_answer },
	},
	{
		.verb = "export-users", .group = GROUP_USER, .role = ROLE_ADMIN,
		.summary = "print all users as the boot module users",
		.more = "A boot medium with this text as the module users has the same users at the next start. It has "
			"no passwords, but what is made of them: nobody else should see it.",
		.example = "export-users",
		.takes = A(JSON),
		.ops = { .begin = listing_begin, .answer = users_answer }, .tables = BIT32(FETCH_USER_LINES),
		.view = { report_user_lines, json_user_lines },
	},
