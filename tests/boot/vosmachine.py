# SPDX-License-Identifier: MIT
"""A machine that runs VOS, and its serial line, for the boot tests.

    with Machine('qemu-bios', 'mytest') as machine:
        machine.wait_prompt()
        text = machine.cmd('list-vm')

Backends: qemu-bios, qemu-uefi, qemu-pvh (SVM; the last skips firmware and GRUB), bochs (VMX), and kvm-amd and
kvm-intel: a guest of QEMU's under Linux' KVM, in QEMU or Bochs (tests/nested), with the tiny guests.

What the line carried goes to build/test-logs/ as it came; the text that tests see has no escape sequences, and of a
line that was redrawn only the last state.

Tests wait for content, however long it takes: a slow machine fails none.  PATIENCE only ends what hangs, and a VM that
crashes ends a wait for something else at once.
"""
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pexpect

from slots import Slots

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.path.join(TOP, 'build')
LOGS = os.path.join(BUILD, 'test-logs')
OVMF = '/usr/share/OVMF'
QEMU = os.environ.get('QEMU') or 'qemu-system-x86_64'
BOCHS = os.environ.get('BOCHS') or 'bochs'
BACKENDS = ('qemu-bios', 'qemu-uefi', 'qemu-pvh', 'bochs', 'kvm-amd', 'kvm-intel')
IN_BOCHS = ('bochs', 'kvm-intel')
# For how long something is watched that must not happen, in multiples of what QEMU needs.
SLOWNESS = {'qemu-bios': 1, 'qemu-uefi': 1, 'qemu-pvh': 1, 'bochs': 5, 'kvm-amd': 10, 'kvm-intel': 50}
# Seconds for which one thing is waited for.
PATIENCE = float(os.environ.get('VOS_TEST_PATIENCE', '900'))
# Arguments for a Machine that carries only the tiny guests and the hostile programs: small, so Bochs boots it sooner.
TINY = {'iso': f'{BUILD}/test.iso', 'bundle': f'{BUILD}/test.cpio'}
PROMPT = 'vos> '
COLUMNS = 80
# Machines without and with an IOMMU; disks of QEMU by kind.
MACHINES = {
    None: ('q35',),
    'vtd': ('q35,kernel-irqchip=split', '-device', 'intel-iommu,intremap=on'),
    'amd': ('q35,kernel-irqchip=split', '-device', 'amd-iommu,intremap=on,pt=off'),
}
QEMU_DISKS = {
    'virtio': 'virtio-blk-pci,drive=disk{number},serial=disk{number}',
    'nvme': 'nvme,drive=disk{number},serial=disk{number}',
    'ahci': 'ide-hd,drive=disk{number},serial=disk{number}',
}
GUEST_PROMPT = 'guest# '

# CSI, OSC / APC / DCS strings, two-byte escapes; a sequence cut off at the end of what was read waits for its rest.
ESCAPE = re.compile(r'\x1b(\[[0-?]*[ -/]*[@-~]|[\]_P^][^\x07\x1b]*(\x07|\x1b\\)|[()*+][A-Za-z0-9]|'
                    r'[0-9=>A-OQ-Z\\a-z|}~])')
PARTIAL = re.compile(r'\x1b(\[[0-?]*[ -/]*|[\]_P^][^\x07\x1b]*\x1b?|[()*+])?$')


class PlainLine(pexpect.spawn):
    """A spawned program whose output loses its escape sequences before anything is matched."""
    kept = ''

    def read_nonblocking(self, size=1, timeout=-1):
        while True:
            text = self.kept + super().read_nonblocking(size, timeout)
            partial = PARTIAL.search(text)
            cut = partial.start() if partial and len(text) - partial.start() < 4096 else len(text)
            self.kept = text[cut:]
            text = ESCAPE.sub('', text[:cut])
            if text:
                return text


def settle(text):
    """What stays on the screen of text: after a carriage return, a line starts anew."""
    lines = []
    for line in text.replace('\r\n', '\n').split('\n'):
        parts = [part for part in line.split('\r') if part]
        lines.append(parts[-1].rstrip() if parts else '')
    return '\n'.join(lines).strip('\n')


