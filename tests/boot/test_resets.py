# SPDX-License-Identifier: MIT
"""Linux resets its machine in each of the ways it knows (reboot= on its command line)."""
import pytest

# ACPI, the BIOS' entry, keyboard controller, port CF9h, triple fault, EFI (there is none: Linux goes on to the BIOS').
WAYS = 'abkpte'
REBOOT = 'rdinit=/bin/busybox -- reboot -f'


def wait_for_second_run(machine, vm):
    """The console log of one VM goes on over its resets: the second greeting is that of the second run."""
    def look():
        log = machine.ok(f'log-vm {vm}')
        return log if log.count('Linux version') > 1 else None
    return machine.until(look, f'{vm} starts again', vm, 0.5)


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
