/* SPDX-License-Identifier: MIT */
/*
 * units.c - see units.h. Integers only: a fraction is kept in permille or in exact decimal steps.
 */
#include <stdio.h>
#include <string.h>

#include "units.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits up to limit; *text goes behind them. */
static bool digits(const char **text, u64 limit, u64 *value)
{
	u64 n = 0;

	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); (*text)++) {
		u64 digit = (u64)(**text - '0');

		if (n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

bool count_parse(const char *text, u32 limit, u32 *value)
{
	u64 n;

	if (limit < 10 && is_digit(text[0]) && text[1] == 0) {
		if ((u32)(text[0] - '0') > limit)
			return false;
		*value = (u32)(text[0] - '0');
		return true;
	}
	if (!digits(&text, limit < 10 ? 10 : limit, &n) || *text || n > limit)
		return false;
	*value = (u32)n;
	return true;
}

bool ipv4_parse(const char *text, u32 *address)
{
	u32 found = 0;
	u64 byte;

	for (u32 i = 0; i < 4; i++) {
		const char *first = text;

		if (!digits(&text, 255, &byte) || (*first == '0' && text != first + 1) ||
		    *text != (i < 3 ? '.' : 0))
			return false;
		found = found << 8 | (u32)byte;
		text++;
	}
	*address = found;
	return true;
}

bool number_parse(const char *text, u64 *value)
{
	u64 n;

	if (!digits(&text, ~0ull, &n) || *text)
		return false;
	*value = n;
	return true;
}

struct unit { const char *name; u64 factor; };

/* number[.fraction]unit, exact as far as the unit allows; at most six digits behind the point. */
static bool scaled(const char *text, const struct unit *units, u32 unit_count, u64 *value)
{
	u64 whole, fraction = 0, divisor = 1;

	if (!digits(&text, ~0ull - 9, &whole))
		return false;
	if (*text == '.') {
		const char *start = ++text;

		if (!digits(&text, 999999, &fraction))
			return false;
		for (; start < text; start++)
			divisor *= 10;
		if (divisor > 1000000)
			return false;
	}
	for (u32 i = 0; i < unit_count; i++) {
		u64 part = units[i].factor / divisor * fraction + units[i].factor % divisor * fraction / divisor;

		if (strcmp(text, units[i].name) != 0)
			continue;
		if (whole > (~0ull - part) / units[i].factor)
			return false;
		*value = whole * units[i].factor + part;
		return true;
	}
	return false;
}

bool size_parse(const char *text, u64 *bytes)
{
	static const struct unit units[] = {
		{ "K", KIB }, { "M", MIB }, { "G", GIB }, { "T", KIB * GIB },
		{ "k", KIB }, { "m", MIB }, { "g", GIB }, { "t", KIB * GIB },
		{ "KiB", KIB }, { "MiB", MIB }, { "GiB", GIB }, { "TiB", KIB * GIB },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 },
	};

	return scaled(text, units, ARRAY_COUNT(units), bytes);
}

bool time_parse(const char *text, u64 *ns)
{
	static const struct unit units[] = {
		{ "", NS_PER_SECOND }, { "ns", 1 }, { "us", 1000 }, { "ms", NS_PER_MS }, { "s", NS_PER_SECOND },
		{ "m", 60 * NS_PER_SECOND }, { "min", 60 * NS_PER_SECOND }, { "h", 3600 * NS_PER_SECOND },
	};

	return scaled(text, units, ARRAY_COUNT(units), ns);
}

static bool set_number(const char **text, u32 *number)
{
	u64 n;

	if (!digits(text, 99, &n) || n > 63)
		return false;
	*number = (u32)n;
	return true;
}

bool set_parse(const char *text, u64 *mask)
{
	u64 bits = 0;

	for (;; text++) {
		u32 first, last;

		if (!set_number(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!set_number(&text, &last) || last < first)
				return false;
		}
		bits |= ~0ull >> (63 - (last - first)) << first;
		if (*text != ',')
			break;
	}
	if (*text)
		return false;
	*mask = bits;
	return true;
}

bool name_ok(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return text[length] == 0 && length >= 1 && length <= 31 && text[0] != '-';
}

/* The largest unit that gives at least 1, and the value in its permille. */
static u64 permille(u64 bytes, bool rounds_up, u32 *unit)
{
	u64 factor = 1;

	for (*unit = 0; *unit < 4 && bytes / factor >= 1024; ++*unit)
		factor *= 1024;
	return bytes / factor * 10 + (bytes % factor * 10 + (rounds_up ? factor - 1 : 0)) / factor;
}

const char *size_text(char *text, u64 bytes, bool rounds_up)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	u32 unit;
	u64 n = permille(bytes, rounds_up, &unit);

	if (unit == 0)
		snprintf(text, UNIT_TEXT_BYTES, "%u B", (u32)bytes);
	else
		snprintf(text, UNIT_TEXT_BYTES, "%llu.%u %s", (unsigned long long)(n / 10), (u32)(n % 10), names[unit]);
	return text;
}

