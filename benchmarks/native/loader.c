/*
 * A load generator: see ../loader.py, which compiles it, prepares what it sends and tells it what to do.
 *
 *     loader [--talkers N] [--idlers N] [--mutes N] [--flooders N] [--callers N] [--rate N] [--secure] PORT
 *
 * Talkers send volleys: some messages at once, the next volley when all answers to the last have come.  Idlers answer
 * pings.  Mutes read nothing, ever.  A flooder sends without a pause and reads what comes.  Callers connect, upgrade,
 * close and begin anew, N at a time, --rate of them a second beside what is measured; 0: as fast as they can, when told to.
 *
 * On standard input come the prepared bytes: a line with their number, then for each a line "SIZE MESSAGES" and SIZE bytes:
 * the upgrade request, a close frame, what a flooder sends, and the volleys, which talkers send in turn.  When all are
 * connected a line is written, and after each command one with what came of it.  Commands are lines, too:
 *
 *     echo N         talkers send N messages in all
 *     broadcast N    the first talker sends N messages, and every talker awaits each
 *     call N         N connections are made and closed
 *     hold N         N milliseconds pass
 *
 * Everything runs in one thread, and does nothing for each message but to count it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "histogram.h"
#include "input.h"
#include "peer.h"

enum { EVENTS = 512, OPENING = 64, PATIENCE = 30000 /* milliseconds without any event */ };

enum role { TALKER, IDLER, MUTE, FLOODER, CALLER, ROLES };

static struct target target;
static struct blob farewell, flood, *volleys;
static size_t volleyCount;
static struct peer *crowd[ROLES];
static size_t sizes[ROLES];
static double rate;
static struct histogram times;
static uint64_t busy, lost, calls, callsLeft, due;
static int isToldSo, isOpening;

static struct peer *beyond(enum role role)
{
    return crowd[role] + sizes[role];
}

static enum role role_of(const struct peer *peer)
{
    for (enum role role = 0; role < ROLES; role++)
        if (peer >= crowd[role] && peer < beyond(role))
            return role;
    abort();
}

/* Talkers */

static void shoot(struct peer *peer)
{
    const struct blob *volley = &volleys[peer->next++ % volleyCount];
    peer->volleys--;
    peer->awaited = peer->counter.messages + volley->messages;
    peer->begun = now();
    peer_send(peer, &target, volley);
}

static void talked(struct peer *peer)
{
    if (isOpening || peer->begun == 0 || peer->counter.messages < peer->awaited)
        return;
    histogram_add(&times, now() - peer->begun);
    peer->begun = 0;
    if (peer->volleys)
        shoot(peer);
    else
        busy--;
}

/* Callers */

static void call(struct peer *peer)
{
    callsLeft--;
    peer_begin(peer, &target);
}

static void hung_up(struct peer *peer)
{
    peer_end(peer);
    calls++;
    if (rate == 0)
        histogram_add(&times, now() - peer->begun);
    if (callsLeft)
        call(peer);
}

/* Begin what is due at this rate.  Returns the milliseconds until the next. */
static int call_in_time(void)
{
    if (rate == 0 || isOpening)
        return PATIENCE;
    uint64_t time = now();
    for (struct peer *peer = crowd[CALLER]; peer < beyond(CALLER) && due <= time; peer++)
        if (peer->stage == ABSENT) {
            peer_begin(peer, &target);
            due += (uint64_t)(1e9 / rate);
        }
    if (due <= time)
        due = time;                             /* all are on their way: what is late is not made up for */
    return (int)((due - time) / 1000000) + 1;
}

/* Everybody */

static void gone(struct peer *peer, enum role role)
{
    if (role == CALLER && peer->counter.isClosing) {
        hung_up(peer);
    } else if (role == IDLER && peer->stage == OPEN) {
        lost++;
        peer_end(peer);
    } else {
        errno = 0;
        fail("the server closed a connection");
    }
}

