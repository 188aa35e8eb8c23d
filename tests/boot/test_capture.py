# SPDX-License-Identifier: MIT
"""vos capture: scapy reads what comes out, and knows what two VMs and the emulator's gateway have sent each other."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time

from hostline import TOOLS, Daemon
from test_fair_lines import PortLine
from test_networks import answer, on, pings, start
from vosmachine import PATIENCE, Machine

READ = """
import json, sys
from scapy.all import ARP, Ether, ICMP, IP, Raw, rdpcap
out = []
for p in rdpcap(sys.argv[1]):
    row = {'bytes': p.wirelen, 'kept': len(p), 'time': float(p.time), 'from': p.src, 'to': p.dst}
    if IP in p:
        row.update(source=p[IP].src, target=p[IP].dst)
    if ICMP in p:
        row.update(icmp=p[ICMP].type, seq=p[ICMP].seq)
    if ARP in p:
        row.update(arp=p[ARP].op)
    out.append(row)
print(json.dumps(out))
"""


def packets(path):
    """As scapy reads them: a file that is cut off or malformed is an error there."""
    text = subprocess.run(['/usr/bin/python3', '-c', READ, path], check=True, capture_output=True, text=True).stdout
    return json.loads(text)


def pings_in(rows):
    return [(row['icmp'], row['source'], row['target'], row['seq']) for row in rows if 'icmp' in row]


@contextlib.contextmanager
def port_of(machine):
    """A line of its own behind a vosd, for several programs at a time, while the test uses the terminal."""
    with PortLine(machine, 'unix') as line:
        daemon = Daemon(line)
        yield line
        assert daemon.end() == 0


class Capture:
    """A program that captures while the terminal is used."""
    def __init__(self, line, nic, path, *words):
        self.program = subprocess.Popen([f'{TOOLS}/vos', 'capture', nic, path, *words], env=line.environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(path) or os.path.getsize(path) == 0:      # the file's header is the first thing
            assert self.program.poll() is None and time.monotonic() < deadline, self.program.communicate()
            time.sleep(0.02)

    def end(self, number=signal.SIGINT):
        if number:
            self.program.send_signal(number)
        out, err = self.program.communicate(timeout=PATIENCE)
        assert self.program.returncode == 0, (out, err)
        return out, err


def capture_port(machine):
    return [row for row in answer(machine, 'show-switch lan')['ports'] if row['kind'] == 'capture']


def captures(machine, line, folder):
    code, text = line.vos('capture', 'a/7', f'{folder}/x')
    assert code == 3 and 'a has no such network card' in text, text
    code, text = line.vos('capture', 'nic7', f'{folder}/x')
    assert code == 3 and 'nic7 has no such' in text, text
    one = Capture(line, 'a/0', f'{folder}/a.pcap')
    cut = Capture(line, 'b/0', f'{folder}/b.pcap', '--snap', '40', '--count', '4')
    assert len(capture_port(machine)) == 2
    assert pings(machine, 'a', '10.1.0.2') == 3
    cut.end(None)                               # it ends by itself
    out, err = one.end()
    assert out == '' and re.search(r'\d+ packets of a/0, and 0 dropped', err), err
    rows = packets(f'{folder}/a.pcap')
    assert pings_in(rows) == [(kind, *way, seq) for seq in range(3) for kind, way in
                              ((8, ('10.1.0.1', '10.1.0.2')), (0, ('10.1.0.2', '10.1.0.1')))]
    assert all(row['kept'] == row['bytes'] for row in rows) and {row.get('arp') for row in rows} >= {1, 2}
    assert [row['time'] for row in rows] == sorted(row['time'] for row in rows)
    short = packets(f'{folder}/b.pcap')
    assert len(short) == 4 and all(row['kept'] == min(40, row['bytes']) for row in short)
    assert any(row['bytes'] == 98 for row in short)     # a ping
    machine.until(lambda: not capture_port(machine), 'the ports are given back')


def killed(machine, line, folder):
    """A reader that was killed says nothing: VOS ends its capture, long before it forgets the client."""
    one = Capture(line, 'a/0', f'{folder}/killed.pcap')
    assert len(capture_port(machine)) == 1
    one.program.kill()
    one.program.wait()
    machine.until(lambda: not capture_port(machine), 'the port is given back', pause=1)


def flood(machine, line, folder):
    """More than the line carries: what is lost is counted, and the VMs do not notice."""
    before = {row['vm']: sum(row['drops'].values()) for row in answer(machine, 'show-switch lan')['ports']}
    many = Capture(line, 'a/0', f'{folder}/flood.pcap', '--json')
    on(machine, 'b', 'nc -l -p 5000 > /dev/null &')
    on(machine, 'a', 'dd if=/dev/zero bs=1M count=4 2> /dev/null | nc -w 5 10.1.0.2 5000')
    assert pings(machine, 'a', '10.1.0.2') == 3
    out, _ = many.end()
    result = json.loads(out)['return']
    assert result['nic'] == 'a/0' and result['dropped'] > 0, result
    assert len(packets(f'{folder}/flood.pcap')) == result['packets']
    after = {row['vm']: sum(row['drops'].values()) for row in answer(machine, 'show-switch lan')['ports']}
    assert after['a'] == before['a'] and after['b'] == before['b'], (before, after)


def later(machine, line, folder):
    """Of a VM that does not run yet: its first packets are there. Deleted, it ends the capture."""
    machine.ok('stop-vm a --force')
    late = Capture(line, 'a/0', f'{folder}/late.pcap')
    machine.ok('start-vm a')
    machine.attach('a')
    machine.wait_guest()
    machine.guest_cmd('ip address add 10.1.0.1/24 dev eth0; ip link set eth0 up; arping -c 2 -w 2 10.1.0.9; true')
    machine.detach()
    machine.ok('delete-vm a --force')
    out, err = late.program.communicate(timeout=PATIENCE)
    assert late.program.returncode == 1 and 'there no more' in err, (out, err)
    assert any(row.get('arp') == 1 for row in packets(f'{folder}/late.pcap'))


def test_capture(tmp_path):
    folder = str(tmp_path)
    with Machine('qemu-pvh', 'test_capture', lines=('port',)) as machine:
        machine.wait_prompt()
        machine.ok('create-switch lan')
        start(machine, 'a', 'lan', '10.1.0.1')
        start(machine, 'b', 'lan', '10.1.0.2')
        assert 'capture a/0 FILE' in machine.cmd('capture a/0')
        with port_of(machine) as line:
            captures(machine, line, folder)
            killed(machine, line, folder)
            flood(machine, line, folder)
            later(machine, line, folder)
        machine.ok('delete-vm b --force')
        machine.until(lambda: 'would succeed' in machine.cmd('delete-switch lan --dry-run'), 'its ports')
        machine.ok('delete-switch lan')
        assert 'Memory adds up' in machine.ok('accounting')
