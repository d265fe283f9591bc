//! The manifest: what a module offers and where its blobs are (spec §4). Field names are those of the CDDL.

mod exports;
mod levels;
mod schema;
mod validate;
mod view;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cbor;
use crate::error::Result;
use crate::hash::{BuildId, Hash};
use crate::header::{HEADER_LEN, align_blob};
use crate::targets::{FeatureSet, Platform};

pub use crate::cbor::Text;
pub use view::{BlobView, ExportView, ImportView, ManifestView, PlatformView, VariantView};

/// The names of critical features that this reader knows (rule M15). Format 1.0 defines none.
const CRITICAL_FEATURES: &[&str] = &[];

/// The index of a blob in the manifest's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobId(pub u32);

/// What a module is (spec §4.2).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// The module's name, a Python identifier.
    pub name: String,
    /// The tool that wrote the module and its version, for example `pixie 0.1.0`.
    pub producer: String,
    /// The functions that callers see, in the author's order.
    pub exports: Vec<Export>,
    /// Every symbol that some object needs from outside, sorted by name.
    pub imports: Vec<Import>,
    /// The bitcode modules.
    pub bitcode: Vec<Bitcode>,
    /// Platform name to entry; a reader skips platforms it does not know.
    pub platforms: BTreeMap<String, PlatformEntry>,
    /// Every blob, ascending by hash.
    pub blobs: Vec<Blob>,
    /// How the objects were compiled; a later compilation from the bitcode repeats it.
    pub options: Options,
    /// Text for `module.__doc__`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Text that the format does not interpret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// The build id of the module that this one was specialised from; this module's own build id then too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Hash>,
    /// Names of format features without which the module cannot be understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<String>,
}

/// A function that callers see (spec §4.3). Exports of one name are overloads, tried in the manifest's order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Export {
    /// The name that Python sees.
    pub name: String,
    /// The canonical text of the signature.
    pub signature: String,
    /// The symbol of the function, as in the IR.
    pub symbol: String,
    /// The symbol of its thunk, as in the IR.
    pub thunk: String,
    /// Text for the function's `__doc__`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Whether the interpreter's lock is kept during a call; absent, the runtime decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gil: Option<Gil>,
    /// Ascending indices of the parameters that are `restrict` in C.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrict: Vec<u32>,
    /// What the non-zero results of a `status` function mean, ascending by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<StatusText>,
    /// The loop that makes the function a NumPy ufunc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ufunc: Option<Ufunc>,
    /// The source file, relative, with `/` between its parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Text that the format does not interpret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// The meaning of a result of a `status` function (spec §4.3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusText {
    /// The result, never 0.
    pub code: i32,
    /// The message of the exception.
    pub text: String,
}

/// What makes a ufunc of an export (spec §4.3).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ufunc {
    /// The symbol of the inner loop, `void (char **args, const int64_t *dimensions, const int64_t *steps, void *data)`.
    #[serde(rename = "loop")]
    pub inner_loop: String,
    /// Whether it is a generalised ufunc, whose core dimensions are those of the signature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub core: bool,
    /// What a reduction begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
}

/// What a reduction begins with (spec §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// 0.
    Zero,
    /// 1.
    One,
    /// Every bit set.
    MinusOne,
    /// No identity, but the order of the operands does not matter.
    Reorderable,
}

/// The lock policy of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gil {
    /// Keep the lock.
    Hold,
    /// Always release it.
    Release,
}

/// A symbol that objects need from outside (spec §4.4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Import {
    /// The name in the IR.
    pub name: String,
    /// Whether it is outside the runtime symbol list and was allowed by the author.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
}

/// A bitcode module (spec §4.5).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Bitcode {
    /// The bytes.
    pub blob: BlobId,
    /// The platforms it was made for, sorted.
    pub platforms: Vec<String>,
    /// Whether it is target-neutral and can serve any other platform too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub neutral: bool,
    /// The level it was made for, where the source asked for ISA macros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isa: Option<String>,
    /// The LLVM version that wrote it, for example `22.1.8`.
    pub llvm: String,
    /// The producers of the input, as the IR names them, sorted, without repeats.
    pub producers: Vec<String>,
    /// The target triple; empty when neutral.
    pub triple: String,
    /// The data layout; empty when neutral.
    pub data_layout: String,
}

/// A platform that the module holds objects for (spec §4.6).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlatformEntry {
    /// The target triple of its objects.
    pub triple: String,
    /// `elf`, `macho` or `coff`.
    pub object_format: String,
    /// The variants, lowest level first.
    pub variants: Vec<Variant>,
}

/// A native object for one ISA level (spec §4.7).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Variant {
    /// The level's name.
    pub isa: String,
    /// What the processor must have, LLVM's names, in spec order.
    pub features: Vec<String>,
    /// The object.
    pub object: BlobId,
    /// Ascending indices into the module's imports: what this object needs.
    pub imports: Vec<u32>,
    /// The object, linked beforehand; format 1.0 does not say how, so a reader of it takes the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<BlobId>,
}

/// The kind of a blob (spec §4.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    /// A relocatable native object.
    Object,
    /// LLVM bitcode.
    Bitcode,
    /// A pre-linked object; reserved.
    Image,
    /// A kind that only a later minor version knows; nothing that this version knows refers to it.
    #[serde(other)]
    Other,
}

impl BlobKind {
    /// The word in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            BlobKind::Object => "object",
            BlobKind::Bitcode => "bitcode",
            BlobKind::Image => "image",
            BlobKind::Other => "other",
        }
    }
}

