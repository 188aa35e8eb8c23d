/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the one judge of register values that a VMM wants a guest to have. Pure; runs on the kernel's private
 * copy.
 *
 * Bits that hold no meaning are put right silently; a state that no guest could have brought about itself is refused,
 * so that neither back end has to find out what its hardware would make of it. Whatever depends on more than one
 * group is left to the hardware's own checks at VM entry, whose refusal is an exit (EXIT_BAD_STATE). Sources: SDM
 * Vol. 3 26.3.1, APM Vol. 2 15.5.1.
 */
#include "virt.h"
#include "virt_bits.h"

#define RFLAGS_DEFINED 0x3f7fd7ull
#define PAT_TYPES_OK 0xf3u	/* 0 UC, 1 WC, 4 WT, 5 WP, 6 WB, 7 UC- */

#define XCR0_X87 BIT64(0)
#define XCR0_SSE BIT64(1)
#define XCR0_AVX BIT64(2)
#define XCR0_MPX (BIT64(3) | BIT64(4))
#define XCR0_AVX512 (BIT64(5) | BIT64(6) | BIT64(7))
#define XCR0_AMX (BIT64(17) | BIT64(18))

struct judge {
	struct vcpu_page *page;
	const struct virt_limits *limits;
	const char *why;
};

static bool refuse(struct judge *j, const char *why)
{
	j->why = why;
	return false;
}

static bool canonical(const struct judge *j, u64 address)
{
	u32 shift = 64u - j->limits->linear_bits;

	return (u64)((s64)(address << shift) >> shift) == address;
}

static bool gpr_ok(struct judge *j)
{
	struct vcpu_page *p = j->page;

	p->rflags = (p->rflags & RFLAGS_DEFINED) | RFLAGS_ONE;
	p->cr8 &= 0xfu;
	p->shadow &= SHADOW_STI | SHADOW_MOVSS | SHADOW_NMI;
	if (!(p->rflags & RFLAGS_IF) || (p->shadow & SHADOW_MOVSS))
		p->shadow &= ~SHADOW_STI;
	return true;
}

/*
 * Limit and granularity must be two views of one thing: G = 1 means the low 12 bits are ones, G = 0 that there are 20
 * bits at most.
 */
static bool limit_ok(struct vcpu_segment *s)
{
	bool can_be_bytes = s->limit <= 0xfffffu;
	bool can_be_pages = (s->limit & 0xfffu) == 0xfffu;

	if (!can_be_bytes && !can_be_pages)
		return false;
	if (!can_be_pages)
		s->access &= ~ACCESS_G;
	if (!can_be_bytes)
		s->access |= ACCESS_G;
	return true;
}

static u32 access_type(const struct vcpu_segment *s)
{
	return s->access & ACCESS_TYPE;
}

static bool code_ok(struct judge *j, const struct vcpu_segment *s)
{
	static const u32 code = ACCESS_TYPE_CODE | ACCESS_TYPE_ACCESSED;
	u32 type = access_type(s);

	if ((s->access & (ACCESS_UNUSABLE | ACCESS_S | ACCESS_P)) != (ACCESS_S | ACCESS_P))
		return refuse(j, "CS not usable");
	if (type != 3 && (type & code) != code)
		return refuse(j, "CS type");
	return true;
}

static bool data_ok(struct judge *j, u32 index, const struct vcpu_segment *s)
{
	u32 type = access_type(s);

	if (s->access & ACCESS_UNUSABLE)
		return true;
	if ((s->access & (ACCESS_S | ACCESS_P)) != (ACCESS_S | ACCESS_P))
		return refuse(j, "data segment not present");
	if (index == SEG_SS)
		return type == 3 || type == 7 || refuse(j, "SS type");
	if (!(type & ACCESS_TYPE_ACCESSED) || ((type & ACCESS_TYPE_CODE) && !(type & ACCESS_TYPE_READABLE)))
		return refuse(j, "data segment type");
	return true;
}

