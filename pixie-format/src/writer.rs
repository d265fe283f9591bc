//! Writing a module: content-addressed blobs, then one deterministic run of bytes (spec §3, §5.3).

use std::collections::BTreeMap;

use crate::FORMAT_VERSION;
use crate::cbor;
use crate::error::{Error, Result};
use crate::hash::Hash;
use crate::header::{HEADER_LEN, Header};
use crate::manifest::{Blob, BlobId, BlobKind, Manifest};
use crate::reader::{Module, describe};

/// Collects blobs; equal bytes are kept once. The ids it gives are provisional until `finish` has sorted the table.
#[derive(Default, Debug)]
pub struct ModuleBuilder {
    blobs: Vec<(Hash, BlobKind, Vec<u8>)>,
    by_hash: BTreeMap<Hash, u32>,
}

impl ModuleBuilder {
    /// An empty builder.
    pub fn new() -> ModuleBuilder {
        ModuleBuilder::default()
    }

    /// Adds a blob, or finds the equal one that is there.
    pub fn blob(&mut self, kind: BlobKind, bytes: Vec<u8>) -> BlobId {
        let hash = Hash::of(&bytes);
        let next = self.blobs.len() as u32;
        let id = *self.by_hash.entry(hash).or_insert(next);
        if id == next {
            self.blobs.push((hash, kind, bytes));
        }
        BlobId(id)
    }

    /// Sorts the blob table, fills it into `manifest`, whose blob ids came from this builder, checks every rule and returns the
    /// file's bytes.
    pub fn finish(self, mut manifest: Manifest) -> Result<Vec<u8>> {
        let new_index: BTreeMap<u32, u32> = self.by_hash.values().copied().zip(0..).collect();
        // An id that is not of this builder is left as it is; validation then refuses it.
        let renumber = |id: &mut BlobId| id.0 = new_index.get(&id.0).copied().unwrap_or(u32::MAX);
        manifest.bitcode.iter_mut().for_each(|bitcode| renumber(&mut bitcode.blob));
        let variants = manifest.platforms.values_mut().flat_map(|entry| &mut entry.variants);
        variants.for_each(|variant| {
            renumber(&mut variant.object);
            variant.image.iter_mut().for_each(renumber);
        });
        let sorted: Vec<&(Hash, BlobKind, Vec<u8>)> =
            self.by_hash.values().map(|index| &self.blobs[*index as usize]).collect();
        manifest.blobs = sorted
            .iter()
            .map(|(hash, kind, bytes)| Blob {
                hash: *hash,
                kind: *kind,
                size: bytes.len() as u64,
                absent: false,
            })
            .collect();
        let blobs: Vec<Option<&[u8]>> = sorted.iter().map(|(_, _, bytes)| Some(bytes.as_slice())).collect();
        assemble(manifest.to_bytes()?, None, &blobs)
    }
}

/// Writes the module that `source` describes with just the blobs that `find` has, marking the others absent; `find` gets each
/// index of the table. Fields that this version does not know survive, and the build id stays the same.
pub fn rewrite_presence<'b>(
    source: &Module<'_>,
    find: impl Fn(BlobId) -> Option<&'b [u8]>,
) -> Result<Vec<u8>> {
    let count = source.manifest().blobs.len() as u32;
    let blobs: Vec<Option<&[u8]>> = (0..count).map(|index| find(BlobId(index))).collect();
    for (index, bytes) in (0..count).zip(&blobs) {
        let id = BlobId(index);
        let blob = source.manifest().blob(id);
        if let Some(bytes) = bytes
            && Hash::of(bytes) != blob.hash
        {
            return Err(Error::Damaged {
                rule: "M34",
                what: describe(source.manifest(), id),
                offset: 0,
                size: bytes.len() as u64,
                expected: blob.hash,
                found: Hash::of(bytes),
            });
        }
    }
    let mut value = cbor::decode_value(source.manifest_bytes())?;
    cbor::mark_absent(&mut value, &mut |index| blobs[index].is_none());
    assemble(cbor::encode(&value)?, Some(source.header()), &blobs)
}

/// Puts header, manifest and blobs in their places. `source` is the header of the file that is rewritten.
fn assemble(manifest_bytes: Vec<u8>, source: Option<&Header>, blobs: &[Option<&[u8]>]) -> Result<Vec<u8>> {
    let (major, minor) = source.map_or(FORMAT_VERSION, |header| (header.major, header.minor));
    let manifest = Manifest::parse(&manifest_bytes, major, minor)?;
    let manifest_len = manifest_bytes.len() as u64;
    let extents = manifest.extents(manifest_len)?;
    let last = extents.iter().rev().flatten().next();
    let file_len = last.map_or(HEADER_LEN as u64 + manifest_len, |extent| extent.offset + extent.size);
    let header = Header {
        major,
        minor,
        flags: source.map_or(0, |header| header.flags),
        reserved: source.map_or([0; _], |header| header.reserved),
        file_len,
        manifest_len,
        manifest_hash: Hash::of(&manifest_bytes),
    };
    let mut file = Vec::with_capacity(file_len as usize);
    file.extend_from_slice(&header.to_bytes());
    file.extend_from_slice(&manifest_bytes);
    for (extent, bytes) in extents.iter().zip(blobs) {
        if let (Some(extent), Some(bytes)) = (extent, bytes) {
            file.resize(extent.offset as usize, 0);
            file.extend_from_slice(bytes);
        }
    }
    // The reader is the arbiter of what is valid, also of what we write.
    Module::parse(&file)?;
    Ok(file)
}
