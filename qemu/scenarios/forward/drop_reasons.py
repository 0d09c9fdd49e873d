# SPDX-License-Identifier: GPL-2.0
"""Provokes each reason for which a packet is dropped, one packet each, and finds it in /proc/net/lvs and, where there are
trace events, among the kernel's. Beyond packets' reach is `no_memory`: it takes allocations that fail on purpose, which
the kernel with sanitizers has.

usage: drop_reasons.py EVENT FAULTS: the directory of the event, and that of the module that has allocations fail"""

import os
import re
import subprocess
import sys
import time

from lvs import packets, wire
from lvs.packets import dgram, ip4, ip6, icmp4, segment
from lvs.wire import Netns

EVENT, FAULTS = sys.argv[1:]
TRACE = "/sys/kernel/tracing/trace"
# Who sends all this, behind the device `near`.
NEAR = "10.0.9.2"
NEAR6 = "fd00:9::2"
VIP, VIP6 = wire.VIP, "fd00:1::100"
SERVER = wire.FAKE_SERVER
GONE = "10.9.9.9"
# The kernel's reason, where it isn't that of all hooks.
KERNEL = {"no_server": "NO_SOCKET", "no_memory": "NOMEM", "no_route": "IP_OUTNOROUTES", "too_big": "PKT_TOO_BIG",
          "ttl": "IP_INHDR", "malformed": "HDR_TRUNC", "checksum": "ICMP_CSUM", "boundary": "IP_LOCALNET"}


def admin(text):
    done = subprocess.run(["nsenter", "--net=/run/netns/director", "/lvs/ipvsadm-rs", "-R"], input=text, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"rules: {done.stderr}\n{text}")


