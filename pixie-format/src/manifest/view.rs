//! A manifest read in place: what a loader needs of it costs no copies. [`Manifest`](super::Manifest) is the same to keep.

mod quick;

use super::{Extent, Gil, Identity, extents};
use crate::cbor::{List, Text, Walk};
use crate::error::Result;
use crate::hash::{BuildId, Hash};
use crate::manifest::{BlobId, BlobKind, StatusText};
use crate::targets::{Feature, FeatureSet, Platform};

/// A manifest that passed every check, read in place (spec §4.2). It keeps what loading and validation look at.
#[derive(Debug, Default)]
pub struct ManifestView<'m> {
    /// The module's name, a Python identifier.
    pub name: Text<'m>,
    /// Text for `module.__doc__`.
    pub doc: Option<Text<'m>>,
    /// The functions that callers see, in the author's order.
    pub exports: Vec<ExportView<'m>>,
    /// Every symbol that some object needs from outside, sorted by name.
    pub imports: Vec<ImportView<'m>>,
    pub(super) bitcode: Vec<BitcodeView<'m>>,
    /// The platforms, sorted by the length of their names and then by the names.
    pub platforms: Vec<PlatformView<'m>>,
    /// Every blob, ascending by hash.
    pub blobs: Vec<BlobView<'m>>,
    /// The build id of the module that this one was specialised from.
    pub origin: Option<BuildId>,
}

/// A function that callers see (spec §4.3).
#[derive(Debug, Default)]
pub struct ExportView<'m> {
    /// The name that Python sees.
    pub name: Text<'m>,
    /// The canonical text of the signature.
    pub signature: Text<'m>,
    /// The symbol of the function, as in the IR.
    pub symbol: Text<'m>,
    /// The symbol of its thunk, as in the IR.
    pub thunk: Text<'m>,
    /// Text for the function's `__doc__`.
    pub doc: Option<Text<'m>>,
    /// Whether the interpreter's lock is kept during a call.
    pub gil: Option<Gil>,
    restrict: List<'m>,
    status: List<'m>,
    /// What makes it a NumPy ufunc.
    pub ufunc: Option<UfuncView<'m>>,
    encoded: &'m [u8],
}

/// See [`super::Ufunc`].
#[derive(Debug, Default)]
pub struct UfuncView<'m> {
    /// The symbol of the inner loop.
    pub inner_loop: Text<'m>,
    /// Whether it is a generalised ufunc.
    pub core: bool,
    /// What a reduction begins with.
    pub identity: Option<Identity>,
}

/// A symbol that objects need from outside (spec §4.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportView<'m> {
    /// The name in the IR.
    pub name: Text<'m>,
    /// Whether it is outside the runtime symbol list and was allowed by the author.
    pub foreign: bool,
}

/// See [`super::Bitcode`].
#[derive(Debug, Default)]
pub(super) struct BitcodeView<'m> {
    pub(super) blob: BlobId,
    pub(super) platforms: List<'m>,
    pub(super) neutral: bool,
    pub(super) isa: Option<Text<'m>>,
    pub(super) producers: List<'m>,
    pub(super) triple: Text<'m>,
    pub(super) data_layout: Text<'m>,
}

/// A platform that the module holds objects for (spec §4.6).
#[derive(Debug, Default)]
pub struct PlatformView<'m> {
    /// Its name.
    pub name: Text<'m>,
    pub(super) triple: Text<'m>,
    pub(super) object_format: Text<'m>,
    /// The variants, lowest level first.
    pub variants: Vec<VariantView<'m>>,
}

/// A native object for one ISA level (spec §4.7).
#[derive(Clone, Copy, Debug, Default)]
pub struct VariantView<'m> {
    /// The level's name.
    pub isa: Text<'m>,
    /// The object.
    pub object: BlobId,
    /// The same, linked: see the spec's image.md.
    pub image: Option<BlobId>,
    features: List<'m>,
    imports: List<'m>,
}

/// A run of bytes, addressed by its hash (spec §4.8).
#[derive(Debug)]
pub struct BlobView<'m> {
    hash: &'m [u8],
    /// What the bytes are.
    pub kind: BlobKind,
    /// The length in bytes.
    pub size: u64,
    /// Whether `thin` left the bytes out of this file.
    pub absent: bool,
}

/// A build id of bytes whose length the schema has fixed.
pub(super) fn build_id(bytes: &[u8]) -> BuildId {
    BuildId(Hash(bytes.try_into().unwrap_or_default()))
}

