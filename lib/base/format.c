/* SPDX-License-Identifier: MIT */
/*
 * format.c - see format.h.
 */
#include "format.h"

struct sink {
	char *out;
	size_t size, used;
};

struct spec {
	char fill;		/* on the left; 0: spaces on the right */
	u32 width;
	bool is_long;
};

#define WIDTH_MAX 100u

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->out[s->used] = c;
	s->used++;
}

static void put_text(struct sink *s, const struct spec *spec, const char *text)
{
	u32 count = 0, pad;

	while (text[count] != 0)
		count++;
	pad = spec->width > count ? spec->width - count : 0;
	for (; spec->fill != 0 && pad > 0; pad--)
		put(s, spec->fill);
	for (; *text != 0; text++)
		put(s, *text);
	for (; pad > 0; pad--)
		put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *spec, u64 value, u32 base, bool is_negative)
{
	char text[24];
	u32 at = sizeof(text) - 1;

	text[at] = 0;
	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (is_negative)
		text[--at] = '-';
	put_text(s, spec, text + at);
}

/* Returns where the conversion's letter is. */
static const char *parse_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ .fill = ' ' };
	if (*f == '-' || *f == '0')
		spec->fill = *f++ == '0' ? '0' : 0;
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width < WIDTH_MAX ? spec->width * 10 + (u32)(*f - '0') : spec->width;
	for (; *f == 'l'; f++)
		spec->is_long = true;
	return f;
}

size_t format_text(char *out, size_t size, const char *format, va_list args)
{
	struct sink s = { .out = out, .size = size };
	struct spec spec;
	s64 value;

	for (; *format != 0; format++) {
		if (*format != '%') {
			put(&s, *format);
			continue;
		}
		format = parse_spec(format + 1, &spec);
		if (*format == 's') {
			put_text(&s, &spec, va_arg(args, const char *));
		} else if (*format == 'd') {
			value = spec.is_long ? va_arg(args, long long) : va_arg(args, int);
			put_number(&s, &spec, value < 0 ? -(u64)value : (u64)value, 10, value < 0);
		} else if (*format == 'u' || *format == 'x') {
			put_number(&s, &spec, spec.is_long ? va_arg(args, u64) : va_arg(args, u32),
				   *format == 'u' ? 10 : 16, false);
		} else {
			break;		/* not one of ours: what it stands for is not known either */
		}
	}
	out[s.used < size ? s.used : size - 1] = 0;
	return s.used;
}

size_t format_string(char *out, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_text(out, size, format, args);
	va_end(args);
	return length;
}
