/* SPDX-License-Identifier: GPL-2.0 */
/* UDP sockets of the kernel's own, and waiting in a thread, for net/socket.rs: see socket.c. */
#ifndef LVS_SOCKET_H
#define LVS_SOCKET_H

#include <linux/types.h>
#include <linux/wait.h>

struct net;
struct socket;

/* An address and a port of IPv4 or IPv6. */
struct lvs_endpoint {
	u8 octets[16];
	u16 family;
	/* Host order. */
	u16 port;
	/* Of a link-local address of IPv6. */
	int device;
};

/* What is known of a device; the index is 0 when there is none. */
struct lvs_device_facts {
	int index;
	unsigned int mtu;
};

struct lvs_device_facts lvs_device_by_name(struct net *net, const char *name);
__be32 lvs_device_address(struct net *net, int index);

int lvs_socket_set(struct socket *socket, int level, int option, void *value, unsigned int size);
int lvs_socket_bind(struct socket *socket, const struct lvs_endpoint *to);
int lvs_socket_connect(struct socket *socket, const struct lvs_endpoint *to);
int lvs_socket_send(struct socket *socket, const void *data, size_t size);
int lvs_socket_send_to(struct socket *socket, const struct lvs_endpoint *to, const void *data,
		       size_t size);
int lvs_socket_receive_from(struct socket *socket, void *buffer, size_t size,
			    struct lvs_endpoint *from);
int lvs_socket_receive(struct socket *socket, void *buffer, size_t size);
void lvs_socket_wait(struct socket *socket, long ticks);
void lvs_socket_wait_either(struct socket *one, struct socket *other, long ticks);

/* A bell that wakes a thread. */
struct lvs_bell {
	wait_queue_head_t waiting;
	int rung;
};

void lvs_bell_init(struct lvs_bell *bell);
void lvs_bell_ring(struct lvs_bell *bell);
void lvs_bell_await(struct lvs_bell *bell, long ticks);

#endif
