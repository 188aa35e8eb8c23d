# SPDX-License-Identifier: MIT
"""vosd: several programs on one machine's line, one that does not read, a line that is cut, a vosd that is killed."""
import os
import signal
import socket
import subprocess
import time

import pytest

from hostline import TOOLS, Daemon, Line
from vosmachine import PATIENCE, TINY


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
        with subprocess.Popen([f'{TOOLS}/vos', 'events', '--count', '1'], env=line.environment,
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
        with subprocess.Popen([f'{TOOLS}/vos', 'events', '--since', str(since), '--follow'], env=line.environment,
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


def test_nothing_behind(tmp_path):
    """A vosd whose line nobody answers: vos ends with code 8, and so does one without vosd."""
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path),
                       VOS_HOST=f'unix:{tmp_path}/none')
    with subprocess.Popen([f'{TOOLS}/vosd', '--socket', f'{tmp_path}/d'], env=environment) as daemon:
        while not os.path.exists(f'{tmp_path}/d'):
            assert daemon.poll() is None
            time.sleep(0.05)
        done = subprocess.run([f'{TOOLS}/vos', 'list-vm'], env=environment, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 8 and b'vosd has no connection' in done.stderr
        daemon.terminate()
    done = subprocess.run([f'{TOOLS}/vos', 'list-vm'], env=environment, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 8 and b'cannot connect' in done.stderr
