/* SPDX-License-Identifier: MIT */
/*
 * svm_offsets.h - where svm_switch.S finds the members of struct vcpu_hw; svm.c asserts that it is true.
 */
#ifndef VOS_SVM_OFFSETS_H
#define VOS_SVM_OFFSETS_H

#define HW_VMCB_HPA	0
#define HW_HOST_SAVE	8
#define HW_GPR		16

#endif
