/* SPDX-License-Identifier: MIT */
#include "vcpu_model.h"

#include <string.h>

#include "vcpu.h"
#include "virt_bits.h"
#include "x86.h"

u64 model_drs_moved;

void model_check_drs(const struct model_view *view, const struct model_drs *drs)
{
	CHECK(view->dr7 == drs->dr7);
	if (!view->dr_exits || (drs->dr7 & DR7_ENABLES))
		CHECK(memcmp(fake_dr, drs->dr, sizeof(drs->dr)) == 0);
	if (!view->dr_exits)
		CHECK(*view->dr6 == drs->dr6);
}

static void choose(struct model_drs *drs)
{
	for (u32 i = 0; i < 4; i++)
		drs->dr[i] = model_random(1000);
	drs->dr6 = DR6_FIXED | model_random(16);
	drs->dr7 = DR7_FIXED | model_random(3);
}

bool model_move_drs(struct model_view *view, struct model_drs *drs)
{
	if (view->dr_exits) {
		view->exit = MODEL_DR;
		return false;
	}
	choose(drs);
	memcpy(fake_dr, drs->dr, sizeof(drs->dr));
	*view->dr6 = drs->dr6;
	view->dr7 = drs->dr7;
	model_drs_moved++;
	return true;
}

void model_look_at_drs(struct vcpu_page *page, struct model_drs *drs)
{
	CHECK(vcpu_get(GROUP_DR).status == ST_OK);
	CHECK(memcmp(page->dr, drs->dr, sizeof(drs->dr)) == 0 && page->dr6 == drs->dr6 && page->dr7 == drs->dr7);
	if (one_in(2))
		return;
	choose(drs);
	memcpy(page->dr, drs->dr, sizeof(drs->dr));
	page->dr6 = drs->dr6;
	page->dr7 = drs->dr7;
	page->dirty |= GROUP_DR;
}
