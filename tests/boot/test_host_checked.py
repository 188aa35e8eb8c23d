# SPDX-License-Identifier: MIT
"""vos and vosd under valgrind: no fault, and no memory that nobody can reach at the end."""
import os
import shutil
import signal
import subprocess

import pytest

from hostline import TOOLS, Daemon, Line
from vosmachine import PATIENCE, TINY

VALGRIND = ['valgrind', '-q', '--leak-check=full', '--errors-for-leak-kinds=definite,indirect', '--error-exitcode=99']
LINES = [
    (0, 'create-vm c --memory 32M --kernel heartbeat'),
    (4, 'create-vm c --kernel heartbeat'),
    (0, 'start-vm c'),
    (0, 'status-vm c --json'),
    (0, 'top --count 2 --interval 500ms'),
    (0, 'list-image'),
    (0, 'events --count 1 --since 0'),
    (0, 'log-vm c --lines 2'),
    (3, 'console none'),
    (2, 'create-vm --nonsense'),
    (0, 'help create-vm'),
    (0, 'stop-vm c --force'),
]


@pytest.mark.more
@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_checked(machine):
    if not shutil.which('valgrind'):
        pytest.skip('valgrind is not there')
    with Line(machine, 'unix', VALGRIND) as line:
        daemon = Daemon(line)
        for code, words in LINES:
            found, text = line.vos(*words.split())
            assert found == code, (words, found, text)
        path = f'{line.folder}/image'
        with open(path, 'wb') as file:
            file.write(os.urandom(20000))
        found, text = line.vos('upload-image', path)
        assert found == 0, text
        assert line.vos('delete-image', 'image')[0] == 0
        # A program that waits while its vosd is killed, and one that is ended.
        with subprocess.Popen([*VALGRIND, f'{TOOLS}/vos', 'log-vm', 'c', '--follow'], env=line.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as log:
            assert log.stdout.readline()
            daemon.end(signal.SIGKILL)
            daemon = Daemon(line)
            assert line.vos('delete-vm', 'c')[0] == 0
            text = log.communicate(timeout=PATIENCE)[0]
            assert log.returncode == 0, text
        ended = daemon.end()
        with open(f'{line.folder}/vosd.log', encoding='utf-8') as file:
            assert ended == 0, file.read()
