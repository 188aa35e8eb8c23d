#!/usr/bin/python3
"""Runs what the Makefile built, and sums up: run.py unit|check|boot|sizes... [-- pytest arguments].

Every host test case, fuzzer, check and boot test counts as one.  The last line is "N passed, N failed".
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

JOBS = int(os.environ.get('JOBS') or os.cpu_count() or 1)
# ASan's leak checker needs ptrace, which containers often refuse; leaks are of no interest in code without malloc.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS='detect_leaks=0', UBSAN_OPTIONS='print_stacktrace=1')


def run(command, timeout):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT, timeout=timeout, check=False)
        return done.returncode, done.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired as error:
        return -1, (error.stdout or b'').decode(errors='replace') + f'\ntook longer than {timeout} s'


def host_program(path):
    """One test_ or fuzz_ program: (name, passed, failed, output)."""
    name = os.path.basename(path)
    status, output = run([path], 600)
    if name.startswith('fuzz_'):
        return name, int(status == 0), int(status != 0), output
    passed = len(re.findall(r'^\[ +OK +\]', output, re.M))
    failed = len(set(re.findall(r'^\[ +(?:FAILED|ERROR) +\] ([A-Za-z_]\w*)$', output, re.M)))
    # A program that dies, or runs nothing, has failed, whatever it said before.
    if (status != 0 and failed == 0) or passed + failed == 0:
        failed += 1
    return name, passed, failed, output


def built(only):
    """The programs whose sources exist; build/ may hold older ones."""
    sources = sorted(glob.glob('tests/host/test_*.c') + glob.glob('tests/host/fuzz_*.c'))
    names = [os.path.basename(source)[:-2] for source in sources if not source.endswith('/fuzz_main.c')]
    return [f'build/host/{name}' for name in names if not only or only in name]


def unit(arguments):
    total = [0, 0]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, passed, failed, output in pool.map(host_program, built(arguments[0] if arguments else '')):
            print(f'{name:32} {passed} passed, {failed} failed')
            if failed:
                print(output)
            total[0] += passed
            total[1] += failed
    return total


def check(_arguments):
    total = [0, 0]
    for path in sorted(glob.glob('tests/check/*.py') + glob.glob('tests/check/*.sh')):
        status, output = run([path], 900)
        print(f'{os.path.basename(path):32} {"failed" if status else "ok"}')
        if status:
            print(output)
        total[status != 0] += 1
    return total


def boot(arguments):
    report = 'build/test-logs/boot.xml'
    os.makedirs(os.path.dirname(report), exist_ok=True)
    if os.path.exists(report):
        os.remove(report)
    parallel = ['-n', str(JOBS)] if JOBS > 1 else []
    ENVIRONMENT['VOS_TEST_SLOTS'] = str(JOBS)
    status = subprocess.run(['/usr/bin/python3', '-m', 'pytest', '-p', 'no:cacheprovider', '-q', '-rf', '--durations=8',
                             f'--junitxml={report}', *parallel, 'tests/boot', *arguments],
                            env=ENVIRONMENT, check=False).returncode
    if not os.path.exists(report):
        return [0, 1]
    suites = xml.etree.ElementTree.parse(report).getroot().iter('testsuite')
    total = [0, 0]
    for suite in suites:
        count = {key: int(suite.get(key)) for key in ('tests', 'failures', 'errors', 'skipped')}
        bad = count['failures'] + count['errors']
        total[0] += max(0, count['tests'] - bad - count['skipped'])
        total[1] += bad
    if status not in (0, 1) and total[1] == 0:
        total[1] = 1
    return total


def code_lines(path):
    """Lines with something else than blanks and comments."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    # Strings first, so that a comment sign inside one isn't taken for a comment.
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)
    text = token.sub(lambda m: re.sub(r'[^\n]', '', m.group()) if m.group().startswith('/') else 'x', text)
    return sum(1 for line in text.split('\n') if line.strip())


def ring0_sources():
    for room in ('boot', 'arch', 'kernel'):
        for folder, _, files in os.walk(room):
            if not folder.startswith('arch/x86_64/user'):
                yield from (os.path.join(folder, name) for name in files if name.endswith(('.c', '.h', '.S')))


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
    print(f'ring-0 code lines: {sum(code_lines(path) for path in ring0_sources())} (alarm: 9000)')
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
    started = time.monotonic()
    for stage in wanted:
        print(f'== {stage}', flush=True)
        passed, failed = stages[stage](arguments)
        total[0] += passed
        total[1] += failed
    print(f'({time.monotonic() - started:.0f} s)')
    if wanted != ['sizes']:
        print(f'{total[0]} passed, {total[1]} failed')
    return 1 if total[1] else 0


if __name__ == '__main__':
    sys.exit(main())
