/* SPDX-License-Identifier: MIT */
/* links: arch */
/*
 * The filter between a VMM's vcpu page and the hardware: a good state passes unchanged, and each single thing that is
 * wrong is refused or put right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "virt.h"
#include "virt_bits.h"

static const struct virt_limits limits = {
	.cr0_fixed0 = CR0_ET,
	.cr0_fixed1 = 0xe005003f,
	.cr4_mask = 0x3507ff & ~(CR4_VMXE | CR4_SMXE),
	.efer_mask = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
	.xcr0_mask = 0xe7,
	.physical_bits = 40,
	.linear_bits = 48,
};

static struct vcpu_page page;

static void segment(enum seg index, u32 access, u32 limit)
{
	page.seg[index] = (struct vcpu_segment){ .access = access, .limit = limit };
}

/* A 64-bit kernel at work. */
static void good(void)
{
	memset(&page, 0, sizeof(page));
	page.rip = 0xffffffff81000000ull;
	page.rflags = RFLAGS_ONE | RFLAGS_IF;
	for (u32 i = SEG_ES; i <= SEG_GS; i++)
		segment((enum seg)i, 0xc093, 0xffffffff);
	segment(SEG_CS, 0xa09b, 0xffffffff);
	segment(SEG_LDTR, ACCESS_UNUSABLE, 0);
	segment(SEG_TR, 0x8b, 0x67);
	page.seg[SEG_GS].base = 0xffff888000000000ull;
	page.gdtr = (struct vcpu_table){ .base = 0xfffffe0000000000ull, .limit = 0x7f };
	page.idtr = (struct vcpu_table){ .base = 0xfffffe0000001000ull, .limit = 0xfff };
	page.cr0 = 0x80050033;
	page.cr3 = 0x1234000;
	page.cr4 = 0x6a0;
	page.efer = 0xd01;
	page.xcr0 = 7;
	page.pat = 0x0007040600070406ull;
	page.dr6 = DR6_FIXED;
	page.dr7 = DR7_FIXED;
	page.lstar = 0xffffffff81800000ull;
}

static bool passes(u32 groups)
{
	const char *why;
	bool is_ok = virt_filter(&page, groups, &limits, &why);

	assert_int_equal(is_ok, why[0] == 0);
	return is_ok;
}

static void test_good_unchanged(void **state)
{
	struct vcpu_page before;

	(void)state;
	good();
	before = page;
	assert_true(passes(GROUP_ALL));
	assert_memory_equal(&before, &page, sizeof(page));
}

/* Only the groups that are named are looked at. */
static void test_groups(void **state)
{
	(void)state;
	good();
	page.cr0 = ~0ull;
	page.dr7 = ~0ull;
	page.lstar = 1ull << 63;
	assert_true(passes(GROUP_GPR | GROUP_SEG | GROUP_TIME));
	assert_false(passes(GROUP_CR));
	assert_false(passes(GROUP_DR));
	assert_false(passes(GROUP_MSR));
}

static void test_gpr(void **state)
{
	(void)state;
	good();
	page.rflags = ~0ull;
	page.cr8 = ~0u;
	page.shadow = ~0u;
	assert_true(passes(GROUP_GPR));
	assert_int_equal(page.rflags, 0x3f7fd7);
	assert_int_equal(page.cr8, 15);
	assert_int_equal(page.shadow, SHADOW_MOVSS | SHADOW_NMI);
	page.rflags = 0;
	page.shadow = SHADOW_STI;
	assert_true(passes(GROUP_GPR));
	assert_int_equal(page.rflags, RFLAGS_ONE);
	assert_int_equal(page.shadow, 0);
}

#define REFUSED_CR(field, value)		\
	do {					\
		good();				\
		page.field = (value);		\
		assert_false(passes(GROUP_CR));	\
	} while (0)

