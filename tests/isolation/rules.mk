# Hostile ring-3 programs: each tests/isolation/hostile*.c becomes build/pd/NAME.elf, a boot module that a test names as
# the VMM of a VM.
HOSTILES	:= $(patsubst tests/isolation/%.c,%,$(sort $(wildcard tests/isolation/hostile*.c)))

define hostile_rule
$(B)/pd/$(1).elf: $(B)/obj/u/tests/isolation/$(1).c.o $(U_OBJS) Makefile
	$$(call say,LD3,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(MUSL_CC) $(PD_LDFLAGS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach p,$(HOSTILES),$(eval $(call hostile_rule,$(p))))

TEST_IMAGES	+= $(foreach p,$(HOSTILES),$(subst _,-,$(p))=$(B)/pd/$(p).stripped)
-include $(wildcard $(B)/obj/u/tests/isolation/*.d)
