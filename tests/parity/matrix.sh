#!/bin/bash
# SPDX-License-Identifier: MIT OR GPL-2.0
# Prints a command line for every command with every option.

commands=(
	'-A' '-A -t 10.0.0.1:90' '-E -t 10.0.0.1:80' '-D -u 10.0.0.1:53' '-C' '-L' '-a -t 10.0.0.1:80'
	'-a -t 10.0.0.1:80 -r 10.0.0.9' '-a -t 10.0.0.1:80 -r 10.0.0.9 -i' '-e -t 10.0.0.1:80 -r 10.0.0.3'
	'-d -t 10.0.0.1:80 -r 10.0.0.3' '--set 1 2 3' '--start-daemon master' '--stop-daemon backup' '-R' '-S' '-Z'
)
options=(
	'-n' '-c' '-t 10.0.0.1:80' '-f 7' '-6' '-s wrr' '-p' '-p 10' '-M 255.255.255.0' '-r 10.0.0.4' '-g' '-i' '-m'
	'-w 5' '-x 5' '-y 5' '--mcast-interface nosuch0' '--timeout' '--daemon' '--stats' '--rate' '--thresholds'
	'--persistent-conn' '--nosort' '--sort' '--syncid 5' '--exact' '-o' '--pe sip' '-b flag-1' '--mcast-group 224.0.0.9'
	'--mcast-port 99' '--mcast-ttl 9' '--sync-maxlen 999' '--tun-info' '--tun-type gre' '--tun-port 99' '--tun-nocsum'
	'--tun-csum' '--tun-remcsum' '-h' 'word'
)

printf '@state small\n'
for command in "${commands[@]}"; do
	for option in "${options[@]}"; do
		printf '%s %s\n' "$command" "$option"
	done
done
