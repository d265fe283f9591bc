/* PCRE2 for callers with arrays: patterns and subjects are bytes, matches are pairs of offsets. */
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "../sample.h"

/* Every match of `pattern` in `subject` as pairs of offsets, `groups` pairs each, into `found` for as long as there is room. The
 * number of matches, -1000 less the library's error for a pattern that does not compile, or its error of matching. */
int32_t find_all(const uint8_t *pattern, size_t p, const uint8_t *subject, size_t n, uint32_t options, uint32_t groups, int64_t *found,
                 size_t m) {
    int error;
    PCRE2_SIZE place;
    pcre2_code *code = pcre2_compile(pattern, p, options, &error, &place, NULL);
    if (!code) return -1000 - error;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    PCRE2_SIZE at = 0, *ends = pcre2_get_ovector_pointer(data);
    uint32_t flags = 0;
    int32_t count = 0;
    size_t room = 0;
    while (at <= n) {
        int pairs = pcre2_match(code, subject, n, at, flags, data, NULL);
        if (pairs == PCRE2_ERROR_NOMATCH) {
            if (flags == 0) break;
            /* After an empty match: the same place gave nothing else, so one character on. */
            flags = 0;
            at++;
            while ((options & PCRE2_UTF) && at < n && (subject[at] & 0xC0) == 0x80) at++;
            continue;
        }
        if (pairs < 0) {
            count = pairs;
            break;
        }
        for (uint32_t i = 0; i < groups && room + 2 <= m; i++) {
            int set = (int)i < pairs && ends[2 * i] != PCRE2_UNSET;
            found[room++] = set ? (int64_t)ends[2 * i] : -1;
            found[room++] = set ? (int64_t)ends[2 * i + 1] : -1;
        }
        count++;
        at = ends[1];
        flags = ends[0] == ends[1] ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    }
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return count;
}

/* The length of `subject` with every match replaced, or the library's error. */
int64_t replace_all(const uint8_t *pattern, size_t p, const uint8_t *subject, size_t n, const uint8_t *by, size_t b, uint32_t options,
                    uint8_t *to, size_t m) {
    int error;
    PCRE2_SIZE place, size = m;
    pcre2_code *code = pcre2_compile(pattern, p, options, &error, &place, NULL);
    if (!code) return -1000 - error;
    int count = pcre2_substitute(code, subject, n, 0, PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_EXTENDED, NULL, NULL, by, b, to, &size);
    pcre2_code_free(code);
    return count < 0 ? count : (int64_t)size;
}

/* The text of an error of the library: its length, or a negative error. */
int32_t message(int32_t error, uint8_t *to, size_t m) {
    return pcre2_get_error_message(error, to, m);
}

static const struct {
    const char *pattern;
    uint32_t options;
} PATTERNS[] = {
    {"\\b(\\w)(\\w*)\\b", 0},
    {"(?i)VECTOR|Matrix|kern(el)?", 0},
    {"(?<number>[-+]?(?:0x[0-9a-f]+|\\d+(?:\\.\\d+)?(?:e[-+]?\\d+)?))", PCRE2_CASELESS},
    {"(.)\\1{3,}", PCRE2_DOTALL},
    {"^.*$", PCRE2_MULTILINE},
    {"(?<=the )\\w+(?! of)", 0},
    {"\\{(?:[^{}]|(?R))*\\}", 0},
    {"(a|b|ab)*?c|(?>\\s+)[mn]", 0},
    {"[^[:alnum:][:space:]]{2,}?", 0},
    {"(?=(\\w{5}))\\w", 0},
    {"\\p{Lu}\\p{Ll}+|\\p{N}+|\\X", PCRE2_UTF | PCRE2_UCP},
    {"(?(?=\\d)\\d+|[a-z]{2})(?C1)", 0},
    {"(*MARK:a)x|(*SKIP)(*FAIL)|z*", 0},
    {"(", 0},
    {"a{2,1}", 0},
};

/* Runs every pattern of the table over a sample of `m` bytes by both of the library's matchers: a digest of what they find. */
uint64_t matches(const uint8_t *seed, size_t n, size_t m) {
    uint8_t *text = malloc(m + 1);
    int64_t *found = malloc((m + 1) * 8 * sizeof *found);
    uint64_t hash = 0;
    if (text && found) {
        sample(seed, n, text, m);
        for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
            const uint8_t *pattern = (const uint8_t *)PATTERNS[i].pattern;
            size_t p = strlen(PATTERNS[i].pattern);
            if (PATTERNS[i].options & PCRE2_UTF)
                for (size_t at = 0; at < m; at++) text[at] &= 0x7F;
            memset(found, 0, (m + 1) * 8 * sizeof *found);
            int32_t count = find_all(pattern, p, text, m, PATTERNS[i].options, 3, found, (m + 1) * 8);
            hash = digest(digest(hash, &count, sizeof count), found, (m + 1) * 8 * sizeof *found);
            int error, space[1000];
            PCRE2_SIZE place;
            pcre2_code *code = pcre2_compile(pattern, p, PATTERNS[i].options, &error, &place, NULL);
            if (code) {
                pcre2_match_data *data = pcre2_match_data_create(8, NULL);
                count = pcre2_dfa_match(code, text, m, 0, 0, data, NULL, space, 1000);
                hash = digest(hash, &count, sizeof count);
                for (int32_t j = 0; j < count; j++) {
                    int64_t end = (int64_t)pcre2_get_ovector_pointer(data)[2 * j + 1];
                    hash = digest(hash, &end, sizeof end);
                }
                pcre2_match_data_free(data);
                pcre2_code_free(code);
            }
        }
    }
    free(text);
    free(found);
    return hash;
}
