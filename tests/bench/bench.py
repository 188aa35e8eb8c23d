#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts instructions: what an exit costs under VOS, and what starting takes.

Under QEMU with -icount shift=0 one tick of the TSC is one instruction, of guest and hypervisor together, and with
sleep=off no time passes while nobody has anything to do; Bochs's TSC counts instructions anyway.  The guest is
exitbench, once under VOS on each emulator and once on QEMU without a hypervisor, and Debian's Linux, which starts and
waits.  Prints a table beside the figures of KVM and Xen and what VOS should need at most, and writes all there is to
build/bench.json.  Nothing is asserted: a figure is for people to judge.
"""
import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tests', 'boot'))
import special  # noqa: E402
from vosmachine import BUILD, GUEST_PROMPT, Machine  # noqa: E402

# Operation, exitbench's name for it, KVM, Xen, VOS at most.
TABLE = (
    ('CPUID', 'cpuid_0', 2750, 5980, 340),
    ('RDMSR, intercepted', 'rdmsr_apicbase', 2815, None, 340),
    ('port I/O, UART', 'pio_in_uart_lsr', 3130, None, 400),
    ('port I/O, PIC', 'pio_in_pic_21', 1450, None, 400),
    ('port I/O, PIT', 'pio_in_pit_40', 1450, None, 400),
    ('local APIC EOI, MMIO', 'mmio_lapic_eoi_w', 3515, 18800, 900),
    ('local APIC EOI, x2APIC', 'x2apic_eoi_w', 2890, 6120, 340),
    ('timer: arm, halt, wake', 'hlt_lapic_overhead', 8860, 25080, 1600),
    ('self-IPI, x2APIC', 'selfipi_x2_roundtrip', 7555, 12850, 1200),
    ('MMIO, device model', 'mmio_ioapic_win_r', 5480, 15840, 1200),
    ('ALU loop, stolen ppm', 'alu_loop', 870, 725, 200),
)
# The same of exitbench2: paths that are taken less often.
TABLE2 = (
    ('CPUID, 64 sites', 'var_cpuid_64sites_rand', 2852, None, 450),
    ('EOI by MMIO, 64 sites', 'var_mmio_eoi_64sites_rand', 3633, None, 750),
    ('EOI by MMIO, 32-bit', 'var_compat_mmio_eoi', 3850, None, 900),
    ('rep insb, 64 bytes', 'pio_rep_insb_64_3ff', 11100, None, 8000),
    ('rep outsb, 64 bytes', 'pio_rep_outsb_64_80', 416000, None, 8000),
    ('DR7 read', 'dr7_read', 3, None, 10),
    ('DR7 write', 'dr7_write', 3, None, 10),
)
ONLY2 = 'only=var_cpuid_64sites_rand,var_mmio_eoi_64sites_rand,var_compat,pio_rep,dr7'
VMS = 128
REPEATED = ('cpuid', 'msr', 'port', 'mmio')		# what the guest `repeat` can do
POWER_OFF = 'quiet rdinit=/bin/busybox -- poweroff -f'
# linux_init.c tells the TSC as its first instruction reads it, and ends the VM.
TO_INIT = 'quiet rdinit=/measured'
MSRS = {'6e0': 'TSC_DEADLINE', '80b': 'x2APIC EOI', '3b': 'TSC_ADJUST'}

# What starting and being there may take at most.
LIMITS = {'start-vm to a guest\'s first instruction': 2000000, 'vmlinux: start to init': 1420000000,
          'bzImage: TSC at /init, 4 vCPUs on one pCPU': 1560000000,
          'bzImage: VM exits to init': 3000, 'vmlinux: VM exits to init': 3000,
          'bzImage: memory beside RAM and its tables': 512 << 10,
          'vmlinux: memory beside RAM and its tables': 512 << 10,
          'list-vm, 128 VMs: of each': 30000, 'top, 128 VMs: of each': 60000}


def parse(log):
    """exitbench's lines to {name: median, or the one figure it has}."""
    figures = {}
    for line in re.findall(r'^XB (.*?)\r?$', log.split('XB-DONE')[0], re.M):
        name, rest = line.split(' ', 1)
        numbers = re.findall(r'\d+(?:\.\d+)?', rest)
        if rest.startswith('n/a'):
            continue
        if name == 'alu_loop':
            figures[name] = float(re.search(r'stolen (\d+)', rest).group(1))
        elif name.endswith('_x16'):
            figures[name.removesuffix('_x16')] = float(numbers[1]) / 16
        else:
            figures[name] = float(numbers[1] if re.fullmatch(r'[\d. ]+', rest) and len(numbers) == 4 else numbers[0])
    return figures


