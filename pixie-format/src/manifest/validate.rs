//! The rules of spec §5 that a manifest keeps by itself, each with its number; those about exports are in `exports`.

use std::collections::{BTreeSet, HashSet};

use super::{Bitcode, BlobId, BlobKind, CRITICAL_FEATURES, Manifest, PlatformEntry, Variant, schema};
use crate::cbor;
use crate::error::{Error, Result};
use crate::runtime_symbols;
use crate::signature::{Signature, is_keyword};
use crate::targets::{Feature, Platform};

/// spec §5 M17: longest name or symbol, bytes.
const MAX_NAME: usize = 4096;

pub(super) fn broken(rule: &'static str, path: impl Into<String>, what: impl Into<String>) -> Error {
    Error::Manifest { rule, path: path.into(), what: what.into() }
}

/// Rule M15, given the value of the manifest's key `critical`.
pub(super) fn critical(value: &[u8], major: u16, minor: u16) -> Result<()> {
    cbor::check(value, &schema::CRITICAL, true, |_| Ok(())).map_err(|error| match error {
        Error::Manifest { rule, what, .. } => broken(rule, "critical", what),
        other => other,
    })?;
    let names: Vec<String> = cbor::decode(value)?;
    match names.into_iter().find(|name| !CRITICAL_FEATURES.contains(&name.as_str())) {
        Some(field) => Err(Error::Critical { field, found_major: major, found_minor: minor }),
        None => Ok(()),
    }
}

/// The blobs that something refers to.
struct References {
    seen: Vec<bool>,
}

impl Manifest {
    /// Checks every rule from M17 on that needs no other bytes. `newer`: a later minor version wrote the file.
    pub(super) fn validate(&self, newer: bool) -> Result<Vec<Signature>> {
        check_identifier(&self.name, || "name".to_owned())?;
        let signatures = self.export_rules()?;
        self.import_rules()?;
        self.blob_rules()?;
        let mut references = References { seen: vec![false; self.blobs.len()] };
        self.bitcode_rules(newer, &mut references)?;
        let mut needed = vec![false; self.imports.len()];
        for (name, entry) in &self.platforms {
            let platform = self.platform_rules(name, entry, newer)?;
            self.variant_rules(name, entry, platform, newer, &mut references)?;
            self.needed_imports(entry, platform, newer, &mut needed)?;
        }
        if let Some(index) = needed.iter().position(|needed| !needed)
            && !newer
        {
            return Err(broken("M22", format!("imports[{index}].name"), "no variant needs this import"));
        }
        match references.seen.iter().position(|seen| !seen) {
            Some(index) if !newer => {
                Err(broken("M31", format!("blobs[{index}]"), "nothing refers to this blob"))
            }
            _ => Ok(signatures),
        }
    }

    fn blob_rules(&self) -> Result<()> {
        for (index, pair) in self.blobs.windows(2).enumerate() {
            if pair[0].hash >= pair[1].hash {
                let what = "expected hashes in ascending order, without repeats";
                return Err(broken("M29", format!("blobs[{}].hash", index + 1), what));
            }
        }
        match self.blobs.iter().position(|blob| blob.size == 0) {
            Some(index) => Err(broken("M30", format!("blobs[{index}].size"), "a blob cannot be empty")),
            None => Ok(()),
        }
    }

    fn refer(
        &self,
        blob: BlobId,
        kind: BlobKind,
        path: impl FnOnce() -> String,
        references: &mut References,
    ) -> Result<()> {
        let index = blob.0 as usize;
        let what = match (self.blobs.get(index), references.seen.get_mut(index)) {
            (Some(entry), Some(seen)) if entry.kind == kind => {
                *seen = true;
                return Ok(());
            }
            (Some(entry), _) => {
                format!("expected a blob of kind `{}`, found `{}`", kind.name(), entry.kind.name())
            }
            (None, _) => format!("expected an index below {}, found {index}", self.blobs.len()),
        };
        Err(broken("M28", path(), what))
    }

