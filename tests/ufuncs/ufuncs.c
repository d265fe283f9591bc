/* Functions that become ufuncs: of numbers and of arrays, of several types, with several outputs. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double hypot3(double x, double y, double z) { return sqrt(x * x + y * y + z * z); }

double wave(double x, double y) { return (x * x * y + 0.5 * y - x) / (1.0 + y * y); }

int64_t add_i64(int64_t x, int64_t y) { return (int64_t)((uint64_t)x + (uint64_t)y); }
float add_f32(float x, float y) { return x + y; }
double add_f64(double x, double y) { return x + y; }

uint8_t lower_u8(uint8_t x, uint8_t y) { return x < y ? x : y; }
int32_t lower_i32(int32_t x, int32_t y) { return x < y ? x : y; }

bool differ(bool a, bool b) { return a != b; }

int8_t negate(int8_t x) { return (int8_t)-x; }

/* A vectorised loop computes the quotient for every element. */
double reciprocal(double x) { return x != 0.0 ? 1.0 / x : 0.0; }

void polar(double x, double y, double *radius, double *difference) {
    *radius = sqrt(x * x + y * y);
    *difference = x - y;
}

/* One complex number for two real ones. */
void join(double re, double im, double *whole) {
    whole[0] = re;
    whole[1] = im;
}

/* Long enough that it is not inlined into every version of its loop. */
int64_t collatz(int64_t n) {
    int64_t steps = 0;
    while (n > 1) {
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
        steps++;
    }
    return steps;
}

double inner(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Writes results before it has read all, so it must never see its output as an input. */
void product(const double *a, const double *b, int32_t m, int32_t k, int32_t n, double *c) {
    for (int32_t i = 0; i < m; i++) {
        for (int32_t j = 0; j < n; j++) {
            c[i * n + j] = 0.0;
            for (int32_t l = 0; l < k; l++) c[i * n + j] += a[i * k + l] * b[l * n + j];
        }
    }
}

void cross(const float *a, const float *b, float *c) {
    c[0] = a[1] * b[2] - a[2] * b[1];
    c[1] = a[2] * b[0] - a[0] * b[2];
    c[2] = a[0] * b[1] - a[1] * b[0];
}

double scaled_sum(double scale, const double *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return scale * sum;
}
