/* What every peer of the call table wraps: the very sources that pixie compiles, in the same translation unit as the wrappers. */
#ifdef __cplusplus
#define restrict __restrict
extern "C" {
#endif
#include "../../kernels/kernels.c"
#include "../calls.c"
#ifdef __cplusplus
}
#undef restrict
#endif
