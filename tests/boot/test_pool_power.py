# SPDX-License-Identifier: MIT
"""Power cuts under a pool: whatever the disk kept of writes after its last flush, the pool is whole, and what a guest
was told is durable is in its volumes (powercut.py), while snapshots and clones come and go. One volume is plain, one
has checksums."""
import os
import random
import re
import subprocess

import pytest

import powercut
from powercut import SECTOR, Place
from vosmachine import BUILD, Machine

DISK_BYTES = 80 << 20
FILES_MIB = 24
FORGOTTEN = 120                 # flushes: some rounds
SEED = int(os.environ.get('VOS_TEST_SEED') or random.SystemRandom().randrange(1 << 32))
VOS_POOL = f'{BUILD}/tools/vos-pool'
# A disk that neither discards nor writes zeros by itself: blklogwrites of QEMU 7.2 spoils its log with the latter.
PLAIN = ',discard=off,write-zeroes=off'


def file_system(folder):
    """With the guest's program."""
    tree, path = os.path.join(folder, 'tree'), os.path.join(folder, 'fs.img')
    os.mkdir(tree)
    subprocess.run(['cp', f'{BUILD}/linux/records', tree], check=True)
    subprocess.run(['/usr/sbin/mkfs.ext4', '-q', '-d', tree, '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard',
                    path, f'{FILES_MIB << 10}k'], check=True, stdout=subprocess.DEVNULL)
    return path


def prepare(folder):
    """A disk with a pool, and in it the VM `a` with the volumes `records` and `files`, which has a file system."""
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(DISK_BYTES)
    disks = [('virtio', image), ('virtio', file_system(folder))]
    with Machine('qemu-pvh', 'test_pool_power-prepare', disks=disks) as m:
        m.wait_prompt()
        m.until(lambda: 'error[' not in m.cmd('create-pool fast virtio0 --yes'), 'the disk')
        m.ok('create-volume records --size 2M --on fast')
        m.ok(f'create-volume files --size {FILES_MIB}M --on fast --integrity on')
        m.ok('create-vm copier --memory 128M --disk volume=files --disk volume=virtio1,ro')
        m.ok('start-vm copier')
        m.attach('copier')
        m.wait_guest()
        assert 'copied 0' in m.guest_cmd('cat /dev/vdb > /dev/vda; sync; echo copied $?')
        m.detach()
        m.ok('delete-vm copier --force --yes')
        m.ok('create-vm a --memory 128M --disk volume=records --disk volume=files')
    return image


def boot_guest(machine):
    """The VM comes out of the pool."""
    machine.wait_prompt()
    machine.wait_defined('a')
    since = machine.log_end('a')        # its log has what it printed before
    machine.ok('start-vm a')
    machine.attach_guest('a', since)
    assert 'mounted 0' in machine.guest_cmd('mkdir /m; mount /dev/vdb /m; echo mounted $?')
    machine.guest_cmd('cp /m/records /tmp/records')


def disturb(machine, count):
    """Snapshots and clones of the VM whose guest writes."""
    machine.ok(f'snapshot-vm a s{count}')
    if count > 2:
        machine.until(lambda: 'error[E_BUSY]' not in machine.cmd(f'delete-snapshot a s{count - 2}'), 'the deletion')
    if count % 3 == 0:
        machine.ok(f'clone-vm a --to b{count} --snapshot s{count}')
        machine.ok(f'delete-vm b{count} --yes')


def write_and_log(image, log, rounds):
    """Runs the guest on the disk, whose writes are logged. Returns the last round."""
    open(log, 'wb').close()
    drive = (f'driver=blklogwrites,file.driver=file,file.filename={image},log.driver=file,log.filename={log},'
             'log-sector-size=512')
    with Machine('qemu-pvh', 'test_pool_power-log', disks=[('virtio', image, drive, PLAIN)]) as machine:
        boot_guest(machine)
        machine.guest_cmd(f'/tmp/records /dev/vda /m {rounds} > /tmp/out 2>&1 &')
        machine.detach()
        count = 0

        def is_done():
            nonlocal count
            count += 1
            disturb(machine, count)
            machine.attach('a')
            text = machine.guest_cmd('tail -n 2 /tmp/out')
            machine.detach()
            assert 'write:' not in text, text
            return 'DONE' in text and int(re.search(r'acked (\d+)', text).group(1))
        return machine.until(is_done, 'the guest to have written')


