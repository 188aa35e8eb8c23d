/* SPDX-License-Identifier: MIT */
/*
 * svm_probe.c - what this processor's SVM has.
 */
#include "cpu_features.h"
#include "info_page.h"
#include "svm.h"
#include "virt_bits.h"

struct svm_features svm_features;

void svm_probe_features(struct info_page *info, const struct cpuid *svm)
{
	svm_features.asid_count = svm->ebx;
	svm_features.has_nrips = (svm->edx & BIT32(3)) != 0;
	svm_features.has_pause_filter = (svm->edx & BIT32(10)) != 0;
	virt_limits.asks_for_siblings = !svm_features.has_pause_filter;
	svm_features.has_invpcid = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & BIT32(10));
	svm_features.has_rdtscp = (cpuid(0x80000001u, 0).edx & BIT32(27)) != 0;
	svm_features.exits_for_bad_cr = cpu_features.is_tcg;
	svm_features.loses_interrupts = svm_features.leaves_breakpoints = svm_features.exits_for_bad_cr;
	svm_features.doubles_interrupts = svm_features.loses_interrupts;
	virt_limits.s2_has_1g = (cpuid(0x80000001u, 0).edx & BIT32(26)) != 0;
	info->features_used |= BIT64(FEAT_SVM) | BIT64(FEAT_NPT);
	virt_note_feature(info, FEAT_NRIPS, svm_features.has_nrips);
	virt_note_feature(info, FEAT_PAUSE_FILTER, svm_features.has_pause_filter);
}
