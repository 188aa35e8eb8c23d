# SPDX-License-Identifier: MIT
# The kernel as QEMU's -kernel starts it. What is linked in the high half is at the same addresses as in vos.elf.
comma		:= ,
PVH_ENTRY	:= $(B)/obj/k/tests/boot/pvh_entry.S.o
$(B)/vos-pvh.elf: $(B)/vos.elf $(PVH_ENTRY)
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -Wl$(comma)-Map%,$(K_LDFLAGS)) -o $@.new \
		$(K_OBJS) $(PVH_ENTRY) $(B)/embed.o $(B)/obj/libkmem.a
	$(Q)for f in $(B)/vos.elf $@.new; do nm $$f | grep '^ffffffff8' > $(B)/obj/$${f##*/}.symbols; done; \
		cmp $(B)/obj/vos.elf.symbols $(B)/obj/vos-pvh.elf.new.symbols && mv $@.new $@

# Programs for Linux guests.
$(B)/linux/%: tests/boot/guest/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_PROGRAM) -Wall -Wextra
TEST_FILES	+= $(patsubst tests/boot/guest/%.c,$(B)/linux/%,$(wildcard tests/boot/guest/*.c))
