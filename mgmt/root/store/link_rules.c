/* SPDX-License-Identifier: MIT */
/*
 * link_rules.c - see link_rules.h.
 */
#include "link_rules.h"

static struct {
	u32 iops;
	u64 rate;
	bool holds_errors;
	bool are_told;		/* the store has some of that link, also of one before */
	bool are_due, is_retry_due;
	enum link_news news;
	bool met_full_pool;	/* since its requests were done again */
} rules[BLK_WINDOWS];

static bool may_be_news;	/* since all links were looked at and had none: that is asked in each turn */

static void set_news(u32 link, enum link_news news)
{
	rules[link].news = news;
	may_be_news = may_be_news || news != LINK_NO_NEWS;
}

void link_rules_clear(u32 link)
{
	rules[link].iops = 0;
	rules[link].rate = 0;
	rules[link].holds_errors = false;
	rules[link].are_due = rules[link].are_told;
	rules[link].is_retry_due = rules[link].met_full_pool = false;
	rules[link].news = LINK_NO_NEWS;
}

void link_rules_end(u32 link)
{
	rules[link].are_told = false;
}

bool link_rules_set(u32 link, const struct disk_spec *disk, bool holds_errors)
{
	if (rules[link].iops == disk->iops && rules[link].rate == disk->rate &&
	    rules[link].holds_errors == holds_errors)
		return false;
	rules[link].iops = disk->iops;
	rules[link].rate = disk->rate;
	rules[link].holds_errors = holds_errors;
	rules[link].are_due = true;
	return true;
}

void link_rules_retry(u32 link, bool is_begun)
{
	rules[link].news = LINK_NO_NEWS;
	rules[link].met_full_pool = false;
	rules[link].is_retry_due = is_begun;
}

void link_rules_again(u32 link)
{
	rules[link].are_told = false;
	rules[link].are_due = rules[link].iops != 0 || rules[link].rate != 0 || rules[link].holds_errors;
	rules[link].is_retry_due = false;
	set_news(link, rules[link].met_full_pool ? LINK_POOL_HAS_ROOM : LINK_NO_NEWS);
}

bool link_rules_order(u32 link, struct store_order *out)
{
	if (!rules[link].are_due && !rules[link].is_retry_due)
		return false;
	*out = (struct store_order){ .op = STORE_RETRY, .link = link };
	if (!rules[link].are_due)
		return true;
	out->op = STORE_RULES;
	out->iops = rules[link].iops;
	out->bytes = rules[link].rate;
	out->flags = rules[link].holds_errors ? STORE_HOLD_ERRORS : 0;
	return true;
}

void link_rules_sent(u32 link, u32 op)
{
	if (op == STORE_RETRY) {
		rules[link].is_retry_due = false;
		return;
	}
	rules[link].are_due = false;
	rules[link].are_told = true;
}

void link_rules_take(const struct store_report *report, bool is_in_pool)
{
	u32 link = report->slot;
	enum link_news news = LINK_POOL_HAS_ROOM;

	if (report->kind == STORE_FAILED)
		news = report->error == BLK_NOSPACE && is_in_pool ? LINK_POOL_FULL : LINK_FAILED;
	if (news == LINK_FAILED && !rules[link].holds_errors)
		return;
	set_news(link, news);
	rules[link].met_full_pool = rules[link].met_full_pool || news == LINK_POOL_FULL;
}

bool link_rules_news(u32 *link, enum link_news *news)
{
	for (u32 i = 0; may_be_news && i < BLK_WINDOWS; i++) {
		if (rules[i].news == LINK_NO_NEWS)
			continue;
		*link = i;
		*news = rules[i].news;
		rules[i].news = LINK_NO_NEWS;
		return true;
	}
	may_be_news = false;
	return false;
}
