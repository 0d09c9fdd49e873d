# SPDX-License-Identifier: GPL-2.0
"""The administrator of the soak: loads the module, changes its rules and settings at random, and compares counters."""

import asyncio
import collections
import os
import re
import subprocess
import time

from lvs.wire import VIP

# Seconds a client waits; longer than interfaces are down.
PATIENCE = 90
# After so many idle seconds a client may get another server.
UDP_TIMEOUT = 20
SERVERS = (("10.0.2.11", "-m"), ("10.0.2.12", "-g"), ("10.0.2.13", "-i"))
SERVERS6 = (("[fd00:2::11]", "-m"), ("[fd00:2::12]", "-m"), ("[fd00:2::13]", "-m"))
# FTP needs to see both directions.
FTP_SERVERS = SERVERS[:1]
TUNNELS = ("--tun-type ipip", "--tun-type gre --tun-nocsum", "--tun-type gue --tun-port 6080 --tun-nocsum",
           "--tun-type gue --tun-port 6080 --tun-csum", "--tun-type gue --tun-port 6080 --tun-remcsum")
# Those that refuse nobody while a server has weight, and all of them.
WILLING = ("rr", "wrr", "lc", "wlc", "sed", "nq", "twos", "mh")
SCHEDULERS = WILLING + ("lblc", "lblcr", "dh", "sh", "fo", "ovf", "none")
SETTINGS = {
    "net.ipv4.vs.conn_lfactor": (-8, -4, -2, 0, 3), "net.ipv4.vs.svc_lfactor": (-4, -1, 0),
    "net.ipv4.vs.expire_nodest_conn": (0, 1), "net.ipv4.vs.expire_quiescent_template": (0, 1),
    "net.ipv4.vs.secure_tcp": (0, 1), "net.ipv4.vs.drop_packet": (0, 1), "net.ipv4.vs.drop_entry": (0, 1),
    "net.ipv4.vs.snat_reroute": (0, 1), "net.ipv4.vs.pmtu_disc": (0, 1), "net.ipv4.vs.sloppy_tcp": (0, 1),
    "net.ipv4.vs.nat_icmp_send": (0, 1), "net.ipv4.vs.run_estimation": (0, 1), "net.ipv4.vs.amemthresh": (64, 1024),
    "net.ipv4.vs.conn_reuse_mode": (0, 1), "net.lvs.early_path": (0, 1), "net.ipv4.vs.sloppy_sctp": (0, 1),
    "net.ipv4.vs.conntrack": (0, 1), "net.ipv4.vs.schedule_icmp": (0, 1),
}


