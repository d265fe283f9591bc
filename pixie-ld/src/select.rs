//! Choosing a variant: a pure function of the variants offered and the features present.

use pixie_format::manifest::{PlatformEntry, PlatformView, Variant};
use pixie_format::{Arch, IsaLevel};

use crate::error::{Error, Result};
use crate::host::Host;

/// The variant that was chosen and why the others were not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// The index into the platform's variants.
    pub index: usize,
    /// Whether the caller forced it.
    pub forced: bool,
    /// Every other variant with a reason, in the manifest's order.
    pub refused: Vec<Refusal>,
}

/// A variant that was not chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The level's name.
    pub isa: String,
    /// Why, as a phrase: `needs avx512f, which this processor lacks`.
    pub reason: String,
}

/// What of `variant` this host lacks, features that this version does not know included; empty where it fits.
fn missing(variant: &Variant, host: &Host) -> String {
    let (known, unknown) = variant.feature_set();
    let lacking = known.difference(host.features);
    if lacking.is_empty() && unknown.is_empty() {
        return String::new();
    }
    let names = lacking.iter().map(|feature| feature.name()).chain(unknown);
    names.collect::<Vec<_>>().join(" ")
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What [`select`] chooses, read in place, where nothing needs to be said about it: the index of the last variant that fits, or
/// of the one that is named. `None` leaves the rest to `select`.
pub(crate) fn quick(entry: &PlatformView<'_>, host: &Host, forced: Option<&str>) -> Option<usize> {
    entry.variants.iter().rposition(|variant| {
        let features = variant.feature_set(host.platform);
        features.is_some_and(|features| host.features.contains_all(features))
            && forced.is_none_or(|forced| variant.isa.as_bytes() == forced.as_bytes())
    })
}

/// Chooses the last variant that fits `host`, or the one that is `forced`: by name, as `baseline`, the first, or by a
/// feature, the lowest level that has it. `name` is the
/// module's, for messages.
pub fn select(name: &str, entry: &PlatformEntry, host: &Host, forced: Option<&str>) -> Result<Selection> {
    let missing: Vec<String> = entry.variants.iter().map(|variant| missing(variant, host)).collect();
    let index = match forced {
        Some(forced) => forced_index(name, entry, host, forced, &missing)?,
        None => match missing.iter().rposition(String::is_empty) {
            Some(index) => index,
            None => return Err(no_variant(name, entry, host, &missing)),
        },
    };
    let chosen = &entry.variants[index].isa;
    let reason = |at: usize| match missing[at].as_str() {
        "" if forced.is_some() => format!("`{chosen}` was forced"),
        "" => format!("lower than the chosen {chosen}"),
        features => format!("needs {features}, which this processor lacks"),
    };
    let others = entry.variants.iter().enumerate().filter(|(at, _)| *at != index);
    let refused = others.map(|(at, other)| Refusal { isa: other.isa.clone(), reason: reason(at) }).collect();
    Ok(Selection { index, forced: forced.is_some(), refused })
}

fn forced_index(
    name: &str,
    entry: &PlatformEntry,
    host: &Host,
    forced: &str,
    missing: &[String],
) -> Result<usize> {
    // A level of that very name comes first, so that nobody is fooled by one that is called `baseline`.
    let named = entry.variants.iter().position(|variant| variant.isa == forced);
    let baseline = || (forced == "baseline" && !entry.variants.is_empty()).then_some(0);
    let Some(index) = named.or_else(baseline).or_else(|| of_feature(entry, host, forced)) else {
        return Err(Error::UnknownIsa {
            module: name.to_owned(),
            platform: host.platform.name().to_owned(),
            forced: forced.to_owned(),
            present: quoted(entry.variants.iter().map(|variant| variant.isa.as_str())),
        });
    };
    if missing[index].is_empty() {
        return Ok(index);
    }
    let fitting = entry.variants.iter().zip(missing).filter(|(_, missing)| missing.is_empty());
    let usable = quoted(fitting.map(|(variant, _)| variant.isa.as_str()));
    Err(Error::UnsupportedIsa {
        module: name.to_owned(),
        forced: entry.variants[index].isa.clone(),
        missing: missing[index].clone(),
        cpu: host.cpu().to_owned(),
        usable: match usable.as_str() {
            "" => "no variant of this module runs here".to_owned(),
            usable => format!("usable here: {usable}"),
        },
    })
}

/// The variant of the lowest level that has the feature `forced`, as numba/pixie and NumPy name it: `sse42`, `AVX2`, `fma3`. Where the
/// module lacks that level none is taken: a higher one is not what was asked for.
fn of_feature(entry: &PlatformEntry, host: &Host, forced: &str) -> Option<usize> {
    let plain = |name: &str| name.replace(['.', '_'], "").to_ascii_lowercase();
    let asked = plain(forced);
    let asked = if asked == "fma3" { "fma" } else { asked.as_str() };
    // Every processor of the architecture has these.
    let in_all = host.platform.arch() == Arch::X86_64 && ["mmx", "sse", "sse2"].contains(&asked);
    let has = |level: &&IsaLevel| in_all || level.features.iter().any(|one| plain(one.name()) == asked);
    let level = host.platform.levels().iter().find(has)?;
    entry.variants.iter().position(|variant| variant.isa == level.name)
}

fn no_variant(name: &str, entry: &PlatformEntry, host: &Host, missing: &[String]) -> Error {
    let lines = entry.variants.iter().zip(missing).map(|(variant, missing)| {
        format!("  {} needs {}; missing: {missing}", variant.isa, variant.features.join(" "))
    });
    Error::NoVariant {
        module: name.to_owned(),
        platform: host.platform.name().to_owned(),
        host: if host.features.is_empty() {
            format!("{}, which has none of the features that levels ask for", host.cpu())
        } else {
            format!("{}, which has {}", host.cpu(), host.features)
        },
        refusals: lines.collect::<Vec<_>>().join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use pixie_format::manifest::ManifestView;
    use pixie_format::{BlobId, FeatureSet, Module, Platform};

    use super::*;

    #[test]
    fn a_level_is_forced_by_a_feature_of_it() {
        let variant = |level: &IsaLevel| Variant {
            isa: level.name.to_owned(),
            features: level.features.iter().map(|feature| feature.name().to_owned()).collect(),
            object: BlobId(0),
            imports: Vec::new(),
            image: None,
        };
        let chosen = |platform: Platform, forced: &str| {
            let levels = platform.levels();
            let entry = PlatformEntry {
                triple: platform.triple().to_owned(),
                object_format: platform.object_format().name().to_owned(),
                variants: levels.iter().map(variant).collect(),
            };
            let host = Host::hypothetical(platform, levels[levels.len() - 1].features, "test");
            select("m", &entry, &host, Some(forced)).ok().map(|selection| levels[selection.index].name)
        };
        for (forced, level) in [
            ("sse2", Some("x86-64")),
            ("SSE42", Some("x86-64-v2")),
            ("sse4.1", Some("x86-64-v2")),
            ("avx2", Some("x86-64-v3")),
            ("fma3", Some("x86-64-v3")),
            ("AVX512F", Some("x86-64-v4")),
            ("avx512fp16", None),
            ("NONSENSE", None),
            ("", None),
        ] {
            assert_eq!(chosen(Platform::Linux64, forced), level, "{forced}");
        }
        assert_eq!(chosen(Platform::LinuxAarch64, "sse2"), None);
        assert_eq!(chosen(Platform::LinuxAarch64, "sve"), Some("sve"));
    }

    #[test]
    fn the_choice_in_place_is_that_of_select() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors/valid");
        let mut compared = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let Ok(module) = Module::parse(&bytes) else { continue };
            let header = module.header();
            let view = ManifestView::parse(module.manifest_bytes(), header.major, header.minor).unwrap();
            for platform in Platform::ALL {
                let (Some(view), Some(entry)) =
                    (view.platform(platform), module.manifest().platform(platform))
                else {
                    continue;
                };
                let none = FeatureSet::default();
                for features in platform.levels().iter().map(|level| level.features).chain([none]) {
                    let host = Host::hypothetical(platform, features, "test");
                    let levels = platform.levels().iter().map(|level| Some(level.name));
                    for forced in levels.chain([None, Some("baseline"), Some("x86-64-v99")]) {
                        let chosen = select("m", entry, &host, forced).ok().map(|selection| selection.index);
                        match quick(view, &host, forced) {
                            Some(index) => assert_eq!(Some(index), chosen, "{} {forced:?}", path.display()),
                            // `baseline` is a level's name only to `select`.
                            None => assert!(chosen.is_none() || forced == Some("baseline")),
                        }
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 100, "{compared}");
    }
}
