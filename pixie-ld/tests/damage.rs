//! Objects with any byte changed or missing are linked or refused, never a crash. Results are not executed.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_format::Platform;
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, PageSize, link};

const SOURCE: &str = "
    extern double sin(double);
    static int table[3] = {1, 2, 3};
    int *const pointers[2] = {&table[0], &table[2]};
    double zero[4], common;
    __attribute__((weak)) int weak(int x) { return x; }
    double f(int x) { zero[x & 3] += common + sin(x) + *pointers[x & 1] + weak(x); return zero[1]; }
    double (*const functions[])(int) = {f};
";

/// Everything up to the image; how far it came.
fn link_all(platform: Platform, bytes: &[u8]) -> &'static str {
    let Ok(object) = parse(platform, bytes) else { return "parse" };
    let Ok(layout) = pixie_ld::layout::layout(&object, PageSize::K4) else { return "layout" };
    let somewhere = Resolved { address: Address(0x7fff_0000_1230), kind: ResolvedKind::Function };
    let base = Address(0x5555_0000_0000_u64.next_multiple_of(layout.frame.align));
    match link(&object, &layout, base, &|_| Some(somewhere)) {
        Ok(_) => "linked",
        Err(_) => "link",
    }
}

/// An object of each platform that is linked.
fn small_objects() -> impl Iterator<Item = (Platform, Vec<u8>)> {
    let platforms = [
        (Platform::Linux64, &["-fno-asynchronous-unwind-tables"][..]),
        (Platform::LinuxAarch64, &["-fno-asynchronous-unwind-tables"]),
        (Platform::Win64, &[]),
        (Platform::OsxArm64, &[]),
    ];
    platforms.into_iter().map(|(platform, flags)| {
        let bytes = common::object_for(platform, SOURCE, &[&["-fcommon"], flags].concat());
        assert_eq!(link_all(platform, &bytes), "linked");
        (platform, bytes)
    })
}

#[test]
fn every_changed_byte() {
    for (platform, object) in small_objects() {
        let mut outcomes = std::collections::BTreeMap::new();
        for at in 0..object.len() {
            for change in [0x01, 0x80, 0xff, object[at]] {
                let mut damaged = object.clone();
                damaged[at] ^= change;
                *outcomes.entry(link_all(platform, &damaged)).or_insert(0) += 1;
            }
        }
        // The counts depend on the compiler; that damage is noticed in each phase does not. COFF has no alignment that is wrong.
        let phases = if platform == Platform::Win64 {
            &["parse", "link", "linked"][..]
        } else {
            &["parse", "layout", "link", "linked"]
        };
        for phase in phases {
            assert!(outcomes.contains_key(phase), "{platform}: no damage ended in `{phase}`: {outcomes:?}");
        }
    }
}

#[test]
fn every_truncation() {
    for (platform, object) in small_objects() {
        // The section table, or of COFF the names, is at the end, so nothing shorter is an object.
        for length in 0..object.len() {
            let outcome = link_all(platform, &object[..length]);
            assert_eq!(outcome, "parse", "{platform}: {length} of {} bytes", object.len());
        }
    }
}

#[test]
fn pairs_of_changed_words() {
    for (platform, object) in small_objects() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..20_000 {
            let mut damaged = object.clone();
            for _ in 0..2 {
                let at = random() as usize % (damaged.len() - 8);
                let word = [0, 1, u64::MAX, 1 << 63, random(), random() % 4096][random() as usize % 6];
                damaged[at..at + 8].copy_from_slice(&word.to_le_bytes());
            }
            link_all(platform, &damaged);
        }
    }
}
