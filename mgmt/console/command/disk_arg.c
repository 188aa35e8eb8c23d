/* SPDX-License-Identifier: MIT */
/*
 * disk_arg.c - see disk_arg.h. Whether a volume or a disk of that name is there, root says.
 */
#include "disk_arg.h"

#include <stdio.h>
#include <string.h>

#include "items.h"
#include "range.h"
#include "spec_fields.h"
#include "trait_words.h"
#include "units.h"

#define USAGE "--disk is SIZE, image=NAME or volume=NAME, then on=POOL|DISK|ram, policy=thin|thick, " \
	"integrity=on|off, encrypt=on|off, ro, trusted, nvram, serial=TEXT, iops=N, rate=SIZE, with commas between"

static bool is_name(const char *text, size_t most)
{
	size_t length = strlen(text);

	return length != 0 && length <= most && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length &&
	       text[0] != '.' && text[0] != '-';
}

bool disk_set_volume(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	if (!is_name(value, VOLUME_NAME_MAX))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not the name of a volume: use a-z, 0-9, . and -, at most %u characters", value,
			VOLUME_NAME_MAX);
	strcpy(to->volume, value);
	return true;
}

bool disk_set_pool(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	if (!is_name(value, STORE_POOL_NAME_MAX))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not the name of a pool: use a-z, 0-9, . and -, at most %u characters", value,
			STORE_POOL_NAME_MAX);
	strcpy(to->volume, value);
	return true;
}

bool disk_set_any_pool(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	if (!is_name(value, VOLUME_NAME_MAX))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not the name of a pool, nor its UUID", value);
	strcpy(to->volume, value);
	return true;
}

bool disk_set_on(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	if (!is_name(value, DISK_NAME_BYTES - 1))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not the name of a disk or a pool, nor ram", value);
	strcpy(to->on, value);
	return true;
}

bool disk_set_pool_disks(struct disk_spec to[2], const char *value, struct cmd_error *error)
{
	const char *comma = strchr(value, ',');
	size_t length = comma != NULL ? (size_t)(comma - value) : strlen(value);
	char first[DISK_NAME_BYTES] = "";

	if (length < sizeof(first))
		memcpy(first, value, length);
	return disk_set_on(&to[0], length < sizeof(first) ? first : value, error) &&
	       (comma == NULL || disk_set_on(&to[1], comma + 1, error));
}

static bool set_serial(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++)
		if (value[i] <= ' ' || value[i] > '~')
			length = 0;
	if (length == 0 || length > BLK_SERIAL_BYTES - 1)
		return error_set(error, RESULT_USAGE, "serial= is at most %u printable characters without blanks",
			BLK_SERIAL_BYTES - 1);
	strcpy(to->serial, value);
	return true;
}

bool disk_set_image(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	if (*value == 0 || strlen(value) >= sizeof(to->image))
		return error_set(error, RESULT_USAGE,
			"\"%.40s\" is not the name of an image. list-image shows what there is", value);
	strcpy(to->image, value);
	return true;
}

bool disk_set_trait(struct disk_spec *to, enum volume_trait trait, const char *value, struct cmd_error *error)
{
	const struct trait_words *t = &trait_words[trait];

	if (strcmp(value, t->off) != 0 && strcmp(value, t->on) != 0)
		return error_set(error, RESULT_USAGE, "%s is %s or %s, not \"%.40s\"", t->key, t->off, t->on, value);
	to->flags &= ~(DISK_TRAIT(trait, false) | DISK_TRAIT(trait, true));
	to->flags |= DISK_TRAIT(trait, strcmp(value, t->on) == 0);
	return true;
}

bool disk_set_bytes(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	u64 bytes = 0;

	if (!size_parse(value, &bytes) || bytes == 0 || bytes > VOLUME_BYTES_MAX)
		return error_set(error, RESULT_USAGE,
			"--size needs a size from 1M to 1024T with its unit, such as 100G, not \"%.40s\"", value);
	to->bytes = align_up(bytes, VOLUME_UNIT);
	return true;
}

bool disk_set_reserve(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	u64 bytes = 0;

	if (strcmp(value, "none") != 0 && (!size_parse(value, &bytes) || bytes == 0 || bytes > VOLUME_BYTES_MAX))
		return error_set(error, RESULT_USAGE,
			"--reserve needs a size from 1M to 1024T with its unit, such as 10G, or none, not \"%.40s\"",
			value);
	to->bytes = align_up(bytes, VOLUME_UNIT);
	return true;
}

static bool set_iops(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	return (count_parse(value, DISK_IOPS_MAX, &to->iops) && to->iops != 0) ||
		error_set(error, RESULT_USAGE, "iops= is the most requests a second, from 1 to %u, not \"%.40s\"",
			DISK_IOPS_MAX, value);
}

static bool set_rate(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	u64 bytes;

	if (!size_parse(value, &bytes) || bytes < DISK_RATE_MIN || bytes > DISK_RATE_MAX)
		return error_set(error, RESULT_USAGE,
			"rate= is the most that is moved in a second, such as 50M, from 64K to 1T, not \"%.40s\"",
			value);
	to->rate = align_up(bytes, KIB);
	return true;
}

