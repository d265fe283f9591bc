//! Which bit of the variables stands for which feature: the numbers are ABI, shared by GCC and LLVM.

use crate::cpu::x86::{Bit, Leaves, State};

use Bit::*;
use State::*;

/// The bit in the variables, the name in `__builtin_cpu_supports`, the bit that tells, and the register state that it needs.
const FEATURES: &[(u32, &str, Bit, State)] = &[
    (0, "cmov", D1(15), Plain),
    (1, "mmx", D1(23), Plain),
    (2, "popcnt", C1(23), Plain),
    (3, "sse", D1(25), Plain),
    (4, "sse2", D1(26), Plain),
    (5, "sse3", C1(0), Plain),
    (6, "ssse3", C1(9), Plain),
    (7, "sse4.1", C1(19), Plain),
    (8, "sse4.2", C1(20), Plain),
    (9, "avx", C1(28), Avx),
    (10, "avx2", B7(5), Avx),
    (11, "sse4a", CX(6), Plain),
    (12, "fma4", CX(16), Avx),
    (13, "xop", CX(11), Avx),
    (14, "fma", C1(12), Avx),
    (15, "avx512f", B7(16), Avx512),
    (16, "bmi", B7(3), Plain),
    (17, "bmi2", B7(8), Plain),
    (18, "aes", C1(25), Plain),
    (19, "pclmul", C1(1), Plain),
    (20, "avx512vl", B7(31), Avx512),
    (21, "avx512bw", B7(30), Avx512),
    (22, "avx512dq", B7(17), Avx512),
    (23, "avx512cd", B7(28), Avx512),
    (26, "avx512vbmi", C7(1), Avx512),
    (27, "avx512ifma", B7(21), Avx512),
    (30, "avx512vpopcntdq", C7(14), Avx512),
    (31, "avx512vbmi2", C7(6), Avx512),
    (32, "gfni", C7(8), Plain),
    (33, "vpclmulqdq", C7(10), Avx),
    (34, "avx512vnni", C7(11), Avx512),
    (35, "avx512bitalg", C7(12), Avx512),
    (36, "avx512bf16", A71(5), Avx512),
    (37, "avx512vp2intersect", D7(8), Avx512),
    (40, "adx", B7(19), Plain),
    (42, "cldemote", C7(25), Plain),
    (43, "clflushopt", B7(23), Plain),
    (44, "clwb", B7(24), Plain),
    (45, "clzero", B88(0), Plain),
    (46, "cx16", C1(13), Plain),
    (48, "enqcmd", C7(29), Plain),
    (49, "f16c", C1(29), Avx),
    (50, "fsgsbase", B7(0), Plain),
    (54, "sahf", CX(0), Plain),
    (55, "64bit", DX(29), Plain),
    (56, "lwp", CX(15), Plain),
    (57, "lzcnt", CX(5), Plain),
    (58, "movbe", C1(22), Plain),
    (59, "movdir64b", C7(28), Plain),
    (60, "movdiri", C7(27), Plain),
    (61, "mwaitx", CX(29), Plain),
    (63, "pconfig", D7(18), Plain),
    (64, "pku", C7(4), Plain), // as enabled by the system
    (66, "prfchw", CX(8), Plain),
    (67, "ptwrite", B14(4), Plain),
    (68, "rdpid", C7(22), Plain),
    (69, "rdrnd", C1(30), Plain),
    (70, "rdseed", B7(18), Plain),
    (71, "rtm", B7(11), Plain),
    (72, "serialize", D7(14), Plain),
    (73, "sgx", B7(2), Plain),
    (74, "sha", B7(29), Plain),
    (75, "shstk", C7(7), Plain),
    (76, "tbm", CX(21), Plain),
    (77, "tsxldtrk", D7(16), Plain),
    (78, "vaes", C7(9), Avx),
    (79, "waitpkg", C7(5), Plain),
    (80, "wbnoinvd", B88(9), Plain),
    (81, "xsave", C1(27), Xsave),
    (82, "xsavec", AD1(1), Xsave),
    (83, "xsaveopt", AD1(0), Xsave),
    (84, "xsaves", AD1(3), Xsave),
    (85, "amx-tile", D7(24), Amx),
    (86, "amx-int8", D7(25), Amx),
    (87, "amx-bf16", D7(22), Amx),
    (88, "uintr", D7(5), Plain),
    (89, "hreset", A71(22), Plain),
    (90, "kl", C7(23), Plain),
    (92, "widekl", B19(2), Plain),
    (93, "avxvnni", A71(4), Avx),
    (94, "avx512fp16", D7(23), Avx512),
    (99, "avxifma", A71(23), Avx),
    (100, "avxvnniint8", D71(4), Avx),
    (101, "avxneconvert", D71(5), Avx),
    (102, "cmpccxadd", A71(7), Plain),
    (103, "amx-fp16", A71(21), Amx),
    (104, "prefetchi", D71(14), Plain),
    (105, "raoint", A71(3), Plain),
    (106, "amx-complex", D71(8), Amx),
    (107, "avxvnniint16", D71(10), Avx),
    (108, "sm3", A71(1), Avx),
    (109, "sha512", A71(0), Avx),
    (110, "sm4", A71(2), Avx),
    (111, "apxf", D71(21), Apx),
    (112, "usermsr", D71(15), Plain),
    (114, "avx10.1", D71(19), Avx512),
    (117, "amx-avx512", A1E(7), Amx),
    (118, "amx-tf32", A1E(6), Amx),
    (120, "amx-fp8", A1E(4), Amx),
    (121, "movrs", A71(31), Plain),
    (122, "amx-movrs", A1E(8), Amx),
];

/// The micro-architecture levels: the bit that stands for each, its name, and the bits that make it up with those of the level
/// below.
const LEVELS: &[(u32, &str, &[u32])] = &[
    (95, "x86-64", &[0, 1, 3, 4, 55]),
    (96, "x86-64-v2", &[2, 5, 6, 7, 8, 46, 54]),
    (97, "x86-64-v3", &[9, 10, 14, 16, 17, 49, 57, 58]),
    (98, "x86-64-v4", &[15, 20, 21, 22, 23]),
];

/// AVX10.2 has no bit of its own, leaf 0x24 gives the version.
const AVX10_1: u32 = 114;
const AVX10_2: u32 = 116;

/// Every name with the bit of the processor that tells.
#[cfg(test)]
pub(super) fn tells() -> impl Iterator<Item = (&'static str, Bit)> {
    FEATURES.iter().map(|(_, name, tells, _)| (*name, *tells))
}

/// Every name with its bit in the variables.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = (&'static str, u32)> {
    let features = FEATURES.iter().map(|(bit, name, ..)| (*name, *bit));
    let levels = LEVELS.iter().map(|(bit, name, _)| (*name, *bit));
    features.chain(levels).chain([("avx10.2", AVX10_2)])
}

/// The 128 bits of the variables.
pub(super) fn features(leaves: &Leaves) -> u128 {
    let mut set = 0u128;
    for (bit, _, tells, state) in FEATURES {
        if leaves.has(*tells) && leaves.enabled(*state) {
            set |= 1 << bit;
        }
    }
    if set >> AVX10_1 & 1 == 1 && leaves.leaf24[1] & 0xff >= 2 {
        set |= 1 << AVX10_2;
    }
    for (level, _, bits) in LEVELS {
        if !bits.iter().all(|bit| set >> bit & 1 == 1) {
            break;
        }
        set |= 1 << level;
    }
    set
}
