/* SPDX-License-Identifier: MIT */
/*
 * lockout.c - see lockout.h. There are places for all users on all lines, and some for other names: of these the one
 * with the fewest wrong passwords is given up for a new name.
 */
#include "lockout.h"

#include <string.h>

static bool is_of(const struct lockout *place, const char *name)
{
	return place->wrong != 0 && strncmp(place->name, name, USER_NAME_BYTES) == 0;
}

static u32 find(const struct lockouts *lockouts, const char *name, u32 line)
{
	u32 i = 0;

	while (i < LOCKOUT_PLACES && !(lockouts->places[i].line == line && is_of(&lockouts->places[i], name)))
		i++;
	return i;
}

/* A free place has no wrong password, so it is the first choice. */
static struct lockout *place_for(struct lockouts *lockouts, const char *name, bool is_user, u32 line)
{
	struct lockout *best = &lockouts->places[0];

	for (u32 i = 1; i < LOCKOUT_PLACES; i++) {
		struct lockout *place = &lockouts->places[i];

		if (place->is_user < best->is_user || (place->is_user == best->is_user && place->wrong < best->wrong))
			best = place;
	}
	*best = (struct lockout){ .line = line, .is_user = is_user };
	memcpy(best->name, name, strnlen(name, USER_NAME_BYTES));
	return best;
}

u64 lockout_left_ns(const struct lockouts *lockouts, const char name[USER_NAME_BYTES], u32 line, u64 now_ns)
{
	u32 i = find(lockouts, name, line);
	u64 until = i < LOCKOUT_PLACES ? lockouts->places[i].until_ns : 0;

	return until > now_ns ? until - now_ns : 0;
}

static u64 pause_ns(u32 wrong)
{
	u64 ns = LOCKOUT_FIRST_NS;

	for (u32 i = LOCKOUT_TRIES; i < wrong && ns < LOCKOUT_MOST_NS; i++)
		ns *= 2;
	return ns < LOCKOUT_MOST_NS ? ns : LOCKOUT_MOST_NS;
}

void lockout_note(struct lockouts *lockouts, const char name[USER_NAME_BYTES], bool is_user, u32 line, u64 now_ns)
{
	u32 i = find(lockouts, name, line);
	struct lockout *place = i < LOCKOUT_PLACES ? &lockouts->places[i] : place_for(lockouts, name, is_user, line);

	place->is_user = is_user;
	place->wrong++;
	if (place->wrong >= LOCKOUT_TRIES)
		place->until_ns = now_ns + pause_ns(place->wrong);
}

void lockout_clear(struct lockouts *lockouts, const char name[USER_NAME_BYTES], u32 line)
{
	u32 i = find(lockouts, name, line);

	if (i < LOCKOUT_PLACES)
		lockouts->places[i] = (struct lockout){ .wrong = 0 };
}

void lockout_clear_all(struct lockouts *lockouts, const char name[USER_NAME_BYTES])
{
	for (u32 line = 0; line < GUARD_LINES; line++)
		lockout_clear(lockouts, name, line);
}
