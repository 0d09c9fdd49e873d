# SPDX-License-Identifier: GPL-2.0
"""The module that is measured: loaded, configured, asked, unloaded."""

import re
import subprocess
import time

import network

MODULES = ("ip_vs", "lvs")
TABLE_BITS = 20
FIRST_PORT = 443


class Unsupported(Exception):
    """The module refused what the case needs."""


class Failed(Exception):
    """The module didn't do what it accepted."""


def run(*command, **kwargs):
    """A command and its output."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


def parameters(module):
    """The parameters a module has."""
    return run("modinfo", "-p", "/lvs/lvs.ko" if module == "lvs" else module).stdout


def load(module, case):
    """Loads a module. Both may have tables as large as the other's, unless they are to be as they come."""
    arguments = ["early_path=1"] if module == "lvs" and case.early else []
    if not case.defaults and "conn_tab_bits" in parameters(module):
        arguments.append(f"conn_tab_bits={TABLE_BITS}")
    done = run("insmod", "/lvs/lvs.ko", *arguments) if module == "lvs" else run("modprobe", module, *arguments)
    if done.returncode:
        raise Failed(f"loading {module}: {done.stderr.strip()}")


def unload(module):
    """Unloads it, and its schedulers."""
    # Services hold their schedulers, a daemon the module.
    run("ipvsadm", "-C")
    run("ipvsadm", "--stop-daemon", "master")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with open("/proc/modules", encoding="ascii") as file:
            loaded = [line.split()[0] for line in file]
        ours = [name for name in loaded if name == module or (module == "ip_vs" and name.startswith("ip_vs_"))]
        if not ours:
            return
        for name in ours:
            run("rmmod", name)
        time.sleep(0.02)
    raise Failed(f"{module} can't be unloaded")


def rules(case, nat_port=8080):
    """A case's services and servers in the language of ipvsadm-restore."""
    bracket = "[{}]" if case.family == 6 else "{}"
    flag = "-t" if case.protocol == "tcp" else "-u"
    persistence = " -p 300" if case.clients else ""
    for port in range(FIRST_PORT, FIRST_PORT + case.services):
        service = f"{flag} {bracket.format(network.VIP[case.family])}:{port}"
        yield f"-A {service} -s {case.scheduler}{persistence}"
        for number in range(case.servers):
            # Only what is rewritten can have another port.
            real_port = nat_port if case.method == "m" else port
            real = f"{bracket.format(network.server(case.family, number))}:{real_port}"
            yield f"-a {service} -r {real} -{case.method} -w 1"


def rules_in_file(case, path, number):
    """Writes rules that replace all there are: those of the case, with servers of their own for each number."""
    with open(path, "w", encoding="ascii") as file:
        file.write("-C\n")
        for line in rules(case, 8080 + number):
            file.write(line + "\n")
    return path


def servers_listed():
    """Number of servers of all services."""
    with open("/proc/net/ip_vs", encoding="ascii") as file:
        return sum(line.startswith("  -> ") for line in file) - 1


def configure(case, tool="ipvsadm"):
    """Makes the case's services."""
    done = run(tool, "-R", input="\n".join(rules(case)) + "\n")
    if done.returncode or done.stderr:
        raise Unsupported((done.stderr or done.stdout).strip().splitlines()[0])
    if case.master:
        done = run("ipvsadm", "--start-daemon", "master", "--mcast-interface", "between")
        if done.returncode:
            raise Unsupported(done.stderr.strip())


def total(column):
    """A number of the statistics, exact: 0 connections, 1 packets in, 2 packets out."""
    # Rows of CPUs have six fields, the row of rates has five.
    with open("/proc/net/ip_vs_stats_percpu", encoding="ascii") as file:
        rows = [line.split() for line in file]
    return sum(int(row[column + 1], 16) for row in rows if len(row) == 6 and re.fullmatch(r"[0-9A-F]+", row[0]))


def buckets():
    """Connections and buckets of the table."""
    with open("/proc/net/ip_vs_status", encoding="ascii") as file:
        text = file.read()
    found = [re.search(rf"^{what}:\s+(\d+)", text, re.M) for what in ("Conns", "Conn buckets")]
    return [int(match[1]) if match else None for match in found]


def settle(flows):
    """Waits until the table has the size it wants; there have to be so many connections."""
    same = 0
    last = None
    for _ in range(400):
        now = buckets()
        same = same + 1 if now == last else 0
        if same == 3:
            break
        last = now
        time.sleep(0.05)
    if flows is not None and last[0] not in (None, flows):
        raise Failed(f"{last[0]} connections instead of {flows}")
