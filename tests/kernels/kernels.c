/* Twelve numeric kernels: what the demo shows, the tests execute and the benchmarks time. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

double dot(const double *restrict a, const double *restrict b, size_t n) {
    /* Eight sums, since the language forbids the compiler to reorder one. */
    double s[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        s[0] += a[i] * b[i];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

void axpy(double alpha, const double *restrict x, double *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

void matmul(const float *restrict a, const float *restrict b, float *restrict c, size_t m, size_t k, size_t n) {
    for (size_t i = 0; i < m; i++) {
        memset(c + i * n, 0, n * sizeof *c);
        for (size_t p = 0; p < k; p++) {
            const float factor = a[i * k + p];
            for (size_t j = 0; j < n; j++)
                c[i * n + j] += factor * b[p * n + j];
        }
    }
}

void mandelbrot(int32_t *restrict counts, size_t h, size_t w, double x0, double y0, double step, int32_t limit) {
    for (size_t row = 0; row < h; row++)
        for (size_t column = 0; column < w; column++) {
            const double cx = x0 + (double)column * step, cy = y0 + (double)row * step;
            double x = 0, y = 0;
            int32_t count = 0;
            while (count < limit && x * x + y * y <= 4.0) {
                const double next = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = next;
                count++;
            }
            counts[row * w + column] = count;
        }
}

int64_t sieve(uint8_t *restrict prime, size_t n) {
    memset(prime, 1, n);
    for (size_t i = 0; i < n && i < 2; i++)
        prime[i] = 0;
    for (size_t i = 2; i * i < n; i++)
        if (prime[i])
            for (size_t k = i * i; k < n; k += i)
                prime[k] = 0;
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += prime[i];
    return count;
}

void blur(const float *restrict in, float *restrict out, size_t h, size_t w) {
    memcpy(out, in, h * w * sizeof *in);
    for (size_t i = 1; i + 1 < h; i++)
        for (size_t j = 1; j + 1 < w; j++) {
            const float *p = in + i * w + j;
            const float above = p[-(ptrdiff_t)w - 1] + p[-(ptrdiff_t)w] + p[-(ptrdiff_t)w + 1];
            const float below = p[w - 1] + p[w] + p[w + 1];
            out[i * w + j] = (above + (p[-1] + p[0] + p[1]) + below) * (1.0f / 9.0f);
        }
}

void histogram(const uint8_t *restrict values, size_t n, uint32_t *restrict counts) {
    /* Four tables, so that equal neighbours do not wait for each other. */
    uint32_t tables[4][256] = {{0}};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            tables[k][values[i + k]]++;
    for (; i < n; i++)
        tables[0][values[i]]++;
    for (size_t v = 0; v < 256; v++)
        counts[v] = tables[0][v] + tables[1][v] + tables[2][v] + tables[3][v];
}

void polynomial(const double *restrict coefficients, size_t degree1, const double *restrict x, double *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double value = 0;
        for (size_t k = degree1; k-- > 0;)
            value = value * x[i] + coefficients[k];
        y[i] = value;
    }
}

uint64_t popcount(const uint64_t *restrict words, size_t n) {
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += (uint64_t)__builtin_popcountll(words[i]);
    return count;
}

void cumsum(const int64_t *restrict in, int64_t *restrict out, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        out[i] = sum += in[i];
}

void distances(const float *restrict points, size_t n, size_t d, const float *restrict query, float *restrict out) {
    for (size_t i = 0; i < n; i++) {
        float s[8] = {0};
        size_t k = 0;
        for (; k + 8 <= d; k += 8)
            for (size_t l = 0; l < 8; l++) {
                const float delta = points[i * d + k + l] - query[k + l];
                s[l] += delta * delta;
            }
        for (; k < d; k++) {
            const float delta = points[i * d + k] - query[k];
            s[0] += delta * delta;
        }
        out[i] = sqrtf(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
    }
}

void blend(const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out, size_t n, uint8_t alpha) {
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((a[i] * (255 - alpha) + b[i] * alpha + 127) / 255);
}
