/* SPDX-License-Identifier: MIT */
/*
 * switches.c - see switches.h.
 */
#include "switches.h"

#include <string.h>
#include <sys/random.h>

#include "pd.h"
#include "range.h"
#include "root.h"
#include "rt_time.h"
#include "shared_mem.h"
#include "sys.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)
#define MEMORY_ADDRESS 0x26000000ull	/* in root: a stride for each switch */
#define MEMORY_STRIDE 0x100000ull
#define FIGURES_OFFSET 0x80000ull
_Static_assert(sizeof(struct switch_config) <= FIGURES_OFFSET, "layout");
_Static_assert(sizeof(struct switch_figures) <= MEMORY_STRIDE - FIGURES_OFFSET, "layout");
_Static_assert(SWITCHES * MEMORY_STRIDE <= 0x2000000, "below the next that is mapped in root");

#define CONFIG_BYTES align_up(sizeof(struct switch_config), PAGE_SIZE)
#define FIGURES_BYTES align_up(sizeof(struct switch_figures), PAGE_SIZE)

static struct {
	bool is_used;
	bool is_going;		/* it is deleted; its PD has its memory still */
	char name[VM_NAME_BYTES];
	u64 h_config, h_figures;
	u64 h_pd, h_thread;	/* 0 while it is down */
	bool has_maps;		/* a PD, also one on its way down, may have memory of its ports */
} switches[SWITCHES];

u32 switch_find(const char *name)
{
	u32 i = 0;

	while (i < SWITCHES && !(switch_is_there(i) && strcmp(switches[i].name, name) == 0))
		i++;
	return i;
}

bool switch_is_there(u32 number)
{
	return number < SWITCHES && switches[number].is_used && !switches[number].is_going;
}

const char *switch_name(u32 number)
{
	return switches[number].name;
}

u64 switch_pd(u32 number)
{
	return switches[number].h_pd;
}

u64 switch_thread(u32 number)
{
	return switches[number].h_thread;
}

bool switch_has_maps(u32 number)
{
	return switches[number].has_maps;
}

void switch_signal(u32 number)
{
	if (switches[number].h_pd != 0)
		(void)sys_notify_signal(SLOT_SWITCH + number);
}

u32 switch_list_stations(u32 number)
{
	volatile struct switch_config *c = switch_config_at(number);

	__atomic_store_n(&c->stations, c->stations + 1, __ATOMIC_RELEASE);
	switch_signal(number);
	return c->stations;
}

/* ---- memory ---- */

static u64 config_address(u32 number)
{
	return MEMORY_ADDRESS + number * MEMORY_STRIDE;
}

static u64 figures_address(u32 number)
{
	return config_address(number) + FIGURES_OFFSET;
}

volatile struct switch_config *switch_config_at(u32 number)
{
	return (volatile struct switch_config *)config_address(number);	/* mapped by make_memory */
}

volatile struct switch_figures *switch_figures_at(u32 number)
{
	return (volatile struct switch_figures *)figures_address(number);	/* likewise */
}

static void drop_memory(u32 number)
{
	shared_mem_drop(&switches[number].h_config, config_address(number), CONFIG_BYTES);
	shared_mem_drop(&switches[number].h_figures, figures_address(number), FIGURES_BYTES);
}

static enum status make_memory(u32 number)
{
	enum status st = shared_mem_make(CONFIG_BYTES, config_address(number), &switches[number].h_config);
	u64 secret = rt_time_tsc();

	if (st == ST_OK)
		st = shared_mem_make(FIGURES_BYTES, figures_address(number), &switches[number].h_figures);
	if (st != ST_OK) {
		drop_memory(number);
		return st;
	}
	if (getrandom(&secret, sizeof(secret), 0) == sizeof(secret))
		switch_config_at(number)->secret = secret;
	else
		switch_config_at(number)->secret = rt_time_tsc();	/* of this moment, at least */
	return ST_OK;
}

u64 switches_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < SWITCHES; i++)
		sum += object_bytes(switches[i].h_config) + object_bytes(switches[i].h_figures);
	return sum;
}

/* ---- made and deleted ---- */

static u32 free_place(void)
{
	u32 i = 0;

	while (i < SWITCHES && switches[i].is_used)
		i++;
	return i;
}

struct error_info switch_judge_new(const char *name)
{
	if (image_find(&root.images, SWITCH_PROGRAM, true) == NULL)
		return error_info_about(ERR_NO_PROGRAM, SWITCH_PROGRAM);
	if (switch_find(name) < SWITCHES)
		return error_info_about(ERR_SWITCH_EXISTS, name);
	return free_place() == SWITCHES ? error_info_limit(SWITCHES, "switches") : ERROR_INFO_NONE;
}

struct error_info switch_create(const char *name, u32 *number)
{
	struct error_info no = switch_judge_new(name);
	enum status st;

	if (no.error != ERR_NONE)
		return no;
	*number = free_place();
	st = make_memory(*number);
	if (st == ST_NOMEM)
		return error_info_of(ERR_NO_MEMORY, CONFIG_BYTES + FIGURES_BYTES, 0);
	if (st != ST_OK)
		return error_info_status(st);
	strcpy(switches[*number].name, name);
	switches[*number].is_used = true;
	return ERROR_INFO_NONE;
}

void switch_delete(u32 number)
{
	switches[number].is_going = true;
}

/* ---- its PD ---- */

enum status switch_map(u32 number, u64 h_pd)
{
	enum status st;

	switches[number].has_maps = true;
	st = pd_fill(h_pd, switches[number].h_config, SWITCH_CONFIG, 0, CONFIG_BYTES, RIGHT_R);
	return st == ST_OK ? pd_fill(h_pd, switches[number].h_figures, SWITCH_FIGURES, 0, FIGURES_BYTES, RW) : st;
}

void switch_set_pd(u32 number, u64 h_pd, u64 h_thread)
{
	switches[number].h_pd = h_pd;
	switches[number].h_thread = h_thread;
}

void switch_released(u32 number)
{
	switches[number].has_maps = false;
	if (!switches[number].is_going)
		return;
	drop_memory(number);
	memset(&switches[number], 0, sizeof(switches[number]));
}
