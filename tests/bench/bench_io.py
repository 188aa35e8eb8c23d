#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts instructions: what a block request and a byte on hvc0 cost, all parts of VOS and the guest together.

Under QEMU with -icount shift=0 one tick of the TSC is one instruction, and there is one pCPU, so that nothing runs
beside. The guest is Debian's Linux; its programs are blkbench, which is not part of the project, and linux_io.c. A
volume in memory is measured by the guest's TSC. A disk of the emulator answers when it likes, and the guest sleeps
meanwhile: there the time is counted in which the machine was not idle. Prints a table beside KVM's figures and what VOS
should need at most; writes build/bench_io.json. Nothing is asserted: a figure is for people to judge.
"""
import argparse
import itertools
import json
import os
import re
import sys
import tempfile

import bench
from vosmachine import BUILD, Machine

READS, AIO_READS, FIRST, LINES = 1000, 4096, 500, 400
LINE_BYTES = 80
NUMBERS = itertools.count()
# Row, KVM with QEMU's virtio-blk, VOS at most.
TABLE = (
    ('4 KiB read, qd1, memory', 85900, 22000),
    ('4 KiB read, qd1, NVMe', 85900, 28000),
    ('4 KiB write, qd1, memory', None, None),
    ('4 KiB read, 16 threads', 57000, 15000),
    ('4 KiB read, AIO 16', None, 10000),
    ('4 KiB read, AIO 16, NVMe', None, None),
    ('4 KiB write, qd1, NVMe', None, None),
    ('4 KiB read, qd1, pool', None, None),
    ('4 KiB read, AIO 16, pool', None, None),
    ('4 KiB write, qd1, pool', None, None),
    ('4 KiB first write, flush', None, None),
    ('snapshot-vm, 100 GiB', None, 2000000),
    ('clone-vm, 100 GiB', None, 2000000),
    ('exits per read, AIO 16', None, 0.3),
    ('sequential read, per MiB', 1740000, 600000),
    ('hvc0, per byte of lines', None, 60),
)


def vm_figures(machine):
    """The VM's time and its guest's, its exits, and how long the machine was busy."""
    vm = bench.answer(machine, 'status-vm io')
    return {'busy': bench.busy(machine), 'vm': vm['cpu-time-ns'], 'guest': vm['guest-time-ns'], 'exits': vm['exits']}


def spent(machine, command):
    """What the machine, the VM and the guest spent on a command in the guest, and what it printed. The number tells it
    from one before, which the console shows again."""
    before = vm_figures(machine)
    machine.attach('io')
    text = machine.guest_cmd(f'{command} # run {next(NUMBERS):06}')
    machine.detach()
    after = vm_figures(machine)
    return {key: after[key] - before[key] for key in before}, text


def each(machine, command, count):
    """The same for each of so many: without what a command that does nothing takes."""
    nothing, _ = spent(machine, ':')
    cost, text = spent(machine, command)
    return {key: (cost[key] - nothing[key]) / count for key in cost} | {'tsc': int(re.search(r'IO (\d+)', text)[1])}


def run_blkbench(machine, figures):
    _, text = spent(machine, '/blkbench /dev/vda')
    for row, name in (('4 KiB read, qd1, memory', 'rand4k_read_qd1'), ('4 KiB write, qd1, memory', 'rand4k_write_qd1'),
                      ('4 KiB read, 16 threads', 'rand4k_read_qd16'), ('sequential read, per MiB', 'seq1M_read')):
        figures[row] = int(re.search(rf'BLK {name} mean (\d+)', text)[1])


ROWS_MEMORY = (
    ('4 KiB read, qd1, memory', 'reads /dev/vda', READS, None),
    ('4 KiB read, AIO 16', 'aio /dev/vda', AIO_READS, 'tsc'),
    ('hvc0, per line, attached', 'lines /dev/hvc0', LINES, None),
)
ROWS_NVME = (
    ('4 KiB read, qd1, NVMe', 'reads /dev/vda', READS, 'busy'),
    ('4 KiB read, AIO 16, NVMe', 'aio /dev/vda', AIO_READS, 'busy'),
    ('4 KiB write, qd1, NVMe', 'writes /dev/vda', READS, 'busy'),
)
ROWS_POOL = (
    ('4 KiB read, qd1, pool', 'reads /dev/vda', READS, 'busy'),
    ('4 KiB read, AIO 16, pool', 'aio /dev/vda', AIO_READS, 'busy'),
    ('4 KiB write, qd1, pool', 'writes /dev/vda', READS, 'busy'),
    ('4 KiB first write, flush', 'first /dev/vdb', FIRST, 'busy'),
)


def start(machine, *disks):
    """A Linux with these disks. The first one is written to from end to end: its memory has been granted then, and
    is not while it is measured."""
    create = 'create-vm --name io --cpu 1 --memory 256M --kernel debian-kernel --initrd io-initrd'
    create += ''.join(f' --disk {disk}' for disk in disks)

    def is_there():
        if 'would succeed' in machine.cmd(f'{create} --dry-run'):
            return True
        machine.cmd('restart-service nvme0')    # the emulator's controller was slower than its clock
        return False
    machine.until(is_there, 'the disk')
    machine.ok(f'{create} --cmdline "console=ttyS0 quiet"')
    machine.ok('start-vm io')
    machine.attach('io')
    machine.wait_guest()
    machine.guest_cmd('dd if=/dev/zero of=/dev/vda bs=1M conv=fsync')
    machine.detach()


def run_commands(machine, figures):
    """What VOS spends on copies of a VM with a large disk; the VM is stopped."""
    for row, command in (('snapshot-vm, 100 GiB', 'snapshot-vm io one'), ('clone-vm, 100 GiB', 'clone-vm io two')):
        before = bench.busy(machine)
        machine.cmd(command.replace(' io', ' no'))      # there is no such VM: the line, and an answer
        nothing = bench.busy(machine) - before
        before = bench.busy(machine)
        machine.ok(command)
        figures[row] = bench.busy(machine) - before - nothing


def unattended(machine, command):
    """TSC ticks of each while nobody is attached: the console keeps what comes, and prints nothing."""
    machine.attach('io')
    machine.guest_cmd(f'(sleep 1; {command} > /tmp/io) &')
    machine.detach()
    bench.wait_ns(machine, 'io', 3e9)
    _, text = spent(machine, 'cat /tmp/io')
    return int(re.search(r'IO (\d+)', text)[1])


def run(machine, rows, figures, parts):
    for row, command, count, key in rows:
        parts[row] = each(machine, f'/linux_io {command} {count}', count)
        if key:
            figures[row] = parts[row][key]


class Counting(Machine):
    """Virtual time goes on with the emulator's clock, and does not jump, while nobody has anything to do."""
    def command(self):
        return [word.replace('sleep=off', 'sleep=on') for word in super().command()]


