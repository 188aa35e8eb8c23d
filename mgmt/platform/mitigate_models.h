/* SPDX-License-Identifier: MIT */
/*
 * mitigate_models.h - models of processors, as the vendors' lists of flaws name them. Intel's are of family 6. A list
 * ends with a row of zeros; steps are 0 to 15.
 */
#ifndef VOS_MITIGATE_MODELS_H
#define VOS_MITIGATE_MODELS_H

#include "types.h"

struct models {
	u8 first, last;		/* models */
	u8 step_first, step_last;
};

#define MODEL(m) { m, m, 0, 15 }
#define MODELS(a, b) { a, b, 0, 15 }
#define STEPS_FROM(m, step) { m, m, step, 15 }
#define END { 0, 0, 0, 0 }

/* Atoms that execute in order. */
static const struct models in_order[] = { MODEL(0x1c), MODELS(0x26, 0x27), MODELS(0x35, 0x36), END };
#define SILVERMONT MODEL(0x37), MODEL(0x4a), MODEL(0x4d), MODEL(0x5a), MODEL(0x5d), MODEL(0x4c), MODEL(0x75)
#define GOLDMONT MODEL(0x5c), MODEL(0x5f), MODEL(0x7a)
#define TREMONT MODEL(0x86), MODEL(0x96), MODEL(0x9c)
/* Of Airmont's, not the phone's and the network's (5Ah, 75h). */
static const struct models no_ssb[] = { MODEL(0x1c), MODELS(0x26, 0x27), MODELS(0x35, 0x37), MODEL(0x4a),
					MODELS(0x4c, 0x4d), END };
static const struct models no_l1tf[] = {
	MODEL(0x1c), MODELS(0x26, 0x27), MODELS(0x35, 0x36), SILVERMONT, GOLDMONT, TREMONT, END
};
static const struct models no_mds[] = { MODEL(0x1c), MODELS(0x26, 0x27), MODELS(0x35, 0x36), GOLDMONT, TREMONT, END };

#define SKYLAKE MODEL(0x4e), MODEL(0x5e)
#define SKYLAKE_X MODEL(0x55)		/* Cascade and Cooper Lake are later steps */
#define KABY_LAKE MODEL(0x8e), MODEL(0x9e)	/* and Coffee, Whiskey, Amber Lake */
#define COMET_LAKE MODEL(0xa5), MODEL(0xa6)
#define CANNON_LAKE MODEL(0x66)
#define ICE_LAKE MODEL(0x7d), MODEL(0x7e)
#define ICE_LAKE_X MODEL(0x6a), MODEL(0x6c)
#define TIGER_LAKE MODEL(0x8c), MODEL(0x8d)
#define ROCKET_LAKE MODEL(0xa7)
#define LAKEFIELD MODEL(0x8a)
#define ALDER_LAKE MODEL(0x97), MODEL(0x9a), MODEL(0xb7), MODEL(0xba), MODEL(0xbf)	/* and Raptor Lake */
#define GRACEMONT MODEL(0xbe)

static const struct models srbds[] = {
	MODEL(0x3a), MODEL(0x3c), MODELS(0x45, 0x46), MODEL(0x3d), MODEL(0x47), SKYLAKE, KABY_LAKE, COMET_LAKE, END
};
static const struct models mmio[] = {
	MODEL(0x3f), MODEL(0x4f), MODEL(0x56), SKYLAKE, SKYLAKE_X, KABY_LAKE, COMET_LAKE, ICE_LAKE, ICE_LAKE_X,
	ROCKET_LAKE, LAKEFIELD, TREMONT, END
};
static const struct models gds[] = {
	SKYLAKE, SKYLAKE_X, KABY_LAKE, COMET_LAKE, ICE_LAKE, ICE_LAKE_X, TIGER_LAKE, ROCKET_LAKE, END
};
static const struct models rfds[] = { GOLDMONT, TREMONT, ALDER_LAKE, GRACEMONT, END };
static const struct models retbleed[] = {
	SKYLAKE, SKYLAKE_X, KABY_LAKE, COMET_LAKE, CANNON_LAKE, ICE_LAKE, ROCKET_LAKE, LAKEFIELD, END
};
static const struct models its[] = {
	STEPS_FROM(0x55, 6), STEPS_FROM(0x8e, 12), STEPS_FROM(0x9e, 13), COMET_LAKE, ICE_LAKE, ICE_LAKE_X, TIGER_LAKE,
	ROCKET_LAKE, END
};
static const struct models vmscape_intel[] = {
	MODEL(0x2a), MODEL(0x2d), MODEL(0x3a), MODEL(0x3e), MODEL(0x3c), MODEL(0x3f), MODELS(0x45, 0x46), MODEL(0x3d),
	MODEL(0x47), MODEL(0x4f), MODEL(0x56), SKYLAKE, SKYLAKE_X, KABY_LAKE, COMET_LAKE, CANNON_LAKE, ALDER_LAKE,
	GRACEMONT, MODEL(0xaa), MODEL(0xac),			/* Meteor Lake */
	MODEL(0xb5), MODELS(0xc5, 0xc6), MODEL(0xbd),		/* Arrow Lake, Lunar Lake */
	MODEL(0x8f), MODEL(0xcf), MODELS(0xad, 0xae),		/* Sapphire, Emerald, Granite Rapids */
	MODEL(0xaf), MODEL(0xb6), END				/* Crestmont: Sierra Forest, Grand Ridge */
};
/* Until Ice Lake's clients; those that are free of it without saying so. */
static const struct models no_multihit[] = {
	MODEL(0x1c), MODELS(0x26, 0x27), MODELS(0x35, 0x36), SILVERMONT, GOLDMONT, TREMONT, END
};
/* AMD, family 17h. */
static const struct models zen_1[] = { MODELS(0x00, 0x2f), MODELS(0x50, 0x5f), END };
static const struct models zen_2[] = {
	MODELS(0x30, 0x4f), MODELS(0x60, 0x7f), MODELS(0x90, 0x91), MODELS(0xa0, 0xaf), END
};

/* Zenbleed (AMD-SB-7008): from which revision on the microcode mends it. */
static const struct {
	struct models models;
	u32 revision;
} zenbleed_fixes[] = {
	{ MODELS(0x30, 0x3f), 0x0830107a }, { MODELS(0x60, 0x67), 0x0860010b }, { MODELS(0x68, 0x6f), 0x08608105 },
	{ MODELS(0x70, 0x7f), 0x08701032 }, { MODELS(0xa0, 0xaf), 0x08a00008 },
};

#undef END

#endif