def make_images(kind, folder, images, conf=''):
    """A bundle or an ISO with these images and that vos.conf, beside a copy of vos.elf as the script wants it."""
    out = os.path.join(folder, 'bench.iso' if kind == 'iso' else 'bench.cpio')
    if not os.path.lexists(f'{folder}/vos.elf'):
        os.symlink(f'{BUILD}/vos.elf', f'{folder}/vos.elf')
    words = [f'{name}={path}' for name, path in images.items()]
    subprocess.run([f'{TOP}/iso/mkiso.sh', kind, out] + words, check=True,
                   env=dict(os.environ, CONF=conf, CMDLINE=''))
    return out


def make_initrd(folder, programs):
    """Debian's initrd with these programs, {name: path}, in its root: archives that follow each other are one."""
    os.makedirs(f'{folder}/root')
    for name, path in programs.items():
        shutil.copy(path, f'{folder}/root/{name}')
    added = subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '-R', '0:0'], check=True, capture_output=True,
                           input=''.join(f'{name}\n' for name in programs).encode(), cwd=f'{folder}/root').stdout
    with open(f'{BUILD}/images/debian-initrd', 'rb') as file, open(f'{folder}/initrd', 'wb') as out:
        out.write(file.read() + gzip.compress(added, mtime=0))
    return f'{folder}/initrd'


def answer(machine, command):
    return json.loads(re.search(r'\{.*\}', machine.ok(f'{command} --json')).group(0))['return']


def busy(machine):
    """Nanoseconds, which are instructions here, in which the machine was not idle."""
    host = answer(machine, 'info')
    return host['uptime-ns'] - host['idle-ns']


# -------------------------------------------------------------------------------------------------------------- runs
def run_native(exitbench, folder, options=''):
    out = f'{folder}/native.log'
    subprocess.run(['timeout', '300', 'qemu-system-x86_64', '-accel', 'tcg', '-machine', 'q35', '-cpu', 'max',
                    '-m', '256', '-nic', 'none', '-display', 'none', '-monitor', 'none', '-serial', 'none',
                    '-no-reboot',
                    '-debugcon', f'file:{out}', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4',
                    '-icount', 'shift=0,sleep=off', '-kernel', exitbench, '-append', f'nocom {options}'], check=False)
    with open(out, encoding='ascii', errors='replace') as file:
        return parse(file.read())


def run_exits(machine, options, kernel='exitbench'):
    """exitbench under VOS.  It reboots at its end, which is told; a look before that would be among its figures."""
    machine.ok(f'create-vm --name bench --cpu 1 --memory 256M --kernel {kernel} --platform pc '
               f'--cmdline "nocom {options}"')
    machine.ok('start-vm bench')
    machine.expect('the guest rebooted')
    log = machine.ok('log-vm bench')
    machine.ok('delete-vm bench --force')
    return parse(log)


def run_native_linux(initrd, folder):
    """The TSC at /init of Debian's bzImage on the emulator itself, firmware included."""
    out = f'{folder}/native-linux.log'
    subprocess.run(['timeout', '600', 'qemu-system-x86_64', '-accel', 'tcg', '-machine', 'q35', '-cpu', 'max',
                    '-m', '512', '-nic', 'none', '-display', 'none', '-monitor', 'none', '-serial', f'file:{out}',
                    '-no-reboot', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4',
                    '-icount', 'shift=0,sleep=off', '-kernel', f'{BUILD}/images/debian-kernel', '-initrd', initrd,
                    '-append', TO_INIT], check=False)
    with open(out, encoding='ascii', errors='replace') as file:
        return tsc_at_init(file.read())


