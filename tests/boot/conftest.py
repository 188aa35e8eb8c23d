# SPDX-License-Identifier: MIT
"""Fixtures of the boot tests: `machine` is a running VOS at its prompt, once for each backend the test asks for.

Tests that are marked `shared` go on with one machine, since its boot takes Bochs as long as most of them do."""
import collections
import os
import re
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from vosmachine import Machine  # noqa: E402

DEFAULT_BACKENDS = ('qemu-bios', 'bochs')
FAILED = set()
# The machine that the next test of this process goes on with.
KEPT = []
# Seconds of CPU time, or nearly, of the tests that take long, for the order; the others by backend.
LONG = {'test_modern_platform[bochs]': 80, 'test_pc_platform[bochs]': 70, 'test_storms[bochs]': 75,
        'test_suspend_modern[bochs]': 60, 'test_suspend_pc[bochs]': 60, 'test_hostile_vmm_with_two_threads[bochs]': 70,
        'test_hostile_guests[bochs]': 50, 'test_stop_while_booting[bochs]': 60, 'test_hostile_vmm[bochs]': 45,
        'test_nothing_leaks[qemu-pvh]': 60, 'test_linux_two_vcpus[bochs]': 40, 'test_migration[bochs]': 40,
        'test_128_vms[qemu-pvh]': 30, 'test_power_cuts': 25, 'test_hostile_vmm[qemu-pvh]': 35,
        'test_hostile_guests[qemu-pvh]': 30, 'test_ways_to_reset[qemu-bios-modern]': 35,
        'test_ways_to_reset[qemu-bios-pc]': 35, 'test_disk_errors': 50,
        'test_two_vms[bochs]': 80, 'test_hostile_frames_on_qemu': 40, 'test_switch_restarts[qemu-pvh]': 40}
USUAL = {'bochs': 20}


def pytest_addoption(parser):
    parser.addoption('--backend', action='append', help='only on these backends (may be repeated)')


def pytest_configure(config):
    config.addinivalue_line('markers', 'systems: boots what somebody else wrote; only for make test-guests')
    config.addinivalue_line('markers', 'more: on machines that make test has no time for; only for make test-more')
    config.addinivalue_line('markers', 'io: disks and volumes at length; only for make test-io')
    config.addinivalue_line('markers', 'wire: programs on the line at length; only for make wire-soak')
    config.addinivalue_line('markers', 'firmware: systems on disks at length; only for make test-firmware')
    config.option.markexpr = config.option.markexpr or \
        'not systems and not more and not io and not wire and not firmware'
    config.addinivalue_line('markers', 'backends(*names): the backends a test runs on, instead of the default ones')
    config.addinivalue_line('markers', 'machine(**arguments): arguments for Machine, e.g. mem=512')
    config.addinivalue_line('markers', 'shared: may go on with the machine of another such test, whose VMs are gone')


def pytest_generate_tests(metafunc):
    if 'backend' not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker('backends')
    names = marker.args if marker else DEFAULT_BACKENDS
    wanted = metafunc.config.getoption('backend')
    metafunc.parametrize('backend', [name for name in names if not wanted or name in wanted])


def machine_of(item):
    """The machine, not yet started, of a test that has one."""
    marker = item.get_closest_marker('machine')
    backend = item.callspec.params['backend']
    # A log of its own for each set of parameters: they may run at the same time.
    name = item.name.replace(f'[{backend}', '').rstrip(']')
    return Machine(backend, name, **(marker.kwargs if marker else {}))


def shared_key(item):
    """What the machines of tests that share one have in common; None: a machine for itself."""
    return machine_of(item).key if item and item.get_closest_marker('shared') else None


def seconds(item):
    return LONG.get(item.name) or USUAL.get(getattr(item, 'callspec', None) and item.callspec.params.get('backend'), 8)


