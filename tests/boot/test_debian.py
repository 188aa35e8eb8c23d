# SPDX-License-Identifier: MIT
"""A Debian system on a disk, unmodified, that its own boot loader starts: debian.sh makes its image."""
import subprocess

import pytest

import bootdisk
import readme
from vosmachine import BUILD, Machine

KINDS = {'qemu-pvh': ('nvme', 'nvme0.0'), 'bochs': ('ata', 'ata0.0')}
SHELL = 'root@debian:~# '
VARIABLE = '/sys/firmware/efi/efivars/Vos-12345678-1234-1234-1234-123456789abc'


def machine_with(backend, name, folder, **images):
    """One that has the system on its disk, a copy with the holes of the original, and these images."""
    path = f'{folder}/disk.img'
    subprocess.run(['cp', '--sparse=always', f'{BUILD}/debian/disk.img', path], check=True)
    medium = bootdisk.bundle if backend == 'qemu-pvh' else bootdisk.iso
    extra = {'bundle' if backend == 'qemu-pvh' else 'iso': medium(folder, **images)} if images else {}
    return Machine(backend, name, disks=[(KINDS[backend][0], path)], **extra)


def start(backend, machine, options=''):
    disk = f'--disk volume={KINDS[backend][1]},trusted'
    machine.wait_prompt()
    machine.until(lambda: 'would succeed' in machine.cmd(f'create-vm --name d --dry-run --boot disk {disk}'),
                  'the disk is up')
    machine.ok(f'create-vm --name d --memory 512M --boot disk {disk} {options}')
    machine.ok('start-vm d')
    machine.attach('d')


def run(machine, text):
    return machine.dialogue(text, text[-12:], SHELL)


def log_in(machine):
    machine.expect('debian login: ')
    machine.send('root\r')
    machine.expect(SHELL)


def power_off(machine):
    machine.detach()
    machine.ok('stop-vm d')   # the power button
    machine.wait_state('d', 'stopped')
    assert 'Power down' in machine.ok('log-vm d')


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_debian(backend, tmp_path):
    """From a BIOS to its login; it reboots, keeps its data, and a press of the power button ends it."""
    with machine_with(backend, 'debian', tmp_path) as machine:
        start(backend, machine)
        log_in(machine)
        assert 'failed 0' in run(machine, 'echo failed $(systemctl --failed --no-legend | wc -l)')
        assert 'running' in run(machine, 'systemctl is-system-running --wait')
        run(machine, 'echo kept $((6*7)) > /root/note; sync')
        machine.send('reboot\r')
        log_in(machine)
        assert 'kept 42' in run(machine, 'cat /root/note')
        power_off(machine)


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_debian_by_uefi(backend, tmp_path):
    """The same by UEFI, whose variables it sets."""
    with machine_with(backend, 'debian-uefi', tmp_path) as machine:
        start(backend, machine, '--firmware uefi --disk 2M,on=ram,nvram')
        log_in(machine)
        assert 'failed 0' in run(machine, 'echo failed $(systemctl --failed --no-legend | wc -l)')
        run(machine, f"printf '\\007\\0\\0\\0kept' > {VARIABLE}")
        machine.send('reboot\r')
        log_in(machine)
        assert 'kept' in run(machine, f'tail -c 4 {VARIABLE}')
        power_off(machine)


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_discs(backend, tmp_path):
    """Discs that are changed while Linux runs: it sees each one, and none."""
    discs = {name: bootdisk.make_cd(tmp_path, '', f'disc {name}\n'.encode(), name) for name in ('first', 'second')}

    def look(number):
        """The console shows again what was there when it is attached: each look has a number."""
        return run(machine, f'mount -r /dev/sr0 /mnt && cat /mnt/note; umount /mnt; : look {number}')

    with machine_with(backend, 'debian-discs', tmp_path, **discs) as machine:
        start(backend, machine, '--iso first')
        log_in(machine)
        assert 'disc first' in look(1)
        machine.detach()
        assert 'E_NOT_FOUND' in machine.cmd('insert-cd d --iso third')
        for number, (command, seen) in enumerate([('insert-cd d --iso second', 'disc second'),
                                                  ('eject-cd d', 'o medium found'),
                                                  ('set-vm d --iso first', 'disc first')], 2):
            machine.ok(command)
            machine.attach('d')
            assert seen in look(number)
            machine.detach()
        assert 'iso first;' in machine.ok('export-config d')
        assert 'E_STATE' in machine.cmd('set-vm d --iso none')
        machine.ok('stop-vm d --force')
        machine.ok('set-vm d --iso none')
        assert 'E_STATE' in machine.cmd('eject-cd d')
        assert 'E_STATE' in machine.cmd('insert-cd d --iso first')
        machine.ok('start-vm d')
        assert 'E_STATE' in machine.cmd('insert-cd d --iso first')


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh')
def test_installer(backend, tmp_path):
    """README's lines as they are printed: Debian's installer asks its first question, then the VM boots its disk."""
    image = f'{tmp_path}/disk.img'
    with open(image, 'wb') as file:
        file.truncate(128 << 30)    # as make run has it
    images = {'installer': f'{BUILD}/debian/installer-kernel', 'installer-initrd': f'{BUILD}/debian/installer-initrd'}
    before, after = readme.steps('Install Debian in a VM')
    assert len(before) + len(after) == 5
    with Machine(backend, 'debian-installer', mem=2048, disks=[('virtio', image)], nics=('virtio-net-pci',),
                 bundle=bootdisk.bundle(tmp_path, **images)) as machine:
        machine.wait_prompt()
        machine.until(lambda: 'virtio0' in machine.cmd('list-disk') and 'nat0' in machine.cmd('list-router'),
                      'disk and network are up')
        for _, line, _ in before[:-1]:
            machine.ok(line)
        machine.attach('deb')       # what `console deb` does
        machine.expect('Select a language')
        machine.detach()
        machine.ok('stop-vm deb --force')
        for _, line, _ in after:
            machine.ok(line)
        machine.wait_log('deb', 'No bootable device')   # nothing was installed
