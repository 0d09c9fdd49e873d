// SPDX-License-Identifier: MIT OR GPL-2.0
//
// Malformed packets for the balancer, by a grammar: most are nearly right, so that they get past
// the first checks and are wrong further in, and half of them are about a few connections that
// therefore exist.
//
// usage: packets MODE SEED COUNT
//   tun  through a tun device: what comes from the network, to virtual addresses and, as replies,
//        through FORWARD
//   vnet as tun, with a virtio header before each packet: large ones have their data in pages, and
//        offload requests lie
//   raw  through a raw socket: LOCAL_OUT
// The device is made by the caller, with the name "fuzz". The same seed makes the same packets.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 65535

static uint64_t state;

static uint32_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint32_t below(uint32_t limit) { return any() % limit; }
static int one_in(uint32_t times) { return below(times) == 0; }

struct packet {
	uint8_t data[ROOM + 1];
	size_t len;
};

static void add(struct packet *p, const void *data, size_t len)
{
	if (len > ROOM - p->len)
		len = ROOM - p->len;
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void add8(struct packet *p, uint8_t v) { add(p, &v, 1); }
static void add16(struct packet *p, uint16_t v) { v = htons(v); add(p, &v, 2); }
static void add32(struct packet *p, uint32_t v) { v = htonl(v); add(p, &v, 4); }

static void noise(struct packet *p, size_t len)
{
	while (len-- && p->len < ROOM)
		add8(p, (uint8_t)any());
}

static void put16(struct packet *p, size_t at, uint16_t v)
{
	if (at + 2 <= p->len) {
		p->data[at] = v >> 8;
		p->data[at + 1] = v & 0xff;
	}
}

static uint32_t sum(const uint8_t *data, size_t len, uint32_t start)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		start += data[i] << 8 | data[i + 1];
	if (len & 1)
		start += data[len - 1] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

// Who talks: addresses and ports of a way through the balancer.
struct way {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

static const uint16_t ports[] = {80, 53, 81, 82, 83, 84, 5060, 90, 6080};

static void host(uint8_t *to, int v6, const char *four, const char *six, uint8_t last)
{
	memset(to, 0, 16);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? six : four, to);
	to[v6 ? 15 : 3] = last;
}

// Half of them: eight clients with eight ports each and the services' ports, in both directions.
static struct way choose_way(int v6)
{
	struct way w;
	int live = one_in(2);
	uint16_t client_port = live ? 1000 + below(8) : any(), port = ports[below(sizeof(ports) / 2)];

	host(w.src, v6, "10.0.9.0", "fd00:9::", live ? 2 + below(8) : below(256));
	host(w.dst, v6, "10.0.1.0", "fd00:1::", 100);
	w.sport = client_port;
	w.dport = live || !one_in(8) ? port : any();
	if (one_in(3)) {
		struct way back = w;

		memcpy(back.dst, w.src, 16);
		if (one_in(3))
			memcpy(back.src, w.dst, 16);
		else
			host(back.src, v6, "10.0.2.0", "fd00:2::", 11 + below(3));
		back.sport = w.dport;
		back.dport = w.sport;
		return back;
	}
	return w;
}

static void build(struct packet *p, int v6, struct way w, int depth);

static void tcp(struct packet *p, struct way w)
{
	static const uint8_t flags[] = {0x02, 0x10, 0x18, 0x11, 0x04, 0x12, 0x14, 0x00, 0xff, 0x29};
	size_t options = one_in(2) ? 0 : 4 * below(11);
	uint8_t words = one_in(16) ? below(16) : 5 + options / 4;

	add16(p, w.sport);
	add16(p, w.dport);
	add32(p, any());
	add32(p, any());
	add8(p, words << 4);
	add8(p, one_in(8) ? any() : flags[below(sizeof(flags))]);
	add16(p, any());
	add32(p, one_in(32) ? any() : 0);
	noise(p, options);
}

static void sip(struct packet *p)
{
	static const char *const lines[] = {"INVITE sip:a@b SIP/2.0\r\n", "Call-ID:", "Call-ID: ", "call-id: x", "\r\n", "i: ",
		"Via: SIP/2.0/UDP h\r\n", "SIP/2.0 200 OK\r\n", "\n", "Call-ID"};

	for (uint32_t n = below(8); n; n--) {
		const char *line = lines[below(sizeof(lines) / sizeof(*lines))];

		add(p, line, strlen(line));
		if (one_in(3))
			noise(p, below(120));
	}
}

static void udp(struct packet *p, struct way w, int v6, int depth)
{
	size_t at = p->len;

	add16(p, w.sport);
	add16(p, w.dport);
	add32(p, 0);
	if (w.dport == 5060)
		sip(p);
	else if (w.dport == 6080 && depth < 3) {
		add8(p, one_in(4) ? any() : 0);
		add8(p, v6 ? 41 : 4);
		add16(p, one_in(4) ? any() : 0);
		build(p, v6, choose_way(v6), depth + 1);
	}
	put16(p, at + 4, one_in(16) ? any() : p->len - at);
}

// Mostly errors about a packet of one of the connections, seen from the other side.
static void icmp(struct packet *p, struct way w, int v6, int depth)
{
	static const uint8_t four[] = {3, 3, 4, 5, 11, 12, 0, 8}, six[] = {1, 2, 2, 3, 4, 128, 129, 135};

	add8(p, one_in(16) ? any() : (v6 ? six : four)[below(8)]);
	add8(p, one_in(4) ? any() : below(5));
	add16(p, 0);
	add32(p, one_in(2) ? any() : below(1600));
	if (depth < 3) {
		struct way inner = w;

		if (one_in(8)) {
			inner = choose_way(v6);
		} else {
			memcpy(inner.src, w.dst, 16);
			memcpy(inner.dst, w.src, 16);
			inner.sport = one_in(2) ? 1000 + below(8) : ports[below(9)];
			inner.dport = one_in(2) ? 1000 + below(8) : ports[below(9)];
		}
		size_t at = p->len;

		build(p, one_in(32) ? !v6 : v6, inner, depth + 1);
		if (one_in(2) && p->len > at + 60)
			p->len = at + (one_in(2) ? 28 : below(60));
	}
}

static void sctp(struct packet *p, struct way w)
{
	add16(p, w.sport);
	add16(p, w.dport);
	add32(p, any());
	add32(p, 0);
	for (uint32_t n = below(4); n; n--) {
		uint16_t len = 4 + below(40);

		add8(p, below(16));
		add8(p, any());
		add16(p, one_in(4) ? any() : len);
		noise(p, len - 4);
	}
}

static void gre(struct packet *p, int v6, int depth)
{
	uint16_t flags = one_in(2) ? 0 : any();

	add16(p, flags);
	add16(p, one_in(8) ? any() : v6 ? 0x86dd : 0x0800);
	noise(p, flags ? 4 * below(4) : 0);
	if (depth < 3)
		build(p, v6, choose_way(v6), depth + 1);
}

static void transport(struct packet *p, struct way w, int v6, uint8_t proto, int depth)
{
	switch (proto) {
	case IPPROTO_TCP: tcp(p, w); break;
	case IPPROTO_UDP: udp(p, w, v6, depth); break;
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: icmp(p, w, v6, depth); return;
	case 132: sctp(p, w); break;
	case IPPROTO_GRE: gre(p, v6, depth); return;
	case IPPROTO_IPIP: case IPPROTO_IPV6:
		if (depth < 3)
			build(p, proto == IPPROTO_IPV6, choose_way(proto == IPPROTO_IPV6), depth + 1);
		return;
	default: noise(p, 8 + below(32)); break;
	}
	noise(p, one_in(64) ? below(9000) : one_in(4) ? below(1400) : below(24));
}

static size_t checksum_at(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP: return 16;
	case IPPROTO_UDP: return 6;
	case IPPROTO_ICMP: case IPPROTO_ICMPV6: return 2;
	default: return 0;
	}
}

