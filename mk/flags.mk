# SPDX-License-Identifier: MIT
# Tools and flags.
CC		:= gcc
MUSL_CC		:= musl-gcc
MUSL_LD		:= musl-gcc
# make COMPILER=clang B=build/clang: the same with clang, which has no wrapper for musl; musl-gcc links.  Parameters
# without a name are C23 to clang, and an extension of C11 to gcc.
ifeq ($(COMPILER),clang)
CC		:= clang -Wno-c2x-extensions -Wno-unused-command-line-argument
MUSL_CC		:= $(CC) -nostdinc -isystem /usr/include/x86_64-linux-musl \
		   -isystem $(shell clang -print-resource-dir)/include
endif
OBJCOPY		:= objcopy
AR		:= ar
WARN		:= -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
		   -Wvla -Wundef -Wimplicit-fallthrough -Werror
COMMON		:= -std=gnu11 -O2 -g $(WARN) -Wframe-larger-than=1024 -fno-common -fno-strict-aliasing \
		   -fno-pic -fno-pie -fcf-protection=none -fno-asynchronous-unwind-tables \
		   -ffunction-sections -fdata-sections \
		   -fstack-protector-strong -mstack-protector-guard=global -ffile-prefix-map=$(CURDIR)=. \
		   -DVOS_VERSION='"$(VERSION)"' -MMD -MP
# Ring 0: no floating point or vector registers, no red zone, linked in the top 2 GiB.
KFLAGS		:= $(COMMON) -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
# Ring 3: ordinary static musl programs.  Linux's ABI headers come from a folder of their own, so that no glibc header
# can be picked up by mistake.
UFLAGS		:= $(COMMON) -isystem $(B)/uapi

# What every object depends on: other flags make other objects.
MK		:= Makefile mk/flags.mk mk/rooms.mk