def tsc_at_init(text):
    """What linux_init.c wrote, or None."""
    found = re.search(r'TSC ([0-9a-f]{16})', text)
    return int(found.group(1), 16) if found else None


def loading(machine, modules):
    """Instructions until a guest sleeps that is started with these modules."""
    machine.ok(f'create-vm --name loads --cpu 1 --memory 512M --kernel eat --cmdline "to=8 stay" {modules}')
    before = busy(machine)
    machine.ok('start-vm loads')
    spent = busy(machine) - before
    machine.ok('delete-vm loads --force')
    return spent


def run_starts(machine, figures):
    """Instructions up to a guest's first, and of a Debian kernel that powers off in its init."""
    # A guest that sleeps for ever almost at once: what else was busy meanwhile was for its start.
    machine.ok('create-vm --name first --cpu 1 --memory 512M --kernel eat --cmdline "to=8 stay"')
    cost = -(busy(machine) - busy(machine))
    before = busy(machine)
    machine.ok('start-vm first')
    spent = busy(machine) - before - cost
    figures['start-vm to a guest\'s first instruction'] = spent - answer(machine, 'status-vm first')['guest-time-ns']
    machine.ok('delete-vm first --force')
    figures['loading of Debian\'s kernel and initrd'] = \
        loading(machine, '--module debian-kernel --module debian-initrd') - loading(machine, '')


def boot_linux(machine, kernel, cmdline, cpus=1):
    """Boots Debian's kernel until its VM is off; returns what status-vm says then, and the exits by reason.  The VM's
    instructions are its own and its VMM's; those of root before its first are another figure."""
    machine.ok(f'create-vm --name debian --cpu {cpus} --memory 512M --kernel {kernel} --initrd debian-initrd '
               f'--cmdline "{cmdline}"')
    machine.ok('start-vm debian')
    overhead = answer(machine, 'status-vm debian')['memory-overhead']
    machine.wait_state('debian', 'stopped')
    vm = answer(machine, 'status-vm debian') | {'tsc': tsc_at_init(machine.ok('log-vm debian'))}
    reasons = exit_counts(machine, 'debian')
    machine.ok('delete-vm debian')
    return vm | {'memory-overhead': overhead}, reasons


def run_linux(machine, kernel, figures, reasons):
    """A quiet boot of Debian's kernel until init begins, and until an init powers off."""
    name = 'bzImage' if kernel == 'debian-kernel' else 'vmlinux'
    vm, reasons[name] = boot_linux(machine, kernel, TO_INIT)
    figures[f'{name}: memory beside RAM and its tables'] = vm['memory-overhead']
    figures[f'{name}: start to init'] = vm['cpu-time-ns']
    figures[f'{name}: TSC at /init'] = vm['tsc']
    figures[f'{name}: VM exits to init'] = sum(reasons[name].values())
    figures[f'{name}: exits to init handled by the VMM'] = vm['exits-vmm']
    vm, _ = boot_linux(machine, kernel, POWER_OFF)
    figures[f'{name}: start to power-off in init'] = vm['cpu-time-ns']


def run_linux_smp(machine, figures):
    vm, _ = boot_linux(machine, 'debian-kernel', TO_INIT, 4)
    figures['bzImage: TSC at /init, 4 vCPUs on one pCPU'] = vm['tsc']


def many_vms(folder):
    """A vos.conf of as many VMs as there can be, which start and sleep."""
    with open(f'{folder}/many.conf', 'w', encoding='ascii') as file:
        for i in range(VMS):
            file.write(f'vm m{i} {{ cpu 1; memory 16M; kernel eat; cmdline "to=8 stay"; autostart yes }}\n')
    return file.name


def times_of_vms(machine):
    return [vm['cpu-time-ns'] for vm in answer(machine, 'list-vm')]


def spent_on(machine, command):
    """Instructions that a command takes, for each of the VMs."""
    started = busy(machine)
    before = busy(machine)
    machine.ok(command)
    return (busy(machine) - before - (before - started)) / VMS


