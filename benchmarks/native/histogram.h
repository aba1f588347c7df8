/*
 * Times, counted in steps of at most 1.6 per cent: their percentiles without keeping each.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { STEPS = 64, POWERS = 40 };               /* 64 steps between a power of two and the next */

struct histogram {
    uint64_t counts[POWERS * STEPS];
    uint64_t total;
    uint64_t largest;                           /* nanoseconds */
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);

/* The time, in nanoseconds, within which this share of all was done; 0 where there were none. */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
