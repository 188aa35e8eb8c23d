# SPDX-License-Identifier: MIT
"""A panic is told on the serial line, whatever is broken."""
from gdbline import Gdb
from vosmachine import TINY, Machine


def stop_in_ring_0(machine, gdb):
    """An idle pCPU is there; a look at the machine may find it elsewhere."""
    while gdb.read(Gdb.RIP) < 1 << 63:
        gdb.go_on()
        machine.drain(0.3)
        gdb.stop()


def test_panic_without_gs():
    """A pCPU that takes an interrupt in ring 0 without its GS, as when one is delivered twice: it faults, and a fault
    within its panic would be silent."""
    with Machine('qemu-pvh', 'panic-without-gs', append='noreboot', cpus=2, lines=('gdb',), **TINY) as machine:
        machine.wait_prompt()
        machine.drain(1)
        gdb = Gdb(machine.socket_of('gdb'))
        stop_in_ring_0(machine, gdb)
        gdb.write(Gdb.GS_BASE, 0)
        gdb.go_on()
        machine.send('\r')
        machine.expect('PANIC: exception 14 in ring 0, error 0')
        machine.expect('halted')
        gdb.close()


def test_panic_without_local_apic():
    """Early: nothing is set up that a panic could ask."""
    with Machine('qemu-pvh', 'panic-without-apic', append='noreboot', cpus=1, cpu='max,-apic,-x2apic',
                 **TINY) as machine:
        machine.expect('PANIC: there is no usable local APIC')
        machine.expect('halted')