static void stepped(struct peer *peer, unsigned events)
{
    enum role role = role_of(peer);
    int wasOpen = peer->stage == OPEN;
    if (!peer_step(peer, &target, events)) {
        gone(peer, role);
        return;
    }
    if (peer->stage != OPEN)
        return;
    if (!wasOpen && isOpening && role != CALLER)
        busy--;
    if (role == TALKER)
        talked(peer);
    else if (role == CALLER && !wasOpen)
        peer_send(peer, &target, &farewell);
    else if (role == FLOODER && peer->left == 0)
        peer_send(peer, &target, &flood);
    else if (role == MUTE)
        epoll_ctl(target.epoll, EPOLL_CTL_DEL, peer->descriptor, NULL);
}

/* Wait for what happens next, at most so many milliseconds, and deal with it. */
static int pump(int patience)
{
    static struct epoll_event events[EVENTS];
    int pause = call_in_time();
    int count = epoll_wait(target.epoll, events, EVENTS, pause < patience ? pause : patience);
    if (count < 0 && errno != EINTR)
        fail("epoll_wait");
    for (int index = 0; index < count; index++)
        if (events[index].data.ptr == NULL)
            isToldSo = 1;
        else
            stepped(events[index].data.ptr, events[index].events);
    return count;
}

static void pump_while(const uint64_t *waiting)
{
    uint64_t last = now();
    while (*waiting) {
        if (pump(PATIENCE) > 0)
            last = now();
        else if (now() - last > (uint64_t)PATIENCE * 1000000) {
            errno = 0;
            fail("nothing came for half a minute");
        }
    }
}

static void open_role(enum role role)
{
    for (struct peer *peer = crowd[role]; peer < beyond(role); peer++) {
        busy++;
        peer_begin(peer, &target);
        while (busy >= OPENING)
            pump(PATIENCE);
    }
    pump_while(&busy);
}

static void open_all(void)
{
    isOpening = 1;
    open_role(TALKER);
    open_role(IDLER);
    open_role(MUTE);
    open_role(FLOODER);
    isOpening = 0;
    for (struct peer *peer = crowd[TALKER]; peer < beyond(TALKER); peer++) {
        peer->begun = 0;
        peer->next = (size_t)(peer - crowd[TALKER]);    /* those of a mixture do not all send the same at a time */
    }
    due = now();
}

/* Commands */

static void echo(uint64_t messages)
{
    uint64_t ofAll = 0;
    for (size_t index = 0; index < volleyCount; index++)
        ofAll += volleys[index].messages;
    uint64_t each = messages * volleyCount / (ofAll * sizes[TALKER]);
    busy = sizes[TALKER];
    for (struct peer *peer = crowd[TALKER]; peer < beyond(TALKER); peer++) {
        peer->volleys = each ? each : 1;
        shoot(peer);
    }
    pump_while(&busy);
}

static void broadcast(uint64_t messages)
{
    for (uint64_t sent = 0; sent < messages; sent += volleys->messages) {
        busy = sizes[TALKER];
        for (struct peer *peer = crowd[TALKER]; peer < beyond(TALKER); peer++) {
            peer->awaited = peer->counter.messages + volleys->messages;
            peer->begun = now();
            peer->volleys = 0;
        }
        peer_send(crowd[TALKER], &target, volleys);
        pump_while(&busy);
    }
}

static void call_many(uint64_t count)
{
    uint64_t wanted = calls + count;
    callsLeft = count;
    for (struct peer *peer = crowd[CALLER]; peer < beyond(CALLER) && callsLeft; peer++)
        call(peer);
    while (calls < wanted)
        if (pump(PATIENCE) == 0) {
            errno = 0;
            fail("nothing came for half a minute");
        }
}

static void hold(uint64_t milliseconds)
{
    uint64_t end = now() + milliseconds * 1000000, time;
    while ((time = now()) < end)
        pump((int)((end - time) / 1000000) + 1);
}

