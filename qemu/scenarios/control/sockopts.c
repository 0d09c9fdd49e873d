// SPDX-License-Identifier: GPL-2.0
/*
 * A client that knows only the socket options, built on the kernel's own header: tells what each
 * one answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/ip_vs.h>

struct service_dest {
	struct ip_vs_service_user service;
	struct ip_vs_dest_user dest;
};

static int sock;

static void answer(const char *what, int result)
{
	printf("%s: %s\n", what, result ? strerrorname_np(errno) : "0");
}

static void set(const char *what, int option, const void *data, socklen_t len)
{
	answer(what, setsockopt(sock, IPPROTO_IP, option, data, len));
}

static struct ip_vs_service_user service(int protocol, const char *addr, int port,
					 unsigned int mark)
{
	struct ip_vs_service_user user = {
		.protocol = protocol, .addr = inet_addr(addr), .port = htons(port), .fwmark = mark,
		.sched_name = "rr", .timeout = 60, .netmask = ~0u,
	};

	return user;
}

static struct service_dest with_dest(struct ip_vs_service_user user, const char *addr, int port,
				     int weight)
{
	struct service_dest both = {
		user,
		{ .addr = inet_addr(addr), .port = htons(port), .weight = weight },
	};

	return both;
}

static void show(const struct ip_vs_service_entry *entry)
{
	printf("  service %u %08x:%u mark %u %s", entry->protocol, ntohl(entry->addr),
	       ntohs(entry->port), entry->fwmark, entry->sched_name);
	printf(" flags %x timeout %u mask %x servers %u conns %u\n", entry->flags, entry->timeout,
	       entry->netmask, entry->num_dests, entry->stats.conns);
}

static void list_service(int protocol, const char *addr, int port, unsigned int mark)
{
	struct ip_vs_service_entry entry = {
		.protocol = protocol, .addr = inet_addr(addr), .port = htons(port), .fwmark = mark,
	};
	socklen_t len = sizeof(entry);
	int result = getsockopt(sock, IPPROTO_IP, IP_VS_SO_GET_SERVICE, &entry, &len);

	answer("GET_SERVICE", result);
	if (!result)
		show(&entry);
}

static void list_dests(int protocol, const char *addr, int port, unsigned int mark,
		       unsigned int count)
{
	socklen_t len = sizeof(struct ip_vs_get_dests) + count * sizeof(struct ip_vs_dest_entry);
	struct ip_vs_get_dests *get = calloc(1, len);
	int result;

	get->protocol = protocol;
	get->addr = inet_addr(addr);
	get->port = htons(port);
	get->fwmark = mark;
	get->num_dests = count;
	result = getsockopt(sock, IPPROTO_IP, IP_VS_SO_GET_DESTS, get, &len);
	answer("GET_DESTS", result);
	for (unsigned int i = 0; !result && i < count; i++)
		printf("  server %08x:%u flags %x weight %d\n", ntohl(get->entrytable[i].addr),
		       ntohs(get->entrytable[i].port), get->entrytable[i].conn_flags,
		       get->entrytable[i].weight);
	free(get);
}

static void list_all(void)
{
	struct ip_vs_getinfo info;
	struct ip_vs_get_services *get;
	socklen_t len = sizeof(info);
	int result = getsockopt(sock, IPPROTO_IP, IP_VS_SO_GET_INFO, &info, &len);

	answer("GET_INFO", result);
	if (result)
		return;
	printf("  version %x services %u\n", info.version, info.num_services);
	len = sizeof(*get) + info.num_services * sizeof(struct ip_vs_service_entry);
	get = calloc(1, len);
	get->num_services = info.num_services;
	answer("GET_SERVICES", getsockopt(sock, IPPROTO_IP, IP_VS_SO_GET_SERVICES, get, &len));
	/* Their order hangs on a random key: by mark, then by port. */
	for (unsigned int mark = 0; mark < 10; mark++)
		for (unsigned int port = 0; port < 100; port++)
			for (unsigned int i = 0; i < get->num_services; i++)
				if (get->entrytable[i].fwmark == mark &&
				    ntohs(get->entrytable[i].port) == port)
					show(&get->entrytable[i]);
	free(get);
}

/*
 * Every option with every length up to that of the largest: none of these is a request that does
 * anything.
 */
