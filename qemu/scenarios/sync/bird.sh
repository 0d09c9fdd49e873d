# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# BIRD for many.sh.

# bird NS < configuration
bird() {
	mkdir -p "$RUN/$1"
	{
		echo "log \"$RUN/$1/bird.log\" all;"
		cat
	} >"$RUN/$1/bird.conf"
	in_ns "$1" /usr/sbin/bird -c "$RUN/$1/bird.conf" -s "$RUN/$1/bird.ctl" -P "$RUN/$1/bird.pid"
}
birdc() { in_ns "$1" /usr/sbin/birdc -s "$RUN/$1/bird.ctl" "${@:2}" >"$RUN/$1/birdc"; }
# BFD's interval; a director is lost after three without a word.
bfd_interval() { echo "$((50 * SLOW)) ms"; }

# bgp_router DIRECTOR-NUMBER...: takes the virtual addresses from each of them, all paths at once.
bgp_router() {
	local i
	bird router <<-END
		router id 10.0.2.1;
		protocol device {}
		protocol direct { ipv4; ipv6; }
		protocol bfd { interface "eth0" { interval $(bfd_interval); multiplier 3; }; }
		protocol kernel { ipv4 { export where source = RTS_BGP; }; merge paths yes; }
		protocol kernel { ipv6 { export where source = RTS_BGP; }; merge paths yes; }
		$(for i; do cat <<-BGP
			protocol bgp d$i {
				local 10.0.2.1 as 65000;
				neighbor 10.0.2.10$i as 65001;
				bfd on;
				connect delay time 0;
				connect retry time 1;
				error wait time 1, 1;
				ipv4 { import all; export none; };
				ipv6 { import all; export none; };
			}
		BGP
		done)
	END
}
# bgp_director N: announces the virtual addresses, once `announce` says so.
bgp_director() {
	bird "d$1" <<-END
		router id 10.0.2.10$1;
		protocol device {}
		protocol bfd { interface "eth0" { interval $(bfd_interval); multiplier 3; }; }
		protocol static vip4 { disabled; ipv4; route $VIP/32 blackhole; }
		protocol static vip6 { disabled; ipv6; route $VIP6/128 blackhole; }
		protocol bgp router {
			local 10.0.2.10$1 as 65001;
			neighbor 10.0.2.1 as 65000;
			bfd on;
			connect delay time 0;
			connect retry time 1;
			error wait time 1, 1;
			ipv4 { import none; export all; next hop address 10.0.2.10$1; };
			ipv6 { import none; export all; next hop address fd00:2::10$1; };
		}
	END
}
announce() { birdc "$1" enable '"vip*"'; }
drain() { birdc "$1" disable '"vip*"'; }
