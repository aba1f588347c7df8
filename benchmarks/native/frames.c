#include "frames.h"

#include <string.h>

/* How many bytes the header has, as far as its first two tell. */
static size_t header_size(const unsigned char *header)
{
    unsigned length = header[1] & 0x7f;
    size_t size = length == 127 ? 10 : length == 126 ? 4 : 2;
    return header[1] & 0x80 ? size + 4 : size;
}

static uint64_t payload_length(const unsigned char *header)
{
    unsigned length = header[1] & 0x7f;
    unsigned bytes = length == 127 ? 8 : length == 126 ? 2 : 0;
    uint64_t value = bytes ? 0 : length;
    for (unsigned index = 0; index < bytes; index++)
        value = value << 8 | header[2 + index];
    return value;
}

static void ended(struct counter *counter)
{
    unsigned opcode = counter->header[0] & 0x0f;
    if (opcode < 8) {
        counter->payload += counter->length;
        counter->messages += counter->header[0] >> 7;   /* the last frame of its message */
    } else if (opcode == 8) {
        counter->isClosing = 1;
    } else if (opcode == 9) {
        counter->pings++;
        counter->owesPong = 1;
        counter->pinged = (unsigned)counter->length;
    }
    counter->have = 0;
}

void counter_take(struct counter *counter, const unsigned char *data, size_t size)
{
    const unsigned char *end = data + size;
    while (data < end) {
        if (counter->have < 2 || counter->have < header_size(counter->header)) {
            counter->header[counter->have++] = *data++;
            if (counter->have < 2 || counter->have < header_size(counter->header))
                continue;
            counter->left = counter->length = payload_length(counter->header);
        } else {
            size_t some = (size_t)(end - data) < counter->left ? (size_t)(end - data) : (size_t)counter->left;
            if (counter->header[0] == 0x89 && counter->length <= CONTROL_LIMIT)
                memcpy(counter->control + (counter->length - counter->left), data, some);
            data += some;
            counter->left -= some;
        }
        if (counter->left == 0)
            ended(counter);
    }
}

size_t counter_pong(struct counter *counter, unsigned char *pong)
{
    size_t size = counter->pinged <= CONTROL_LIMIT ? counter->pinged : 0;
    pong[0] = 0x8a;
    pong[1] = (unsigned char)(0x80 | size);
    memset(pong + 2, 0, 4);                     /* this key changes nothing */
    memcpy(pong + 6, counter->control, size);
    counter->owesPong = 0;
    return 6 + size;
}
