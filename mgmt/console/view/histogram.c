/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - see histogram.h.
 */
#include "histogram.h"

#include "units.h"

#define BAR_COLUMNS 40u

/* "512 ns", "16 us": bucket limits are powers of two of a nanosecond. */
static void bucket_label(const struct out *out, u32 bucket)
{
	u64 ns = 1ull << bucket;

	if (bucket == 0)
		out_format(out, "  at once      ");
	else if (ns < 1000)
		out_format(out, "  from %4u ns ", (u32)ns);
	else if (ns < 1000000)
		out_format(out, "  from %4u us ", (u32)(ns / 1000));
	else
		out_format(out, "  from %4u ms ", (u32)(ns / 1000000));
}

static void bucket_row(const struct out *out, u32 bucket, u64 n, u64 most)
{
	static const char bar[] = "########################################";
	u32 length = (u32)(n <= ~0ull / BAR_COLUMNS ? n * BAR_COLUMNS / most : BAR_COLUMNS);
	char text[UNIT_TEXT_BYTES];

	bucket_label(out, bucket);
	out_format(out, "%15s%s%.*s\n", count_text(text, n), n ? "  " : "", (int)(n && !length ? 1 : length), bar);
}

/* Between the first bucket and the next that is not empty nothing is shown. */
void histogram_show(const struct out *out, const u64 *buckets, u32 count)
{
	u32 first = count, last = 0;
	u64 most = 1;

	for (u32 i = 0; i < count; i++) {
		if (buckets[i] == 0)
			continue;
		first = i != 0 && i < first ? i : first;
		last = i;
		most = buckets[i] > most ? buckets[i] : most;
	}
	if (buckets[0] != 0)
		bucket_row(out, 0, buckets[0], most);
	for (u32 i = first; i <= last; i++)
		bucket_row(out, i, buckets[i], most);
}

u32 histogram_percentile(const u64 *buckets, u32 count, u32 percent)
{
	u64 all = 0, seen = 0;
	u32 i = 0;

	for (u32 k = 0; k < count; k++)
		all += buckets[k];
	if (all == 0)
		return count;
	for (; i < count - 1; i++) {
		seen += buckets[i];
		if (seen >= all / 100 * percent + (all % 100 * percent + 99) / 100)
			break;
	}
	return i;
}
