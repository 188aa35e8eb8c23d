# Host tests and fuzzers.
# Each tests/host/test_*.c and fuzz_*.c names its sources in a comment; rules.awk turns those into rules.
TESTS		:= $(sort $(wildcard tests/host/test_*.c))
FUZZERS		:= $(filter-out tests/host/fuzz_main.c,$(sort $(wildcard tests/host/fuzz_*.c)))
HOST_INC	:= $(SHARED_INC) $(ARCH)/include drivers/proto drivers/rt mgmt/proto tests/host
HOST_FLAGS	:= -std=gnu11 -O1 -g $(filter-out -Wframe-larger-than=%,$(WARN)) -fno-omit-frame-pointer \
		   -fno-strict-aliasing -DVOS_HOST_TEST=1 -DVOS_VERSION='"$(VERSION)"' -MMD -MP \
		   -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN_FLAGS	:= $(filter-out -fsanitize=%,$(HOST_FLAGS)) -fsanitize=thread -pthread
FUZZ_FLAGS	:= $(HOST_FLAGS) -fsanitize=fuzzer-no-link -Wno-unknown-warning-option
FUZZTIME	?= 60

$(B)/host.mk: FORCE
	@mkdir -p $(@D); awk -v B=$(B) -v INC='$(HOST_INC)' -f tests/host/rules.awk $(TESTS) $(FUZZERS) > $@.new; \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
include $(B)/host.mk

picked		= $(if $(T),$(foreach f,$(1),$(if $(findstring $(T),$(f)),$(f))),$(1))
TEST_BINS	:= $(call picked,$(TESTS:tests/host/%.c=$(B)/host/%))
FUZZ_BINS	:= $(call picked,$(FUZZERS:tests/host/%.c=$(B)/host/%))
LIBFUZZ_BINS	:= $(call picked,$(FUZZERS:tests/host/%.c=$(B)/libfuzzer/%))

.PHONY: do-unit do-fuzz fuzz
do-unit: $(TEST_BINS) $(FUZZ_BINS)

do-fuzz: $(LIBFUZZ_BINS)
	$(Q)for f in $(LIBFUZZ_BINS); do \
		c=$(B)/corpus/$${f##*/}; mkdir -p $$c; echo "== $$f"; \
		$$f -max_total_time=$(FUZZTIME) -timeout=10 -artifact_prefix=$(B)/corpus/ $$c || exit 1; \
	done

fuzz: ; +$(Q)$(ALL_DEPS) && $(SUBMAKE) do-fuzz
