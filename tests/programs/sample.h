/* Text that compresses as prose does, made of any bytes: what the drivers feed their libraries when the test matrix gives them
 * nothing but pseudo-random arrays. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stddef.h>
#include <stdint.h>

static const char *const SAMPLE_WORDS[32] = {
    "the ", "of ", "array ", "index ", "3.14159 ", "vector, ", "sum ", "0x7f ", "matrix ", "and ", "kernel ", "is ", "{\"key\": ",
    "a ", "[1, 2, 3]", "\n", "function ", "-42 ", "to ", "stride ", "mean. ", "value ", "1e-9 ", "in ", "column ", "row ",
    "norm ", "gradient ", "true ", "null ", "; ", "offset "};

/* Fills `m` bytes from the `n` of `seed`: mostly words, at times the bytes themselves, runs of one byte, and copies from far back. */
static void sample(const uint8_t *seed, size_t n, uint8_t *to, size_t m) {
    uint64_t state = 0x9e3779b97f4a7c15u;
    size_t done = 0, at = 0;
    while (done < m) {
        uint8_t byte = n ? seed[at++ % n] : 0;
        state = (state ^ byte) * 0xff51afd7ed558ccdu;
        unsigned choice = (unsigned)(state >> 40) & 63;
        if (choice < 48) {
            for (const char *word = SAMPLE_WORDS[choice % 32]; *word && done < m; word++) to[done++] = (uint8_t)*word;
        } else if (choice < 54) {
            to[done++] = byte;
        } else if (choice < 57) {
            for (size_t run = byte % 100; run && done < m; run--) to[done++] = byte;
        } else if (done > 0) {
            size_t back = (size_t)(state >> 16) % done + 1;
            for (size_t run = 4 + byte; run && done < m; run--, done++) to[done] = to[done - back];
        }
    }
}

/* Another number for other bytes: FNV-1a, so that no driver's check depends on the library that it checks. */
static uint64_t digest(uint64_t hash, const void *data, size_t n) {
    const uint8_t *bytes = data;
    if (hash == 0) hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

#endif