static void test_cr(void **state)
{
	(void)state;
	REFUSED_CR(cr0, 0x80050032);			/* paging without protection */
	REFUSED_CR(cr0, 0xa0050033);			/* NW without CD */
	REFUSED_CR(cr0, 0x80050033 | 1ull << 32);
	REFUSED_CR(cr0, 0x80050033 | 1u << 10);
	REFUSED_CR(cr0, 0x33);				/* LMA without paging */
	REFUSED_CR(cr3, 1ull << 40);
	REFUSED_CR(cr4, 0x6a0 | CR4_VMXE);
	REFUSED_CR(cr4, 0x6a0 | CR4_SMXE);
	REFUSED_CR(cr4, 0x6a0 | 1ull << 40);
	REFUSED_CR(cr4, 0x680);				/* long mode without PAE */
	REFUSED_CR(efer, 0xd01 | EFER_SVME);
	REFUSED_CR(efer, 0x901);			/* paging and LME, but no LMA */
	REFUSED_CR(efer, 0xc01);			/* LMA without LME */
	REFUSED_CR(efer, 0xd01 | 1ull << 63);
	REFUSED_CR(pat, 0x0207040600070406ull);		/* type 2 */
	REFUSED_CR(pat, 0x08);
	REFUSED_CR(xcr0, 0);				/* no x87 */
	REFUSED_CR(xcr0, 5);				/* AVX without SSE */
	REFUSED_CR(xcr0, 0x27);				/* a part of AVX-512 */
	REFUSED_CR(xcr0, 0xe3);				/* AVX-512 without AVX */
	REFUSED_CR(xcr0, 0x1f);				/* not in the mask */
	REFUSED_CR(xcr0, 1ull << 63);
	good();
	page.cr0 &= ~CR0_ET;
	assert_true(passes(GROUP_CR));
	assert_int_equal(page.cr0, 0x80050033);
	page.xcr0 = 0xe7;
	assert_true(passes(GROUP_CR));
	page.cr4 |= CR4_PCIDE;
	assert_false(passes(GROUP_CR));
}

#define REFUSED_SEG(index, field, value)			\
	do {							\
		good();						\
		page.seg[index].field = (value);		\
		assert_false(passes(GROUP_SEG));		\
	} while (0)

static void test_segments(void **state)
{
	(void)state;
	REFUSED_SEG(SEG_CS, access, ACCESS_UNUSABLE);
	REFUSED_SEG(SEG_CS, access, 0xa01b);		/* not present */
	REFUSED_SEG(SEG_CS, access, 0xa08b);		/* a system segment */
	REFUSED_SEG(SEG_CS, access, 0xa097);		/* data, expand down */
	REFUSED_SEG(SEG_CS, base, 1ull << 32);
	REFUSED_SEG(SEG_SS, access, 0xc09b);
	REFUSED_SEG(SEG_SS, access, 0xc091);
	REFUSED_SEG(SEG_DS, access, 0xc092);		/* not accessed */
	REFUSED_SEG(SEG_DS, access, 0xc099);		/* execute only */
	REFUSED_SEG(SEG_DS, base, 1ull << 32);
	REFUSED_SEG(SEG_FS, base, 1ull << 47);
	REFUSED_SEG(SEG_TR, base, 1ull << 63);
	REFUSED_SEG(SEG_TR, access, 0x89);		/* not busy */
	REFUSED_SEG(SEG_TR, access, ACCESS_UNUSABLE);
	REFUSED_SEG(SEG_TR, access, 0x9b);
	REFUSED_SEG(SEG_LDTR, access, 0x83);
	REFUSED_SEG(SEG_ES, limit, 0xfffff000);		/* neither bytes nor pages */
	good();
	page.gdtr.base = 1ull << 47;
	assert_false(passes(GROUP_SEG));
	good();
	page.idtr.limit = 0x10000;
	assert_false(passes(GROUP_SEG));
}