static bool set_bytes(struct disk_spec *to, const char *item, struct cmd_error *error)
{
	u64 bytes;

	if (!size_parse(item, &bytes))
		return error_set(error, RESULT_USAGE, "\"%.40s\" is not possible: " USAGE, item);
	if (bytes == 0 || bytes > VOLUME_BYTES_MAX)
		return error_set(error, RESULT_USAGE, "a disk of %.40s is not possible: from 1M to 1024T", item);
	if (to->bytes != 0)
		return error_set(error, RESULT_USAGE, "--disk has two sizes: " USAGE);
	to->bytes = align_up(bytes, VOLUME_UNIT);
	return true;
}

static const struct { const char *key; bool (*set)(struct disk_spec *, const char *, struct cmd_error *); } keys[] = {
	{ "volume=", disk_set_volume }, { "on=", disk_set_on }, { "serial=", set_serial },
	{ "iops=", set_iops }, { "rate=", set_rate }, { "image=", disk_set_image },
};
_Static_assert(ARRAY_COUNT(keys) + TRAIT_COUNT <= 32, "struct reading");

static const struct { const char *word; u32 flag; } words[] = {
	{ "ro", DISK_READ_ONLY }, { "trusted", DISK_TRUSTED }, { "nvram", DISK_NVRAM },
};

/* A disk that is being read. */
struct reading {
	struct disk_spec *to;
	u32 given;		/* keys so far, then traits */
};

/* Behind a key, which is not to come twice; NULL if the item has another one. */
static const char *value_of(const char *item, const char *key)
{
	return strncmp(item, key, strlen(key)) == 0 ? item + strlen(key) : NULL;
}

static bool take_key(struct reading *reading, u32 bit, const char *key, struct cmd_error *error)
{
	if (reading->given & BIT32(bit))
		return error_set(error, RESULT_USAGE, "--disk has %s twice: " USAGE, key);
	reading->given |= BIT32(bit);
	return true;
}

static bool set_item(void *to, const char *item, struct cmd_error *error)
{
	struct reading *reading = to;

	for (u32 i = 0; i < ARRAY_COUNT(words); i++)
		if (strcmp(item, words[i].word) == 0) {
			reading->to->flags |= words[i].flag;
			return true;
		}
	for (u32 i = 0; i < ARRAY_COUNT(keys); i++)
		if (value_of(item, keys[i].key) != NULL)
			return take_key(reading, i, keys[i].key, error) &&
			       keys[i].set(reading->to, value_of(item, keys[i].key), error);
	for (u32 i = 0; i < TRAIT_COUNT; i++)
		if (value_of(item, trait_words[i].key) != NULL)
			return take_key(reading, ARRAY_COUNT(keys) + i, trait_words[i].key, error) &&
			       disk_set_trait(reading->to, i, value_of(item, trait_words[i].key), error);
	return set_bytes(reading->to, item, error);
}

bool disk_parse(struct disk_spec *to, const char *value, struct cmd_error *error)
{
	struct reading reading = { .to = to };

	memset(to, 0, sizeof(*to));
	if (!items_each(value, USAGE, set_item, &reading, error))
		return false;
	if (to->bytes == 0 && to->volume[0] == 0 && to->image[0] == 0)
		return error_set(error, RESULT_USAGE, "--disk has no size: " USAGE);
	return true;
}

void disk_add_nvram(struct vm_spec *spec)
{
	const struct disk_spec *first = &spec->disks[0];
	struct disk_spec *to = &spec->disks[spec->disk_count];
	bool is_made = spec->disk_count != 0 && (first->bytes != 0 || first->image[0] != '\0');

	if (!spec_has_firmware(spec) || spec->firmware != FIRMWARE_UEFI || spec_nvram_count(spec) != 0 || !is_made ||
	    spec->disk_count + spec->nic_count >= VM_DEVICES)
		return;
	memset(to, 0, sizeof(*to));
	to->bytes = DISK_NVRAM_BYTES;
	to->flags = DISK_NVRAM | (first->flags & DISK_TRAITS_ALL);
	strcpy(to->on, first->on);
	spec->disk_count++;
}

static u32 size_item(char *text, u64 bytes)
{
	bool is_gib = bytes % GIB == 0;

	return (u32)snprintf(text, DISK_TEXT_BYTES, is_gib ? "%lluG" : "%lluM",
		(unsigned long long)(bytes / (is_gib ? GIB : MIB)));
}

static u32 add_item(char *text, u32 used, const char *key, const char *value)
{
	if (*value == 0 || used >= DISK_TEXT_BYTES)
		return used;
	return used + (u32)snprintf(text + used, DISK_TEXT_BYTES - used, "%s%s%s", used ? "," : "", key, value);
}

const char *disk_text(char *text, const struct disk_spec *disk)
{
	char limit[UNIT_TEXT_BYTES] = "";
	u32 used = disk->bytes != 0 ? size_item(text, disk->bytes) : 0;

	text[used] = 0;
	used = add_item(text, used, "volume=", disk->volume);
	used = add_item(text, used, "image=", disk->image);
	used = add_item(text, used, "on=", disk->on);
	for (u32 i = 0; i < TRAIT_COUNT; i++)
		used = add_item(text, used, trait_words[i].key, trait_word(disk->flags, i));
	for (u32 i = 0; i < ARRAY_COUNT(words); i++)
		used = add_item(text, used, "", (disk->flags & words[i].flag) != 0 ? words[i].word : "");
	used = add_item(text, used, "serial=", disk->serial);
	if (disk->iops != 0)
		(void)snprintf(limit, sizeof(limit), "%u", disk->iops);
	used = add_item(text, used, "iops=", limit);
	(void)add_item(text, used, "rate=", rate_text(limit, disk->rate));
	return text;
}
