# SPDX-License-Identifier: MIT
"""A disk after a power cut: replays a log of writes up to a flush, and judges what is there.

QEMU's blklogwrites logs each write and flush of a disk when it has completed, in the format of Linux' dm-log-writes. A
disk with a write cache keeps what was written before the last flush; of later writes it keeps any sectors.
"""
import collections
import os
import shutil
import struct
import subprocess
import zlib

SECTOR = 512
FLUSH, FUA, DISCARD = 1, 2, 4
LOG_MAGIC = 0x6a736677736872
# As in guest/records.c.
RECORD_MAGIC = 0x5245434f52445631
BLOCK_SECTORS, BLOCKS, FILES, FILE_SECTORS = 8, 16, 16, 32

Entry = collections.namedtuple('Entry', 'sector flags data')
Record = collections.namedtuple('Record', 'round acked place in_file')


class Lost(AssertionError):
    """Something is not there that was acknowledged, or is not valid."""


def must(is_true, what):
    if not is_true:
        raise Lost(what)


# ------------------------------------------------------------------------------------------------------- log of writes
def read_log(path):
    """Entries of a log of blklogwrites."""
    with open(path, 'rb') as file:
        magic, version, count, sector = struct.unpack('<3QI', file.read(28))
        assert (magic, version, sector) == (LOG_MAGIC, 1, SECTOR), 'not a log of writes'
        entries, at = [], SECTOR
        for _ in range(count):
            file.seek(at)
            first, sectors, flags, extra = struct.unpack('<4Q', file.read(32))
            assert flags < 8 and extra == 0 and sectors < 1 << 20, f'the log is damaged at {at}'
            bytes_ = 0 if flags & DISCARD else sectors * SECTOR
            file.seek(at + SECTOR)
            entries.append(Entry(first, flags, file.read(bytes_)))
            assert len(entries[-1].data) == bytes_, 'the log ends within an entry'
            at += SECTOR + bytes_
    return entries


def put(image, entry):
    at = entry.sector * SECTOR
    image[at:at + len(entry.data)] = entry.data


