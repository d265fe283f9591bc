/* Compiler builtins: what LLVM would otherwise call by name where a processor has no instruction for it.
 *
 * builtins.ll is made of this file; a test makes it again and compares (BLESS=1 writes it). The result has no triple, so
 * everything here means the same on all targets: fixed widths, no libc, no type whose ABI differs.
 */
typedef unsigned __int128 u128;
typedef __int128 i128;
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;

static u64 high(u128 x) { return (u64)(x >> 64); }
static u64 low(u128 x) { return (u64)x; }
static u128 join(u64 hi, u64 lo) { return (u128)hi << 64 | lo; }

static u64 bits_of(double x) { u64 bits; __builtin_memcpy(&bits, &x, 8); return bits; }
static double double_of(u64 bits) { double x; __builtin_memcpy(&x, &bits, 8); return x; }
static u32 bits_of_float(float x) { u32 bits; __builtin_memcpy(&bits, &x, 4); return bits; }
static float float_of(u32 bits) { float x; __builtin_memcpy(&x, &bits, 4); return x; }

/* ---- division of 128 bits ---- */

/* (hi, lo) / d for hi < d: a quotient of 64 bits, in two digits of 32 bits (Knuth, volume 2, 4.3.1, algorithm D). */
static u64 divide_words(u64 hi, u64 lo, u64 d, u64 *rest) {
    int shift = __builtin_clzll(d);
    u128 n = join(hi, lo) << shift;
    d <<= shift;
    u64 left = high(n), quotient = 0;
    for (int place = 32; place >= 0; place -= 32) {
        u64 next = (u32)(low(n) >> place);
        u64 guess = left / (d >> 32), over = left % (d >> 32);
        /* The guess from the upper digits is at most two too high. */
        while (guess >> 32 || guess * (u32)d > (over << 32 | next)) {
            guess--;
            over += d >> 32;
            if (over >> 32) break;
        }
        left = (left << 32 | next) - guess * d;
        quotient = quotient << 32 | guess;
    }
    *rest = left >> shift;
    return quotient;
}

static u128 divide(u128 n, u128 d, u128 *rest) {
    if (high(n) == 0 && high(d) == 0) {
        *rest = low(n) % low(d);
        return low(n) / low(d);
    }
    if (n < d) {
        *rest = n;
        return 0;
    }
    u64 r;
    if (high(d) == 0) {
        u64 hi = high(n) / low(d);
        u64 lo = divide_words(high(n) % low(d), low(n), low(d), &r);
        *rest = r;
        return join(hi, lo);
    }
    /* A divisor of more than 64 bits: the quotient from the upper words is at most one too high (Warren, Hacker's
       Delight, 9-5). */
    int shift = __builtin_clzll(high(d));
    u64 q = divide_words(high(n >> 1), low(n >> 1), high(d << shift), &r) >> (63 - shift);
    if (q != 0) q--;
    u128 left = n - q * d;
    if (left >= d) {
        q++;
        left -= d;
    }
    *rest = left;
    return q;
}

static u128 magnitude(i128 x) { return x < 0 ? -(u128)x : (u128)x; }

u128 __pixie_udiv(u128 n, u128 d) { u128 rest; return divide(n, d, &rest); }
u128 __pixie_urem(u128 n, u128 d) { u128 rest; divide(n, d, &rest); return rest; }

u128 __pixie_sdiv(i128 n, i128 d) {
    u128 rest, q = divide(magnitude(n), magnitude(d), &rest);
    return (n < 0) != (d < 0) ? -q : q;
}

u128 __pixie_srem(i128 n, i128 d) {
    u128 rest;
    divide(magnitude(n), magnitude(d), &rest);
    return n < 0 ? -rest : rest;
}

/* ---- floating point and integers of 128 bits ---- */

/* Saturating, NaN to 0: what the saturating intrinsics demand; the plain conversions are undefined out of range. */
u128 __pixie_fptoui(double x) {
    if (!(x >= 1.0)) return 0;
    if (x >= 0x1p128) return ~(u128)0;
    u64 significand = (bits_of(x) & ((1ULL << 52) - 1)) | 1ULL << 52;
    int exponent = (int)(bits_of(x) >> 52) - 1075;
    return exponent < 0 ? significand >> -exponent : (u128)significand << exponent;
}

