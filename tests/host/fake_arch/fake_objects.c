/* SPDX-License-Identifier: MIT */
#include "fake_objects.h"

u32 fake_steps_left, fake_steps_taken;

static enum status irq_step(struct object *object)
{
	(void)object;
	fake_steps_taken++;
	if (fake_steps_left == 0)
		return ST_OK;
	fake_steps_left--;
	return ST_AGAIN;
}

static enum status one_step(struct object *object)
{
	(void)object;
	return ST_OK;
}

static hpa_t no_page(const struct object *object)
{
	(void)object;
	return HPA(0);
}

#define TYPE(kind) __attribute__((weak)) const struct object_type kind##_type = { OBJECT_TYPE(struct kind)

TYPE(irq), .step = irq_step };
TYPE(pd), .step = one_step };
TYPE(thread), .step = one_step };
TYPE(mem), .step = one_step };
TYPE(vm), .step = one_step };
TYPE(vcpu), .step = one_step, .page = no_page };
