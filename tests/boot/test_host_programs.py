# SPDX-License-Identifier: MIT
"""README's lines for the operator's own machine, as they are printed; a machine that goes away; libvos's examples; the
Debian package."""
import glob
import gzip
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from hostline import TOOLS, Line, running
from slots import Slots
from vosmachine import BUILD, LOGS, PATIENCE, TOP


def run(words, environment, **more):
    environment = {name: value for name, value in environment.items() if not name.startswith(('MAKE', 'MFLAGS'))}
    done = subprocess.run(words, cwd=TOP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False, **more)
    return done.returncode, done.stdout


@pytest.fixture
def slots():
    taken = Slots(LOGS, 1)
    taken.take()
    yield taken
    taken.give()


def readme_lines():
    with open(f'{TOP}/README.md', encoding='utf-8') as page:
        section = page.read().split('## From your own machine\n')[1].split('\n## ')[0]
    return [line.strip() for line in section.split('\n') if line.startswith('    ')]


def test_own_machine(slots):                            # pylint: disable=unused-argument
    if os.path.exists(f'{BUILD}/vos.pid'):
        pytest.skip('a machine of make run-bg runs already')
    folder = tempfile.mkdtemp(prefix='vos-own-')        # a socket's path is short
    environment = {**os.environ, 'DISK': 'none', 'CPUS': '2', 'MEM': '1024', 'XDG_RUNTIME_DIR': folder,
                   'XDG_CONFIG_HOME': folder}
    environment.pop('VOS_HOST', None)
    lines, vosd = readme_lines(), None
    assert len(lines) == 5
    try:
        code, text = run(['bash', '-e', '-c', '\n'.join(lines)], environment)
        assert code == 0 and 'myvm is defined' in text and 'myvm is running' in text, text
        lock = glob.glob(f'{folder}/vos/*.lock')
        with open(lock[0], encoding='utf-8') as file:
            vosd = file.read().split()
        assert len(lock) == 1 and vosd[1] == 'vosd', vosd
        environment['VOS_HOST'] = f'unix:{BUILD}/vos.sock'
        # The machine goes away: a program that waits for it ends with code 8, and so does each that comes then.
        with running([f'{TOOLS}/vos', 'top', '--count', '1000'], env=environment, stdout=subprocess.PIPE,
                     stderr=subprocess.STDOUT, text=True) as top:
            assert '1 VM, 1 running' in top.stdout.readline()
            with open(f'{BUILD}/vos.pid', encoding='ascii') as file:
                os.kill(int(file.read()), signal.SIGKILL)
            text = top.communicate(timeout=PATIENCE)[0]
            assert top.returncode == 8, text
        code, text = run([f'{TOOLS}/vos', 'list-vm'], environment)
        assert code == 8 and 'E_LINK' in text
        os.kill(int(vosd[0]), signal.SIGTERM)
        while os.path.exists(vosd[2]):
            time.sleep(0.05)
        vosd = None
        code, text = run([f'{TOOLS}/vos', 'list-vm'], environment)
        assert code == 8 and 'cannot connect' in text
    finally:
        if vosd:
            os.kill(int(vosd[0]), signal.SIGTERM)
        run(['iso/run.sh', 'stop-bg'], environment)


@pytest.mark.backends('qemu-pvh')                       # with the default image, Linux
def test_examples(machine, tmp_path):
    """They compile with what make install installs, and do what they say."""
    code, text = run(['make', '-s', 'do-install', f'DESTDIR={tmp_path}', 'PREFIX=/usr'], os.environ)
    assert code == 0, text
    pc = glob.glob(f'{tmp_path}/usr/lib/*/pkgconfig')[0]
    environment = {**os.environ, 'PKG_CONFIG_PATH': pc, 'PKG_CONFIG_SYSROOT_DIR': str(tmp_path),
                   'LD_LIBRARY_PATH': os.path.dirname(pc)}
    for name in ('six_words', 'watch'):
        source = f'{tmp_path}/usr/share/doc/vos-host/examples/{name}.c'
        code, text = run(['sh', '-c', f'cc -Wall -Wextra -Werror -o {tmp_path}/{name} {source} '
                          '$(pkg-config --cflags --libs libvos)'], environment)
        assert code == 0, text
    with Line(machine, 'unix') as line:
        environment.update(line.environment)
        assert line.vos('upload-image', f'{BUILD}/guests/heartbeat.elf', '--name', 'heartbeat')[0] == 0
        code, text = run([f'{tmp_path}/watch', 'heartbeat'], environment)
        assert code == 0 and 'watched is running, 1 vCPU' in text and '"state":"stopped"' in text, text
        code, text = run([f'{tmp_path}/watch', 'none'], environment)
        assert code == 3 and 'error[E_NOT_FOUND]' in text, text
        assert run([f'{tmp_path}/six_words'], environment) == (0, '')
        assert 'no VMs' in line.vos('list-vm')[1]