# ------------------------------------------------------------------------------------------------------------ report
def show(number):
    return '-' if number is None else f'{number:,.2f}' if number < 10 else f'{number:,.0f}'


def print_table(figures, parts):
    print(f'{"instructions":<28}{"KVM":>12}{"at most":>12}{"VOS":>12}')
    for row, kvm, most in TABLE:
        figure = figures.get(row)
        verdict = '' if None in (most, figure) else ' ok' if figure <= most else ' over'
        print(f'{row:<28}{show(kvm):>12}{show(most):>12}{show(figure):>12}{verdict}')
    print()
    print(f'{"of each":<28}{"guest":>12}{"its VMM":>12}{"others":>12}{"exits":>12}')
    for row, part in parts.items():
        print(f'{row:<28}{show(part["guest"]):>12}{show(part["vm"] - part["guest"]):>12}'
              f'{show(part["busy"] - part["vm"]):>12}{show(part["exits"]):>12}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('programs', nargs=2, help='blkbench and linux_io')
    parser.add_argument('--memory', action='store_true', help='only the volume in memory, and hvc0')
    args = parser.parse_args()
    figures, parts = {}, {}
    with tempfile.TemporaryDirectory(prefix='vos-bench-io-') as folder:
        for name, size in (('disk', 64 << 20), ('pool', 4 << 30)):
            with open(f'{folder}/{name}.img', 'wb') as file:
                file.truncate(size)
        programs = {os.path.basename(path): path for path in args.programs}
        bundle = bench.make_images('bundle', folder, {'debian-kernel': f'{BUILD}/images/debian-kernel',
                                                      'io-initrd': bench.make_initrd(folder, programs)})
        with Counting('qemu-pvh', 'bench-io', bundle=bundle, icount=0) as machine:
            machine.wait_prompt()
            start(machine, '64M,on=ram')
            run_blkbench(machine, figures)
            run(machine, ROWS_MEMORY, figures, parts)
            figures['hvc0, per byte of lines'] = unattended(machine, f'/linux_io lines /dev/hvc0 {LINES}') / LINE_BYTES
        figures['exits per read, AIO 16'] = parts['4 KiB read, AIO 16']['exits']
        if not args.memory:
            with Counting('qemu-pvh', 'bench-io-nvme', bundle=bundle, icount=0,
                          disks=[('nvme', f'{folder}/disk.img')]) as machine:
                machine.wait_prompt()
                start(machine, 'volume=nvme0.0,trusted')
                run(machine, ROWS_NVME, figures, parts)
            with Counting('qemu-pvh', 'bench-io-pool', bundle=bundle, icount=0,
                          disks=[('nvme', f'{folder}/pool.img')]) as machine:
                machine.wait_prompt()
                machine.ok('create-pool fast nvme0.0 --yes')
                start(machine, '64M', '100G')
                run(machine, ROWS_POOL, figures, parts)
                machine.ok('stop-vm io')
                run_commands(machine, figures)
    print_table(figures, parts)
    with open(f'{BUILD}/bench_io.json', 'w', encoding='ascii') as file:
        json.dump({'figures': figures, 'parts': parts}, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