static bool system_ok(struct judge *j, u32 index, const struct vcpu_segment *s)
{
	u32 type = access_type(s);

	if (index == SEG_LDTR && (s->access & ACCESS_UNUSABLE))
		return true;
	if ((s->access & (ACCESS_UNUSABLE | ACCESS_S | ACCESS_P)) != ACCESS_P)
		return refuse(j, "system segment not present");
	if (index == SEG_LDTR)
		return type == 2 || refuse(j, "LDTR type");
	return type == 3 || type == 11 || refuse(j, "TR type");
}

static bool segment_base_ok(const struct judge *j, u32 index, const struct vcpu_segment *s)
{
	if (index >= SEG_FS)	/* FS GS LDTR TR: 64 bits wide */
		return canonical(j, s->base) || (index == SEG_LDTR && (s->access & ACCESS_UNUSABLE));
	return s->base <= 0xffffffffull || ((s->access & ACCESS_UNUSABLE) && index != SEG_CS);
}

static bool segment_ok(struct judge *j, u32 index)
{
	struct vcpu_segment *s = &j->page->seg[index];

	s->access &= ACCESS_DEFINED;
	if (!segment_base_ok(j, index, s))
		return refuse(j, "segment base");
	if (!(s->access & ACCESS_UNUSABLE) && !limit_ok(s))
		return refuse(j, "segment limit");
	if (index == SEG_CS)
		return code_ok(j, s);
	if (index >= SEG_LDTR)
		return system_ok(j, index, s);
	return data_ok(j, index, s);
}

static bool seg_ok(struct judge *j)
{
	struct vcpu_page *p = j->page;

	for (u32 i = 0; i < SEG_COUNT; i++)
		if (!segment_ok(j, i))
			return false;
	if (!canonical(j, p->gdtr.base) || !canonical(j, p->idtr.base))
		return refuse(j, "table base");
	if (p->gdtr.limit > 0xffffu || p->idtr.limit > 0xffffu)
		return refuse(j, "table limit");
	return true;
}

static bool pat_ok(u64 pat)
{
	u32 type;

	for (u32 i = 0; i < 64; i += 8) {
		type = (u32)(pat >> i) & 0xffu;
		if (type > 7 || !(PAT_TYPES_OK & BIT32(type)))
			return false;
	}
	return true;
}

/* All of `bits` or none; with any of them, all of `needs`. */
static bool xcr0_unit_ok(u64 xcr0, u64 bits, u64 needs)
{
	if (!(xcr0 & bits))
		return true;
	return (xcr0 & bits) == bits && (xcr0 & needs) == needs;
}

static bool xcr0_ok(u64 xcr0, u64 mask)
{
	return (xcr0 & XCR0_X87) && !(xcr0 & ~mask) && xcr0_unit_ok(xcr0, XCR0_AVX, XCR0_SSE) &&
	       xcr0_unit_ok(xcr0, XCR0_MPX, 0) && xcr0_unit_ok(xcr0, XCR0_AVX512, XCR0_AVX) &&
	       xcr0_unit_ok(xcr0, XCR0_AMX, 0);
}

/* Long mode is on exactly if it is enabled and paging is; it needs PAE (APM Vol. 2 14.6). */
static bool long_mode_ok(const struct vcpu_page *p)
{
	bool is_long = (p->efer & EFER_LME) && (p->cr0 & CR0_PG);

	return !!(p->efer & EFER_LMA) == is_long && (!is_long || (p->cr4 & CR4_PAE));
}