static void test_segments_put_right(void **state)
{
	(void)state;
	good();
	segment(SEG_DS, 0x4093 | 0xfffe0f00, 0xffffffff);	/* reserved bits; G missing */
	segment(SEG_ES, 0xc093, 0x1234);			/* G too much */
	segment(SEG_FS, ACCESS_UNUSABLE | 0xc012, 0xfffff000);	/* nothing of it counts */
	assert_true(passes(GROUP_SEG));
	assert_int_equal(page.seg[SEG_DS].access, 0xc093);
	assert_int_equal(page.seg[SEG_ES].access, 0x4093);
}

static void test_dr_msr(void **state)
{
	(void)state;
	good();
	page.dr6 = 0xffffffff;
	page.dr7 = 0xffffffff;
	assert_true(passes(GROUP_DR));
	assert_int_equal(page.dr6, 0xffffefff);
	assert_int_equal(page.dr7, 0xffff27ff);
	page.dr6 |= 1ull << 32;
	assert_false(passes(GROUP_DR));
	good();
	page.dr7 |= 1ull << 63;
	assert_false(passes(GROUP_DR));
	good();
	page.sfmask = page.sysenter_cs = page.tsc_aux = ~0ull;
	assert_true(passes(GROUP_MSR));
	assert_true(page.sfmask == 0xffffffff && page.sysenter_cs == 0xffffffff && page.tsc_aux == 0xffffffff);
	page.kernel_gs_base = 0x800000000000ull;
	assert_false(passes(GROUP_MSR));
	good();
	page.sysenter_eip = 1ull << 62;
	assert_false(passes(GROUP_MSR));
	good();
	page.spec_ctrl = 1;
	assert_false(passes(GROUP_MSR));
}

static bool event_passes(u8 type, u8 vector, bool has_error, u32 insn_len)
{
	struct vcpu_event e = {
		.valid = 1, .type = type, .vector = vector, .has_error = has_error, .insn_len = insn_len,
	};

	return virt_event_ok(&e);
}

static void test_events(void **state)
{
	struct vcpu_event nothing = { .valid = 0, .type = 99 };

	(void)state;
	assert_true(virt_event_ok(&nothing));
	assert_true(event_passes(EVENT_EXCEPTION, 14, true, 0));
	assert_true(event_passes(EVENT_EXCEPTION, 6, false, 0));
	assert_false(event_passes(EVENT_EXCEPTION, 6, true, 0));
	assert_false(event_passes(EVENT_EXCEPTION, 2, false, 0));
	assert_false(event_passes(EVENT_EXCEPTION, 32, false, 0));
	assert_false(event_passes(EVENT_EXCEPTION, 32 + 14, true, 0));
	assert_true(event_passes(EVENT_NMI, 2, false, 0));
	assert_false(event_passes(EVENT_NMI, 3, false, 0));
	assert_true(event_passes(EVENT_SOFT_INT, 0x80, false, 2));
	assert_false(event_passes(EVENT_SOFT_INT, 0x80, false, 0));
	assert_false(event_passes(EVENT_SOFT_INT, 0x80, false, 16));
	assert_false(event_passes(EVENT_SOFT_INT, 14, true, 2));
	assert_true(event_passes(EVENT_SOFT_EXCEPTION, 3, false, 1));
	assert_true(event_passes(EVENT_SOFT_EXCEPTION, 1, false, 1));
	assert_false(event_passes(EVENT_SOFT_EXCEPTION, 5, false, 1));
	assert_false(event_passes(EVENT_SOFT_EXCEPTION, 35, false, 1));
	assert_false(event_passes(4, 3, false, 1));
	assert_false(event_passes(255, 3, false, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_unchanged), cmocka_unit_test(test_groups), cmocka_unit_test(test_gpr),
		cmocka_unit_test(test_cr), cmocka_unit_test(test_segments), cmocka_unit_test(test_segments_put_right),
		cmocka_unit_test(test_dr_msr), cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