impl<'m> ManifestView<'m> {
    /// Reads bytes that follow the schema.
    pub(super) fn read(bytes: &'m [u8]) -> ManifestView<'m> {
        let mut view = ManifestView::default();
        Walk::new(bytes).map(|key, value| match key {
            b"doc" => view.doc = Some(value.text()),
            b"name" => view.name = value.text(),
            b"exports" => view.exports = value.collect(ExportView::read),
            b"imports" => view.imports = value.collect(ImportView::read),
            b"bitcode" => view.bitcode = value.collect(BitcodeView::read),
            b"platforms" => value.map(|name, value| {
                view.platforms.push(PlatformView { name: Text(name), ..PlatformView::read(value) });
            }),
            b"blobs" => view.blobs = value.collect(BlobView::read),
            b"origin" => view.origin = Some(build_id(value.bytes())),
            _ => value.skip(),
        });
        view
    }

    /// The view of bytes that nobody has looked at, if they are of a known minor version and of the plainest form; then they follow the
    /// schema. 7.7 instead of 12.2 us for a dozen functions on four platforms, with the rules that were then.
    pub(super) fn quick(bytes: &'m [u8]) -> Option<ManifestView<'m>> {
        quick::view(bytes)
    }

    /// The entry of a platform.
    pub fn platform(&self, platform: Platform) -> Option<&PlatformView<'m>> {
        self.platforms.iter().find(|entry| entry.name.as_bytes() == platform.name().as_bytes())
    }

    /// Where a blob lies; `None` for an absent one.
    pub fn extent(&self, id: BlobId, manifest_len: u64) -> Result<Option<Extent>> {
        let blobs = self.blobs.iter().map(|blob| (blob.size, blob.absent));
        let mut wanted = None;
        extents(blobs, manifest_len, |index, extent| {
            if index == id.0 as usize {
                wanted = extent;
            }
        })?;
        Ok(wanted)
    }

    /// The length of the file.
    pub(crate) fn file_len(&self, manifest_len: u64) -> Result<u64> {
        extents(self.blobs.iter().map(|blob| (blob.size, blob.absent)), manifest_len, |_, _| {})
    }
}

impl<'m> ExportView<'m> {
    /// Reads the export whose bytes, in a manifest that passed every check, are `encoded`.
    pub fn again(encoded: &'m [u8]) -> ExportView<'m> {
        ExportView::read(&mut Walk::new(encoded))
    }

    /// Its own bytes within the manifest.
    pub fn encoded(&self) -> &'m [u8] {
        self.encoded
    }

