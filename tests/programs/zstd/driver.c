/* Zstandard for callers with arrays. */
#define ZSTD_STATIC_LINKING_ONLY
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "../sample.h"

/* Compresses as a stream, fed in pieces, with a checksum, long-distance matching and a dictionary: the length, or the negative of
 * the library's error code. */
int64_t compress_stream(const uint8_t *from, size_t n, uint8_t *to, size_t m, const uint8_t *dictionary, size_t d, int32_t level,
                        size_t piece) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context || piece == 0) return -1;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 18);
    size_t left = ZSTD_CCtx_loadDictionary(context, dictionary, d);
    ZSTD_outBuffer out = {to, m, 0};
    for (size_t at = 0; !ZSTD_isError(left);) {
        size_t size = n - at < piece ? n - at : piece;
        ZSTD_inBuffer in = {from + at, size, 0};
        left = ZSTD_compressStream2(context, &out, &in, at + size == n ? ZSTD_e_end : ZSTD_e_continue);
        at += in.pos;
        if (out.pos == out.size && left != 0 && !ZSTD_isError(left)) left = (size_t)-ZSTD_error_dstSize_tooSmall;
        if (at == n && left == 0) break;
    }
    ZSTD_freeCCtx(context);
    return ZSTD_isError(left) ? -(int64_t)ZSTD_getErrorCode(left) : (int64_t)out.pos;
}

int64_t decompress_dictionary(const uint8_t *from, size_t n, uint8_t *to, size_t m, const uint8_t *dictionary, size_t d) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context) return -1;
    size_t size = ZSTD_decompress_usingDict(context, to, m, from, n, dictionary, d);
    ZSTD_freeDCtx(context);
    return ZSTD_isError(size) ? -(int64_t)ZSTD_getErrorCode(size) : (int64_t)size;
}

/* Packs a sample at once and as a stream, and unpacks both: a digest of the packed bytes, or 0 if they do not come back. */
uint64_t roundtrip(const uint8_t *seed, size_t n, size_t m, int32_t level) {
    size_t room = ZSTD_compressBound(m) + 100;
    uint8_t *text = malloc(m + 1), *packed = malloc(room), *back = malloc(m + 1);
    uint64_t hash = 0;
    if (text && packed && back) {
        sample(seed, n, text, m);
        size_t size = ZSTD_compress(packed, room, text, m, level);
        if (!ZSTD_isError(size) && ZSTD_decompress(back, m, packed, size) == m && memcmp(text, back, m) == 0)
            hash = digest(0, packed, size);
        memset(back, 0, m + 1);
        int64_t stream = compress_stream(text, m, packed, room, text, m / 4, level, 10007);
        int64_t whole = stream > 0 ? decompress_dictionary(packed, (size_t)stream, back, m, text, m / 4) : -1;
        hash = hash && whole == (int64_t)m && memcmp(text, back, m) == 0 ? digest(hash, packed, (size_t)stream) : 0;
    }
    free(text);
    free(packed);
    free(back);
    return hash;
}