class Rules:
    def __init__(self, draw, tally, stable, volatile, vip6):
        self.draw, self.tally = draw, tally
        self.epoch = self.changes = 0
        self.memory, self.slabs = [], {}
        # When the module was loaded, and when an interface was last down.
        self.loaded_at = self.flapped_at = 0.0
        self.busy = asyncio.Lock()
        families = ((VIP, SERVERS), (f"[{vip6}]", SERVERS6))
        kinds = ("-t", "-u", "--sctp-service")
        self.stable = [(f"{kind} {vip}:{stable}", servers, stable) for kind in kinds for vip, servers in families]
        self.stable += [(f"-t {VIP}:21", FTP_SERVERS, 21), (f"-t [{vip6}]:21", SERVERS6, 21)]
        self.volatile = [(f"{kind} {vip}:{volatile}", servers, volatile) for kind in kinds for vip, servers in families]

    async def run(self, command, netns="director"):
        """Whether the command succeeds."""
        process = await asyncio.create_subprocess_exec("nsenter", f"--net=/run/netns/{netns}", *command,
                                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return await process.wait() == 0

    async def admin(self, text):
        self.changes += 1
        return await self.run([os.environ["ADMIN"], *text.split()])

    async def output(self, *command):
        process = await asyncio.create_subprocess_exec("nsenter", "--net=/run/netns/director", *command,
                                                       stdout=subprocess.PIPE)
        return (await process.communicate())[0].decode()

    def excuses(self, began, connected):
        """Whether something that began then may have failed since, for the module went or came; an attempt to
        connect may also have met an interface that was down."""
        return self.loaded_at == 0 or began < self.loaded_at or (not connected and began < self.flapped_at)

    # -- The module
    # ---------------------------------------------------------------------------------------------

    async def load(self):
        subprocess.run(["insmod", os.environ["LVS_KO"]], check=True)
        await self.admin(f"--set 900 30 {UDP_TIMEOUT}")
        for service, servers, port in self.stable:
            await self.must(f"-A {service} -s rr")
            for server, method in servers:
                await self.must(f"-a {service} -r {server}:{port} {method}")
        await self.must(f"-A -u {VIP}:54 -s mh")
        for host in range(2, 6):
            await self.must(f"-a -u {VIP}:54 -r 10.9.0.{host}:54 -m")
        self.epoch += 1
        self.loaded_at = time.monotonic()

    async def must(self, text):
        if not await self.admin(text):
            raise AssertionError(f"ipvsadm {text} failed")

    async def reload(self):
        """Unloads under traffic, looks at memory, loads anew."""
        async with self.busy:
            self.loaded_at = 0.0
            subprocess.run(["rmmod", "lvs"], check=True)
            # Netfilter's own connections are no leak.
            await self.run(["conntrack", "-F"])
            self.memory.append(self.memory_in_use())
            self.slabs = self.slabs or self.slab_sizes()
            await self.load()

    @staticmethod
    def memory_in_use():
        """kB of slabs, per-CPU and vmalloc memory, once caches are dropped; the module is unloaded."""
        subprocess.run(["sync"], check=True)
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
        with open("/proc/meminfo", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.split(":")[0] in ("Slab", "Percpu", "VmallocUsed"))

    @staticmethod
    def slab_sizes():
        """{name: kB} of all slabs."""
        with open("/proc/slabinfo", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[2:]]
        return {row[0]: int(row[2]) * int(row[3]) // 1024 for row in rows}

    def grown_slabs(self):
        """Those that take 100 kB more than after the first load."""
        return {name: size - self.slabs.get(name, 0) for name, size in self.slab_sizes().items()
                if size - self.slabs.get(name, 0) >= 100}

    def check_memory(self):
        """The memory in use without the module does not grow with its loads: the least of the last third against the
        least of the first."""
        if len(self.memory) < 6:
            return
        third = len(self.memory) // 3
        early, late = min(self.memory[:third]), min(self.memory[-third:])
        if late - early > 4096:
            raise AssertionError(f"memory grew from {early} kB to {late} kB: {self.memory}; {self.grown_slabs()}")

    # -- Changes
    # ----------------------------------------------------------------------------------------------

    async def change_forever(self):
        kinds = (self.weights, self.scheduler, self.volatile_server, self.volatile_service, self.setting, self.flap)
        while True:
            async with self.busy:
                await self.draw.choices(kinds, (6, 3, 6, 3, 4, 1))[0]()
            await asyncio.sleep(self.draw.choice((0, 0.05, 0.3)))

    async def weights(self):
        """Of the stable services; at least one server takes connections all the time."""
        service, servers, port = self.draw.choice(self.stable)
        weights = [self.draw.choice((0, 1, 2, 5, 100)) for _ in servers]
        if not any(weights):
            weights[0] = 1
        for weight, (server, method) in sorted(zip(weights, servers), reverse=True):
            tunnel = self.draw.choice(TUNNELS) if method == "-i" else ""
            await self.must(f"-e {service} -r {server}:{port} {method} {tunnel} -w {weight}")

    async def scheduler(self):
        service, _, _ = self.draw.choice(self.stable)
        await self.must(f"-E {service} -s {self.draw.choice(WILLING)} {self.draw.choice(('', '', '-p 5', '-p 300'))}")

    async def volatile_server(self):
        service, servers, port = self.draw.choice(self.volatile)
        server, method = self.draw.choice(servers)
        if not await self.admin(f"-a {service} -r {server}:{port} {method} -w {self.draw.choice((0, 1, 3))}"):
            await self.admin(f"-d {service} -r {server}:{port}")

    async def volatile_service(self):
        service, servers, port = self.draw.choice(self.volatile)
        options = f"-s {self.draw.choice(SCHEDULERS)} {self.draw.choice(('', '', '-p 5'))}"
        if await self.admin(f"-A {service} {options}"):
            for server, method in servers:
                await self.admin(f"-a {service} -r {server}:{port} {method}")
        else:
            await self.admin(self.draw.choice((f"-E {service} {options}", f"-E {service} {options}", f"-D {service}")))

    async def setting(self):
        name = self.draw.choice(list(SETTINGS))
        await self.run(["sysctl", "-qw", f"{name}={self.draw.choice(SETTINGS[name])}"])

    async def flap(self):
        """An interface is down for a moment."""
        self.flapped_at = time.monotonic() + 1000
        device = self.draw.choice(("front", "back"))
        await self.run(["ip", "link", "set", device, "down"])
        await asyncio.sleep(self.draw.choice((0, 0.3)))
        await self.run(["ip", "link", "set", device, "up"])
        await self.run(["ip", "route", "replace", "10.0.1.48/28", "via", "10.0.1.10"])
        # Who tried meanwhile may still be told, and neighbours have to be found again.
        self.flapped_at = time.monotonic() + 3

    # -- Numbers
    # ----------------------------------------------------------------------------------------------

    async def check_numbers(self):
        """While traffic pauses: servers' counters add up to their service's, and connections as counted are those
        that are listed.  Until it is so, since packets and what ends are under way for a moment."""
        async with self.busy:
            end = time.monotonic() + 40
            while True:
                wrong = await self.sums() + await self.counts()
                if not wrong:
                    self.tally.checks += 1
                    return
                if time.monotonic() > end:
                    raise AssertionError("; ".join(wrong))
                await asyncio.sleep(0.5)

    @staticmethod
    def sections(text):
        """[(service, [(server, numbers)])] of a listing; the first server is the service itself if it has numbers."""
        found = []
        for line in text.splitlines():
            words = line.split()
            if words and words[0] in ("TCP", "UDP", "SCTP"):
                found.append((f"{words[0]} {words[1]}", [int(word) for word in words[2:] if word.isdigit()], []))
            elif words and words[0] == "->" and found:
                found[-1][2].append((words[1], [int(word) for word in words[2:] if word.isdigit()]))
        return found

    async def sums(self):
        listing = self.sections(await self.output("ipvsadm", "-Ln", "--stats", "--exact"))
        wrong = []
        for service, own, servers in listing:
            # Of the volatile ones, removed servers have counted too.
            stable = not service.endswith(":8001")
            total = [sum(column) for column in zip(*(numbers for _, numbers in servers))] if servers else own
            if (own != total) if stable else any(a < b for a, b in zip(own, total)):
                wrong.append(f"{service} counted {own}, its servers {total}")
        return wrong

    async def counts(self):
        counted, states = await self.counted(), {}
        for line in (await self.output("ipvsadm", "-Lnc")).splitlines():
            words = line.split()
            if len(words) == 6 and words[0] in ("TCP", "UDP", "SCTP") and not re.search(r":0$", words[3]):
                states.setdefault((f"{words[0]} {words[4]}", words[5]), []).append(words[2])
        # Of servers whose connections come or go in between, nothing can be said.
        later = await self.counted()
        return [f"{key} counts {sum(numbers)} connections, {len(states.get(key, []))} are listed: {numbers}, "
                f"{collections.Counter(states.get(key, []))}"
                for key, numbers in counted.items()
                # While a service of TCP is gone, FTP's takes its clients in, as data connections
                # may have any port.
                if not (key[0].startswith("TCP") and key[0].endswith(":8001"))
                and numbers == later.get(key) and sum(numbers) != len(states.get(key, []))]

    async def counted(self):
        """{(service, server): [active, inactive]}.  FTP's data connections count for the control connections' server, and
        are listed with ports of their own."""
        return {(service, server): numbers[-2:]
                for service, _, servers in self.sections(await self.output("ipvsadm", "-Ln")) if not service.endswith(":21")
                for server, numbers in servers}