const char *size_short(char *text, u64 bytes)
{
	static const char names[] = { 'B', 'K', 'M', 'G', 'T' };
	u32 unit;
	u64 n = permille(bytes, false, &unit);

	if (unit <= 2 || n >= 1000)
		snprintf(text, UNIT_TEXT_BYTES, "%llu%c", (unsigned long long)(n / 10), names[unit]);
	else
		snprintf(text, UNIT_TEXT_BYTES, "%llu.%u%c", (unsigned long long)(n / 10), (u32)(n % 10), names[unit]);
	return text;
}

const char *size_flag(char *text, u64 bytes)
{
	u64 step = bytes >= GIB ? 64 : 2;

	if (bytes && bytes % BIT64(40) == 0)
		snprintf(text, UNIT_TEXT_BYTES, "%lluT", (unsigned long long)(bytes >> 40));
	else if (bytes >= GIB && bytes % GIB * 8 <= bytes)
		snprintf(text, UNIT_TEXT_BYTES, "%lluG", (unsigned long long)(bytes / GIB));
	else
		snprintf(text, UNIT_TEXT_BYTES, "%lluM", (unsigned long long)(bytes / MIB / step * step));
	return text;
}

const char *rate_text(char *text, u64 bytes)
{
	static const struct { u64 bytes; char unit; } units[] = { { GIB, 'G' }, { MIB, 'M' }, { KIB, 'K' } };
	u32 i = 0;

	text[0] = 0;
	while (i < ARRAY_COUNT(units) - 1 && bytes % units[i].bytes != 0)
		i++;
	if (bytes != 0)
		snprintf(text, UNIT_TEXT_BYTES, "%llu%c", (unsigned long long)(bytes / units[i].bytes), units[i].unit);
	return text;
}

const char *duration_text(char *text, u64 ns)
{
	u64 seconds = ns / NS_PER_SECOND, days = seconds / 86400;
	u32 rest = (u32)(seconds % 86400);
	int at = 0;

	if (days)
		at = snprintf(text, UNIT_TEXT_BYTES, "%llud ", (unsigned long long)days);
	snprintf(text + at, UNIT_TEXT_BYTES - (size_t)at, "%02u:%02u:%02u", rest / 3600, rest / 60 % 60, rest % 60);
	return text;
}

/* The civil date of a day since 1970-01-01, by eras of 400 years that begin in March. */
static void civil(u64 day, u32 *year, u8 *month, u8 *of_month)
{
	u64 shifted = day + 719468, era = shifted / 146097;
	u32 of_era = (u32)(shifted % 146097);
	u32 year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	u32 of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	u32 from_march = (5 * of_year + 2) / 153;

	*of_month = (u8)(of_year - (153 * from_march + 2) / 5 + 1);
	*month = (u8)(from_march < 10 ? from_march + 3 : from_march - 9);
	*year = (u32)(era * 400) + year_of_era + (*month <= 2);
}

const char *date_text(char *text, u64 unix_ns)
{
	u64 seconds = unix_ns / NS_PER_SECOND;
	u32 year, rest = (u32)(seconds % 86400);
	u8 month, day;

	civil(seconds / 86400, &year, &month, &day);
	snprintf(text, UNIT_TEXT_BYTES, "%04u-%02u-%02u %02u:%02u:%02u", year % 10000, month, day, rest / 3600,
		rest / 60 % 60, rest % 60);
	return text;
}

const char *seconds_text(char *text, u64 ns)
{
	snprintf(text, UNIT_TEXT_BYTES, "%llu.%03u s", (unsigned long long)(ns / NS_PER_SECOND),
		(u32)(ns % NS_PER_SECOND / NS_PER_MS));
	return text;
}

const char *ipv4_text(char *text, u32 address)
{
	(void)snprintf(text, UNIT_TEXT_BYTES, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		address & 255);
	return text;
}

/* At most 20 digits and 6 commas: what UNIT_TEXT_BYTES has no room for is not counted by anybody. */
const char *count_text(char *text, u64 count)
{
	const u64 most = 999999999999999999ull;
	char plain[UNIT_TEXT_BYTES];
	int length = snprintf(plain, sizeof(plain), "%llu", (unsigned long long)(count < most ? count : most));
	int used = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = plain[i];
	}
	text[used] = 0;
	return text;
}

const char *set_text(char *text, u64 mask)
{
	int used = 0;

	snprintf(text, SET_TEXT_BYTES, "-");
	for (u32 first = 0; first < 64; first++) {
		u32 last = first;

		if (!(mask >> first & 1))
			continue;
		while (last < 63 && mask >> (last + 1) & 1)
			last++;
		used += snprintf(text + used, SET_TEXT_BYTES - (size_t)used, "%s%u", used ? "," : "", first);
		if (last > first)
			used += snprintf(text + used, SET_TEXT_BYTES - (size_t)used, last > first + 1 ? "-%u" : ",%u",
				last);
		first = last;
	}
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_parse(const char *text, u8 *to, size_t count)
{
	if (strlen(text) != 2 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (u8)(high << 4 | low);
	}
	return true;
}

u64 per_second(u64 count, u64 ns)
{
	u64 ms = ns / NS_PER_MS;

	return ms ? count / ms * 1000 + count % ms * 1000 / ms : 0;
}
