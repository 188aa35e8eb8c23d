# SPDX-License-Identifier: MIT
"""vos upload-image: interrupted twice, it sends only what VOS has not got yet, and a VM starts from the image."""
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from hostline import TOOLS, Daemon, Line
from vosmachine import BUILD, PATIENCE, TINY

BYTES = 150000


def start(line, path):
    return subprocess.Popen([f'{TOOLS}/vos', 'upload-image', path, '--name', 'sent', '--json'],
                            env=line.environment, stdout=subprocess.PIPE, text=True)


def carried(line, program, count):
    """Wait until so many bytes more went to the machine, of an upload that is not over."""
    wanted, deadline = line.taken + count, time.monotonic() + PATIENCE
    while line.taken < wanted:
        assert program.poll() is None and time.monotonic() < deadline, program.stdout.read()
        time.sleep(0.005)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_upload(machine):
    with open(f'{BUILD}/guests/lines.elf', 'rb') as file:
        kernel = file.read()
    kernel += os.urandom(BYTES - len(kernel))
    with Line(machine, 'unix') as line:
        path = f'{line.folder}/kernel'
        with open(path, 'wb') as file:
            file.write(kernel)
        daemon = Daemon(line)
        before = line.taken
        # The program is killed; another one goes on, and its vosd is killed.
        program = start(line, path)
        carried(line, program, BYTES // 3)
        program.kill()
        program.communicate()
        program = start(line, path)
        carried(line, program, BYTES // 3)
        daemon.end(signal.SIGKILL)
        assert program.poll() is None
        daemon = Daemon(line)
        answer = program.communicate(timeout=PATIENCE)[0]
        assert program.returncode == 0, answer
        image = json.loads(answer)['return']
        assert image['hash'] == hashlib.blake2b(kernel, digest_size=32).hexdigest()
        assert (image['name'], image['bytes'], image['kind']) == ('sent', BYTES, 'uploaded')
        # In base64 and frames that is 1.35 of it, and some was on the way twice.
        assert line.taken - before < 1.35 * BYTES + 50000, (line.taken - before) / BYTES

        assert line.vos('create-vm', 'u', '--memory', '32M', '--kernel', 'sent')[0] == 0
        code, text = line.vos('start-vm', 'u')
        assert code == 0 and 'u is running' in text
        code, text = line.vos('upload-image', path, '--name', 'sent')
        assert code == 4 and 'there is an image sent already' in text
        assert line.vos('delete-image', 'sent')[0] == 4
        assert line.vos('delete-vm', 'u', '--force')[0] == 0
        assert line.vos('delete-image', 'sent')[0] == 0
        code, text = line.vos('upload-image', path)
        assert code == 0 and 'Image kernel is uploaded' in text
        assert line.vos('delete-image', 'kernel')[0] == 0 and line.vos('delete-image', 'kernel')[0] == 3
        code, text = line.vos('upload-image', f'{line.folder}/none')
        assert code == 1 and 'No such file' in text
        code, text = line.vos('upload-image', line.folder, '--name', 'x')
        assert code == 1 and 'not a regular file' in text
        assert daemon.end() == 0
