/* What the examples call. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

double bell(double x) { return exp(-x * x / 2) / sqrt(2 * 3.141592653589793); }

double oscillation(double x, void *frequency) { return cos(*(double *)frequency * x); }

double ellipsoid(int32_t n, const double *x)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += (i + 1) * x[i] * x[i];
    return sum;
}

double decay(int32_t n, const double *x, void *rate)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += x[i];
    return exp(-*(double *)rate * sum);
}

double circle(int64_t first, int64_t last, int64_t count)
{
    double sum = 0;
    for (int64_t i = first; i < last; i++) {
        double x = ((double)i + 0.5) / (double)count;
        sum += 4 / (1 + x * x);
    }
    return sum / (double)count;
}

double dot(const double *restrict a, const double *restrict b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

double witch(double x) { return 4 / (1 + x * x); }

double midpoint(double (*f)(double), double a, double b, int64_t n)
{
#pragma clang fp reassociate(on)
    double h = (b - a) / (double)n, sum = 0;
    for (int64_t i = 0; i < n; i++) sum += f(a + ((double)i + 0.5) * h);
    return sum * h;
}
