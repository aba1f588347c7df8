/*
 * One connection of the load generator: it connects, asks for the upgrade, and then sends prepared bytes.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <stdint.h>

#include "frames.h"
#include "tls.h"

enum { REPLY_LIMIT = 2048 };

/* Bytes that were prepared, and how many messages they ask for. */
struct blob {
    unsigned char *data;
    size_t size;
    unsigned messages;
};

enum stage {
    ABSENT,                                     /* no socket */
    CONNECTING,
    SECURING,                                   /* TLS shakes hands */
    UPGRADING,                                  /* the request is on its way, or its answer */
    OPEN
};

struct peer {
    int descriptor;
    enum stage stage;
    struct tls *session;                        /* NULL: without TLS */
    const unsigned char *out;                   /* what is not sent yet */
    size_t left;
    unsigned interest;                          /* of epoll(7) */
    char reply[REPLY_LIMIT];                    /* the answer to the request, as far as it came */
    size_t replied;
    unsigned char pong[PONG_SIZE];
    struct counter counter;
    uint64_t awaited;                           /* what counter.messages is when everything asked for has come */
    uint64_t begun;                             /* when the volley or the connection began, in nanoseconds */
    uint64_t volleys;                           /* that it is still to send */
    size_t next;                                /* the volley that it sends next */
};

/* What all peers have in common. */
struct target {
    int epoll;
    unsigned short port;
    int isSecure;
    struct blob request;
};

uint64_t now(void);

/* Say what is wrong, with errno where there is one, and end. */
void fail(const char *problem);

/* Begin to connect. */
void peer_begin(struct peer *peer, const struct target *target);

/* Send what was prepared; what the socket does not take follows when it does. */
void peer_send(struct peer *peer, const struct target *target, const struct blob *blob);

/* Go on after an event of epoll(7).  Returns 0 when the server has closed the connection. */
int peer_step(struct peer *peer, const struct target *target, unsigned events);

void peer_end(struct peer *peer);

#endif
