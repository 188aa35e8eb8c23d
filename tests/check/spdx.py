#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each source says its licence: "SPDX-License-Identifier: MIT" in its first line, or in the second, below "#!".

    tests/check/spdx.py           name the files without it
    tests/check/spdx.py --write   add it to them
"""
import subprocess
import sys

TAG = 'SPDX-License-Identifier: MIT'
FORMS = {'c': '/* {} */', 'h': '/* {} */', 'S': '/* {} */', 'ld': '/* {} */', 'asl': '// {}', 'inc': '// {}',
         'py': '# {}', 'sh': '# {}', 'mk': '# {}', 'awk': '# {}', 'yml': '# {}', 'cfg': '# {}', 'Makefile': '# {}',
         '.ci/run': '# {}', 'iso/initrd/init': '# {}', '.clang-tidy': '# {}', '.clang-format': '# {}'}


def form_of(path):
    return FORMS.get(path) or FORMS.get(path.rsplit('.', 1)[-1])


def main():
    paths = subprocess.run(['git', 'ls-files'], capture_output=True, text=True, check=True).stdout.splitlines()
    seen = 0
    lacking = []
    for path in paths:
        form = form_of(path)
        if not form:
            continue
        seen += 1
        with open(path, encoding='utf-8') as file:
            lines = file.read().split('\n')
        place = int(lines[0].startswith('#!'))
        if lines[place] == form.format(TAG):
            continue
        lacking.append(path)
        if '--write' in sys.argv[1:]:
            lines.insert(place, form.format(TAG))
            with open(path, 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines))
    print('\n'.join(f'{path}: no licence line' for path in lacking) or f'{seen} files')
    return 1 if (lacking and '--write' not in sys.argv[1:]) or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
