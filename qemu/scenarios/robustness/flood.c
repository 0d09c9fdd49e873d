// SPDX-License-Identifier: GPL-2.0
//
// A flood of packets from ever new sources, as fast as a packet socket takes them.
//
// usage: flood syn|udp|answered|fragment|crowd COUNT DEVICE MAC PORT [DESTINATIONS]
// To 10.0.1.100, or to so many addresses from 10.64.0.0 on in turn. Sources are 20.0.0.0/11, two
// million addresses; a crowd is UDP of the one client 10.0.1.50, port 5000, and with PORT 0 to all
// ports from 1 on. Of those that are answered every other packet is the answer of the server
// 10.0.2.11. The same COUNT makes the same packets.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BATCH 256
#define SOURCES (1 << 21)

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct {
			struct udphdr udp;
			char data[12];
		};
	};
} __attribute__((packed));

static unsigned int sum(const void *data, size_t len, unsigned int start)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i += 2)
		start += bytes[i] << 8 | bytes[i + 1];
	return start;
}

static unsigned short fold(unsigned int sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void fill(struct frame *f, const char *kind, unsigned long i, int port,
		 unsigned long destinations)
{
	int tcp = !strcmp(kind, "syn"), crowd = !strcmp(kind, "crowd");
	int len = tcp ? sizeof(f->tcp) : sizeof(f->udp) + sizeof(f->data);
	int answered = !strcmp(kind, "answered"), answer = answered && i % 2;
	unsigned int client;

	memset(&f->ip, 0, sizeof(*f) - sizeof(f->eth));
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.ttl = 64;
	f->ip.id = htons(i);
	f->ip.tot_len = htons(sizeof(f->ip) + len);
	f->ip.protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	if (answered)
		i /= 2;
	client = crowd ? inet_addr("10.0.1.50") : htonl(0x14000000 + i % SOURCES);
	f->ip.saddr = answer ? inet_addr("10.0.2.11") : client;
	f->ip.daddr = answer	     ? client
		      : destinations ? htonl(0x0a400000 + i % destinations)
				     : inet_addr("10.0.1.100");
	if (!strcmp(kind, "fragment"))
		f->ip.frag_off = htons(0x2000);
	f->ip.check = fold(sum(&f->ip, sizeof(f->ip), 0));
	if (tcp) {
		f->tcp.source = htons(1024 + i / SOURCES);
		f->tcp.dest = htons(port);
		f->tcp.doff = 5;
		f->tcp.syn = 1;
		f->tcp.check = fold(sum(&f->tcp, len, sum(&f->ip.saddr, 8, IPPROTO_TCP + len)));
	} else {
		f->udp.source = htons(crowd ? 5000 : 1024 + i / SOURCES);
		f->udp.dest = htons(port ? port : 1 + i % 65535);
		f->udp.len = htons(len);
		if (answer) {
			unsigned short source = f->udp.source;

			f->udp.source = f->udp.dest;
			f->udp.dest = source;
		}
	}
}

int main(int argc, char **argv)
{
	static struct frame frames[BATCH];
	static struct iovec vectors[BATCH];
	static struct mmsghdr messages[BATCH];
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	unsigned long count, destinations, sent = 0;
	int fd, on = 1, port, len;

	if (argc < 6) {
		fprintf(stderr, "usage: flood syn|udp|answered|fragment|crowd "
				"COUNT DEVICE MAC PORT [DESTINATIONS]\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 0);
	port = atoi(argv[5]);
	destinations = argc > 6 ? strtoul(argv[6], NULL, 0) : 0;
	len = strcmp(argv[1], "syn") ? 20 : (int)sizeof(struct tcphdr);
	len += sizeof(struct ether_header) + sizeof(struct iphdr);
	to.sll_ifindex = if_nametoindex(argv[3]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex) {
		perror("packet socket");
		return 1;
	}
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	for (int i = 0; i < BATCH; i++) {
		unsigned char *mac = frames[i].eth.ether_dhost;

		sscanf(argv[4], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		       mac + 4, mac + 5);
		frames[i].eth.ether_shost[0] = 2;
		frames[i].eth.ether_type = htons(ETHERTYPE_IP);
		vectors[i] = (struct iovec){&frames[i], len};
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_iov = &vectors[i],
			.msg_iovlen = 1,
		};
	}
	while (sent < count) {
		unsigned int now = count - sent < BATCH ? count - sent : BATCH;
		int done;

		for (unsigned int i = 0; i < now; i++)
			fill(&frames[i], argv[1], sent + i, port, destinations);
		done = sendmmsg(fd, messages, now, 0);
		if (done <= 0)
			continue;
		sent += done;
	}
	return 0;
}
