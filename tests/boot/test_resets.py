"""Linux resets its machine in each of the ways it knows (reboot= on its command line)."""
import time

import pytest

# ACPI, the BIOS' entry, keyboard controller, port CF9h, triple fault, EFI (there is none: Linux goes on to the BIOS').
WAYS = 'abkpte'
REBOOT = 'rdinit=/bin/busybox -- reboot -f'


def wait_for_second_run(machine, vm):
    """The console log of one VM goes on over its resets: the second greeting is that of the second run."""
    deadline = time.monotonic() + 120 * machine.slowness
    while True:
        log = machine.ok(f'log-vm {vm}')
        if log.count('Linux version') > 1:
            return log
        state = machine.ok(f'status-vm {vm}')
        assert 'crashed' not in state and 'stopped' not in state, f'{vm}: {state}\n{log[-2000:]}'
        assert time.monotonic() < deadline, f'{vm} does not start again: {log[-2000:]}'
        time.sleep(0.5)


@pytest.mark.backends('qemu-bios')
@pytest.mark.machine(load=2)
@pytest.mark.parametrize('platform', ('modern', 'pc'))
def test_ways_to_reset(machine, platform):
    for way in WAYS:
        machine.ok(f'create-vm --name {way} --cpu 1 --memory 128M --platform {platform} --kernel debian-kernel '
                   f'--initrd debian-initrd --cmdline "console=ttyS0 reboot={way} {REBOOT}"')
        machine.ok(f'start-vm {way}')
        assert 'reboot: Restarting system' in wait_for_second_run(machine, way)
        machine.ok(f'delete-vm {way} --force')
