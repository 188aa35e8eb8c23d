# SPDX-License-Identifier: MIT
# Rooms: which folders there are, what each may include, which program it belongs to, and how its sources are compiled.
# Each room is compiled with its own -iquote list, which keeps dependencies one-way (tests/check/includes.py).
ARCH		:= arch/x86_64
SHARED_INC	:= kernel/abi lib/base
K_INC		:= $(SHARED_INC) $(ARCH)/include
U_INC		:= $(SHARED_INC) $(ARCH)/user lib/rt lib/proto

KERNEL		:= kernel $(addprefix kernel/,object mem sched)
K_ROOMS		:= boot $(ARCH)/cpu $(ARCH)/mmu $(ARCH)/irq $(ARCH)/virt $(ARCH)/virt/svm $(ARCH)/virt/vmx \
		   $(KERNEL) lib/base
# Folders a room may include from, besides K_INC or U_INC and itself.
inc.$(ARCH)/virt/svm	:= $(ARCH)/virt
inc.$(ARCH)/virt/vmx	:= $(ARCH)/virt
ROOT		:= mgmt/root $(addprefix mgmt/root/,config net service store users vm)
CONSOLE		:= mgmt/console $(addprefix mgmt/console/,command inventory rpc session term view)
$(foreach r,$(KERNEL),$(eval inc.$(r) := $(filter-out $(r),$(KERNEL))))
$(foreach r,$(ROOT),$(eval inc.$(r) := $(filter-out $(r),$(ROOT)) mgmt/platform lib/net lib/image))
$(foreach r,$(CONSOLE),$(eval inc.$(r) := $(filter-out $(r),$(CONSOLE)) lib/wire))
# The VMM: devices at the bottom, which know the machine's memory and its host; loaders; vCPUs; the machine, which joins
# them all.
VMM_DEV		:= vmm/dev $(addprefix vmm/dev/,irq timer char acpi pci power virtio firmware)
VMM_ROOMS	:= vmm vmm/machine vmm/cpu vmm/load $(VMM_DEV)
inc.vmm			:= $(VMM_ROOMS) lib/net
inc.vmm/machine		:= vmm/cpu vmm/load $(VMM_DEV) lib/net
inc.vmm/cpu		:= vmm/machine $(VMM_DEV) lib/net
inc.vmm/load		:= vmm/machine vmm/cpu vmm/dev vmm/dev/acpi vmm/dev/power
inc.vmm/dev/irq		:= vmm/dev
inc.vmm/dev/timer	:= vmm/dev
inc.vmm/dev/char	:= vmm/dev vmm/machine
inc.vmm/dev/acpi	:= vmm/dev vmm/dev/power vmm/dev/timer
inc.vmm/dev/pci		:= vmm/dev vmm/dev/power vmm/dev/irq vmm/machine
inc.vmm/dev/power	:= vmm/dev
inc.vmm/dev/firmware	:= vmm/dev vmm/dev/acpi vmm/machine
inc.vmm/dev/virtio	:= lib/net vmm/dev vmm/dev/pci vmm/dev/power vmm/dev/irq vmm/machine

NET		:= lib/net mgmt/net/switch mgmt/net/router
inc.mgmt/net/switch	:= lib/net
inc.mgmt/net/router	:= lib/net

# Programs for the operator's own Linux machine (mk/mgmt-host.mk). vos has the console's grammar.
inc.mgmt/host/libvos	:= lib/wire
inc.mgmt/host/vos	:= mgmt/host/libvos mgmt/host/image mgmt/host/backup lib/image $(CONSOLE)
inc.mgmt/host/image	:= lib/image
inc.mgmt/host/backup	:=
inc.mgmt/host/vosd	:= mgmt/host/libvos lib/wire
inc.mgmt/host/pool	:= lib/pool mgmt/store

# While a VMM handles an exit the vector registers still hold the guest's: touching them would cost a switch of them.
# Start code runs before the stack guard is set, and answers system calls whose callers keep live values in vector
# registers.
cflags.$(ARCH)/user	:= -mgeneral-regs-only -fno-stack-protector
cflags.lib/rt		:= -mgeneral-regs-only
cflags.lib/net		:= -mgeneral-regs-only
$(foreach r,$(VMM_ROOMS),$(eval cflags.$(r) := -mgeneral-regs-only))

# Ring-3 programs and the rooms each is made of; every one also gets U_COMMON.  The order is that of the module table.
PDS		:= root console serial screen store vmm virtio_blk nvme ahci ata virtio_port switch router \
		   virtio_net e1000 guard