def volume(path, name, folder):
    """Its content once the pool has recovered; the recovered pool is checked, too."""
    to = os.path.join(folder, 'volume.img')
    if os.path.exists(to):
        os.remove(to)
    status, text = powercut.tool(VOS_POOL, 'extract', path, name, to)
    powercut.must(status == 0, f'vos-pool extract {name}: {text}')
    with open(to, 'rb') as file:
        return file.read()


def snapshots_of(path, of):
    status, text = powercut.tool(VOS_POOL, 'info', path)
    powercut.must(status == 0, f'vos-pool info: {text}')
    rows = (line.split() for line in text.splitlines() if 'being deleted' not in line)
    return [row[0] for row in rows if row[-3:] == ['snapshot', 'of', of]]


def check(path, acked, folder, with_snapshots=False):
    """All that must hold of a pool's disk after a power cut. Raises Lost."""
    status, text = powercut.tool(VOS_POOL, 'check', path)
    powercut.must(status == 0, f'vos-pool check: {text}')
    records = volume(path, 'records', folder)
    powercut.check_device(records, Place(0, len(records) // SECTOR), acked)
    files = volume(path, 'files', folder)
    powercut.check_files(files, Place(0, len(files) // SECTOR), acked, folder)
    for name in snapshots_of(path, 'files') if with_snapshots else []:
        content = volume(path, name, folder)
        powercut.check_files(content, Place(0, len(content) // SECTOR), 0, folder)


def cut_image(content, folder):
    path = os.path.join(folder, 'cut.img')
    with open(path, 'wb') as file:
        file.write(content)
    return path


def power_cuts(folder, cuts, rounds):
    image, log = prepare(folder), os.path.join(folder, 'log')
    with open(image, 'rb') as file:
        before = file.read()
    last = write_and_log(image, log, rounds)
    check(image, last, folder, True)
    entries = powercut.read_log(log)
    replay = powercut.Replay(before, entries, random.Random(SEED))
    for number, flush in enumerate(sorted(replay.random.choices(replay.flushes, k=cuts))):
        content, acked = replay.cut_after(flush)
        try:
            check(cut_image(content, folder), acked, folder, number % 10 == 0)
        except powercut.Lost as error:
            raise AssertionError(f'seed {SEED}, cut after entry {flush}, {acked} acknowledged: {error}') from error
    forgets(powercut.Replay(before, entries, random.Random(SEED)), folder)
    print(f'{cuts} cuts at {len(replay.flushes)} flushes, {len(entries)} entries, {last} rounds, seed {SEED}')


def forgets(replay, folder):
    """The test of the test: a disk that forgets several rounds' flushes is noticed."""
    noticed = 0
    for i in range(FORGOTTEN, len(replay.flushes), max(1, len(replay.flushes) // 5)):
        content, acked = replay.cut_after(replay.flushes[i], kept=replay.flushes[i - FORGOTTEN])
        if acked < 1:
            continue
        with pytest.raises(powercut.Lost):
            check(cut_image(content, folder), acked, folder)
        noticed += 1
    assert noticed


def test_pool_cuts(tmp_path):
    power_cuts(str(tmp_path), 20, 24)


@pytest.mark.io
def test_1000_pool_cuts(tmp_path):
    power_cuts(str(tmp_path), 1000, 60)


def kills(folder, count):
    """The emulator is killed while a guest writes; the next boot's guest replays its journal and goes on."""
    image, chance, last = prepare(folder), random.Random(SEED), 0
    for number in range(count):
        with Machine('qemu-pvh', 'test_pool_power-kill', disks=[('virtio', image)]) as machine:
            boot_guest(machine)
            machine.send('/tmp/records /dev/vda /m 0\r')
            assert int(machine.expect(r'from (\d+)\r*\n').group(1)) >= last
            for _ in range(chance.randint(1, 10)):
                last = int(machine.expect(r'acked (\d+)\r*\n').group(1))
            last = max([last] + [int(n) for n in re.findall(r'acked (\d+)\n', machine.kill() + '\n')])
        try:
            check(image, last, folder, True)
        except powercut.Lost as error:
            raise AssertionError(f'seed {SEED}, kill {number}, {last} acknowledged: {error}') from error
    print(f'{count} kills, {last} rounds, seed {SEED}')


@pytest.mark.io
def test_pool_kills(tmp_path):
    kills(str(tmp_path), 30)
