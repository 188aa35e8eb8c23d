# SPDX-License-Identifier: MIT
# Running the tests, and what they need besides the product.
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

.PHONY: do-boot-files do-systems do-debian do-nested unit check boot-test test test-more test-io test-firmware \
	test-guests newer wire-soak crash mutants sizes coverage bench bench-line
RUN		:= /usr/bin/python3 tests/run.py
do-boot-files: $(B)/vos.iso $(B)/bundle.cpio $(B)/test.iso $(B)/test.cpio $(TEST_FILES)

unit: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-unit && $(RUN) unit $(T)
# Other people's systems as guests: long, and fetched from the archive first.
$(B)/systems/done: tests/systems/fetch.sh tests/systems/apt.sh iso/initrd.sh iso/initrd/init \
		iso/appliance.sh $(B)/images/done
	$(call say,FETCH,$(@D))
	$(Q)tests/systems/fetch.sh $(@D) && touch $@
do-systems: $(B)/systems/done
test-guests: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-systems && $(RUN) boot -m systems $(T)
check: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-iso do-bundle && $(RUN) check
boot-test: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && $(RUN) boot $(T)
sizes: ; $(Q)$(RUN) sizes
# Lines that tests run, WHAT=unit by host tests or WHAT=kernel by boot tests (BOOT="-k guests").
coverage: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && \
	$(SUBMAKE) COVERAGE=1 B=build/coverage do-unit && BOOT='$(BOOT)' tests/coverage.py $(WHAT)
# Machines that make test has no time for.
# VOS below KVM below QEMU or Bochs is one of them: Linux, KVM and QEMU are Debian's.
$(B)/nested/initrd: tests/nested/pack.sh tests/nested/run.sh iso/initrd.sh iso/initrd/init $(B)/images/done \
		$(B)/vos-pvh.elf $(B)/test.cpio
	$(call say,PACK,$@)
	$(Q)tests/nested/pack.sh $(@D) $(B)/images/packages/kernel $(B)/vos-pvh.elf $(B)/test.cpio
do-nested: $(B)/nested/initrd
test-more: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files do-nested && $(RUN) boot -m more $(T)
# Disks and volumes at length: every kind of disk, with file systems.
test-io: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && VOS_TEST_MINUTES=240 $(RUN) boot -m io $(T)
# Systems that boot from their own disks, at length. The image of one is made of some hundred packages.
$(B)/debian/disk.img: tests/systems/debian.sh tests/systems/apt.sh
	$(call say,DEBIAN,$@)
	$(Q)tests/systems/debian.sh $(@D)
do-debian: $(B)/debian/disk.img
test-firmware: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files do-debian && $(RUN) boot -m firmware $(T)
# Programs on the line at length, with faults: WIRE_REQUESTS=100000, WIRE_REBOOTS=50.
wire-soak: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-boot-files && $(RUN) boot -m wire $(T)
# Emulators newer than the system's, for QEMU= and BOCHS=.
newer:
	$(call say,FETCH,$(B)/newer)
	$(Q)tests/systems/newer.sh $(B)/newer
# Power cuts of the pool: CRASH_STATES=1000000, CRASH_SEED=1.
CRASH_STATES	?= 1000000
CRASH_SEED	?= 1
crash: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-unit T=pool_crash && POOL_CRASH_STATES=$(CRASH_STATES) \
	POOL_CRASH_SEED=$(CRASH_SEED) $(B)/host/test_pool_crash
# Takes guards away one by one, in a copy: the tests that are named for each must fail.
mutants: ; $(NOW)$(Q)$(ALL_DEPS) && /usr/bin/python3 tests/mutants/run.py $(T)
# Everything is built before anything is run; the sum comes last.
test: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all do-unit do-boot-files && $(RUN) sizes unit check boot $(T)

# The yardstick is not part of the project: a folder with exitbench's sources, beside the project unless told otherwise.
EXITBENCH	?= ../shared/bench/exitbench
BENCH		?=
bench:
	$(Q)test -f '$(EXITBENCH)/Makefile' || { \
		echo "make bench: no exitbench at $(EXITBENCH); say where it is: make bench EXITBENCH=folder" >&2; \
		exit 2; }
	$(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all images vmlinux guests bench-files
	$(Q)mkdir -p $(B)/exitbench $(B)/exitbench2 && for n in '' 2; do \
		$(MAKE) -s -C "$(EXITBENCH)$$n" O="$(abspath $(B)/exitbench)$$n" 2>$(B)/exitbench/make.log || \
		{ cat $(B)/exitbench/make.log >&2; exit 1; }; done
	$(Q)/usr/bin/python3 tests/bench/bench.py $(BENCH) $(B)/exitbench/exitbench.elf $(B)/exitbench2/exitbench2.elf

# The same of a block request; the guest's program is not part of the project either.
BLKBENCH	?= ../shared/bench/io/blkbench.c
LINUX_PROGRAM	= $(CC) -O2 -static-pie -pthread -o $@ $<
$(B)/bench/blkbench: $(BLKBENCH)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_PROGRAM)
$(B)/bench/linux_io: tests/bench/guest/linux_io.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_PROGRAM) -Wall -Wextra
bench-io:
	$(Q)test -f '$(BLKBENCH)' || { \
		echo "make bench-io: no blkbench at $(BLKBENCH); say where it is: make bench-io BLKBENCH=file" >&2; \
		exit 2; }
	$(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all images $(B)/bench/blkbench $(B)/bench/linux_io
	$(Q)/usr/bin/python3 tests/bench/bench_io.py $(BENCH) $(B)/bench/blkbench $(B)/bench/linux_io
.PHONY: bench-io

# And of a packet between two VMs.
NETBENCH	?= ../shared/bench/io/netbench.c
$(B)/bench/netbench: $(NETBENCH)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_PROGRAM)
$(B)/bench/linux_net: tests/bench/guest/linux_net.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_PROGRAM) -Wall -Wextra
bench-net:
	$(Q)test -f '$(NETBENCH)' || { \
		echo "make bench-net: no netbench at $(NETBENCH); say where it is: make bench-net NETBENCH=file" >&2; \
		exit 2; }
	$(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all images $(B)/bench/netbench $(B)/bench/linux_net
	$(Q)/usr/bin/python3 tests/bench/bench_net.py $(B)/bench/netbench $(B)/bench/linux_net
.PHONY: bench-net

# Bytes a second and round trips of the console's lines.
bench-line: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-all $(B)/test.cpio && /usr/bin/python3 tests/bench/bench_line.py
