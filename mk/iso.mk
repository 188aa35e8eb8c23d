# SPDX-License-Identifier: MIT
# Guest images, the ISO, the module bundle, and machines that boot them.
.PHONY: images vmlinux do-iso do-bundle iso bundle run run-uefi run-intel run-bg stop-bg gdb

# Default guest images; a stamp, because a download is not repeated for each change of the script.
images: $(B)/images/done
$(B)/images/done: iso/images.sh iso/initrd.sh $(wildcard iso/initrd/*)
	$(call say,IMAGES,$(@D))
	$(Q)iso/images.sh $(@D) && touch $@

# The same kernel as a PVH ELF, without its decompressor: for measurements.  52 MB, so not on the ISO.
$(B)/images/debian-vmlinux: iso/vmlinux.py $(B)/images/done
	$(call say,VMLINUX,$@)
	$(Q)iso/vmlinux.py $(B)/images/debian-kernel $@.full && $(OBJCOPY) --strip-all $@.full $@ && rm $@.full
vmlinux: $(B)/images/debian-vmlinux

# What goes on the ISO: the default images, then the user's; a later one of the same name wins.
DEFAULT_IMAGES	:= debian-kernel debian-initrd memtest seabios ovmf
MODULES		= $(foreach i,$(DEFAULT_IMAGES),$(i)=$(B)/images/$(i)) $(IMAGES)
MODULE_FILES	= $(foreach m,$(IMAGES),$(lastword $(subst =, ,$(m)))) $(CONF)
# The knobs are an input too: this file changes when they do.
ISO_KNOBS	:= $(B)/iso.knobs
$(ISO_KNOBS): FORCE
	@mkdir -p $(@D); printf '%s\n' '$(CMDLINE)' '$(IMAGES)' '$(CONF)' > $@.$$$$.new; \
	if cmp -s $@.$$$$.new $@; then rm $@.$$$$.new; else mv $@.$$$$.new $@; fi

$(B)/vos.iso: $(B)/vos.elf $(B)/images/done iso/mkiso.sh iso/grub.cfg $(ISO_KNOBS) $(MODULE_FILES)
	$(call say,ISO,$@)
	$(Q)iso/mkiso.sh iso $@ $(MODULES)

$(B)/bundle.cpio: $(B)/vos.elf $(B)/images/done iso/mkiso.sh $(ISO_KNOBS) $(MODULE_FILES)
	$(call say,CPIO,$@)
	$(Q)iso/mkiso.sh bundle $@ $(MODULES)

do-iso: $(B)/vos.iso
	@:
do-bundle: $(B)/bundle.cpio
	@:

iso: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-iso
bundle: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-bundle
run: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-iso && exec iso/run.sh bios
run-uefi: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-iso && exec iso/run.sh uefi
run-intel: ; $(NOW)$(Q)$(DEPS) intel && $(SUBMAKE) do-iso && exec iso/run.sh intel
run-bg: ; $(NOW)$(Q)$(DEPS) && $(SUBMAKE) do-iso && exec iso/run.sh bg
stop-bg: ; $(Q)iso/run.sh stop-bg
gdb: ; $(NOW)$(Q)$(ALL_DEPS) && $(SUBMAKE) do-bundle && iso/run.sh gdb
