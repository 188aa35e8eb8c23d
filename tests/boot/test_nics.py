# SPDX-License-Identifier: MIT
"""Network cards: which get a driver, what it finds, and that it comes back."""
import pytest

from test_devices import devices
from vosmachine import Machine, TINY


def check_card(machine, number, interrupts, mbits=None, dma='not contained'):
    """The driver says which card it has, and that the cable is in."""
    name = f'nic{number}'
    speed = f', {mbits} Mbit/s' if mbits else ''
    machine.until(lambda: f'{name}: carrier{speed}' in machine.ok('log'), f'a carrier of {name}')
    assert f'{name}: MAC {machine.mac_of(number)}, MTU 1500' in machine.ok('log')
    row = devices(machine)[name]
    assert (row['state'], row['owner'], row['dma']) == ('driven', 'vos', dma), row
    assert row['interrupts'] == interrupts
    assert name in machine.ok('list-service')


@pytest.mark.backends('qemu-pvh', 'qemu-bios')
def test_cards_get_drivers(backend):
    with Machine(backend, 'nics', nics=('virtio-net-pci', 'e1000e', 'e1000'), **TINY) as machine:
        machine.wait_prompt()
        check_card(machine, 0, '2 messages')
        check_card(machine, 1, 'message', 1000)
        check_card(machine, 2, 'line', 1000)
        assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.backends('qemu-pvh')
@pytest.mark.parametrize('model', ('virtio-net-pci', 'e1000e'))
def test_card_comes_back(backend, model):
    """Its driver is ended; the next one resets the card and drives it again."""
    with Machine(backend, f'nic-back-{model}', nics=(model,), **TINY) as machine:
        machine.wait_prompt()
        machine.until(lambda: machine.ok('log').count('nic0: carrier') == 1, 'a carrier')
        assert 'restarted' in machine.ok('restart-service nic0')
        machine.until(lambda: machine.ok('log').count('nic0: carrier') == 2, 'a carrier again')
        assert devices(machine)['nic0']['state'] == 'driven'
        assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.backends('qemu-pvh')
@pytest.mark.parametrize('iommu', ('vtd', 'amd'))
def test_cards_behind_an_iommu(backend, iommu):
    with Machine(backend, f'nics-{iommu}', nics=('virtio-net-pci', 'e1000e'), iommu=iommu, **TINY) as machine:
        machine.wait_prompt()
        for number, interrupts in ((0, '2 messages'), (1, 'message')):
            check_card(machine, number, interrupts, dma='contained')
        assert 'refused' not in machine.ok('log')


@pytest.mark.backends('bochs')
def test_card_in_bochs(backend):
    """An 82540EM: registers in memory, and a line."""
    with Machine(backend, 'nics', nics=('e1000',), **TINY) as machine:
        machine.wait_prompt()
        check_card(machine, 0, 'line', 1000)
        assert 'restarted' in machine.ok('restart-service nic0')
        machine.until(lambda: machine.ok('log').count('nic0: carrier') == 2, 'a carrier again')
