//! Platforms, processor features and ISA levels as data (spec §6).

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, one_of};

/// A processor architecture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Arch {
    /// AMD64, 64-bit, little-endian.
    X86_64,
    /// AArch64, 64-bit, little-endian.
    Aarch64,
}

/// A native object file format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ObjectFormat {
    /// System V ELF64.
    Elf,
    /// Mach-O 64.
    MachO,
    /// PE/COFF object.
    Coff,
}

impl ObjectFormat {
    /// The name used in the manifest: `elf`, `macho`, `coff`.
    pub const fn name(self) -> &'static str {
        match self {
            ObjectFormat::Elf => "elf",
            ObjectFormat::MachO => "macho",
            ObjectFormat::Coff => "coff",
        }
    }
}

impl fmt::Display for ObjectFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An operating system and processor that objects are made for (spec §6.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Platform {
    /// Linux on x86-64, glibc 2.17 and later.
    Linux64,
    /// Linux on AArch64, glibc 2.17 and later.
    LinuxAarch64,
    /// macOS 11 and later on Apple silicon.
    OsxArm64,
    /// Windows 10 and later on x86-64.
    Win64,
}

impl Platform {
    /// Every platform, in the order in which they are listed to people.
    pub const ALL: [Platform; 4] =
        [Platform::Linux64, Platform::LinuxAarch64, Platform::OsxArm64, Platform::Win64];

    /// The conda name, as in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Platform::Linux64 => "linux-64",
            Platform::LinuxAarch64 => "linux-aarch64",
            Platform::OsxArm64 => "osx-arm64",
            Platform::Win64 => "win-64",
        }
    }

    /// The LLVM target triple of every object of this platform.
    pub const fn triple(self) -> &'static str {
        match self {
            Platform::Linux64 => "x86_64-unknown-linux-gnu",
            Platform::LinuxAarch64 => "aarch64-unknown-linux-gnu",
            Platform::OsxArm64 => "arm64-apple-macosx11.0.0",
            Platform::Win64 => "x86_64-pc-windows-msvc",
        }
    }

    /// The processor architecture.
    pub const fn arch(self) -> Arch {
        match self {
            Platform::Linux64 | Platform::Win64 => Arch::X86_64,
            Platform::LinuxAarch64 | Platform::OsxArm64 => Arch::Aarch64,
        }
    }

    /// The object file format.
    pub const fn object_format(self) -> ObjectFormat {
        match self {
            Platform::Linux64 | Platform::LinuxAarch64 => ObjectFormat::Elf,
            Platform::OsxArm64 => ObjectFormat::MachO,
            Platform::Win64 => ObjectFormat::Coff,
        }
    }

    /// The width of C's `long` and `unsigned long`, in bits.
    pub const fn long_bits(self) -> u32 {
        match self {
            Platform::Win64 => 32,
            _ => 64,
        }
    }

    /// The ISA levels of this platform, lowest first; the first is the `baseline`.
    pub const fn levels(self) -> &'static [IsaLevel] {
        match self {
            Platform::Linux64 | Platform::Win64 => X86_64_LEVELS,
            Platform::LinuxAarch64 => LINUX_AARCH64_LEVELS,
            Platform::OsxArm64 => OSX_ARM64_LEVELS,
        }
    }

    /// Looks a level up by name; `baseline` is the lowest.
    pub fn level(self, name: &str) -> Result<&'static IsaLevel> {
        let levels = self.levels();
        if name == "baseline" {
            return Ok(&levels[0]);
        }
        levels.iter().find(|level| level.name == name).ok_or_else(|| Error::UnknownName {
            what: "ISA level",
            found: name.to_owned(),
            expected: one_of(levels.iter().map(|level| level.name)),
        })
    }

    /// The highest level whose features are all among these; `None` for a processor below the lowest.
    pub fn highest_level(self, features: FeatureSet) -> Option<&'static IsaLevel> {
        self.levels().iter().rev().find(|level| features.contains_all(level.features))
    }

    /// The platform that this code was compiled for, if it is one of the four.
    pub const fn host() -> Option<Platform> {
        if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            Some(Platform::Linux64)
        } else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
            Some(Platform::LinuxAarch64)
        } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
            Some(Platform::OsxArm64)
        } else if cfg!(all(target_os = "windows", target_arch = "x86_64")) {
            Some(Platform::Win64)
        } else {
            None
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = Error;

    fn from_str(name: &str) -> Result<Platform> {
        Platform::ALL.into_iter().find(|platform| platform.name() == name).ok_or_else(|| Error::UnknownName {
            what: "platform",
            found: name.to_owned(),
            expected: one_of(Platform::ALL.iter().map(|platform| platform.name())),
        })
    }
}

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $arch:ident;)*) => {
        /// A processor feature that a variant can require; names are LLVM's (spec §6.2).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Feature {
            $($(#[$doc])* #[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Feature {
            /// Every feature, in spec order.
            pub const ALL: &'static [Feature] = &[$(Feature::$variant,)*];

            /// LLVM's name, as in the manifest.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$variant => $name,)* }
            }

            /// The architecture that has this feature.
            pub const fn arch(self) -> Arch {
                match self { $(Feature::$variant => Arch::$arch,)* }
            }
        }
    };
}

