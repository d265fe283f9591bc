//! Vendor, type and subtype for `__builtin_cpu_is`: the numbers are ABI, the families and models are the vendors'.

use crate::cpu::x86::{Bit, Leaves};

const INTEL: u32 = 1;
const AMD: u32 = 2;
const OTHER: u32 = 3;
/// The type of Intel's Core processors from Nehalem on.
const COREI7: u32 = 3;

/// Models of Intel's family 6, with type and subtype.
const INTEL_FAMILY_6: &[(&[u32], u32, u32)] = &[
    (&[0x1c, 0x26, 0x27, 0x35, 0x36], 1, 0),
    (&[0x0f, 0x16, 0x17, 0x1d], 2, 0),
    (&[0x1a, 0x1e, 0x1f, 0x2e], COREI7, 1),
    (&[0x25, 0x2c, 0x2f], COREI7, 2),
    (&[0x2a, 0x2d], COREI7, 3),
    (&[0x3a, 0x3e], COREI7, 12),
    (&[0x3c, 0x3f, 0x45, 0x46], COREI7, 13),
    (&[0x3d, 0x47, 0x4f, 0x56], COREI7, 14),
    (&[0x4e, 0x5e, 0x8e, 0x9e, 0xa5, 0xa6], COREI7, 15),
    (&[0x55], COREI7, 16),
    (&[0x66], COREI7, 17),
    (&[0x7d, 0x7e], COREI7, 18),
    (&[0x6a, 0x6c], COREI7, 19),
    (&[0x8c, 0x8d], COREI7, 22),
    (&[0x8f, 0xcf], COREI7, 24),
    (&[0x97, 0x9a, 0xb7, 0xba, 0xbf, 0xbe, 0xaa, 0xac], COREI7, 25),
    (&[0xa7], COREI7, 27),
    (&[0xad], COREI7, 30),
    (&[0xae], COREI7, 31),
    (&[0xb5, 0xc5], COREI7, 32),
    (&[0xc6, 0xbd], COREI7, 33),
    (&[0xcc], COREI7, 34),
    (&[0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d], 6, 0),
    (&[0x57], 7, 0),
    (&[0x85], 11, 0),
    (&[0x5c, 0x5f], 12, 0),
    (&[0x7a], 13, 0),
    (&[0x86, 0x8a, 0x96, 0x9c], 14, 0),
    (&[0xaf], 17, 0),
    (&[0xb6], 18, 0),
    (&[0xdd], 19, 0),
];

/// AMD's family, first and last model, type and subtype.
const AMD_FAMILIES: &[(u32, u32, u32, u32, u32)] = &[
    (0x10, 0x02, 0x02, 4, 4),
    (0x10, 0x04, 0x04, 4, 5),
    (0x10, 0x08, 0x08, 4, 6),
    (0x10, 0x00, 0xff, 4, 0),
    (0x14, 0x00, 0xff, 8, 0),
    (0x15, 0x60, 0x7f, 5, 10),
    (0x15, 0x30, 0x3f, 5, 9),
    (0x15, 0x10, 0x1f, 5, 8),
    (0x15, 0x02, 0x02, 5, 8),
    (0x15, 0x00, 0x0f, 5, 7),
    (0x16, 0x00, 0xff, 9, 0),
    (0x17, 0x30, 0xff, 10, 20),
    (0x17, 0x00, 0x2f, 10, 11),
    (0x19, 0x10, 0x1f, 15, 29),
    (0x19, 0x60, 0xaf, 15, 29),
    (0x19, 0x00, 0x5f, 15, 26),
    (0x1a, 0x00, 0x77, 20, 35),
    (0x1a, 0x00, 0xff, 20, 0),
];

/// Vendor, type and subtype; zero for a type or subtype without a number.
pub(super) fn identify(leaves: &Leaves) -> (u32, u32, u32) {
    let signature = leaves.leaf1[0];
    let (base, extended) = (signature >> 8 & 0xf, signature >> 20 & 0xff);
    let family = if base == 0xf { base + extended } else { base };
    let model =
        (signature >> 4 & 0xf) + if base == 6 || base == 0xf { (signature >> 16 & 0xf) << 4 } else { 0 };
    match &leaves.vendor {
        b"GenuineIntel" if family == 6 => {
            let found = INTEL_FAMILY_6.iter().find(|(models, ..)| models.contains(&model));
            let (kind, subtype) = found.map_or((0, 0), |(_, kind, subtype)| (*kind, *subtype));
            (INTEL, kind, if model == 0x55 { skylake_server(leaves) } else { subtype })
        }
        b"GenuineIntel" => (INTEL, 0, 0),
        b"AuthenticAMD" => {
            let fits = |row: &&(u32, u32, u32, u32, u32)| row.0 == family && (row.1..=row.2).contains(&model);
            AMD_FAMILIES.iter().find(fits).map_or((AMD, 0, 0), |row| (AMD, row.3, row.4))
        }
        _ => (OTHER, 0, 0),
    }
}

/// Three generations of servers share model 0x55; what they compute tells them apart.
fn skylake_server(leaves: &Leaves) -> u32 {
    if leaves.has(Bit::A71(5)) {
        23 // avx512bf16: Cooper Lake
    } else if leaves.has(Bit::C7(11)) {
        21 // avx512vnni: Cascade Lake
    } else {
        16
    }
}
