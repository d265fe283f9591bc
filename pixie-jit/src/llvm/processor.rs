//! Kinds of processors: which names LLVM knows, and which of our features each has.
//!
//! LLVM's C interface tells neither. It takes an unknown name for a processor without features, so the names are a list, which a test
//! compares with clang's. The features are found by its inliner, which takes a function into another only if that one's
//! processor has what the first needs.

use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;
use pixie_format::{Arch, Feature};

use super::ir;
use super::session::Session;
use super::target;
use crate::compile::{Isa, Processor, ProcessorRequest};
use crate::error::{Error, Result};

/// The 64-bit processors of LLVM 22, without second spellings.
const X86_64: &str = "\
    alderlake amdfam10 arrowlake arrowlake-s atom_sse4_2 barcelona bdver1 bdver2 bdver3 bdver4 bonnell \
    broadwell btver1 btver2 cannonlake cascadelake clearwaterforest cooperlake core2 corei7 corei7-avx \
    diamondrapids emeraldrapids goldmont goldmont-plus gracemont grandridge graniterapids \
    graniterapids-d haswell icelake-client icelake-server ivybridge k8 k8-sse3 knl knm lunarlake \
    meteorlake nehalem nocona novalake opteron opteron-sse3 pantherlake penryn raptorlake rocketlake \
    sandybridge sapphirerapids sierraforest silvermont skylake skylake-avx512 tigerlake tremont westmere \
    wildcatlake x86-64 x86-64-v2 x86-64-v3 x86-64-v4 znver1 znver2 znver3 znver4 znver5";

/// The processors of profile A of LLVM 22.
const AARCH64: &str = "\
    a64fx ampere1 ampere1a ampere1b ampere1c apple-a11 apple-a12 apple-a13 apple-a14 apple-a15 apple-a16 \
    apple-a17 apple-a18 apple-a19 apple-m1 apple-m2 apple-m3 apple-m4 apple-m5 c1-nano c1-premium c1-pro \
    c1-ultra carmel cobalt-100 cortex-a320 cortex-a34 cortex-a35 cortex-a510 cortex-a520 cortex-a53 \
    cortex-a55 cortex-a57 cortex-a65 cortex-a65ae cortex-a710 cortex-a715 cortex-a72 cortex-a720 \
    cortex-a725 cortex-a73 cortex-a75 cortex-a76 cortex-a76ae cortex-a77 cortex-a78 cortex-a78ae \
    cortex-a78c cortex-x1 cortex-x1c cortex-x2 cortex-x3 cortex-x4 cortex-x925 exynos-m3 exynos-m4 \
    exynos-m5 falkor fujitsu-monaka gb10 generic grace kryo neoverse-512tvb neoverse-e1 neoverse-n1 \
    neoverse-n2 neoverse-n3 neoverse-v1 neoverse-v2 neoverse-v3 neoverse-v3ae olympus oryon-1 saphira \
    thunderx thunderx2t99 thunderx3t110 thunderxt81 thunderxt83 thunderxt88 tsv110";

/// The names of an architecture's processors.
fn names(arch: Arch) -> impl Iterator<Item = &'static str> {
    match arch {
        Arch::X86_64 => X86_64.split_whitespace(),
        Arch::Aarch64 => AARCH64.split_whitespace(),
    }
}

/// Tells of a processor.
pub fn processor(request: &ProcessorRequest) -> Result<Processor> {
    let arch = request.platform.arch();
    let name = match &request.name {
        Some(name) => name.clone(),
        None => TargetMachine::get_host_cpu_name().to_string(),
    };
    if !names(arch).any(|known| known == name) {
        return Err(Error::UnknownProcessor {
            platform: request.platform,
            nearest: nearest(arch, &name),
            name,
        });
    }
    let features = match request.name {
        Some(_) => features(request, arch, &name)?,
        None => Vec::new(),
    };
    Ok(Processor { name, features: features.iter().map(|feature| feature.name().to_owned()).collect() })
}

/// The features that the processor has of those that the spec names.
fn features(request: &ProcessorRequest, arch: Arch, name: &str) -> Result<Vec<Feature>> {
    let asked: Vec<Feature> = Feature::ALL.iter().copied().filter(|feature| feature.arch() == arch).collect();
    let mut text = format!("target triple = \"{}\"\n", request.platform.triple());
    for (at, feature) in asked.iter().enumerate() {
        // With a feature that the processor has anyway the two are alike, else the first needs more.
        text += &format!(
            "define internal i32 @need{at}(i32 %x) \"target-cpu\"=\"{name}\" \"target-features\"=\"+{}\" {{\n  \
               %y = add i32 %x, {at}\n  ret i32 %y\n}}\n\
             define i32 @have{at}(i32 %x) \"target-cpu\"=\"{name}\" {{\n  \
               %y = call i32 @need{at}(i32 %x)\n  ret i32 %y\n}}\n",
            feature.name()
        );
    }
    let session = Session::new();
    let module = session.parse_own("processor", text.as_bytes())?;
    let isa = Isa {
        name: name.to_owned(),
        cpu: name.to_owned(),
        features: String::new(),
        tune: None,
        vector_width: None,
    };
    let machine = target::machine(request.platform.triple(), &isa, 2)?;
    let run = module.run_passes("cgscc(inline)", &machine, PassBuilderOptions::create());
    run.map_err(|message| Error::Llvm { message: message.to_string() })?;
    let has = |at: usize| {
        let function = ir::function(&module, &format!("have{at}"));
        function.is_some_and(|function| function.instructions().into_iter().all(|one| one.callee().is_none()))
    };
    let mut found: Vec<Feature> =
        asked.iter().enumerate().filter(|(at, _)| has(*at)).map(|(_, feature)| *feature).collect();
    // These two say nothing of code, so the inliner passes over them. They are older than SSSE3 at every maker.
    if !found.contains(&Feature::Ssse3) {
        found.retain(|feature| !matches!(feature, Feature::Cx16 | Feature::Sahf));
    }
    Ok(found)
}

