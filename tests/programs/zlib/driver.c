/* zlib for callers with arrays: raw, zlib and gzip streams by `window` as inflateInit2 takes it. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../sample.h"

/* The compressed length, or zlib's negative error. */
int64_t compress_bytes(const uint8_t *from, uint32_t n, uint8_t *to, uint32_t m, int32_t level, int32_t window, int32_t strategy) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    int error = deflateInit2(&stream, level, Z_DEFLATED, window, 8, strategy);
    if (error != Z_OK) return error;
    /* A gzip header names the system, which is not to make a difference: 255 is "unknown" (RFC 1952). */
    gz_header header;
    memset(&header, 0, sizeof header);
    header.os = 255;
    if (window > 15) deflateSetHeader(&stream, &header);
    stream.next_in = (Bytef *)from;
    stream.avail_in = n;
    stream.next_out = to;
    stream.avail_out = m;
    error = deflate(&stream, Z_FINISH);
    uint32_t left = stream.avail_out;
    deflateEnd(&stream);
    if (error == Z_STREAM_END) return (int64_t)m - left;
    return error == Z_OK ? Z_BUF_ERROR : error;
}

/* The decompressed length, or zlib's negative error. */
int64_t decompress_bytes(const uint8_t *from, uint32_t n, uint8_t *to, uint32_t m, int32_t window) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    int error = inflateInit2(&stream, window);
    if (error != Z_OK) return error;
    stream.next_in = (Bytef *)from;
    stream.avail_in = n;
    stream.next_out = to;
    stream.avail_out = m;
    error = inflate(&stream, Z_FINISH);
    uint32_t left = stream.avail_out;
    inflateEnd(&stream);
    if (error == Z_STREAM_END) return (int64_t)m - left;
    return error == Z_OK ? Z_BUF_ERROR : error;
}

/* Compresses `m` bytes of a sample and decompresses them: a digest of the stream, or 0 if they do not come back. */
uint64_t roundtrip(const uint8_t *seed, uint32_t n, uint32_t m, int32_t level, int32_t window, int32_t strategy) {
    uint32_t room = m + m / 100 + 100;
    uint8_t *text = malloc(m + 1), *packed = malloc(room), *back = malloc(m + 1);
    uint64_t hash = 0;
    if (text && packed && back) {
        sample(seed, n, text, m);
        int64_t size = compress_bytes(text, m, packed, room, level, window, strategy);
        if (size > 0 && decompress_bytes(packed, (uint32_t)size, back, m, window) == m && memcmp(text, back, m) == 0)
            hash = digest(digest(0, packed, (size_t)size), &size, sizeof size);
    }
    free(text);
    free(packed);
    free(back);
    return hash;
}
