#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No circles: in each room the graph "file A names a function or an object that file B defines" has no cycle.

The graph comes from the symbol tables of the objects in build/obj (nm).  A pointer in a table is a name like any other.
A set of files that reach each other is printed with the names that close it.  circles.txt lists the circles of the past
and may only shrink: a circle may lose files of its line but not gain one, and a line without a circle must be removed.
"""
import glob
import os
import subprocess
import sys

OBJECTS = 'build/obj'

# A file belongs to the longest of these folders that holds it, at any depth.
ROOMS = ('boot', 'arch/x86_64/cpu', 'arch/x86_64/mmu', 'arch/x86_64/irq', 'arch/x86_64/user', 'arch/x86_64/virt',
         'arch/x86_64/virt/svm', 'arch/x86_64/virt/vmx', 'kernel', 'lib/base', 'lib/image', 'lib/pool', 'lib/rt',
         'lib/wire', 'drivers', 'mgmt/root', 'mgmt/console', 'mgmt/platform', 'mgmt', 'vmm', 'vmm/dev')


# The circles of today, one a line, "room: file names without folder and ending".
KNOWN = 'tests/check/circles.txt'


def room_of(path):
    return max((room for room in ROOMS if path.startswith(room + '/')), key=len, default=None)


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def symbols():
    """{ring: {source: (names defined, names used)}}, of the objects whose source exists: build/ may hold older ones."""
    found = {}
    paths = {}
    for path in glob.glob(f'{OBJECTS}/[ku]/**/*.o', recursive=True):
        ring, source = path[len(OBJECTS) + 1:-2].split('/', 1)
        if os.path.exists(source) and room_of(source):
            paths[path] = found.setdefault(ring, {}).setdefault(source, (set(), set()))
    output = subprocess.run(['nm', '-A', '-P', '-g', *paths], capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        path, name, kind, *_ = line.split()
        paths[path.rstrip(':')][kind in 'Uvw'].add(name)
    return found


def graph_of(sources):
    """{source: {source: names}}: what each file takes from the others of its room."""
    owner = {(room_of(source), name): source for source, (defined, _) in sources.items() for name in defined}
    graph = {source: {} for source in sources}
    for source, (defined, used) in sources.items():
        for name in used - defined:
            target = owner.get((room_of(source), name))
            if target:
                graph[source].setdefault(target, set()).add(name)
    return graph


def reachable(graph, start):
    seen = set()
    todo = [start]
    while todo:
        for target in graph[todo.pop()]:
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def circles(graph):
    """The sets of more than one file that reach each other."""
    reach = {source: reachable(graph, source) for source in graph}
    found = {frozenset(other for other in reach[source] if source in reach[other]) for source in graph}
    return sorted((sorted(circle) for circle in found if len(circle) > 1), key=len)


def known():
    """The lines of the list, as pairs of a room and its set of names."""
    with open(KNOWN, encoding='utf-8') as file:
        pairs = [line.split(':') for line in file if line.strip()]
    return [(room, frozenset(names.split())) for room, names in pairs]


def new_files(old, room, circle):
    """The files that make a circle new: those on no line of its room, or all, if it joins lines."""
    names = {name for entry_room, entry in old if entry_room == room for name in entry}
    return [path for path in circle if stem(path) not in names] or circle


def complain(old, room, graph, circle):
    yield f'{room}: a circle of {len(circle)} files: {" ".join(stem(path) for path in circle)}'
    new = new_files(old, room, circle)
    for source in circle:
        for target in circle:
            if target in graph[source] and (source in new or target in new):
                yield f'    {source} names {" ".join(sorted(graph[source][target]))} of {target}'


def main():
    seen = 0
    old = known()
    alive = set()
    complaints = []
    for sources in symbols().values():
        seen += len(sources)
        graph = graph_of(sources)
        for circle in circles(graph):
            room = room_of(circle[0])
            names = {stem(path) for path in circle}
            entry = next((entry for entry in old if entry[0] == room and names <= entry[1]), None)
            alive |= {entry for entry in old if entry[0] == room and names & entry[1]}
            if not entry:
                complaints += complain(old, room, graph, circle)
    complaints += [f'{room}: no circle is left of {" ".join(sorted(names))}: remove that line of {KNOWN}'
                   for room, names in old if (room, names) not in alive]
    print('\n'.join(complaints) or f'{seen} files')
    return 1 if complaints or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