features! {
    Cx16 = "cx16", X86_64;
    Sahf = "sahf", X86_64;
    Popcnt = "popcnt", X86_64;
    Sse3 = "sse3", X86_64;
    Ssse3 = "ssse3", X86_64;
    Sse41 = "sse4.1", X86_64;
    Sse42 = "sse4.2", X86_64;
    Avx = "avx", X86_64;
    Avx2 = "avx2", X86_64;
    Bmi = "bmi", X86_64;
    Bmi2 = "bmi2", X86_64;
    F16c = "f16c", X86_64;
    Fma = "fma", X86_64;
    Lzcnt = "lzcnt", X86_64;
    Movbe = "movbe", X86_64;
    Xsave = "xsave", X86_64;
    Avx512f = "avx512f", X86_64;
    Avx512bw = "avx512bw", X86_64;
    Avx512cd = "avx512cd", X86_64;
    Avx512dq = "avx512dq", X86_64;
    Avx512vl = "avx512vl", X86_64;
    Avx512ifma = "avx512ifma", X86_64;
    Avx512vbmi = "avx512vbmi", X86_64;
    Avx512vbmi2 = "avx512vbmi2", X86_64;
    Avx512vnni = "avx512vnni", X86_64;
    Avx512bitalg = "avx512bitalg", X86_64;
    Avx512vpopcntdq = "avx512vpopcntdq", X86_64;
    Avx512bf16 = "avx512bf16", X86_64;
    Avx512fp16 = "avx512fp16", X86_64;
    Avxvnni = "avxvnni", X86_64;
    Gfni = "gfni", X86_64;
    Neon = "neon", Aarch64;
    Crc = "crc", Aarch64;
    Lse = "lse", Aarch64;
    Rdm = "rdm", Aarch64;
    Fullfp16 = "fullfp16", Aarch64;
    Dotprod = "dotprod", Aarch64;
    Fp16fml = "fp16fml", Aarch64;
    Jsconv = "jsconv", Aarch64;
    Complxnum = "complxnum", Aarch64;
    Rcpc = "rcpc", Aarch64;
    Aes = "aes", Aarch64;
    Sha2 = "sha2", Aarch64;
    Sha3 = "sha3", Aarch64;
    Bf16 = "bf16", Aarch64;
    I8mm = "i8mm", Aarch64;
    Sve = "sve", Aarch64;
    Sve2 = "sve2", Aarch64;
}

impl FromStr for Feature {
    type Err = Error;

    fn from_str(name: &str) -> Result<Feature> {
        Feature::ALL.iter().copied().find(|feature| feature.name() == name).ok_or_else(|| {
            Error::UnknownName {
                what: "processor feature",
                found: name.to_owned(),
                expected: "a feature of spec §6.2".to_owned(),
            }
        })
    }
}

/// A set of features as bits, so that selecting a variant costs a few instructions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FeatureSet(u64);

impl FeatureSet {
    /// The set of `features`.
    pub const fn new(features: &[Feature]) -> FeatureSet {
        let mut bits = 0;
        let mut i = 0;
        while i < features.len() {
            bits |= 1 << features[i] as u8;
            i += 1;
        }
        FeatureSet(bits)
    }

    /// Adds one feature.
    pub const fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u8;
    }

    /// Whether `feature` is in the set.
    pub const fn contains(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }

    /// Whether every feature of `other` is in this set.
    pub const fn contains_all(self, other: FeatureSet) -> bool {
        other.0 & !self.0 == 0
    }

    /// The features in spec order.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let feature = Feature::ALL.get(rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(*feature)
        })
    }

    /// The features of this set that `other` lacks.
    pub const fn difference(self, other: FeatureSet) -> FeatureSet {
        FeatureSet(self.0 & !other.0)
    }

    /// The set as a number, with a bit for each feature of the table.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// How many features the set has.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, feature) in self.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " " })?;
            f.write_str(feature.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeatureSet({self})")
    }
}

/// A named set of processor features on a platform (spec §6.3). Levels of a platform are listed lowest first, and of the
/// variants that fit a host the one that stands last is taken.
#[derive(PartialEq, Eq, Debug)]
pub struct IsaLevel {
    /// The name in the manifest and on the command line.
    pub name: &'static str,
    /// What the processor must have beyond the architecture's own baseline.
    pub features: FeatureSet,
    /// LLVM's `target-cpu`.
    pub llvm_cpu: &'static str,
    /// LLVM's `target-features`, on top of the processor's own.
    pub llvm_features: &'static str,
    /// LLVM's `prefer-vector-width` in bits, where the default of the processor model is not wanted.
    pub prefer_vector_width: Option<u32>,
}

