/* LZ4 for callers with arrays. Blocks need no driver; frames and streams of blocks do. */
#define LZ4F_STATIC_LINKING_ONLY
#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <stdlib.h>
#include <string.h>

#include "../sample.h"

/* The frame's length, or the negative of the library's error code. */
int64_t compress_frame(const uint8_t *from, size_t n, uint8_t *to, size_t m, int32_t level, int32_t checksum) {
    LZ4F_preferences_t preferences;
    memset(&preferences, 0, sizeof preferences);
    preferences.compressionLevel = level;
    preferences.frameInfo.contentSize = n;
    preferences.frameInfo.contentChecksumFlag = checksum ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
    size_t size = LZ4F_compressFrame(to, m, from, n, &preferences);
    return LZ4F_isError(size) ? -(int64_t)LZ4F_getErrorCode(size) : (int64_t)size;
}

int64_t decompress_frame(const uint8_t *from, size_t n, uint8_t *to, size_t m) {
    LZ4F_dctx *context;
    size_t left = LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
    if (LZ4F_isError(left)) return -(int64_t)LZ4F_getErrorCode(left);
    size_t taken = 0, made = 0;
    for (;;) {
        size_t in = n - taken, out = m - made;
        left = LZ4F_decompress(context, to + made, &out, from + taken, &in, NULL);
        taken += in;
        made += out;
        if (LZ4F_isError(left) || left == 0 || (in == 0 && out == 0)) break;
    }
    LZ4F_freeDecompressionContext(context);
    if (LZ4F_isError(left)) return -(int64_t)LZ4F_getErrorCode(left);
    return left == 0 ? (int64_t)made : -1;
}

/* Packs a sample by level (below 0 fast, 0 plain, above 0 HC) as a block and as a frame and unpacks both: a digest of the packed
 * bytes, or 0 if they do not come back. */
uint64_t roundtrip(const uint8_t *seed, size_t n, int32_t m, int32_t level) {
    int room = LZ4_compressBound(m) + 100;
    char *text = malloc((size_t)m + 1), *packed = malloc((size_t)room), *back = malloc((size_t)m + 1);
    uint64_t hash = 0;
    if (text && packed && back) {
        sample(seed, n, (uint8_t *)text, (size_t)m);
        int size = level > 0    ? LZ4_compress_HC(text, packed, m, room, level)
                   : level == 0 ? LZ4_compress_default(text, packed, m, room)
                                : LZ4_compress_fast(text, packed, m, room, -level);
        if (size > 0 && LZ4_decompress_safe(packed, back, size, m) == m && memcmp(text, back, (size_t)m) == 0)
            hash = digest(0, packed, (size_t)size);
        memset(back, 0, (size_t)m + 1);
        int64_t frame = compress_frame((uint8_t *)text, (size_t)m, (uint8_t *)packed, (size_t)room, level, 1);
        int64_t whole = frame > 0 ? decompress_frame((uint8_t *)packed, (size_t)frame, (uint8_t *)back, (size_t)m) : -1;
        hash = hash && whole == m && memcmp(text, back, (size_t)m) == 0 ? digest(hash, packed, (size_t)frame) : 0;
    }
    free(text);
    free(packed);
    free(back);
    return hash;
}
