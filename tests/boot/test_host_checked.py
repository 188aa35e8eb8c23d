# SPDX-License-Identifier: MIT
"""vos, vosd and an example of libvos under ASan and UBSan, and under valgrind: no fault, and no memory that nobody can
reach at the end."""
import glob
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pexpect
import pytest

from hostline import Daemon, Line
from vosmachine import BUILD, PATIENCE, TINY

VALGRIND = ['valgrind', '-q', '--leak-check=full', '--errors-for-leak-kinds=definite,indirect', '--error-exitcode=99']
SANITIZED = f'{BUILD}/host/tools'
LINES = [
    (0, 'create-vm c --memory 32M --kernel heartbeat'),
    (4, 'create-vm c --kernel heartbeat'),
    (0, 'start-vm c'),
    (0, 'status-vm c --json'),
    (0, 'pause-vm c'),
    (0, 'resume-vm c'),
    (0, 'list-vm'),
    (0, 'top --count 2 --interval 500ms'),
    (0, 'list-image'),
    (0, 'events --count 1 --since 0'),
    (0, 'log-vm c --lines 2'),
    (3, 'console none'),
    (2, 'create-vm --nonsense'),
    (0, 'help create-vm'),
]
IMAGE_BYTES = 100000


def start(line, *words):
    return subprocess.Popen([*line.under, f'{line.tools}/vos', *words], env=line.environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def answers(text):
    """Valgrind speaks too."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{')]


def attach(line):
    """The console at a terminal: its menu, then away."""
    program, *words = *line.under, f'{line.tools}/vos', 'console', 'c'
    console = pexpect.spawn(program, words, env=line.environment, encoding='latin-1', timeout=PATIENCE)
    console.expect_exact('[attached to c;')
    console.expect(r'beat \d+')
    console.send('\x1ds')
    console.expect(r'State +running')
    console.send('\x1dd')
    console.expect_exact('[detached from c;')
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 0


def upload(line, daemon):
    """An image whose program is killed on its way, then the vosd of the next one."""
    path = f'{line.folder}/image'
    Path(path).write_bytes(os.urandom(IMAGE_BYTES))
    for victim in ('program', 'daemon'):
        wanted = line.taken + IMAGE_BYTES // 3
        program = start(line, 'upload-image', path, '--json')
        while line.taken < wanted:
            assert program.poll() is None, program.stdout.read()
        if victim == 'program':
            program.kill()
            program.communicate()
    daemon.end(signal.SIGKILL)
    daemon = Daemon(line)
    answer = program.communicate(timeout=PATIENCE)[0]
    assert program.returncode == 0 and answers(answer)[-1]['return']['bytes'] == IMAGE_BYTES, answer
    assert line.vos('delete-image', 'image')[0] == 0
    return daemon


def follow(line, daemon):
    """Programs that wait while their vosd is killed. The end of one's VM, which comes meanwhile, ends it."""
    last = answers(line.vos('events', '--json')[1])[-1]['seq']
    with start(line, 'log-vm', 'c', '--follow') as log, \
            start(line, 'events', '--count', '8', '--since', str(last)) as events:
        assert log.stdout.readline() and events.stdout.readline()
        daemon.end(signal.SIGKILL)
        daemon = Daemon(line)
        assert line.vos('stop-vm', 'c', '--force')[0] == 0
        assert line.vos('delete-vm', 'c')[0] == 0
        text = log.communicate(timeout=PATIENCE)[0]
        assert log.returncode == 0, text
        assert line.vos('create-vm', 'c', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
        while events.poll() is None:
            assert line.vos('start-vm', 'c')[0] == 0 and line.vos('stop-vm', 'c', '--force')[0] == 0
        seen = [text for text in events.stdout.readlines() if not text.startswith('==')]
        assert events.returncode == 0 and len(seen) == 7, seen
    return daemon


def use(line):
    daemon = Daemon(line)
    for code, words in LINES:
        found, text = line.vos(*words.split())
        assert found == code, (words, found, text)
    attach(line)
    daemon = follow(line, upload(line, daemon))
    assert line.vos('delete-vm', 'c')[0] == 0
    ended = daemon.end()
    assert ended == 0, Path(f'{line.folder}/vosd.log').read_text('utf-8')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_sanitized(machine):
    with Line(machine, 'unix', tools=SANITIZED) as line:
        try:
            use(line)
            for image, expected in (('heartbeat', 0), ('none', 3)):
                done = subprocess.run([f'{SANITIZED}/watch', image], env=line.environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE)
                assert done.returncode == expected, done.stdout
        finally:        # those of programs too whose exit code nobody sees
            reports = [Path(path).read_text('utf-8') for path in glob.glob(f'{line.folder}/report.*')]
            assert not reports, '\n'.join(reports)


@pytest.mark.more
@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_checked(machine):
    if not shutil.which('valgrind'):
        pytest.skip('valgrind is not there')
    with Line(machine, 'unix', VALGRIND) as line:
        use(line)
