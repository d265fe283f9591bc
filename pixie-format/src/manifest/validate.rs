//! The rules of spec §5 that a manifest keeps by itself, each with its number; those about exports are in `exports`.

use std::collections::BTreeSet;

use super::view::{BitcodeView, ManifestView, PlatformView, VariantView};
use super::{BlobId, BlobKind, CRITICAL_FEATURES, levels, schema};
use crate::FORMAT_VERSION;
use crate::cbor::{self, Text};
use crate::error::{Error, Result};
use crate::runtime_symbols;
use crate::signature::is_keyword;
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

/// What has been seen. The first few are compared one by one, the others kept sorted.
pub(super) struct Seen<T> {
    few: Vec<T>,
    many: BTreeSet<T>,
}

impl<T: Copy + Ord> Seen<T> {
    const FEW: usize = 16;

    pub(super) fn new() -> Seen<T> {
        Seen { few: Vec::with_capacity(Self::FEW), many: BTreeSet::new() }
    }

    /// Whether `item` is new.
    pub(super) fn insert(&mut self, item: T) -> bool {
        if self.few.contains(&item) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(item);
            return true;
        }
        self.many.insert(item)
    }
}

/// The blobs and imports that something refers to.
struct References {
    blobs: Vec<bool>,
    imports: Vec<bool>,
}