def run_many(machine, figures):
    """What it costs to look at many VMs that live."""
    def all_sleep():
        before = times_of_vms(machine)
        wait_ns(machine, 'm0', 1e9)
        return len(before) == VMS and all(before) and before == times_of_vms(machine)
    machine.until(all_sleep, 'all guests sleep')
    figures[f'list-vm, {VMS} VMs: of each'] = spent_on(machine, 'list-vm')
    figures[f'top, {VMS} VMs: of each'] = spent_on(machine, 'top --count 1')


def exit_counts(machine, name):
    return {entry['reason']: entry['count'] for entry in answer(machine, f'stats-vm {name}')['exit-reasons']}


def wait_ns(machine, name, ns):
    """Until so much of the machine's time has gone by; nobody is busy meanwhile, so that doesn't take long."""
    start = answer(machine, f'stats-vm {name}')['now-ns']
    while answer(machine, f'stats-vm {name}')['now-ns'] < start + ns:
        time.sleep(0.2)


def function_at(machine, rip):
    """The name of the guest's function, by its own table.  (The command must fit into a line.)"""
    found = machine.guest_cmd(f"awk -v a={rip} '$1>a{{print n;exit}}{{n=$3}}' /proc/kallsyms").split()
    return found[-1] if found else ''


def run_idle(machine):
    """A Linux that waits at its shell: each exit within ten seconds that its VMM sees, by reason, detail and function;
    and how many others there are in a minute."""
    machine.ok('create-vm --name idle --cpu 1 --memory 512M --kernel debian-vmlinux --initrd debian-initrd '
               '--vmm vmm-trace --cmdline "quiet console=ttyS0"')
    machine.ok('start-vm idle')
    told = machine.wait_log('idle', 'EXITS-TOLD 4').split('EXITS-TOLD 4')[0].rpartition('EXITS-TOLD 3')[2]
    before = answer(machine, 'status-vm idle')
    wait_ns(machine, 'idle', 60e9)
    after = answer(machine, 'status-vm idle')
    unseen = [vm['exits'] - vm['exits-vmm'] for vm in (before, after)]
    machine.attach('idle')
    machine.send('\r')
    machine.expect(re.escape(GUEST_PROMPT))
    exits = [{'exit': reason, 'detail': detail, 'function': function_at(machine, rip), 'count': int(count)}
             for reason, detail, rip, count in re.findall(r'EXIT (\S+) (\S+) (\S+) (\d+)', told) if count != '0']
    machine.detach()
    machine.ok('delete-vm idle --force')
    return {'exits': exits, 'unseen': unseen[1] - unseen[0]}


# ------------------------------------------------------------------------------------------------------------ report
def show(number):
    return '-' if number is None else f'{number:,.0f}'


def judged(number, most):
    """The figure, and whether it is within its limit."""
    return show(number) + ('' if number is None or most is None else ' ok  ' if number <= most else ' over')


def print_idle(idle):
    wakes = sum(entry['count'] for entry in idle['exits'] if entry['exit'] == 'hlt')
    print(f'Linux idle, 10 s: {wakes} wake-ups; in a minute its VMM did not see {idle["unseen"]} exits')
    print(f'{"exit":<32}{"in":<24}{"count":>10}{"per wake-up":>14}')
    for entry in idle['exits']:
        what = entry['exit'] + (f' {MSRS.get(entry["detail"], entry["detail"])}' if entry['detail'] != '0' else '')
        print(f'{what:<32}{entry["function"]:<24}{entry["count"]:>10}{entry["count"] / max(wakes, 1):>14.2f}')


def print_exits(results):
    print(f'{"instructions":<24}{"KVM":>7}{"Xen":>8}{"at most":>9}{"VOS/SVM":>13}{"VOS/VMX":>13}{"bare":>6}')
    for label, name, kvm, xen, most in TABLE + TABLE2:
        svm, vmx, bare = [results.get(run, {}).get(name) for run in ('svm', 'vmx', 'bare')]
        print(f'{label:<24}{show(kvm):>7}{show(xen):>8}{show(most):>9}{judged(svm, most):>13}{judged(vmx, most):>13}'
              f'{show(bare):>6}')


