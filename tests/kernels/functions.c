/* Every function of the runtime symbol list, by address and by name, so that what a runtime provides can be executed everywhere. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The order is that of functions.txt, which calls each of them. */
static double (*const one[])(double) = {
    acos, acosh, asin, asinh, atan, atanh, cbrt, ceil, cos, cosh, erf, erfc, exp, exp2, expm1, fabs, floor, lgamma, log, log10, log1p,
    log2, logb, nearbyint, rint, round, sin, sinh, sqrt, tan, tanh, tgamma, trunc,
};
static float (*const one_single[])(float) = {
    acosf, acoshf, asinf, asinhf, atanf, atanhf, cbrtf, ceilf, cosf, coshf, erff, erfcf, expf, exp2f, expm1f, fabsf, floorf, lgammaf,
    logf, log10f, log1pf, log2f, logbf, nearbyintf, rintf, roundf, sinf, sinhf, sqrtf, tanf, tanhf, tgammaf, truncf,
};
static double (*const two[])(double, double) = {
    atan2, copysign, fdim, fmax, fmin, fmod, hypot, nextafter, pow, remainder,
};
static float (*const two_single[])(float, float) = {
    atan2f, copysignf, fdimf, fmaxf, fminf, fmodf, hypotf, nextafterf, powf, remainderf,
};

void apply_one(size_t which, double scale, double shift, const double *x, double *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = one[which](x[i] * scale + shift);
}

void apply_one_single(size_t which, float scale, float shift, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = one_single[which](x[i] * scale + shift);
}

void apply_two(size_t which, double scale, double shift, const double *x, const double *y, double *z, size_t n) {
    for (size_t i = 0; i < n; i++)
        z[i] = two[which](x[i] * scale + shift, y[i]);
}

void apply_two_single(size_t which, float scale, float shift, const float *x, const float *y, float *z, size_t n) {
    for (size_t i = 0; i < n; i++)
        z[i] = two_single[which](x[i] * scale + shift, y[i]);
}

/* Called by name, which compilers and linkers treat otherwise than by address. */
void by_name(const double *x, double *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = exp(-x[i]) + log1p(x[i]) * pow(x[i], 2.5) - erf(x[i]);
}

void by_name_single(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = expf(-x[i]) + log1pf(x[i]) * powf(x[i], 2.5f) - erff(x[i]);
}

/* What LLVM makes one call of where the system has such a function. */
void sine_and_cosine(const double *x, double *sines, double *cosines, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sines[i] = sin(x[i] * 9);
        cosines[i] = cos(x[i] * 9);
    }
}

void sine_and_cosine_single(const float *x, float *sines, float *cosines, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sines[i] = sinf(x[i] * 9);
        cosines[i] = cosf(x[i] * 9);
    }
}

void fused(const double *x, const double *y, double *z, size_t n) {
    double (*const volatile f)(double, double, double) = fma;
    for (size_t i = 0; i < n; i++)
        z[i] = f(x[i], y[i], -x[i] * y[i]);
}

void fused_single(const float *x, const float *y, float *z, size_t n) {
    float (*const volatile f)(float, float, float) = fmaf;
    for (size_t i = 0; i < n; i++)
        z[i] = f(x[i], y[i], -x[i] * y[i]);
}

/* A number taken apart and put together again, in every way that there is. */
void parts(const double *x, double *y, int64_t *whole, size_t n) {
    double (*const volatile split)(double, int *) = frexp;
    double (*const volatile load)(double, int) = ldexp;
    double (*const volatile scale)(double, int) = scalbn;
    double (*const volatile integral)(double, double *) = modf;
    double (*const volatile quotient)(double, double, int *) = remquo;
    for (size_t i = 0; i < n; i++) {
        int exponent = 0, bits = 0;
        double above = 0;
        const double value = (x[i] - 0.5) * 1e6, mantissa = split(value, &exponent);
        y[i] = load(mantissa, exponent / 2) + scale(mantissa, 3) + integral(value, &above) + quotient(value, 7.25, &bits);
        whole[i] = exponent + (int64_t)above * 8 + (bits & 7) + ilogb(value);
    }
}

void parts_single(const float *x, float *y, int64_t *whole, size_t n) {
    float (*const volatile split)(float, int *) = frexpf;
    float (*const volatile load)(float, int) = ldexpf;
    float (*const volatile scale)(float, int) = scalbnf;
    float (*const volatile integral)(float, float *) = modff;
    float (*const volatile quotient)(float, float, int *) = remquof;
    for (size_t i = 0; i < n; i++) {
        int exponent = 0, bits = 0;
        float above = 0;
        const float value = (x[i] - 0.5f) * 1e4f, mantissa = split(value, &exponent);
        y[i] = load(mantissa, exponent / 2) + scale(mantissa, 3) + integral(value, &above) + quotient(value, 7.25f, &bits);
        whole[i] = exponent + (int64_t)above * 8 + (bits & 7) + ilogbf(value);
    }
}

/* Rounded to integers of each width; `long` is 32 bits wide on Windows. */
void rounded(const double *x, int64_t *y, size_t n) {
    long (*const volatile nearest)(double) = lrint, (*const volatile away)(double) = lround;
    long long (*const volatile wide_nearest)(double) = llrint, (*const volatile wide_away)(double) = llround;
    for (size_t i = 0; i < n; i++) {
        const double value = (x[i] - 0.5) * 1e9;
        y[i] = (int64_t)nearest(value) + 3 * (int64_t)away(value) + 5 * wide_nearest(value * 1e6) + 7 * wide_away(value * 1e6);
    }
}

