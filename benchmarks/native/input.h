/*
 * Standard input, without a buffer of its own: epoll(7) has to see what is left.
 */
#ifndef INPUT_H
#define INPUT_H

#include "peer.h"

/* Ends the process where whoever began us is gone.  What is returned is there until the next call. */
const char *read_line(void);

/* A line "SIZE MESSAGES" and the bytes. */
struct blob read_blob(void);

#endif
