// SPDX-License-Identifier: GPL-2.0
/* Preloaded: sockets as where the kernel has no generic netlink. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int socket(int domain, int type, int protocol)
{
	if (domain != AF_NETLINK)
		return syscall(SYS_socket, domain, type, protocol);
	errno = EPROTONOSUPPORT;
	return -1;
}
