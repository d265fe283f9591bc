// Frames of several kinds below a function of the system that looks at the stack.
typedef unsigned long long u64;
unsigned short RtlCaptureStackBackTrace(unsigned skip, unsigned count, void **frames, unsigned *hash);
double fmod(double, double);

// Keeps registers of both kinds, and more than a page of the stack.
__attribute__((noinline)) static u64 deep(void **frames, double x) {
    volatile double table[1000];
    double kept = fmod(x, 3.0);
    for (int i = 0; i < 1000; i++) table[i] = kept * i;
    u64 count = RtlCaptureStackBackTrace(0, 32, frames, 0);
    return count + (u64)(fmod(table[999], 2.0) + kept) * 1000;
}

// Of any number of bytes, so a frame pointer is needed.
__attribute__((noinline)) u64 run(u64 frames) {
    volatile char room[frames % 64 + 1];
    room[0] = 1;
    return deep((void **)frames, 10.0) + room[0] * 1000000ull;
}

void __pixie_thunk_run(const u64 *args, u64 *ret) {
    *ret = run(args[0]) + 1;
}
