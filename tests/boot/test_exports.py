# SPDX-License-Identifier: MIT
"""vos export-image: qemu-img is the judge of what comes out, and the image that went in is what it is compared with."""
import json
import os
import signal
import subprocess
import time

from hostline import TOOLS, Line
from test_images import small_image, volume
from vosmachine import PATIENCE, Machine


def judge(path, kind, like):
    if kind == 'qcow2':
        subprocess.run(['qemu-img', 'check', '-f', 'qcow2', path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['qemu-img', 'compare', '-f', kind, '-F', 'raw', path, like], check=True, stdout=subprocess.DEVNULL)


def carried(line, program, count):
    """Wait until so many bytes more came from the machine, of an export that is not over."""
    wanted, deadline = len(line.carried) + count, time.monotonic() + PATIENCE
    while len(line.carried) < wanted:
        assert program.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def snapshots(line):
    return json.loads(line.vos('list-snapshot', '--json')[1])['return']


def interrupted(line, folder):
    """The program is killed in the middle; the next one goes on, and what came is not sent again."""
    out = f'{folder}/cut.raw'
    before = len(line.carried)
    program = subprocess.Popen([f'{TOOLS}/vos', 'export-image', 'raw', out, '--snapshot', 'one'], env=line.environment,
                               stdout=subprocess.DEVNULL)
    carried(line, program, 100000)
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert not os.path.exists(out)
    code, text = line.vos('export-image', 'raw', out, '--snapshot', 'one')
    assert code == 0, text
    assert not os.path.exists(f'{out}.part')
    judge(out, 'raw', f'{folder}/small.raw')
    return len(line.carried) - before


def test_exports(tmp_path):
    folder = str(tmp_path)
    small_image(folder)
    with open(f'{folder}/disk.img', 'wb') as file:
        file.truncate(200 << 20)
    with Machine('qemu-pvh', 'test_exports', disks=[('nvme', f'{folder}/disk.img')]) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        with Line(machine, 'unix') as line:
            code, text = line.vos('upload-image', f'{folder}/small.raw', '--volume', 'raw')
            assert code == 0, text
            before = len(line.carried)
            code, text = line.vos('export-image', 'raw', f'{folder}/out.raw')
            assert code == 0 and 'has the image of raw, 8.0 MiB' in text, text
            sent = len(line.carried) - before
            assert sent < 4 << 20, sent         # of 8 MiB, in base64 too
            judge(f'{folder}/out.raw', 'raw', f'{folder}/small.raw')
            assert os.stat(f'{folder}/out.raw').st_blocks * 512 < 4 << 20
            for words in ([], ['--compress', 'zstd']):
                out = f'{folder}/out{len(words)}.qcow2'
                code, text = line.vos('export-image', 'raw', out, '--format', 'qcow2', *words)
                assert code == 0, text
                judge(out, 'qcow2', f'{folder}/small.raw')
            assert os.path.getsize(f'{folder}/out2.qcow2') < os.path.getsize(f'{folder}/out0.qcow2')
            code, text = line.vos('export-image', 'raw', f'{folder}/x', '--compress', 'zstd')
            assert code == 2 and 'not compressed' in text, text
            code, text = line.vos('export-image', 'none', f'{folder}/x')
            assert code == 3 and 'no volume' in text, text
            # A snapshot, while its VM runs and writes.
            assert line.vos('create-vm', 'v', '--memory', '128M', '--disk', 'volume=raw')[0] == 0
            assert line.vos('snapshot-vm', 'v', 'one')[0] == 0
            assert line.vos('start-vm', 'v')[0] == 0
            once = interrupted(line, folder)
            assert once < sent * 3 // 2, (once, sent)
        machine.ok('')
        machine.attach('v')
        machine.wait_guest()
        machine.guest_cmd('dd if=/dev/urandom of=/dev/vda bs=64k count=20 conv=fsync')
        digest = machine.guest_cmd('md5sum /dev/vda').split()[0]
        machine.detach()
        with Line(machine, 'unix') as line:
            code, text = line.vos('export-image', 'raw', f'{folder}/now.raw')
            assert code == 0, text
            md5 = subprocess.run(['md5sum', f'{folder}/now.raw'], check=True, capture_output=True, text=True).stdout
            assert digest in md5
            assert [s['name'] for s in snapshots(line)] == ['one']      # the one for the export is gone
            code, text = line.vos('export-image', 'raw', f'{folder}/one.raw', '--snapshot', 'one')
            assert code == 0, text
            judge(f'{folder}/one.raw', 'raw', f'{folder}/small.raw')
        machine.ok('')
        assert volume(machine, 'raw')['vm'] == 'v'
        machine.ok('delete-vm v --force')