macro_rules! set {
    ($($feature:ident)*) => { FeatureSet::new(&[$(Feature::$feature,)*]) };
}

/// The psABI's micro-architecture levels: x86-64 psABI 1.0, §3.1.1.
const X86_64_LEVELS: &[IsaLevel] = &[
    IsaLevel {
        name: "x86-64",
        features: set!(),
        llvm_cpu: "x86-64",
        llvm_features: "",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "x86-64-v2",
        features: set!(Cx16 Sahf Popcnt Sse3 Ssse3 Sse41 Sse42),
        llvm_cpu: "x86-64-v2",
        llvm_features: "",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "x86-64-v3",
        features: set!(Cx16 Sahf Popcnt Sse3 Ssse3 Sse41 Sse42 Avx Avx2 Bmi Bmi2 F16c Fma Lzcnt Movbe Xsave),
        llvm_cpu: "x86-64-v3",
        llvm_features: "",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "x86-64-v4",
        features: set!(Cx16 Sahf Popcnt Sse3 Ssse3 Sse41 Sse42 Avx Avx2 Bmi Bmi2 F16c Fma Lzcnt Movbe Xsave
                       Avx512f Avx512bw Avx512cd Avx512dq Avx512vl),
        llvm_cpu: "x86-64-v4",
        llvm_features: "",
        // 0.90 of clang's default (256) as the geometric mean of 11 kernels on an AVX-512 Xeon.
        prefer_vector_width: Some(512),
    },
];

/// `sve` leaves `dotprod` out because the A64FX, the most common machine with SVE and no SVE2, lacks it.
const LINUX_AARCH64_LEVELS: &[IsaLevel] = &[
    IsaLevel {
        name: "armv8-a",
        features: set!(Neon),
        llvm_cpu: "generic",
        llvm_features: "+v8a,+neon",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "armv8.2-a",
        features: set!(Neon Crc Lse Rdm Fullfp16 Dotprod),
        llvm_cpu: "generic",
        llvm_features: "+v8a,+neon,+crc,+lse,+rdm,+fullfp16,+dotprod",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "sve",
        features: set!(Neon Crc Lse Rdm Fullfp16 Sve),
        llvm_cpu: "generic",
        llvm_features: "+v8a,+neon,+crc,+lse,+rdm,+fullfp16,+sve",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "sve2",
        features: set!(Neon Crc Lse Rdm Fullfp16 Dotprod Complxnum Rcpc Sve Sve2),
        llvm_cpu: "generic",
        llvm_features: "+v8a,+neon,+crc,+lse,+rdm,+fullfp16,+dotprod,+complxnum,+rcpc,+sve,+sve2",
        prefer_vector_width: None,
    },
];

const OSX_ARM64_LEVELS: &[IsaLevel] = &[
    IsaLevel {
        name: "apple-m1",
        features: set!(Neon Crc Lse Rdm Fullfp16 Dotprod Fp16fml Jsconv Complxnum Rcpc Aes Sha2 Sha3),
        llvm_cpu: "apple-m1",
        llvm_features: "",
        prefer_vector_width: None,
    },
    IsaLevel {
        name: "apple-m2",
        features: set!(Neon Crc Lse Rdm Fullfp16 Dotprod Fp16fml Jsconv Complxnum Rcpc Aes Sha2 Sha3 Bf16 I8mm),
        llvm_cpu: "apple-m2",
        llvm_features: "",
        prefer_vector_width: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_contains_its_baseline_and_belongs_to_its_architecture() {
        for platform in Platform::ALL {
            let levels = platform.levels();
            for level in levels {
                assert!(level.features.contains_all(levels[0].features), "{platform} {}", level.name);
                assert!(level.features.iter().all(|feature| feature.arch() == platform.arch()));
            }
        }
    }

    #[test]
    fn names_round_trip() {
        for platform in Platform::ALL {
            assert_eq!(platform.name().parse::<Platform>().unwrap(), platform);
        }
        for feature in Feature::ALL {
            assert_eq!(feature.name().parse::<Feature>().unwrap(), *feature);
        }
        assert!(Feature::ALL.len() <= 64, "FeatureSet holds 64 bits");
    }

    #[test]
    fn unknown_level_lists_what_is_there() {
        let message = Platform::Linux64.level("avx9000").unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown ISA level `avx9000`\nhint: expected one of `x86-64`, `x86-64-v2`, `x86-64-v3`, `x86-64-v4`"
        );
    }
}
