# The console on a developer's own terminal, with a fake root: make console-sim && build/host/console_sim
SIM_SOURCES	:= $(filter-out mgmt/console/main.c,$(wildcard mgmt/console/*.c)) tests/host/fake_root.c \
		   tests/host/console_sim.c

$(B)/host/console_sim: $(SIM_SOURCES) $(wildcard mgmt/console/*.h) tests/host/fake_root.h $(MK)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(HOST_FLAGS)) $(addprefix -iquote ,$(HOST_INC) mgmt/console) \
		-o $@ $(SIM_SOURCES)

.PHONY: console-sim
console-sim: $(B)/host/console_sim