void rounded_single(const float *x, int64_t *y, size_t n) {
    long (*const volatile nearest)(float) = lrintf, (*const volatile away)(float) = lroundf;
    long long (*const volatile wide_nearest)(float) = llrintf, (*const volatile wide_away)(float) = llroundf;
    for (size_t i = 0; i < n; i++) {
        const float value = (x[i] - 0.5f) * 1e6f;
        y[i] = (int64_t)nearest(value) + 3 * (int64_t)away(value) + 5 * wide_nearest(value * 1e6f) + 7 * wide_away(value * 1e6f);
    }
}

/* Allocation in every form, and bytes moved about in it. Returns a checksum, or -1 if memory is short. */
int64_t memory(const uint8_t *bytes, size_t n) {
    uint8_t *first = malloc(n + 1), *second = calloc(n + 1, 2);
    int64_t sum = -1;
    if (first && second) {
        memcpy(first, bytes, n);
        first[n] = 0;
        memmove(second + 1, first, n);
        memset(second, 'x', n / 2);
        uint8_t *const larger = realloc(second, 4 * n + 4);
        if (larger) {
            second = larger;
            const uint8_t *const found = memchr(first, 'q', n);
            sum = found ? found - first : -2;
            sum = sum * 31 + (memcmp(first, second, n) > 0);
            sum = sum * 31 + (int64_t)strlen((const char *)first);
            sum = sum * 31 + (strcmp((const char *)first, (const char *)second + 1) > 0);
            sum = sum * 31 + (strncmp((const char *)first, (const char *)second, 3) < 0);
            for (size_t i = 0; i <= n; i++)
                sum = sum * 131 + second[i];
        }
    }
    free(first);
    free(second);
    return sum;
}

/* The string functions, over text with no zero byte in it. */
int64_t text(const uint8_t *bytes, size_t n) {
    char *(*const volatile first)(const char *, int) = (char *(*)(const char *, int))strchr;
    char *(*const volatile last)(const char *, int) = (char *(*)(const char *, int))strrchr;
    char *(*const volatile any)(const char *, const char *) = (char *(*)(const char *, const char *))strpbrk;
    char *(*const volatile within)(const char *, const char *) = (char *(*)(const char *, const char *))strstr;
    size_t (*const volatile over)(const char *, const char *) = strspn, (*const volatile until)(const char *, const char *) = strcspn;
    size_t (*const volatile bounded)(const char *, size_t) = strnlen;
    char *(*const volatile copy)(char *, const char *) = strcpy, *(*const volatile append)(char *, const char *) = strcat;
    char *(*const volatile copy_some)(char *, const char *, size_t) = strncpy;
    char *(*const volatile append_some)(char *, const char *, size_t) = strncat;
    char *const one = malloc(n + 1), *const two = malloc(3 * n + 8);
    int64_t sum = -1;
    if (one && two) {
        for (size_t i = 0; i < n; i++)
            one[i] = (char)(bytes[i] | 1);
        one[n] = 0;
        copy(two, one);
        append(two, "xyz");
        append_some(two, one, n / 2);
        sum = (int64_t)bounded(two, 2 * n) * 31 + (int64_t)strlen(two);
        const char *const found[] = {first(two, 'y'), last(two, 'y'), any(two, "qrs"), within(two, "xyz"), within(two, "yy"), first(two, 1000)};
        for (size_t i = 0; i < sizeof found / sizeof *found; i++)
            sum = sum * 31 + (found[i] ? found[i] - two : -1);
        sum = sum * 31 + (int64_t)over(two, "\x01\x03\x05\x07") * 7 + (int64_t)until(two, "xyz");
        copy_some(two, "short", n);
        for (size_t i = 0; i < n; i++)
            sum = sum * 131 + two[i];
    }
    free(one);
    free(two);
    return sum;
}

/* More stack than one page, which Windows wants touched in order. */
int64_t deep(const uint8_t *bytes, size_t n) {
    volatile uint8_t table[100000];
    for (size_t i = 0; i < sizeof table; i++)
        table[i] = bytes[i % n];
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof table; i += 7)
        sum = sum * 3 + table[i];
    return sum;
}

/* What only some systems have, or LLVM puts in place of a loop or a call; elsewhere the same by other means. */
void special(const double *x, double *y, size_t n) {
#ifdef _WIN32
    double *const copy = malloc(n * sizeof *copy);
    double *const pattern = malloc(n * sizeof *pattern);
#else
    double *const copy = aligned_alloc(64, (n * sizeof *copy + 63) & ~(size_t)63);
    void *pattern_memory = NULL;
    double *const pattern = posix_memalign(&pattern_memory, 32, n * sizeof *pattern) ? NULL : pattern_memory;
#endif
    if (copy && pattern) {
        for (size_t i = 0; i < n; i++)
            pattern[i] = 0.1;
        memcpy(copy, x, n * sizeof *copy);
        const int equal = memcmp(copy, x, n * sizeof *copy) == 0;
        for (size_t i = 0; i < n; i++)
            y[i] = __builtin_roundeven(copy[i] * 8 - 4) + __builtin_roundevenf((float)x[i] * 8) + pattern[i] + equal;
    }
    free(copy);
    free(pattern);
}

void powers_of_ten(const double *x, double *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
#ifdef _WIN32
        y[i] = pow(10, x[i]) + powf(10, (float)x[i]);
#else
        y[i] = __builtin_exp10(x[i]) + __builtin_exp10f((float)x[i]);
#endif
    }
}

/* Every processor of each platform has these, and Arm's has no such question. */
int32_t baseline_features(void) {
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse2") != 0;
#else
    return 1;
#endif
}

/* Ends the process for numbers that are not positive. */
double positive(double x) {
    if (!(x > 0))
        abort();
    return sqrt(x);
}