rooms.root	:= $(ROOT) mgmt/platform lib/net lib/image
rooms.console	:= $(CONSOLE) lib/wire
rooms.serial	:= drivers/serial
rooms.screen	:= drivers/screen
rooms.store	:= mgmt/store lib/pool
inc.mgmt/store	:= lib/pool
rooms.guard	:= mgmt/guard
rooms.vmm	:= $(VMM_ROOMS) lib/net
rooms.switch	:= mgmt/net/switch lib/net
rooms.router	:= mgmt/net/router lib/net
$(foreach d,virtio_blk nvme ahci ata,$(eval rooms.$(d) := drivers/blk/$(d) drivers/blk/common drivers/common))
$(foreach d,virtio_blk nvme ahci ata,$(eval inc.drivers/blk/$(d) := drivers/blk/common drivers/common))
rooms.virtio_blk += drivers/virtio
inc.drivers/blk/virtio_blk += drivers/virtio
rooms.virtio_port := drivers/virtio_port drivers/virtio drivers/common
inc.drivers/blk/common	:= drivers/common
$(foreach d,virtio_net e1000,$(eval rooms.$(d) := drivers/net/$(d) drivers/net/common drivers/common lib/net))
$(foreach d,virtio_net e1000,$(eval inc.drivers/net/$(d) := drivers/net/common drivers/common lib/net))
rooms.virtio_net += drivers/virtio
inc.drivers/net/virtio_net += drivers/virtio
inc.drivers/net/common	:= drivers/common lib/net
inc.drivers/virtio	:= drivers/common
inc.drivers/virtio_port	:= drivers/virtio drivers/common
U_ROOMS		:= $(foreach p,$(PDS),$(rooms.$(p)))
U_COMMON	:= $(ARCH)/user lib/rt lib/base

# room folder -> its objects below $(B)/obj/k (ring 0) or $(B)/obj/u (ring 3)
srcs		= $(sort $(wildcard $(1)/*.c $(1)/*.S))
kobjs		= $(patsubst %,$(B)/obj/k/%.o,$(call srcs,$(1)))
uobjs		= $(patsubst %,$(B)/obj/u/%.o,$(call srcs,$(1)))
room_of		= $(patsubst %/,%,$(dir $(1)))
kinc		= $(addprefix -iquote ,$(sort $(K_INC) $(call room_of,$(1)) $(inc.$(call room_of,$(1)))))
uinc		= $(addprefix -iquote ,$(sort $(U_INC) $(call room_of,$(1)) $(inc.$(call room_of,$(1)))))

K_OBJS		:= $(foreach r,$(K_ROOMS),$(call kobjs,$(r)))
U_OBJS		:= $(foreach r,$(U_COMMON),$(call uobjs,$(r)))
PD_OBJS		:= $(foreach r,$(U_ROOMS),$(call uobjs,$(r)))
PD_ELFS		:= $(PDS:%=$(B)/pd/%.elf)

.PHONY: objs rooms
objs: $(K_OBJS) $(U_OBJS) $(PD_OBJS)

# For tests/check/includes.py: ring, room, and the folders that room may include from.
rooms:
	@$(foreach r,$(K_ROOMS),echo k $(r) $(filter-out -iquote,$(call kinc,$(r)/x));)
	@$(foreach r,$(U_COMMON) $(U_ROOMS),echo u $(r) $(filter-out -iquote,$(call uinc,$(r)/x));)

$(B)/obj/k/%.c.o: %.c $(MK) | $(B)/uapi
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(call kinc,$*) -c $< -o $@

$(B)/obj/k/%.S.o: %.S $(MK) | $(B)/uapi
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) $(call kinc,$*) -c $< -o $@

$(B)/obj/u/%.c.o: %.c $(MK) | $(B)/uapi
	$(call say,CC3,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UFLAGS) $(cflags.$(call room_of,$*)) $(call uinc,$*) -c $< -o $@

$(B)/obj/u/%.S.o: %.S $(MK) | $(B)/uapi
	$(call say,AS3,$<)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UFLAGS) $(call uinc,$*) -c $< -o $@

# The kernel's ABI headers (linux-libc-dev, libxen-dev) and libsodium's, and nothing else of /usr/include.
$(B)/uapi: $(MK)
	@mkdir -p $@.new
	@ln -sfn /usr/include/linux $@.new/linux
	@ln -sfn /usr/include/x86_64-linux-gnu/asm $@.new/asm
	@ln -sfn /usr/include/asm-generic $@.new/asm-generic
	@ln -sfn /usr/include/video $@.new/video
	@ln -sfn /usr/include/xen $@.new/xen
	@ln -sfn /usr/include/sodium.h $@.new/sodium.h
	@ln -sfn /usr/include/sodium $@.new/sodium
	@rm -rf $@ && mv -T $@.new $@

# The guests' ACPI namespaces, which vmm/dev/acpi/dsdt.S includes. Remark 2098: a method calls itself, on purpose.
ACPI		:= vmm/dev/acpi
AML		:= $(patsubst $(ACPI)/%.asl,$(B)/aml/%.aml,$(wildcard $(ACPI)/*.asl))
$(B)/aml/%.aml: $(ACPI)/%.asl $(wildcard $(ACPI)/*.inc) $(MK)
	$(call say,IASL,$<)
	@mkdir -p $(@D)
	$(Q)iasl -we -vs -vw 2098 -I $(ACPI) -p $(B)/aml/$* $< > $@.log || { cat $@.log; exit 1; }

$(B)/obj/u/$(ACPI)/dsdt.S.o: $(AML)

-include $(wildcard $(patsubst %.o,%.d,$(K_OBJS) $(U_OBJS) $(PD_OBJS)))