u128 __pixie_fptosi(double x) {
    u128 top = (u128)1 << 127;
    if (x != x) return 0;
    if (x >= 0x1p127) return top - 1;
    if (x <= -0x1p127) return top;
    return x < 0 ? -__pixie_fptoui(-x) : __pixie_fptoui(x);
}

/* The upper `precision` bits of x > 0, rounded to nearest, ties to even; a carry makes it one bit longer. */
static u64 rounded(u128 x, int precision, int *exponent) {
    int drop = (high(x) ? 128 - __builtin_clzll(high(x)) : 64 - __builtin_clzll(low(x))) - precision;
    *exponent = drop;
    if (drop <= 0) return low(x) << -drop;
    u64 kept = low(x >> drop);
    u128 lost = x & (((u128)1 << drop) - 1), half = (u128)1 << (drop - 1);
    return kept + (lost > half || (lost == half && (kept & 1)));
}

double __pixie_uitofp(u128 x) {
    int exponent;
    if (x == 0) return 0.0;
    /* Adding rather than or-ing lets the carry reach the exponent. */
    u64 significand = rounded(x, 53, &exponent) - (1ULL << 52);
    return double_of(significand + ((u64)(exponent + 1075) << 52));
}

float __pixie_uitofp_float(u128 x) {
    int exponent;
    if (x == 0) return 0.0f;
    u32 significand = (u32)rounded(x, 24, &exponent) - (1U << 23);
    u32 bits = significand + ((u32)(exponent + 150) << 23);
    return float_of(bits);
}

double __pixie_sitofp(i128 x) { return x < 0 ? -__pixie_uitofp(magnitude(x)) : __pixie_uitofp(magnitude(x)); }

float __pixie_sitofp_float(i128 x) {
    return x < 0 ? -__pixie_uitofp_float(magnitude(x)) : __pixie_uitofp_float(magnitude(x));
}

/* ---- integer powers, by squaring ---- */

double __pixie_powi(double x, int n) {
    double power = 1.0;
    for (u32 left = n < 0 ? -(u32)n : (u32)n; left != 0; left >>= 1, x *= x)
        if (left & 1) power *= x;
    return n < 0 ? 1.0 / power : power;
}

float __pixie_powi_float(float x, int n) {
    float power = 1.0f;
    for (u32 left = n < 0 ? -(u32)n : (u32)n; left != 0; left >>= 1, x *= x)
        if (left & 1) power *= x;
    return n < 0 ? 1.0f / power : power;
}

/* ---- complex numbers: C11, annex G.5.1 ---- */

static int is_infinite(double x) { return (bits_of(x) << 1) == 0x7FFULL << 53; }
static int is_finite(double x) { return (bits_of(x) << 1) < 0x7FFULL << 53; }
static double unit(double x) { return __builtin_copysign(is_infinite(x) ? 1.0 : 0.0, x); }
static double no_nan(double x) { return x != x ? __builtin_copysign(0.0, x) : x; }

void __pixie_mul_complex(double a, double b, double c, double d, double *out) {
    double ac = a * c, bd = b * d, ad = a * d, bc = b * c;
    out[0] = ac - bd;
    out[1] = ad + bc;
    if (out[0] == out[0] || out[1] == out[1]) return;
    int left = is_infinite(a) || is_infinite(b), right = is_infinite(c) || is_infinite(d);
    int product = is_infinite(ac) || is_infinite(bd) || is_infinite(ad) || is_infinite(bc);
    if (!left && !right && !product) return;
    if (left) a = unit(a), b = unit(b);
    if (right) c = unit(c), d = unit(d);
    a = no_nan(a), b = no_nan(b), c = no_nan(c), d = no_nan(d);
    out[0] = __builtin_inf() * (a * c - b * d);
    out[1] = __builtin_inf() * (a * d + b * c);
}

/* x times 2 to the n, in steps because 2 to the n alone may be out of range. */
static double scaled(double x, int n) {
    for (; n > 1000; n -= 1000) x *= 0x1p1000;
    for (; n < -1000; n += 1000) x *= 0x1p-1000;
    return x * double_of((u64)(n + 1023) << 52);
}

static int exponent_of(double x) {
    u64 bits = bits_of(x) << 1 >> 1;
    int shift = bits >> 52 ? 0 : 54;
    return (int)(bits_of(scaled(double_of(bits), shift)) >> 52) - 1023 - shift;
}

