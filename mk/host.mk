# SPDX-License-Identifier: MIT
# Host tests and fuzzers: the project's own sources as Linux programs.
#
# Each part of VOS is one archive, compiled under sanitizers and in front of fakes instead of hardware and kernel; a
# test names the archives that it links (tests/host/rules.awk makes rules of that).  A name that the test or one of
# its helpers defines is not taken from an archive.
#
# The folders below tests/host are those of the code; what several of them share is in tests/host/fixtures.
HOST_DIRS	:= tests/host tests/host/* tests/host/*/* tests/host/*/*/*
HOST_SOURCES	:= $(sort $(wildcard $(addsuffix /*.c,$(HOST_DIRS))))
TESTS		:= $(foreach f,$(HOST_SOURCES),$(if $(filter test_%,$(notdir $(f))),$(f)))
FUZZERS		:= $(foreach f,$(HOST_SOURCES),$(if $(filter-out fuzz_main.c,$(filter fuzz_%,$(notdir $(f)))),$(f)))
HOST_BASE	:= -std=gnu11 -O1 -g $(filter-out -Wframe-larger-than=%,$(WARN)) -fno-omit-frame-pointer \
		   -fno-strict-aliasing -fno-builtin-log -DVOS_HOST_TEST=1 -DVOS_VERSION='"$(VERSION)"' -MMD -MP \
		   $(if $(COVERAGE),--coverage)
ASAN		:= -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_FLAGS	:= $(HOST_BASE) $(ASAN)
TSAN_FLAGS	:= $(HOST_BASE) -fsanitize=thread -pthread $(if $(COVERAGE),-fprofile-update=atomic)
FUZZ_FLAGS	:= $(HOST_FLAGS) -fsanitize=fuzzer-no-link -Wno-unknown-warning-option
FUZZTIME	?= 60

# Parts and their rooms.
PARTS		:= boot arch kernel rt pool net image backup $(PDS) libvos vos vosd vos_pool unicorn
part.boot	:= boot
part.arch	:= $(filter $(ARCH)/%,$(K_ROOMS))
part.kernel	:= $(KERNEL) lib/base
part.rt		:= lib/rt
part.pool	:= lib/pool
part.net	:= $(NET)
$(foreach p,libvos vos vosd,$(eval part.$(p) := mgmt/host/$(p)))
part.libvos	+= lib/wire
part.vos_pool	:= mgmt/host/pool
# Single files of other parts.
part.image	:= lib/image mgmt/host/image
also.image	:= lib/rt/blake2b.c
libs.image	:= -lz -lzstd
part.backup	:= mgmt/host/backup
also.backup	:= lib/rt/blake2b.c
libs.backup	:= -lsodium -lzstd
also.libvos	:= lib/rt/blake2b.c lib/rt/crc32c.c
also.console	:= lib/rt/crc32c.c lib/rt/blake2b.c lib/rt/pool_secret.c
also.pool	:= lib/rt/crc32c.c
also.vos_pool	:= mgmt/store/gpt.c mgmt/store/pool_size.c
libs.vosd	:= -ljansson
libs.store	:= -lsodium
# A library alone: the processor that the emulator is compared with.
libs.unicorn	:= -lunicorn
libs.guard	:= -lsodium
# Libraries of Linux that a part needs.
libs.libvos	:= -ljansson
$(foreach p,$(PDS),$(eval part.$(p) := $(rooms.$(p))))
part.store	:= mgmt/store
FIXTURES	:= tests/host/fixtures
# Folders whose headers stand in for others': the processor's for the kernel, the system calls' for root.
fakes		= $(if $(filter $(1),$(K_ROOMS)),$(FIXTURES)/arch,$(if $(filter $(1),$(part.root)),$(FIXTURES)/user))

# room -> its -iquote list; part -> the same of all its rooms, for tests.
ring_inc	= $(if $(filter $(1),$(K_ROOMS)),$(K_INC),$(U_INC))
host_inc	= $(addprefix -iquote ,$(call fakes,$(1)) $(1) $(inc.$(1)) $(call ring_inc,$(1)))
part_inc	= $(foreach r,$(part.$(1)),$(call host_inc,$(r)))
TEST_INC	:= $(addprefix -iquote ,$(sort $(SHARED_INC) $(ARCH)/include lib/rt lib/proto $(FIXTURES)))
# Left out: programs' main, assembly (except the guests' ACPI namespaces), and what starts processors.
NOT_ON_HOST	:= %/main.c %/cpu_base.c %/cpu_init.c %/ap_start.c
host_srcs	= $(filter-out $(NOT_ON_HOST),$(wildcard $(1)/*.c)) $(wildcard $(1)/dsdt.S)
part_srcs	= $(foreach r,$(part.$(1)),$(call host_srcs,$(r))) $(also.$(1))

# (folder below build, compiler, flags): objects and archives of one kind.
define host_kind
$(B)/$(1)/obj/%.o: % $(MK) mk/host.mk | $(B)/uapi
	$$(call say,HOSTCC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(3) $$(call host_inc,$$(call room_of,$$*)) -isystem $(B)/uapi -c $$< -o $$@
$(foreach p,$(PARTS),$(call host_archive,$(1),$(p)))
endef
define host_archive
$(B)/$(1)/$(2).a: $(patsubst %,$(B)/$(1)/obj/%.o,$(call part_srcs,$(2)))
	$$(Q)rm -f $$@ && $$(AR) rcsD $$@ $$^
-include $(patsubst %,$(B)/$(1)/obj/%.d,$(call part_srcs,$(2)))

endef
$(eval $(call host_kind,host,$(CC),$(HOST_FLAGS)))
$(eval $(call host_kind,tsan,$(CC),$(TSAN_FLAGS)))
$(eval $(call host_kind,libfuzzer,clang,$(FUZZ_FLAGS)))
$(foreach k,host tsan libfuzzer,$(B)/$(k)/obj/$(ACPI)/dsdt.S.o): $(AML)

$(B)/host.mk: FORCE
	@mkdir -p $(@D); \
	awk -v B=$(B) -v SOURCES='$(HOST_SOURCES)' -f tests/host/rules.awk $(TESTS) $(FUZZERS) > $@.$$$$.new && \
	if cmp -s $@.$$$$.new $@; then rm $@.$$$$.new; else mv $@.$$$$.new $@; fi
include $(B)/host.mk

picked		= $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(notdir $(f))),$(f))),$(1))
TEST_BINS	:= $(patsubst %.c,$(B)/host/%,$(notdir $(call picked,$(TESTS))))
FUZZ_BINS	:= $(patsubst %.c,$(B)/host/%,$(notdir $(call picked,$(FUZZERS))))
LIBFUZZ_BINS	:= $(patsubst $(B)/host/%,$(B)/libfuzzer/%,$(FUZZ_BINS))

.PHONY: do-unit do-fuzz fuzz
do-unit: $(TEST_BINS) $(FUZZ_BINS)

do-fuzz: $(LIBFUZZ_BINS)
	$(Q)for f in $(LIBFUZZ_BINS); do \
		c=$(B)/corpus/$${f##*/}; mkdir -p $$c; echo "== $$f"; \
		$$f -max_total_time=$(FUZZTIME) -timeout=10 -artifact_prefix=$(B)/corpus/ $$c || exit 1; \
	done

fuzz: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-fuzz