impl<'m> ManifestView<'m> {
    /// Checks every rule that needs no other bytes, but for those of signatures, which come with [`ManifestView::signatures`].
    /// `minor` is that of the header: a newer minor may hold what this reader does not know.
    pub fn parse(bytes: &'m [u8], major: u16, minor: u16) -> Result<ManifestView<'m>> {
        let newer = minor > FORMAT_VERSION.1;
        let quick = if newer { None } else { ManifestView::quick(bytes) };
        let view = match quick {
            Some(view) => view,
            None => {
                // The schema comes after `critical`, because a critical feature may change it.
                cbor::check(bytes, &schema::MANIFEST, newer, |value| critical(value, major, minor))?;
                ManifestView::read(bytes)
            }
        };
        view.validate(newer)?;
        Ok(view)
    }

    /// Checks every rule from M17 on that needs no other bytes. `newer`: a later minor version wrote the file.
    fn validate(&self, newer: bool) -> Result<()> {
        check_identifier(self.name, || "name".to_owned())?;
        self.export_rules()?;
        self.import_rules()?;
        self.blob_rules()?;
        let provided: Vec<_> =
            self.imports.iter().map(|import| runtime_symbols::provided(import.name.as_bytes())).collect();
        let mut references =
            References { blobs: vec![false; self.blobs.len()], imports: vec![false; self.imports.len()] };
        self.bitcode_rules(newer, &mut references)?;
        for entry in &self.platforms {
            let platform = platform_rules(entry, newer)?;
            self.variant_rules(entry, platform, newer, &mut references)?;
            if let Some(platform) = platform.filter(|_| !newer) {
                self.portable_imports(entry, platform, &provided)?;
            }
        }
        if let Some(index) = references.imports.iter().position(|needed| !needed)
            && !newer
        {
            return Err(broken("M22", format!("imports[{index}].name"), "no variant needs this import"));
        }
        match references.blobs.iter().position(|seen| !seen) {
            Some(index) if !newer => {
                Err(broken("M31", format!("blobs[{index}]"), "nothing refers to this blob"))
            }
            _ => Ok(()),
        }
    }

    fn blob_rules(&self) -> Result<()> {
        for (index, pair) in self.blobs.windows(2).enumerate() {
            if pair[0].hash_bytes() >= pair[1].hash_bytes() {
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
        let what = match (self.blobs.get(index), references.blobs.get_mut(index)) {
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
        let mut served = Seen::new();
        for (index, bitcode) in self.bitcode.iter().enumerate() {
            let path = |field: &str| format!("bitcode[{index}].{field}");
            self.refer(bitcode.blob, BlobKind::Bitcode, || path("blob"), references)?;
            for (names, field) in [(&bitcode.platforms, "platforms"), (&bitcode.producers, "producers")] {
                if !names.texts().is_sorted_by(|a, b| a < b) {
                    let what = "expected names in ascending order, without repeats";
                    return Err(broken("M24", path(field), what));
                }
            }
            bitcode_target(bitcode, newer).map_err(|(field, what)| broken("M24", path(field), what))?;
            let neutral = bitcode.neutral.then(Text::default);
            for platform in bitcode.platforms.texts().chain(neutral) {
                if !served.insert((platform, bitcode.isa)) {
                    let what = "an earlier entry serves the same platform and level, or is neutral too";
                    return Err(broken("M24", path("platforms"), what));
                }
            }
        }
        Ok(())
    }

    fn variant_rules(
        &self,
        entry: &PlatformView<'_>,
        platform: Option<Platform>,
        newer: bool,
        references: &mut References,
    ) -> Result<()> {
        let mut levels = Seen::new();
        for (index, variant) in entry.variants.iter().enumerate() {
            let path = |field: &str| {
                format!("platforms.{}.variants[{index}].{field}", entry.name.as_str().escape_debug())
            };
            check_symbol(variant.isa, || path("isa"))?;
            if variant.isa.as_bytes() == b"baseline" || !levels.insert(variant.isa) {
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
            let mut next = 0;
            for import in variant.imports() {
                let Some(needed) = references.imports.get_mut(import as usize).filter(|_| import >= next)
                else {
                    let what = "expected ascending indices of the module's imports";
                    return Err(broken("M27", path("imports"), what));
                };
                *needed = true;
                next = import.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Rule M23; `provided` are the imports that the runtime symbol list has, by platform.
    fn portable_imports(
        &self,
        entry: &PlatformView<'_>,
        platform: Platform,
        provided: &[[bool; Platform::ALL.len()]],
    ) -> Result<()> {
        let mut here = vec![false; self.imports.len()];
        for index in entry.variants.iter().flat_map(VariantView::imports) {
            if let Some(here) = here.get_mut(index as usize) {
                *here = true;
            }
        }
        for (index, import) in self.imports.iter().enumerate().filter(|(index, _)| here[*index]) {
            if !import.foreign && !provided[index][platform as usize] {
                let name = import.name.as_str().escape_debug();
                let what = format!("`{name}` is no runtime symbol of {platform}, and not marked `foreign`");
                return Err(broken("M23", format!("imports[{index}]"), what));
            }
        }
        Ok(())
    }

    fn import_rules(&self) -> Result<()> {
        for (index, import) in self.imports.iter().enumerate() {
            let path = || format!("imports[{index}].name");
            check_symbol(import.name, path)?;
            if index > 0 && self.imports[index - 1].name >= import.name {
                return Err(broken("M22", path(), "expected names in ascending order, without repeats"));
            }
        }
        Ok(())
    }
}

/// Rule M25; the platform, where this version knows it.
fn platform_rules(entry: &PlatformView<'_>, newer: bool) -> Result<Option<Platform>> {
    let name = entry.name.as_str();
    let path = || format!("platforms.{}", name.escape_debug());
    let platform = match name.parse::<Platform>() {
        Ok(platform) => platform,
        Err(_) if newer => return Ok(None),
        Err(error) => return Err(broken("M25", path(), error.to_string())),
    };
    for (field, found, expected) in [
        ("triple", entry.triple, platform.triple()),
        ("object_format", entry.object_format, platform.object_format().name()),
    ] {
        if found.as_bytes() != expected.as_bytes() {
            let what = format!("expected `{expected}`, found `{}`", found.as_str().escape_debug());
            return Err(broken("M25", format!("{}.{field}", path()), what));
        }
    }
    Ok(Some(platform))
}

fn bitcode_target(bitcode: &BitcodeView<'_>, newer: bool) -> Result<(), (&'static str, String)> {
    let mut first = None;
    let mut count = 0;
    for name in bitcode.platforms.texts() {
        match name.as_str().parse::<Platform>() {
            Ok(platform) if count == 0 => first = Some(platform),
            Err(error) if !newer => return Err(("platforms", error.to_string())),
            _ => {}
        }
        count += 1;
    }
    if bitcode.isa.is_some_and(|isa| matches!(isa.as_bytes(), b"" | b"baseline")) {
        return Err(("isa", "expected the name of a level, not empty and not `baseline`".to_owned()));
    }
    let no_layout = bitcode.data_layout.as_bytes().is_empty();
    if bitcode.neutral {
        let bare = bitcode.triple.as_bytes().is_empty() && no_layout && bitcode.isa.is_none();
        let what = "neutral bitcode has an empty triple, an empty data layout and no `isa`";
        return if bare { Ok(()) } else { Err(("triple", what.to_owned())) };
    }
    if count != 1 {
        return Err(("platforms", "expected one platform, or `neutral`".to_owned()));
    }
    if no_layout {
        return Err(("data_layout", "expected the data layout, or `neutral`".to_owned()));
    }
    match first {
        Some(platform) if platform.triple().as_bytes() != bitcode.triple.as_bytes() => {
            let found = bitcode.triple.as_str().escape_debug();
            Err(("triple", format!("expected `{}`, found `{found}`", platform.triple())))
        }
        _ => Ok(()),
    }
}

/// Rule M26: known features of the platform's architecture in spec order, and for a level of the spec just its own.
fn feature_fault(variant: &VariantView<'_>, platform: Platform, newer: bool) -> Option<String> {
    let level = levels::level(platform, variant.isa.as_bytes());
    // Nearly every variant is a level of the spec.
    if let Some((level, encoded)) = level
        && variant.has_features(level.features.len() as usize, encoded)
    {
        return None;
    }
    if level.is_none()
        && let Some(features) = variant.features_in_order()
        && features.iter().all(|feature| feature.arch() == platform.arch())
    {
        return None;
    }
    let mut previous: Option<Feature> = None;
    for name in variant.features() {
        match name.as_str().parse::<Feature>() {
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
    let (level, _) = level?;
    let found = variant.features().map(Text::as_str).collect::<Vec<_>>().join(" ");
    Some(format!("the level `{}` is `{}`, found `{}`", level.name, level.features, found.escape_debug()))
}

pub(super) fn check_symbol(symbol: Text<'_>, path: impl FnOnce() -> String) -> Result<()> {
    let bytes = symbol.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_NAME || bytes.contains(&0) {
        return Err(broken("M17", path(), format!("expected a name of 1 to {MAX_NAME} bytes without NUL")));
    }
    Ok(())
}

pub(super) fn check_identifier(name: Text<'_>, path: impl FnOnce() -> String) -> Result<()> {
    let bytes = name.as_bytes();
    let fits = bytes.len() <= MAX_NAME
        && bytes.first().is_some_and(|byte| !byte.is_ascii_digit())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && !is_keyword(bytes);
    if fits {
        return Ok(());
    }
    let found = name.as_str().escape_debug();
    let what = format!("expected an ASCII identifier that is no keyword of Python, found `{found}`");
    Err(broken("M17", path(), what))
}
