#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts instructions: what a packet from one VM to another costs, all parts of VOS and both guests together.

Under QEMU with -icount shift=0 one tick of the TSC is one instruction, and there is one pCPU, so that nothing runs
beside. The guests are Debian's Linux with netbench, which is not part of the project. Prints what netbench says, and of
whose time the machine was busy meanwhile; writes build/bench_net.json. Nothing is asserted: a figure is for people to
judge.
"""
import argparse
import json
import re
import tempfile

import bench
from bench_io import Counting
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program', help='netbench')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='vos-bench-net-') as folder:
        bundle = bench.make_images('bundle', folder, {
            'debian-kernel': f'{BUILD}/images/debian-kernel',
            'net-initrd': bench.make_initrd(folder, {'netbench': args.program})})
        with Counting('qemu-pvh', 'bench-net', bundle=bundle, icount=0) as machine:
            machine.wait_prompt()
            machine.ok('create-switch lan')
            start(machine, 'a', '10.1.0.1')
            start(machine, 'b', '10.1.0.2')
            machine.attach('b')
            machine.guest_cmd('/netbench s &')
            machine.detach()
            before = times(machine)
            machine.attach('a')
            text = machine.guest_cmd('/netbench c 10.1.0.2')
            machine.detach()
            after = times(machine)
    lines = re.findall(r'NET (.*)', text)
    spent = {key: after[key] - before[key] for key in before}
    print('\n'.join(lines))
    print('instructions of all that: ' + ', '.join(f'{key} {count:,}' for key, count in spent.items()))
    with open(f'{BUILD}/bench_net.json', 'w', encoding='ascii') as file:
        json.dump({'netbench': lines, 'spent': spent}, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
