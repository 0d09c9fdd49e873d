// SPDX-License-Identifier: GPL-2.0
/*
 * UDP sockets of the kernel's own, for net/socket.rs, and threads that wait for them or for a bell,
 * for task/bell.rs: what is more than an expression of C.
 */
#include <linux/inetdevice.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "socket.h"

struct lvs_device_facts lvs_device_by_name(struct net *net, const char *name)
{
	struct lvs_device_facts facts = {};
	const struct net_device *device;

	rcu_read_lock();
	device = dev_get_by_name_rcu(net, name);
	if (device) {
		facts.index = device->ifindex;
		facts.mtu = READ_ONCE(device->mtu);
	}
	rcu_read_unlock();
	return facts;
}

/* The first global IPv4 address of the device, or of another one; 0 without any. */
__be32 lvs_device_address(struct net *net, int index)
{
	const struct net_device *device;
	__be32 address = 0;

	rcu_read_lock();
	device = dev_get_by_index_rcu(net, index);
	if (device)
		address = inet_select_addr(device, 0, RT_SCOPE_UNIVERSE);
	rcu_read_unlock();
	return address;
}

int lvs_socket_set(struct socket *socket, int level, int option, void *value, unsigned int size)
{
	sockptr_t from = KERNEL_SOCKPTR(value);

	switch (level) {
	case SOL_SOCKET:
		return sock_setsockopt(socket, level, option, from, size);
	case SOL_IP:
		return ip_setsockopt(socket->sk, level, option, from, size);
#if IS_ENABLED(CONFIG_IPV6)
	case SOL_IPV6:
		return ipv6_setsockopt(socket->sk, level, option, from, size);
#endif
	}
	return -ENOPROTOOPT;
}

static int to_sockaddr(struct sockaddr_storage *to, const struct lvs_endpoint *from)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = from->family;
	if (from->family == AF_INET6) {
		v6->sin6_port = htons(from->port);
		v6->sin6_scope_id = from->device;
		memcpy(&v6->sin6_addr, from->octets, sizeof(v6->sin6_addr));
		return sizeof(*v6);
	}
	v4->sin_port = htons(from->port);
	memcpy(&v4->sin_addr, from->octets, sizeof(v4->sin_addr));
	return sizeof(*v4);
}

int lvs_socket_bind(struct socket *socket, const struct lvs_endpoint *to)
{
	struct sockaddr_storage address;
	int size = to_sockaddr(&address, to);

	return kernel_bind(socket, (struct sockaddr_unsized *)&address, size);
}

int lvs_socket_connect(struct socket *socket, const struct lvs_endpoint *to)
{
	struct sockaddr_storage address;
	int size = to_sockaddr(&address, to);

	return kernel_connect(socket, (struct sockaddr_unsized *)&address, size, 0);
}

int lvs_socket_send(struct socket *socket, const void *data, size_t size)
{
	struct msghdr message = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec part = { .iov_base = (void *)data, .iov_len = size };

	return kernel_sendmsg(socket, &message, &part, 1, size);
}

int lvs_socket_send_to(struct socket *socket, const struct lvs_endpoint *to, const void *data,
		       size_t size)
{
	struct sockaddr_storage address;
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = to_sockaddr(&address, to),
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
	};
	struct kvec part = { .iov_base = (void *)data, .iov_len = size };

	return kernel_sendmsg(socket, &message, &part, 1, size);
}

/* The length of the datagram, which may be more than the buffer holds, and who sent it. */
int lvs_socket_receive_from(struct socket *socket, void *buffer, size_t size,
			    struct lvs_endpoint *from)
{
	struct sockaddr_storage address = {};
	struct kvec part = { .iov_base = buffer, .iov_len = size };
	struct msghdr message = { .msg_name = &address };
	int length;

	memset(from, 0, sizeof(*from));
	iov_iter_kvec(&message.msg_iter, ITER_DEST, &part, 1, size);
	length = sock_recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC);
	if (length < 0)
		return length;
	from->family = address.ss_family;
	if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;

		memcpy(from->octets, &v6->sin6_addr, sizeof(v6->sin6_addr));
		from->port = ntohs(v6->sin6_port);
	} else if (address.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;

		memcpy(from->octets, &v4->sin_addr, sizeof(v4->sin_addr));
		from->port = ntohs(v4->sin_port);
	}
	return length;
}

/* The length of the datagram, which may be more than the buffer holds. */
int lvs_socket_receive(struct socket *socket, void *buffer, size_t size)
{
	struct kvec part = { .iov_base = buffer, .iov_len = size };
	struct msghdr message = {};

	iov_iter_kvec(&message.msg_iter, ITER_DEST, &part, 1, size);
	return sock_recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC);
}

/*
 * A UDP socket has two queues: the second one is what its reader has already taken over from the
 * first.
 */
static bool has_datagram(const struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       !skb_queue_empty_lockless(&udp_sk(sk)->reader_queue) || READ_ONCE(sk->sk_err);
}

/*
 * In a thread that is stopped by kthread_stop(). Sockets wake those alone who sleep interruptibly.
 */
void lvs_socket_wait(struct socket *socket, long ticks)
{
	wait_event_interruptible_timeout(*sk_sleep(socket->sk),
					 has_datagram(socket->sk) || kthread_should_stop(), ticks);
}

/* The same for two of them. */
void lvs_socket_wait_either(struct socket *one, struct socket *other, long ticks)
{
	DEFINE_WAIT(at_one);
	DEFINE_WAIT(at_other);

	for (;;) {
		prepare_to_wait(sk_sleep(one->sk), &at_one, TASK_INTERRUPTIBLE);
		prepare_to_wait(sk_sleep(other->sk), &at_other, TASK_INTERRUPTIBLE);
		if (has_datagram(one->sk) || has_datagram(other->sk) || kthread_should_stop() ||
		    !ticks)
			break;
		ticks = schedule_timeout(ticks);
	}
	finish_wait(sk_sleep(one->sk), &at_one);
	finish_wait(sk_sleep(other->sk), &at_other);
}

void lvs_bell_init(struct lvs_bell *bell)
{
	init_waitqueue_head(&bell->waiting);
	bell->rung = 0;
}

/* Any context. Whoever hears it sees what was written before. */
void lvs_bell_ring(struct lvs_bell *bell)
{
	/* Pairs with the exchange in lvs_bell_await(). */
	smp_mb();
	if (READ_ONCE(bell->rung))
		return;
	WRITE_ONCE(bell->rung, 1);
	wake_up(&bell->waiting);
}

/* In a thread that is stopped by kthread_stop(). */
void lvs_bell_await(struct lvs_bell *bell, long ticks)
{
	wait_event_idle_timeout(bell->waiting,
				READ_ONCE(bell->rung) || kthread_should_stop(), ticks);
	xchg(&bell->rung, 0);
}
