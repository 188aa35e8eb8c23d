# SPDX-License-Identifier: MIT
"""Volumes on disks of the machine: made with a VM, kept over restarts of VM and machine, deleted and read as zeros."""
import json
import os
import re

import pytest

from vosmachine import Machine

MARK = 4096                     # bytes that are written at each end of a disk


def sparse(folder, size):
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(size)
    return image


def write_raw(machine):
    """Random bytes at both ends of /dev/vda; returns their sum."""
    machine.guest_cmd(f'B=$(($(cat /sys/block/vda/size) / {MARK // 512} - 1)); cd /root')
    machine.guest_cmd(f'dd if=/dev/urandom of=r bs={MARK} count=2')
    machine.guest_cmd(f'dd if=r of=/dev/vda bs={MARK} count=1 conv=fsync')
    machine.guest_cmd(f'dd if=r of=/dev/vda bs={MARK} count=1 skip=1 seek=$B')
    return machine.guest_cmd('sync; md5sum r').split()[0]


def read_raw(machine):
    machine.guest_cmd(f'B=$(($(cat /sys/block/vda/size) / {MARK // 512} - 1)); cd /root')
    machine.guest_cmd(f'dd if=/dev/vda of=s bs={MARK} count=1')
    machine.guest_cmd(f'dd if=/dev/vda bs={MARK} count=1 skip=$B >> s')
    return machine.guest_cmd('md5sum s').split()[0]


def write_file(machine):
    """The same in a file of a new file system."""
    assert 'MADE 0' in machine.guest_cmd('mkfs.ext4 -q /dev/vda; echo MADE $?')
    machine.guest_cmd('mkdir /m; mount /dev/vda /m')
    machine.guest_cmd('dd if=/dev/urandom of=/m/r bs=64k count=64')
    digest = machine.guest_cmd('md5sum /m/r').split()[0]
    machine.guest_cmd('umount /m')
    return digest


def read_file(machine):
    machine.guest_cmd('mkdir /m; mount -o ro /dev/vda /m')
    return machine.guest_cmd('md5sum /m/r').split()[0]


def sectors(machine):
    return int(machine.guest_cmd('cat /sys/block/vda/size').split()[-1])


def boot_guest(machine, name):
    machine.ok(f'vos start-vm --name {name}')
    machine.attach(name)
    machine.wait_guest()


RAW = (write_raw, read_raw)
FILE_SYSTEM = (write_file, read_file)


