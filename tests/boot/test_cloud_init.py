# SPDX-License-Identifier: MIT
"""create-vm --cloud-init from the operator's machine: a disk that cloud-init knows, judged by blkid and mtools."""
import os
import re
import subprocess

from hostline import Line
from vosmachine import PATIENCE, TINY, Machine

USER_DATA = '#cloud-config\npassword: secret\nchpasswd: {expire: false}\n'


def tool(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE,
                          env={**os.environ, 'MTOOLS_SKIP_CHECK': '0'}).stdout


def contents(line, volume, path):
    """{name: text} of the volume's file system."""
    code, text = line.vos('export-image', volume, path, '--quiet')
    assert code == 0, text
    about = tool('/usr/sbin/blkid', '-p', '-o', 'export', path)
    assert 'TYPE=vfat' in about and 'LABEL=CIDATA' in about, about
    names = re.findall(r'(?m)^::/?(\S+)$', tool('mdir', '-b', '-i', path, '::'))
    return {name: tool('mtype', '-i', path, f'::{name}') for name in names}


def test_cloud_init(tmp_path):
    image, seed = str(tmp_path / 'disk.img'), tmp_path / 'user-data'
    folder = tmp_path / 'seed'
    os.mkdir(folder)
    with open(image, 'wb') as file:
        file.truncate(128 << 20)
    seed.write_text(USER_DATA, encoding='ascii')
    with Machine('qemu-pvh', 'cloud-init', disks=[('nvme', image)], **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        with Line(machine, 'unix') as line:
            new = ('create-vm', 'web', '--memory', '32M', '--kernel', 'spin', '--disk', '8M', '--cloud-init')
            code, text = line.vos(*new, str(tmp_path / 'none'))
            assert code == 1 and 'No such file' in ' '.join(text.split()), text
            code, text = line.vos(*new, str(folder))
            assert code == 1 and 'user-data' in text, text
            (folder / 'user-data').write_bytes(b'x' * ((1 << 20) + 1))
            code, text = line.vos(*new, str(folder))
            assert code == 1 and '1 MiB' in ' '.join(text.split()), text
            code, text = line.vos(*new, str(seed), '--dry-run')
            assert code == 0, text
            code, text = line.vos(*new, str(seed))
            assert code == 0 and 'web is defined' in text, text
            found = contents(line, 'web.1', str(tmp_path / 'web.raw'))
            assert found == {'user-data': USER_DATA, 'meta-data': 'instance-id: web\nlocal-hostname: web\n'}, found
            (folder / 'user-data').write_text(USER_DATA, encoding='ascii')
            (folder / 'meta-data').write_text('instance-id: i-7\n', encoding='ascii')
            (folder / 'network-config').write_text('version: 2\n', encoding='ascii')
            code, text = line.vos('create-vm', 'db', '--memory', '32M', '--kernel', 'spin', '--cloud-init', str(folder))
            assert code == 0, text
            found = contents(line, 'db.0', str(tmp_path / 'db.raw'))
            assert found == {'user-data': USER_DATA, 'meta-data': 'instance-id: i-7\n',
                             'network-config': 'version: 2\n'}
            # Nothing is left of it but the VMs' own disks; also if create-vm is refused.
            code, text = line.vos(*new, str(seed))
            assert code == 4, text
            assert 'cidata' not in line.vos('list-image')[1]
            assert line.vos('delete-vm', 'web')[0] == 0 and 'web.' not in line.vos('list-volume')[1]
        assert 'E_USAGE' in machine.cmd('create-vm x --kernel spin --cloud-init /etc/passwd')