def print_table(results):
    print_exits(results)
    print()
    for name, value in results['start'].items():
        print(f'{name:<44}{show(LIMITS.get(name)):>16}{judged(value, LIMITS.get(name)):>20}')
    print()
    print_special(results['special'])
    print()
    print_idle(results['idle'])
    print()
    reasons = results['exits']
    print(f'{"VM exits of Linux":<20}' + ''.join(f'{run:>12}' for run in reasons))
    for name in sorted({name for counts in reasons.values() for name in counts}):
        counts = [run.get(name, 0) for run in reasons.values()]
        if any(counts):
            print(f'{name:<20}' + ''.join(f'{count:>12,}' for count in counts))
    print(f'{"all":<20}' + ''.join(f'{sum(run.values()):>12,}' for run in reasons.values()))


def print_special(special):
    """The same for each operation: how many of each kind."""
    kinds = sorted({kind for _, counts in special.values() for kind in counts})
    print(f'{"special instructions, SVM":<28}' + ''.join(f'{operation:>10}' for operation in special))
    for kind in kinds:
        print(f'{kind:<28}' + ''.join(f'{counts.get(kind, 0):>10}' for _, counts in special.values()))
    print(f'{"all but the guest itself":<28}' + ''.join(f'{total:>10}' for total, _ in special.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('exitbench')
    parser.add_argument('exitbench2')
    parser.add_argument('--no-bochs', action='store_true')
    parser.add_argument('--exits', action='store_true', help='only the exits; no build/bench.json')
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory(prefix='vos-bench-') as folder:
        initrd = make_initrd(folder, {'measured': f'{BUILD}/bench/init'})
        results['bare'] = run_native(args.exitbench, folder) | run_native(args.exitbench2, folder, ONLY2)
        images = {'exitbench': args.exitbench, 'exitbench2': args.exitbench2, 'repeat': f'{BUILD}/guests/repeat.elf',
                  'eat': f'{BUILD}/guests/eat.elf'}
        images |= {name: f'{BUILD}/images/{name}' for name in ('debian-kernel', 'debian-initrd')}
        with Machine('qemu-pvh', 'bench', bundle=make_images('bundle', folder, images), icount=0) as machine:
            machine.wait_prompt()
            results['start'] = {'kernel entry to prompt': busy(machine)}
            results['svm'] = run_exits(machine, '') | run_exits(machine, ONLY2, 'exitbench2')
        if not args.no_bochs:
            iso = make_images('iso', folder, {'exitbench': args.exitbench, 'exitbench2': args.exitbench2})
            with Machine('bochs', 'bench', iso=iso) as machine:
                machine.wait_prompt()
                results['vmx'] = run_exits(machine, 'n=4') | run_exits(machine, f'n=4 {ONLY2}', 'exitbench2')
        if args.exits:
            print_exits(results)
            return
        results['special'] = {operation: special.measure(f'{folder}/bench.cpio', operation) for operation in REPEATED}
        images |= {'debian-vmlinux': f'{BUILD}/images/debian-vmlinux', 'debian-initrd': initrd,
                   'vmm-trace': f'{BUILD}/pd/vmm-trace.stripped'}
        with Machine('qemu-pvh', 'bench-start', bundle=make_images('bundle', folder, images), icount=0) as machine:
            machine.wait_prompt()
            run_starts(machine, results['start'])
            results['exits'] = {}
            for kernel in ('debian-kernel', 'debian-vmlinux'):
                run_linux(machine, kernel, results['start'], results['exits'])
            run_linux_smp(machine, results['start'])
            results['idle'] = run_idle(machine)
        with Machine('qemu-pvh', 'bench-many', icount=0, mem=2048,
                     bundle=make_images('bundle', folder, {'eat': images['eat']}, many_vms(folder))) as machine:
            machine.wait_prompt()
            run_many(machine, results['start'])
        results['start']['bzImage: TSC at /init, without a hypervisor'] = run_native_linux(initrd, folder)
    print_table(results)
    with open(f'{BUILD}/bench.json', 'w', encoding='ascii') as file:
        table = [dict(zip(('operation', 'name', 'kvm', 'xen', 'at-most'), row)) for row in TABLE + TABLE2]
        json.dump({'table': table, **results}, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
