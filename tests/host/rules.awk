# Writes the make rules of the host tests.  Each tests/host/{test,fuzz}_NAME.c says in its first lines
#	/* sources: drivers/rt/ring.c vmm/decode.c */	what it is linked with (folders of these are on its -iquote list)
#	/* includes: vmm vmm/dev */			further folders for its -iquote list, before the common ones
#	/* defines: FOO=1 */				macros for it and its sources
#	/* sanitize: thread */				instead of address and undefined behaviour
# test_* becomes build/host/test_NAME (cmocka), fuzz_* becomes build/host/fuzz_NAME (fuzz_main.c: a short deterministic
# run) and build/libfuzzer/fuzz_NAME (clang).

function words_of(line,    s)
{
	s = line
	sub(/^.*(sources|includes|defines|sanitize):/, "", s)
	sub(/\*\/.*$/, "", s)
	gsub(/[ \t]+/, " ", s)
	return s
}

function program(dir, cc, flags, libs, extra,    i, n, list, objs, obj, incs, folder, seen, needs)
{
	incs = ""
	split("", seen)
	n = split(includes " " INC, list, " ")
	for (i = 1; i <= n; i++)
		if (!(list[i] in seen)) {
			seen[list[i]] = 1
			incs = incs " -iquote" list[i]
		}
	n = split(file " " sources " " extra, list, " ")
	for (i = 1; i <= n; i++) {
		folder = list[i]
		sub(/\/[^\/]*$/, "", folder)
		if (!(folder in seen)) {
			seen[folder] = 1
			incs = incs " -iquote" folder
		}
	}
	objs = ""
	for (i = 1; i <= n; i++) {
		obj = B "/" dir "/" name ".d/" list[i] ".o"
		objs = objs " " obj
		needs = list[i] ~ /dsdt\.S$/ ? " $(AML)" : ""
		printf "%s: %s%s $(MK) mk/host.mk\n\t@mkdir -p $(@D)\n\t$(Q)%s %s%s%s -c $< -o $@\n", obj, list[i], needs, cc, flags, \
			defs, incs
	}
	printf "%s/%s/%s:%s\n\t$(call say,HOSTLD,$@)\n\t$(Q)%s %s -o $@ $^ %s\n", B, dir, name, objs, cc, flags, libs
	gsub(/\.o( |$)/, ".d ", objs)
	printf "-include%s\n\n", objs
}

function flush()
{
	if (file == "")
		return
	if (name ~ /^test_/) {
		program("host", "$(CC)", sanitize ~ /thread/ ? "$(TSAN_FLAGS)" : "$(HOST_FLAGS)", \
			"-lcmocka $(HOST_LIBS)", "")
	} else {
		program("host", "$(CC)", "$(HOST_FLAGS)", "$(HOST_LIBS)", "tests/host/fuzz_main.c")
		program("libfuzzer", "clang", "$(FUZZ_FLAGS)", "-fsanitize=fuzzer $(HOST_LIBS)", "")
	}
}

FNR == 1 {
	flush()
	file = FILENAME
	name = file
	sub(/^.*\//, "", name)
	sub(/\.c$/, "", name)
	sources = includes = defs = sanitize = ""
}
FNR > 40	{ nextfile }
/sources:/	{ sources = sources words_of($0) }
/sanitize:/	{ sanitize = words_of($0) }
/includes:/	{ includes = includes words_of($0) }
/defines:/	{ n = split(words_of($0), d, " "); for (i = 1; i <= n; i++) defs = defs " -D" d[i] }
END		{ flush() }