static bool cr_ok(struct judge *j)
{
	struct vcpu_page *p = j->page;
	const struct virt_limits *l = j->limits;

	p->cr0 |= CR0_ET;
	if ((p->cr0 & ~l->cr0_fixed1) || (~p->cr0 & l->cr0_fixed0))
		return refuse(j, "CR0 bits");
	if (((p->cr0 & CR0_PG) && !(p->cr0 & CR0_PE)) || ((p->cr0 & CR0_NW) && !(p->cr0 & CR0_CD)))
		return refuse(j, "CR0 combination");
	if (p->cr3 >> l->physical_bits)
		return refuse(j, "CR3");
	if (p->cr4 & ~l->cr4_mask)
		return refuse(j, "CR4 bits");
	if (p->efer & ~l->efer_mask)
		return refuse(j, "EFER bits");
	if (!long_mode_ok(p) || ((p->cr4 & CR4_PCIDE) && !(p->efer & EFER_LMA)))
		return refuse(j, "long mode");
	if (!pat_ok(p->pat))
		return refuse(j, "PAT");
	if (!xcr0_ok(p->xcr0, l->xcr0_mask))
		return refuse(j, "XCR0");
	return true;
}

static bool dr_ok(struct judge *j)
{
	struct vcpu_page *p = j->page;

	if ((p->dr6 >> 32) || (p->dr7 >> 32))
		return refuse(j, "DR6 or DR7");
	p->dr6 = (p->dr6 & DR6_CAUSES) | DR6_FIXED;
	p->dr7 = (p->dr7 & 0xffff23ffull) | DR7_FIXED;
	return true;
}

static bool msr_ok(struct judge *j)
{
	struct vcpu_page *p = j->page;

	p->sfmask &= 0xffffffffull;
	p->sysenter_cs &= 0xffffffffull;
	p->tsc_aux &= 0xffffffffull;
	if (!canonical(j, p->lstar) || !canonical(j, p->cstar) || !canonical(j, p->kernel_gs_base) ||
	    !canonical(j, p->sysenter_esp) || !canonical(j, p->sysenter_eip))
		return refuse(j, "MSR not canonical");
	return p->spec_ctrl == 0 || refuse(j, "SPEC_CTRL");
}

bool virt_filter(struct vcpu_page *snapshot, u32 groups, const struct virt_limits *limits, const char **why)
{
	struct judge j = { .page = snapshot, .limits = limits, .why = "" };
	bool is_ok = (!(groups & GROUP_GPR) || gpr_ok(&j)) && (!(groups & GROUP_SEG) || seg_ok(&j)) &&
		     (!(groups & GROUP_CR) || cr_ok(&j)) && (!(groups & GROUP_DR) || dr_ok(&j)) &&
		     (!(groups & GROUP_MSR) || msr_ok(&j));

	*why = j.why;
	return is_ok;
}

/*
 * The hardware pushes an error code for some exceptions and for nothing else; a wrong claim would be refused at VM
 * entry, or worse, obeyed.
 */
static bool error_ok(const struct vcpu_event *e)
{
	return !e->has_error || (e->type == EVENT_EXCEPTION && (ERROR_CODE_VECTORS & BIT32(e->vector & 31u)));
}

bool virt_event_ok(struct vcpu_event *e)
{
	static const u32 soft_vectors = BIT32(VECTOR_DB) | BIT32(VECTOR_BP) | BIT32(VECTOR_INTO);
	bool is_soft = e->type == EVENT_SOFT_INT || e->type == EVENT_SOFT_EXCEPTION;

	if (!e->valid)
		return true;
	if (!error_ok(e) || (is_soft && (e->insn_len == 0 || e->insn_len > 15)))
		return false;
	e->valid = 1;
	e->has_error = !!e->has_error;
	switch ((enum event_type)e->type) {
	case EVENT_EXCEPTION:
		return e->vector < VECTOR_EXCEPTIONS && e->vector != VECTOR_NMI;
	case EVENT_NMI:
		return e->vector == VECTOR_NMI;
	case EVENT_SOFT_INT:
		return true;
	case EVENT_SOFT_EXCEPTION:
		return e->vector < VECTOR_EXCEPTIONS && (soft_vectors & BIT32(e->vector));
	}
	return false;
}
