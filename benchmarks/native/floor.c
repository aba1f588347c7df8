/*
 * The floor of the machine: what an echo over WebSocket costs where only the system calls count.
 *
 *     floor PORT
 *
 * One thread, epoll(7).  It unmasks and frames what comes as a server has to, but it is none: the answer to the upgrade
 * is always the one to the key that the load generator sends, so that no browser would take it, UTF-8 is not checked,
 * and a frame goes back as a frame, whether it is a whole message or not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, READ = 1 << 18, SPARE = 1 << 16, LARGEST = 1 << 24 };

static const char upgraded[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct buffer {
    unsigned char *data;
    size_t size, room;
};

struct connection {
    int descriptor, isUpgraded, isClosing;
    unsigned interest;
    struct buffer in, out;
};

static int epoll;
static unsigned char scratch[READ];

static void *enough(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* Make room for so many bytes in all. */
static void reserve(struct buffer *buffer, size_t room)
{
    if (room > buffer->room) {
        buffer->data = enough(realloc(buffer->data, room));
        buffer->room = room;
    }
}

static void append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (buffer->size + size > buffer->room)
        reserve(buffer, (buffer->size + size) * 2);
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

/* Forget the first bytes.  Where nothing is left, what little memory there is goes back; much is needed again. */
static void drop(struct buffer *buffer, size_t size)
{
    buffer->size -= size;
    if (buffer->size) {
        memmove(buffer->data, buffer->data + size, buffer->size);
    } else if (buffer->room < SPARE) {
        free(buffer->data);
        *buffer = (struct buffer){0};
    }
}

static void want(struct connection *connection, unsigned interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    if (connection->interest != interest)
        epoll_ctl(epoll, connection->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->descriptor, &event);
    connection->interest = interest;
}

static void end(struct connection *connection)
{
    close(connection->descriptor);
    free(connection->in.data);
    free(connection->out.data);
    free(connection);
}

/* Send at once what goes, before anything is kept.  Returns 0 when the connection has ended. */
static int transmit(struct connection *connection, const unsigned char *data, size_t size)
{
    ssize_t sent = 0;
    if (connection->out.size == 0 && size) {
        sent = send(connection->descriptor, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return 0;
        if (sent < 0)
            sent = 0;
    }
    if ((size_t)sent < size) {
        append(&connection->out, data + sent, size - (size_t)sent);
        want(connection, EPOLLIN | EPOLLOUT);
    }
    return !connection->isClosing || connection->out.size;
}

static int resume(struct connection *connection)
{
    ssize_t sent = send(connection->descriptor, connection->out.data, connection->out.size, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    drop(&connection->out, (size_t)sent);
    if (connection->out.size == 0)
        want(connection, EPOLLIN);
    return !connection->isClosing || connection->out.size;
}

/* Both may overlap, when the unmasked bytes begin first. */
static void unmask(unsigned char *to, const unsigned char *from, size_t size, const unsigned char *key)
{
    unsigned char twice[8];
    uint64_t wide, mask;
    size_t index = 0;
    memcpy(twice, key, 4);
    memcpy(twice + 4, key, 4);
    memcpy(&mask, twice, 8);
    for (; index + 8 <= size; index += 8) {
        memcpy(&wide, from + index, 8);
        wide ^= mask;
        memcpy(to + index, &wide, 8);
    }
    for (; index < size; index++)
        to[index] = from[index] ^ twice[index & 7];
}

/* The size of the frame's header and of its payload; 0 where the header is not whole. */
static size_t measure(const unsigned char *data, size_t size, uint64_t *payload)
{
    size_t header = 6;
    if (size < 2)
        return 0;
    *payload = data[1] & 0x7f;
    if (*payload == 126)
        header = 8;
    else if (*payload == 127)
        header = 14;
    if (size < header)
        return 0;
    if (header > 6)
        *payload = 0;
    for (size_t index = 2; index < header - 4; index++)
        *payload = *payload << 8 | data[index];
    return header;
}

/*
 * Answer all whole frames, in their own place: an answer is shorter by the key.  Returns how many bytes they were, or -1
 * where one is too large or the connection has ended.
 */
static ssize_t echo(struct connection *connection, unsigned char *data, size_t size)
{
    size_t at = 0, written = 0, header;
    uint64_t payload;
    while ((header = measure(data + at, size - at, &payload)) != 0) {
        if (payload > LARGEST)
            return -1;
        if (size - at < header + payload)
            break;
        connection->isClosing |= (data[at] & 0x0f) == 8;
        data[at + 1] &= 0x7f;
        memmove(data + written, data + at, header - 4);
        written += header - 4;
        unmask(data + written, data + at + header, payload, data + at + header - 4);
        written += payload;
        at += header + payload;
    }
    return written == 0 || transmit(connection, data, written) ? (ssize_t)at : -1;
}

static int upgrade(struct connection *connection)
{
    if (memmem(connection->in.data, connection->in.size, "\r\n\r\n", 4) == NULL)
        return connection->in.size < 8192;
    connection->isUpgraded = 1;
    drop(&connection->in, connection->in.size);
    return transmit(connection, (const unsigned char *)upgraded, sizeof upgraded - 1);
}

/* Mostly: whole frames, where they were read.  What is left is kept.  Returns 0 when the connection has ended. */
static int take_at_once(struct connection *connection)
{
    ssize_t size = recv(connection->descriptor, scratch, sizeof scratch, 0);
    if (size <= 0)
        return size < 0 && errno == EAGAIN;
    ssize_t done = echo(connection, scratch, (size_t)size);
    if (done >= 0)
        append(&connection->in, scratch + done, (size_t)(size - done));
    return done >= 0;
}

/* How large the frame is that has begun, as far as one can tell. */
static size_t begun(const struct connection *connection)
{
    uint64_t payload;
    size_t header = connection->isUpgraded ? measure(connection->in.data, connection->in.size, &payload) : 0;
    return header && payload <= LARGEST ? header + payload : 0;
}

/* Returns 0 when the connection has ended. */
static int take(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (connection->isUpgraded && in->size == 0)
        return take_at_once(connection);
    size_t whole = begun(connection);
    reserve(in, whole > in->size ? whole : in->size + 1024);
    ssize_t size = recv(connection->descriptor, in->data + in->size, in->room - in->size, 0);
    if (size <= 0)
        return size < 0 && errno == EAGAIN;
    in->size += (size_t)size;
    if (!connection->isUpgraded)
        return upgrade(connection);
    if (in->size < whole)
        return 1;
    ssize_t done = echo(connection, in->data, in->size);
    if (done > 0)
        drop(in, (size_t)done);
    return done >= 0;
}

static void accept_all(int listening)
{
    int descriptor, yes = 1;
    while ((descriptor = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = enough(calloc(1, sizeof *connection));
        connection->descriptor = descriptor;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        want(connection, EPOLLIN);
    }
}

int main(int count, char **words)
{
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    if (count != 2) {
        fprintf(stderr, "a port, please\n");
        return 2;
    }
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) < 0 || listen(listening, 1024) < 0) {
        perror("listen");
        return 1;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int index = 0; index < ready; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection == NULL)
                accept_all(listening);
            else if ((events[index].events & EPOLLOUT && !resume(connection)) ||
                     (events[index].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !take(connection)))
                end(connection);
        }
    }
}