def put_some(image, entry, random):
    """What a disk keeps of a write that was not flushed: all of it, nothing, or some sectors."""
    kind = random.randrange(3)
    for i in range(len(entry.data) // SECTOR if kind else 0):
        if kind == 1 or random.random() < 0.5:
            put(image, Entry(entry.sector + i, 0, entry.data[i * SECTOR:(i + 1) * SECTOR]))


def acked_by(entry):
    """The last round that had been acknowledged when this was written, as its records say."""
    records = (record(entry.data[i:i + SECTOR]) for i in range(0, len(entry.data), SECTOR))
    return max((r.acked for r in records if r), default=0)


class Replay:
    """A disk's content as the log goes on."""

    def __init__(self, image, entries, random):
        self.image, self.entries, self.random = bytearray(image), entries, random
        self.done = self.acked = 0          # entries that are in `image`; round
        self.flushes = [i for i, entry in enumerate(entries) if entry.flags & FLUSH]

    def cut_after(self, flush, kept=None):
        """(content, last acknowledged round) at a random moment between that flush and the next one. Flushes ascend.
        `kept`: an earlier flush, if the disk has forgotten all later ones."""
        kept = flush if kept is None else kept
        for entry in self.entries[self.done:kept]:
            put(self.image, entry)
            self.acked = max(self.acked, acked_by(entry))
        self.done = kept
        later = next((i for i in self.flushes if i > flush), len(self.entries))
        image, acked = bytearray(self.image), self.acked
        for entry in self.entries[kept:self.random.randint(flush + 1, later)]:
            if entry.flags & FUA:
                put(image, entry)
            else:
                put_some(image, entry, self.random)
            acked = max(acked, acked_by(entry))
        return image, acked


# ----------------------------------------------------------------------------------------------------------------- GPT
Place = collections.namedtuple('Place', 'first sectors')


def read_table(image, header_at):
    """{name: Place} of one copy of the partition table; None: it is not valid."""
    header = bytes(image[header_at:header_at + SECTOR])
    size, crc = struct.unpack_from('<2I', header, 12)
    if header[:8] != b'EFI PART' or not 92 <= size <= SECTOR:
        return None
    if zlib.crc32(header[:16] + bytes(4) + header[20:size]) != crc:
        return None
    here, array, count, entry_bytes, array_crc = struct.unpack_from('<Q40xQ3I', header, 24)
    entries = bytes(image[array * SECTOR:array * SECTOR + count * entry_bytes])
    if here * SECTOR != header_at or zlib.crc32(entries) != array_crc:
        return None
    found = {}
    for i in range(0, len(entries), entry_bytes):
        if any(entries[i:i + 16]):
            first, last = struct.unpack_from('<2Q', entries, i + 32)
            found[entries[i + 56:i + 128].decode('utf-16-le').rstrip('\0')] = Place(first, last - first + 1)
    return found


def partitions(image):
    """What the disk's table has; it is valid if one of its copies is."""
    tables = [read_table(image, SECTOR), read_table(image, len(image) - SECTOR)]
    must(any(table is not None for table in tables), 'no copy of the partition table is valid')
    must(image[450] == 0xee and image[510:512] == b'\x55\xaa', 'the protective MBR is not valid')
    return tables[0] if tables[0] is not None else tables[1]


# ------------------------------------------------------------------------------------------------------------- records
KNOWN = {}


def judge(sector):
    if struct.unpack_from('<Q', sector)[0] != RECORD_MAGIC:
        return None
    *words, total = struct.unpack('<64Q', sector)
    found = 0xcbf29ce484222325
    for word in words:
        found = ((found ^ word) * 0x100000001b3) % (1 << 64)
    return Record(*words[1:5]) if found == total else None


def record(sector):
    """The record in a sector; None: it is none, or is damaged."""
    sector = bytes(sector)
    if sector not in KNOWN:
        KNOWN[sector] = judge(sector)
    return KNOWN[sector]


def round_blocks(number, place):
    blocks = 1 << ((place.sectors // BLOCK_SECTORS).bit_length() - 1)
    return [(number * BLOCKS + i) * 40503 % blocks for i in range(BLOCKS)]


def check_device(image, place, acked):
    """Each sector has a record of the last acknowledged round that wrote it, or of a later one."""
    oldest = {}
    for number in range(max(1, acked - place.sectors), acked + 1):
        oldest.update(dict.fromkeys(round_blocks(number, place), number))
    for block, number in oldest.items():
        for sector in range(block * BLOCK_SECTORS, (block + 1) * BLOCK_SECTORS):
            at = (place.first + sector) * SECTOR
            found = record(image[at:at + SECTOR])
            must(found and found.place == sector and not found.in_file, f'sector {sector}: no record of {number}')
            must(found.round >= number, f'sector {sector}: of round {found.round}, {number} was acknowledged')


def check_file(data, number):
    must(len(data) == FILE_SECTORS * SECTOR, f'f{number % FILES}: {len(data)} bytes')
    records = [record(data[at:at + SECTOR]) for at in range(0, len(data), SECTOR)]
    must(all(records), f'f{number % FILES}: a record is damaged')
    must([r.place for r in records] == list(range(FILE_SECTORS)) and len({r.round for r in records}) == 1,
         f'f{number % FILES}: of two files')
    must(records[0].round >= number, f'f{number % FILES}: of round {records[0].round}, {number} was acknowledged')


def tool(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors='replace', check=False)
    return done.returncode, done.stdout + done.stderr


def check_files(image, place, acked, folder):
    """The file system is whole once its journal has been replayed, and each file is one that was written."""
    path, files = os.path.join(folder, 'fs.img'), os.path.join(folder, 'files')
    with open(path, 'wb') as file:
        file.write(image[place.first * SECTOR:(place.first + place.sectors) * SECTOR])
    status, text = tool('/usr/sbin/e2fsck', '-p', path)
    must(status in (0, 1), f'e2fsck -p: {text}')
    status, text = tool('/usr/sbin/e2fsck', '-fn', path)
    must(status == 0, f'e2fsck -fn: {text}')
    shutil.rmtree(files, ignore_errors=True)
    os.mkdir(files)
    status, text = tool('/usr/sbin/debugfs', '-R', f'rdump / {files}', path)
    must(status == 0, f'debugfs: {text}')
    for number in range(max(1, acked - FILES + 1), acked + 1):
        name = os.path.join(files, f'f{number % FILES}')
        must(os.path.exists(name), f'f{number % FILES}: not there, {number} was acknowledged')
        with open(name, 'rb') as file:
            check_file(file.read(), number)


def check(image, acked, folder):
    """All that must hold of a disk with the volumes `records` and `files` after a power cut. Raises Lost."""
    table = partitions(image)
    must({'records', 'files'} <= set(table), f'partitions: {list(table)}')
    check_device(image, table['records'], acked)
    check_files(image, table['files'], acked, folder)
    return table
