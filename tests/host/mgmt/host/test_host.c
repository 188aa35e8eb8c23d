/* SPDX-License-Identifier: MIT */
/*
 * Host strings and the file of hosts: what is taken, and what is refused with which words.
 */
/*
 * links: libvos
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"

static char why[HOST_WHY_BYTES];

static void good_hosts(void **state)
{
	static const struct {
		const char *text, *path;
		enum host_kind kind;
		enum host_encoding encoding;
		u32 baud;
		u16 port;
	} rows[] = {
		{ "unix:/run/vos.sock", "/run/vos.sock", HOST_UNIX, HOST_ANY, 0, 0 },
		{ "unix:/run/a,b,plain", "/run/a,b", HOST_UNIX, HOST_PLAIN, 0, 0 },
		{ "serial:/dev/ttyUSB0", "/dev/ttyUSB0", HOST_SERIAL, HOST_ANY, 115200, 0 },
		{ "serial:/dev/ttyS1,9600,text", "/dev/ttyS1", HOST_SERIAL, HOST_TEXT, 9600, 0 },
		{ "tcp:127.0.0.1:4555", "127.0.0.1", HOST_TCP, HOST_ANY, 0, 4555 },
		{ "tcp:127.255.3.4:1", "127.255.3.4", HOST_TCP, HOST_ANY, 0, 1 },
		{ "tcp:localhost:65535", "127.0.0.1", HOST_TCP, HOST_ANY, 0, 65535 },
		{ "tcp:[::1]:4555,plain", "::1", HOST_TCP, HOST_PLAIN, 0, 4555 },
	};
	struct host host;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (!host_parse(&host, rows[i].text, why))
			fail_msg("%s: %s", rows[i].text, why);
		assert_string_equal(host.path, rows[i].path);
		assert_int_equal(host.kind, rows[i].kind);
		assert_int_equal(host.encoding, rows[i].encoding);
		assert_int_equal(host.baud, rows[i].baud);
		assert_int_equal(host.port, rows[i].port);
	}
}

static void bad_hosts(void **state)
{
	static const struct { const char *text, *words; } rows[] = {
		{ "", "is not a host" }, { "box", "is not a host" }, { "http://x", "is not a host" },
		{ "unix:", "needs a path" }, { "unix:,plain", "needs a path" }, { "unix:/a b", "a blank" },
		{ "unix:/a\nb", "a blank or a control character" }, { "serial:", "needs a device" },
		{ "serial:,9600", "needs a device" }, { "serial:/dev/x,fast", "not a rate" },
		{ "serial:/dev/x,99999999999999999999", "not a rate" }, { "tcp:", "an address and a port" },
		{ "tcp:127.0.0.1", "an address and a port" }, { "tcp:127.0.0.1:0", "an address and a port" },
		{ "tcp:127.0.0.1:65536", "an address and a port" }, { "tcp:10.0.0.1:4555", "not a loopback" },
		{ "tcp:0.0.0.0:4555", "not a loopback" }, { "tcp:127.0.0.1.evil.org:80", "not a loopback" },
		{ "tcp:127.0.0.256:80", "not a loopback" }, { "tcp:[::2]:80", "not a loopback" },
		{ "tcp:127.0.0.1@x:80", "not a loopback" },
	};
	char text[400];
	struct host host;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (host_parse(&host, rows[i].text, why))
			fail_msg("taken: %s", rows[i].text);
		if (!strstr(why, rows[i].words))
			fail_msg("%s: %s", rows[i].text, why);
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "unix:/", 6);
	text[sizeof(text) - 1] = 0;
	assert_false(host_parse(&host, text, why));
	assert_non_null(strstr(why, "longer than"));
}

static bool in(const char *file, const char *name, struct host *host)
{
	return host_in_text(host, file, strlen(file), name, why);
}

static void file_of_hosts(void **state)
{
	static const char file[] = "# mine\nbox unix:/run/box.sock\n\n  lab\tserial:/dev/ttyUSB0,9600 # desk\r\n"
				   "default tcp:127.0.0.1:4555";
	struct host host;

	(void)state;
	assert_true(in(file, "lab", &host));
	assert_string_equal(host.name, "lab");
	assert_string_equal(host.text, "serial:/dev/ttyUSB0,9600");
	assert_true(in(file, NULL, &host));
	assert_string_equal(host.name, "default");
	assert_true(in("one unix:/x\n", NULL, &host));
	assert_false(in("", NULL, &host));
	assert_non_null(strstr(why, "no host is given"));
	assert_false(in("a unix:/x\nb unix:/y\n", NULL, &host));
	assert_false(in(file, "nobody", &host));
	assert_non_null(strstr(why, "no host \"nobody\""));
	assert_false(in("a unix:/x\na unix:/y\n", "a", &host));
	assert_non_null(strstr(why, "twice"));
	assert_false(in("a unix:/x\nb\n", "a", &host));
	assert_string_equal(why, "hosts:2: not NAME HOST");
	assert_false(in("../x unix:/x\n", "a", &host));
	assert_false(in("a unix:/x y\n", "a", &host));
	assert_false(in("a ftp:/x\n", "a", &host));
}

static void paths_of_sockets(void **state)
{
	char folder[] = "/tmp/vos-test-XXXXXX", path[512], expected[512];
	struct host host;

	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	assert_true(host_parse(&host, "unix:/run/a..b", why));
	assert_true(host_lock_path(&host, path, sizeof(path), why));
	snprintf(expected, sizeof(expected), "%s/vos/unix%%3a%%2frun%%2fa..b.lock", folder);
	assert_string_equal(path, expected);
	assert_true(in("box unix:/run/a\n", "box", &host));
	assert_true(host_socket_path(&host, path, sizeof(path), why));
	snprintf(expected, sizeof(expected), "%s/vos/box.sock", folder);
	assert_string_equal(path, expected);
	snprintf(expected, sizeof(expected), "rm -r %s", folder);
	assert_int_equal(system(expected), 0);
}

static void lock_of(const char *format, const char *folder, char *path, size_t size)
{
	char text[HOST_TEXT_BYTES];
	struct host host;

	snprintf(text, sizeof(text), format, folder);
	if (!host_parse(&host, text, why) || !host_lock_path(&host, path, size, why))
		fail_msg("%s: %s", text, why);
}

/* However the line is written, and whether it is there already or not. */
static void one_lock_for_a_line(void **state)
{
	static const char *const formats[] = { "unix:%s/line", "unix:%s/./line,plain", "unix:%s/link/line" };
	char folder[] = "/tmp/vos-test-XXXXXX", path[512], expected[512], command[256], other[512];

	(void)state;
	assert_non_null(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	snprintf(command, sizeof(command), "ln -s . %s/link", folder);
	assert_int_equal(system(command), 0);
	lock_of("unix:%s/line", folder, expected, sizeof(expected));
	for (int is_there = 0; is_there < 2; is_there++) {
		for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
			lock_of(formats[i], folder, path, sizeof(path));
			assert_string_equal(path, expected);
		}
		snprintf(command, sizeof(command), "ln -s elsewhere %s/line && touch %s/elsewhere", folder, folder);
		assert_int_equal(is_there ? 0 : system(command), 0);
	}
	assert_int_equal(chdir(folder), 0);
	lock_of("unix:line%.0s", folder, path, sizeof(path));
	assert_string_equal(path, expected);
	lock_of("serial:%s/none/adapter,9600", folder, expected, sizeof(expected));
	lock_of("serial:%s/none/adapter", folder, path, sizeof(path));
	assert_string_equal(path, expected);
	lock_of("serial:/tty%.0s", folder, path, sizeof(path));
	snprintf(other, sizeof(other), "%s/vos/serial%%3a%%2ftty.lock", folder);
	assert_string_equal(path, other);
	lock_of("tcp:localhost:4555%.0s", folder, expected, sizeof(expected));
	lock_of("tcp:127.0.0.1:4555,plain%.0s", folder, path, sizeof(path));
	assert_string_equal(path, expected);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_hosts), cmocka_unit_test(bad_hosts), cmocka_unit_test(file_of_hosts),
		cmocka_unit_test(paths_of_sockets), cmocka_unit_test(one_lock_for_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
