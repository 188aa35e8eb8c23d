# SPDX-License-Identifier: MIT
"""Systems that nobody here wrote: kernels from Debian's archive (fetch.sh), unmodified."""
import os
import re
import subprocess

import pytest

from vosmachine import BUILD, TOP, Machine

SYSTEMS = f'{BUILD}/systems'
BOTH = ('modern', 'pc')
EVERYWHERE = ('qemu-pvh', 'bochs')
QEMU = ('qemu-pvh',)


class Linux:
    """A kernel of Debian's with a busybox: to its shell, and off by the power button's way."""

    def __init__(self, kernel, initrd, backends=EVERYWHERE, platforms=BOTH, cpus=(1, 4), memory='160M'):
        self.images = {'kernel': f'{SYSTEMS}/{kernel}', 'initrd': initrd}
        self.create = f'--memory {memory} --kernel kernel --initrd initrd --cmdline "console=ttyS0"'
        self.backends, self.platforms, self.cpus = backends, platforms, cpus

    def check(self, machine, cpus):
        machine.attach('guest')
        machine.wait_guest()
        assert 'sum 42' in machine.guest_cmd('echo sum $((6*7))')
        assert re.search(rf'\b{cpus}\b', machine.guest_cmd('nproc'))
        machine.send('poweroff\r')
        machine.expect('Power down')
        machine.detach()
        machine.wait_state('guest', 'stopped')


class Says:
    """A program that is judged by what it writes to its serial port."""

    def __init__(self, images, create, words, backends=EVERYWHERE, platforms=BOTH, cpus=(1,)):
        self.images, self.create, self.words = images, create, words
        self.backends, self.platforms, self.cpus = backends, platforms, cpus

    def check(self, machine, _cpus):
        machine.wait_log('guest', self.words)
        assert 'running' in machine.ok('status-vm guest')


class Refused:
    """A kernel that can't run: the VM ends at once, and its state says why."""

    def __init__(self, images, create, words):
        self.images, self.create, self.words = images, create, words
        self.backends, self.platforms, self.cpus = QEMU, ('modern',), (1,)

    def check(self, machine, _cpus):
        assert self.words in machine.wait_state('guest', 'crashed')


I386 = f'{SYSTEMS}/initrd-i386'
AMD64 = f'{BUILD}/images/debian-initrd'
TABLE = {
    'linux-686': Linux('linux-686', I386),
    'linux-686-pae': Linux('linux-686-pae', I386),
    'linux-amd64': Linux('linux-amd64', AMD64, QEMU, memory='512M'),
    'linux-rt': Linux('linux-rt', AMD64, QEMU, memory='512M'),
    'linux-backports': Linux('linux-backports', AMD64, QEMU, memory='512M'),
    # Both wait on the PIT, which modern has not.
    'memtest86+-x64': Says({'kernel': f'{BUILD}/images/memtest'},
                           '--memory 64M --kernel kernel --cmdline console=ttyS0,115200', r'Memtest86\+.*Pass',
                           platforms=('pc',)),
    'memtest86+-ia32': Says({'kernel': f'{SYSTEMS}/memtest-ia32'},
                            '--memory 64M --kernel kernel --cmdline console=ttyS0,115200', r'Memtest86\+.*Pass',
                            platforms=('pc',)),
    # QEMU's IRET to ring 3 reads the stack as ring 0 would, and SMAP refuses that: Xen's kernels of ring 3 need it off.
    'xen-dom0': Says({'kernel': f'{SYSTEMS}/xen', 'dom0': f'{SYSTEMS}/linux-amd64', 'initrd': AMD64},
                     '--memory 1G --kernel kernel --module "dom0 console=hvc0" --module initrd '
                     '--cmdline "com1=115200,8n1 console=com1 dom0_mem=600M no-real-mode smap=0"',
                     'VOS-GUEST-READY', QEMU, platforms=('pc',)),
    # Without a bootstrap task it comes that far.
    'gnumach': Says({'kernel': f'{SYSTEMS}/gnumach'}, '--memory 256M --kernel kernel --cmdline console=com0',
                    'No bootstrap code loaded with the kernel', platforms=('pc',)),
    # Programs of 16 bits can't run, and the reason is said. Debian has GRUB as such a one, and for coreboot, EFI, Open
    # Firmware and Xen, whose services VOS has not; anyway it would find no disk and no network.
    'ipxe.lkrn': Refused({'kernel': f'{SYSTEMS}/ipxe-lkrn'}, '--memory 64M --kernel kernel', 'needs a BIOS'),
    'grub.lkrn': Refused({'kernel': f'{SYSTEMS}/grub-lkrn'}, '--memory 64M --kernel kernel', 'needs a BIOS'),
}
CASES = [(name, host, platform, cpus) for name, system in TABLE.items() for host in system.backends
         for platform in system.platforms for cpus in system.cpus]


@pytest.mark.systems
@pytest.mark.parametrize('name,host,platform,cpus', CASES)
def test_system(request, record_property, name, host, platform, cpus):
    record_property('system', f'{name:18} {host:10} {platform:8} {cpus} vCPU')
    system = TABLE[name]
    for path in system.images.values():
        if not os.path.exists(path):
            pytest.skip(f'{os.path.basename(path)} could not be fetched')
    label = f'system-{name}-{platform}-{cpus}'
    kind = 'iso' if host == 'bochs' else 'bundle'
    boot = f'{BUILD}/{label}-{host}.{kind}'      # beside vos.elf, which goes on it
    subprocess.run([f'{TOP}/iso/mkiso.sh', kind, boot, *(f'{key}={path}' for key, path in system.images.items())],
                   cwd=TOP, env=dict(os.environ, CONF=''), check=True)
    machine = Machine(host, label, mem=1024 if host == 'bochs' else 2048, cpus=min(cpus, 2), **{kind: boot})
    request.node.vos_log = machine.log_path
    try:
        with machine:
            machine.wait_prompt()
            machine.ok(f'create-vm --name guest --cpu {cpus} --platform {platform} {system.create}')
            machine.cmd('start-vm guest')
            system.check(machine, cpus)
    finally:
        os.unlink(boot)
