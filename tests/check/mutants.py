#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each mutant in tests/mutants still applies to the tree and names host tests that are there, so that `make mutants`
can show that they fail."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def units_missing(patch):
    """Host tests that the patch names and that are not there."""
    named = re.findall(r"^Caught-by: unit (.+?) *$", patch.read_text(encoding="utf-8"), re.M)
    return [name for name in named if not any((ROOT / "tests/host").rglob(f"test_{name}.c"))]


def main():
    missing = [f"tests/mutants/{patch.name}: there is no host test {name}"
               for patch in sorted((ROOT / "tests/mutants").glob("*.patch")) for name in units_missing(patch)]
    stale = [patch.name for patch in sorted((ROOT / "tests/mutants").glob("*.patch"))
             if subprocess.run(["git", "apply", "--check", "-C1", str(patch)], cwd=ROOT, capture_output=True,
                               check=False).returncode != 0]
    for name in stale:
        print(f"tests/mutants/{name}: does not apply to this tree any more")
    for line in missing:
        print(line)
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main())
