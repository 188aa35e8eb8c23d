# SPDX-License-Identifier: MIT
"""vosd: several programs on one machine's line, one that does not read, a line that is cut, a vosd that is killed."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from hostline import TOOLS, Daemon, Line, running
from vosmachine import PATIENCE, TINY, TOP


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_daemon(machine):
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        assert os.stat(daemon.socket).st_mode & 0o777 == 0o600
        assert line.vos('create-vm', 'd', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
        # A second vosd, and one that nobody needs, are refused.
        again = run_vosd(line, '--host', line.host)
        assert again.returncode == 8 and b'another vosd' in again.stderr
        # Programs at the same time, beside one that never reads.
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(daemon.socket)
        crowd = [subprocess.Popen([f'{TOOLS}/vos', 'list-vm', '--json'], env=line.environment, stdout=subprocess.PIPE)
                 for _ in range(4)]
        for program in crowd:
            answer = program.communicate(timeout=PATIENCE)[0]
            assert program.returncode == 0 and b'"name":"d"' in answer
        with running([f'{TOOLS}/vos', 'events', '--count', '1'], env=line.environment,
                     stdout=subprocess.PIPE, text=True) as events:
            while events.poll() is None:
                assert line.vos('start-vm', 'd')[0] == 0
                assert line.vos('stop-vm', 'd', '--force')[0] == 0
            assert events.stdout.read().split()[2] == 'd:'
        deaf.close()
        # Killed: its socket stays and is of no use, and vos opens the line itself; a new one takes over.
        daemon.end(signal.SIGKILL)
        assert line.vos('version')[0] == 0
        daemon = Daemon(line)
        assert line.vos('status-vm', 'd')[0] == 0
        # The same line by another path; a file that is no socket is left alone.
        again = run_vosd(line, '--host', f'unix:{line.folder}/../{os.path.basename(line.folder)}/line')
        assert again.returncode == 8 and b'another vosd' in again.stderr
        assert daemon.end() == 0 and not os.path.exists(daemon.socket)
        with open(daemon.socket, 'w', encoding='ascii') as file:
            file.write('mine')
        again = run_vosd(line, '--host', line.host, '--socket', daemon.socket)
        assert again.returncode == 8 and b'is no socket' in again.stderr
        # Its socket is removed, for example at the end of the user's session: it leaves the line to others.
        daemon = Daemon(line)
        os.unlink(daemon.socket)
        assert daemon.process.wait(PATIENCE) == 8
        assert line.vos('delete-vm', 'd')[0] == 0


def run_vosd(line, *words):
    return subprocess.run([f'{TOOLS}/vosd', *words], env=line.environment, stderr=subprocess.PIPE, check=False,
                          timeout=PATIENCE)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_line_is_pulled(machine):
    """The line is gone for a while: programs that come are told at once, and one that was there goes on afterwards."""
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        assert line.vos('create-vm', 'w', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
        since = len(line.vos('events')[1].splitlines())
        with running([f'{TOOLS}/vos', 'events', '--since', str(since), '--follow'], env=line.environment,
                     stdout=subprocess.PIPE, text=True) as events:
            states = (event.split()[3] for event in events.stdout)
            states = (state for state in states if state != 'stopping,')    # which lasts a moment, and may not be seen
            assert line.vos('start-vm', 'w')[0] == 0 and line.vos('stop-vm', 'w', '--force')[0] == 0
            assert [next(states) for _ in range(2)] == ['starting,', 'running,']
            line.unplug()
            code, text = line.vos('list-vm')
            assert code == 8 and 'vosd has no connection' in text
            daemon.end(signal.SIGKILL)          # the program finds a vosd whose line is down
            daemon = Daemon(line)
            time.sleep(1)
            line.plug()
            while line.vos('start-vm', 'w')[0] != 0:
                time.sleep(0.1)
            assert [next(states) for _ in range(2)] == ['stopped,', 'starting,']
            events.terminate()
        assert line.vos('delete-vm', 'w', '--force')[0] == 0
        assert daemon.end() == 0


@pytest.mark.backends('qemu-bios')
@pytest.mark.machine(**TINY)
def test_reboot(machine):
    """Who waits is told that the machine was restarted; who comes then finds the new one, by way of the same vosd."""
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        assert line.vos('create-vm', 'r', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
        assert line.vos('start-vm', 'r')[0] == 0
        with running([f'{TOOLS}/vos', 'log-vm', 'r', '--follow'], env=line.environment,
                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as log:
            assert log.stdout.readline()
            assert line.vos('reboot', '--yes')[0] in (0, 8)     # its answer may come late
            text = log.communicate(timeout=PATIENCE)[0]
            assert log.returncode == 8 and 'E_LINK' in text, text
        deadline = time.monotonic() + PATIENCE
        while (found := line.vos('list-vm'))[0] != 0:
            assert found[0] == 8 and time.monotonic() < deadline, found
        assert 'no VMs' in found[1], found
        assert daemon.end() == 0


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_viewers(machine):
    """Two viewers of a console miss no line of it, although vosd is killed and started again."""
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        assert line.vos('create-vm', 'v', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
        assert line.vos('start-vm', 'v')[0] == 0
        viewers = [subprocess.Popen([f'{TOOLS}/vos', 'log-vm', 'v', '--follow'], env=line.environment,
                                    stdout=subprocess.PIPE, text=True) for _ in range(2)]
        beats = [[viewer.stdout.readline() for _ in range(10)] for viewer in viewers]
        daemon.end(signal.SIGKILL)
        daemon = Daemon(line)
        for viewer, seen in zip(viewers, beats):
            while len(seen) < 60:
                seen.append(viewer.stdout.readline())
                assert seen[-1], seen
            numbers = [int(beat.split()[1]) for beat in seen if beat.startswith('beat ')]
            assert len(numbers) > 50 and numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
            viewer.kill()
            viewer.wait()
            viewer.stdout.close()
        assert line.vos('delete-vm', 'v', '--force')[0] == 0
        assert daemon.end() == 0


def test_log_of_daemon(tmp_path):
    """In the background it has a log, which tells why it has ended."""
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path),
                       XDG_STATE_HOME=f'{tmp_path}/state/of', VOS_HOST=f'unix:{tmp_path}/line')
    server = socket.socket(socket.AF_UNIX)
    server.bind(f'{tmp_path}/line')
    server.listen(1)
    log = f'{tmp_path}/state/of/vos/vosd.log'
    subprocess.run([f'{TOOLS}/vosd', '--daemon', '--socket', f'{tmp_path}/d'], env=environment, check=True)
    server.accept()[0].close()
    server.close()
    await_text(log, 'is lost: ')
    os.unlink(f'{tmp_path}/d')
    await_text(log, 'its socket was removed')
    assert os.stat(log).st_mode & 0o777 == 0o600
    done = subprocess.run([f'{TOOLS}/vosd', '--daemon', '--socket', f'{tmp_path}/d'], check=False,
                          env={**environment, 'XDG_STATE_HOME': '/proc/none'}, stderr=subprocess.PIPE)
    assert done.returncode == 8 and b'cannot write the log' in done.stderr and not os.path.exists(f'{tmp_path}/d')


def await_text(path, text):
    deadline = time.monotonic() + PATIENCE
    while True:
        with open(path, encoding='utf-8') as file:
            found = file.read()
        if text in found:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_unit():
    """What systemd runs for a user, word for word but for the folder of vosd: as somebody who is not root."""
    with open(f'{TOP}/mgmt/host/package/vosd@.service', encoding='utf-8') as file:
        words = re.search(r'^ExecStart=(.*)$', file.read(), re.M)[1].replace('%i', 'box').split()
    folder = tempfile.mkdtemp(prefix='vos-unit-')
    os.mkdir(f'{folder}/vos', 0o700)
    with open(f'{folder}/vos/hosts', 'w', encoding='ascii') as file:
        file.write(f'box unix:{folder}/line\n')
    words[0] = shutil.copy(f'{TOOLS}/{os.path.basename(words[0])}', folder)
    user = []
    if os.getuid() == 0:
        user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs']
        for path in (folder, f'{folder}/vos', f'{folder}/vos/hosts'):
            os.chown(path, 65534, 65534)
    environment = dict(PATH=os.environ['PATH'], HOME=folder, XDG_RUNTIME_DIR=folder, XDG_CONFIG_HOME=folder)
    with running([*user, *words], env=environment, stderr=subprocess.PIPE) as daemon:
        while not glob.glob(f'{folder}/vos/*.sock'):
            assert daemon.poll() is None, daemon.stderr.read()
            time.sleep(0.05)
        done = subprocess.run([*user, *words], env=environment, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 8 and b'another vosd' in done.stderr
        daemon.terminate()
        assert daemon.wait(PATIENCE) == 0, daemon.stderr.read()
    assert not glob.glob(f'{folder}/vos/*.sock')
    shutil.rmtree(folder)


def test_hint(tmp_path):
    """A line that takes everything and says nothing: a person is told that vos waits."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(f'{tmp_path}/line')
    server.listen(1)
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    outer, inner = os.openpty()
    words = [f'{TOOLS}/vos', '--host', f'unix:{tmp_path}/line', 'list-vm']
    with running(words, env=environment, stderr=inner) as program:
        os.close(inner)
        text = b''
        while b'\n' not in text:
            text += os.read(outer, 4096)
        assert text.startswith(b'vos: waiting for unix:') and b'does not answer' in text, text
        program.kill()
    os.close(outer)
    server.close()


def test_nothing_behind(tmp_path):
    """A vosd whose line nobody answers: vos ends with code 8, and so does one without vosd."""
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path),
                       VOS_HOST=f'unix:{tmp_path}/none')
    with running([f'{TOOLS}/vosd', '--socket', f'{tmp_path}/d'], env=environment) as daemon:
        while not os.path.exists(f'{tmp_path}/d'):
            assert daemon.poll() is None
            time.sleep(0.05)
        done = subprocess.run([f'{TOOLS}/vos', 'list-vm'], env=environment, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 8 and b'vosd has no connection' in done.stderr
        daemon.terminate()
    done = subprocess.run([f'{TOOLS}/vos', 'list-vm'], env=environment, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 8 and b'cannot connect' in done.stderr