    fn bitcode_rules(&self, newer: bool, references: &mut References) -> Result<()> {
        let mut served = HashSet::new();
        for (index, bitcode) in self.bitcode.iter().enumerate() {
            let path = |field: &str| format!("bitcode[{index}].{field}");
            self.refer(bitcode.blob, BlobKind::Bitcode, || path("blob"), references)?;
            for (names, field) in [(&bitcode.platforms, "platforms"), (&bitcode.producers, "producers")] {
                if !ascending(names) {
                    let what = "expected names in ascending order, without repeats";
                    return Err(broken("M24", path(field), what));
                }
            }
            bitcode_target(bitcode, newer).map_err(|(field, what)| broken("M24", path(field), what))?;
            let neutral = bitcode.neutral.then_some("");
            for platform in bitcode.platforms.iter().map(String::as_str).chain(neutral) {
                if !served.insert((platform, &bitcode.isa)) {
                    let what = "an earlier entry serves the same platform and level, or is neutral too";
                    return Err(broken("M24", path("platforms"), what));
                }
            }
        }
        Ok(())
    }

    /// The platform, where this version knows it.
    fn platform_rules(&self, name: &str, entry: &PlatformEntry, newer: bool) -> Result<Option<Platform>> {
        let path = || format!("platforms.{}", name.escape_debug());
        let platform = match name.parse::<Platform>() {
            Ok(platform) => platform,
            Err(_) if newer => return Ok(None),
            Err(error) => return Err(broken("M25", path(), error.to_string())),
        };
        for (field, found, expected) in [
            ("triple", &entry.triple, platform.triple()),
            ("object_format", &entry.object_format, platform.object_format().name()),
        ] {
            if found != expected {
                let what = format!("expected `{expected}`, found `{}`", found.escape_debug());
                return Err(broken("M25", format!("{}.{field}", path()), what));
            }
        }
        Ok(Some(platform))
    }

    fn variant_rules(
        &self,
        name: &str,
        entry: &PlatformEntry,
        platform: Option<Platform>,
        newer: bool,
        references: &mut References,
    ) -> Result<()> {
        let mut levels = BTreeSet::new();
        for (index, variant) in entry.variants.iter().enumerate() {
            let path = |field: &str| format!("platforms.{}.variants[{index}].{field}", name.escape_debug());
            check_symbol(&variant.isa, || path("isa"))?;
            if variant.isa == "baseline" || !levels.insert(&variant.isa) {
                let what = "expected a name other than `baseline` that no other variant of the platform has";
                return Err(broken("M26", path("isa"), what));
            }
            if let Some(platform) = platform
                && let Some(what) = feature_fault(variant, platform, newer)
            {
                return Err(broken("M26", path("features"), what));
            }
            self.refer(variant.object, BlobKind::Object, || path("object"), references)?;
            if let Some(image) = variant.image {
                self.refer(image, BlobKind::Image, || path("image"), references)?;
            }
            let in_range = variant.imports.last().is_none_or(|last| (*last as usize) < self.imports.len());
            if !in_range || !ascending(&variant.imports) {
                let what = "expected ascending indices of the module's imports";
                return Err(broken("M27", path("imports"), what));
            }
        }
        Ok(())
    }

    /// Rule M23, and which imports some variant needs.
    fn needed_imports(
        &self,
        entry: &PlatformEntry,
        platform: Option<Platform>,
        newer: bool,
        needed: &mut [bool],
    ) -> Result<()> {
        let mut here = vec![false; self.imports.len()];
        for index in entry.variants.iter().flat_map(|variant| &variant.imports) {
            here[*index as usize] = true;
        }
        for (index, import) in self.imports.iter().enumerate().filter(|(index, _)| here[*index]) {
            needed[index] = true;
            if let Some(platform) = platform
                && !newer
                && !import.foreign
                && runtime_symbols::find(&import.name, platform).is_none()
            {
                let name = import.name.escape_debug();
                let what = format!("`{name}` is no runtime symbol of {platform}, and not marked `foreign`");
                return Err(broken("M23", format!("imports[{index}]"), what));
            }
        }
        Ok(())
    }

