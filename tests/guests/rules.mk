# SPDX-License-Identifier: MIT
# Tiny guests: each tests/guests/NAME.c with lib/ becomes build/guests/NAME.elf, a PVH kernel.
GUESTS		:= $(sort $(wildcard tests/guests/*.c tests/isolation/guest_*.c))
GUEST_LIB	:= $(sort $(wildcard tests/guests/lib/*.c tests/guests/lib/*.S))
GUEST_ELFS	:= $(patsubst %.c,$(B)/guests/%.elf,$(notdir $(GUESTS)))
GUEST_CFLAGS	:= -std=gnu11 -O2 -g $(WARN) -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
		   -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing \
		   -ffile-prefix-map=$(CURDIR)=. -iquote kernel/abi -iquote tests/guests/lib -MMD -MP
GUEST_LIB_OBJS	:= $(patsubst tests/guests/lib/%,$(B)/guests/lib/%.o,$(GUEST_LIB))

$(B)/guests/lib/%.o: tests/guests/lib/% $(MK) tests/guests/rules.mk
	$(call say,CCG,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(B)/guests/%.o: tests/guests/%.c $(MK) tests/guests/rules.mk
	$(call say,CCG,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c $< -o $@

$(B)/guests/%.o: tests/isolation/%.c $(MK) tests/guests/rules.mk
	$(call say,CCG,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -c $< -o $@

# An archive, so that only what a guest uses is linked.
$(B)/guests/lib.a: $(GUEST_LIB_OBJS)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(B)/guests/%.elf: $(B)/guests/%.o $(B)/guests/lib.a tests/guests/lib/guest.ld
	$(call say,LDG,$@)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,-T,tests/guests/lib/guest.ld -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -o $@.full $(filter %.o %.a,$^)
	$(Q)$(OBJCOPY) --strip-debug $@.full $@

# Multiboot kernels below 1 MiB: build/guests/low-ADDRESS.elf.
LOW_ELFS	:= $(foreach a,1000 8000,$(B)/guests/low-$(a).elf)
$(B)/guests/low-%.elf: tests/guests/low/low.S $(MK) tests/guests/rules.mk
	$(call say,LDG,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -nostdlib -static -no-pie -Wl,-n -Wl,-Ttext=0x$* -Wl,-e,start -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -s -o $@ $<

guests: $(GUEST_ELFS) $(LOW_ELFS)
.PHONY: guests
-include $(wildcard $(B)/guests/*.d $(B)/guests/lib/*.d)
TEST_IMAGES	+= $(foreach g,$(GUEST_ELFS) $(LOW_ELFS),$(subst _,-,$(basename $(notdir $(g))))=$(g))

TEST_IMAGES	+= $(foreach e,$(GUEST_ELFS),$(patsubst guest_%,%,$(basename $(notdir $(e))))=$(e))

# Boot sectors: build/guests/boot_sector.bin. BIOS and UEFI are among the images, for VMs that boot from their disks.
BOOT_SECTORS	:= $(patsubst tests/guests/disk/%.S,$(B)/guests/%.bin,$(wildcard tests/guests/disk/*.S))
$(B)/guests/%.bin: tests/guests/disk/%.S $(MK) tests/guests/rules.mk
	$(call say,LDG,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x7c00 -Wl,-e,start -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -o $@.elf $< && $(OBJCOPY) -O binary -j .text $@.elf $@
TEST_FILES	+= $(BOOT_SECTORS)
TEST_IMAGES	+= $(foreach i,seabios ovmf,$(i)=$(B)/images/$(i))
$(B)/images/seabios $(B)/images/ovmf: $(B)/images/done
