"""The twelve kernels of `tests/kernels/kernels.c` as a Numba user writes them, compiled when this is imported."""

import numpy as np
from numba import njit


@njit("f8(f8[::1], f8[::1])")
def dot(a, b):
    s = np.zeros(8)
    n = len(a)
    i = 0
    while i + 8 <= n:
        for k in range(8):
            s[k] += a[i + k] * b[i + k]
        i += 8
    while i < n:
        s[0] += a[i] * b[i]
        i += 1
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))


@njit("void(f8, f8[::1], f8[::1])")
def axpy(alpha, x, y):
    for i in range(len(x)):
        y[i] += alpha * x[i]


@njit("void(f4[:, ::1], f4[:, ::1], f4[:, ::1])")
def matmul(a, b, c):
    m, k = a.shape
    n = b.shape[1]
    for i in range(m):
        c[i, :] = 0
        for p in range(k):
            factor = a[i, p]
            for j in range(n):
                c[i, j] += factor * b[p, j]


@njit("void(i4[:, ::1], f8, f8, f8, i4)")
def mandelbrot(counts, x0, y0, step, limit):
    for row in range(counts.shape[0]):
        for column in range(counts.shape[1]):
            cx, cy = x0 + column * step, y0 + row * step
            x = y = 0.0
            count = 0
            while count < limit and x * x + y * y <= 4.0:
                x, y = x * x - y * y + cx, 2 * x * y + cy
                count += 1
            counts[row, column] = count


@njit("i8(u1[::1])")
def sieve(prime):
    n = len(prime)
    prime[:] = 1
    for i in range(min(n, 2)):
        prime[i] = 0
    i = 2
    while i * i < n:
        if prime[i]:
            for k in range(i * i, n, i):
                prime[k] = 0
        i += 1
    count = 0
    for i in range(n):
        count += prime[i]
    return count


@njit("void(f4[:, ::1], f4[:, ::1])")
def blur(image, out):
    out[:] = image
    h, w = image.shape
    for i in range(1, h - 1):
        for j in range(1, w - 1):
            above = image[i - 1, j - 1] + image[i - 1, j] + image[i - 1, j + 1]
            below = image[i + 1, j - 1] + image[i + 1, j] + image[i + 1, j + 1]
            out[i, j] = (above + (image[i, j - 1] + image[i, j] + image[i, j + 1]) + below) * np.float32(1 / 9)


@njit("void(u1[::1], u4[::1])")
def histogram(values, counts):
    tables = np.zeros((4, 256), np.uint32)
    n = len(values)
    i = 0
    while i + 4 <= n:
        for k in range(4):
            tables[k, values[i + k]] += 1
        i += 4
    while i < n:
        tables[0, values[i]] += 1
        i += 1
    for v in range(256):
        counts[v] = tables[0, v] + tables[1, v] + tables[2, v] + tables[3, v]


@njit("void(f8[::1], f8[::1], f8[::1])")
def polynomial(coefficients, x, y):
    for i in range(len(x)):
        value = 0.0
        for k in range(len(coefficients) - 1, -1, -1):
            value = value * x[i] + coefficients[k]
        y[i] = value


@njit("u8(u8[::1])")
def popcount(words):
    count = np.uint64(0)
    for i in range(len(words)):
        word = words[i]
        word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
        word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
        word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        count += (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return count


@njit("void(i8[::1], i8[::1])")
def cumsum(values, sums):
    total = 0
    for i in range(len(values)):
        total += values[i]
        sums[i] = total


@njit("void(f4[:, ::1], f4[::1], f4[::1])")
def distances(points, query, out):
    n, d = points.shape
    s = np.zeros(8, np.float32)
    for i in range(n):
        s[:] = 0
        k = 0
        while k + 8 <= d:
            for e in range(8):
                delta = points[i, k + e] - query[k + e]
                s[e] += delta * delta
            k += 8
        while k < d:
            delta = points[i, k] - query[k]
            s[0] += delta * delta
            k += 1
        out[i] = np.sqrt(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])))


@njit("void(u1[::1], u1[::1], u1[::1], u1)")
def blend(a, b, out, alpha):
    for i in range(len(a)):
        out[i] = (a[i] * (255 - alpha) + b[i] * alpha + 127) // 255
