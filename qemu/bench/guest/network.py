# SPDX-License-Identifier: GPL-2.0
"""The director: this host, between devices that drop what they send. Nothing
else of a network is measured."""

import subprocess

# By family. Packets to PLAIN go the servers' way without being balanced.
VIP = {4: "10.0.1.100", 6: "fd00:1::100"}
PLAIN = {4: "10.0.2.100", 6: "fd00:2::100"}
CLIENTS = {4: "10.1.0.1", 6: "fd01::1"}
FRONT_MAC, BACK_MAC, OTHER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


def server(family, number):
    """Address of a real server."""
    return f"10.0.2.{number + 101}" if family == 4 and number < 100 else (
        f"10.2.{number >> 8}.{number & 255}" if family == 4 else f"fd00:2::1:{number:x}")


def ip(*commands):
    """Runs commands of ip(8)."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)


def sysctl(name, value):
    """Changes a setting."""
    with open("/proc/sys/" + name, "w", encoding="ascii") as file:
        file.write(str(value))


def set_up(fronts=1):
    """Makes the devices front0 ... and back, and routes."""
    for name in ("all", "default"):
        for setting, value in (("rp_filter", 0), ("send_redirects", 0), ("accept_redirects", 0)):
            sysctl(f"net/ipv4/conf/{name}/{setting}", value)
        sysctl(f"net/ipv6/conf/{name}/accept_dad", 0)
        sysctl(f"net/ipv6/conf/{name}/forwarding", 1)
    sysctl("net/ipv4/ip_forward", 1)
    for number in range(fronts):
        ip(f"link add front{number} address {FRONT_MAC} type dummy", f"link set front{number} up")
        no_offload(f"front{number}")
    ip(
        f"link add back address {BACK_MAC} type dummy",
        "link set back up",
        # To other directors.
        "link add between type dummy",
        "link set between up",
        "addr add 10.9.0.1/24 dev between",
        "addr add 10.0.1.1/24 dev front0",
        "addr add 10.0.2.1/24 dev back",
        "addr add fd00:1::1/64 dev front0 nodad",
        "addr add fd00:2::1/64 dev back nodad",
        f"addr add {VIP[4]}/32 dev front0",
        f"addr add {VIP[6]}/128 dev front0 nodad",
        # All servers but the first few are behind a router, as are the clients.
        f"neigh add 10.0.2.254 lladdr {OTHER_MAC} dev back",
        f"neigh add fd00:2::fe lladdr {OTHER_MAC} dev back",
        f"neigh add 10.0.1.254 lladdr {OTHER_MAC} dev front0",
        f"neigh add fd00:1::fe lladdr {OTHER_MAC} dev front0",
        "route add 10.1.0.0/16 via 10.0.1.254",
        "route add 10.2.0.0/16 via 10.0.2.254",
        "route add 10.64.0.0/10 via 10.0.1.254",
        "route add fd01::/64 via fd00:1::fe",
        f"neigh add {PLAIN[4]} lladdr {OTHER_MAC} dev back",
        f"neigh add {PLAIN[6]} lladdr {OTHER_MAC} dev back",
        *(f"neigh add {server(4, n)} lladdr {OTHER_MAC} dev back" for n in range(100)),
        *(f"neigh add {server(6, n)} lladdr {OTHER_MAC} dev back" for n in range(1000)),
    )
    no_offload("back")


def no_offload(device):
    """Checksums are complete, as those of packets from a wire."""
    subprocess.run(["ethtool", "-K", device, "tx", "off"], check=True, stdout=subprocess.DEVNULL)


def rewrite_as_tcp(flags, family):
    """Makes TCP segments of the UDP packets that come in; `flags` are those of each device."""
    protocol = "ip protocol set 6" if family == 4 else "ip6 nexthdr set 6"
    words = "".join(
        f"chain {device} {{ type filter hook ingress device {device} priority 0; "
        f"@th,96,16 set {0x5000 | bits:#x} {protocol}\n}}\n" for device, bits in flags.items())
    subprocess.run(["nft", "-f", "-"], input=f"table netdev bench {{\n{words}}}\n", text=True, check=True)


def rewrite_nothing():
    """Ends that."""
    subprocess.run(["nft", "flush", "ruleset"], check=True)
