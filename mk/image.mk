# SPDX-License-Identifier: MIT
# The ring-3 programs, and the kernel image with all of them inside.
PD_LDFLAGS	:= -static -nostartfiles -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		   -Wl,-z,separate-code -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--fatal-warnings

# Debian's libsodium, which was built with glibc's checks of lengths: musl has no function of that name, and takes the
# further argument without a look at it.
pdlibs.store	:= -Wl,--defsym=__explicit_bzero_chk=explicit_bzero /usr/lib/x86_64-linux-gnu/libsodium.a
pdlibs.guard	:= $(pdlibs.store)

define pd_rule
$(B)/pd/$(1).elf: $(foreach r,$(rooms.$(1)),$(call uobjs,$(r))) $(U_OBJS) $(MK) mk/image.mk
	$$(call say,LD3,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(MUSL_LD) $(PD_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(pdlibs.$(1))
endef
$(foreach p,$(PDS),$(eval $(call pd_rule,$(p))))

$(B)/pd/%.stripped: $(B)/pd/%.elf
	$(Q)$(OBJCOPY) --strip-all -R .comment $< $@

pds: $(PD_ELFS)

# mem* and str* of musl: no SSE, no %fs, no red zone.  Only these members, so that nothing else of a libc can slip into
# ring 0.
MUSL_LIBC	:= /usr/lib/x86_64-linux-musl/libc.a
KMEM		:= memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp
$(B)/obj/libkmem.a: $(MK) mk/image.mk
	$(call say,AR,$@)
	@mkdir -p $(@D)/kmem
	$(Q)cd $(@D)/kmem && $(AR) x $(MUSL_LIBC) $(KMEM:%=%.lo)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(KMEM:%=$(@D)/kmem/%.lo)

# The ring-3 programs as modules inside the kernel image (kernel/embed.h).
$(B)/embed.S: iso/embed.py $(MK) $(PDS:%=$(B)/pd/%.stripped)
	$(call say,GEN,$@)
	$(Q)iso/embed.py $(foreach p,$(PDS),$(p)=$(B)/pd/$(p).stripped) > $@

$(B)/embed.o: $(B)/embed.S
	$(Q)$(CC) -c $< -o $@

K_LDFLAGS	:= -nostdlib -static -no-pie -Wl,-T,linker.ld -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		   -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings \
		   -Wl,-Map,$(B)/vos.map
$(B)/vos.elf: $(K_OBJS) $(B)/embed.o $(B)/obj/libkmem.a linker.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(K_LDFLAGS) -o $@ $(K_OBJS) $(B)/embed.o $(B)/obj/libkmem.a

.PHONY: pds do-all
do-all: objs pds $(B)/vos.elf $(B)/vos-pvh.elf
	@:
