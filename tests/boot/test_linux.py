"""An unmodified Debian kernel: a shell on its console, and every way it can end."""
import re
import time

import pytest

CREATE = 'create-vm --name lin --cpu 1 --memory 256M'


def boot_linux(machine, options=''):
    machine.ok(f'{CREATE} {options}'.strip())
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()


@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'bochs')
def test_shell_and_poweroff(machine):
    boot_linux(machine)
    assert 'Linux' in machine.guest_cmd('uname -a')
    assert '4950' in machine.guest_cmd('n=0; for i in $(seq 99); do n=$((n+i)); done; echo $n')
    machine.detach()
    assert 'running' in machine.ok('list-vm')
    machine.attach('lin')
    machine.send('poweroff\r')
    machine.expect('Power down')
    machine.detach()
    machine.wait_state('lin', 'stopped')
    assert 'VOS-GUEST-READY' in machine.ok('log-vm lin')


@pytest.mark.backends('qemu-bios', 'bochs')
def test_reboot(machine):
    boot_linux(machine)
    machine.send('reboot\r')
    machine.wait_guest()
    assert 'Linux' in machine.guest_cmd('uname')
    machine.detach()
    assert 'running' in machine.ok('status-vm lin')


@pytest.mark.backends('qemu-bios', 'bochs')
def test_panic(machine):
    boot_linux(machine)
    machine.send('panic\r')
    machine.expect('Kernel panic')
    machine.detach()
    machine.wait_state('lin', 'crashed')
    assert 'panic' in machine.ok('list-vm')


@pytest.mark.backends('qemu-bios', 'bochs')
def test_power_button(machine):
    boot_linux(machine)
    machine.detach()
    machine.ok('stop-vm lin', timeout=60)
    machine.wait_state('lin', 'stopped')
    assert 'Power down' in machine.ok('log-vm lin')


@pytest.mark.backends('qemu-bios', 'bochs')
def test_legacy_platform(machine):
    boot_linux(machine, '--platform pc')
    assert 'Linux' in machine.guest_cmd('uname')
    machine.send('poweroff\r')
    machine.expect('Power down')
    machine.detach()
    machine.wait_state('lin', 'stopped')


@pytest.mark.backends('qemu-bios', 'bochs')
def test_pause_and_clock(machine):
    """A paused guest makes no progress, and its clock is right again afterwards."""
    boot_linux(machine)
    machine.send('while sleep 1; do echo tick $((n=n+1)); done\r')
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
    answer = machine.guest_cmd('a=$(date +%s); sleep 2; echo slept $(($(date +%s)-a))')
    assert 2 <= int(re.search(r'slept (\d+)', answer).group(1)) <= 4


@pytest.mark.backends('qemu-bios', 'bochs')
def test_two_kinds_at_once(machine):
    # memtest86+ waits on the PIT, which only the old PC has.
    machine.ok('create-vm --name mem --memory 64M --platform pc --kernel memtest --cmdline "console=ttyS0,115200"')
    machine.ok('start-vm mem')
    boot_linux(machine)
    assert 'Linux' in machine.guest_cmd('uname')
    machine.detach()
    assert machine.ok('list-vm').count('running') == 2
    assert 'Memtest86+' in machine.ok('log-vm mem')
    machine.ok('stop-vm mem --force')
    machine.attach('lin')
    assert 'Linux' in machine.guest_cmd('uname')
