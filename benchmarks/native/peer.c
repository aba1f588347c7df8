#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static unsigned char received[1 << 18];

uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void fail(const char *problem)
{
    if (errno)
        perror(problem);
    else
        fprintf(stderr, "%s\n", problem);
    exit(1);
}

static void want(struct peer *peer, const struct target *target, unsigned interest)
{
    if (peer->interest == interest)
        return;
    struct epoll_event event = {.events = interest, .data.ptr = peer};
    if (epoll_ctl(target->epoll, peer->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, peer->descriptor, &event) < 0)
        fail("epoll_ctl");
    peer->interest = interest;
}

void peer_begin(struct peer *peer, const struct target *target)
{
    memset(peer, 0, offsetof(struct peer, reply));
    memset(&peer->counter, 0, sizeof peer->counter);
    peer->replied = 0;
    peer->awaited = 0;
    peer->begun = now();
    peer->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (peer->descriptor < 0)
        fail("socket");
    int yes = 1;
    setsockopt(peer->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(target->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(peer->descriptor, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("connect");
    peer->stage = CONNECTING;
    want(peer, target, EPOLLOUT);
}

void peer_end(struct peer *peer)
{
    if (peer->session)
        tls_close(peer->session);
    close(peer->descriptor);
    peer->session = NULL;
    peer->interest = 0;
    peer->stage = ABSENT;
}

static ssize_t take(struct peer *peer, void *data, size_t size)
{
    return peer->session ? tls_read(peer->session, data, size) : recv(peer->descriptor, data, size, 0);
}

/* Send as much as goes.  Returns 0 when the connection is gone. */
static int flush(struct peer *peer, const struct target *target)
{
    while (peer->left || peer->counter.owesPong) {
        if (peer->left == 0) {
            peer->left = counter_pong(&peer->counter, peer->pong);
            peer->out = peer->pong;
        }
        ssize_t sent = peer->session ? tls_write(peer->session, peer->out, peer->left)
                                     : send(peer->descriptor, peer->out, peer->left, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN)
                return 0;
            want(peer, target, EPOLLIN | EPOLLOUT);
            return 1;
        }
        peer->out += sent;
        peer->left -= (size_t)sent;
    }
    want(peer, target, EPOLLIN);
    return 1;
}

void peer_send(struct peer *peer, const struct target *target, const struct blob *blob)
{
    /* A pong that is half sent is shorter than any socket's room, so that this does not happen. */
    if (peer->left) {
        errno = 0;
        fail("a connection is to send although it does");
    }
    peer->out = blob->data;
    peer->left = blob->size;
    flush(peer, target);                        /* where it is gone, the next event says so */
}

static void upgraded(struct peer *peer, size_t size)
{
    static const char wanted[] = "HTTP/1.1 101 ";
    memcpy(peer->reply + peer->replied, received, size);
    peer->replied += size;
    char *end = memmem(peer->reply, peer->replied, "\r\n\r\n", 4);
    if (end == NULL) {
        errno = 0;
        if (peer->replied == REPLY_LIMIT)
            fail("the answer to the upgrade is too long");
        return;
    }
    if (memcmp(peer->reply, wanted, sizeof wanted - 1) != 0) {
        fprintf(stderr, "refused: %.*s\n", (int)(end - peer->reply), peer->reply);
        exit(1);
    }
    peer->stage = OPEN;
    end += 4;
    counter_take(&peer->counter, (unsigned char *)end, (size_t)(peer->reply + peer->replied - end));
}

/* Read what is there.  Returns 0 when the connection is gone. */
static int drain(struct peer *peer)
{
    for (;;) {
        size_t room = peer->stage == UPGRADING ? REPLY_LIMIT - peer->replied : sizeof received;
        ssize_t size = take(peer, received, room);
        if (size < 0)
            return errno == EAGAIN;
        if (size == 0)
            return 0;
        if (peer->stage == UPGRADING)
            upgraded(peer, (size_t)size);
        else
            counter_take(&peer->counter, received, (size_t)size);
        if (peer->session == NULL)
            return 1;                           /* epoll(7) tells of what else there is; it does not know of TLS' records */
    }
}

static void connected(struct peer *peer, const struct target *target)
{
    socklen_t size = sizeof(int);
    int error = 0;
    getsockopt(peer->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        errno = error;
        fail("connect");
    }
    peer->stage = UPGRADING;
    if (target->isSecure) {
        peer->session = tls_open(peer->descriptor);
        peer->stage = SECURING;
        want(peer, target, EPOLLIN);
    }
    peer->out = target->request.data;
    peer->left = target->request.size;
}

int peer_step(struct peer *peer, const struct target *target, unsigned events)
{
    if (peer->stage == CONNECTING)
        connected(peer, target);
    if (peer->stage == SECURING) {
        if (tls_connect(peer->session) < 0) {
            if (errno != EAGAIN)
                fail("TLS");
            return 1;
        }
        peer->stage = UPGRADING;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR) || peer->session) && !drain(peer))
        return 0;
    return peer->left || peer->counter.owesPong ? flush(peer, target) : 1;
}
