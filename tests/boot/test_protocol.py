# SPDX-License-Identifier: MIT
"""The client that docs/PROTOCOL.md prints, as it is printed there, on a machine's serial line."""
import json
import os
import re
import select
import subprocess
import sys
import tty

import pytest

from vosmachine import TINY, TOP


def client(folder):
    """The program of the page, as a file."""
    with open(f'{TOP}/docs/PROTOCOL.md', encoding='utf-8') as page:
        programs = re.findall(r'^```python\n(.*?)^```$', page.read(), re.S | re.M)
    assert len(programs) == 1
    path = os.path.join(folder, 'vosctl.py')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(programs[0])
    return path


def run(machine, path, *words):
    """The client at the other end of a terminal whose bytes go to the machine and back; its exit code and answer."""
    outer, inner = os.openpty()
    tty.setraw(inner)
    line = machine.line.child_fd
    with subprocess.Popen([sys.executable, path, os.ttyname(inner), *words], stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            for fd in select.select([outer, line], [], [], 0.1)[0]:
                os.write(line if fd == outer else outer, os.read(fd, 4096))
        answer = process.stdout.read().decode()
    os.close(inner)
    os.close(outer)
    return process.returncode, json.loads(answer)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_printed_client(machine):
    path = client(machine.folder)
    code, answer = run(machine, path, 'info')
    assert code == 0 and answer['return']['virtualization'] in ('svm', 'vmx')
    code, answer = run(machine, path, 'create-vm', 'name=p', 'memory=32M', 'kernel=heartbeat')
    assert code == 0 and answer['return']['state'] == 'defined'
    code, answer = run(machine, path, 'start-vm', 'name=p')
    assert code == 0 and answer['return']['state'] == 'running'
    code, answer = run(machine, path, 'create-vm', 'name=p', 'kernel=heartbeat')
    assert code == 4 and answer['error']['class'] == 'E_EXISTS'
    code, answer = run(machine, path, 'stop-vm', 'name=p', 'force=yes')
    assert code == 0 and answer['return']['state'] == 'stopped'
    code, answer = run(machine, path, 'log-vm', 'name=p')
    assert code == 0 and answer['return']['next'] == answer['return']['end']
    assert 'stopped' in machine.ok('list-vm')       # the prompt is as it was
