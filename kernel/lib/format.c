/*
 * format.c - see format.h.
 */
#include "format.h"

struct sink {
	char *out;
	size_t size, used;
};

struct spec {
	bool is_left, is_zero_padded, is_upper;
	u32 width, precision, longs;	/* longs: 0 int, 1 long or size_t, 2 long long */
};

#define NO_PRECISION 0xffffffffu
#define WIDTH_MAX 512u

static void sink_put(struct sink *s, char c)
{
	if (s->used + 1 < s->size)
		s->out[s->used] = c;
	s->used++;
}

static void sink_pad(struct sink *s, u32 count, char c)
{
	while (count-- > 0)
		sink_put(s, c);
}

/* sign: "-" or "0x" or "": stays in front of zero padding. */
static void put_padded(struct sink *s, const struct spec *spec, const char *sign, const char *text, u32 count)
{
	u32 sign_count = 0, pad;

	while (sign[sign_count] != 0)
		sign_count++;
	pad = spec->width > count + sign_count ? spec->width - count - sign_count : 0;
	if (!spec->is_left && !spec->is_zero_padded)
		sink_pad(s, pad, ' ');
	for (u32 i = 0; i < sign_count; i++)
		sink_put(s, sign[i]);
	if (!spec->is_left && spec->is_zero_padded)
		sink_pad(s, pad, '0');
	for (u32 i = 0; i < count; i++)
		sink_put(s, text[i]);
	if (spec->is_left)
		sink_pad(s, pad, ' ');
}

static void put_number(struct sink *s, const struct spec *spec, const char *sign, u64 value, u32 base)
{
	const char *digits = spec->is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20];
	u32 at = sizeof(text);

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value != 0);
	put_padded(s, spec, sign, text + at, (u32)sizeof(text) - at);
}

static void put_string(struct sink *s, const struct spec *spec, const char *text)
{
	struct spec plain = *spec;
	u32 count = 0;

	plain.is_zero_padded = false;
	if (text == NULL)
		text = "(null)";
	while (count < spec->precision && text[count] != 0)
		count++;
	put_padded(s, &plain, "", text, count);
}

static const char *parse_number(const char *f, u32 *out)
{
	u32 value = 0;

	for (; *f >= '0' && *f <= '9'; f++)
		value = value < WIDTH_MAX ? value * 10 + (u32)(*f - '0') : value;
	*out = value;
	return f;
}

static const char *parse_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ .precision = NO_PRECISION };
	for (; *f == '0' || *f == '-'; f++) {
		spec->is_left |= *f == '-';
		spec->is_zero_padded |= *f == '0';
	}
	f = parse_number(f, &spec->width);
	if (*f == '.')
		f = parse_number(f + 1, &spec->precision);
	for (; *f == 'l' || *f == 'z' || *f == 'h'; f++)
		spec->longs += *f != 'h';
	return f;
}

/* va_list is passed by pointer through a struct: it may be an array type. */
struct arguments {
	va_list list;
};

static s64 signed_argument(struct arguments *args, u32 longs)
{
	return longs > 0 ? va_arg(args->list, long long) : va_arg(args->list, int);
}

static u64 unsigned_argument(struct arguments *args, u32 longs)
{
	return longs > 0 ? va_arg(args->list, unsigned long long) : va_arg(args->list, unsigned int);
}

static void put_signed(struct sink *s, const struct spec *spec, s64 value)
{
	put_number(s, spec, value < 0 ? "-" : "", value < 0 ? -(u64)value : (u64)value, 10);
}

static void put_conversion(struct sink *s, struct spec *spec, char conversion, struct arguments *args)
{
	char c;

	switch (conversion) {
	case 'c':
		c = (char)va_arg(args->list, int);
		put_padded(s, spec, "", &c, 1);
		break;
	case 's':
		put_string(s, spec, va_arg(args->list, const char *));
		break;
	case 'd':
	case 'i':
		put_signed(s, spec, signed_argument(args, spec->longs));
		break;
	case 'u':
		put_number(s, spec, "", unsigned_argument(args, spec->longs), 10);
		break;
	case 'X':
		spec->is_upper = true;
		put_number(s, spec, "", unsigned_argument(args, spec->longs), 16);
		break;
	case 'x':
		put_number(s, spec, "", unsigned_argument(args, spec->longs), 16);
		break;
	case 'p':
		put_number(s, spec, "0x", (u64)va_arg(args->list, void *), 16);
		break;
	default:	/* %% and what is unknown */
		sink_put(s, conversion);
	}
}

size_t format_text(char *out, size_t size, const char *format, va_list list)
{
	struct sink s = { .out = out, .size = size };
	struct arguments args;
	struct spec spec;

	va_copy(args.list, list);
	for (const char *f = format; *f != 0; f++) {
		if (*f != '%') {
			sink_put(&s, *f);
			continue;
		}
		f = parse_spec(f + 1, &spec);
		if (*f == 0)
			break;
		put_conversion(&s, &spec, *f, &args);
	}
	va_end(args.list);
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
