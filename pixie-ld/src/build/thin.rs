//! Thinning and merging: which blobs a file holds changes, the manifest and so the build id stay.

use std::collections::BTreeSet;

use pixie_format::manifest::Manifest;
use pixie_format::reader::{Module, describe};
use pixie_format::{BlobId, Platform, rewrite_presence};

use crate::error::{Error, Result};

/// The module with only the objects of `platforms` and the bitcode that serves them; everything else is marked absent.
pub fn thin(bytes: &[u8], platforms: &[Platform]) -> Result<Vec<u8>> {
    let unread =
        |source: pixie_format::Error| Error::Format { file: "the module".to_owned(), source: source.into() };
    let module = Module::parse(bytes).map_err(unread)?;
    let name = module.manifest().name.as_str();
    let failed = |source| Error::Format { file: name.to_owned(), source: Box::new(source) };
    let wanted = serving(name, module.manifest(), platforms)?;
    let mut kept = vec![None; module.manifest().blobs.len()];
    for id in wanted {
        if !module.has(id) {
            return Err(Error::Rewrite(format!(
                "`{name}`: {} is not in this file, so it cannot be kept\nhint: thin the full module instead",
                describe(module.manifest(), id)
            )));
        }
        if let Some(slot) = kept.get_mut(id.0 as usize) {
            *slot = Some(module.blob(id).map_err(failed)?);
        }
    }
    rewrite_presence(&module, |id| kept.get(id.0 as usize).copied().flatten()).map_err(failed)
}

/// The blobs that `platforms` need.
fn serving(name: &str, manifest: &Manifest, platforms: &[Platform]) -> Result<BTreeSet<BlobId>> {
    let mut wanted = BTreeSet::new();
    for platform in platforms {
        let entry = manifest.platform(*platform);
        let variants = entry.map_or(&[][..], |entry| &entry.variants);
        let bitcode = manifest.bitcode.iter().filter(|bitcode| {
            bitcode.neutral || bitcode.platforms.iter().any(|served| served == platform.name())
        });
        wanted.extend(variants.iter().map(|variant| variant.object));
        wanted.extend(variants.iter().filter_map(|variant| variant.image));
        wanted.extend(bitcode.map(|bitcode| bitcode.blob));
        if entry.is_none() {
            let present = manifest.platforms.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::Rewrite(format!(
                "`{name}` holds no objects for {platform}\nhint: expected one of {present}"
            )));
        }
    }
    Ok(wanted)
}

/// The union of modules that were thinned from the same one. Their manifests must be the same but for the
/// marks, which is more than the same build id: a specialised copy keeps that of its origin.
pub fn merge(modules: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut parsed = Vec::with_capacity(modules.len());
    for (name, bytes) in modules {
        let failed = |source| Error::Format { file: (*name).to_owned(), source: Box::new(source) };
        let module = Module::parse(bytes).map_err(failed)?;
        let id = module.content_id().map_err(failed)?;
        parsed.push((*name, module, id));
    }
    let Some((first_name, first, first_id)) = parsed.first() else {
        return Err(Error::Rewrite("nothing to merge\nhint: name at least one module".to_owned()));
    };
    if let Some((name, _, id)) = parsed.iter().find(|(_, _, id)| id != first_id) {
        return Err(Error::Rewrite(format!(
            "`{first_name}` and `{name}` are not parts of one module: their manifests hash to {first_id} and {id}\n\
             hint: merge only copies that were thinned from one module"
        )));
    }
    let mut blobs = vec![None; first.manifest().blobs.len()];
    for (name, module, _) in &parsed {
        for (id, slot) in (0..).map(BlobId).zip(&mut blobs) {
            if slot.is_none() && module.has(id) {
                let blob = module.blob(id);
                *slot = Some(blob.map_err(|source| Error::Format {
                    file: (*name).to_owned(),
                    source: Box::new(source),
                })?);
            }
        }
    }
    rewrite_presence(first, |id| blobs.get(id.0 as usize).copied().flatten())
        .map_err(|source| Error::Format { file: (*first_name).to_owned(), source: Box::new(source) })
}
