/* xxHash for callers with arrays: 128-bit results and streams, which the library passes by value and by address. */
#include <stdlib.h>
#include <xxhash.h>

#include "../sample.h"

void hash128(const uint8_t *data, size_t n, uint64_t seed, uint64_t *to) {
    XXH128_hash_t hash = XXH3_128bits_withSeed(data, n, seed);
    to[0] = hash.low64;
    to[1] = hash.high64;
}

/* All four hashes of `data` fed in pieces of `piece` bytes. */
int32_t streamed(const uint8_t *data, size_t n, size_t piece, uint64_t seed, uint64_t *to) {
    XXH32_state_t *one = XXH32_createState();
    XXH64_state_t *two = XXH64_createState();
    XXH3_state_t *three = XXH3_createState(), *four = XXH3_createState();
    int failed = !one || !two || !three || !four || piece == 0;
    if (!failed) {
        failed |= XXH32_reset(one, (XXH32_hash_t)seed) | XXH64_reset(two, seed);
        failed |= XXH3_64bits_reset_withSeed(three, seed) | XXH3_128bits_reset_withSeed(four, seed);
        for (size_t at = 0; at < n && !failed; at += piece) {
            size_t size = n - at < piece ? n - at : piece;
            failed |= XXH32_update(one, data + at, size) | XXH64_update(two, data + at, size);
            failed |= XXH3_64bits_update(three, data + at, size) | XXH3_128bits_update(four, data + at, size);
        }
        to[0] = XXH32_digest(one);
        to[1] = XXH64_digest(two);
        to[2] = XXH3_64bits_digest(three);
        XXH128_hash_t hash = XXH3_128bits_digest(four);
        to[3] = hash.low64;
        to[4] = hash.high64;
    }
    XXH32_freeState(one);
    XXH64_freeState(two);
    XXH3_freeState(three);
    XXH3_freeState(four);
    return failed;
}

/* The library's self-test hashes each length from 0 up: here one digest of all of them. */
uint64_t every_length(const uint8_t *data, size_t n, uint64_t seed) {
    uint64_t all = 0;
    for (size_t length = 0; length <= n; length++) {
        uint64_t hashes[5] = {XXH32(data, length, (XXH32_hash_t)seed), XXH64(data, length, seed),
                              XXH3_64bits_withSeed(data, length, seed)};
        hash128(data, length, seed, hashes + 3);
        all = digest(all, hashes, sizeof hashes);
    }
    return all;
}
