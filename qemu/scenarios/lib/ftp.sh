# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# FTP servers and clients.  Sourced after dual_stack.sh.

# ftp_server NS...: vsftpd on port 21 of both families; /data is its name's own, /big a few MB; /in
# takes what is put. Users: ftp, without a password that anybody looks at.
ftp_server() {
	local ns dir
	if [[ ! -e $RUN/ftp/big ]]; then
		mkdir -p "$RUN/ftp"
		head -c 3000000 /dev/urandom >"$RUN/ftp/big"
	fi
	mkdir -p /run/vsftpd/empty
	# The user's home, which vsftpd looks at first.
	[[ -d /srv/ftp ]] || { mount -t tmpfs tmpfs /srv && mkdir /srv/ftp; }
	chmod 755 "$RUN" "$RUN/ftp"
	for ns; do
		dir=$RUN/ftp-$ns
		mkdir -p "$dir/root/in"
		echo "$ns" >"$dir/root/data"
		cp "$RUN/ftp/big" "$dir/root/big"
		chmod 755 "$dir" "$dir/root"
		chown ftp "$dir/root/in"
		cat >"$dir/vsftpd.conf" <<-END
			listen=NO
			listen_ipv6=YES
			background=YES
			anonymous_enable=YES
			anon_root=$dir/root
			no_anon_password=YES
			anon_upload_enable=YES
			write_enable=YES
			anon_umask=022
			connect_from_port_20=YES
			seccomp_sandbox=NO
			isolate=NO
			isolate_network=NO
			xferlog_enable=NO
			pasv_min_port=40000
			pasv_max_port=49999
		END
		in_ns "$ns" vsftpd "$dir/vsftpd.conf"
		poll "vsftpd of $ns listens" 10 listens "$ns" 21
	done
}

# listens NS PORT
listens() { [[ -n $(in_ns "$1" ss -ltnH "sport = :$2") ]]; }
