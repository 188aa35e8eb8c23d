# SPDX-License-Identifier: MIT
"""VMs that boot from their own disks, by a BIOS."""
import json
import os
import re
import time

import pytest

import bootdisk
from vosmachine import BUILD, TINY, Machine

SECTOR = 512
KINDS = {'qemu-pvh': ('nvme', 'nvme0.0'), 'bochs': ('ata', 'ata0.0')}


def image_of(folder, sectors, size=1 << 20):
    """A disk image with these first sectors."""
    path = os.path.join(folder, 'disk.img')
    with open(path, 'wb') as file:
        for sector in sectors:
            file.write(sector.ljust(SECTOR, b'\0'))
        file.truncate(size)
    return path


def boot_sector():
    with open(f'{BUILD}/guests/boot_sector.bin', 'rb') as file:
        return file.read()


def start(machine, name, disk, memory='64M'):
    machine.until(lambda: 'would succeed' in machine.cmd(f'create-vm --name {name} --dry-run --boot disk {disk}'),
                  'the disk is up')
    machine.ok(f'create-vm --name {name} --memory {memory} --boot disk {disk}')
    machine.ok(f'start-vm {name}')


@pytest.mark.backends(*KINDS)
def test_boot_sector(backend, tmp_path):
    """It reads and writes its disk through the BIOS, has the keyboard of the serial line, and starts anew."""
    kind, disk = KINDS[backend]
    image = image_of(tmp_path, [boot_sector(), b'second sector'])
    with Machine(backend, 'boot-sector', **TINY, disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        start(machine, 'd', f'--disk volume={disk},trusted')
        machine.wait_log('d', r'boot sector runs: second sector\s+keys:')
        machine.attach('d')
        machine.send('k')
        machine.expect('k')
        machine.send('r')
        machine.expect(r'boot sector runs: second sector\s+keys:')
        machine.detach()
        text = machine.ok('status-vm d')
        assert re.search('^Boot +disk$', text, re.M) and re.search('^Platform +pc$', text, re.M)
        assert 'no-bootable-medium' not in text
        machine.ok('stop-vm d --force')
        assert 'E_USAGE' in machine.cmd('set-vm d --kernel seabios')
        assert 'E_UNSUPPORTED' in machine.cmd('set-vm d --platform modern')
        assert '"boot":"disk"' in machine.ok('status-vm d --json').replace(' ', '')
    with open(image, 'rb') as file:
        file.seek(2 * SECTOR)
        assert file.read(2) == b'r\0'


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_nothing_to_boot(machine):
    """The guest's own message is on its console, and status-vm says the same."""
    machine.ok('create-vm --name empty --memory 32M --boot disk --disk 1M,on=ram')
    machine.ok('start-vm empty')
    machine.wait_log('empty', 'No bootable device')
    assert 'no-bootable-medium' in machine.ok('status-vm empty')
    machine.ok('stop-vm empty --force')
    assert 'no-bootable-medium' not in machine.ok('status-vm empty')
    assert 'E_USAGE' in machine.cmd('create-vm --name none --boot disk')
    assert 'E_USAGE' in machine.cmd('create-vm --name iso --boot iso --disk 1M,on=ram')
    assert 'E_NOT_FOUND' in machine.cmd('create-vm --name iso --boot iso --iso nothing')
    assert 'boot disk;' in machine.ok('export-config empty')


@pytest.mark.backends('qemu-pvh')
def test_disk_of_an_image(backend, tmp_path):
    """A system comes as an image of its disk."""
    image = image_of(tmp_path, [boot_sector(), b'second sector'])
    with Machine(backend, 'disk-image', bundle=bootdisk.bundle(tmp_path, system=image)) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name d --memory 64M --boot disk --disk image=system,on=ram')
        machine.ok('start-vm d')
        machine.wait_log('d', r'boot sector runs: second sector\s+keys:')


def wait_shell(machine):
    machine.expect('seconds to skip')
    machine.send('\x1b')
    machine.expect('Shell> ')


def check_variable(machine):
    machine.send('echo "a %fruit%, ripe"\r')
    machine.expect('a pear, ripe')


def check_uefi_shell(machine):
    """What is set in its shell survives a reset and an end of the VM, but not with the VM."""
    machine.ok('create-vm --name u --memory 128M --boot disk --firmware uefi --disk 1M,on=ram')
    machine.ok('start-vm u')
    machine.attach('u')
    wait_shell(machine)
    machine.send('set fruit pear\r')
    machine.expect('Shell> ')
    check_variable(machine)
    machine.expect('Shell> ')
    machine.send('reset\r')
    wait_shell(machine)
    check_variable(machine)
    machine.detach()
    text = machine.ok('status-vm u')
    assert 'no-bootable-medium' in text
    assert re.search('^Firmware +uefi$', text, re.M)
    assert re.search('^Disk 1 +volume u.1, 2.0 MiB of UEFI variables', text, re.M)
    machine.ok('stop-vm u --force')
    machine.ok('start-vm u')
    machine.attach('u')
    wait_shell(machine)
    check_variable(machine)
    machine.detach()


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_uefi_shell(machine):
    """Nothing to boot: UEFI starts its shell, whose variables are kept in a disk of the VM."""
    check_uefi_shell(machine)
    assert 'E_STATE' in machine.cmd('detach-disk u --volume u.1')
    assert 'E_STATE' in machine.cmd('attach-disk u --disk 2M,on=ram,nvram')
    machine.ok('stop-vm u --force')
    text = machine.ok('export-config u')
    assert 'firmware uefi;' in text and 'disk 2M,on=ram,nvram;' in text
    machine.ok('detach-disk u --volume u.1')
    assert re.search('^Variables +lost', machine.ok('status-vm u'), re.M)
    assert 'E_USAGE' in machine.cmd('set-vm u --disk 1M,on=ram --disk 1M,on=ram,nvram')
    assert 'E_USAGE' in machine.cmd('create-vm b --boot disk --disk 1M,on=ram --disk 2M,on=ram,nvram')
    machine.ok('delete-vm u --yes')


@pytest.mark.firmware
@pytest.mark.backends('bochs')
@pytest.mark.machine(**TINY)
def test_uefi_shell_on_bochs(machine):
    """The same: there it takes long."""
    check_uefi_shell(machine)


@pytest.mark.backends('qemu-pvh')
def test_disk_without_system(backend, tmp_path):
    """The disk has a partition table that VOS has made, and no system: the BIOS goes on with the CD."""
    blank, table = f'{tmp_path}/blank.img', f'{tmp_path}/table.img'
    with open(blank, 'wb') as file:
        file.truncate(64 << 20)
    with Machine(backend, 'table-disk', **TINY, disks=[('nvme', blank)]) as machine:
        machine.wait_prompt()
        machine.until(lambda: 'nvme0.0' in machine.cmd('list-disk'), 'the disk is up')
        machine.ok('create-volume part --size 1M --on nvme0.0')
    with open(blank, 'rb') as file, open(table, 'wb') as out:
        out.write(file.read(SECTOR))
        out.truncate(1 << 20)
    disc = bootdisk.make_cd(tmp_path, CD_MENU, b'this is the CD\n')
    with Machine(backend, 'next-disk', bundle=bootdisk.bundle(tmp_path, table=table, disc=disc)) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name d --memory 64M --boot disk --disk image=table,on=ram --iso disc')
        machine.ok('start-vm d')
        machine.attach('d')
        machine.expect('other')     # GRUB's menu


MENU = """set timeout=60
menuentry other { echo "not this one"; reboot }
menuentry linux { linux /boot/kernel console=ttyS0 quiet; initrd /boot/initrd }
"""


def choose_linux(machine):
    """GRUB's menu by the keys of the serial line."""
    machine.expect('other')
    machine.send('\x1b[B\r')
    machine.wait_guest()


def check_grub_and_linux(backend, tmp_path):
    kind, disk = KINDS[backend]
    image = bootdisk.make(tmp_path, MENU, {'kernel': f'{BUILD}/images/debian-kernel',
                                           'initrd': f'{BUILD}/images/debian-initrd'})
    with Machine(backend, 'grub-linux', **TINY, disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        start(machine, 'd', f'--disk volume={disk},trusted', memory='256M')
        machine.attach('d')
        choose_linux(machine)
        assert 'VOS' in machine.guest_cmd('cat /sys/class/dmi/id/sys_vendor')
        assert 'lost 0' in machine.guest_cmd('echo lost $(dmesg | grep -c "no compatible bridge window")')
        machine.guest_cmd('mkdir /m; mount /dev/vda1 /m; echo kept $((6*7)) > /m/note; umount /m')
        machine.send('reboot\r')
        choose_linux(machine)
        machine.guest_cmd('mkdir /m; mount /dev/vda1 /m')
        assert 'kept 42' in machine.guest_cmd('cat /m/note')
        machine.guest_cmd('umount /m')
        machine.detach()
        machine.ok('stop-vm d')   # the power button
        machine.wait_state('d', 'stopped')
        assert 'Power down' in machine.ok('log-vm d')


CD_MENU = """set timeout=60
menuentry other { reboot }
menuentry note { cat (cd)/note; read key }
"""


@pytest.mark.backends('qemu-pvh')
def test_cd(backend, tmp_path):
    """GRUB's rescue CD, before and behind an empty disk; one that is cut short; a disc beside a kernel."""
    disc = bootdisk.make_cd(tmp_path, CD_MENU, b'this is the CD\n')
    cut = os.path.join(tmp_path, 'cut.iso')
    with open(disc, 'rb') as file, open(cut, 'wb') as out:
        out.write(file.read(40 << 10))
    bundle = bootdisk.bundle(tmp_path, disc=disc, cut=cut, heartbeat=f'{BUILD}/guests/heartbeat.elf')
    with Machine(backend, 'cd', bundle=bundle) as machine:
        machine.wait_prompt()
        for name, boot in (('cd', 'iso'), ('behind', 'disk')):
            machine.ok(f'create-vm --name {name} --memory 64M --boot {boot} --iso disc --disk 1M,on=ram')
            machine.ok(f'start-vm {name}')
            machine.attach(name)
            machine.expect('other')
            machine.send('\x1b[B\r')
            machine.expect('this is the CD')
            machine.detach()
            assert re.search('^CD +disc$', machine.ok(f'status-vm {name}'), re.M)
        machine.ok('create-vm --name cut --memory 64M --boot iso --iso cut')
        machine.ok('start-vm cut')
        machine.wait_log('cut', 'No bootable device')
        assert 'no-bootable-medium' in machine.ok('status-vm cut')
        machine.ok('create-vm --name kernel --memory 64M --kernel heartbeat --iso disc')
        machine.ok('start-vm kernel')


@pytest.mark.backends('qemu-pvh')
def test_grub_and_linux(backend, tmp_path):
    """A system that is on the VM's disk, with its own boot loader: keeps its data, starts anew, has a power button."""
    check_grub_and_linux(backend, tmp_path)


@pytest.mark.firmware
@pytest.mark.backends('bochs')
def test_grub_and_linux_on_bochs(backend, tmp_path):
    """The same: there it unpacks two kernels, which takes long."""
    check_grub_and_linux(backend, tmp_path)


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh')
def test_cost(backend, tmp_path):
    """Exits, and instructions of the guest and all that works for it, up to a boot sector that only halts."""
    image = image_of(tmp_path, [b'\xfa\xf4\xeb\xfd'.ljust(SECTOR - 2, b'\0') + b'\x55\xaa'])
    with Machine(backend, 'firmware-cost', **TINY, disks=[('nvme', image)], icount=0) as machine:
        machine.wait_prompt()
        start(machine, 'd', '--disk volume=nvme0.0,trusted')
        machine.wait_log('d', 'Booting from Hard Disk')
        time.sleep(2)       # what is counted does not go on
        status = json.loads(machine.ok('status-vm d --json').replace('\n', ''))['return']
        assert status['exits'] <= 6000
        assert status['cpu-time-ns'] + status['service-time-ns'] <= 60e6


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh')
def test_uefi_cost(backend):
    """The same of UEFI up to its shell, without what OVMF computes: it unpacks itself with 800 M instructions."""
    with Machine(backend, 'uefi-cost', **TINY, icount=0) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name u --memory 128M --boot disk --firmware uefi --disk 1M,on=ram')
        machine.ok('start-vm u')
        machine.wait_log('u', 'seconds to skip')
        status = json.loads(machine.ok('status-vm u --json').replace('\n', ''))['return']
        assert status['exits'] <= 60000
        assert status['cpu-time-ns'] - status['guest-time-ns'] + status['service-time-ns'] <= 50e6