static void finish(struct packet *p, size_t l4, uint8_t proto, const struct way *w, int v6)
{
	size_t at = checksum_at(proto), len = p->len - l4, size = v6 ? 16 : 4;
	uint32_t start = 0;

	if (!at || l4 + at + 2 > p->len || one_in(16))
		return;
	if (proto != IPPROTO_ICMP)
		start = sum(w->dst, size, sum(w->src, size, proto + len));
	put16(p, l4 + at, 0);
	put16(p, l4 + at, ~sum(p->data + l4, len, start));
}

static uint8_t choose_protocol(int v6)
{
	static const uint8_t usual[] = {6, 6, 6, 17, 17, 17, 1, 1, 1, 132, 47, 4, 41, 50, 51};
	uint8_t proto = usual[below(sizeof(usual))];

	return one_in(64) ? any() : proto == IPPROTO_ICMP && v6 ? IPPROTO_ICMPV6 : proto;
}

static void build4(struct packet *p, struct way w, int depth)
{
	size_t at = p->len, options = one_in(8) ? 4 * below(11) : 0, l4;
	uint8_t proto = choose_protocol(0);
	uint16_t fragment = one_in(6) ? (one_in(2) ? 0x2000 : 0) | below(one_in(4) ? 8192 : 8) : 0;

	add8(p, 0x40 | (one_in(64) ? below(16) : 5 + options / 4));
	add8(p, any());
	add16(p, 0);
	add16(p, fragment ? below(16) : any());
	add16(p, fragment | (one_in(2) ? 0x4000 & ~fragment : 0));
	add8(p, one_in(16) ? below(3) : 64);
	add8(p, proto);
	add16(p, 0);
	add(p, w.src, 4);
	add(p, w.dst, 4);
	noise(p, options);
	l4 = p->len;
	transport(p, w, 0, proto, depth);
	finish(p, l4, proto, &w, 0);
	put16(p, at + 2, one_in(32) ? any() : p->len - at);
	if (!one_in(64) && l4 <= p->len)
		put16(p, at + 10, ~sum(p->data + at, l4 - at, 0));
}

