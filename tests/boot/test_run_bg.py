# SPDX-License-Identifier: MIT
"""make run-bg and make stop-bg: the machine in the background, its two sockets, and a second one that is refused."""
import os
import re
import subprocess

import pytest

from plain_line import PlainLine
from slots import Slots
from vosmachine import LOGS, TOP


def run(kind, folder):
    environment = {**os.environ, 'BG': f'{folder}/vos', 'DISK': 'none', 'CPUS': '2', 'MEM': '1024'}
    return subprocess.run(['iso/run.sh', kind], cwd=TOP, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


def has_ended(pid):
    """Gone, or a zombie: who waits for an orphan is the host's affair."""
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8') as status:
            return re.search(r'^State:\s*[ZX]', status.read(), re.M) is not None
    except FileNotFoundError:
        return True


@pytest.fixture
def slots():
    taken = Slots(LOGS, 1)
    taken.take()
    yield taken
    taken.give()


def test_run_in_the_background(tmp_path, slots):        # pylint: disable=unused-argument
    assert 'does not run' in run('stop-bg', tmp_path).stdout
    started = run('bg', tmp_path)
    try:
        assert started.returncode == 0, started.stdout
        pid = int((tmp_path / 'vos.pid').read_text(encoding='ascii'))
        assert f'pid {pid}' in started.stdout and f'{tmp_path}/vos-port.sock' in started.stdout
        again = run('bg', tmp_path)
        assert again.returncode == 1 and f'pid {pid}' in again.stdout and 'make stop-bg' in again.stdout
        with PlainLine(f'{tmp_path}/vos-port.sock') as line:
            assert line.sync()['VOS']['protocol'] == 1
    finally:
        stopped = run('stop-bg', tmp_path)
    assert f'pid {pid}' in stopped.stdout
    assert has_ended(pid) and not list(tmp_path.glob('vos*'))
    assert 'does not run' in run('stop-bg', tmp_path).stdout