struct sums {
    uint64_t messages, payload, pings;
};

static struct sums sum(void)
{
    struct sums all = {0, 0, 0};
    for (enum role role = TALKER; role <= IDLER; role++)
        for (struct peer *peer = crowd[role]; peer < beyond(role); peer++) {
            all.messages += peer->counter.messages;
            all.payload += peer->counter.payload;
            all.pings += peer->counter.pings;
        }
    return all;
}

static void obey(const char *line)
{
    static const struct { const char *name; void (*function)(uint64_t); } commands[] = {
        {"echo", echo}, {"broadcast", broadcast}, {"call", call_many}, {"hold", hold}};
    char name[16];
    unsigned long long number;
    int known = 0;
    errno = 0;
    if (sscanf(line, "%15s %llu", name, &number) != 2)
        fail("no command");
    memset(&times, 0, sizeof times);
    struct sums before = sum();
    uint64_t lostBefore = lost, callsBefore = calls, begun = now();
    for (size_t index = 0; index < sizeof commands / sizeof *commands; index++)
        if (strcmp(name, commands[index].name) == 0) {
            commands[index].function(number);
            known = 1;
        }
    if (!known)
        fail("no such command");
    struct sums after = sum();
    printf("{\"messages\": %llu, \"payload\": %llu, \"pings\": %llu, \"lost\": %llu, \"calls\": %llu, \"seconds\": %.6f, "
           "\"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}\n",
           (unsigned long long)(after.messages - before.messages), (unsigned long long)(after.payload - before.payload),
           (unsigned long long)(after.pings - before.pings), (unsigned long long)(lost - lostBefore),
           (unsigned long long)(calls - callsBefore), (double)(now() - begun) / 1e9,
           (double)histogram_at(&times, 0.5) / 1e3, (double)histogram_at(&times, 0.99) / 1e3, (double)times.largest / 1e3);
    fflush(stdout);
}

/* What we are told */

static void read_blobs(void)
{
    volleyCount = strtoul(read_line(), NULL, 10) - 3;
    target.request = read_blob();
    farewell = read_blob();
    flood = read_blob();
    volleys = calloc(volleyCount, sizeof *volleys);
    for (size_t index = 0; index < volleyCount; index++)
        volleys[index] = read_blob();
}

static void read_options(int count, char **words)
{
    static const struct option options[] = {
        {"talkers", required_argument, NULL, TALKER}, {"idlers", required_argument, NULL, IDLER},
        {"mutes", required_argument, NULL, MUTE}, {"flooders", required_argument, NULL, FLOODER}, {"callers", required_argument, NULL, CALLER},
        {"rate", required_argument, NULL, 'r'}, {"secure", no_argument, NULL, 's'}, {0}};
    int option;
    while ((option = getopt_long(count, words, "", options, NULL)) != -1)
        if (option == 'r')
            rate = atof(optarg);
        else if (option == 's')
            target.isSecure = 1;
        else if (option < ROLES)
            sizes[option] = strtoul(optarg, NULL, 10);
        else
            exit(2);
    errno = 0;
    if (optind != count - 1)
        fail("a port, please");
    target.port = (unsigned short)atoi(words[optind]);
    size_t total = 1;
    for (enum role role = 0; role < ROLES; role++)
        total += sizes[role];
    struct peer *all = calloc(total, sizeof *all);
    if (all == NULL)
        fail("calloc");
    for (enum role role = 0; role < ROLES; all += sizes[role++])
        crowd[role] = all;
}

int main(int count, char **words)
{
    read_options(count, words);
    if (target.isSecure)
        tls_begin();
    target.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    read_blobs();
    open_all();
    puts("ready");
    fflush(stdout);
    epoll_ctl(target.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        pump(PATIENCE);
        if (isToldSo) {
            isToldSo = 0;
            obey(read_line());
        }
    }
}
