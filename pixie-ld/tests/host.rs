//! Detection agrees with the kernel, and with what an emulator was told to be.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use pixie_format::{FeatureSet, Platform};
use pixie_ld::Host;

/// Our name and that of `/proc/cpuinfo`, where they differ.
const KERNEL_NAMES: &[(&str, &str)] = &[
    ("sahf", "lahf_lm"),
    ("sse3", "pni"),
    ("sse4.1", "sse4_1"),
    ("sse4.2", "sse4_2"),
    ("bmi", "bmi1"),
    ("lzcnt", "abm"),
];

#[test]
fn the_kernel_sees_the_same_features() {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let flags = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")).unwrap();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let host = Host::detect().unwrap();
    for feature in Platform::Linux64.levels().last().unwrap().features.iter() {
        let name = feature.name();
        let kernel = KERNEL_NAMES.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, kernel)| kernel);
        assert_eq!(host.features.contains(feature), flags.contains(&kernel), "{name}");
    }
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap();
    assert_eq!(host.cpu(), model.trim_start_matches(['\t', ' ', ':']).trim());
}

/// Prints what this process runs on; under an emulator, what the emulator is.
#[test]
fn print_host() {
    let host = Host::detect().unwrap();
    println!("host: {} | {}", host.cpu(), host.features);
    assert_eq!(host.platform, Platform::Linux64);
}

#[test]
fn emulated_processors_have_their_level_and_no_more() {
    let cases = [
        ("qemu64", "x86-64", "sse4.2"),
        ("Nehalem", "x86-64-v2", "avx"),
        ("SandyBridge", "x86-64-v2", "avx2"),
        ("Haswell", "x86-64-v3", "avx512f"),
    ];
    for (cpu, level, lacks) in cases {
        let output = Command::new("qemu-x86_64-static")
            .args(["-cpu", cpu])
            .arg(std::env::current_exe().unwrap())
            .args(["print_host", "--exact", "--nocapture"])
            .output()
            .expect("qemu-x86_64-static, of Debian's qemu-user-static");
        let text = String::from_utf8_lossy(&output.stdout);
        let line =
            text.lines().find_map(|line| line.split("host: ").nth(1)).unwrap_or_else(|| panic!("{output:?}"));
        let names: Vec<&str> = line.split(" | ").nth(1).unwrap_or("").split_whitespace().collect();
        let mut features = FeatureSet::default();
        names.iter().for_each(|name| features.insert(name.parse().unwrap()));
        let wanted = Platform::Linux64.level(level).unwrap().features;
        assert!(features.contains_all(wanted), "{cpu} has {line}, {level} needs {wanted}");
        assert!(!names.contains(&lacks), "{cpu} has {line}");
    }
}
