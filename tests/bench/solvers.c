/* Solvers that take their objective by pointer. */
#include <math.h>

double newton(double (*f)(double), double x) {
    for (int i = 0; i < 50; i++) {
        const double h = 1e-6, y = f(x), next = x - y * h / (f(x + h) - y);
        if (fabs(next - x) < 1e-12)
            return next;
        x = next;
    }
    return x;
}

double midpoint(double (*f)(double), double a, double b, long n) {
#pragma clang fp reassociate(on)
    const double h = (b - a) / n;
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += f(a + (i + 0.5) * h);
    return sum * h;
}

double runge_kutta(double (*f)(double, double), double y, double t, double end, long steps) {
    const double h = (end - t) / steps;
    for (long i = 0; i < steps; i++) {
        const double a = f(t, y), b = f(t + h / 2, y + h / 2 * a), c = f(t + h / 2, y + h / 2 * b), d = f(t + h, y + h * c);
        y += h / 6 * (a + 2 * b + 2 * c + d);
        t += h;
    }
    return y;
}
