# VOS: one Makefile for the kernel, the ring-3 programs, the ISO and every test.  `make help` lists what it does.
#
# Sources are found by wildcard: put a file into a room and it is built.  Each room is compiled with its own -iquote
# list, which is what keeps dependencies one-way (tests/check/includes.py proves it).  Everything lands in build/.

VERSION		:= 0.1.0
CPUS		?=
MEM		?=
QEMU		?= qemu-system-x86_64
CMDLINE		?=
IMAGES		?=
CONF		?=
V		?=

Q		:= $(if $(V),,@)
say		= $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-7s %s\n' '$(1)' '$(2)')
B		:= build
# Parallel unless told otherwise.
SUBMAKE		= $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
export CPUS MEM QEMU CMDLINE IMAGES CONF V
# One fixed moment for whatever wants to write a date, so that two builds give the same bits.
export SOURCE_DATE_EPOCH := 1700000000
export LC_ALL := C
export TZ := UTC

MAKEFLAGS	+= --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: all help deps objs pds iso bundle images vmlinux run run-intel run-uefi test unit boot-test check fuzz mutants \
	bench gdb sizes rooms clean distclean do-all do-iso do-bundle do-unit do-fuzz do-boot-files test-guests \
	test-more do-systems

# Packages, by sections of iso/packages.txt: what running needs, and what all the rest does.
DEPS		:= iso/deps.sh run
ALL_DEPS	:= $(DEPS) uefi intel test

all: ; +$(Q)$(DEPS) && $(SUBMAKE) do-all

help:
	@echo 'make run          build all, boot the ISO in QEMU (SVM), leave the terminal at the vos> prompt'
	@echo 'make run-intel    the same in Bochs (VMX);   make run-uefi   the same in QEMU with UEFI firmware'
	@echo 'make iso          build/vos.iso, hybrid BIOS + UEFI;   make all   everything but the ISO'
	@echo 'make test         unit tests, fuzzers (short), checks, boot tests;  ends in "N passed, N failed"'
	@echo 'make unit         host unit tests;   make unit T=ring   only those whose name contains "ring"'
	@echo 'make boot-test    boot tests only;   make boot-test T="-k prompt"   pytest arguments'
	@echo 'make test-guests  systems from Debian as guests, downloaded first (200 MB); prints a table'
	@echo 'make check        static checks;     make fuzz [T=name] [FUZZTIME=60]   libFuzzer on each parser'
	@echo 'make test-more    what make test has no time for: 128 VMs of 16 vCPUs, Bochs as an AMD processor'
	@echo 'make mutants      proves that tests can fail;   make mutants T=svm   only those named so'
	@echo 'make bench        instructions per VM exit and per start, also in build/bench.json (EXITBENCH=folder)'
	@echo 'make gdb          QEMU waiting for gdb, and gdb attached;   make sizes   code lines and image sizes'
	@echo 'make deps         install the packages of iso/packages.txt that are missing'
	@echo 'make clean        remove what was built (keeps downloads);  make distclean   remove build/'
	@echo
	@echo 'CPUS=4 (1 in Bochs) MEM=2048 (MiB; 1024 in Bochs) QEMU=qemu-system-x86_64 CMDLINE="loglvl=debug" V=1'
	@echo 'IMAGES="name=path name2=path2" CONF=vos.conf   put your own guest images and configuration on the ISO'

deps:
	$(Q)$(ALL_DEPS)

# ----------------------------------------------------------------------------------------------------- flags
CC		:= gcc
MUSL_CC		:= musl-gcc
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

# ----------------------------------------------------------------------------------------------------- rooms
ARCH		:= arch/x86_64
SHARED_INC	:= kernel/abi kernel/lib
K_INC		:= $(SHARED_INC) $(ARCH)/include
U_INC		:= $(SHARED_INC) $(ARCH)/user drivers/proto drivers/rt mgmt/proto

K_ROOMS		:= boot $(ARCH)/cpu $(ARCH)/mmu $(ARCH)/irq $(ARCH)/virt $(ARCH)/virt/svm $(ARCH)/virt/vmx \
		   kernel kernel/lib
# Folders a room may include from, besides K_INC or U_INC and itself.
inc.$(ARCH)/virt/svm	:= $(ARCH)/virt
inc.$(ARCH)/virt/vmx	:= $(ARCH)/virt
inc.mgmt/root		:= mgmt/platform
inc.vmm			:= vmm/dev
inc.vmm/dev		:= vmm

