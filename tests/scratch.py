# SPDX-License-Identifier: MIT
"""A copy of the tree below build/, in which mutants and tutorials are tried."""
import os
import shutil
import subprocess

# Of build/, what need not be in a copy.
NOT_COPIED = {'mutants', 'tutorials', 'clang', 'coverage', 'tidy', 'corpus', 'test-logs', 'exitbench',
              'exitbench2', 'libfuzzer'}
NOT_OURS = ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')


def same(one, other):
    with open(one, 'rb') as a, open(other, 'rb') as b:
        return a.read() == b.read()


class Scratch:
    def __init__(self, folder, environment=None):
        self.tree = os.path.abspath(f'{folder}/tree')
        # The copy is in a repository that git must not find: a patch is meant for the copy.
        ours = {'GIT_CEILING_DIRECTORIES': os.path.dirname(self.tree), 'ASAN_OPTIONS': 'detect_leaks=0'}
        self.environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS} | ours | \
            (environment or {})

    def run(self, command, timeout=None):
        """(exit status, output), in the copy; None instead of a status if it took too long."""
        try:
            done = subprocess.run(command, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
            return done.returncode, done.stdout.decode(errors='replace')
        except subprocess.TimeoutExpired as error:
            return None, (error.stdout or b'').decode(errors='replace')

    def fill(self):
        """Only what differs is copied, so that make has little to do; build/ is copied once, to begin with."""
        listed = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                                stdout=subprocess.PIPE, check=True).stdout.decode()
        wanted = {name for name in listed.split('\0') if name and os.path.isfile(name)}
        is_new = not os.path.exists(self.tree)
        for name in wanted:
            target = os.path.join(self.tree, name)
            if not os.path.exists(target) or not same(name, target):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(name, target)
                if not is_new:
                    os.utime(target)        # newer than what was made of the other contents
        for folder, folders, files in os.walk(self.tree):
            folders[:] = [name for name in folders if os.path.join(folder, name) != f'{self.tree}/build']
            for name in files:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.tree) not in wanted:
                    os.remove(path)
        if not os.path.exists(f'{self.tree}/build'):
            shutil.copytree('build', f'{self.tree}/build', symlinks=True,
                            ignore=lambda folder, names: NOT_COPIED & set(names) if folder == 'build' else ())
