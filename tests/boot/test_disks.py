# SPDX-License-Identifier: MIT
"""Virtual disks: volumes in memory, whole disks of the machine, what is refused, and what the guest sees."""
import hashlib
import json
import os
import re

import pytest

from vosmachine import Machine


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_volumes_in_memory(machine):
    """A volume lives as long as the VM that it was made for, unless it is kept; memory is back afterwards."""
    before = re.search(r'([0-9.]+ ?[KMG]i?B?) free', machine.ok('info')).group(0)
    text = machine.ok('create-vm --name a --memory 128M --disk 64M,on=ram --disk 1M,on=ram,ro,serial=S2')
    assert 'Disk 0: volume a.0, 64.0 MiB in memory: lost when VOS ends' in text
    assert 'Disk 1: volume a.1, 1.0 MiB read-only in memory' in text
    for _ in range(3):
        machine.ok('start-vm a')
        assert re.search(r'Disk 0 +volume a\.0, 64\.0 MiB in memory', machine.ok('status-vm a'))
        machine.ok('stop-vm a --force')
    assert 'disk 64M,on=ram;' in machine.ok('export-config a')
    machine.ok('set-vm a --disk 64M,on=ram')
    assert 'kept: volume a.0' in machine.ok('delete-vm a --keep-disk')
    text = machine.ok('create-vm --name b --memory 128M --disk volume=a.0')
    assert 'volume a.0, 64.0 MiB in memory' in text
    machine.ok('start-vm b')
    machine.ok('delete-vm b --force')
    text = machine.ok('create-vm --name a --memory 128M --disk 64M,on=ram')
    assert 'kept: volume a.0' in machine.ok('delete-vm a')
    assert 'error[E_EXISTS]' in machine.cmd('create-vm --name a --disk 65M,on=ram')
    assert re.search(r'([0-9.]+ ?[KMG]i?B?) free', machine.ok('info')).group(0) != before    # a.0 and a.1 are there


@pytest.mark.backends('qemu-pvh')
def test_refused_disks(machine):
    for flags, error in (('--disk 100G', 'E_NODISK'), ('--disk 100G,on=nvme7', 'E_NOT_FOUND'),
                         ('--disk volume=nothing', 'E_NOT_FOUND'), ('--disk 900G,on=ram', 'E_USAGE'),
                         ('--disk 60G,on=ram', 'E_NOMEM'), ('--disk 5X', 'E_USAGE'), ('--disk ""', None)):
        text = machine.cmd(f'create-vm --name x --memory 128M {flags}')
        assert ('error[' + error in text) if error else 'defined' in text, text
    assert json.loads(machine.ok('status-vm x --json'))['return']['disks'] == []


def answer(machine, line):
    return json.loads(machine.ok(f'{line} --json'))['return']


def requests(disk):
    return disk['reads'] + disk['writes'] + disk['flushes'] + disk['discards']


def check_figures(machine):
    """What status-vm, stats-vm and accounting say of the disks of the only VM, which does nothing now."""
    disks, stats = answer(machine, 'status-vm a')['disks'], answer(machine, 'stats-vm a')['disks']
    for of_status, of_stats in zip(disks, stats, strict=True):
        assert requests(of_status) == requests(of_stats) == sum(of_stats['latency-log2-ns']) > 0
        assert of_stats['in-flight'] == 0 and 0 < of_stats['latency-p50-ns'] <= of_stats['latency-p99-ns']
    assert [requests(vm) for vm in answer(machine, 'accounting')['io']['vm']] == [sum(map(requests, disks))]


