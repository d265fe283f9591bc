// What programs and libraries for an old glibc lack: Debian's static libraries are made for a newer one.

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#define LOCAL __attribute__((visibility("hidden")))

// In place of crtbegin.o, which is GCC's: its address says whose destructors these are.
LOCAL void *__dso_handle = &__dso_handle;

// The runtime, for 2.17, wants nothing of the rest.
#if __GLIBC_MINOR__ >= 25

// 2.32: whether only one thread was ever started. The safe answer is no: libstdc++ then counts references atomically.
LOCAL char __libc_single_threaded = 0;

// 2.36: libstdc++'s std::random_device, LLVM's names of temporary files. Random numbers from nowhere else than the kernel.
ssize_t getrandom(void *buffer, size_t size, unsigned flags);

LOCAL void arc4random_buf(void *buffer, size_t size) {
    unsigned char *next = buffer;
    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);
        // Interrupted by a signal, it is asked again; a kernel that cannot answer must not be taken for one that did.
        if (got < 0) {
            if (errno == EINTR) continue;
            abort();
        }
        next += got;
        size -= (size_t)got;
    }
}

LOCAL uint32_t arc4random(void) {
    uint32_t value;
    arc4random_buf(&value, sizeof value);
    return value;
}

// 2.33: what LLVM prints beside the times of its passes, which nobody here asks for.
struct wide_mallinfo {
    size_t fields[10];
};

LOCAL struct wide_mallinfo mallinfo2(void) {
    return (struct wide_mallinfo){{0}};
}

#endif
