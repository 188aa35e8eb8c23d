# SPDX-License-Identifier: MIT
"""Debian's kernel with several vCPUs: all come up, all work, their clocks agree, any of them can end the machine."""
import re

import pytest

QUIET = 'console=ttyS0 quiet'


def start_linux(machine, cpus, platform='modern', cmdline='console=ttyS0'):
    machine.ok(f'create-vm --name lin --cpu {cpus} --memory 256M --platform {platform} --cmdline "{cmdline}"')
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()


def check_all_online(machine, cpus):
    assert machine.guest_cmd('nproc').split()[-1] == str(cpus)
    assert machine.guest_cmd('grep -c ^processor /proc/cpuinfo').split()[-1] == str(cpus)
    said = machine.guest_cmd('dmesg | grep -iE "Brought up|unstable|skew|warp"')
    assert f'{cpus} CPUs' in said, said
    assert not re.search('unstable|skew|warp', said), said
    assert 'tsc' in machine.guest_cmd('cat /sys/devices/system/clocksource/clocksource0/current_clocksource')


def check_work(machine, cpus):
    """As many loops as there are vCPUs, each on its own: none loses a step, and each vCPU got some of the work."""
    loop = 'n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; echo sum $n'
    jobs = ' '.join(f'taskset {1 << cpu:x} sh -c "{loop}" &' for cpu in range(cpus))
    assert machine.guest_cmd(f"{jobs.replace('$', chr(92) + '$')} wait").count('sum 20000') == cpus
    busy = machine.guest_cmd("awk '/^cpu[0-9]/ { print $1, $2 + $4 }' /proc/stat")
    assert len([line for line in busy.splitlines() if re.match(r'cpu\d+ [1-9]', line)]) == cpus, busy


def check_interrupts(machine, cpus):
    """Interrupts between vCPUs, and a timer on each."""
    for name in ('LOC', 'CAL'):
        counts = machine.guest_cmd(f'grep {name}: /proc/interrupts').split('LOC:' if name == 'LOC' else 'CAL:')[-1]
        assert len([n for n in counts.split()[:cpus] if int(n) > 0]) == cpus, counts


def check_idle(machine, cpus):
    """With nothing to do, all vCPUs are halted, but for a timer's tick now and then."""
    machine.until(lambda: len(re.findall(r'\d halted, [0-9.]+ s', machine.ok('status-vm lin'))) >= cpus,
                  'all vCPUs halt', 'lin', 0.2)


def ended(machine, state):
    machine.detach()
    machine.wait_state('lin', state)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=4, load=3)
def test_linux_four_vcpus(machine):
    start_linux(machine, 4)
    check_all_online(machine, 4)
    check_work(machine, 4)
    check_interrupts(machine, 4)
    machine.detach()
    check_idle(machine, 4)
    for _ in range(3):      # at any moment
        machine.ok('pause-vm lin')
        machine.ok('resume-vm lin')
    machine.attach('lin')
    check_work(machine, 4)
    machine.guest_cmd('echo 0 > /sys/devices/system/cpu/cpu2/online')
    assert machine.guest_cmd('nproc').split()[-1] == '3'
    machine.guest_cmd('echo 1 > /sys/devices/system/cpu/cpu2/online')     # INIT and startup once more
    assert machine.guest_cmd('nproc').split()[-1] == '4'
    machine.send('taskset 8 reboot -f\r')
    machine.wait_guest()
    assert machine.guest_cmd('nproc').split()[-1] == '4'
    machine.send('taskset 4 poweroff -f\r')
    ended(machine, 'stopped')


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=1)
def test_linux_four_vcpus_on_one_pcpu(machine):
    start_linux(machine, 4, 'pc')
    check_all_online(machine, 4)
    check_work(machine, 4)
    machine.send('taskset 2 sh -c "echo c > /proc/sysrq-trigger"\r')
    machine.expect('Kernel panic')
    ended(machine, 'crashed')
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()
    machine.detach()
    machine.ok('stop-vm lin')       # the power button
    machine.wait_state('lin', 'stopped')


@pytest.mark.backends('bochs')
@pytest.mark.machine(cpus=1)
def test_linux_two_vcpus(machine):
    start_linux(machine, 2, cmdline=QUIET)
    check_all_online(machine, 2)
    check_interrupts(machine, 2)
    machine.send('taskset 2 poweroff -f\r')
    ended(machine, 'stopped')
