# SPDX-License-Identifier: MIT
# Writes the make rules of the host tests.  Each {test,fuzz}_NAME.c below tests/host says in its first lines
#	/* links: vmm rt */		the parts of the product that it links (mk/host.mk), in the order of their -iquote lists
#	/* helpers: fake_root.c */	further sources below tests/host, by name
#	/* sanitize: thread */		instead of address and undefined behaviour
# test_* becomes build/host/test_NAME (cmocka), fuzz_* becomes build/host/fuzz_NAME (fuzz_main.c: a short deterministic
# run) and build/libfuzzer/fuzz_NAME (clang).  SOURCES lists all sources below tests/host; no two have the same name.

BEGIN {
	n = split(SOURCES, list, " ")
	for (i = 1; i <= n; i++) {
		file = list[i]
		sub(/^.*\//, "", file)
		if (file in path)
			fail(list[i] " has the name of " path[file])
		path[file] = list[i]
	}
}

function fail(text)
{
	print "rules.awk: " text > "/dev/stderr"
	failed = 1
	exit 1
}

function words_of(line)
{
	sub(/^.*(links|helpers|sanitize):/, "", line)
	sub(/\*\/.*$/, "", line)
	return line
}

# kind: the folder below build that has the parts' archives.
function program(dir, kind, cc, flags, libs, extra,    i, n, list, incs, archives, needs, objs, obj)
{
	n = split(links, list, " ")
	for (i = 1; i <= n; i++) {
		incs = incs " $(call part_inc," list[i] ")"
		archives = archives " " B "/" kind "/" list[i] ".a"
		needs = needs " $(libs." list[i] ")"
	}
	n = split(name ".c " helpers " " extra, list, " ")
	for (i = 1; i <= n; i++) {
		if (!(list[i] in path))
			fail(path[name ".c"] ": no helper " list[i])
		# With the folder, so that a source that moves leaves no dependencies behind.
		obj = B "/" dir "/" name ".d/" path[list[i]] ".o"
		objs = objs " " obj
		printf "%s: %s $(MK) mk/host.mk\n\t@mkdir -p $(@D)\n", obj, path[list[i]]
		printf "\t$(Q)%s %s%s $(TEST_INC) -c $< -o $@\n", cc, flags, incs
	}
	printf "%s/%s/%s:%s%s\n\t$(call say,HOSTLD,$@)\n", B, dir, name, objs, archives
	printf "\t$(Q)%s %s -o $@%s -Wl,--start-group%s -Wl,--end-group %s%s\n", cc, flags, objs, archives, libs, needs
	gsub(/\.o( |$)/, ".d ", objs)
	printf "-include%s\n\n", objs
}

function flush()
{
	if (name ~ /^test_/ && sanitize ~ /thread/) {
		program("host", "tsan", "$(CC)", "$(TSAN_FLAGS)", "-lcmocka", "")
	} else if (name ~ /^test_/) {
		program("host", "host", "$(CC)", "$(HOST_FLAGS)", "-lcmocka", "")
	} else if (name != "") {
		program("host", "host", "$(CC)", "$(HOST_FLAGS)", "", "fuzz_main.c")
		program("libfuzzer", "libfuzzer", "clang", "$(FUZZ_FLAGS)", "-fsanitize=fuzzer", "")
	}
}

FNR == 1 {
	flush()
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.c$/, "", name)
	links = helpers = sanitize = ""
}
FNR > 40	{ nextfile }
/links:/	{ links = links words_of($0) }
/helpers:/	{ helpers = helpers words_of($0) }
/sanitize:/	{ sanitize = words_of($0) }
END		{ if (failed) exit 1; flush() }