@functools.cache
def has_x2apic():
    """Does QEMU have it without KVM, as it has since 9.0?"""
    version = subprocess.run([QEMU, '--version'], capture_output=True, text=True, check=True).stdout
    return int(re.search(r'version (\d+)', version).group(1)) >= 9


class Machine:
    def __init__(self, backend, name, iso=None, elf=None, bundle=None, append='', mem=1024, cpus=None, cpu=None,
                 icount=None, load=1, disks=None, iommu=None, lines=(), in_step=False, nics=(), forward=None):
        self.backend, self.name, self.append, self.mem = backend, name, append, mem
        # More than two CPUs are too much for Bochs, which emulates them all in one thread.
        self.cpus = min(cpus or 1, 2) if backend in IN_BOCHS else cpus or (1 if icount is not None else 4)
        # QEMU: an instruction takes 2**icount ns, whatever it really takes; in Bochs that is so anyway.
        self.icount = icount
        # Images of disks: [(kind, path)], kind = virtio, nvme or ahci on QEMU, ata on Bochs (two).  iommu: vtd or amd.
        # [(kind, path, drive, device)] on QEMU: options of -drive in the place of a raw image's, and more of -device.
        self.disks, self.iommu = disks or [], iommu
        # Network cards: models of QEMU (virtio-net-pci, e1000, e1000e), at most one on Bochs (e1000). Behind each is
        # the emulator's own network, which reaches nothing.
        self.nics = nics
        # A pair of ports: what comes to the first one on the host's loopback goes to the second one of the machine's
        # own address on the first card's network. That network then lets the machine out, too: to the loopback.
        self.forward = forward
        # Lines besides the first one, on sockets (socket_of): com2, for which VOS needs com2=; on QEMU port and gdb.
        self.lines = lines
        # In Bochs: an idle machine's time does not run ahead of the wall's, by which a test's other end waits.
        self.in_step = in_step and backend == 'bochs'
        self.cpu = cpu or ('corei7_skylake_x' if backend in IN_BOCHS else 'max')
        self.iso = iso or f'{BUILD}/vos.iso'
        self.elf = elf or f'{BUILD}/vos-pvh.elf'
        self.bundle = bundle or f'{BUILD}/bundle.cpio'
        self.slowness = SLOWNESS[backend]
        self.log_path = os.path.join(LOGS, re.sub(r'[^A-Za-z0-9_.-]+', '-', f'{name}-{backend}') + '.log')
        self.linux_log = self.log_path[:-len('.log')] + '-linux.log'
        self.line = self.log = self.folder = None
        self.is_taken_over = False
        # load: CPUs of the machine under the tests that this one keeps busy; QEMU has a thread for each of its own.
        self.load = 1 if backend in IN_BOCHS or icount is not None else load
        self.slots = Slots(LOGS, self.load)
        # What tests that go on with another's machine must have in common with it.
        self.key = (backend, self.iso, self.elf, self.bundle, append, mem, self.cpus, self.cpu, self.load,
                    None if backend in IN_BOCHS else icount, tuple(self.disks), iommu, tuple(lines), self.in_step,
                    tuple(nics), forward)

    @property
    def emulator(self):
        return BOCHS if self.backend in IN_BOCHS else QEMU

    # -------------------------------------------------------------------------------------------- life
    def command(self):
        if self.backend == 'bochs':
            return self.bochs(self.iso) + self.bochs_disks() + self.bochs_nics() + \
                (['--com2', self.socket_of('com2')] if 'com2' in self.lines else []) + \
                (['--sync', 'slowdown'] if self.in_step else [])
        if self.backend == 'kvm-intel':
            return self.bochs(f'{BUILD}/nested/linux.iso') + ['--com2', self.socket_of('com2'),
                                                              '--com2-log', self.linux_log]
        if self.backend == 'kvm-amd':
            # One CPU: with several, QEMU 7.2 delivers an interrupt of EVENTINJ, which is KVM's way, twice at times.
            return [QEMU, '-accel', 'tcg,thread=single', '-machine', 'q35', '-cpu', 'max,la57=off', '-m', '2048',
                    '-nic', 'none', '-display', 'none', '-monitor', 'none', '-no-reboot',
                    '-kernel', f'{BUILD}/nested/linux', '-initrd', f'{BUILD}/nested/initrd',
                    '-append', f'console=ttyS1 vos.test=/bin/nested vos.pcpus={self.cpus}',
                    '-chardev', f'socket,id=com2,path={self.socket_of("com2")},server=on,wait=off,'
                    f'logfile={self.linux_log}', '-serial', 'stdio', '-serial', 'chardev:com2']
        # QEMU 10.0 ends at the timer's WRMSR in x2APIC mode when it counts instructions ("Bad icount read").
        # A QEMU with x2APIC has to be told that VT-d sends interrupts to its ids; an older one refuses that with TCG.
        eim = ['-global', 'intel-iommu.eim=on'] if self.iommu == 'vtd' and has_x2apic() else []
        qemu = [QEMU, '-accel', 'tcg', '-machine', *MACHINES[self.iommu], *eim,
                '-cpu', self.cpu if self.icount is None else f'{self.cpu},-x2apic',
                '-m', str(self.mem), '-smp', str(self.cpus), '-nic', 'none', '-display', 'none', '-monitor', 'none',
                '-serial', 'stdio'] + self.qemu_disks() + self.qemu_nics() + \
            self.qemu_lines()
        if self.icount is not None:
            qemu += ['-icount', f'shift={self.icount},sleep=off']
        if self.backend == 'qemu-pvh':
            return qemu + ['-kernel', self.elf, '-initrd', self.bundle, '-append', self.append]
        qemu += ['-cdrom', self.iso, '-boot', 'd']
        if self.backend == 'qemu-uefi':
            variables = shutil.copy(f'{OVMF}/OVMF_VARS_4M.fd', self.folder)
            qemu += ['-drive', f'if=pflash,format=raw,unit=0,readonly=on,file={OVMF}/OVMF_CODE_4M.fd',
                     '-drive', f'if=pflash,format=raw,unit=1,file={variables}']
        return qemu

    def bochs(self, iso):
        return ['/usr/bin/python3', f'{TOP}/iso/bochs.py', '--iso', iso, '--mem', str(self.mem), '--cpus',
                str(self.cpus), '--model', self.cpu, '--dir', self.folder]

    def bochs_disks(self):
        assert all(kind == 'ata' for kind, _ in self.disks) and len(self.disks) <= 2 and not self.iommu
        return [word for _, path in self.disks for word in ('--disk', path)]

    def bochs_nics(self):
        assert tuple(self.nics) in ((), ('e1000',))
        forward = ['--forward', f'{self.forward[0]}:{self.forward[1]}'] if self.forward else []
        return ['--nic', self.mac_of(0), *forward] if self.nics else []

    @staticmethod
    def mac_of(number):
        return f'52:54:00:12:34:{0x56 + number:02x}'

    def qemu_nics(self):
        arguments = []
        for number, model in enumerate(self.nics):
            behind = ',iommu_platform=on,disable-legacy=on' if self.iommu and model.startswith('virtio') else ''
            net = 'restrict=on'
            if number == 0 and self.forward:
                net = f'hostfwd=tcp:127.0.0.1:{self.forward[0]}-:{self.forward[1]}'
            arguments += ['-netdev', f'user,id=nic{number},{net}',
                          '-device', f'{model},id=card{number},netdev=nic{number},mac={self.mac_of(number)}{behind}']
        return arguments

    def socket_of(self, line):
        return f'{self.folder}/{line}.sock'

    def qemu_lines(self):
        arguments = []
        for line in self.lines:
            arguments += ['-chardev', f'socket,id={line},path={self.socket_of(line)},server=on,wait=off']
        if 'com2' in self.lines:
            arguments += ['-serial', 'chardev:com2']
        if 'gdb' in self.lines:
            arguments += ['-gdb', 'chardev:gdb']
        if 'port' in self.lines:
            behind = ',iommu_platform=on,disable-legacy=on' if self.iommu else ''
            arguments += ['-device', 'virtio-serial-pci' + behind,
                          '-device', 'virtserialport,chardev=port,name=vos']
        return arguments

    def qemu_disks(self):
        arguments = []
        ports = iter((0, 1, 3, 4, 5))       # the CD-ROM is on port 2
        for number, (kind, path, *special) in enumerate(self.disks):
            drive, more = special or (f'file={path},format=raw,discard=unmap', '')
            device = QEMU_DISKS[kind].format(number=number) + more
            if kind == 'ahci':
                device += f',bus=ide.{next(ports)}'
            if self.iommu and kind == 'virtio':
                device += ',iommu_platform=on,disable-legacy=on'
            arguments += ['-drive', f'if=none,id=disk{number},{drive}', '-device', device]
        return arguments

    def open_log(self):
        os.makedirs(LOGS, exist_ok=True)
        self.log = open(self.log_path, 'w', encoding='utf-8', errors='replace')

    def start(self):
        self.open_log()
        self.folder = tempfile.mkdtemp(prefix='vos-')
        self.slots.take()
        # A pseudo-terminal in raw mode: each byte as it is, Ctrl-C included.  timeout(1) is the last resort.
        wrapper = ['--foreground', '-k', '5', '4800', 'sh', '-c', 'stty raw -echo -onlcr; exec "$@"', 'sh']
        self.line = PlainLine('timeout', wrapper + self.command(), cwd=TOP, encoding='utf-8', codec_errors='replace',
                              echo=False, timeout=PATIENCE, maxread=65536)
        self.line.logfile_read = self.log
        self.line.delaybeforesend = None
        return self

    def take_over(self, other):
        """Instead of start(): goes on with a machine of the same key, at its prompt, in a log of its own."""
        self.open_log()
        self.line, self.slots, self.folder = other.line, other.slots, other.folder
        self.line.logfile_read = self.log
        self.is_taken_over, other.line = True, None
        other.log.close()
        return self

    def clear(self):
        """Leaves no VM, for the test that goes on with this machine."""
        self.cmd('stop-vm --all --force')
        self.cmd('delete-vm --all --yes')
        assert 'there are no VMs' in self.ok('stop-vm --all')

    def stop(self):
        """Ends every process of this machine, in whatever state it is."""
        if self.line:
            # timeout(1) hands the signal on to the emulator, and waits for it.
            self.line.kill(signal.SIGTERM)
            deadline = time.monotonic() + 8
            while self.line.isalive() and time.monotonic() < deadline:
                time.sleep(0.05)
            self.line.close(force=True)
            self.line = None
        self.slots.give()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        """As a power cut: the emulator is gone at once.  Returns what it wrote until then."""
        with open(f'/proc/{self.line.pid}/task/{self.line.pid}/children', encoding='ascii') as file:
            child, = map(int, file.read().split())
        os.kill(child, signal.SIGKILL)
        return self.wait_exit()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def dump(self, seconds=30):
        """Below KVM: how all pCPUs and interrupt controllers are, from Linux' log, where it comes to stand."""
        with open(self.linux_log, encoding='utf-8', errors='replace') as log, socket.socket(socket.AF_UNIX) as line:
            log.seek(0, os.SEEK_END)
            line.connect(self.socket_of('com2'))
            line.sendall(b'\rdump\r')
            time.sleep(seconds * self.slowness / 10)
            return log.read()

    def wait_exit(self):
        """The machine must power itself off; returns what it wrote until then."""
        self.line.expect(pexpect.EOF)
        return settle(self.line.before)

    # -------------------------------------------------------------------------------------------- the line
    def send(self, text):
        self.line.send(text)

    def expect(self, pattern):
        """Waits for the regular expression; returns its match object.  What came before it is in `before`."""
        self.line.expect(pattern)
        return self.line.match

    @property
    def before(self):
        return settle(self.line.before)

    def drain(self, seconds=0.1):
        """Takes in what came by itself, so that it isn't mistaken for an answer."""
        self.line.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=seconds)
        return settle(self.line.before)

    def wait_prompt(self):
        self.expect(re.escape(PROMPT))

    def dialogue(self, text, echo, prompt):
        """Types a line, waits for the end of its echo, then for the next prompt."""
        self.drain()
        self.send(text + '\r')
        self.expect(re.escape(echo) + '[ \b]*\r*\n')
        self.expect(re.escape(prompt))
        return self.before

    def cmd(self, text):
        """One command at VOS's prompt; returns what it printed."""
        # News redraw the prompt and what has been typed, so the echo is all of the line; but a line scrolls that leaves
        # no two columns behind it, and then the prompt is drawn again with every key: only the last one is sure to be
        # seen.
        return self.dialogue(text, text if len(PROMPT + text) < COLUMNS - 2 else text[-1:], PROMPT)

    def ok(self, text):
        """The same, for a command that must succeed."""
        answer = self.cmd(text)
        assert 'error[' not in answer, f'{text}: {answer}'
        return answer

    def until(self, look, what, vm=None, pause=0.3):
        """Looks until that gives something true, which is returned.  A look after the VM's end is the last."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.ok(f'status-vm {vm}') if vm else ''
            found = look()
            if found:
                return found
            if re.search(r'\b(crashed|stopped)\b', state):
                raise AssertionError(f'{what}: {state}\n' + self.ok(f'log-vm {vm} --lines 20'))
            assert time.monotonic() < deadline, f'not after {PATIENCE:.0f} s: {what}'
            time.sleep(pause * max(1, self.slowness / 5))     # a look is work for it

    # -------------------------------------------------------------------------------------------- consoles of guests
    def attach(self, vm):
        self.drain()
        self.send(f'console {vm}\r')
        self.expect(r'Ctrl-\]')
        self.expect('\n')
        self.drain(0.2 * self.slowness)     # what the guest had written before

    def detach(self):
        """Back to VOS's prompt; the VM may have ended, also while the menu is open, and then an Enter is wanted."""
        self.send('\x1d')
        if self.expect('d detach|Press Enter').group(0) == 'd detach':
            self.send('d')
            if self.expect(f'{re.escape(PROMPT)}|Press Enter').group(0) == PROMPT:
                return
        self.send('\r')
        self.wait_prompt()

    def wait_guest(self):
        """Attached to a default guest: waits for its shell."""
        self.expect('VOS-GUEST-READY')
        self.expect(re.escape(GUEST_PROMPT))

    def log_end(self, vm):
        """Where what the VM prints from now on begins in its log."""
        return int(re.search(r'"end":\s*(\d+)', self.ok(f'log-vm {vm} --json')).group(1))

    def attach_guest(self, vm, since=None):
        """Attaches to a default guest once its shell waits. What earlier boots have printed may be in the log: this one
        begins at `since`, or, if the machine started it, at the last start of the machine."""
        def look():
            log = self.ok(f'log-vm {vm}' + (f' --offset {since}' if since is not None else ''))
            return re.search('VOS-GUEST-READY.*' + re.escape(GUEST_PROMPT), log.split('was started again')[-1], re.S)
        self.until(look, f'the shell of {vm}', vm)
        self.attach(vm)
        self.guest_cmd(f': {os.urandom(6).hex()}')      # behind what the console shows again

    def guest_cmd(self, text):
        return self.dialogue(text, text[-12:], GUEST_PROMPT)

    def wait_state(self, vm, state):
        """Waits until the VM is in the state; returns the answer that says so."""
        def look():
            answer = self.ok(f'status-vm {vm}')
            return answer if re.search(rf'\b{state}\b', answer) else None
        return self.until(look, f'{vm} is to be {state}', vm)

    def wait_defined(self, vm):
        """Waits until the VM is there again: its definition was kept in a pool."""
        def look():
            return re.search(rf'"name":\s*"{vm}"', self.ok('list-vm --json'))
        self.until(look, f'{vm} is to be there again')

    def wait_log(self, vm, pattern, options=''):
        """Waits until log-vm has the pattern in what it shows of the VM; returns that."""
        def look():
            log = self.ok(f'log-vm {vm} {options}'.rstrip())
            return log if re.search(pattern, log) else None
        return self.until(look, f'{vm} is to say {pattern}', vm)
