//! Which bit of the variables stands for which feature: the numbers are ABI, shared by GCC and LLVM.

use crate::cpu::x86::{Bit, Leaves, State};

use Bit::*;
use State::*;

/// The bit in the variables, the bit that tells, and the register state that the feature needs.
const FEATURES: &[(u32, Bit, State)] = &[
    (0, D1(15), Plain),     // cmov
    (1, D1(23), Plain),     // mmx
    (2, C1(23), Plain),     // popcnt
    (3, D1(25), Plain),     // sse
    (4, D1(26), Plain),     // sse2
    (5, C1(0), Plain),      // sse3
    (6, C1(9), Plain),      // ssse3
    (7, C1(19), Plain),     // sse4.1
    (8, C1(20), Plain),     // sse4.2
    (9, C1(28), Avx),       // avx
    (10, B7(5), Avx),       // avx2
    (11, CX(6), Plain),     // sse4a
    (12, CX(16), Avx),      // fma4
    (13, CX(11), Avx),      // xop
    (14, C1(12), Avx),      // fma
    (15, B7(16), Avx512),   // avx512f
    (16, B7(3), Plain),     // bmi
    (17, B7(8), Plain),     // bmi2
    (18, C1(25), Plain),    // aes
    (19, C1(1), Plain),     // pclmul
    (20, B7(31), Avx512),   // avx512vl
    (21, B7(30), Avx512),   // avx512bw
    (22, B7(17), Avx512),   // avx512dq
    (23, B7(28), Avx512),   // avx512cd
    (26, C7(1), Avx512),    // avx512vbmi
    (27, B7(21), Avx512),   // avx512ifma
    (30, C7(14), Avx512),   // avx512vpopcntdq
    (31, C7(6), Avx512),    // avx512vbmi2
    (32, C7(8), Plain),     // gfni
    (33, C7(10), Avx),      // vpclmulqdq
    (34, C7(11), Avx512),   // avx512vnni
    (35, C7(12), Avx512),   // avx512bitalg
    (36, A71(5), Avx512),   // avx512bf16
    (37, D7(8), Avx512),    // avx512vp2intersect
    (40, B7(19), Plain),    // adx
    (42, C7(25), Plain),    // cldemote
    (43, B7(23), Plain),    // clflushopt
    (44, B7(24), Plain),    // clwb
    (45, B88(0), Plain),    // clzero
    (46, C1(13), Plain),    // cx16
    (48, C7(29), Plain),    // enqcmd
    (49, C1(29), Avx),      // f16c
    (50, B7(0), Plain),     // fsgsbase
    (54, CX(0), Plain),     // sahf
    (55, DX(29), Plain),    // 64bit
    (56, CX(15), Plain),    // lwp
    (57, CX(5), Plain),     // lzcnt
    (58, C1(22), Plain),    // movbe
    (59, C7(28), Plain),    // movdir64b
    (60, C7(27), Plain),    // movdiri
    (61, CX(29), Plain),    // mwaitx
    (63, D7(18), Plain),    // pconfig
    (64, C7(4), Plain),     // pku, as enabled by the system
    (66, CX(8), Plain),     // prfchw
    (67, B14(4), Plain),    // ptwrite
    (68, C7(22), Plain),    // rdpid
    (69, C1(30), Plain),    // rdrnd
    (70, B7(18), Plain),    // rdseed
    (71, B7(11), Plain),    // rtm
    (72, D7(14), Plain),    // serialize
    (73, B7(2), Plain),     // sgx
    (74, B7(29), Plain),    // sha
    (75, C7(7), Plain),     // shstk
    (76, CX(21), Plain),    // tbm
    (77, D7(16), Plain),    // tsxldtrk
    (78, C7(9), Avx),       // vaes
    (79, C7(5), Plain),     // waitpkg
    (80, B88(9), Plain),    // wbnoinvd
    (81, C1(27), Xsave),    // xsave
    (82, AD1(1), Xsave),    // xsavec
    (83, AD1(0), Xsave),    // xsaveopt
    (84, AD1(3), Xsave),    // xsaves
    (85, D7(24), Amx),      // amx-tile
    (86, D7(25), Amx),      // amx-int8
    (87, D7(22), Amx),      // amx-bf16
    (88, D7(5), Plain),     // uintr
    (89, A71(22), Plain),   // hreset
    (90, C7(23), Plain),    // kl
    (92, B19(2), Plain),    // widekl
    (93, A71(4), Avx),      // avxvnni
    (94, D7(23), Avx512),   // avx512fp16
    (99, A71(23), Avx),     // avxifma
    (100, D71(4), Avx),     // avxvnniint8
    (101, D71(5), Avx),     // avxneconvert
    (102, A71(7), Plain),   // cmpccxadd
    (103, A71(21), Amx),    // amx-fp16
    (104, D71(14), Plain),  // prefetchi
    (105, A71(3), Plain),   // raoint
    (106, D71(8), Amx),     // amx-complex
    (107, D71(10), Avx),    // avxvnniint16
    (108, A71(1), Avx),     // sm3
    (109, A71(0), Avx),     // sha512
    (110, A71(2), Avx),     // sm4
    (111, D71(21), Apx),    // apxf
    (112, D71(15), Plain),  // usermsr
    (114, D71(19), Avx512), // avx10.1
    (117, A1E(7), Amx),     // amx-avx512
    (118, A1E(6), Amx),     // amx-tf32
    (120, A1E(4), Amx),     // amx-fp8
    (121, A71(31), Plain),  // movrs
    (122, A1E(8), Amx),     // amx-movrs
];

/// The micro-architecture levels: the bit that stands for each, and the bits that make it up with those of the level below.
const LEVELS: &[(u32, &[u32])] = &[
    (95, &[0, 1, 3, 4, 55]),
    (96, &[2, 5, 6, 7, 8, 46, 54]),
    (97, &[9, 10, 14, 16, 17, 49, 57, 58]),
    (98, &[15, 20, 21, 22, 23]),
];

/// AVX10.2 has no bit of its own, leaf 0x24 gives the version.
const AVX10_1: u32 = 114;
const AVX10_2: u32 = 116;

/// The 128 bits of the variables.
pub(super) fn features(leaves: &Leaves) -> u128 {
    let mut set = 0u128;
    for (bit, tells, state) in FEATURES {
        if leaves.has(*tells) && leaves.enabled(*state) {
            set |= 1 << bit;
        }
    }
    if set >> AVX10_1 & 1 == 1 && leaves.leaf24[1] & 0xff >= 2 {
        set |= 1 << AVX10_2;
    }
    for (level, bits) in LEVELS {
        if !bits.iter().all(|bit| set >> bit & 1 == 1) {
            break;
        }
        set |= 1 << level;
    }
    set
}
