/* SPDX-License-Identifier: MIT */
/*
 * The JSON reader and writer: RFC 8259 and nothing else.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

static struct json json;

static bool parse(const char *text)
{
	return json_parse(&json, text, strlen(text));
}

static void well_formed(void **state)
{
	static const char *const good[] = {
		"{}",
		"[]",
		"null",
		"true",
		"false",
		"0",
		"-0",
		"12",
		"-1.5e+10",
		"1E2",
		"\"\"",
		" { \"a\" : [ 1 , 2 ] } ",
		"[[[[[[[[]]]]]]]]",
		"{\"a\":{},\"b\":[]}",
		"\"\\u00e4\\n\\\"\\\\\\/\\b\\f\\r\\t\"",
		"\"\xc3\xa4\"",
		"\"\xe2\x82\xac\xf0\x9f\x98\x80\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		if (!parse(good[i]))
			fail_msg("%s", good[i]);
}

static void malformed(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"]",
		"[1,]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"[1 2]",
		"01",
		"+1",
		"1.",
		".5",
		"1e",
		"-",
		"tru",
		"truex",
		"nul",
		"\"",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\n\"",
		"\"\xff\"",
		"\"\xc3\"",
		"\"\xc3\xff\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"{\"\xe2\x82\":1}",
		"{}{}",
		"{},",
		"[[[[[[[[[]]]]]]]]]",
		"{\"a\":1 \"b\":2}",
		"[}",
		"{]",
		"{1:2}",
		"\"a\" \"b\"",
		"{\"a\":1}x",
		"[1",
		"{\"a\":[1}",
	};
	static char many[2 * JSON_TOKENS + 10];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (parse(bad[i]))
			fail_msg("%s", bad[i]);
	many[0] = '[';
	for (u32 i = 0; i < JSON_TOKENS; i++)
		memcpy(many + 1 + 2 * i, "1,", 2);
	memcpy(many + 1 + 2 * JSON_TOKENS, "1]", 3);
	assert_false(parse(many));
	assert_false(json_parse(&json, "\0", 1));
	assert_false(json_parse(&json, "1\0", 2));
}

static void members(void **state)
{
	char value[16];
	u32 list, object;

	(void)state;
	assert_true(parse("{\"execute\":\"create-vm\",\"arguments\":{\"name\":\"x\",\"list\":[\"a\",[1],{\"id\":3}]},"
			  "\"id\":7,\"no\":null}"));
	assert_true(json_is(&json, json_member(&json, 0, "execute"), "create-vm"));
	assert_false(json_is(&json, json_member(&json, 0, "execute"), "create"));
	assert_true(json_value(&json, json_member(&json, 0, "id"), value, sizeof(value)));
	assert_string_equal(value, "7");
	assert_int_equal(json_member(&json, 0, "name"), 0);
	assert_int_equal(json_member(&json, 0, "create-vm"), 0);
	object = json_member(&json, 0, "arguments");
	list = json_member(&json, object, "list");
	assert_int_equal(json.tokens[list].type, JSON_ARRAY);
	assert_true(json_is(&json, list + 1, "a"));
	assert_int_equal(json.tokens[json.tokens[list + 2].end].type, JSON_OBJECT);
	assert_int_equal(json.tokens[list].end, json.tokens[object].end);
	assert_false(json_value(&json, list, value, sizeof(value)));
	assert_false(json_value(&json, json_member(&json, 0, "no"), value, sizeof(value)));
	assert_int_equal(json_member(&json, list, "a"), 0);
}

static void values(void **state)
{
	static const struct { const char *json, *value;
	} cases[] = {
		{ "\"a\\n\\t\\\\\\\"\\/b\"", "a\n\t\\\"/b" },
		{ "\"\\u0041\\u00e4\\u20ac\"", "A\xc3\xa4\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "true", "true" },
		{ "-1.5", "-1.5" },
		{ "\"\"", "" },
		{ "\"123456789012345\"", "123456789012345" },
		{ "\"1234567890123456\"", 0 },
		{ "\"\\u0000\"", 0 },
		{ "\"\\ud83d\"", 0 },
		{ "\"\\ude00\"", 0 },
		{ "\"\\ud83d\\u0041\"", 0 },
		{ "null", 0 },
		{ "\"\\ud83dx\"", 0 },
	};
	char value[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_true(parse(cases[i].json));
		assert_int_equal(json_value(&json, 0, value, sizeof(value)), cases[i].value != 0);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
	}
}

static void writing(void **state)
{
	static struct out_buffer buffer;
	char text[512], value[64];
	struct out out;
	struct json_writer writer = { .out = &out };

	(void)state;
	out_buffer_init(&buffer, text, sizeof(text));
	out = out_to_buffer(&buffer);
	json_open(&writer, 0, '{');
	json_text(&writer, "a", "x\"\\\n\x01\xc3\xa4\xff\xc2");
	json_number(&writer, "n", ~0ull);
	json_open(&writer, "l", '[');
	json_bool(&writer, 0, true);
	json_raw(&writer, 0, "{}");
	json_bytes(&writer, 0, "\xed\xa0\x80\0", 4);
	json_close(&writer, ']');
	json_bool(&writer, "z", false);
	json_close(&writer, '}');
	assert_string_equal(text, "{\"a\":\"x\\\"\\\\\\n\\u0001\xc3\xa4\\ufffd\\ufffd\",\"n\":18446744073709551615,"
		"\"l\":[true,{},\"\\ufffd\\ufffd\\ufffd\\u0000\"],\"z\":false}");
	assert_true(parse(text));
	assert_true(json_value(&json, json_member(&json, 0, "a"), value, sizeof(value)));
	assert_string_equal(value, "x\"\\\n\x01\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed),
		cmocka_unit_test(malformed),
		cmocka_unit_test(members),
		cmocka_unit_test(values),
		cmocka_unit_test(writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
