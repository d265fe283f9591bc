/* Objectives for the solvers. */
double cubic(double x) { return (x * x - 2) * x - 5; }
double rational(double x) { return 1 / (1 + x * x); }
double logistic(double t, double y) { return (1 + 0.1 * t) * y * (1 - y); }
