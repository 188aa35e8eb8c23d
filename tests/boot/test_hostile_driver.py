# SPDX-License-Identifier: MIT
"""A driver that has been taken over: where its device can read and write, without an IOMMU and behind one.

The NVMe driver of build/vos-hostile.elf (tests/isolation/hostile_nvme.c) takes its orders from the disk, so the test
writes them into the image, and finds there what the device has read.
"""
import json
import os
import re
import struct
import time

import pytest

from vosmachine import BUILD, Machine, PATIENCE, TINY

SECTOR = 512
RESULTS_LBA = 1000
ADDRESS = 0x100000          # the first page of the kernel's image: its start code, which has run
WINDOW = 0xc00000           # of VM link 0, where another driver's device would find it
MESSAGES = 0xfee00000       # what is written there is an interrupt (SDM Vol. 3, 10.11)
VECTORS_LBA = 2000          # + vector: a sector of messages with that vector
REMAPPED_LBA = 3000
MESSAGES_INDEX = 256        # of VT-d's table: a driver's first interrupt
PATTERN = bytes(range(256)) * 2


class Disk:
    """The image, while the machine has it."""
    def __init__(self, path):
        self.path, self.number = path, 0
        with open(path, 'wb') as file:
            file.truncate(64 << 20)
        self.write(1, PATTERN)

    def write(self, lba, data):
        with open(self.path, 'r+b') as file:
            file.seek(lba * SECTOR)
            file.write(data)
            os.fsync(file.fileno())

    def read(self, lba):
        with open(self.path, 'rb') as file:
            file.seek(lba * SECTOR)
            return file.read(SECTOR)

    def order(self, *steps):
        """Steps are (to disk, address, sector)."""
        self.number += 1
        self.write(0, struct.pack('<2Q', self.number, len(steps)) + b''.join(struct.pack('<3Q', *s) for s in steps))

    def results(self):
        """Of the last order, when it has been carried out; else None."""
        words = struct.unpack('<64Q', self.read(RESULTS_LBA))
        return words[1:] if words[0] == self.number else None

    def carry_out(self, *steps):
        self.order(*steps)
        deadline = time.monotonic() + PATIENCE
        while self.results() is None:
            assert time.monotonic() < deadline, 'the driver does not do what the disk says'
            time.sleep(0.2)
        return self.results()[:len(steps)]

    def interrupts(self, *steps):
        """That the driver got while its device took these steps."""
        self.carry_out(*steps)
        return self.results()[-1]


def kernel_bytes():
    """What the image has at ADDRESS."""
    with open(f'{BUILD}/vos-hostile.elf', 'rb') as file:
        data = file.read()
    at, size, count = struct.unpack_from('<Q', data, 32)[0], *struct.unpack_from('<2H', data, 54)
    for i in range(count):
        kind, _, offset, _, physical, in_file = struct.unpack_from('<2I4Q', data, at + i * size)
        if kind == 1 and physical <= ADDRESS < physical + in_file:
            return data[offset + ADDRESS - physical:][:SECTOR]
    raise AssertionError('no segment there')


def refused(machine):
    rows = json.loads(re.search(r'\{.*\}', machine.ok('list-device --json')).group(0))['return']
    return next(row['refused'] for row in rows if row['driver'] == 'nvme0')


@pytest.mark.parametrize('iommu', [None, 'vtd', 'amd'])
def test_hostile_driver(iommu, tmp_path):
    disk = Disk(str(tmp_path / 'disk.img'))
    with Machine('qemu-pvh', f'hostile_driver-{iommu}', elf=f'{BUILD}/vos-hostile.elf', disks=[('nvme', disk.path)],
                 iommu=iommu, **TINY) as machine:
        machine.wait_prompt()
        # Read the kernel, write to it, read it again.
        disk.carry_out((1, ADDRESS, 8), (0, ADDRESS, 1), (1, ADDRESS, 9))
        was_read = disk.read(8) == kernel_bytes()
        was_written = disk.read(9) == PATTERN
        assert (was_read, was_written) == (iommu is None, iommu is None)
        if iommu is None:
            return
        # A VM has a window there for its own disk, in memory, which this driver has nothing to do with.
        machine.ok('create-vm --name victim --memory 64M --kernel heartbeat --disk 1M,on=ram')
        machine.ok('start-vm victim')
        machine.wait_log('victim', '.')
        disk.carry_out((0, WINDOW, 1), (1, WINDOW, 10), (0, 0, 1), (1, 0, 11))
        assert PATTERN not in (disk.read(10), disk.read(11))
        # A storm of them: the prompt answers, the VM runs.
        disk.carry_out(*[(0, ADDRESS, 1)] * 16)
        assert 'running' in machine.ok('status-vm victim')
        if iommu == 'vtd':      # QEMU 7.2 logs no events of AMD-Vi
            machine.until(lambda: refused(machine) > 0, 'refused requests')     # they are taken once a second
            log = machine.ok('log')
            assert re.search(r'nvme0, 00:0\d\.0: the IOMMU refused a (read|write) at', log)
            assert log.count('the IOMMU refused') < 40


def aim(disk, vectors, mode=0):
    """Fixed, or another delivery mode; sectors of 512 bytes are 128 messages, those with the lowest bits to APIC 0."""
    for vector in vectors:
        disk.write(VECTORS_LBA + vector, struct.pack('<I', mode << 8 | vector) * 128)
    return [(0, MESSAGES, VECTORS_LBA + vector) for vector in vectors]


def chunks(steps):
    return [steps[i:i + 15] for i in range(0, len(steps), 15)]


@pytest.mark.parametrize('iommu', [None, 'vtd', 'amd'])
def test_hostile_interrupts(iommu, tmp_path):
    disk = Disk(str(tmp_path / 'disk.img'))
    with Machine('qemu-pvh', f'hostile_interrupts-{iommu}', elf=f'{BUILD}/vos-hostile.elf',
                 disks=[('nvme', disk.path)], iommu=iommu, **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name victim --memory 64M --kernel heartbeat')
        machine.ok('start-vm victim')
        machine.wait_log('victim', '.')
        # Vectors of exceptions: they are not taken for one, whatever runs, and nothing has a fault. Below 16 no local
        # APIC delivers any, but QEMU's does.
        for _ in range(4):
            disk.carry_out(*aim(disk, range(17, 32)))
            disk.carry_out(*aim(disk, [16]))
        assert 'running' in machine.ok('status-vm victim')
        # One of all other vectors is the driver's own. QEMU's VT-d lets messages in compatibility format through.
        count = sum(disk.interrupts(*steps) for steps in chunks(aim(disk, range(32, 240))))
        assert (count > 0) == (iommu != 'amd')
        if iommu == 'amd':          # and nothing else either: an INIT would end it all
            assert disk.interrupts(*aim(disk, [0], mode=4), *aim(disk, [1], mode=5)) == 0
        if iommu == 'vtd':
            check_indices(disk)
        assert 'running' in machine.ok('status-vm victim')


def check_indices(disk):
    """Messages in VT-d's own format: the driver's own one, and none of the next driver's."""
    words = [0x12 if i & 4 == 0 else 0 for i in range(128)]     # 16 indices, with vector 18 between them
    disk.write(REMAPPED_LBA, struct.pack('<128I', *words))
    assert disk.interrupts((0, MESSAGES + (MESSAGES_INDEX << 5), REMAPPED_LBA)) > 0
    assert disk.interrupts((0, MESSAGES + (MESSAGES_INDEX + 16 << 5), REMAPPED_LBA)) == 0