    fn read(value: &mut Walk<'m>) -> ExportView<'m> {
        let mut view = ExportView::default();
        let start = *value;
        value.map(|key, value| match key {
            b"doc" => view.doc = Some(value.text()),
            b"gil" => view.gil = Some(if value.bytes() == b"hold" { Gil::Hold } else { Gil::Release }),
            b"name" => view.name = value.text(),
            b"thunk" => view.thunk = value.text(),
            b"ufunc" => view.ufunc = Some(UfuncView::read(value)),
            b"status" => view.status = value.list(),
            b"symbol" => view.symbol = value.text(),
            b"restrict" => view.restrict = value.list(),
            b"signature" => view.signature = value.text(),
            _ => value.skip(),
        });
        view.encoded = start.until(value);
        view
    }

    /// Ascending indices of the parameters that are `restrict` in C.
    pub fn restrict(&self) -> impl Iterator<Item = u32> + Clone {
        self.restrict.uints().map(|index| index as u32)
    }

    /// What the non-zero results of a `status` function mean, ascending by code.
    pub fn status(&self) -> impl Iterator<Item = StatusText> {
        self.status.items(|value| {
            let mut entry = StatusText { code: 0, text: String::new() };
            value.map(|key, value| match key {
                b"code" => entry.code = value.int32(),
                b"text" => entry.text = value.text().as_str().to_owned(),
                _ => value.skip(),
            });
            entry
        })
    }
}

impl<'m> UfuncView<'m> {
    fn read(value: &mut Walk<'m>) -> UfuncView<'m> {
        let mut view = UfuncView::default();
        value.map(|key, value| match key {
            b"loop" => view.inner_loop = value.text(),
            b"core" => {
                view.core = true;
                value.skip();
            }
            b"identity" => {
                view.identity = match value.bytes() {
                    b"zero" => Some(Identity::Zero),
                    b"one" => Some(Identity::One),
                    b"minus-one" => Some(Identity::MinusOne),
                    _ => Some(Identity::Reorderable),
                }
            }
            _ => value.skip(),
        });
        view
    }
}

impl<'m> ImportView<'m> {
    fn read(value: &mut Walk<'m>) -> ImportView<'m> {
        let mut view = ImportView::default();
        value.map(|key, value| {
            match key {
                b"name" => return view.name = value.text(),
                b"foreign" => view.foreign = true,
                _ => {}
            }
            value.skip();
        });
        view
    }
}

impl<'m> BitcodeView<'m> {
    fn read(value: &mut Walk<'m>) -> BitcodeView<'m> {
        let mut view = BitcodeView::default();
        value.map(|key, value| match key {
            b"isa" => view.isa = Some(value.text()),
            b"blob" => view.blob = BlobId(value.uint() as u32),
            b"triple" => view.triple = value.text(),
            b"platforms" => view.platforms = value.list(),
            b"producers" => view.producers = value.list(),
            b"data_layout" => view.data_layout = value.text(),
            b"neutral" => {
                view.neutral = true;
                value.skip();
            }
            _ => value.skip(),
        });
        view
    }
}

impl<'m> PlatformView<'m> {
    fn read(value: &mut Walk<'m>) -> PlatformView<'m> {
        let mut view = PlatformView::default();
        value.map(|key, value| match key {
            b"triple" => view.triple = value.text(),
            b"variants" => view.variants = value.collect(VariantView::read),
            b"object_format" => view.object_format = value.text(),
            _ => value.skip(),
        });
        view
    }
}

impl<'m> VariantView<'m> {
    fn read(value: &mut Walk<'m>) -> VariantView<'m> {
        let mut view = VariantView::default();
        value.map(|key, value| match key {
            b"isa" => view.isa = value.text(),
            b"image" => view.image = Some(BlobId(value.uint() as u32)),
            b"object" => view.object = BlobId(value.uint() as u32),
            b"imports" => view.imports = value.list(),
            b"features" => view.features = value.list(),
            _ => value.skip(),
        });
        view
    }

    /// What the processor must have, LLVM's names, in spec order.
    pub fn features(&self) -> impl Iterator<Item = Text<'m>> + Clone {
        self.features.texts()
    }

    /// Whether the features are these, `count` texts of CBOR in their shortest form.
    pub(super) fn has_features(&self, count: usize, encoded: &[u8]) -> bool {
        self.features.is_encoded(count, encoded)
    }

    /// Ascending indices into the module's imports: what this object needs.
    pub fn imports(&self) -> impl Iterator<Item = u32> + Clone {
        self.imports.uints().map(|index| index as u32)
    }

    /// The features as a set; `None` where this version does not know one of them, so that the variant fits no host.
    pub fn feature_set(&self, platform: Platform) -> Option<FeatureSet> {
        // Validation has checked that a level of the spec asks for just its own features.
        let level = platform.levels().iter().find(|level| level.name.as_bytes() == self.isa.as_bytes());
        if let Some(level) = level {
            return Some(level.features);
        }
        self.features_in_order()
    }

    /// The features as a set, if this version knows them all and they are in spec order.
    pub(super) fn features_in_order(&self) -> Option<FeatureSet> {
        let mut set = FeatureSet::default();
        let mut known = Feature::ALL.iter().copied();
        for name in self.features() {
            set.insert(known.find(|feature| feature.name().as_bytes() == name.as_bytes())?);
        }
        Some(set)
    }
}

impl<'m> BlobView<'m> {
    fn read(value: &mut Walk<'m>) -> BlobView<'m> {
        let mut view = BlobView { hash: &[], kind: BlobKind::Other, size: 0, absent: false };
        value.map(|key, value| match key {
            b"hash" => view.hash = value.bytes(),
            b"kind" => {
                view.kind = match value.bytes() {
                    b"object" => BlobKind::Object,
                    b"bitcode" => BlobKind::Bitcode,
                    b"image" => BlobKind::Image,
                    _ => BlobKind::Other,
                }
            }
            b"size" => view.size = value.uint(),
            b"absent" => {
                view.absent = true;
                value.skip();
            }
            _ => value.skip(),
        });
        view
    }

    /// BLAKE3 of the bytes.
    pub fn hash(&self) -> Hash {
        Hash(self.hash.try_into().unwrap_or_default())
    }

    pub(super) fn hash_bytes(&self) -> &'m [u8] {
        self.hash
    }
}
