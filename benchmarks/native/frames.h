/*
 * Reading of frames as far as a load generator needs it: how many messages came, how large they were, and what a ping
 * wants back.  RFC 6455, section 5.2.  Nothing is checked but what the counting needs: the servers are not on trial here.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum { CONTROL_LIMIT = 125, PONG_SIZE = 2 + 4 + CONTROL_LIMIT };

struct counter {
    unsigned char header[14];                   /* of the frame that has begun */
    unsigned char control[CONTROL_LIMIT];       /* what a ping says */
    unsigned char have;                         /* bytes of the header */
    uint64_t left;                              /* bytes of the payload that are to come, once the header is whole */
    uint64_t length;                            /* bytes of the payload in all */
    uint64_t messages;                          /* whole ones */
    uint64_t payload;                           /* bytes of text and binary frames */
    uint64_t pings;
    int isClosing;                              /* a close frame came */
    int owesPong;                               /* the last ping is not answered yet; control, length hold it */
    unsigned pinged;                            /* bytes of the ping's payload */
};

/* Take what came. */
void counter_take(struct counter *counter, const unsigned char *data, size_t size);

/* Write the answer to the last ping, at most PONG_SIZE bytes, and owe no more.  Returns its length. */
size_t counter_pong(struct counter *counter, unsigned char *pong);

#endif