IN_PACKAGES = {
    'vos-host': ('bin/vos', 'bin/vosd', 'bin/vos-pool', 'lib/systemd/user/vosd@.service',
                 'share/bash-completion/completions/vos', 'share/man/man1/vos.1.gz', 'share/man/man8/vosd.8.gz',
                 'share/doc/vos-host/copyright'),
    'libvos1': ('share/doc/libvos1/copyright',),
    'libvos-dev': ('include/vm.h', 'include/vos.h', 'share/doc/libvos-dev/copyright',
                   'share/doc/libvos-dev/examples/six_words.c'),
}
LIBRARIES = {'vos-host': [], 'libvos1': ['libvos.so.1'], 'libvos-dev': ['libvos.a', 'libvos.so']}


def install(packages, root):
    """Into a root of its own, where nothing else is installed."""
    os.makedirs(f'{root}/var/lib/dpkg/updates')
    os.mkdir(f'{root}/var/lib/dpkg/info')
    for name in ('status', 'available'):
        with open(f'{root}/var/lib/dpkg/{name}', 'w', encoding='ascii'):
            pass
    code, text = run(['dpkg', f'--root={root}', f'--log={root}/log', '--force-depends,not-root', '-i', *packages],
                     {**os.environ, 'LC_ALL': 'C'})
    assert code == 0, text


def try_installed(root):
    environment = {**os.environ, 'PATH': f'{root}/usr/bin:{os.environ["PATH"]}'}
    code, text = run(['vos', '--version'], environment)
    assert code == 0 and text.startswith('vos '), text
    code, text = run(['vosd', '--help'], environment)
    assert code == 0 and '--daemon' in text and all(len(line) < 80 for line in text.splitlines()), text
    code, text = run(['bash', '-c', f'. {root}/usr/share/bash-completion/completions/vos; COMP_LINE="vos list-v"; '
                      'COMP_POINT=10; COMP_WORDS=(vos list-v); COMP_CWORD=1; _vos; echo ${COMPREPLY[@]}'], environment)
    assert code == 0 and text.split() == ['list-vm', 'list-volume'], text
    for page in ('man1/vos.1.gz', 'man8/vosd.8.gz'):
        with gzip.open(f'{root}/usr/share/man/{page}', 'rt') as file:
            assert file.readline().startswith('.TH VOS')


def try_package(package):
    code, text = run(['dpkg-deb', '-c', package], os.environ)
    assert code == 0, text
    found = {line.split()[5].removeprefix('./usr/'): line.split()[:2] for line in text.splitlines()}
    name = os.path.basename(package).split('_')[0]
    assert not [file for file in IN_PACKAGES[name] if file not in found], text
    libraries = sorted(os.path.basename(file) for file in found if '/libvos.' in file and '.pc' not in file)
    assert libraries == LIBRARIES[name]
    assert {owner for _, owner in found.values()} == {'root/root'}
    assert all(mode == '-rwxr-xr-x' for file, (mode, _) in found.items() if file.startswith('bin/') and file != 'bin/')
    return name


def test_package(tmp_path):
    code, text = run(['make', '-s', 'do-deb'], {**os.environ, 'SOURCE_DATE_EPOCH': '1700000000'})
    assert code == 0, text
    packages = text.split()
    assert [try_package(package) for package in packages] == list(IN_PACKAGES)
    install(packages, f'{tmp_path}/root')
    try_installed(f'{tmp_path}/root')
    if shutil.which('lintian'):
        code, text = run(['lintian', '--allow-root', '--fail-on', 'error,warning', *packages], os.environ)
        assert code == 0, text
