/* Arrays of every element type, rank, order and mode. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUM(name, type, result)                                                                                        \
    result sum_##name(const type *a, size_t n)                                                                         \
    {                                                                                                                  \
        result sum = 0;                                                                                                \
        for (size_t i = 0; i < n; i++)                                                                                 \
            sum += a[i];                                                                                               \
        return sum;                                                                                                    \
    }
SUM(bool, bool, int64_t)
SUM(i8, int8_t, int64_t)
SUM(i16, int16_t, int64_t)
SUM(i32, int32_t, int64_t)
SUM(i64, int64_t, int64_t)
SUM(u8, uint8_t, uint64_t)
SUM(u16, uint16_t, uint64_t)
SUM(u32, uint32_t, uint64_t)
SUM(u64, uint64_t, uint64_t)
SUM(f32, float, double)
SUM(f64, double, double)

/* c64 and c128 are pairs of their parts. */
double imaginary_c64(const float *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[2 * i + 1];
    return sum;
}
double imaginary_c128(const double *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[2 * i + 1];
    return sum;
}

double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}
void axpy(double alpha, const double *restrict x, double *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}
void copy(const double *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i];
}
double at(const double *a, size_t m, size_t n, size_t i, size_t j) { return a[i * n + j]; }
double at_fortran(const double *a, size_t m, size_t n, size_t i, size_t j) { return a[j * m + i]; }
double strided_sum(const double *a, size_t n, int64_t stride)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[(int64_t)i * stride];
    return sum;
}
double strided_dot(const double *a, const double *b, size_t n, int64_t stride)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[(int64_t)i * stride] * b[(int64_t)i * stride];
    return sum;
}
double padded(const double *a, size_t n, const double *b) { return a[0] + b[2 * n]; }
double prefix(const double *a, int64_t k) { return k ? a[k - 1] : 0.0; }
double apart(const double *a, int64_t k) { return k > 1 ? a[k - 2] : 0.0; }
double three(const double *a) { return a[0] + a[1] + a[2]; }
double weights(const double *a, size_t n, const double *w)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * (w ? w[i] : 1.0);
    return sum;
}
int64_t small(const uint8_t *a, int8_t n) { return n; }
double product(const double *a, uint64_t m, uint64_t n) { return (double)(m + n); }

/* Results through memory. */
void doubled(const double *a, size_t n, double *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = 2 * a[i];
}
double extremes(const double *a, size_t n, double *least, int32_t *where)
{
    double most = a[0];
    *least = a[0];
    *where = 0;
    for (size_t i = 1; i < n; i++) {
        if (a[i] < *least) {
            *least = a[i];
            *where = (int32_t)i;
        }
        most = a[i] > most ? a[i] : most;
    }
    return most;
}
void outer(const double *a, size_t m, const double *b, size_t n, double *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[i * n + j] = a[i] * b[j];
}
void counting(int64_t n, int32_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (int32_t)i;
}
void parts(float *z)
{
    z[0] = 3.0f;
    z[1] = -4.0f;
}
void halve(double *y, size_t n, int64_t s)
{
    for (size_t i = 0; i < n; i++)
        y[(int64_t)i * s] /= 2;
}
