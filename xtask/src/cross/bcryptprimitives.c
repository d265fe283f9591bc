/* The one function of bcryptprimitives.dll that Rust's programs call, for versions of Wine that lack the library. */
#include <stddef.h>

/* RtlGenRandom, under the name that advapi32.dll exports. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *buffer, unsigned long size);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *buffer, size_t size)
{
    return SystemFunction036(buffer, (unsigned long)size);
}