    fn import_rules(&self) -> Result<()> {
        for (index, import) in self.imports.iter().enumerate() {
            let path = || format!("imports[{index}].name");
            check_symbol(&import.name, path)?;
            if index > 0 && self.imports[index - 1].name >= import.name {
                return Err(broken("M22", path(), "expected names in ascending order, without repeats"));
            }
        }
        Ok(())
    }
}

fn bitcode_target(bitcode: &Bitcode, newer: bool) -> Result<(), (&'static str, String)> {
    let known: Result<Vec<Platform>> = bitcode.platforms.iter().map(|name| name.parse()).collect();
    if let Err(error) = &known
        && !newer
    {
        return Err(("platforms", error.to_string()));
    }
    if bitcode.isa.as_deref().is_some_and(|isa| isa.is_empty() || isa == "baseline") {
        return Err(("isa", "expected the name of a level, not empty and not `baseline`".to_owned()));
    }
    if bitcode.neutral {
        let bare = bitcode.triple.is_empty() && bitcode.data_layout.is_empty() && bitcode.isa.is_none();
        let what = "neutral bitcode has an empty triple, an empty data layout and no `isa`";
        return if bare { Ok(()) } else { Err(("triple", what.to_owned())) };
    }
    if bitcode.platforms.len() != 1 {
        return Err(("platforms", "expected one platform, or `neutral`".to_owned()));
    }
    if bitcode.data_layout.is_empty() {
        return Err(("data_layout", "expected the data layout, or `neutral`".to_owned()));
    }
    match known.ok().and_then(|known| known.first().copied()) {
        Some(platform) if platform.triple() != bitcode.triple => {
            let found = bitcode.triple.escape_debug();
            Err(("triple", format!("expected `{}`, found `{found}`", platform.triple())))
        }
        _ => Ok(()),
    }
}

/// Rule M26: known features of the platform's architecture in spec order, and for a level of the spec just its own.
fn feature_fault(variant: &Variant, platform: Platform, newer: bool) -> Option<String> {
    let level = platform.levels().iter().find(|level| level.name == variant.isa);
    // Nearly every variant is a level of the spec, which comparing names settles without looking any of them up.
    if level.is_some_and(|level| level.features.iter().map(Feature::name).eq(variant.features.iter())) {
        return None;
    }
    let mut previous: Option<Feature> = None;
    for name in &variant.features {
        match name.parse::<Feature>() {
            Err(_) if newer => {}
            Err(error) => return Some(error.to_string()),
            Ok(feature) if feature.arch() != platform.arch() => {
                return Some(format!("`{name}` is not a feature of {platform}"));
            }
            Ok(feature) if previous.is_some_and(|earlier| earlier >= feature) => {
                return Some(format!("expected features in spec order, found `{name}` too late"));
            }
            Ok(feature) => previous = Some(feature),
        }
    }
    let level = level?;
    let found = variant.features.join(" ");
    Some(format!("the level `{}` is `{}`, found `{}`", level.name, level.features, found.escape_debug()))
}

fn ascending<T: PartialOrd>(items: &[T]) -> bool {
    items.windows(2).all(|pair| pair[0] < pair[1])
}

pub(super) fn check_symbol(symbol: &str, path: impl FnOnce() -> String) -> Result<()> {
    if symbol.is_empty() || symbol.len() > MAX_NAME || symbol.contains('\0') {
        return Err(broken("M17", path(), format!("expected a name of 1 to {MAX_NAME} bytes without NUL")));
    }
    Ok(())
}

pub(super) fn check_identifier(name: &str, path: impl FnOnce() -> String) -> Result<()> {
    let mut bytes = name.bytes();
    let fits = name.len() <= MAX_NAME
        && bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !is_keyword(name);
    if fits {
        return Ok(());
    }
    let what =
        format!("expected an ASCII identifier that is no keyword of Python, found `{}`", name.escape_debug());
    Err(broken("M17", path(), what))
}
