# SPDX-License-Identifier: MIT
# The operator's machine: vos, vosd, vos-pool and libvos, as programs of Linux.  make host, make install, make deb.
#
# vos has the prompt's grammar, help and completion: the console's own sources, compiled for Linux.
HOSTTOOLS	:= mgmt/host
TOOLS_FLAGS	:= -std=gnu11 -O2 -g $(filter-out -Wframe-larger-than=%,$(WARN)) -fPIC -fvisibility=default \
		   -fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$(CURDIR)=. \
		   -DVOS_VERSION='"$(VERSION)"' -MMD -MP
$(eval $(call host_kind,tools,$(CC),$(TOOLS_FLAGS)))

LIBVOS_SONAME	:= libvos.so.1
T_DIR		:= $(B)/tools
T_LIB		:= $(T_DIR)/lib
LIBVOS_MAP	:= $(HOSTTOOLS)/libvos/libvos.map
TOOLS_LDFLAGS	:= -Wl,-z,relro -Wl,-z,now -Wl,--as-needed

# Programs see only vos_*, in the static library too: its objects are linked into one, whose other names become local.
$(T_LIB)/libvos.a: $(T_DIR)/libvos.a
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $(@D)/all.o --whole-archive $<
	$(Q)$(OBJCOPY) -w -G 'vos_*' $(@D)/all.o $(@D)/libvos.o
	$(Q)rm -f $@ && $(AR) rcsD $@ $(@D)/libvos.o && rm $(@D)/all.o $(@D)/libvos.o
$(T_LIB)/$(LIBVOS_SONAME): $(T_DIR)/libvos.a $(LIBVOS_MAP)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -o $@ -Wl,-soname,$(LIBVOS_SONAME) -Wl,--version-script,$(LIBVOS_MAP) \
		$(TOOLS_LDFLAGS) -Wl,-z,defs -Wl,--whole-archive $< -Wl,--no-whole-archive $(libs.libvos)
$(T_LIB)/libvos.so: $(T_LIB)/$(LIBVOS_SONAME)
	$(Q)ln -sfn $(LIBVOS_SONAME) $@

