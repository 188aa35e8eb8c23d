# SPDX-License-Identifier: MIT
"""Hostile guests, and a hostile program in a VMM's place.  A second VM's heartbeat and checksum must never change, the
prompt must answer, the kernel must not panic."""
import json
import re
import struct
import time

import pytest

from vosmachine import BUILD, TINY
from work import measure, spin

GUEST_MODES = ('ports', 'msrs', 'mmio', 'code', 'virtualization', 'registers', 'breakpoints', 'triple', 'idt-outside',
               'gdt', 'paging', 'cr3', 'debug-loop', 'hang', 'spin', 'deaf', 'reset-8042', 'reset-triple', 'reset-cf9',
               'smi', 'beyond', 'storm')
# Those that end only by force: a loop of #DBs, interrupts off, a reboot for ever, an INIT that nothing follows.
ENDLESS = ('debug-loop', 'hang', 'spin', 'deaf', 'reset-8042', 'reset-triple', 'reset-cf9', 'smi')
# Modes that must end in a fault of the program itself, and those that must come to their end.
FAULTS = ('cli', 'out', 'wrmsr', 'hlt', 'ud', 'cr3', 'vmrun', 'vmxoff', 'noncanonical', 'kernel-text', 'int',
          'read-kernel', 'read-direct', 'write-args', 'write-text', 'null', 'stack', 'int3', 'sysenter', 'xsetbv',
          'wrgsbase', 'lgdt', 'single-step')
STORMS = ('calls', 'page', 'rights', 'flood', 'foreign-call', 'flags', 'segments', 'registers', 'vectors')
RACES = ('race-page', 'race-calls', 'race-close')


class Victim:
    """The heartbeat VM: knows its beats and that its checksum is one and the same."""

    def __init__(self, machine):
        self.machine, self.beat, self.sum = machine, 0, None
        machine.ok('create-vm --name victim --cpu 1 --memory 32M --kernel heartbeat')
        machine.ok('start-vm victim')
        self.check()

    def check(self):
        """Waits until there is a new beat."""
        def look():
            found = re.findall(r'beat (\d+) sum (0x[0-9a-f]+)\n', self.machine.ok('log-vm victim --lines 4'))
            return found if found and int(found[-1][0]) > self.beat else None
        beats = self.machine.until(look, 'the next heartbeat of the victim', 'victim', 0.2)
        sums = {total for _, total in beats} | ({self.sum} if self.sum else set())
        assert len(sums) == 1, f'the victim was changed: {sums}'
        self.beat, self.sum = int(beats[-1][0]), sums.pop()


def image_bytes(code):
    """Where this code is in the kernel's text."""
    with open(f'{BUILD}/vos.elf', 'rb') as file:
        elf = file.read()
    table, = struct.unpack_from('<Q', elf, 32)
    for entry in range(struct.unpack_from('<H', elf, 56)[0]):
        flags, offset, address, _, size = struct.unpack_from('<4xI4Q', elf, table + 56 * entry)
        at = elf.find(code, offset, offset + size) if flags & 1 and address >> 63 else -1
        if at >= 0:
            return address + at - offset
    raise AssertionError(f'{code} is not in the kernel')


def host_addresses():
    """What the hypervisor runs and touches around a guest: entry and exit, stubs, tables, stacks, the pCPU's data."""
    with open(f'{BUILD}/vos.map', encoding='ascii') as file:
        text = file.read()

    def symbol(name):
        return int(re.search(rf'^ +0x(f{{8}}[0-9a-f]{{8}}) +{name}$', text, re.M).group(1), 16)

    def section(name):
        return int(re.search(rf'^ \.{name}\s+0x(f{{8}}[0-9a-f]{{8}}) ', text, re.M).group(1), 16)
    vmrun = image_bytes(b'\x0f\x01\xd8\x0f\x01\xdb')
    data, idt, stubs = section('bss.boot_cpu_data'), section('bss.idt'), symbol('cpu_stubs')
    stacks = [data + 8384 + 4096 * number - 16 for number in range(1, 5)]
    return [symbol('svm_switch'), symbol('svm_switch_armed'), stubs + 16, vmrun, vmrun + 3, vmrun + 6,
            symbol('vmx_switch'), symbol('vmx_exit_point'), section('text.svm_exit'), symbol('vmx_exit'),
            symbol('cpu_syscall'), stubs + 0xf0 * 16, idt + 16, idt + 0xf0 * 16, stacks[3] - 8, stacks[3] - 40,
            stacks[1] - 8, data + 60, section('data.boot_pcpu'), section('data.boot_pcpu') + 32]


def one_attack(machine, victim, create, watch=0, says=''):
    """Until the foe has ended; or, with `watch`, for so many seconds after it has said `says`."""
    machine.ok(create)
    machine.cmd('start-vm foe')     # it may be at its end before it is up
    if watch:
        if says:
            machine.wait_log('foe', says)
        time.sleep(watch * machine.slowness)
    else:
        machine.wait_state('foe', '(stopped|crashed)')
    if victim:
        victim.check()
    state = machine.ok('status-vm foe')
    log = machine.ok('log-vm foe --lines 20')
    machine.ok('stop-vm foe --force') if re.search(r'\b(running|starting)\b', state) else None
    machine.ok('delete-vm foe')
    return state, log


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_hostile_guests(machine):
    victim = Victim(machine)
    watch = ' watch' if machine.backend == 'bochs' else ''
    for mode in GUEST_MODES:
        create = f'create-vm --name foe --cpu 1 --memory 64M --kernel hostile --cmdline "{mode} seed=7{watch}"'
        state, log = one_attack(machine, victim, create, int(mode in ENDLESS), f'START {mode}')
        assert f'START {mode}' in log
        assert bool(re.search(r'\b(stopped|crashed)\b', state)) == (mode not in ENDLESS), f'{mode}: {state}'
    assert 'panic' not in machine.ok('log').lower()


