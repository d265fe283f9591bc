//! The rules of spec §5.2 that a manifest keeps by itself, each with its number.

use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;

use super::{BlobId, BlobKind, Manifest, Options};
use crate::FORMAT_VERSION;
use crate::cbor;
use crate::error::{Error, Result};
use crate::signature::{Signature, Type};
use crate::targets::{Feature, Platform};

/// Features of the format that this reader knows by their critical name. None is defined by format 1.0.
const KNOWN_CRITICAL: &[&str] = &[];
/// spec §4.1: longest name or symbol, bytes.
const MAX_NAME: usize = 4096;

pub(super) fn broken(rule: &'static str, path: impl Into<String>, what: impl Into<String>) -> Error {
    Error::Manifest { rule, path: path.into(), what: what.into() }
}

/// Rule M10, checked before the rest is even decoded: a critical feature may change what the rest means.
pub(super) fn critical(bytes: &[u8], major: u16, minor: u16) -> Result<()> {
    #[derive(Deserialize)]
    struct Outline {
        #[serde(default)]
        critical: Vec<String>,
    }
    let outline: Outline = cbor::decode(bytes)?;
    match outline.critical.into_iter().find(|field| !KNOWN_CRITICAL.contains(&field.as_str())) {
        Some(field) => Err(Error::Critical { field, found_major: major, found_minor: minor }),
        None => Ok(()),
    }
}

impl Manifest {
    pub(super) fn validate(&self, minor: u16) -> Result<()> {
        let known_minor = minor <= FORMAT_VERSION.1;
        if !is_identifier(&self.name) {
            return Err(broken(
                "M11",
                "name",
                format!("expected an identifier, found `{}`", self.name.escape_debug()),
            ));
        }
        self.options_rules(&self.options)?;
        self.blob_rules()?;
        self.import_rules()?;
        self.export_rules()?;
        let mut referenced = HashSet::new();
        self.bitcode_rules(&mut referenced)?;
        self.platform_rules(known_minor, &mut referenced)?;
        if known_minor && let Some(index) = (0..self.blobs.len()).find(|index| !referenced.contains(index)) {
            return Err(broken("M17", format!("blobs[{index}]"), "nothing refers to this blob"));
        }
        Ok(())
    }

    fn options_rules(&self, options: &Options) -> Result<()> {
        match options.opt {
            0..=3 => Ok(()),
            opt => Err(broken("M9", "options.opt", format!("expected 0 to 3, found {opt}"))),
        }
    }

    fn blob_rules(&self) -> Result<()> {
        for (index, pair) in self.blobs.windows(2).enumerate() {
            if pair[0].hash >= pair[1].hash {
                return Err(broken(
                    "M15",
                    format!("blobs[{}].hash", index + 1),
                    "expected hashes in ascending order",
                ));
            }
        }
        match self.blobs.iter().position(|blob| blob.size == 0) {
            Some(index) => Err(broken("M16", format!("blobs[{index}].size"), "a blob cannot be empty")),
            None => Ok(()),
        }
    }

    fn import_rules(&self) -> Result<()> {
        for (index, import) in self.imports.iter().enumerate() {
            let path = || format!("imports[{index}].name");
            check_symbol(&import.name, path)?;
            if index > 0 && self.imports[index - 1].name >= import.name {
                return Err(broken("M14", path(), "expected names in ascending order, without repeats"));
            }
        }
        Ok(())
    }

    fn export_rules(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for (index, export) in self.exports.iter().enumerate() {
            let path = |field: &str| format!("exports[{index}].{field}");
            if !is_identifier(&export.name) {
                let what = format!("expected an identifier, found `{}`", export.name.escape_debug());
                return Err(broken("M11", path("name"), what));
            }
            check_symbol(&export.symbol, || path("symbol"))?;
            check_symbol(&export.thunk, || path("thunk"))?;
            let signature = Signature::parse(&export.signature)
                .map_err(|error| broken("M12", path("signature"), error.to_string()))?;
            let canonical = signature.to_string();
            if canonical != export.signature || signature.name != export.name {
                let what = format!(
                    "expected the canonical text for `{}`, `{canonical}`, found `{}`",
                    export.name, export.signature
                );
                return Err(broken("M12", path("signature"), what));
            }
            if !seen.insert(&export.signature) {
                return Err(broken("M13", path("signature"), format!("`{canonical}` stands twice")));
            }
            let is_array = |param: &u32| {
                signature
                    .params
                    .get(*param as usize)
                    .is_some_and(|param| !matches!(param.ty, Type::Scalar(_)))
            };
            let ascending = export.restrict.windows(2).all(|pair| pair[0] < pair[1]);
            if !ascending || !export.restrict.iter().all(is_array) {
                return Err(broken(
                    "M18",
                    path("restrict"),
                    "expected ascending indices of array parameters",
                ));
            }
        }
        Ok(())
    }

