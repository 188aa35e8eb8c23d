# SPDX-License-Identifier: MIT
"""vos backup-vm and restore-vm: a VM that writes, a difference, a restored VM with the same disk; damaged backups."""
import json
import os
import subprocess

from hostline import Line
from test_images import small_image, volume
from vosmachine import Machine

CHANGED = 10            # granules of 64 KiB that the guest changes


def run(line, *words):
    code, text = line.vos(*words)
    return code, ' '.join(text.split())         # lines are broken for people


def names(line, verb):
    return {row['name'] for row in json.loads(line.vos(verb, '--json')[1])['return']}


def same(line, folder, first, second):
    for name in (first, second):
        code, text = run(line, 'export-image', name, f'{folder}/{name}.raw')
        assert code == 0, text
    subprocess.run(['cmp', f'{folder}/{first}.raw', f'{folder}/{second}.raw'], check=True)


def refused(line, folder):
    """Cut off, changed, of another key: code 10, and nothing is made."""
    before = names(line, 'list-volume'), names(line, 'list-vm')
    with open(f'{folder}/2.bk', 'rb') as file:
        whole = file.read()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:]
    for data, why in ((whole[:-1], 'cut off'), (changed, 'damaged'), (b'x' * 4096, 'no backup')):
        with open(f'{folder}/bad.bk', 'wb') as file:
            file.write(data)
        for verb in (['restore-vm', '--name', 'x'], ['verify-backup']):
            code, text = run(line, verb[0], f'{folder}/bad.bk', '--key-file', f'{folder}/key', *verb[1:])
            assert code == 10 and why in text, text
    os.unlink(f'{folder}/bad.bk')
    code, text = run(line, 'restore-vm', f'{folder}/2.bk', '--name', 'x', '--key-file', f'{folder}/small.raw')
    assert code == 10 and 'key is wrong' in text, text
    code, text = run(line, 'restore-vm', f'{folder}/2.bk', '--key-file', f'{folder}/key')
    assert code != 0 and 'there is such a VM' in text, text
    assert (names(line, 'list-volume'), names(line, 'list-vm')) == before


def test_backups(tmp_path):
    folder = str(tmp_path)
    small_image(folder)
    with open(f'{folder}/key', 'wb') as file:
        file.write(os.urandom(64))
    with open(f'{folder}/disk.img', 'wb') as file:
        file.truncate(200 << 20)
    key = ['--key-file', f'{folder}/key']
    with Machine('qemu-pvh', 'test_backups', disks=[('nvme', f'{folder}/disk.img')]) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        with Line(machine, 'unix') as line:
            code, text = run(line, 'upload-image', f'{folder}/small.raw', '--volume', 'raw')
            assert code == 0, text
            assert line.vos('create-vm', 'v', '--memory', '128M', '--disk', 'volume=raw')[0] == 0
            code, text = run(line, 'backup-vm', 'v', f'{folder}/1.bk', *key)
            assert code == 0 and 'has the backup of v: 1 disk' in text, text
            assert line.vos('start-vm', 'v')[0] == 0
        machine.ok('')
        machine.attach('v')
        machine.wait_guest()
        machine.guest_cmd(f'dd if=/dev/urandom of=/dev/vda bs=64k seek=3 count={CHANGED} conv=fsync')
        machine.detach()
        with Line(machine, 'unix') as line:
            code, text = run(line, 'backup-vm', 'v', f'{folder}/2.bk', '--since', f'{folder}/1.bk', *key)
            assert code == 0, text
            assert os.path.getsize(f'{folder}/2.bk') < CHANGED * 65536 * 1.05
            assert len(names(line, 'list-snapshot')) == 1       # that of the first one is gone
            code, text = run(line, 'backup-vm', 'v', f'{folder}/3.bk', '--since', f'{folder}/1.bk', *key)
            assert code != 0 and 'not there any more' in text, text
            assert line.vos('stop-vm', 'v', '--force')[0] == 0
            code, text = run(line, 'verify-backup', f'{folder}/2.bk', *key)
            assert code == 0 and 'and all that it builds on' in text, text
            refused(line, folder)
            code, text = run(line, 'restore-vm', f'{folder}/2.bk', '--name', 'w', *key)
            assert code == 0 and 'w is restored' in text, text
            same(line, folder, 'raw', 'w.0')
            code, text = run(line, 'restore-vm', f'{folder}/1.bk', '--name', 'first', *key)
            assert code == 0, text
            code, text = run(line, 'export-image', 'first.0', f'{folder}/first.raw')
            assert code == 0, text
            subprocess.run(['cmp', f'{folder}/first.raw', f'{folder}/small.raw'], check=True)
            assert line.vos('start-vm', 'w')[0] == 0
        machine.ok('')
        assert volume(machine, 'w.0')['vm'] == 'w'
