# SPDX-License-Identifier: MIT
"""Tutorials as they are printed: README's, and those of pages."""
import re

from vosmachine import TOP


def steps(title, page='README.md'):
    """Of a section of the page: what is typed, at which prompt (`vos>`, `guest#`, `$`), and what is printed then. The
    blocks, in their order, as lists of such steps."""
    with open(f'{TOP}/{page}', encoding='utf-8') as file:
        section = file.read().split(f'\n## {title}\n')[1].split('\n## ')[0]
    blocks = []
    for block in re.findall(r'^```\n(.*?)^```$', section, re.S | re.M):
        blocks.append([])
        for line in block.splitlines():
            typed = re.match(r'(vos>|guest#|\$) (.*)', line)
            if typed:
                blocks[-1].append((*typed.groups(), []))
            else:
                blocks[-1][-1][2].append(line)
    return blocks
