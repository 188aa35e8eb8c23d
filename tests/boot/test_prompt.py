"""The prompt itself: it comes up everywhere, explains itself, and the machine can be switched off from it."""
import pytest


@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'qemu-pvh', 'bochs')
def test_prompt(machine):
    answer = machine.cmd('help')
    for verb in ('create-vm', 'start-vm', 'stop-vm', 'status-vm', 'delete-vm', 'list-vm', 'console', 'shutdown'):
        assert verb in answer

    answer = machine.ok('info')
    assert ('VMX' if machine.backend == 'bochs' else 'SVM') in answer

    answer = machine.ok('list-image')
    assert 'debian-kernel' in answer
    assert 'debian-initrd' in answer

    assert 'error[' in machine.cmd('no-such-command')
    assert 'error[' in machine.cmd('status-vm nobody')

    machine.send('shutdown\r')
    machine.wait_exit()


@pytest.mark.backends('qemu-bios', 'bochs')
def test_reboot(machine):
    machine.send('reboot\r')
    machine.expect('\n')
    machine.wait_prompt()
    machine.ok('list-image')


@pytest.mark.backends('qemu-pvh')
def test_paste(machine):
    """64 KiB pasted at once: nothing is lost, so a marker behind them is answered."""
    for _ in range(1024):
        machine.send('x' * 62 + '\x15\x0c')
    assert 'debian-kernel' in machine.cmd('list-image', timeout=120)