static void build6(struct packet *p, struct way w, int depth)
{
	static const uint8_t extensions[] = {0, 43, 44, 60, 51};
	size_t at = p->len, l4;
	uint8_t proto = choose_protocol(1), next[4];
	uint32_t count = one_in(4) ? below(4) : 0;

	for (uint32_t i = 0; i < count; i++)
		next[i] = extensions[below(5)];
	next[count] = proto;
	add32(p, 0x60000000 | (any() & 0xfffff));
	add16(p, 0);
	add8(p, next[0]);
	add8(p, one_in(16) ? below(3) : 64);
	add(p, w.src, 16);
	add(p, w.dst, 16);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t words = next[i] == 44 ? 0 : below(3);

		add8(p, next[i + 1]);
		add8(p, one_in(8) ? any() : words);
		if (next[i] == 44) {
			add16(p, (one_in(2) ? below(16) << 3 : 0) | one_in(2));
			add32(p, below(16));
		} else {
			noise(p, 6 + 8 * words);
		}
	}
	l4 = p->len;
	transport(p, w, 1, proto, depth);
	finish(p, l4, proto, &w, 1);
	put16(p, at + 4, one_in(32) ? any() : p->len - at - 40);
}

static void build(struct packet *p, int v6, struct way w, int depth)
{
	if (v6)
		build6(p, w, depth);
	else
		build4(p, w, depth);
}

static void spoil(struct packet *p)
{
	if (one_in(8) && p->len > 1)
		p->len = 1 + below(p->len);
	if (one_in(8))
		for (uint32_t n = 1 + below(4); n && p->len; n--)
			p->data[below(one_in(2) && p->len > 64 ? 64 : p->len)] ^= 1 << below(8);
}

static int open_device(int header)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | (header ? IFF_VNET_HDR : 0)};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strcpy(request.ifr_name, "fuzz");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		perror("tun device");
		exit(1);
	}
	return fd;
}

static struct virtio_net_hdr offload(const struct packet *p)
{
	static const uint8_t kinds[] = {0, 0, 0, VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP,
		VIRTIO_NET_HDR_GSO_UDP_L4};
	struct virtio_net_hdr h = {.hdr_len = one_in(2) ? 40 : below(128)};

	if (one_in(3)) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = one_in(8) ? below(p->len + 1) : p->data[0] >> 4 == 6 ? 40 : 20;
		h.csum_offset = one_in(8) ? below(64) : one_in(2) ? 16 : 6;
		h.gso_type = kinds[below(sizeof(kinds))] | (one_in(16) ? VIRTIO_NET_HDR_GSO_ECN : 0);
		h.gso_size = h.gso_type ? 1 + below(1500) : 0;
	} else if (one_in(3)) {
		h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return h;
}

int main(int argc, char **argv)
{
	static struct packet p;
	static uint8_t out[ROOM + sizeof(struct virtio_net_hdr)], sink[ROOM];
	unsigned long count, accepted = 0;
	int header, raw, fd;

	if (argc != 4) {
		fprintf(stderr, "usage: packets tun|vnet|raw SEED COUNT\n");
		return 2;
	}
	header = !strcmp(argv[1], "vnet");
	raw = !strcmp(argv[1], "raw");
	state = 0x9e3779b97f4a7c15 * (strtoull(argv[2], NULL, 0) + 1);
	count = strtoul(argv[3], NULL, 0);
	fd = raw ? socket(AF_INET, SOCK_RAW, IPPROTO_RAW) : open_device(header);
	if (fd < 0) {
		perror("raw socket");
		return 1;
	}
	for (unsigned long i = 0; i < count; i++) {
		int v6 = !raw && one_in(3);
		ssize_t done;

		p.len = 0;
		build(&p, v6, choose_way(v6), 0);
		spoil(&p);
		if (header && one_in(16))
			noise(&p, below(20000));
		if (raw) {
			struct sockaddr_in to = {.sin_family = AF_INET};

			memcpy(&to.sin_addr, p.data + 16, 4);
			done = sendto(fd, p.data, p.len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to));
		} else {
			size_t before = header ? sizeof(struct virtio_net_hdr) : 0;
			struct virtio_net_hdr h = offload(&p);

			memcpy(out, &h, before);
			memcpy(out + before, p.data, p.len);
			done = write(fd, out, before + p.len);
			// What is sent to clients has to leave the queue.
			while (i % 16 == 0 && read(fd, sink, sizeof(sink)) > 0)
				;
		}
		accepted += done > 0;
	}
	printf("%s: %lu packets, %lu taken by the kernel\n", argv[1], count, accepted);
	return accepted < count / 8;
}
