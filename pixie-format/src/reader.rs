//! Reading a whole module from memory: borrowed, hash-checked blobs (spec §5).

use std::ops::Range;

use crate::error::{Error, Result};
use crate::hash::{BuildId, Hash};
use crate::header::{HEADER_LEN, Header};
use crate::image;
use crate::manifest::{BlobId, BlobKind, Extent, Manifest, ManifestView};

/// A module in memory. A loader that reads only one variant uses `Header`, `Manifest` and `check_blob` instead.
#[derive(Debug, Clone)]
pub struct Module<'a> {
    bytes: &'a [u8],
    header: Header,
    manifest: Manifest,
    extents: Vec<Option<Extent>>,
}

/// Checks the manifest's bytes against the header and decodes them.
pub fn parse_manifest(header: &Header, bytes: &[u8]) -> Result<Manifest> {
    view_manifest(header, bytes)?.signatures()?;
    Manifest::decode(bytes)
}

/// `parse_manifest` for a loader: the manifest is read in place, and a signature is checked when its function is asked for.
pub fn view_manifest<'m>(header: &Header, bytes: &'m [u8]) -> Result<ManifestView<'m>> {
    let found = Hash::of(bytes);
    if found != header.manifest_hash {
        return Err(Error::Damaged {
            rule: "M8",
            what: "the manifest".to_owned(),
            offset: HEADER_LEN as u64,
            size: bytes.len() as u64,
            expected: header.manifest_hash,
            found,
        });
    }
    let manifest = ManifestView::parse(bytes, header.major, header.minor)?;
    let end = manifest.file_len(header.manifest_len)?;
    // No trailing bytes, none missing.
    if end != header.file_len {
        return Err(Error::Field {
            rule: "M32",
            what: "header: file length",
            offset: 16,
            expected: format!("{end}, where the last blob ends"),
            found: header.file_len.to_string(),
        });
    }
    Ok(manifest)
}

/// Checks a blob's bytes, read from `extent`, against the manifest (rule M34).
pub fn check_blob(manifest: &Manifest, id: BlobId, extent: Extent, bytes: &[u8]) -> Result<()> {
    let expected = manifest.blob(id).hash;
    let found = Hash::of(bytes);
    if found == expected {
        return Ok(());
    }
    Err(Error::Damaged {
        rule: "M34",
        what: describe(manifest, id),
        offset: extent.offset,
        size: extent.size,
        expected,
        found,
    })
}

/// What a blob is for, in words: "blob 3 (object linux-64 x86-64-v3)".
pub fn describe(manifest: &Manifest, id: BlobId) -> String {
    let mut roles = Vec::new();
    for (platform, entry) in &manifest.platforms {
        let uses = entry.variants.iter().filter(|variant| variant.object == id);
        roles.extend(uses.map(|variant| format!("object {platform} {}", variant.isa)));
        let uses = entry.variants.iter().filter(|variant| variant.image == Some(id));
        roles.extend(uses.map(|variant| format!("image {platform} {}", variant.isa)));
    }
    for bitcode in manifest.bitcode.iter().filter(|bitcode| bitcode.blob == id) {
        let level = bitcode.isa.as_ref().map(|isa| format!(" {isa}")).unwrap_or_default();
        roles.push(format!("bitcode {}{level}", bitcode.platforms.join(" ")));
    }
    format!("blob {} ({})", id.0, roles.join(", "))
}

impl<'a> Module<'a> {
    /// Reads header and manifest and checks that the layout adds up. Blobs are checked when they are asked for.
    pub fn parse(bytes: &'a [u8]) -> Result<Module<'a>> {
        let header = Header::parse(bytes, bytes.len() as u64)?;
        // The header's rules bound the manifest by the file's length.
        let manifest_bytes = &bytes[HEADER_LEN..HEADER_LEN + header.manifest_len as usize];
        let manifest = parse_manifest(&header, manifest_bytes)?;
        let extents = manifest.extents(header.manifest_len)?;
        Ok(Module { bytes, header, manifest, extents })
    }

    /// Checks every byte: each blob's hash, that all padding is zero, and each image (rules M33 to M35).
    pub fn verify(&self) -> Result<()> {
        let mut end = HEADER_LEN as u64 + self.header.manifest_len;
        for index in 0..self.manifest.blobs.len() {
            let Some(extent) = self.extents[index] else { continue };
            self.check_padding(end..extent.offset)?;
            let id = BlobId(index as u32);
            let bytes = self.blob(id)?;
            if self.manifest.blob(id).kind == BlobKind::Image {
                image::check(bytes)?;
            }
            end = extent.offset + extent.size;
        }
        Ok(())
    }

    fn check_padding(&self, range: Range<u64>) -> Result<()> {
        match self.bytes[range.start as usize..range.end as usize].iter().position(|byte| *byte != 0) {
            None => Ok(()),
            Some(at) => Err(Error::Field {
                rule: "M33",
                what: "padding",
                offset: range.start + at as u64,
                expected: "zero".to_owned(),
                found: format!("{:#04x}", self.bytes[range.start as usize + at]),
            }),
        }
    }

    /// The bytes of a blob, after checking their hash.
    pub fn blob(&self, id: BlobId) -> Result<&'a [u8]> {
        let Some(extent) = self.extents[id.0 as usize] else {
            return Err(Error::Absent { what: describe(&self.manifest, id) });
        };
        let bytes = &self.bytes[extent.offset as usize..(extent.offset + extent.size) as usize];
        check_blob(&self.manifest, id, extent, bytes)?;
        Ok(bytes)
    }

    /// Whether the file holds this blob's bytes.
    pub fn has(&self, id: BlobId) -> bool {
        self.extents[id.0 as usize].is_some()
    }

    /// Where a blob lies in the file.
    pub fn extent(&self, id: BlobId) -> Option<Extent> {
        self.extents[id.0 as usize]
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's bytes as they stand in the file.
    pub fn manifest_bytes(&self) -> &'a [u8] {
        &self.bytes[HEADER_LEN..HEADER_LEN + self.header.manifest_len as usize]
    }

    /// What the thinned copies of one file have in common, and a specialised one has not.
    pub fn content_id(&self) -> Result<Hash> {
        self.manifest.content_id(self.manifest_bytes())
    }

    /// The module's identity, the same in every thinned and every specialised copy.
    pub fn build_id(&self) -> Result<BuildId> {
        self.manifest.build_id(self.manifest_bytes())
    }
}
