#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts instructions: what a packet from one VM to another costs.

Under QEMU with -icount shift=0 one tick of the TSC is one instruction, and there is one pCPU, so that nothing runs
beside. The guests are Debian's Linux. netbench, which is not part of the project, says what all parts of VOS and both
guests need together. With linux_net.c it is counted apart what VOS needs of that: the time in which the machine was
busy and in no guest, less that of a command that does nothing. Prints both, the latter beside what it should be at
most; writes build/bench_net.json. Nothing is asserted: a figure is for people to judge.
"""
import argparse
import json
import re
import tempfile

import bench
from bench_io import Counting, show
from vosmachine import BUILD


def start(machine, name, address):
    machine.ok(f'create-vm --name {name} --cpu 1 --memory 128M --kernel debian-kernel --initrd net-initrd --nic lan '
               '--cmdline "console=ttyS0 quiet ip=off"')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd(f'ip address add {address}/24 dev eth0; ip link set eth0 up')
    machine.detach()


def times(machine):
    """Whose instructions: the guests', their VMMs', the others'."""
    vms = [bench.answer(machine, f'status-vm {name}') for name in ('a', 'b')]
    guests, all_of = sum(vm['guest-time-ns'] for vm in vms), sum(vm['cpu-time-ns'] for vm in vms)
    return {'guests': guests, 'VMMs': all_of - guests, 'others': bench.busy(machine) - all_of}


# Of VOS' own: row, mode of linux_net, bytes, packets or MiB, at most.
ROWS = (
    ('UDP round trip, 64 bytes', 'echo', 64, 500, 8000),
    ('UDP round trip, 1,400 bytes', 'echo', 1400, 500, None),
    ('UDP one way, 1,400 bytes', 'stream', 1400, 3200, 1800),
    ('TCP, per MiB', 'tcp', 0, 16, 200000),
)


def spent(machine, command):
    """What both guests, their VMMs and the others spent on a command in one of them."""
    before = times(machine)
    machine.attach('a')
    machine.guest_cmd(command)
    machine.detach()
    after = times(machine)
    return {key: after[key] - before[key] for key in before}


def own_parts(machine):
    """For each row, what a packet costs whom."""
    nothing, parts = spent(machine, ':'), {}
    for row, mode, size, count, _ in ROWS:
        cost = spent(machine, f'/linux_net {mode} 10.1.0.2 {size} {count}')
        parts[row] = {key: (cost[key] - nothing[key]) / count for key in cost}
    return parts


def print_parts(parts):
    print(f'{"instructions of each":<38}{"at most":>10}{"VOS":>10}{"VMMs":>10}{"others":>10}{"guests":>10}')
    for row, *_, most in ROWS:
        part = parts[row]
        print(f'{row:<38}{show(most):>10}{show(part["VMMs"] + part["others"]):>10}{show(part["VMMs"]):>10}'
              f'{show(part["others"]):>10}{show(part["guests"]):>10}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program', help='netbench')
    parser.add_argument('linux_net', help='linux_net')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='vos-bench-net-') as folder:
        bundle = bench.make_images('bundle', folder, {
            'debian-kernel': f'{BUILD}/images/debian-kernel',
            'net-initrd': bench.make_initrd(folder, {'netbench': args.program, 'linux_net': args.linux_net})})
        with Counting('qemu-pvh', 'bench-net', bundle=bundle, icount=0) as machine:
            machine.wait_prompt()
            machine.ok('create-switch lan')
            start(machine, 'a', '10.1.0.1')
            start(machine, 'b', '10.1.0.2')
            machine.attach('b')
            machine.guest_cmd('/netbench s & /linux_net serve &')
            machine.detach()
            before = times(machine)
            machine.attach('a')
            text = machine.guest_cmd('/netbench c 10.1.0.2')
            machine.detach()
            after = times(machine)
            parts = own_parts(machine)
    lines = re.findall(r'NET (.*)', text)
    spent = {key: after[key] - before[key] for key in before}
    print_parts(parts)
    print('\n'.join(lines))
    print('instructions of all that: ' + ', '.join(f'{key} {count:,}' for key, count in spent.items()))
    with open(f'{BUILD}/bench_net.json', 'w', encoding='ascii') as file:
        json.dump({'own': parts, 'netbench': lines, 'spent': spent}, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