def breakpoint_attacks(machine, victim):
    """A guest's breakpoints on the hypervisor's own addresses, set by the guest, and by its VMM."""
    addresses = host_addresses()
    # The kernel's frames, vCPUs among them, are taken from the top of memory down; before them, the UART's ports.
    sweeps = f'sweep={0xffff800000000000 + (machine.mem << 20) - (32 << 20):x}'
    for half in (addresses[:12], addresses[8:]):
        words = ' '.join(f'at={address:x}' for address in half)
        state, log = one_attack(machine, victim, 'create-vm --name foe --cpu 1 --memory 64M --kernel hostile '
                                f'--cmdline "breakpoints {words} {sweeps}"')
        assert 'SURVIVED breakpoints' in log and 'stopped' in state, f'{state}\n{log}'
    words = ' '.join(f'{address:x}' for address in [0x3f8, 0x3fd, 0x40, 0x80] + addresses)
    state, _ = one_attack(machine, victim, 'create-vm --name foe --cpu 1 --memory 64M --kernel heartbeat '
                          f'--vmm hostile-vmm --cmdline "breakpoints {words}"')
    log = machine.ok('log')
    assert 'stopped' in state and 'RIGHTS BROKEN' not in log and 'panic' not in log.lower(), f'{state}\n{log}'


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=1, **TINY)
def test_breakpoints_on_the_host(machine):
    breakpoint_attacks(machine, Victim(machine))


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=1, **TINY)
def test_tsc_aux_is_private(machine):
    """A guest's TSC_AUX is not what other programs on its pCPU read there."""
    machine.ok('create-vm --name peer --cpu 1 --memory 32M --kernel hostile --cmdline tsc-aux')
    machine.ok('start-vm peer')
    state, _ = one_attack(machine, None, 'create-vm --name foe --cpu 1 --memory 64M --kernel heartbeat '
                          '--vmm hostile-vmm --cmdline tsc-aux')
    assert 'stopped' in state and 'RIGHTS BROKEN' not in machine.ok('log'), state
    assert 'running' in machine.ok('status-vm peer')


@pytest.mark.backends('bochs')
@pytest.mark.machine(cpus=1, cpu='ryzen', **TINY)
def test_breakpoints_on_the_host_ryzen(machine):
    """The same on an SVM that switches DR7 as processors do. (It keeps V_IRQ from a guest whose IF is the host's, so
    that a victim would wait for its timer.)"""
    breakpoint_attacks(machine, None)


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_hostile_vmm(machine):
    victim = Victim(machine)
    for mode in FAULTS + STORMS + ('spin',):
        create = f'create-vm --name foe --cpu 1 --memory 64M --kernel heartbeat --vmm hostile-vmm --cmdline {mode}'
        state, _ = one_attack(machine, victim, create, int(mode == 'spin'))
        wanted = 'crashed' if mode in FAULTS else 'running' if mode == 'spin' else 'stopped'
        assert wanted in state, f'{mode}: {state}'
    log = machine.ok('log')
    assert 'ACCESS ALLOWED' not in log and 'RIGHTS BROKEN' not in log and 'panic' not in log.lower()
    assert 'all root-only calls refused' in log


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=1, icount=3, **TINY)
def test_a_flood_of_signals(machine):
    """Who keeps signalling root and the console, which go before all guests, takes no more than half of a pCPU so."""
    spin(machine, 'victim', '--affinity 0')
    alone = measure(machine, ('victim',), 1)['victim']
    machine.ok('create-vm --name foe --memory 32M --kernel heartbeat --vmm hostile-vmm --cmdline flood-endless')
    machine.ok('start-vm foe')
    beside = measure(machine, ('victim',), 1)['victim']
    assert beside >= 0.45 * alone, f'{beside} of {alone}'
    machine.ok('delete-vm foe --force')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_a_pause_is_one(machine):
    """A VMM that says it stands still gets no pCPU from then on; resumed, it runs again."""
    used = lambda: json.loads(machine.ok('status-vm foe --json'))['return']['cpu-time-ns']
    machine.ok('create-vm --name foe --memory 32M --kernel heartbeat --vmm hostile-vmm --cmdline lie')
    machine.ok('start-vm foe')
    for _ in range(3):
        machine.ok('pause-vm foe')
        time.sleep(0.5)
        before = used()
        time.sleep(1)
        assert used() == before
        machine.ok('resume-vm foe')
        machine.until(lambda: used() > before, 'the foe runs again', 'foe')
    machine.ok('delete-vm foe --force')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=2, **TINY)
def test_hostile_vmm_with_two_threads(machine):
    """One thread runs a vCPU while another scribbles over its page, closes its handles, calls whatever there is."""
    victim = Victim(machine)
    create = 'create-vm --name foe --cpu 2 --memory 64M --kernel heartbeat --vmm hostile-vmm --cmdline '
    for mode in RACES:
        state, _ = one_attack(machine, victim, create + mode)
        assert 'stopped' in state, f'{mode}: {state}'
    for turn in range(10):
        state, _ = one_attack(machine, victim, create + 'race-endless', (turn + 1) / 20)
        assert 'running' in state, state
    log = machine.ok('log')
    assert 'RIGHTS BROKEN' not in log and 'panic' not in log.lower()
