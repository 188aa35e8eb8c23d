#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs what the Makefile built, and sums up: run.py unit|check|boot|sizes... [-- pytest arguments].

Every host test case, fuzzer, check and boot test counts as one.  The last line is "N passed, N failed".
"""
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import threading
import time

JOBS = int(os.environ.get('JOBS') or os.cpu_count() or 1)
LOGS = 'build/test-logs'
RESULTS = f'{LOGS}/boot-results.txt'
# ASan's leak checker needs ptrace, which containers often refuse; leaks are of no interest in code without malloc.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS='detect_leaks=0', UBSAN_OPTIONS='print_stacktrace=1')
# A slow machine fails no test; one that hangs must not run for ever.  In seconds: nothing was written, and all of it.
SILENCE_MAX = 15 * 60
RUN_MAX = int(os.environ.get('VOS_TEST_MINUTES') or 80) * 60


class Watchdog(threading.Thread):
    """Ends what runs when nothing has been written for a long time, or when all of it takes too long."""

    def __init__(self):
        super().__init__(daemon=True)
        self.started = self.heard = time.monotonic()
        self.running = {}
        self.lock = threading.RLock()     # a signal may come while it is held
        self.verdict = None

    def run(self):
        while not self.verdict:
            time.sleep(2)
            now = time.monotonic()
            if now - self.started > RUN_MAX:
                self.give_up(f'not done after {RUN_MAX // 60} minutes')
            elif min(now - self.heard, self.log_age()) > SILENCE_MAX:
                self.give_up(f'nothing was written for {SILENCE_MAX // 60} minutes')

    @staticmethod
    def log_age():
        """Seconds since a serial line said something: a boot test may be silent that long."""
        return time.time() - max((os.path.getmtime(path) for path in glob.glob(f'{LOGS}/*.log')), default=0)

    def give_up(self, why):
        with self.lock:
            self.verdict = why
            for pid, name in self.running.items():
                print(f'hangs: {name}', flush=True)
                os.killpg(pid, signal.SIGKILL)      # an emulator ends with its terminal

    def lines(self, name, command):
        """Runs a command; yields its lines as they come, and then its exit status."""
        with self.lock:
            if self.verdict:
                return
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, env=ENVIRONMENT, start_new_session=True)
            self.running[process.pid] = name
        for line in process.stdout:
            self.heard = time.monotonic()
            yield line.decode(errors='replace').rstrip('\n')
        process.wait()
        with self.lock:
            del self.running[process.pid]
        self.heard = time.monotonic()
        yield process.returncode

    def run_all(self, name, command):
        """(exit status, output) of a command that may say nothing until its end."""
        *output, status = list(self.lines(name, command)) or ['was not run any more', 1]
        return status, '\n'.join(output)


WATCHDOG = Watchdog()


def host_program(path):
    """One test_ or fuzz_ program: (name, cases that passed, cases that failed, output)."""
    name = os.path.basename(path)
    status, output = WATCHDOG.run_all(name, [path])
    if name.startswith('fuzz_'):
        return name, *(([''], []) if status == 0 else ([], [''])), output
    passed = re.findall(r'^\[ +OK +\] (\w+)', output, re.M)
    failed = sorted(set(re.findall(r'^\[ +(?:FAILED|ERROR) +\] ([A-Za-z_]\w*)$', output, re.M)))
    # A program that dies, or runs nothing, has failed, whatever it said before.
    if (status != 0 and not failed) or not passed + failed:
        failed = [f'(ended with status {status})']
    return name, passed, failed, output


def built(only, folder='build/host'):
    """The programs whose sources exist; build/ may hold older ones."""
    names = sorted(os.path.basename(source)[:-2] for kind in ('test', 'fuzz')
                   for source in glob.glob(f'tests/host/**/{kind}_*.c', recursive=True))
    names.remove('fuzz_main')
    return [f'{folder}/{name}' for name in names if not only or only in name]


def tell(result, name, case=''):
    print(f'{result} {name} {case}'.rstrip(), flush=True)


def unit(arguments):
    total = [0, 0]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        programs = [pool.submit(host_program, path) for path in built(arguments[0] if arguments else '')]
        for done in concurrent.futures.as_completed(programs):
            name, passed, failed, output = done.result()
            for case in passed:
                tell('passed', name, case)
            for case in failed:
                tell('FAILED', name, case)
            if failed:
                print(output, flush=True)
            total[0] += len(passed)
            total[1] += len(failed)
    return total


def check(_arguments):
    total = [0, 0]
    for path in sorted(glob.glob('tests/check/*.py') + glob.glob('tests/check/*.sh')):
        name = os.path.basename(path)
        status, output = WATCHDOG.run_all(name, [path])
        tell('FAILED' if status else 'passed', name)
        if status:
            print(output, flush=True)
        total[status != 0] += 1
    return total


def boot(arguments):
    os.makedirs(LOGS, exist_ok=True)
    ENVIRONMENT['VOS_TEST_SLOTS'] = str(JOBS)
    ENVIRONMENT['VOS_TEST_RESULTS'] = os.path.abspath(RESULTS)
    if os.path.exists(RESULTS):
        os.remove(RESULTS)
    command = ['/usr/bin/python3', '-u', '-m', 'pytest', '-p', 'no:cacheprovider', '-v', '-rfs', '--durations=8',
               '-n', str(JOBS), '--dist', 'loadgroup', 'tests/boot', *arguments]
    status = 1
    for line in WATCHDOG.lines('boot tests', command):
        if isinstance(line, int):
            status = line
        else:
            print(line, flush=True)
    results = boot_results()
    for name in (name for name, result in results.items() if result == 'started'):
        tell('FAILED', name, '(had not ended)')
    passed, skipped = (list(results.values()).count(word) for word in ('passed', 'skipped'))
    failed = len(results) - passed - skipped
    if skipped:
        print(f'{skipped} skipped: what they need is not there', flush=True)
    return [passed, failed or int(status != 0)]


def boot_results():
    """Test -> the last that tests/boot/conftest.py noted of it."""
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS, encoding='utf-8') as file:
        return dict(reversed(line.rstrip('\n').split(' ', 1)) for line in file)


def image_sizes():
    """(what is loaded of the kernel without the embedded programs, all of what is loaded)"""
    output = subprocess.run(['objdump', '-h', 'build/vos.elf'], capture_output=True, text=True, check=True).stdout
    own = whole = 0
    for name, size, flags in re.findall(r'^ +\d+ (\S+) +([0-9a-f]+) .*\n +(.*)$', output, re.M):
        if 'LOAD' in flags:
            whole += int(size, 16)
            own += int(size, 16) if name != '.embed' else 0
    return own, whole


def sizes(_arguments):
    subprocess.run(['tests/check/ring0_sizes.py'], check=False)
    if os.path.exists('build/vos.elf'):
        own, whole = image_sizes()
        print(f'kernel image: {own // 1024} KiB, with the embedded programs {whole // 1024} KiB')
    if os.path.exists('build/vos.iso'):
        print(f'ISO: {os.path.getsize("build/vos.iso") / 1048576:.1f} MiB')
    return [0, 0]


def main():
    stages = {'unit': unit, 'check': check, 'boot': boot, 'sizes': sizes}
    wanted = [word for word in sys.argv[1:] if word in stages]
    arguments = [word for word in sys.argv[1:] if word not in stages]
    total = [0, 0]
    WATCHDOG.start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: WATCHDOG.give_up('it was interrupted'))
    for stage in wanted:
        print(f'== {stage}', flush=True)
        passed, failed = stages[stage](arguments)
        total[0] += passed
        total[1] += failed
        if wanted != ['sizes']:
            print(f'== {stage}: {passed} passed, {failed} failed', flush=True)
        if WATCHDOG.verdict:
            print(f'Given up: {WATCHDOG.verdict}.')
            break
    print(f'({time.monotonic() - WATCHDOG.started:.0f} s)')
    if wanted != ['sizes']:
        print(f'{total[0]} passed, {total[1]} failed')
    return 1 if total[1] else 0


if __name__ == '__main__':
    sys.exit(main())