    fn refer(
        &self,
        blob: BlobId,
        kind: BlobKind,
        path: String,
        referenced: &mut HashSet<usize>,
    ) -> Result<()> {
        let index = blob.0 as usize;
        let Some(entry) = self.blobs.get(index) else {
            return Err(broken(
                "M16",
                path,
                format!("expected a blob below {}, found {index}", self.blobs.len()),
            ));
        };
        if entry.kind != kind {
            return Err(broken(
                "M16",
                path,
                format!("expected a blob of kind {kind:?}, found {:?}", entry.kind),
            ));
        }
        referenced.insert(index);
        Ok(())
    }

    fn bitcode_rules(&self, referenced: &mut HashSet<usize>) -> Result<()> {
        for (index, bitcode) in self.bitcode.iter().enumerate() {
            let path = |field: &str| format!("bitcode[{index}].{field}");
            self.refer(bitcode.blob, BlobKind::Bitcode, path("blob"), referenced)?;
            let sorted = |names: &[String]| names.windows(2).all(|pair| pair[0] < pair[1]);
            if !sorted(&bitcode.platforms) {
                return Err(broken(
                    "M19",
                    path("platforms"),
                    "expected names in ascending order, without repeats",
                ));
            }
            if !sorted(&bitcode.producers) {
                return Err(broken(
                    "M19",
                    path("producers"),
                    "expected names in ascending order, without repeats",
                ));
            }
            let targeted = !bitcode.triple.is_empty() && !bitcode.data_layout.is_empty();
            let bare = bitcode.triple.is_empty() && bitcode.data_layout.is_empty();
            if bitcode.neutral && (!bare || bitcode.isa.is_some()) || !bitcode.neutral && !targeted {
                let what = "expected a triple and a data layout, or `neutral` and neither of them nor `isa`";
                return Err(broken("M19", path("triple"), what));
            }
        }
        Ok(())
    }

    fn platform_rules(&self, known_minor: bool, referenced: &mut HashSet<usize>) -> Result<()> {
        for (name, entry) in &self.platforms {
            let path = |field: &str| format!("platforms.{name}.{field}");
            match name.parse::<Platform>() {
                Ok(platform) => {
                    let expected = (platform.triple(), platform.object_format().name());
                    if (entry.triple.as_str(), entry.object_format.as_str()) != expected {
                        let what = format!(
                            "expected `{}` and `{}`, found `{}` and `{}`",
                            expected.0,
                            expected.1,
                            entry.triple.escape_debug(),
                            entry.object_format.escape_debug()
                        );
                        return Err(broken("M20", path("triple"), what));
                    }
                }
                Err(error) if known_minor => {
                    return Err(broken(
                        "M20",
                        format!("platforms.{}", name.escape_debug()),
                        error.to_string(),
                    ));
                }
                Err(_) => {}
            }
            if entry.variants.is_empty() {
                return Err(broken("M20", path("variants"), "expected at least one variant"));
            }
            let mut levels = BTreeSet::new();
            for (index, variant) in entry.variants.iter().enumerate() {
                let path = |field: &str| format!("platforms.{name}.variants[{index}].{field}");
                if !levels.insert(&variant.isa) || variant.isa.is_empty() || variant.isa.len() > MAX_NAME {
                    return Err(broken(
                        "M21",
                        path("isa"),
                        "expected a name that no other variant of the platform has",
                    ));
                }
                if known_minor && let Some(what) = feature_fault(&variant.features) {
                    return Err(broken("M21", path("features"), what));
                }
                self.refer(variant.object, BlobKind::Object, path("object"), referenced)?;
                if let Some(image) = variant.image {
                    self.refer(image, BlobKind::Image, path("image"), referenced)?;
                }
                let in_range = variant.imports.iter().all(|import| (*import as usize) < self.imports.len());
                if !in_range || !variant.imports.windows(2).all(|pair| pair[0] < pair[1]) {
                    return Err(broken("M22", path("imports"), "expected ascending indices of imports"));
                }
            }
        }
        Ok(())
    }
}

fn feature_fault(names: &[String]) -> Option<String> {
    let mut previous: Option<Feature> = None;
    for name in names {
        match name.parse::<Feature>() {
            Err(error) => return Some(error.to_string()),
            Ok(feature) if previous.is_some_and(|earlier| earlier >= feature) => {
                return Some(format!("expected features in spec order, found `{name}` too late"));
            }
            Ok(feature) => previous = Some(feature),
        }
    }
    None
}

fn check_symbol(symbol: &str, path: impl FnOnce() -> String) -> Result<()> {
    if symbol.is_empty() || symbol.len() > MAX_NAME || symbol.contains('\0') {
        return Err(broken("M11", path(), format!("expected a symbol of 1 to {MAX_NAME} bytes without NUL")));
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= MAX_NAME
        && bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