static void lengths(void)
{
	static char zero[256];

	for (int option = IP_VS_BASE_CTL; option <= IP_VS_SO_SET_MAX + 1; option++) {
		for (socklen_t len = 0; len < 128; len++) {
			int error = setsockopt(sock, IPPROTO_IP, option, zero, len) ? errno : 0;

			if (error != EINVAL)
				printf("set %d of %u bytes: %s\n", option, len,
				       error ? strerrorname_np(error) : "0");
		}
		for (socklen_t len = 0; len < 128; len++) {
			char buffer[256] = {};
			socklen_t got = len;
			int error = getsockopt(sock, IPPROTO_IP, option, buffer, &got) ? errno : 0;

			if (error != EINVAL)
				printf("get %d of %u bytes: %s, %u\n", option, len,
				       error ? strerrorname_np(error) : "0",
				       option == IP_VS_SO_GET_VERSION ? 0 : got);
		}
	}
}

int main(void)
{
	struct ip_vs_service_user tcp = service(IPPROTO_TCP, "10.0.1.100", 80, 0);
	struct ip_vs_service_user mark = service(IPPROTO_UDP, "10.9.8.7", 53, 7);
	struct ip_vs_service_user other = service(IPPROTO_TCP, "10.9.8.7", 53, 7);
	struct ip_vs_service_user strange = service(1, "10.9.8.7", 53, 8);
	struct ip_vs_timeout_user timeouts = { 100, 50, 25 };
	struct ip_vs_daemon_user nowhere = { .state = IP_VS_STATE_MASTER };
	struct service_dest both;

	sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (sock < 0)
		sock = socket(AF_INET, SOCK_DGRAM, 0);
	lengths();
	set("ADD", IP_VS_SO_SET_ADD, &tcp, sizeof(tcp));
	set("ADD again", IP_VS_SO_SET_ADD, &tcp, sizeof(tcp));
	set("ADD a mark", IP_VS_SO_SET_ADD, &mark, sizeof(mark));
	set("ADD the mark by another protocol", IP_VS_SO_SET_ADD, &other, sizeof(other));
	set("ADD a mark of no protocol", IP_VS_SO_SET_ADD, &strange, sizeof(strange));
	set("EDIT the mark by another protocol", IP_VS_SO_SET_EDIT, &other, sizeof(other));
	both = with_dest(other, "10.0.2.11", 80, 1);
	set("ADDDEST by another protocol", IP_VS_SO_SET_ADDDEST, &both, sizeof(both));
	both = with_dest(mark, "10.0.2.11", 80, 1);
	set("ADDDEST of the mark", IP_VS_SO_SET_ADDDEST, &both, sizeof(both));
	set("ADDDEST again", IP_VS_SO_SET_ADDDEST, &both, sizeof(both));
	both.dest.weight = -1;
	set("EDITDEST to a negative weight", IP_VS_SO_SET_EDITDEST, &both, sizeof(both));
	both.dest.weight = 5;
	set("EDITDEST", IP_VS_SO_SET_EDITDEST, &both, sizeof(both));
	both = with_dest(tcp, "10.0.2.12", 8080, 2);
	set("ADDDEST", IP_VS_SO_SET_ADDDEST, &both, sizeof(both));
	list_all();
	list_service(IPPROTO_TCP, "10.0.1.100", 80, 0);
	list_service(IPPROTO_UDP, "10.0.1.100", 80, 0);
	list_service(IPPROTO_TCP, "0.0.0.0", 0, 7);
	list_dests(IPPROTO_TCP, "10.0.1.100", 80, 0, 1);
	list_dests(IPPROTO_TCP, "0.0.0.0", 0, 7, 1);
	list_dests(IPPROTO_TCP, "0.0.0.0", 0, 9, 1);
	set("TIMEOUT", IP_VS_SO_SET_TIMEOUT, &timeouts, sizeof(timeouts));
	set("STARTDAEMON nowhere", IP_VS_SO_SET_STARTDAEMON, &nowhere, sizeof(nowhere));
	set("STOPDAEMON", IP_VS_SO_SET_STOPDAEMON, &nowhere, sizeof(nowhere));
	set("ZERO by another protocol", IP_VS_SO_SET_ZERO, &other, sizeof(other));
	set("ZERO", IP_VS_SO_SET_ZERO, &mark, sizeof(mark));
	strcpy(mark.sched_name, "nonesuch");
	set("EDIT to an unknown scheduler", IP_VS_SO_SET_EDIT, &mark, sizeof(mark));
	memset(mark.sched_name, 'x', sizeof(mark.sched_name));
	set("EDIT to an endless scheduler", IP_VS_SO_SET_EDIT, &mark, sizeof(mark));
	set("DELDEST", IP_VS_SO_SET_DELDEST, &both, sizeof(both));
	set("DEL by another protocol", IP_VS_SO_SET_DEL, &other, sizeof(other));
	list_all();
	set("DEL", IP_VS_SO_SET_DEL, &mark, sizeof(mark));
	set("FLUSH", IP_VS_SO_SET_FLUSH, NULL, 0);
	list_all();
	return 0;
}