# vos links libvos statically: one file to copy to another machine.
tool_objs	= $(patsubst %,$(T_DIR)/obj/%.o,$(wildcard $(HOSTTOOLS)/$(1)/*.c))
$(T_DIR)/vos: $(call tool_objs,vos) $(T_LIB)/libvos.a $(T_DIR)/image.a $(T_DIR)/backup.a $(T_DIR)/console.a
	$(call say,HOSTLD,$@)
	$(Q)$(CC) -pie $(TOOLS_LDFLAGS) -o $@ $^ $(libs.libvos) $(libs.image) $(libs.backup)
$(T_DIR)/vosd: $(call tool_objs,vosd) $(T_DIR)/libvos.a
	$(call say,HOSTLD,$@)
	$(Q)$(CC) -pie $(TOOLS_LDFLAGS) -o $@ $^ $(libs.libvos)
$(T_DIR)/vos-pool: $(call tool_objs,pool) $(T_DIR)/vos_pool.a $(T_DIR)/pool.a
	$(call say,HOSTLD,$@)
	$(Q)$(CC) -pie $(TOOLS_LDFLAGS) -o $@ $^
-include $(wildcard $(T_DIR)/obj/$(HOSTTOOLS)/*/*.d)

# For a boot test: the same, and an example, of the host tests' objects, which are under sanitizers.
A_DIR		:= $(B)/host/tools
checked_objs	= $(patsubst %,$(B)/host/obj/%.o,$(wildcard $(HOSTTOOLS)/$(1)/*.c))
CHECKED		:= $(addprefix $(A_DIR)/,vos vosd watch)
$(A_DIR)/vos: $(call checked_objs,vos) $(B)/host/libvos.a $(B)/host/image.a $(B)/host/backup.a $(B)/host/console.a
$(A_DIR)/vosd: $(call checked_objs,vosd) $(B)/host/libvos.a
$(A_DIR)/watch: $(HOSTTOOLS)/libvos/examples/watch.c $(B)/host/libvos.a
$(CHECKED):
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -g $(ASAN) -I$(HOSTTOOLS)/libvos -o $@ $^ $(libs.libvos) $(libs.image) $(libs.backup)
-include $(wildcard $(B)/host/obj/$(HOSTTOOLS)/*/main.c.d)

.PHONY: do-host host
# The boot tests run them.
do-boot-files: do-host $(CHECKED)
do-host: $(T_DIR)/vos $(T_DIR)/vosd $(T_DIR)/vos-pool $(T_LIB)/libvos.a $(T_LIB)/libvos.so
host: ; $(NOW)$(Q)$(DEPS) host && $(SUBMAKE) do-host

# ---- installation ----
PREFIX		?= /usr/local
DESTDIR		?=
T_ROOT		= $(DESTDIR)$(PREFIX)
T_PACKAGE	:= $(HOSTTOOLS)/package
# Debian's folder below /usr; other prefixes have the plain one.
T_LIBDIR	= $(if $(filter /usr,$(PREFIX)),lib/$(shell $(CC) -print-multiarch),lib)

define VOS_PC
prefix=$(PREFIX)
Name: libvos
Description: manage machines that run the VOS hypervisor
Version: $(VERSION)
Requires.private: jansson
Cflags: -I$${prefix}/include
Libs: -L$${prefix}/$(T_LIBDIR) -lvos
endef
export VOS_PC

.PHONY: install deb do-install do-deb
do-install: do-host
	$(call say,INSTALL,$(T_ROOT))
	$(Q)install -d $(addprefix $(T_ROOT)/,bin include $(T_LIBDIR)/pkgconfig share/man/man1 share/man/man8 \
		share/bash-completion/completions lib/systemd/user share/doc/vos-host/examples)
	$(Q)install $(T_DIR)/vos $(T_DIR)/vosd $(T_DIR)/vos-pool $(T_ROOT)/bin
	$(Q)install -m 644 $(HOSTTOOLS)/libvos/vos.h $(HOSTTOOLS)/libvos/vm.h $(T_ROOT)/include
	$(Q)install -m 644 $(T_LIB)/libvos.a $(T_LIB)/$(LIBVOS_SONAME) $(T_ROOT)/$(T_LIBDIR)
	$(Q)ln -sfn $(LIBVOS_SONAME) $(T_ROOT)/$(T_LIBDIR)/libvos.so
	$(Q)printf '%s\n' "$$VOS_PC" > $(T_ROOT)/$(T_LIBDIR)/pkgconfig/libvos.pc
	$(Q)$(T_DIR)/vos --manual | gzip -9n > $(T_ROOT)/share/man/man1/vos.1.gz
	$(Q)gzip -9nc $(T_PACKAGE)/vos-pool.1 > $(T_ROOT)/share/man/man1/vos-pool.1.gz
	$(Q)gzip -9nc $(T_PACKAGE)/vosd.8 > $(T_ROOT)/share/man/man8/vosd.8.gz
	$(Q)install -m 644 $(T_PACKAGE)/vos.bash $(T_ROOT)/share/bash-completion/completions/vos
	$(Q)install -m 644 $(T_PACKAGE)/vosd@.service $(T_ROOT)/lib/systemd/user
	$(Q)install -m 644 $(HOSTTOOLS)/libvos/examples/*.c $(T_ROOT)/share/doc/vos-host/examples
install: ; $(NOW)$(Q)$(DEPS) host && $(SUBMAKE) do-install

do-deb: do-host
	$(Q)rm -rf $(B)/deb && $(MAKE) --no-print-directory do-install DESTDIR=$(abspath $(B)/deb) PREFIX=/usr
	$(Q)strip --strip-unneeded -R .comment -R .note $(addprefix $(B)/deb/usr/bin/,vos vosd vos-pool) \
		$(B)/deb/usr/lib/*/$(LIBVOS_SONAME) && strip -g $(B)/deb/usr/lib/*/libvos.a
	$(Q)$(T_PACKAGE)/deb.sh $(B) $(VERSION)
deb: ; $(NOW)$(Q)$(DEPS) host && $(SUBMAKE) do-deb
