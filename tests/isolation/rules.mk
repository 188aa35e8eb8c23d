# SPDX-License-Identifier: MIT
# A hostile ring-3 program for a VMM's place: linked like any other, shipped as a boot module.
HOSTILE_OBJ	:= $(B)/obj/u/tests/isolation/hostile.c.o
$(B)/pd/hostile.elf: $(HOSTILE_OBJ) $(U_OBJS) $(MK)
	$(call say,LD3,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_LD) $(PD_LDFLAGS) -o $@ $(filter %.o,$^)

TEST_IMAGES	+= hostile-vmm=$(B)/pd/hostile.stripped
-include $(HOSTILE_OBJ:.o=.d)
