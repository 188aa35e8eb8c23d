# SPDX-License-Identifier: MIT
"""Disk images become volumes: a guest mounts what the test made, and reads what it put there."""
import hashlib
import os
import shutil
import subprocess

import pytest

from hostline import Line
from test_networks import answer
from vosmachine import BUILD, TINY, TOP, Machine

FILE_BYTES = 1 << 20


def make_image(folder, size='24M'):
    """A raw disk with an ext4 on it, and in that a file; returns the path and the file's MD5."""
    content, path = os.urandom(FILE_BYTES), f'{folder}/disk.raw'
    os.makedirs(f'{folder}/tree')
    with open(f'{folder}/tree/file', 'wb') as file:
        file.write(content)
    subprocess.run(['/sbin/mke2fs', '-q', '-F', '-t', 'ext4', '-d', f'{folder}/tree', path, size], check=True)
    return path, hashlib.md5(content).hexdigest()


def boot_files(kind, folder, image):
    """VOS with the default guest and the image as a further boot module, disk-raw."""
    shutil.copy(f'{BUILD}/vos.elf', folder)
    out = f'{folder}/vos.{kind}'
    words = [f'{name}={BUILD}/images/{name}' for name in ('debian-kernel', 'debian-initrd')]
    subprocess.run([f'{TOP}/iso/mkiso.sh', kind, out, *words, f'disk-raw={image}'], check=True,
                   env=os.environ | {'CONF': '', 'CMDLINE': ''})
    return out


def volume(machine, name):
    rows = answer(machine, f'list-volume {name}')
    return rows[0]


def import_test(backend, disk_kind, disk, folder):
    image, digest = make_image(folder)
    kind = 'iso' if backend == 'bochs' else 'bundle'
    files = {kind: boot_files(kind, folder, image)}
    with open(f'{folder}/disk.img', 'wb') as file:
        file.truncate(200 << 20)
    with Machine(backend, f'test_images-{disk_kind}', disks=[(disk_kind, f'{folder}/disk.img')], **files) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        assert 'on fast' in machine.ok('import-image disk-raw data --size 64M')
        row = volume(machine, 'data')
        assert (row['bytes'], row['state'], row['on']) == (64 << 20, 'ready', 'fast')
        assert FILE_BYTES <= row['used-bytes'] < 8 << 20         # what is zero takes no room
        assert 'there is a volume data already' in machine.cmd('import-image disk-raw data')
        assert 'does not fit' in machine.cmd('import-image disk-raw small --size 1M')
        machine.ok('create-vm v --memory 128M --disk volume=data --disk image=disk-raw')
        machine.ok('start-vm v')
        machine.attach('v')
        machine.wait_guest()
        for name in ('vda', 'vdb'):
            machine.guest_cmd(f'mkdir -p /{name}; mount -t ext4 /dev/{name} /{name}')
            assert digest in machine.guest_cmd(f'md5sum /{name}/file')
        machine.detach()
        assert volume(machine, 'v.1')['made-for'] == 'v'
        machine.ok('delete-vm v --force')


def test_import(tmp_path):
    import_test('qemu-pvh', 'nvme', 'nvme0.0', str(tmp_path))


@pytest.mark.io
def test_import_on_bochs(tmp_path):
    import_test('bochs', 'ata', 'ata0.0', str(tmp_path))


def small_image(folder):
    """An ext4 that a serial line can carry, with its digest."""
    content = os.urandom(20000)
    os.makedirs(f'{folder}/small')
    with open(f'{folder}/small/file', 'wb') as file:
        file.write(content)
    path = f'{folder}/small.raw'
    subprocess.run(['/sbin/mke2fs', '-q', '-F', '-t', 'ext4', '-O', '^has_journal,^resize_inode', '-d',
                    f'{folder}/small', path, '8M'], check=True)
    subprocess.run(['qemu-img', 'convert', '-O', 'qcow2', '-c', path, f'{folder}/small.qcow2'], check=True)
    return hashlib.md5(content).hexdigest()


