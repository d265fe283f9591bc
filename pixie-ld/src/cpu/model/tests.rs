//! The numbers, against those that LLVM itself compiles `__builtin_cpu_supports` and `__builtin_cpu_is` with, and against the
//! processor's bits as clang's header names them. Both files come with llvm-22-dev and clang-22, which the tests need.

use std::collections::BTreeMap;

use super::{CpuModel, bits, names};
use crate::cpu::x86::Bit;

const TABLE: &str = "/usr/include/llvm-22/llvm/TargetParser/X86TargetParser.def";
const HEADER: &str = "/usr/lib/llvm-22/lib/clang/22/include/cpuid.h";

fn read(path: &str) -> String {
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{path}: {error}; install llvm-22-dev and clang-22"))
}

/// The arguments of each use of a macro in LLVM's table, without quotes.
fn uses<'t>(table: &'t str, name: &str) -> Vec<Vec<&'t str>> {
    let lines = table.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('('));
    let list =
        |line: &'t str| line.split(')').next().unwrap().split(',').map(|word| word.trim().trim_matches('"'));
    lines.map(|line| list(line).collect()).collect()
}

#[test]
fn features_have_the_bits_of_llvm() {
    let table = read(TABLE);
    let rows = ["X86_FEATURE_COMPAT", "X86_MICROARCH_LEVEL"].map(|name| uses(&table, name)).concat();
    let theirs: BTreeMap<&str, u32> = rows.iter().map(|row| (row[1], row[3].parse().unwrap())).collect();
    assert!(theirs.len() > 100, "{TABLE} has another form than this test knows");
    let ours: BTreeMap<&str, u32> = bits::names().collect();
    assert_eq!(ours, theirs);
    let model = CpuModel { model: [0; 16], features2: [0; 12] };
    assert!(
        theirs.values().all(|bit| bit / 32 <= model.features2.len() as u32 / 4),
        "the variables are too short"
    );
}

#[test]
fn vendors_types_and_subtypes_have_the_numbers_of_llvm() {
    let table = read(TABLE);
    let [mut vendors, types, subtypes] = names::numbered();
    let numbered = |name| uses(&table, name).into_iter().map(|row| row[1]).zip(1..).collect::<Vec<_>>();
    let theirs = numbered("X86_VENDOR");
    // VENDOR_OTHER comes after all that have names.
    assert_eq!(vendors.pop(), Some(("", theirs.len() as u32 + 1)));
    assert_eq!(vendors, theirs);
    assert_eq!(types, numbered("X86_CPU_TYPE"));
    assert_eq!(subtypes, numbered("X86_CPU_SUBTYPE"));
}

type Place = fn(u32) -> Bit;

/// `bit_…` of clang's header, as where it is.
fn header_bits(header: &str) -> BTreeMap<String, Bit> {
    let mut place: Option<Place> = None;
    let mut found = BTreeMap::new();
    for line in header.lines() {
        if let Some(title) = line.strip_prefix("/* Features in ") {
            let of: &[(&str, Place)] = &[
                ("%ecx for leaf 1 ", Bit::C1),
                ("%edx for leaf 1 ", Bit::D1),
                ("%ebx for leaf 7 sub-leaf 0", Bit::B7),
                ("%ecx for leaf 7 sub-leaf 0", Bit::C7),
                ("%edx for leaf 7 sub-leaf 0", Bit::D7),
                ("%eax for leaf 7 sub-leaf 1", Bit::A71),
                ("%edx for leaf 7 sub-leaf 1", Bit::D71),
                ("%eax for leaf 13 sub-leaf 1", Bit::AD1),
                ("%eax for leaf 0x14", Bit::B14),
                ("%ecx for leaf 0x80000001", Bit::CX),
                ("%edx for leaf 0x80000001", Bit::DX),
                ("%ebx for leaf 0x80000008", Bit::B88),
            ];
            place = of.iter().find(|(start, _)| title.starts_with(start)).map(|(_, place)| *place);
        }
        let mut words = line.strip_prefix("#define bit_").unwrap_or("").split_whitespace();
        let (Some(name), Some(mask), Some(place)) = (words.next(), words.next(), place) else { continue };
        let Some(mask) = mask.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16).unwrap())
        else {
            continue;
        };
        found.insert(name.replace('_', "").to_lowercase(), place(mask.trailing_zeros()));
    }
    found
}

#[test]
fn the_processors_bits_are_those_of_clangs_header() {
    let theirs = header_bits(&read(HEADER));
    let mut compared = 0;
    for (name, bit) in bits::tells() {
        let key = match name {
            "cx16" => "cmpxchg16b",
            "sahf" => "lahflm",
            "64bit" => "lm",
            "aes" => "aesni",
            "pclmul" => "pclmulqdq",
            "avx10.1" => "avx10",
            // What the processor can does not help if the system has not turned it on.
            "pku" => "ospke",
            "xsave" => "osxsave",
            _ => name,
        };
        if let Some(expected) = theirs.get(&key.replace(['.', '-'], "")) {
            assert_eq!(bit, *expected, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 85, "only {compared} names of {HEADER} were recognised");
}
