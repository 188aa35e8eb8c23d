# SPDX-License-Identifier: MIT
# A hostile ring-3 program for a VMM's place: linked like any other, shipped as a boot module.
HOSTILE_OBJ	:= $(B)/obj/u/tests/isolation/hostile.c.o
$(B)/pd/hostile.elf: $(HOSTILE_OBJ) $(U_OBJS) $(MK)
	$(call say,LD3,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_LD) $(PD_LDFLAGS) -o $@ $(filter %.o,$^)

TEST_IMAGES	+= hostile-vmm=$(B)/pd/hostile.stripped
-include $(HOSTILE_OBJ:.o=.d)

# A kernel for QEMU's -kernel whose NVMe driver is hostile.
inc.tests/isolation := drivers/common drivers/blk/common drivers/blk/nvme
HOSTILE_NVME	:= $(addprefix $(B)/obj/u/,tests/isolation/hostile_nvme.c.o drivers/blk/nvme/nvme_queue.c.o \
		   drivers/common/regs.c.o)
$(B)/pd/hostile_nvme.elf: $(HOSTILE_NVME) $(U_OBJS) $(MK)
	$(call say,LD3,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_LD) $(PD_LDFLAGS) -o $@ $(filter %.o,$^)

HOSTILE_PDS	:= $(foreach p,$(PDS),$(p)=$(B)/pd/$(patsubst nvme,hostile_nvme,$(p)).stripped)
$(B)/embed-hostile.S: iso/embed.py $(MK) $(foreach m,$(HOSTILE_PDS),$(lastword $(subst =, ,$(m))))
	$(call say,GEN,$@)
	$(Q)iso/embed.py $(HOSTILE_PDS) > $@

$(B)/embed-hostile.o: $(B)/embed-hostile.S
	$(Q)$(CC) -c $< -o $@

$(B)/vos-hostile.elf: $(K_OBJS) $(PVH_ENTRY) $(B)/embed-hostile.o $(B)/obj/libkmem.a linker.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -Wl$(comma)-Map%,$(K_LDFLAGS)) -o $@ $(filter %.o %.a,$^)

TEST_FILES	+= $(B)/vos-hostile.elf
-include $(B)/obj/u/tests/isolation/hostile_nvme.c.d
