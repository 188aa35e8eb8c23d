# SPDX-License-Identifier: MIT
"""An unmodified Debian kernel: a shell on its console, and every way it can end.

A boot of Linux takes Bochs more than a minute, so each one serves several checks.
"""
import re
import time

import pytest
from vosmachine import GUEST_PROMPT


def start_linux(machine):
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()


def check_shell(machine):
    assert 'Linux' in machine.guest_cmd('uname -a')
    assert '4950' in machine.guest_cmd('n=0; for i in $(seq 99); do n=$((n+i)); done; echo $n')
    machine.detach()
    assert 'running' in machine.ok('list-vm')
    assert 'VOS-GUEST-READY' in machine.ok('log-vm lin')
    machine.attach('lin')
    machine.send('\x1d')
    machine.expect('b break')
    machine.send('bh')      # what the kernel's serial driver takes for the SysRq key, and a key behind it
    machine.expect('sysrq: HELP')


def check_pause_and_clock(machine):
    """A paused guest makes no progress, and its clock is right again afterwards."""
    # A shell of its own: Ctrl-C reaches it between two sleeps too, when the outer shell would have no job to interrupt.
    machine.send("sh -c 'while sleep 1; do echo tick $((t=t+1)); done'\r")
    machine.expect('tick 2')
    machine.detach()
    machine.ok('pause-vm lin')
    before = machine.ok('log-vm lin').count('tick')
    time.sleep(3)
    assert machine.ok('log-vm lin').count('tick') == before
    machine.ok('resume-vm lin')
    machine.attach('lin')
    machine.expect(r'tick \d+')
    machine.send('\x03')
    machine.expect(re.escape(GUEST_PROMPT))     # what is typed before that is echoed, then comes the prompt
    begun = time.monotonic()
    answer = machine.guest_cmd('a=$(date +%s); sleep 2; echo slept $(($(date +%s)-a))')
    # QEMU's clock is the one on the wall, so on a busy machine it goes on while the guest is not served.
    most = 4 if machine.backend == 'bochs' else time.monotonic() - begun + 1
    assert 2 <= int(re.search(r'slept (\d+)', answer).group(1)) <= most


def check_panic(machine):
    machine.send('panic\r')
    machine.expect('Kernel panic')
    machine.detach()
    machine.wait_state('lin', 'crashed')
    assert 'panic' in machine.ok('list-vm')


def check_virtio(machine):
    """What every VM has: entropy, a second console on the same terminal, and room for a processor that never comes."""
    assert 'virtio_rng' in machine.guest_cmd('cat /sys/devices/virtual/misc/hw_random/rng_current')
    assert '64' in machine.guest_cmd('head -c 64 /dev/hwrng | wc -c')
    assert 'by hvc0: 42' in machine.guest_cmd('echo by hvc0: $((6*7)) > /dev/hvc0')
    assert re.search(r'PCI-MSI.*virtio', machine.guest_cmd('grep -m 1 virtio.-output /proc/interrupts'))
    assert '0-1' in machine.guest_cmd('cat /sys/devices/system/cpu/possible')


def check_keys_while_the_kernel_prints(machine):
    """The driver of the serial line has its interrupts off then: the second console must not get them instead."""
    keys = 'echo 42 >/tmp/k\r'
    lines = 2 * len(keys)
    machine.send(f'seq {lines} | while read i; do echo h >/proc/sysrq-trigger; done &\r')
    for number in range(lines):
        machine.expect('HELP')
        machine.send(keys[number:number + 1])
    machine.expect('\n')
    assert '42' in machine.guest_cmd('cat /tmp/k')


def check_two_kinds(machine):
    """Beside Linux a guest of another kind: memtest86+ waits on the PIT, which only the old PC has."""
    machine.detach()
    machine.ok('create-vm --name mem --memory 64M --platform pc --kernel memtest --cmdline "console=ttyS0,115200"')
    machine.ok('start-vm mem')
    machine.wait_log('mem', re.escape('Memtest86+'))
    assert machine.ok('list-vm').count('running') == 2
    machine.attach('lin')
    assert 'both 42' in machine.guest_cmd('echo both $((6*7))')
    machine.detach()
    machine.ok('stop-vm mem --force')
    machine.attach('lin')
    assert 'alone 42' in machine.guest_cmd('echo alone $((6*7))')


@pytest.mark.shared
@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'bochs')
def test_modern_platform(machine):
    machine.ok('create-vm --name lin --cpu 1 --memory 256M')
    start_linux(machine)
    check_shell(machine)
    check_virtio(machine)
    check_keys_while_the_kernel_prints(machine)
    check_pause_and_clock(machine)
    check_two_kinds(machine)

    machine.send('reboot\r')
    machine.wait_guest()
    assert 'Linux' in machine.guest_cmd('uname')
    machine.detach()
    assert 'running' in machine.ok('status-vm lin')

    machine.ok('stop-vm lin')   # the power button
    machine.wait_state('lin', 'stopped')
    assert 'Power down' in machine.ok('log-vm lin')


@pytest.mark.shared
@pytest.mark.backends('qemu-bios', 'bochs')
def test_pc_platform(machine):
    machine.ok('create-vm --name lin --cpu 1 --memory 256M --platform pc')
    start_linux(machine)
    check_shell(machine)
    check_virtio(machine)
    # The kernel takes up the HPET by itself.
    assert 'hpet' in machine.guest_cmd('cat /sys/devices/system/clocksource/clocksource0/available_clocksource')
    machine.send('poweroff\r')
    machine.expect('Power down')
    machine.detach()
    machine.wait_state('lin', 'stopped')

    start_linux(machine)
    check_panic(machine)


@pytest.mark.shared
@pytest.mark.backends('qemu-bios')
def test_panic_on_modern_platform(machine):
    machine.ok('create-vm --name lin --cpu 1 --memory 256M')
    start_linux(machine)
    check_panic(machine)