def disk_test(backend, kind, volume, name, folder, iommu=None):
    """A guest writes to a disk of the machine and to one in memory; a second machine finds the first disk's data."""
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(64 << 20)
    with Machine(backend, f'{name}-{kind}-{iommu}', disks=[(kind, image)], iommu=iommu) as machine:
        machine.wait_prompt()
        there = f'create-vm --name a --dry-run --disk volume={volume},trusted'
        machine.until(lambda: 'would succeed' in machine.cmd(there), 'the disk')    # its driver resets it first
        assert 'error[' in machine.cmd('create-vm --name a --disk 100G')
        text = machine.ok(f'create-vm --name a --memory 128M --disk volume={volume},trusted,serial=A1 '
                          '--disk 16M,on=ram')
        assert f'Disk 0: volume {volume}, 64.0 MiB on {volume}' in text
        assert 'error[E_EXISTS]' in machine.cmd(f'create-vm --name b --disk volume={volume},trusted')
        machine.ok('start-vm a')
        machine.attach('a')
        machine.wait_guest()
        assert 'A1' in machine.guest_cmd('cat /sys/block/vda/serial')
        machine.guest_cmd('dd if=/dev/urandom of=/tmp/r bs=64k count=64; for d in vda vdb; do '
                          'dd if=/tmp/r of=/dev/$d bs=64k conv=fsync; done; echo 3 > /proc/sys/vm/drop_caches')
        for disk in ('vda', 'vdb'):
            assert 'SAME' in machine.guest_cmd(f'dd if=/dev/{disk} bs=64k count=64 | cmp /tmp/r - && echo SA""ME')
        digest = machine.guest_cmd('md5sum /tmp/r').split()[0]
        machine.detach()
        check_dma(machine, volume.split('.')[0], iommu)
        assert re.search(r'Disk 0 .*read [0-9.]+ MiB', machine.ok('status-vm a'))
        disks = json.loads(machine.ok('status-vm a --json'))['return']['disks']
        assert disks[0]['written-bytes'] >= 4 << 20 and disks[0]['errors'] == disks[1]['errors'] == 0
        check_figures(machine)
        assert 'with it volume a.1' in machine.ok('delete-vm a --force')
        assert answer(machine, 'accounting')['io']['deleted-vms']['written-bytes'] >= 8 << 20
    with open(image, 'rb') as file:
        assert hashlib.md5(file.read(4 << 20)).hexdigest() == digest


def check_dma(machine, driver, iommu):
    """What is said of DMA; and behind an IOMMU, requests have gone through it and none was refused."""
    words = {None: 'not contained (no IOMMU)', 'vtd': 'contained: an IOMMU', 'amd': 'contained: an IOMMU'}[iommu]
    assert re.search(rf'DMA +{re.escape(words)}', machine.ok('info'))
    table = json.loads(re.search(r'\{.*\}', machine.ok('list-device --json')).group(0))['return']
    row = next(row for row in table if row['driver'] == driver)
    assert row['dma'] == ('contained' if iommu else 'not contained'), row
    assert sum(row['refused'] for row in table) == 0, table
    assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.parametrize('iommu', [None, 'vtd', 'amd'])
@pytest.mark.parametrize('kind, volume', [('virtio', 'virtio0'), ('nvme', 'nvme0.0'), ('ahci', 'ahci0.0')])
def test_disks_on_qemu(kind, volume, iommu, tmp_path):
    disk_test('qemu-pvh', kind, volume, 'test_disks', str(tmp_path), iommu)


def test_disk_on_bochs(tmp_path):
    disk_test('bochs', 'ata', 'ata0.0', 'test_disks', str(tmp_path))


@pytest.mark.backends('qemu-pvh')
def test_linux_uses_disks(machine):
    """Two queues, no I/O scheduler, a serial number, a disk that is read-only, and data that comes back."""
    machine.ok('create-vm --name lin --cpu 1 --memory 256M --disk 16M,on=ram,serial=S1 --disk 1M,on=ram,ro')
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()
    assert re.search(r'0 +1', machine.guest_cmd('ls /sys/block/vda/mq'))
    assert '[none]' in machine.guest_cmd('cat /sys/block/vda/queue/scheduler')
    assert 'S1' in machine.guest_cmd('cat /sys/block/vda/serial')
    assert 'ro 1' in machine.guest_cmd('echo ro $(cat /sys/block/vdb/ro)')
    machine.guest_cmd('dd if=/bin/busybox of=/dev/vda bs=64k conv=fsync')
    machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
    same = machine.guest_cmd('head -c $(stat -c %s /bin/busybox) /dev/vda | cmp - /bin/busybox && echo SAME $((6*7))')
    assert 'SAME 42' in same
    machine.detach()
    machine.ok('delete-vm lin --force')
