/* yyjson for callers with arrays. */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "../sample.h"

/* Parses and writes again: the length written, the negative of the library's error code where it does not parse, or -100 where it
 * does not fit. `code` is yyjson_read_flag, `form` yyjson_write_flag. */
int64_t rewrite(const uint8_t *text, size_t n, uint32_t code, uint32_t form, uint8_t *to, size_t m) {
    yyjson_read_err error;
    yyjson_doc *document = yyjson_read_opts((char *)text, n, code, NULL, &error);
    if (!document) return -(int64_t)error.code;
    size_t size = 0;
    char *written = yyjson_write_opts(document, form, NULL, &size, NULL);
    yyjson_doc_free(document);
    if (!written) return -99;
    if (size <= m) memcpy(to, written, size);
    free(written);
    return size <= m ? (int64_t)size : -100;
}

/* The sum of the array of numbers that a JSON pointer leads to, and its length; -1 for none. */
int64_t sum(const uint8_t *text, size_t n, const uint8_t *pointer, size_t p, double *total) {
    yyjson_doc *document = yyjson_read((const char *)text, n, 0);
    yyjson_val *array = yyjson_doc_ptr_getn(document, (const char *)pointer, p), *number;
    int64_t count = -1;
    if (yyjson_is_arr(array)) {
        size_t index, max;
        total[0] = 0;
        yyjson_arr_foreach(array, index, max, number) total[0] += yyjson_get_num(number);
        count = (int64_t)yyjson_arr_size(array);
    }
    yyjson_doc_free(document);
    return count;
}

static yyjson_mut_val *value(yyjson_mut_doc *document, const uint8_t *seed, size_t n, size_t *at, int depth) {
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | (n ? seed[(*at)++ % n] : 0);
    double real;
    memcpy(&real, &bits, sizeof real);
    switch (bits % 8 < 6 || depth < 6 ? (bits >> 3) % 8 : 1) {
    case 0: return yyjson_mut_bool(document, bits >> 63);
    case 1: return yyjson_mut_sint(document, (int64_t)bits >> (bits >> 6) % 60);
    case 2: return yyjson_mut_real(document, real - real == 0 ? real : 0.5);
    case 3: return yyjson_mut_real(document, (double)(int32_t)bits / 1000);
    case 4: return yyjson_mut_strcpy(document, SAMPLE_WORDS[bits >> 59]);
    default: break;
    }
    int keyed = (bits >> 3) % 8 >= 7;
    yyjson_mut_val *parent = keyed ? yyjson_mut_obj(document) : yyjson_mut_arr(document);
    for (uint64_t i = (bits >> 32) % 8 * (depth < 6); i > 0; i--) {
        yyjson_mut_val *child = value(document, seed, n, at, depth + 1);
        if (keyed)
            yyjson_mut_obj_add(parent, yyjson_mut_strcpy(document, SAMPLE_WORDS[(*at + i) % 32]), child);
        else
            yyjson_mut_arr_append(parent, child);
    }
    return parent;
}

/* Makes a document of `count` values from the seed's bytes, writes it, reads it, writes it again: a digest of the text, or 0 where
 * the second text is another one. */
uint64_t roundtrip(const uint8_t *seed, size_t n, uint32_t count, uint32_t form) {
    yyjson_mut_doc *made = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_arr(made);
    yyjson_mut_doc_set_root(made, root);
    size_t at = 0, first, second = 0;
    for (uint32_t i = 0; i < count; i++) yyjson_mut_arr_append(root, value(made, seed, n, &at, 0));
    char *text = yyjson_mut_write(made, form, &first);
    yyjson_doc *document = text ? yyjson_read(text, first, 0) : NULL;
    char *again = document ? yyjson_write(document, form, &second) : NULL;
    uint64_t hash = again && first == second && memcmp(text, again, first) == 0 ? digest(0, text, first) : 0;
    free(text);
    free(again);
    yyjson_doc_free(document);
    yyjson_mut_doc_free(made);
    return hash;
}