void __pixie_div_complex(double a, double b, double c, double d, double *out) {
    double size_c = __builtin_fabs(c), size_d = __builtin_fabs(d);
    double larger = size_c > size_d || size_d != size_d ? size_c : size_d;
    int shift = 0;
    if (is_finite(larger) && larger > 0) {
        shift = -exponent_of(larger);
        c = scaled(c, shift);
        d = scaled(d, shift);
    }
    double norm = c * c + d * d;
    out[0] = scaled((a * c + b * d) / norm, shift);
    out[1] = scaled((b * c - a * d) / norm, shift);
    if (out[0] == out[0] || out[1] == out[1]) return;
    if (norm == 0 && (a == a || b == b)) {
        out[0] = __builtin_copysign(__builtin_inf(), c) * a;
        out[1] = __builtin_copysign(__builtin_inf(), c) * b;
    } else if ((is_infinite(a) || is_infinite(b)) && is_finite(c) && is_finite(d)) {
        a = unit(a), b = unit(b);
        out[0] = __builtin_inf() * (a * c + b * d);
        out[1] = __builtin_inf() * (b * c - a * d);
    } else if (is_infinite(larger) && is_finite(a) && is_finite(b)) {
        c = unit(c), d = unit(d);
        out[0] = 0.0 * (a * c + b * d);
        out[1] = 0.0 * (b * c - a * d);
    }
}

/* In binary64 neither products nor squares of binary32 overflow or lose bits. */
void __pixie_mul_complex_float(float a, float b, float c, float d, float *out) {
    double wide[2];
    __pixie_mul_complex(a, b, c, d, wide);
    out[0] = (float)wide[0];
    out[1] = (float)wide[1];
}

void __pixie_div_complex_float(float a, float b, float c, float d, float *out) {
    double wide[2];
    __pixie_div_complex(a, b, c, d, wide);
    out[0] = (float)wide[0];
    out[1] = (float)wide[1];
}

/* ---- binary16 and bfloat16, as bits ---- */

float __pixie_half_to_float(u16 half) {
    u32 sign = (u32)(half & 0x8000) << 16, rest = half & 0x7FFF;
    if (rest >= 0x7C00) return float_of(sign | 0x7F800000 | (rest & 0x3FF) << 13 | (rest > 0x7C00 ? 1U << 22 : 0));
    if (rest >= 0x400) return float_of(sign | ((rest << 13) + (112U << 23)));
    /* A subnormal is a small integer times 2 to the -24. */
    return float_of(sign | bits_of_float((float)rest * 0x1p-24f));
}

/* Rounds to nearest, ties to even, in one step. */
u16 __pixie_double_to_half(double x) {
    u16 sign = (u16)(bits_of(x) >> 48 & 0x8000);
    u64 rest = bits_of(x) << 1 >> 1;
    int exponent = (int)(rest >> 52) - 1023;
    if (rest > 0x7FFULL << 52) return sign | 0x7E00 | (u16)(rest >> 42 & 0x1FF);
    if (exponent >= 16) return sign | 0x7C00;
    if (exponent < -25) return sign;
    u64 significand = (rest & ((1ULL << 52) - 1)) | 1ULL << 52;
    int drop = exponent >= -14 ? 42 : 28 - exponent;
    u64 kept = significand >> drop, lost = significand & ((1ULL << drop) - 1), half = 1ULL << (drop - 1);
    kept += lost > half || (lost == half && (kept & 1));
    /* A carry lands in the exponent; past the largest finite value it makes infinity. */
    u64 biased = exponent >= -14 ? (u64)(exponent + 14) << 10 : 0;
    return sign | (u16)(biased + kept);
}

u16 __pixie_float_to_half(float x) { return __pixie_double_to_half(x); }

u16 __pixie_float_to_bfloat(float x) {
    u32 bits = bits_of_float(x);
    if (x != x) return (u16)(bits >> 16 | 0x40);
    return (u16)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

u16 __pixie_double_to_bfloat(double x) {
    float near = (float)x;
    u32 bits = bits_of_float(near);
    if (x != x) return (u16)(bits >> 16 | 0x40);
    /* Round to odd, so that the second rounding sees that the first was not exact. */
    double back = near;
    if (back != x && !(bits & 1)) bits = (__builtin_fabs(back) < __builtin_fabs(x)) ? bits + 1 : bits - 1;
    return __pixie_float_to_bfloat(float_of(bits));
}