# While a VMM handles an exit the vector registers still hold the guest's: touching them would cost a switch of them.
# Start code runs before the stack guard is set, and answers system calls whose callers keep live values in vector
# registers.
cflags.$(ARCH)/user	:= -mgeneral-regs-only -fno-stack-protector
cflags.vmm		:= -mgeneral-regs-only
cflags.vmm/dev		:= -mgeneral-regs-only

# Ring-3 programs and the rooms each is made of; every one also gets U_COMMON.  The order is that of the module table.
PDS		:= root console serial screen vmm
rooms.root	:= mgmt/root mgmt/platform
rooms.console	:= mgmt/console
rooms.serial	:= drivers/serial
rooms.screen	:= drivers/screen
rooms.vmm	:= vmm vmm/dev
U_ROOMS		:= $(foreach p,$(PDS),$(rooms.$(p)))
U_COMMON	:= $(ARCH)/user drivers/rt kernel/lib

# room folder -> its objects below $(B)/obj/k (ring 0) or $(B)/obj/u (ring 3)
srcs		= $(sort $(wildcard $(1)/*.c $(1)/*.S))
kobjs		= $(patsubst %,$(B)/obj/k/%.o,$(call srcs,$(1)))
uobjs		= $(patsubst %,$(B)/obj/u/%.o,$(call srcs,$(1)))
room_of		= $(patsubst %/,%,$(dir $(1)))
kinc		= $(addprefix -iquote ,$(sort $(K_INC) $(call room_of,$(1)) $(inc.$(call room_of,$(1)))))
uinc		= $(addprefix -iquote ,$(sort $(U_INC) $(call room_of,$(1)) $(inc.$(call room_of,$(1)))))

K_OBJS		:= $(foreach r,$(K_ROOMS),$(call kobjs,$(r)))
U_OBJS		:= $(foreach r,$(U_COMMON),$(call uobjs,$(r)))
# A program is linked once it has a main.
HAVE_PDS	:= $(foreach p,$(PDS),$(if $(shell grep -sl '^int main' $(rooms.$(p):%=%/*.c)),$(p)))
PD_OBJS		:= $(foreach p,$(HAVE_PDS),$(foreach r,$(rooms.$(p)),$(call uobjs,$(r))))
PD_ELFS		:= $(HAVE_PDS:%=$(B)/pd/%.elf)

$(B)/obj/k/%.c.o: %.c Makefile | $(B)/uapi
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(call kinc,$*) -c $< -o $@

$(B)/obj/k/%.S.o: %.S Makefile | $(B)/uapi
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(call kinc,$*) -c $< -o $@

$(B)/obj/u/%.c.o: %.c Makefile | $(B)/uapi
	$(call say,CC3,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UFLAGS) $(cflags.$(call room_of,$*)) $(call uinc,$*) -c $< -o $@

$(B)/obj/u/%.S.o: %.S Makefile | $(B)/uapi
	$(call say,AS3,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UFLAGS) $(call uinc,$*) -c $< -o $@

# The kernel's ABI headers (linux-libc-dev, libxen-dev), and nothing else of /usr/include.
$(B)/uapi: Makefile
	@mkdir -p $@.new
	@ln -sfn /usr/include/linux $@.new/linux
	@ln -sfn /usr/include/x86_64-linux-gnu/asm $@.new/asm
	@ln -sfn /usr/include/asm-generic $@.new/asm-generic
	@ln -sfn /usr/include/video $@.new/video
	@ln -sfn /usr/include/xen $@.new/xen
	@rm -rf $@ && mv -T $@.new $@

# The guests' ACPI namespaces, which vmm/dev/dsdt.S includes.
AML		:= $(patsubst vmm/dev/%.asl,$(B)/aml/%.aml,$(wildcard vmm/dev/*.asl))
$(B)/aml/%.aml: vmm/dev/%.asl Makefile
	$(call say,IASL,$<)
	@mkdir -p $(@D)
	$(Q)iasl -we -vs -p $(B)/aml/$* $< > $@.log || { cat $@.log; exit 1; }

$(B)/obj/u/vmm/dev/dsdt.S.o: $(AML)

# ----------------------------------------------------------------------------------------------------- ring 3
PD_LDFLAGS	:= -static -nostartfiles -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		   -Wl,-z,separate-code -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--fatal-warnings

define pd_rule
$(B)/pd/$(1).elf: $(foreach r,$(rooms.$(1)),$(call uobjs,$(r))) $(U_OBJS) Makefile
	$$(call say,LD3,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(MUSL_CC) $(PD_LDFLAGS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach p,$(HAVE_PDS),$(eval $(call pd_rule,$(p))))

$(B)/pd/%.stripped: $(B)/pd/%.elf
	$(Q)$(OBJCOPY) --strip-all -R .comment $< $@

# Until there is start code there is nothing to link.
pds: $(if $(wildcard $(ARCH)/user/*.S),$(PD_ELFS))

# ----------------------------------------------------------------------------------------------------- kernel image
# mem* and str* of musl: no SSE, no %fs, no red zone.  Only these members, so that nothing else of a libc can slip into
# ring 0.
MUSL_LIBC	:= /usr/lib/x86_64-linux-musl/libc.a
KMEM		:= memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp
$(B)/obj/libkmem.a: Makefile
	$(call say,AR,$@)
	@mkdir -p $(@D)/kmem
	$(Q)cd $(@D)/kmem && $(AR) x $(MUSL_LIBC) $(KMEM:%=%.lo)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(KMEM:%=$(@D)/kmem/%.lo)

# Built-in modules: each ring-3 program page-aligned and padded to whole pages, and a table of them; and where root's
# segments go, so that ring 0 reads no ELF (kernel/embed.h).
$(B)/embed.S: Makefile $(HAVE_PDS:%=$(B)/pd/%.stripped)
	$(call say,GEN,$@)
	$(Q){ echo '.section .note.GNU-stack,"",@progbits'; \
	  for p in $(HAVE_PDS); do \
	    printf '.section .embed,"a"\n.balign 4096\nstart_%s:\n' $$p; \
	    printf '.incbin "$(B)/pd/%s.stripped"\nend_%s:\n' $$p $$p; \
	    printf '.balign 4096\n.section .rodata.embed,"a"\nname_%s: .asciz "%s"\n' $$p $$p; \
	  done; \
	  printf '.section .rodata.embed,"a"\n.balign 8\n.globl embed_modules, embed_count\nembed_modules:\n'; \
	  for p in $(HAVE_PDS); do printf '.quad name_%s, start_%s, end_%s\n' $$p $$p $$p; done; \
	  printf 'embed_count: .long %d\n.balign 8\n.globl embed_root, embed_root_count, embed_root_entry\n' \
		$(words $(HAVE_PDS)); \
	  echo 'embed_root:'; \
	  LC_ALL=C readelf -lW $(B)/pd/root.stripped | awk '$$1 == "LOAD" { \
		rights = 0; for (i = 7; i < NF; i++) rights += ($$i ~ /R/) + 2 * ($$i ~ /W/) + 4 * ($$i ~ /E/); \
		printf ".quad %s, start_root + %s, %s, %s, %d\n", $$3, $$2, $$5, $$6, rights; \
		printf "embed_root_used = %d\n", ++n \
	  }'; \
	  echo 'embed_root_count: .long embed_root_used'; \
	  LC_ALL=C readelf -hW $(B)/pd/root.stripped | \
		awk '/Entry point/ { printf ".balign 8\nembed_root_entry: .quad %s\n", $$NF }'; } > $@

$(B)/embed.o: $(B)/embed.S
	$(Q)$(CC) -c $< -o $@

K_LDFLAGS	:= -nostdlib -static -no-pie -Wl,-T,linker.ld -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		   -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings \
		   -Wl,-Map,$(B)/vos.map
$(B)/vos.elf: $(K_OBJS) $(B)/embed.o $(B)/obj/libkmem.a linker.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(K_LDFLAGS) -o $@ $(K_OBJS) $(B)/embed.o $(B)/obj/libkmem.a

objs: $(K_OBJS) $(U_OBJS) $(PD_OBJS)

# Until the boot room has an entry there is nothing to link.
do-all: objs pds $(if $(call srcs,boot),$(B)/vos.elf)
	@:

# ----------------------------------------------------------------------------------------------------- ISO
# Default guest images; a stamp, because a download is not repeated for each change of the script.
images: $(B)/images/done
$(B)/images/done: iso/images.sh iso/initrd.sh iso/initrd/init
	$(call say,IMAGES,$(@D))
	$(Q)iso/images.sh $(@D) && touch $@

# The same kernel as a PVH ELF, without its decompressor: for measurements.  52 MB, so not on the ISO.
$(B)/images/debian-vmlinux: iso/vmlinux.py $(B)/images/done
	$(call say,VMLINUX,$@)
	$(Q)iso/vmlinux.py $(B)/images/debian-kernel $@.full && $(OBJCOPY) --strip-all $@.full $@ && rm $@.full
vmlinux: $(B)/images/debian-vmlinux

# What goes on the ISO: the default images, then the user's; a later one of the same name wins.
DEFAULT_IMAGES	:= debian-kernel debian-initrd memtest
MODULES		= $(foreach i,$(DEFAULT_IMAGES),$(i)=$(B)/images/$(i)) $(IMAGES)
MODULE_FILES	= $(foreach m,$(IMAGES),$(lastword $(subst =, ,$(m)))) $(CONF)
# The knobs are an input too: this file changes when they do.
ISO_KNOBS	:= $(B)/iso.knobs
$(shell mkdir -p $(B); printf '%s\n' '$(CMDLINE)' '$(IMAGES)' '$(CONF)' > $(ISO_KNOBS).new; \
	if cmp -s $(ISO_KNOBS).new $(ISO_KNOBS); then rm $(ISO_KNOBS).new; else mv $(ISO_KNOBS).new $(ISO_KNOBS); fi)

$(B)/vos.iso: $(B)/vos.elf $(B)/images/done iso/mkiso.sh iso/grub.cfg $(ISO_KNOBS) $(MODULE_FILES)
	$(call say,ISO,$@)
	$(Q)iso/mkiso.sh iso $@ $(MODULES)

$(B)/bundle.cpio: $(B)/vos.elf $(B)/images/done iso/mkiso.sh $(ISO_KNOBS) $(MODULE_FILES)
	$(call say,CPIO,$@)
	$(Q)iso/mkiso.sh bundle $@ $(MODULES)

do-iso: $(B)/vos.iso
	@:
do-bundle: $(B)/bundle.cpio
	@:

iso: ; +$(Q)$(DEPS) && $(SUBMAKE) do-iso
bundle: ; +$(Q)$(DEPS) && $(SUBMAKE) do-bundle
run: ; +$(Q)$(DEPS) && $(SUBMAKE) do-iso && exec iso/run.sh bios
run-uefi: ; +$(Q)$(DEPS) uefi && $(SUBMAKE) do-iso && exec iso/run.sh uefi
run-intel: ; +$(Q)$(DEPS) intel && $(SUBMAKE) do-iso && exec iso/run.sh intel
gdb: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-bundle && iso/run.sh gdb

# ----------------------------------------------------------------------------------------------------- host tests
# Each tests/host/test_*.c and fuzz_*.c names its sources in a comment; rules.awk turns those into rules.
TESTS		:= $(sort $(wildcard tests/host/test_*.c))
FUZZERS		:= $(sort $(wildcard tests/host/fuzz_*.c))
FUZZERS		:= $(filter-out tests/host/fuzz_main.c,$(FUZZERS))
HOST_INC	:= $(SHARED_INC) $(ARCH)/include drivers/proto drivers/rt mgmt/proto tests/host
HOST_FLAGS	:= -std=gnu11 -O1 -g $(filter-out -Wframe-larger-than=%,$(WARN)) -fno-omit-frame-pointer \
		   -fno-strict-aliasing -DVOS_HOST_TEST=1 -DVOS_VERSION='"$(VERSION)"' -MMD -MP \
		   -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN_FLAGS	:= $(filter-out -fsanitize=%,$(HOST_FLAGS)) -fsanitize=thread -pthread
FUZZ_FLAGS	:= $(HOST_FLAGS) -fsanitize=fuzzer-no-link -Wno-unknown-warning-option
FUZZTIME	?= 60
T		?=

ifneq ($(TESTS)$(FUZZERS),)
$(shell mkdir -p $(B); awk -v B=$(B) -v INC='$(HOST_INC)' -f tests/host/rules.awk $(TESTS) $(FUZZERS) \
	> $(B)/host.mk.new; \
	if cmp -s $(B)/host.mk.new $(B)/host.mk; then rm $(B)/host.mk.new; else mv $(B)/host.mk.new $(B)/host.mk; fi)
include $(B)/host.mk
endif

picked		= $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(f)),$(f))),$(1))
TEST_BINS	:= $(call picked,$(TESTS:tests/host/%.c=$(B)/host/%))
FUZZ_BINS	:= $(call picked,$(FUZZERS:tests/host/%.c=$(B)/host/%))
LIBFUZZ_BINS	:= $(call picked,$(FUZZERS:tests/host/%.c=$(B)/libfuzzer/%))

do-unit: $(TEST_BINS) $(FUZZ_BINS)

do-fuzz: $(LIBFUZZ_BINS)
	$(Q)for f in $(LIBFUZZ_BINS); do \
		c=$(B)/corpus/$${f##*/}; mkdir -p $$c; echo "== $$f"; \
		$$f -max_total_time=$(FUZZTIME) -timeout=10 -artifact_prefix=$(B)/corpus/ $$c || exit 1; \
	done

fuzz: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-fuzz

# Rules that other rooms bring along (tiny guests, hostile programs): they add to TEST_IMAGES words NAME=FILE of what
# goes on build/test.iso and into build/test.cpio, which carry nothing else, and to TEST_FILES other things to build.
TEST_IMAGES	:=
TEST_FILES	:=
-include $(sort $(wildcard tests/*/rules.mk))

TEST_IMAGE_FILES = $(foreach m,$(TEST_IMAGES),$(lastword $(subst =, ,$(m))))
$(B)/test.iso: $(B)/vos.elf iso/mkiso.sh iso/grub.cfg $(ISO_KNOBS) $(TEST_IMAGE_FILES)
	$(call say,ISO,$@)
	$(Q)CONF= iso/mkiso.sh iso $@ $(TEST_IMAGES)

$(B)/test.cpio: $(B)/vos.elf iso/mkiso.sh $(ISO_KNOBS) $(TEST_IMAGE_FILES)
	$(call say,CPIO,$@)
	$(Q)CONF= iso/mkiso.sh bundle $@ $(TEST_IMAGES)

# ----------------------------------------------------------------------------------------------------- running tests
RUN		:= /usr/bin/python3 tests/run.py
do-boot-files: $(B)/vos.iso $(B)/bundle.cpio $(if $(TEST_IMAGES),$(B)/test.iso $(B)/test.cpio) $(TEST_FILES)

unit: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-unit && $(RUN) unit $(T)
# Other people's systems as guests: long, and fetched from the archive first.
$(B)/systems/done: tests/systems/fetch.sh iso/initrd.sh iso/initrd/init $(B)/images/done
	$(call say,FETCH,$(@D))
	$(Q)tests/systems/fetch.sh $(@D) && touch $@
do-systems: $(B)/systems/done
test-guests: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-systems && $(RUN) boot -m systems $(T)
check: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-iso do-bundle && $(RUN) check
boot-test: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && $(RUN) boot $(T)
sizes: ; $(Q)$(RUN) sizes
# Machines that make test has no time for.
test-more: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && $(RUN) boot -m more $(T)
# Takes guards away one by one, in a copy: the tests that are named for each must fail.
mutants: ; +$(Q)$(ALL_DEPS) && /usr/bin/python3 tests/mutants/run.py $(T)
# Everything is built before anything is run; the sum comes last.
test: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-unit do-boot-files && $(RUN) sizes unit check boot $(T)

# The yardstick is not part of the project: a folder with exitbench's sources, beside the project unless told otherwise.
EXITBENCH	?= ../shared/bench/exitbench
BENCH		?=
bench:
	$(Q)test -f '$(EXITBENCH)/Makefile' || { \
		echo "make bench: no exitbench at $(EXITBENCH); say where it is: make bench EXITBENCH=folder" >&2; \
		exit 2; }
	+$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all images vmlinux guests bench-files
	$(Q)mkdir -p $(B)/exitbench $(B)/exitbench2 && for n in '' 2; do \
		$(MAKE) -s -C "$(EXITBENCH)$$n" O="$(abspath $(B)/exitbench)$$n" 2>$(B)/exitbench/make.log || \
		{ cat $(B)/exitbench/make.log >&2; exit 1; }; done
	$(Q)/usr/bin/python3 tests/bench/bench.py $(BENCH) $(B)/exitbench/exitbench.elf $(B)/exitbench2/exitbench2.elf

# For tests/check/includes.py: ring, room, and the folders that room may include from.
rooms:
	@$(foreach r,$(K_ROOMS),echo k $(r) $(filter-out -iquote,$(call kinc,$(r)/x));)
	@$(foreach r,$(U_COMMON) $(U_ROOMS),echo u $(r) $(filter-out -iquote,$(call uinc,$(r)/x));)

# ----------------------------------------------------------------------------------------------------- housekeeping
clean:
	$(Q)find $(B) -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {} + 2>/dev/null || true

distclean:
	$(Q)rm -rf $(B) compile_commands.json

-include $(wildcard $(patsubst %.o,%.d,$(K_OBJS) $(U_OBJS) $(PD_OBJS)))