def volume_test(backend, kind, disk, size, line, folder, way):
    """The whole life of a volume.  `size`: of the image; `line`: makes a VM called myvm with a disk; way: of data."""
    write, read = way
    image = sparse(folder, size)
    name = f'test_volumes-{kind}'
    with Machine(backend, name, disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        text = machine.ok(line)         # waits for the disk, if that is not up yet
        assert re.search(rf'Disk 0: volume myvm\.0, .* on {disk}, which\s+was\s+blank', text), text
        assert f'disk {disk} is blank and is taken into use' in machine.ok('log --lines 20')
        assert 'ready' in machine.ok(f'list-disk {disk}')
        row = json.loads(machine.ok('list-volume myvm.0 --json'))['return'][0]
        assert (row['kind'], row['on'], row['made-for'], row['state']) == ('extent', disk, 'myvm', 'ready')
        assert 'E_EXISTS' in machine.cmd('delete-volume myvm.0')
        assert 'E_EXISTS' in machine.cmd(f'create-vm --name whole --disk volume={disk},trusted')
        boot_guest(machine, 'myvm')
        assert sectors(machine) * 512 == row['bytes']
        digest = write(machine)
        machine.detach()
        machine.ok('vos stop-vm --name myvm --force')
        boot_guest(machine, 'myvm')
        assert read(machine) == digest
        machine.detach()
        machine.ok('stop-vm myvm --force')
    with Machine(backend, f'{name}-again', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        text = machine.ok(line)
        assert 'it was there and keeps its data' in ' '.join(text.split()), text
        assert 'E_EXISTS' in machine.cmd('create-vm --name other --disk 77M,volume=myvm.0')
        boot_guest(machine, 'myvm')
        assert read(machine) == digest
        machine.detach()
        assert 'and with it volume myvm.0' in machine.ok('delete-vm myvm --force')
        assert 'E_NOT_FOUND' in machine.cmd('list-volume myvm.0')
        # The whole disk again, as soon as it is free: what the next VM reads is zero.
        machine.until(lambda: 'error[' not in machine.cmd(line.replace('myvm', 'next')), 'room on the disk')
        boot_guest(machine, 'next')
        assert read_raw(machine) == machine.guest_cmd(f'head -c {2 * MARK} /dev/zero | md5sum').split()[0]
        machine.detach()
        assert 'and with it volume next.0' in machine.ok('delete-vm next --force')
        assert 'E_NOT_FOUND' in machine.cmd('list-volume next.0')


VERBATIM = 'vos create-vm --name myvm --cpu 4 --memory 8G --disk 100G'


def test_the_first_line(tmp_path):
    """As the README has it, on a disk as `make run` has it."""
    volume_test('qemu-pvh', 'virtio', 'virtio0', 128 << 30, VERBATIM, str(tmp_path), FILE_SYSTEM)


@pytest.mark.io
@pytest.mark.parametrize('kind, disk', [('nvme', 'nvme0.0'), ('ahci', 'ahci0.0')])
def test_other_disks(kind, disk, tmp_path):
    # Zeroing what was deleted takes these longer than discarding it.
    line = VERBATIM.replace('100G', '400M')
    volume_test('qemu-pvh', kind, disk, 512 << 20, line, str(tmp_path), FILE_SYSTEM)


@pytest.mark.io
def test_volumes_on_bochs(tmp_path):
    volume_test('bochs', 'ata', 'ata0.0', 64 << 20, 'create-vm --name myvm --memory 128M --disk 40M', str(tmp_path),
                RAW)


@pytest.mark.parametrize('emulator, kind, disk', [('qemu-pvh', 'nvme', 'nvme0.0'), ('bochs', 'ata', 'ata0.0')])
def test_volumes_without_guests(emulator, kind, disk, tmp_path):
    """What the commands say of two volumes on one disk, and of a disk that holds something else."""
    image = sparse(str(tmp_path), 64 << 20)
    with Machine(emulator, f'test_volumes-cmd-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        assert 'on ' + disk in machine.ok('create-volume --name data --size 10M')
        machine.ok(f'create-volume logs --size 20M --on {disk}')
        assert 'E_NOSPACE' in machine.cmd('create-volume more --size 40M')
        assert 'E_EXISTS' in machine.cmd('create-volume data --size 1M')
        assert 'E_EXISTS' in machine.cmd(f'create-volume {disk} --size 1M --on ram')
        assert 'E_STATE' in machine.cmd(f'delete-volume {disk}')
        machine.ok('create-vm --name a --memory 128M --disk volume=data --disk 5M')
        assert 'E_EXISTS' in machine.cmd('delete-volume data')
        text = machine.ok('delete-vm a')
        assert 'and with it volume a.0' not in text and 'with it volume a.1' in text and 'kept: volume data' in text
        machine.ok('delete-volume data')
        assert [row['name'] for row in json.loads(machine.ok('list-volume --json'))['return']] == [disk, 'logs']
    with Machine(emulator, f'test_volumes-cmd2-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        assert 'keeps its data' in ' '.join(machine.ok('create-vm --name b --memory 128M --disk volume=logs').split())
    with open(image, 'r+b') as file:
        file.write(b'\xeb\x3c\x90mkfs.fat' + bytes(499) + b'\x55\xaa' + b'x' * 65536)
        file.seek(63 << 20)
        file.write(b'y' * (1 << 20))
    with Machine(emulator, f'test_volumes-cmd3-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        assert 'E_STATE' in machine.cmd('create-vm --name c --memory 128M --disk 5M')
        assert 'unknown' in machine.ok('list-disk')
        machine.ok(f'create-vm --name c --memory 128M --disk volume={disk},trusted')
        assert 'whole: c' in machine.ok('list-disk')
