/* Each scalar type, given back as it came, and the ways to pass arguments. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAME(name, type)                                                                                               \
    type same_##name(type x) { return x; }
SAME(bool, bool)
SAME(i8, int8_t)
SAME(i16, int16_t)
SAME(i32, int32_t)
SAME(i64, int64_t)
SAME(u8, uint8_t)
SAME(u16, uint16_t)
SAME(u32, uint32_t)
SAME(u64, uint64_t)
SAME(usize, size_t)
SAME(long, long)
SAME(ulong, unsigned long)
SAME(f32, float)
SAME(f64, double)

void nothing(void) {}
int64_t weighted(int8_t a, uint16_t b, int32_t c, uint64_t d) { return a + 10 * b + 100 * (int64_t)c + 1000 * (int64_t)d; }
double mixed(double x, int32_t k, float y, bool negate) { return (x * k + y) * (negate ? -1.0 : 1.0); }
double defaults(double a, double b, int64_t c, bool d, float e) { return d ? a + b + (double)c + e : -1.0; }
double add(double a, double b) { return a + b; }
double infinite(double a, double b) { return a + b; }
double eight(double a, double b, double c, double d, double e, double f, double g, double h)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}
int32_t check(int32_t code) { return code; }
const char *next_address(const char *p) { return p ? p + 1 : p; }
int64_t twice_i64(int64_t x) { return 2 * x; }
double twice_f64(double x) { return 2 * x; }
double twice_array(const double *x, size_t n) { return n ? 2 * x[0] : 0; }
