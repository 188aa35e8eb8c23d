# SPDX-License-Identifier: MIT
# For make bench.  A VMM that counts each exit by its cause and tells: the VMM with trace.c around its exit handler.
BENCH_OBJS	:= $(patsubst %,$(B)/obj/u/%.o,$(wildcard tests/bench/*.c))
inc.tests/bench	:= $(VMM_ROOMS)
cflags.tests/bench := -mgeneral-regs-only
$(B)/pd/vmm-trace.elf: $(B)/obj/u/tests/bench/trace.c.o $(foreach r,$(rooms.vmm),$(call uobjs,$(r))) $(U_OBJS) $(MK)
	$(call say,LD3,$@)
	@mkdir -p $(@D)
	$(Q)$(MUSL_LD) $(PD_LDFLAGS) -Wl,--wrap=vcpu_handle_exit -o $@ $(filter %.o,$^)

# The first program of a Linux whose start is measured.
$(B)/bench/init: $(B)/obj/u/tests/bench/linux_init.c.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -o $@ $<

bench-files: $(B)/pd/vmm-trace.stripped $(B)/bench/init
.PHONY: bench-files
-include $(BENCH_OBJS:.o=.d)