def test_upload_into_volumes(tmp_path):
    """A raw file and a qcow2 file of the operator's machine become volumes; zeros are not sent."""
    digest = small_image(str(tmp_path))
    with open(f'{tmp_path}/disk.img', 'wb') as file:
        file.truncate(200 << 20)
    with open(f'{tmp_path}/foreign.img', 'wb') as file:
        file.write(os.urandom(1 << 20))
        file.truncate(64 << 20)
    disks = [('nvme', f'{tmp_path}/disk.img'), ('virtio', f'{tmp_path}/foreign.img')]
    with Machine('qemu-pvh', 'test_images-upload', disks=disks) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        machine.until(lambda: 'virtio0' in machine.cmd('list-disk'), 'the other disk is up')
        with Line(machine, 'unix') as line:
            code, text = line.vos('upload-image', f'{tmp_path}/small.raw', '--volume', 'raw')
            assert code == 0 and 'Volume raw has the image, 8.0 MiB' in text, text
            code, text = line.vos('upload-image', f'{tmp_path}/small.qcow2', '--volume', 'cow', '--size', '16M')
            assert code == 0, text
            assert line.taken < 1 << 20         # of twice 8 MiB
            code, text = line.vos('upload-image', f'{tmp_path}/small.raw', '--volume', 'raw')
            assert code == 4 and 'is there already' in text, text
            code, text = line.vos('upload-image', f'{tmp_path}/small.raw', '--volume', 'other', '--on', 'virtio0')
            assert code == 4 and 'does not know' in text, text     # not: that no volume waits
            with open(f'{tmp_path}/cut.qcow2', 'wb') as file, open(f'{tmp_path}/small.qcow2', 'rb') as whole:
                file.write(whole.read(70000))
            code, text = line.vos('upload-image', f'{tmp_path}/cut.qcow2', '--volume', 'cut')
            assert code == 1 and 'L1 table' in text, text
        machine.ok('')
        assert volume(machine, 'cow')['bytes'] == 16 << 20 and volume(machine, 'raw')['state'] == 'ready'
        assert 'there is no volume' in machine.cmd('list-volume cut')
        machine.ok('create-vm v --memory 128M --disk volume=raw --disk volume=cow')
        machine.ok('start-vm v')
        machine.attach('v')
        machine.wait_guest()
        for name in ('vda', 'vdb'):
            machine.guest_cmd(f'mkdir -p /{name}; mount -t ext4 /dev/{name} /{name}')
            assert digest in machine.guest_cmd(f'md5sum /{name}/file')
        machine.detach()


def images(machine):
    return {row['name']: row['pool'] for row in answer(machine, 'list-image')
            if row['kind'] == 'uploaded'}


def test_uploads_outlive_a_power_cut(tmp_path):
    """An uploaded image is in the pool when its upload is answered: a VM that boots it is there after a power cut."""
    with open(f'{tmp_path}/disk.img', 'wb') as file:
        file.truncate(64 << 20)
    arguments = {'disks': [('nvme', f'{tmp_path}/disk.img')], **TINY}
    with Machine('qemu-pvh', 'test_images-kept', **arguments) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        machine.until(lambda: 'vos.config' in machine.ok('list-volume'), 'the pool has the definitions')
        with Line(machine, 'unix') as line:
            code, text = line.vos('upload-image', f'{BUILD}/guests/heartbeat.elf')
            assert code == 0, text
        machine.ok('')
        assert images(machine) == {'heartbeat.elf': 'fast'}
        machine.ok('create-vm v --memory 32M --kernel heartbeat.elf --autostart yes')
        machine.kill()
    with Machine('qemu-pvh', 'test_images-kept-again', **arguments) as machine:
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.wait_state('v', 'running')
        assert images(machine) == {'heartbeat.elf': 'fast'}
        machine.ok('delete-vm v --force')
        machine.ok('delete-image heartbeat.elf')
        machine.until(lambda: 'vos.image' not in machine.ok('list-volume'), 'its volume is deleted')
        machine.kill()
    with Machine('qemu-pvh', 'test_images-kept-gone', **arguments) as machine:
        machine.expect('Definitions of VMs are kept in pool fast')
        assert images(machine) == {}
