# SPDX-License-Identifier: MIT
"""Shares the machine under the tests among those that run at once: a machine with four CPUs counts as four.

run.py says in VOS_TEST_SLOTS how many there are; without that nobody waits.  Each slot is a locked file, so that
whatever ends a test frees its slots.
"""
import fcntl
import os
import time


class Slots:
    def __init__(self, folder, wanted):
        self.count = int(os.environ.get('VOS_TEST_SLOTS') or 0)
        self.wanted = min(wanted, self.count)
        self.folder = folder
        self.held = {}

    def open(self, name):
        return open(os.path.join(self.folder, f'slot-{name}'), 'w', encoding='ascii')

    def take(self):
        """Waits until there are enough; one waits at a time, so that a big one is not passed over for ever."""
        if not self.wanted:
            return
        with self.open('queue') as queue:
            fcntl.flock(queue, fcntl.LOCK_EX)
            while True:
                for number in range(self.count):
                    if len(self.held) < self.wanted:
                        self.take_one(number)
                if len(self.held) == self.wanted:
                    return
                time.sleep(0.1)

    def take_one(self, number):
        if number in self.held:
            return
        slot = self.open(number)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held[number] = slot
        except BlockingIOError:
            slot.close()

    def give(self):
        for slot in self.held.values():
            slot.close()
        self.held = {}