def split(items, count):
    """At most `count` lists of about the same time."""
    parts = [[] for _ in range(count)]
    for item in sorted(items, key=seconds, reverse=True):
        min(parts, key=lambda part: sum(map(seconds, part))).append(item)
    return [part for part in parts if part]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that share a machine run one after the other, in as many lines as there are jobs; the longest first, so
    that none runs alone at the end."""
    sharing, units = collections.defaultdict(list), []
    for item in items:
        key = shared_key(item)
        (sharing[key] if key else units).append(item if key else [item])
    for number, found in enumerate(sharing.values()):
        for part, members in enumerate(split(found, int(os.environ.get('VOS_TEST_SLOTS') or 1))):
            for item in members:
                item.add_marker(pytest.mark.xdist_group(f'{number}.{part}'))
            units.append(members)
    units.sort(key=lambda unit: sum(map(seconds, unit)), reverse=True)
    items[:] = [item for unit in units for item in unit]


def pytest_sessionfinish():
    while KEPT:
        KEPT.pop().stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    item.vos_next = nextitem


def pytest_terminal_summary(terminalreporter):
    """The table of test-guests: which system, where, and how it went."""
    rows = [(dict(report.user_properties).get('system'), outcome) for outcome in ('passed', 'failed', 'skipped')
            for report in terminalreporter.stats.get(outcome, [])]
    rows = sorted(row for row in rows if row[0])
    if rows:
        terminalreporter.section('systems')
    for name, outcome in rows:
        terminalreporter.write_line(f'{name}  {outcome}')


def note(word, name):
    """For run.py, which tells what had passed even if this process doesn't come to its end."""
    name = re.sub(r'@[0-9.]+$', '', name)       # xdist's group
    path = os.environ.get('VOS_TEST_RESULTS')
    if path and not os.environ.get('PYTEST_XDIST_WORKER'):
        with open(path, 'a', encoding='utf-8') as file:
            file.write(f'{word} {name}\n')


def pytest_runtest_logstart(nodeid):
    note('started', nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    """Figures of tests that pass are shown too: counts, seeds, what was measured.  xdist's workers have no reporter."""
    reporter = session.config.pluginmanager.get_plugin('terminalreporter')
    if reporter:
        session.config.pluginmanager.register(Figures(reporter))


class Figures:
    def __init__(self, reporter):
        self.reporter = reporter

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.when == 'call' and report.passed and report.capstdout:
            self.reporter.ensure_newline()
            self.reporter.write_line(report.capstdout.rstrip())


def pytest_runtest_logreport(report):
    """Whatever fails in a test, its set-up or its end, fails it."""
    if report.failed:
        FAILED.add(report.nodeid)
    if report.nodeid in FAILED:
        note('failed', report.nodeid)
    elif report.skipped or report.when == 'call':
        note(report.outcome, report.nodeid)


@pytest.fixture
def booting(request, backend):      # pylint: disable=unused-argument
    """A machine that has just been switched on, or is at its prompt because another test has left it there."""
    item = request.node
    instance = machine_of(item)
    item.vos_log = instance.log_path
    if not shutil.which(instance.emulator):
        pytest.skip(f'{instance.emulator} is not there')
    if KEPT:
        instance.take_over(KEPT.pop())
    else:
        instance.start()
    yield instance
    if item.nodeid not in FAILED and shared_key(item) and shared_key(item) == shared_key(item.vos_next) and \
            is_cleared(instance):
        KEPT.append(instance)
    else:
        instance.stop()


def is_cleared(instance):
    try:
        instance.clear()
    except Exception as error:      # whatever it is: the next test gets a machine of its own
        print(f'{instance.name}: not shared: {error}')
        return False
    return True


@pytest.fixture
def machine(booting):
    """A machine at its prompt."""
    if not booting.is_taken_over:
        booting.wait_prompt()
    return booting


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    path = getattr(item, 'vos_log', None)
    if report.failed and path:
        with open(path, encoding='utf-8', errors='replace') as file:
            tail = file.read()[-6000:]
        report.sections.append((f'serial line (all of it: {os.path.relpath(path)})', tail))