/// A run of bytes, addressed by its hash (spec §4.8).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blob {
    /// BLAKE3 of the bytes.
    pub hash: Hash,
    /// What the bytes are.
    pub kind: BlobKind,
    /// The length in bytes.
    pub size: u64,
    /// Whether `thin` left the bytes out of this file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// How the objects were compiled (spec §4.9).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Options {
    /// The optimisation level, 0 to 3.
    pub opt: u8,
    /// Whether line tables were kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub debug: bool,
    /// Whether floating-point contraction was off, so that variants agree bit for bit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reproducible: bool,
}

/// Where a blob lies in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// Length in bytes.
    pub size: u64,
}

impl Default for Options {
    /// What `pixie build` does when nothing is said.
    fn default() -> Options {
        Options { opt: 3, debug: false, reproducible: false }
    }
}

impl Manifest {
    /// Decodes a manifest and checks every rule that needs no other bytes. `minor` is that of the header: a newer minor may hold
    /// what this reader does not know.
    pub fn parse(bytes: &[u8], major: u16, minor: u16) -> Result<Manifest> {
        ManifestView::parse(bytes, major, minor)?.signatures()?;
        Manifest::decode(bytes)
    }

    /// Decodes bytes that passed the checks, as those of a loaded module have.
    pub fn decode(bytes: &[u8]) -> Result<Manifest> {
        cbor::decode(bytes)
    }

    /// The bytes: deterministic CBOR.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        cbor::encode(self)
    }

    /// The module's identity, given the manifest's own bytes (spec §5.3): `origin`, or else the content id.
    pub fn build_id(&self, bytes: &[u8]) -> Result<BuildId> {
        match self.origin {
            Some(origin) => Ok(BuildId(origin)),
            None => self.content_id(bytes).map(BuildId),
        }
    }

    /// The hash of the manifest's own bytes without the `absent` marks (spec §5.3): what the parts of one file have in common.
    pub fn content_id(&self, bytes: &[u8]) -> Result<Hash> {
        if self.blobs.iter().all(|blob| !blob.absent) {
            return Ok(Hash::of(bytes));
        }
        // The generic value keeps fields of newer minors, which belong to the identity.
        let mut value = cbor::decode_value(bytes)?;
        cbor::mark_absent(&mut value, &mut |_| false);
        Ok(Hash::of(&cbor::encode(&value)?))
    }

    /// Where each blob lies, in table order; `None` for an absent one. Offsets are not stored: blobs follow the manifest in table
    /// order, each at the next multiple of 64 (spec §3.3), so that overlaps and holes cannot be written down.
    pub fn extents(&self, manifest_len: u64) -> Result<Vec<Option<Extent>>> {
        let blobs = self.blobs.iter().map(|blob| (blob.size, blob.absent));
        let mut all = Vec::with_capacity(self.blobs.len());
        extents(blobs, manifest_len, |_, extent| all.push(extent))?;
        Ok(all)
    }

    /// The entry of a platform.
    pub fn platform(&self, platform: Platform) -> Option<&PlatformEntry> {
        self.platforms.get(platform.name())
    }

    /// The blob with this index. Validation has checked every index in a manifest.
    pub fn blob(&self, id: BlobId) -> &Blob {
        &self.blobs[id.0 as usize]
    }

    /// The bitcode that serves `platform` at `isa`: made for that level, or for the platform, or neutral.
    pub fn bitcode_for(&self, platform: &str, isa: &str) -> Option<&Bitcode> {
        let made_for = |bitcode: &&Bitcode| bitcode.platforms.iter().any(|name| name == platform);
        let exact = self.bitcode.iter().filter(made_for).find(|bitcode| bitcode.isa.as_deref() == Some(isa));
        exact
            .or_else(|| self.bitcode.iter().filter(made_for).find(|bitcode| bitcode.isa.is_none()))
            .or_else(|| self.bitcode.iter().find(|bitcode| bitcode.neutral))
    }
}

impl Manifest {
    /// The bitcode that a variant of this module was compiled from. One for a kind of processor was compiled from that of its highest
    /// level (spec §4.5).
    pub fn bitcode_of(&self, platform: Platform, variant: &Variant) -> Option<&Bitcode> {
        let is_level = platform.levels().iter().any(|level| level.name == variant.isa);
        let below = || platform.highest_level(variant.feature_set().0).map(|level| level.name);
        let isa = if is_level { variant.isa.as_str() } else { below().unwrap_or(&variant.isa) };
        self.bitcode_for(platform.name(), isa)
    }
}

/// Calls `place` with the index and the extent of each blob, given by size and absence; the length of the file.
fn extents(
    blobs: impl Iterator<Item = (u64, bool)>,
    manifest_len: u64,
    mut place: impl FnMut(usize, Option<Extent>),
) -> Result<u64> {
    let mut end = HEADER_LEN as u64 + manifest_len;
    for (index, (size, absent)) in blobs.enumerate() {
        if absent {
            place(index, None);
            continue;
        }
        let placed = align_blob(end).and_then(|offset| Some((offset, offset.checked_add(size)?)));
        let Some((offset, next)) = placed else {
            let path = format!("blobs[{index}].size");
            return Err(validate::broken("M32", path, "the file would exceed 2^64 bytes"));
        };
        end = next;
        place(index, Some(Extent { offset, size }));
    }
    Ok(end)
}

impl Variant {
    /// What the processor must have, and the names this version does not know; a variant with such a name fits no host.
    pub fn feature_set(&self) -> (FeatureSet, Vec<&str>) {
        let mut known = FeatureSet::default();
        let mut unknown = Vec::new();
        for name in &self.features {
            match name.parse() {
                Ok(feature) => known.insert(feature),
                Err(_) => unknown.push(name.as_str()),
            }
        }
        (known, unknown)
    }
}
