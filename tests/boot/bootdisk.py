# SPDX-License-Identifier: MIT
"""A disk as a PC boots it: GRUB in front of its only partition, which holds GRUB's menu, a kernel and its initrd."""
import os
import shutil
import struct
import subprocess

from vosmachine import BUILD, TOP

SECTOR = 512
GRUB = '/usr/lib/grub/i386-pc'
PARTITION = 2048                # its first sector
MODULES = ('biosdisk', 'part_msdos', 'ext2', 'normal', 'configfile', 'linux', 'echo', 'minicmd', 'test', 'sleep',
           'reboot', 'halt')
EARLY = "set root=(hd0,msdos1)\nset prefix=(hd0,msdos1)/boot/grub\n"


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def core_image(folder):
    early, core = os.path.join(folder, 'early.cfg'), os.path.join(folder, 'core.img')
    with open(early, 'w', encoding='ascii') as file:
        file.write(EARLY)
    run('grub-mkimage', '-O', 'i386-pc', '-p', '/boot/grub', '-c', early, '-o', core, *MODULES)
    with open(core, 'rb') as file:
        return file.read()


def partition_table(sectors):
    """Of an MBR: one Linux partition, marked as the one to boot."""
    return struct.pack('<BBBBBBBBII', 0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, PARTITION, sectors) + bytes(48)


def make(folder, menu, files, size=96 << 20):
    """Returns its path. menu: what grub.cfg says; files: {name in /boot: path}. GRUB's block lists fit this layout."""
    tree, part, disk = (os.path.join(folder, name) for name in ('tree', 'part.img', 'disk.img'))
    os.makedirs(os.path.join(tree, 'boot', 'grub'))
    with open(os.path.join(tree, 'boot', 'grub', 'grub.cfg'), 'w', encoding='ascii') as file:
        file.write(menu)
    for name, path in files.items():
        shutil.copy(path, os.path.join(tree, 'boot', name))
    sectors = size // SECTOR - PARTITION
    run('mke2fs', '-q', '-t', 'ext4', '-d', tree, part, f'{sectors // 2}k')
    core = core_image(folder)
    assert len(core) <= (PARTITION - 1) * SECTOR
    with open(f'{GRUB}/boot.img', 'rb') as file:
        boot = file.read()
    with open(disk, 'wb') as file, open(part, 'rb') as partition:
        file.write(boot[:446] + partition_table(sectors) + b'\x55\xaa' + core)
        file.seek(PARTITION * SECTOR)
        shutil.copyfileobj(partition, file)
        file.truncate(size)
    shutil.rmtree(tree)
    os.remove(part)
    return disk


def make_cd(folder, menu, note, name='disc'):
    """GRUB on an El Torito disc, with that menu and a file /note."""
    tree, disc = (os.path.join(folder, file) for file in ('cd', f'{name}.iso'))
    os.makedirs(os.path.join(tree, 'boot', 'grub'))
    with open(os.path.join(tree, 'boot', 'grub', 'grub.cfg'), 'w', encoding='ascii') as file:
        file.write(menu)
    with open(os.path.join(tree, 'note'), 'wb') as file:
        file.write(note)
    core = os.path.join(tree, 'boot', 'grub', 'core.img')
    run('grub-mkimage', '-O', 'i386-pc-eltorito', '-p', '/boot/grub', '-o', core, 'iso9660', *MODULES, 'cat', 'read')
    run('xorriso', '-as', 'mkisofs', '-quiet', '-r', '-o', disc, '-b', 'boot/grub/core.img', '-no-emul-boot',
        '-boot-load-size', '4', '-boot-info-table', tree)
    shutil.rmtree(tree)
    return disc


def medium(kind, path, images):
    words = [f'{name}={file}' for name, file in images.items()]
    firmware = [f'{name}={BUILD}/images/{name}' for name in ('seabios', 'ovmf')]
    run(f'{TOP}/iso/mkiso.sh', kind, path, *firmware, *words)
    return path


def bundle(folder, **images):
    """A bundle of these images, and the firmware."""
    return medium('bundle', os.path.join(folder, 'bundle.cpio'), images)


def iso(folder, **images):
    """VOS' ISO with them."""
    return medium('iso', os.path.join(folder, 'vos.iso'), images)
