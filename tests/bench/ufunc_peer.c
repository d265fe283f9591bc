/* The loops that an author would write by hand for the benchmark of ufuncs. */
#include <math.h>
#include <stddef.h>

void hypot3_loop(const double *restrict x, const double *restrict y, const double *restrict z, double *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = sqrt(x[i] * x[i] + y[i] * y[i] + z[i] * z[i]);
}

void wave_loop(const double *restrict x, const double *restrict y, double *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (x[i] * x[i] * y[i] + 0.5 * y[i] - x[i]) / (1.0 + y[i] * y[i]);
}

void add_loop(const double *restrict x, const double *restrict y, double *restrict out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = x[i] + y[i];
}
