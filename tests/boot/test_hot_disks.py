# SPDX-License-Identifier: MIT
"""Disks that come and go while Linux runs: by command with the guest's consent, and by the guest alone."""
import itertools
import json
import re

import pytest


count = itertools.count()


def has_disk(machine, name):
    """Each question is another line: to attach to a console shows again what was there before."""
    return 'YES 42' in machine.guest_cmd(f'[ -e /sys/block/{name} ] && echo YES $((6*7)); : {next(count):010}')


def volumes(machine):
    return [disk['volume'] for disk in json.loads(machine.ok('status-vm lin --json'))['return']['disks']]


def start(machine, platform, disks=''):
    machine.ok(f'create-vm --name lin --memory 256M --platform {platform} {disks}')
    machine.ok('start-vm lin')
    boot(machine)


def boot(machine):
    """The kernel's messages would come between an answer's letters."""
    machine.attach('lin')
    machine.wait_guest()
    machine.guest_cmd('dmesg -n 1')


def attach(machine, disk, name):
    machine.detach()
    machine.ok(f'attach-disk lin --disk {disk}')
    machine.attach('lin')
    machine.until(lambda: has_disk(machine, name), 'the guest sees its disk')


def detach(machine, volume, name):
    machine.detach()
    assert 'is kept' in machine.ok(f'detach-disk lin --volume {volume} --timeout 1h')
    machine.attach('lin')
    assert not has_disk(machine, name)


def comes_and_goes(machine, platform):
    """A disk is attached, used, let go, and attached again with its data; the next start has it too."""
    start(machine, platform)
    attach(machine, '32M,on=ram,serial=HOT', 'vda')
    assert 'HOT' in machine.guest_cmd('cat /sys/block/vda/serial')
    assert 'MADE 42' in machine.guest_cmd('mkfs.ext4 -q -F /dev/vda && mkdir -p /d && mount -t ext4 /dev/vda /d && '
                                          'cp /bin/busybox /d/b && umount /d && echo MADE $((6*7))')
    detach(machine, 'lin.0', 'vda')
    attach(machine, 'volume=lin.0', 'vda')
    same = 'mount -t ext4 /dev/vda /d && cmp /d/b /bin/busybox && echo SAME $((6*7))'
    assert 'SAME 42' in machine.guest_cmd(same)
    return same


def ends(machine):
    machine.detach()
    machine.ok('delete-vm lin --force')
    machine.ok('delete-volume lin.0')


def comes_and_goes_while_mounted(machine):
    comes_and_goes(machine, 'modern')
    # Linux ejects a disk also while a file system on it is mounted, which has errors then.
    detach(machine, 'lin.0', 'vda')
    assert 'FAILED 42' in machine.guest_cmd('mkdir /d/new || echo FAILED $((6*7))')
    ends(machine)


@pytest.mark.backends('qemu-pvh')
def test_comes_and_goes(machine):
    comes_and_goes_while_mounted(machine)


@pytest.mark.io
@pytest.mark.backends('bochs')
def test_comes_and_goes_on_bochs(machine):
    comes_and_goes_while_mounted(machine)


@pytest.mark.backends('qemu-pvh')
def test_on_pc_and_after_a_restart(machine):
    same = comes_and_goes(machine, 'pc')
    machine.guest_cmd('umount /d')
    attach(machine, '1M,on=ram', 'vdb')
    machine.detach()
    machine.ok('reset-vm lin')
    boot(machine)
    assert 'SAME 42' in machine.guest_cmd('mkdir -p /d; ' + same)
    assert has_disk(machine, 'vdb')
    # The guest lets go of a disk that nobody has asked for: slot 5.
    machine.guest_cmd('echo 0 > /sys/bus/pci/slots/5/power')
    assert not has_disk(machine, 'vdb')
    machine.detach()
    assert volumes(machine) == ['lin.0']
    assert 'which nobody asked for' in machine.ok('log')
    machine.ok('pause-vm lin')
    assert 'error[E_STATE]' in machine.cmd('detach-disk lin --volume lin.0')
    machine.ok('resume-vm lin')
    machine.attach('lin')
    machine.guest_cmd('umount /d')
    ends(machine)
    machine.ok('delete-volume lin.1')


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_a_guest_that_never_consents(machine):
    """A program without ACPI keeps its disk; afterwards it goes at rest."""
    machine.ok('create-vm --name tiny --memory 16M --kernel memtest --disk 1M,on=ram')
    machine.ok('start-vm tiny')
    text = machine.cmd('detach-disk tiny --volume tiny.0 --timeout 2s')
    assert 'error[E_TIMEOUT]' in text and 'did not let go of volume tiny.0' in text
    machine.ok('attach-disk tiny --disk 1M,on=ram')
    disks = json.loads(machine.ok('status-vm tiny --json'))['return']['disks']
    assert [disk['volume'] for disk in disks] == ['tiny.0', 'tiny.1']
    machine.ok('stop-vm tiny --force')
    machine.ok('detach-disk tiny --volume tiny.0')
    machine.ok('delete-vm tiny')
    machine.ok('delete-volume tiny.0')
