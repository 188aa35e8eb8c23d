#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each mutant in tests/mutants still applies to the tree, so that `make mutants` can show that its test fails."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    stale = [patch.name for patch in sorted((ROOT / "tests/mutants").glob("*.patch"))
             if subprocess.run(["git", "apply", "--check", "-C1", str(patch)], cwd=ROOT, capture_output=True,
                               check=False).returncode != 0]
    for name in stale:
        print(f"tests/mutants/{name}: does not apply to this tree any more")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
