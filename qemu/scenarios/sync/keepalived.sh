# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The directors of second.sh with keepalived as Debian ships it. Sourced after second.sh. The
# scenario's `virtual_servers` prints what both balance.

# vrrp NAME INTERFACE ID PRIORITY ADDRESS
vrrp() {
	cat <<-END
		vrrp_instance $1 {
			version 3
			state BACKUP
			interface $2
			virtual_router_id $3
			priority $4
			advert_int $((SLOW / 5)).$((2 * SLOW % 10))
			${VRRP_OPTIONS:-}
			track_file {
				drain
			}
			virtual_ipaddress {
				$5 dev $2
			}
		}
	END
}
# server PORT METHOD PROTOCOL REAL...: with OPTIONS, lines of a virtual server.
server() {
	local real
	printf 'virtual_server %s {\n\tlvs_sched rr\n\tlvs_method %s\n\tprotocol %s\n%s\n' "$VIP $1" "$2" "$3" "${OPTIONS:-}"
	for real in "${@:4}"; do printf '\treal_server %s {\n\t\tweight 1\n\t}\n' "${real/:/ }"; done
	printf '}\n'
}
# start NS PRIORITY: its keepalived.
start() {
	mkdir -p "$RUN/$1"
	echo 0 >"$RUN/$1/drain"
	{
		cat <<-END
			global_defs {
				lvs_sync_daemon front inst FRONT id 7
				vrrp_startup_delay 0.1
			}
			vrrp_track_file drain {
				file $RUN/$1/drain
				weight 1
			}
			vrrp_sync_group BOTH {
				group {
					FRONT
					BACK
				}
			}
		END
		vrrp FRONT front 51 "$2" "$VIP/32"
		vrrp BACK back 52 "$2" 10.0.2.1/24
		virtual_servers
	} >"$RUN/$1/keepalived.conf"
	background "$1" keepalived -n -D -l -f "$RUN/$1/keepalived.conf" -p "$RUN/$1/pid" -r "$RUN/$1/vrrp.pid" \
		-c "$RUN/$1/check.pid" >"$RUN/$1/log" 2>&1
}
daemons() { in_ns "$1" ipvsadm -L --daemon | sed -n 's/ sync daemon.*//p'; }
is() { [[ $(daemons "$1") == "$2" ]]; }
has_vip() { ip -n "$1" addr show front | grep -q "$VIP/32"; }
has_rules() { [[ $(in_ns "$1" ipvsadm -Sn | grep -c -- -a) == $(virtual_servers | grep -c real_server) ]]; }