/// The known names that are most like this one.
fn nearest(arch: Arch, name: &str) -> String {
    let mut ranked: Vec<(usize, &str)> = names(arch).map(|known| (distance(known, name), known)).collect();
    ranked.sort();
    let best: Vec<String> = ranked.iter().take(4).map(|(_, known)| format!("`{known}`")).collect();
    best.join(", ")
}

/// How many letters must be added, left out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use pixie_format::Platform;

    use super::*;

    fn of(platform: Platform, name: &str) -> Vec<String> {
        processor(&ProcessorRequest { platform, name: Some(name.to_owned()) }).unwrap().features
    }

    #[test]
    fn clang_knows_every_name() {
        for (arch, triple) in [(Arch::X86_64, "x86_64-linux-gnu"), (Arch::Aarch64, "aarch64-linux-gnu")] {
            let target = format!("--target={triple}");
            let words = ["--print-supported-cpus", &target];
            let told = Command::new("clang-22").args(words).output().unwrap();
            let told = String::from_utf8_lossy(&told.stderr).into_owned();
            let known: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix('\t')).collect();
            assert!(known.len() > 50, "{told}");
            let unknown: Vec<&str> = names(arch).filter(|name| !known.contains(name)).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }

    #[test]
    fn levels_have_just_their_features() {
        for level in Platform::Linux64.levels() {
            let features: Vec<&str> = level.features.iter().map(Feature::name).collect();
            assert_eq!(of(Platform::Linux64, level.name), features, "{}", level.name);
        }
        let m1: Vec<&str> = Platform::OsxArm64.levels()[0].features.iter().map(Feature::name).collect();
        assert_eq!(of(Platform::OsxArm64, "apple-m1"), m1);
    }

    #[test]
    fn processors_have_what_their_makers_say() {
        let cases = [
            (Platform::Linux64, "nehalem", "sse4.2 popcnt", "avx movbe"),
            (Platform::Win64, "haswell", "avx2 fma bmi2 movbe", "avx512f gfni"),
            (Platform::Linux64, "skylake-avx512", "avx512f avx512vl", "avx512vnni avx512ifma"),
            (Platform::Linux64, "cascadelake", "avx512vnni", "avx512bf16 avxvnni"),
            (Platform::Linux64, "znver3", "avx2 fma", "avx512f avxvnni"),
            (Platform::Linux64, "znver4", "avx512bf16 avx512vpopcntdq gfni", "avx512fp16 avxvnni"),
            (Platform::Linux64, "znver5", "avxvnni avx512bf16", "avx512fp16"),
            (Platform::Linux64, "sapphirerapids", "avx512fp16 avxvnni avx512bf16", ""),
            (Platform::Linux64, "alderlake", "avxvnni gfni", "avx512f"),
            (Platform::LinuxAarch64, "cortex-a53", "neon crc", "lse dotprod sve"),
            (Platform::LinuxAarch64, "neoverse-n1", "lse rdm dotprod rcpc fullfp16", "sve bf16"),
            (Platform::LinuxAarch64, "neoverse-v1", "sve bf16 i8mm", "sve2"),
            (Platform::LinuxAarch64, "neoverse-v2", "sve2 bf16 i8mm", ""),
            (Platform::LinuxAarch64, "a64fx", "sve complxnum", "dotprod sve2"),
            (Platform::OsxArm64, "apple-m2", "bf16 i8mm sha3", "sve"),
        ];
        for (platform, name, has, lacks) in cases {
            let features = of(platform, name);
            let there = |word: &str| features.iter().any(|feature| feature == word);
            assert!(has.split_whitespace().all(there), "{name}: {features:?}");
            assert!(!lacks.split_whitespace().any(there), "{name}: {features:?}");
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_those_like_it() {
        let request = ProcessorRequest { platform: Platform::Linux64, name: Some("zenver4".to_owned()) };
        let message = processor(&request).unwrap_err().to_string();
        assert!(message.contains("`zenver4`") && message.contains("`znver4`"), "{message}");
        let request = ProcessorRequest { platform: Platform::LinuxAarch64, name: Some("znver4".to_owned()) };
        assert!(processor(&request).is_err());
    }
}
