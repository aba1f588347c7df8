#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void read_exactly(unsigned char *data, size_t size)
{
    while (size) {
        ssize_t some = read(STDIN_FILENO, data, size);
        if (some <= 0)
            exit(0);
        data += some;
        size -= (size_t)some;
    }
}

const char *read_line(void)
{
    static char line[64];
    size_t size = 0;
    do
        read_exactly((unsigned char *)line + size, 1);
    while (line[size] != '\n' && ++size < sizeof line - 1);
    line[size] = 0;
    return line;
}

struct blob read_blob(void)
{
    struct blob blob = {0};
    errno = 0;
    if (sscanf(read_line(), "%zu %u", &blob.size, &blob.messages) != 2)
        fail("no prepared bytes");
    blob.data = malloc(blob.size + 1);
    if (blob.data == NULL)
        fail("malloc");
    read_exactly(blob.data, blob.size);
    return blob;
}
