# SPDX-License-Identifier: MIT
"""Fixtures of the boot tests: `machine` is a running VOS at its prompt, once for each backend the test asks for."""
import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from vosmachine import Machine  # noqa: E402

DEFAULT_BACKENDS = ('qemu-bios', 'bochs')
FAILED = set()


def pytest_addoption(parser):
    parser.addoption('--backend', action='append', help='only on these backends (may be repeated)')


def pytest_configure(config):
    config.addinivalue_line('markers', 'systems: boots what somebody else wrote; only for make test-guests')
    config.addinivalue_line('markers', 'more: on machines that make test has no time for; only for make test-more')
    config.addinivalue_line('markers', 'nested: below another hypervisor; only for make test-nested')
    config.option.markexpr = config.option.markexpr or 'not systems and not more and not nested'
    config.addinivalue_line('markers', 'backends(*names): the backends a test runs on, instead of the default ones')
    config.addinivalue_line('markers', 'machine(**arguments): arguments for Machine, e.g. mem=512')


def pytest_generate_tests(metafunc):
    if 'backend' not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker('backends')
    names = marker.args if marker else DEFAULT_BACKENDS
    wanted = metafunc.config.getoption('backend')
    metafunc.parametrize('backend', [name for name in names if not wanted or name in wanted])


def pytest_collection_modifyitems(items):
    # The slow ones first, so that they don't run alone at the end.
    items.sort(key=lambda item: 'bochs' not in item.name)


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
    path = os.environ.get('VOS_TEST_RESULTS')
    if path and not os.environ.get('PYTEST_XDIST_WORKER'):
        with open(path, 'a', encoding='utf-8') as file:
            file.write(f'{word} {name}\n')


def pytest_runtest_logstart(nodeid):
    note('started', nodeid)


def pytest_runtest_logreport(report):
    """Whatever fails in a test, its set-up or its end, fails it."""
    if report.failed:
        FAILED.add(report.nodeid)
    if report.nodeid in FAILED:
        note('failed', report.nodeid)
    elif report.skipped or report.when == 'call':
        note(report.outcome, report.nodeid)


@pytest.fixture
def booting(request, backend):
    """A machine that has just been switched on."""
    marker = request.node.get_closest_marker('machine')
    # A log of its own for each set of parameters: they may run at the same time.
    name = request.node.name.replace(f'[{backend}', '').rstrip(']')
    instance = Machine(backend, name, **(marker.kwargs if marker else {}))
    request.node.vos_log = instance.log_path
    if not shutil.which(instance.emulator):
        pytest.skip(f'{instance.emulator} is not there')
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def machine(booting):
    """A machine at its prompt."""
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
