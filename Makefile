# SPDX-License-Identifier: MIT
# VOS: the kernel, the ring-3 programs, the ISO and every test.  `make help` lists the targets, mk/ has the rules.
#
# Sources are found by wildcard: put a file into a room and it is built.  Everything lands in build/.

VERSION		:= 0.1.0
CPUS		?=
MEM		?=
QEMU		?= qemu-system-x86_64
BOCHS		?= bochs
CMDLINE		?=
IMAGES		?=
CONF		?=
DISK		?=
NVME		?=
AHCI		?=
IOMMU		?=
T		?=
V		?=

Q		:= $(if $(V),,@)
say		= $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-7s %s\n' '$(1)' '$(2)')
B		:= build
# Parallel unless told otherwise.
# Before a recipe that runs SUBMAKE: it gets the job server. Not with -n, which only prints.
NOW		= $(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+)
SUBMAKE		= $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
export CPUS MEM QEMU BOCHS CMDLINE IMAGES CONF DISK NVME AHCI IOMMU BG V
# One fixed moment for each tool that writes a date, so that two builds give the same bits.
export SOURCE_DATE_EPOCH := 1700000000
export LC_ALL := C
export TZ := UTC

MAKEFLAGS	+= --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE

# Packages, by sections of iso/packages.txt: what running needs, and what all the rest does.
DEPS		:= iso/deps.sh run
ALL_DEPS	:= $(DEPS) intel host test

.PHONY: all help deps docs compdb clean distclean
all: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-all

help:
	@cat mk/help.txt

deps:
	$(Q)$(ALL_DEPS)

docs:
	$(Q)docs/abi.py

compdb:
	$(Q)mk/compdb.py

include mk/flags.mk mk/rooms.mk mk/image.mk mk/iso.mk mk/host.mk mk/mgmt-host.mk mk/tests.mk

clean:
	$(Q)find $(B) -mindepth 1 -maxdepth 1 ! -name images ! -name 'disk*.img' -exec rm -rf {} + 2>/dev/null || true

distclean:
	$(Q)rm -rf $(B) compile_commands.json
