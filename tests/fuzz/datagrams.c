// SPDX-License-Identifier: MIT OR GPL-2.0
//
// Malformed datagrams of synchronisation, half of them real ones that were changed, for a group.
//
// usage: datagrams COUNT SEED RECORDING ADDRESS [PORT]
//
// The recording has datagrams, each behind its length as two bytes, the higher one first. They are
// sent by the device with the address, to 224.0.0.81 and the port. The same seed makes the same.
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 2000, SEEDS = 4096, TRAILER = 56, BATCH = 256 };

struct datagram {
	size_t len;
	uint8_t data[MOST];
};

static struct datagram seeds[SEEDS];
static size_t seed_count;
static uint64_t state;

static uint32_t any(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (uint32_t)(state >> 16) % below : 0;
}

static void read_seeds(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t head[2];

	if (!file)
		err(1, "%s", path);
	while (seed_count < SEEDS && fread(head, 1, 2, file) == 2) {
		struct datagram *seed = &seeds[seed_count];

		seed->len = head[0] << 8 | head[1];
		if (seed->len > MOST)
			errx(1, "%s: %zu bytes", path, seed->len);
		if (fread(seed->data, 1, seed->len, file) != seed->len)
			errx(1, "%s: cut", path);
		seed_count += seed->len >= 8;
	}
	fclose(file);
	if (!seed_count)
		errx(1, "%s: nothing in it", path);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void mutate(struct datagram *one)
{
	static const uint16_t worst[] = { 0, 1, 3, 4, 7, 8, 35, 36, 37, 71, 72, 255, 256, 0xfff, 0x7fff, 0x8000, 0xffff };
	size_t at = any(one->len), rest;

	switch (any(8)) {
	case 0:
	case 1:
		one->data[at] ^= 1 << any(8);
		break;
	case 2:
		one->data[at] = any(256);
		break;
	case 3:
		if (one->len >= 2)
			put16(&one->data[at - (at + 1 == one->len)], worst[any(sizeof(worst) / sizeof(*worst))]);
		break;
	case 4:
		one->len = 1 + at;
		break;
	case 5:
		rest = any(MOST - one->len + 1);
		memset(&one->data[one->len], any(256), rest);
		one->len += rest;
		break;
	case 6: {
		// A part of another one.
		const struct datagram *other = &seeds[any(seed_count)];
		size_t from = any(other->len), count = any(other->len - from + 1);

		if (count > MOST - at)
			count = MOST - at;
		memcpy(&one->data[at], &other->data[from], count);
		if (at + count > one->len)
			one->len = at + count;
		break;
	}
	case 7:
		// Those of the trailer, near its numbers.
		if (one->len > TRAILER)
			one->data[one->len - TRAILER + 4 + any(36)] = any(4) ? any(3) : any(256);
		break;
	}
}

static void invent(struct datagram *one)
{
	one->len = 8 + any(any(4) ? 200 : MOST - 8);
	for (size_t i = 0; i < one->len; i++)
		one->data[i] = any(3) ? any(256) : 0;
	switch (any(3)) {
	case 0:
		// Version 1.
		one->data[0] = 0;
		one->data[5] = 1;
		one->data[6] = one->data[7] = 0;
		for (size_t at = 8; at + 36 <= one->len; at += 36 + 36 * (one->data[at] & 1)) {
			one->data[at] = any(8) ? any(2) : any(256);
			put16(&one->data[at + 2], any(8) ? 36 + 36 * (one->data[at] & 1) + any(3) * any(40) : any(65536));
		}
		break;
	case 1:
		// A signal.
		one->data[0] = 0;
		one->data[4] = any(7);
		one->data[5] = 0x4c;
		one->data[6] = one->data[7] = 0;
		break;
	}
	if (any(2) && one->len >= 8 + TRAILER) {
		uint8_t *trailer = &one->data[one->len - TRAILER];

		memcpy(trailer, "LVS1", 4);
		trailer[4] = any(5);
		trailer[5] = 0;
		put16(&trailer[6], any(3));
		memset(&trailer[8], 0, 32);
		trailer[15] = 1 + any(20);
		put16(&trailer[22], any(2000));
		put16(&trailer[30], any(4) ? 0 : any(2000));
		put16(&trailer[38], any(2000));
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct in_addr from;
	uint64_t count;
	int out;

	if (argc < 5)
		errx(2, "usage: datagrams COUNT SEED RECORDING ADDRESS [PORT]");
	count = strtoull(argv[1], NULL, 0);
	state = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15u | 1;
	read_seeds(argv[3]);
	if (!inet_aton(argv[4], &from))
		errx(2, "%s is no address", argv[4]);
	inet_aton("224.0.0.81", &to.sin_addr);
	to.sin_port = htons(argc > 5 ? atoi(argv[5]) : 8848);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	if (out < 0 || setsockopt(out, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof(from)))
		err(1, "socket");
	for (uint64_t i = 0; i < count; i++) {
		struct datagram one;

		if (i & 1) {
			one = seeds[any(seed_count)];
			for (uint32_t changes = 1 + any(6); changes; changes--)
				mutate(&one);
		} else {
			invent(&one);
		}
		// Most get beyond the first check.
		if (one.len >= 4 && any(16)) {
			one.data[1] = 7;
			put16(&one.data[2], one.len);
		}
		if (sendto(out, one.data, one.len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			err(1, "sending");
		// What a receiver's socket holds.
		if (i % BATCH == BATCH - 1)
			usleep(1000);
	}
	return 0;
}
