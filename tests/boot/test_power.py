# SPDX-License-Identifier: MIT
"""Power cuts: what a guest was told is durable is there, whatever the disk kept of later writes (powercut.py)."""
import os
import random
import re
import shutil
import subprocess

import pytest

import powercut
from vosmachine import BUILD, Machine

DISK_BYTES = 48 << 20
ROUNDS = 60                     # of the guest's writer, about six flushes each
FORGOTTEN = 40                  # flushes: some rounds
SEED = int(os.environ.get('VOS_TEST_SEED') or random.SystemRandom().randrange(1 << 32))
# A disk that neither discards nor writes zeros by itself: blklogwrites of QEMU 7.2 spoils its log with the latter.
PLAIN = ',discard=off,write-zeroes=off'


def program(folder):
    """The guest's program as a disk: whole sectors."""
    path = os.path.join(folder, 'program.img')
    shutil.copy(f'{BUILD}/linux/records', path)
    with open(path, 'r+b') as file:
        file.truncate(-(-os.path.getsize(path) // 4096) * 4096)
    return path


def prepare(kind, disk, folder):
    """An image with the volumes `records` and `files`, the latter with a file system."""
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(DISK_BYTES)
    with Machine('qemu-pvh', f'test_power-prepare-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-volume records --size 2M --on {disk}')
        machine.ok(f'create-volume files --size 24M --on {disk}')
    with open(image, 'rb') as file:
        place = powercut.partitions(file.read())['files']
    path = os.path.join(folder, 'fs.img')
    subprocess.run(['/usr/sbin/mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', path,
                    f'{place.sectors // 2}k'], check=True, stdout=subprocess.DEVNULL)
    with open(path, 'rb') as source, open(image, 'r+b') as file:
        file.seek(place.first * powercut.SECTOR)
        file.write(source.read())
    return image


def boot_guest(machine):
    """The machine's second disk has the program."""
    machine.wait_prompt()
    disk = f'virtio{[kind for kind, *_ in machine.disks].count("virtio") - 1}'
    machine.until(lambda: 'error[' not in machine.cmd(
        f'create-vm --name a --memory 128M --disk volume=records --disk volume=files --disk volume={disk},ro'),
        'the disks')
    machine.ok('start-vm a')
    machine.attach('a')
    machine.wait_guest()
    machine.guest_cmd('cat /dev/vdc > /tmp/records; chmod 755 /tmp/records; mkdir /m')
    assert 'mounted 0' in machine.guest_cmd('mount /dev/vdb /m; echo mounted $?')


def write_and_log(kind, disk, image, log, rounds, folder):
    """Runs the guest on the disk, whose writes are logged, while volumes come and go. Returns the last round."""
    open(log, 'wb').close()
    drive = (f'driver=blklogwrites,file.driver=file,file.filename={image},log.driver=file,log.filename={log},'
             'log-sector-size=512')
    disks = [(kind, image, drive, PLAIN if kind == 'virtio' else ''), ('virtio', program(folder))]
    with Machine('qemu-pvh', f'test_power-{kind}', disks=disks) as machine:
        boot_guest(machine)
        machine.guest_cmd(f'/tmp/records /dev/vda /m {rounds} > /tmp/out 2>&1 &')
        machine.detach()
        count = 0

        def is_done():
            nonlocal count
            count += 1
            machine.ok(f'create-volume more{count} --size 1M --on {disk}')
            machine.ok(f'delete-volume more{count}')
            machine.attach('a')
            text = machine.guest_cmd('tail -n 2 /tmp/out')
            machine.detach()
            assert 'write:' not in text, text
            return 'DONE' in text and int(re.search(r'acked (\d+)', text).group(1))
        return machine.until(is_done, 'the guest to have written')


def goes_on(kind, content, acked, folder):
    """VOS boots on what a power cut left, its guest mounts the file system and writes on."""
    image = os.path.join(folder, 'cut.img')
    with open(image, 'wb') as file:
        file.write(content)
    with Machine('qemu-pvh', f'test_power-cut-{kind}', disks=[(kind, image), ('virtio', program(folder))]) as machine:
        boot_guest(machine)
        text = machine.guest_cmd('/tmp/records /dev/vda /m 2')
        assert int(re.search(r'from (\d+)', text).group(1)) >= acked and 'DONE' in text, text
    with open(image, 'rb') as file:
        powercut.check(file.read(), int(re.findall(r'acked (\d+)', text)[-1]), folder)


def power_cuts(kind, disk, folder, flushes, rounds, boots=0):
    image, log = prepare(kind, disk, folder), os.path.join(folder, 'log')
    with open(image, 'rb') as file:
        before = file.read()
    last = write_and_log(kind, disk, image, log, rounds, folder)
    with open(image, 'rb') as file:
        after = file.read()
    powercut.check(after, last, folder)
    entries = powercut.read_log(log)
    replay = powercut.Replay(before, entries, random.Random(SEED))
    cuts, volumes, left = len(replay.flushes), 0, []
    chosen = replay.random.sample(replay.flushes, min(flushes, cuts))
    for flush in sorted(chosen):
        content, acked = replay.cut_after(flush)
        try:
            volumes += len(powercut.check(content, acked, folder)) > 2
        except powercut.Lost as error:
            raise AssertionError(f'seed {SEED}, cut after entry {flush}, {acked} acknowledged: {error}') from error
        if flush in chosen[:boots]:
            left.append((content, acked))
    assert cuts >= flushes, f'{cuts} flushes'
    for content, acked in left:
        goes_on(kind, content, acked, folder)
    forgets(powercut.Replay(before, entries, random.Random(SEED)), folder)
    print(f'{kind}: {flushes} cuts at {cuts} flushes, {len(entries)} entries, {last} rounds, seed {SEED}; '
          f'{volumes} with a further volume')


def forgets(replay, folder):
    """The test of the test: a disk that forgets several rounds' flushes is noticed."""
    noticed = 0
    for i in range(FORGOTTEN, len(replay.flushes), len(replay.flushes) // 10):
        content, acked = replay.cut_after(replay.flushes[i], kept=replay.flushes[i - FORGOTTEN])
        if acked < 1:
            continue
        with pytest.raises(powercut.Lost):
            powercut.check_device(content, powercut.partitions(content)['records'], acked)
        with pytest.raises(powercut.Lost):
            powercut.check_files(content, powercut.partitions(content)['files'], acked, folder)
        noticed += 1
    assert noticed


def test_power_cuts(tmp_path):
    power_cuts('virtio', 'virtio0', str(tmp_path), 20, 12)


@pytest.mark.io
@pytest.mark.parametrize('kind, disk', [('virtio', 'virtio0'), ('nvme', 'nvme0.0'), ('ahci', 'ahci0.0')])
def test_200_power_cuts(kind, disk, tmp_path):
    power_cuts(kind, disk, str(tmp_path), 200, ROUNDS, boots=3)


@pytest.mark.io
@pytest.mark.parametrize('kind, disk', [('virtio', 'virtio0'), ('nvme', 'nvme0.0'), ('ahci', 'ahci0.0')])
def test_kills(kind, disk, tmp_path):
    """The emulator is killed while a guest writes; the next boot's guest replays the journal and goes on."""
    folder, chance, last = str(tmp_path), random.Random(SEED), 0
    image = prepare(kind, disk, folder)
    for number in range(20):
        with Machine('qemu-pvh', f'test_kills-{kind}', disks=[(kind, image), ('virtio', program(folder))]) as machine:
            boot_guest(machine)
            machine.send('/tmp/records /dev/vda /m 0\r')
            assert int(machine.expect(r'from (\d+)\r*\n').group(1)) >= max(last, 1)
            for _ in range(chance.randint(1, 20)):
                last = int(machine.expect(r'acked (\d+)\r*\n').group(1))
            last = max([last] + [int(n) for n in re.findall(r'acked (\d+)\n', machine.kill() + '\n')])
        with open(image, 'rb') as file:
            content = file.read()
        try:
            powercut.check(content, last, folder)
        except powercut.Lost as error:
            raise AssertionError(f'seed {SEED}, kill {number}, {last} acknowledged: {error}') from error
    print(f'{kind}: 20 kills, {last} rounds, seed {SEED}')
