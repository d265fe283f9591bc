//! Vendor, type and subtype for `__builtin_cpu_is`: the numbers are ABI, the families and models are the vendors'.

use crate::cpu::x86::{Bit, Leaves};

const INTEL: u32 = 1;
const AMD: u32 = 2;
const OTHER: u32 = 3;

/// The types, in the order of their numbers, which begin at 1.
const TYPES: &[&str] = &[
    "bonnell",
    "core2",
    "corei7",
    "amdfam10h",
    "amdfam15h",
    "silvermont",
    "knl",
    "btver1",
    "btver2",
    "amdfam17h",
    "knm",
    "goldmont",
    "goldmont-plus",
    "tremont",
    "amdfam19h",
    "zhaoxin_fam7h",
    "sierraforest",
    "grandridge",
    "clearwaterforest",
    "amdfam1ah",
];

/// The subtypes, likewise.
const SUBTYPES: &[&str] = &[
    "nehalem",
    "westmere",
    "sandybridge",
    "barcelona",
    "shanghai",
    "istanbul",
    "bdver1",
    "bdver2",
    "bdver3",
    "bdver4",
    "znver1",
    "ivybridge",
    "haswell",
    "broadwell",
    "skylake",
    "skylake-avx512",
    "cannonlake",
    "icelake-client",
    "icelake-server",
    "znver2",
    "cascadelake",
    "tigerlake",
    "cooperlake",
    "sapphirerapids",
    "alderlake",
    "znver3",
    "rocketlake",
    "zhaoxin_fam7h_lujiazui",
    "znver4",
    "graniterapids",
    "graniterapids-d",
    "arrowlake",
    "arrowlake-s",
    "pantherlake",
    "znver5",
    "diamondrapids",
    "novalake",
];

/// Models of Intel's family 6, with type and subtype.
const INTEL_FAMILY_6: &[(&[u32], &str, &str)] = &[
    (&[0x1c, 0x26, 0x27, 0x35, 0x36], "bonnell", ""),
    (&[0x0f, 0x16, 0x17, 0x1d], "core2", ""),
    (&[0x1a, 0x1e, 0x1f, 0x2e], "corei7", "nehalem"),
    (&[0x25, 0x2c, 0x2f], "corei7", "westmere"),
    (&[0x2a, 0x2d], "corei7", "sandybridge"),
    (&[0x3a, 0x3e], "corei7", "ivybridge"),
    (&[0x3c, 0x3f, 0x45, 0x46], "corei7", "haswell"),
    (&[0x3d, 0x47, 0x4f, 0x56], "corei7", "broadwell"),
    (&[0x4e, 0x5e, 0x8e, 0x9e, 0xa5, 0xa6], "corei7", "skylake"),
    (&[0x55], "corei7", "skylake-avx512"),
    (&[0x66], "corei7", "cannonlake"),
    (&[0x7d, 0x7e], "corei7", "icelake-client"),
    (&[0x6a, 0x6c], "corei7", "icelake-server"),
    (&[0x8c, 0x8d], "corei7", "tigerlake"),
    (&[0x8f, 0xcf], "corei7", "sapphirerapids"),
    (&[0x97, 0x9a, 0xb7, 0xba, 0xbf, 0xbe, 0xaa, 0xac], "corei7", "alderlake"),
    (&[0xa7], "corei7", "rocketlake"),
    (&[0xad], "corei7", "graniterapids"),
    (&[0xae], "corei7", "graniterapids-d"),
    (&[0xb5, 0xc5], "corei7", "arrowlake"),
    (&[0xc6, 0xbd], "corei7", "arrowlake-s"),
    (&[0xcc], "corei7", "pantherlake"),
    (&[0x37, 0x4a, 0x4c, 0x4d, 0x5a, 0x5d], "silvermont", ""),
    (&[0x57], "knl", ""),
    (&[0x85], "knm", ""),
    (&[0x5c, 0x5f], "goldmont", ""),
    (&[0x7a], "goldmont-plus", ""),
    (&[0x86, 0x8a, 0x96, 0x9c], "tremont", ""),
    (&[0xaf], "sierraforest", ""),
    (&[0xb6], "grandridge", ""),
    (&[0xdd], "clearwaterforest", ""),
];