def setting(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def director(*command):
    subprocess.run(["ip", "-n", "director", *command], check=True)


def nft(text):
    subprocess.run(["nsenter", "--net=/run/netns/director", "nft", "-f", "-"], check=True, text=True, input=text)


def dropped():
    """What was dropped so far, by reason."""
    counts, inside = {}, False
    with DIRECTOR, open("/proc/net/lvs", encoding="ascii") as file:
        for line in file:
            if inside and line.startswith("  "):
                name, count = line.split()
                counts[name] = int(count)
            inside = line.startswith(("Dropped", "  ")) and (inside or line.startswith("Dropped"))
            if line.startswith("Dropped"):
                counts["all"] = int(line.split()[1])
    return counts


def traced():
    """The kernel's reasons of what the module dropped, since the last call."""
    if not os.path.exists(EVENT):
        return None
    with open(TRACE, encoding="ascii", errors="replace") as file:
        text = file.read()
    with open(TRACE, "w", encoding="ascii"):
        pass
    return re.findall(r"location=lvs_\S+ \[lvs\] reason: (\w+)", text) or re.findall(r"\[lvs\].*reason: (\w+)", text)


def expect(reason, packet):
    """One packet is dropped, for this reason."""
    before = dropped()
    traced()
    TUN.send(packet)
    wanted = dict(before)
    wanted[reason] = wanted.get(reason, 0) + 1
    wanted["all"] += 1
    end = time.monotonic() + 5 * wire.SLOW
    while dropped() != wanted:
        if time.monotonic() > end:
            sys.exit(f"{reason}: expected {wanted}, got {dropped()}")
        time.sleep(0.02)
    kernel = traced()
    if kernel is not None:
        if kernel != [KERNEL.get(reason, "NETFILTER_DROP")]:
            sys.exit(f"{reason}: the kernel was told {kernel}")
    print(f"  {reason}" + (f", {kernel[0]}" if kernel else ""))


def passes(packet):
    """Nothing is dropped of a packet that the director takes."""
    before = dropped()
    TUN.send(packet)
    if dropped() != before:
        sys.exit(f"expected {before}, got {dropped()}")


def udp(port, sport=5000, source=NEAR, data=b"?"):
    return ip4(source, VIP, 17, dgram(source, sport, VIP, port, data))


def with_ttl(packet, ttl):
    head = packet[:8] + bytes([ttl]) + packet[9:10] + b"\0\0" + packet[12:20]
    return head[:10] + wire.checksum(head).to_bytes(2, "big") + head[12:] + packet[20:]


def with_df(packet):
    head = packet[:6] + b"\x40\0" + packet[8:10] + b"\0\0" + packet[12:20]
    return head[:10] + wire.checksum(head).to_bytes(2, "big") + head[12:] + packet[20:]


DIRECTOR = Netns("director")
TUN = packets.Tun()
if os.path.exists(EVENT):
    with open(f"{EVENT}/enable", "w", encoding="ascii") as enable:
        enable.write("1")
director("addr", "add", f"{VIP6}/128", "dev", "lo")
director("route", "add", "unreachable", GONE)
director("link", "set", "back", "mtu", "1400")
admin(f"""-A -u {VIP}:100 -s rr
-A -u {VIP}:101 -s rr
-a -u {VIP}:101 -r {SERVER}:101 -m
-A -u {VIP}:102 -s rr
-a -u {VIP}:102 -r {GONE}:102 -m
-A -u {VIP}:103 -s rr
-a -u {VIP}:103 -r {SERVER}:103 -m
-A -u {VIP}:104 -s rr
-a -u {VIP}:104 -r 127.0.0.1:104 -m
-A -t {VIP}:21 -s rr
-a -t {VIP}:21 -r {SERVER}:21 -m
-A -u {VIP}:5060 -s rr -p 60 --pe sip
-a -u {VIP}:5060 -r {SERVER}:5060 -m
-A -t {VIP}:106 -s rr --on-expiry silent
-a -t {VIP}:106 -r {SERVER}:106 -m
-A -u [{VIP6}]:105 -s rr
-a -u [{VIP6}]:105 -r {SERVER}:105 -i
""")

passes(udp(103))
expect("no_server", udp(100))

passes(udp(101))
admin(f"-d -u {VIP}:101 -r {SERVER}:101\n")
expect("server_gone", udp(101))

setting("conn_max", 1)
expect("table_full", udp(103, 5001))
setting("conn_max", 1 << 20)

setting("drop_packet", 3)
setting("am_droprate", 1)
setting("drop_packet", 0)
setting("drop_packet", 3)
expect("defence", udp(103, 5002))
setting("drop_packet", 0)

expect("no_route", udp(102))
expect("too_big", with_df(udp(103, data=bytes(1400))))
expect("ttl", with_ttl(udp(103), 1))
expect("malformed", ip4(NEAR, VIP, 17, b"abcd"))
expect("boundary", udp(104))

# The server doesn't take the packet of port 5000: its error has a wrong checksum.
quoted = ip4(NEAR, SERVER, 17, dgram(NEAR, 5000, SERVER, 103, b"?"))
error = icmp4(3, 3, quoted)
expect("checksum", ip4(SERVER, NEAR, 1, error[:2] + bytes([error[2] ^ 0xFF]) + error[3:]))
passes(ip4(SERVER, NEAR, 1, error))

setting("nat_icmp_send", 1)
expect("stray_reply", ip4(SERVER, NEAR, 17, dgram(SERVER, 103, NEAR, 4999, b"?")))
setting("nat_icmp_send", 0)

# An error about a tunnel's packet, whose client's way is gone.
inner = ip6(NEAR6, VIP6, 17, dgram(NEAR6, 5000, VIP6, 105, b"?"))
passes(inner)
director("addr", "del", f"{VIP6}/128", "dev", "lo")
director("-6", "route", "add", "unreachable", VIP6)
outer = ip4("10.0.2.1", SERVER, 41, inner)
expect("stray_error", ip4(SERVER, "10.0.2.1", 1, icmp4(3, 1, outer)))

# A control connection whose announcement was damaged on its way here.
passes(ip4(NEAR, VIP, 6, segment(NEAR, 5000, VIP, 21, 2)))
passes(ip4(SERVER, NEAR, 6, segment(SERVER, 21, NEAR, 5000, 0x12)))
passes(ip4(NEAR, VIP, 6, segment(NEAR, 5000, VIP, 21, 0x18) + b"PASV\r\n"))
announce = b"227 Entering Passive Mode (10,0,2,50,20,1)\r\n"
head = segment(SERVER, 21, NEAR, 5000, 0x18)
expect("ftp", ip4(SERVER, NEAR, 6, head[:4] + (2).to_bytes(4, "big") + head[8:] + announce))

expect("no_call_id", udp(5060, data=b"OPTIONS sip:a SIP/2.0\r\n\r\n"))

# Netfilter knows these ends from before there was a service, and has no room for another
# connection between them.
KNOWN = """table ip tracked {
    chain in {
        type filter hook prerouting priority 0
        ct state new accept
    }
}
"""
MOST = "/proc/sys/net/netfilter/nf_conntrack_max"
nft(KNOWN)
passes(udp(107))
setting("conntrack", 1)
admin(f"-A -u {VIP}:107 -s rr\n-a -u {VIP}:107 -r {SERVER}:107 -m\n")
for other in range(4):
    subprocess.run(["nsenter", "--net=/run/netns/director", "conntrack", "-I", "-p", "udp", "-s", "10.7.0.1", "-d", "10.7.0.2",
                    "--sport", str(1000 + other), "--dport", "9", "-t", "600", "-u", "ASSURED,SEEN_REPLY"],
                   check=True, capture_output=True)
with open(MOST, encoding="ascii") as file:
    most = file.read()
with open(MOST, "w", encoding="ascii") as file:
    file.write("1")
expect("tracking", udp(107))
with open(MOST, "w", encoding="ascii") as file:
    file.write(most)
setting("conntrack", 0)
nft("delete table ip tracked\n")

# A segment of a connection that is over here, or never was.
expect("ended", ip4(NEAR, VIP, 6, segment(NEAR, 5000, VIP, 106, 0x10)))

if os.path.exists("/sys/kernel/debug/failslab"):
    sys.path.insert(0, FAULTS)
    # pylint: disable-next=import-outside-toplevel
    import faults
    faults.below_module()
    countdown = faults.Countdown()
    before = dropped()
    countdown.set(1)
    TUN.send(udp(103, 5003))
    countdown.set(0)
    if dropped().get("no_memory", 0) != before.get("no_memory", 0) + 1:
        sys.exit(f"no_memory: expected one more than {before}, got {dropped()}")
    print("  no_memory")
director("link", "set", "back", "mtu", "1500")

# Of all ports one client port may have 512.
MARKS = f"""table ip marks {{
    chain in {{
        type filter hook prerouting priority -150
        ip daddr {VIP} udp dport >= 20000 mark set 7
    }}
}}
"""
nft(MARKS)
admin(f"-A -f 7 -s rr -p 60\n-a -f 7 -r {SERVER} -g\n")
for port in range(512):
    passes(udp(20000 + port, 6000))
expect("port_crowded", udp(30000, 6000))
