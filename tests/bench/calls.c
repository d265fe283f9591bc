/* Functions so small that only the call counts. */
void nothing(void) {}

double scale(double x, double y) { return x * y + 1.0; }

double sum8(double a, double b, double c, double d, double e, double f, double g, double h) {
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
}