/// AMD's family, first and last model, type and subtype.
const AMD_FAMILIES: &[(u32, u32, u32, &str, &str)] = &[
    (0x10, 0x02, 0x02, "amdfam10h", "barcelona"),
    (0x10, 0x04, 0x04, "amdfam10h", "shanghai"),
    (0x10, 0x08, 0x08, "amdfam10h", "istanbul"),
    (0x10, 0x00, 0xff, "amdfam10h", ""),
    (0x14, 0x00, 0xff, "btver1", ""),
    (0x15, 0x60, 0x7f, "amdfam15h", "bdver4"),
    (0x15, 0x30, 0x3f, "amdfam15h", "bdver3"),
    (0x15, 0x10, 0x1f, "amdfam15h", "bdver2"),
    (0x15, 0x02, 0x02, "amdfam15h", "bdver2"),
    (0x15, 0x00, 0x0f, "amdfam15h", "bdver1"),
    (0x16, 0x00, 0xff, "btver2", ""),
    (0x17, 0x30, 0xff, "amdfam17h", "znver2"),
    (0x17, 0x00, 0x2f, "amdfam17h", "znver1"),
    (0x19, 0x10, 0x1f, "amdfam19h", "znver4"),
    (0x19, 0x60, 0xaf, "amdfam19h", "znver4"),
    (0x19, 0x00, 0x5f, "amdfam19h", "znver3"),
    (0x1a, 0x00, 0x77, "amdfam1ah", "znver5"),
    (0x1a, 0x00, 0xff, "amdfam1ah", ""),
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
            let (kind, subtype) = found.map_or(("", ""), |(_, kind, subtype)| (*kind, *subtype));
            let subtype = if model == 0x55 { skylake_server(leaves) } else { subtype };
            (INTEL, number(TYPES, kind), number(SUBTYPES, subtype))
        }
        b"GenuineIntel" => (INTEL, 0, 0),
        b"AuthenticAMD" => {
            let fits =
                |row: &&(u32, u32, u32, &str, &str)| row.0 == family && (row.1..=row.2).contains(&model);
            let (kind, subtype) = AMD_FAMILIES.iter().find(fits).map_or(("", ""), |row| (row.3, row.4));
            (AMD, number(TYPES, kind), number(SUBTYPES, subtype))
        }
        _ => (OTHER, 0, 0),
    }
}

/// The number of a type or subtype; 0 for none.
fn number(names: &[&str], name: &str) -> u32 {
    names.iter().zip(1..).find(|(known, _)| **known == name).map_or(0, |(_, number)| number)
}

/// Three generations of servers share model 0x55; what they compute tells them apart.
fn skylake_server(leaves: &Leaves) -> &'static str {
    if leaves.has(Bit::A71(5)) {
        "cooperlake" // avx512bf16
    } else if leaves.has(Bit::C7(11)) {
        "cascadelake" // avx512vnni
    } else {
        "skylake-avx512"
    }
}

/// The numbers of vendors, types and subtypes by name.
#[cfg(test)]
pub(super) fn numbered() -> [Vec<(&'static str, u32)>; 3] {
    let of = |names: &[&'static str]| names.iter().copied().zip(1..).collect();
    [vec![("intel", INTEL), ("amd", AMD), ("", OTHER)], of(TYPES), of(SUBTYPES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_a_type_and_a_subtype_that_have_numbers() {
        let intel = INTEL_FAMILY_6.iter().map(|(_, kind, subtype)| (*kind, *subtype));
        for (kind, subtype) in intel.chain(AMD_FAMILIES.iter().map(|row| (row.3, row.4))) {
            assert!(TYPES.contains(&kind), "{kind}");
            assert!(subtype.is_empty() || SUBTYPES.contains(&subtype), "{subtype}");
        }
    }
}
