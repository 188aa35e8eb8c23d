# SPDX-License-Identifier: MIT
# The console on a developer's own terminal, with a fake root: make console-sim && build/host/console_sim
CONSOLE_TESTS	:= tests/host/mgmt/console
$(B)/host/console_sim: $(addprefix $(CONSOLE_TESTS)/,console_sim.c fake_root.c fake_root.h) $(B)/host/console.a
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(call part_inc,console) $(TEST_INC) -o $@ $(filter %.c %.a,$^)

.PHONY: console-sim
console-sim: $(B)/host/console_sim
