#include "histogram.h"

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
    unsigned power = 0;
    uint64_t rest = nanoseconds;
    while (rest >= 2 * STEPS) {
        rest >>= 1;
        power++;
    }
    /* Below 128 ns a step is one nanosecond; above, rest is 64 to 127. */
    uint64_t index = power ? (power + 1) * STEPS + (rest - STEPS) : rest;
    if (index >= POWERS * STEPS)
        index = POWERS * STEPS - 1;
    histogram->counts[index]++;
    histogram->total++;
    if (nanoseconds > histogram->largest)
        histogram->largest = nanoseconds;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total + 0.5), seen = 0;
    if (wanted < 1)
        wanted = 1;
    for (unsigned index = 0; index < POWERS * STEPS; index++) {
        seen += histogram->counts[index];
        if (seen >= wanted)
            return index < 2 * STEPS ? index : (uint64_t)(STEPS + index % STEPS) << (index / STEPS - 1);
    }
    return 0;
}
