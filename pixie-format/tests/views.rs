//! What a loader reads in place is what the decoded manifest says, for every valid vector.

#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use pixie_format::manifest::{ExportView, ManifestView, Variant};
use pixie_format::{BlobId, Module, Platform};

#[test]
fn the_view_and_the_decoded_manifest_agree() {
    for case in cases::all_valid() {
        let module = Module::parse(&case.bytes).unwrap();
        let (header, manifest) = (module.header(), module.manifest());
        let view = ManifestView::parse(module.manifest_bytes(), header.major, header.minor).unwrap();
        let signatures = view.signatures().unwrap();
        let name = &case.name;

        assert_eq!(view.name.as_str(), manifest.name, "{name}");
        assert_eq!(view.doc.map(|doc| doc.as_str()), manifest.doc.as_deref(), "{name}");
        assert_eq!(view.origin.map(|id| id.0), manifest.origin, "{name}");
        assert_eq!(view.exports.len(), manifest.exports.len(), "{name}");
        for ((export, expected), signature) in view.exports.iter().zip(&manifest.exports).zip(&signatures) {
            assert_eq!(export.name.as_str(), expected.name, "{name}");
            assert_eq!(export.signature.as_str(), expected.signature, "{name}");
            assert_eq!(signature.to_string(), expected.signature, "{name}");
            assert_eq!(export.symbol.as_str(), expected.symbol, "{name}");
            assert_eq!(export.thunk.as_str(), expected.thunk, "{name}");
            assert_eq!(export.doc.map(|doc| doc.as_str()), expected.doc.as_deref(), "{name}");
            assert_eq!(export.gil, expected.gil, "{name}");
            let again = ExportView::again(export.encoded());
            assert_eq!((again.name, again.signature), (export.name, export.signature), "{name}");
            assert_eq!(export.restrict().collect::<Vec<_>>(), expected.restrict, "{name}");
            assert_eq!(export.status().collect::<Vec<_>>(), expected.status, "{name}");
        }
        let imports: Vec<_> =
            view.imports.iter().map(|import| (import.name.as_str(), import.foreign)).collect();
        let expected: Vec<_> =
            manifest.imports.iter().map(|import| (import.name.as_str(), import.foreign)).collect();
        assert_eq!(imports, expected, "{name}");
        for (index, (blob, expected)) in view.blobs.iter().zip(&manifest.blobs).enumerate() {
            assert_eq!(
                (blob.hash(), blob.kind, blob.size, blob.absent),
                (expected.hash, expected.kind, expected.size, expected.absent)
            );
            let extent = view.extent(BlobId(index as u32), header.manifest_len).unwrap();
            assert_eq!(extent, module.extent(BlobId(index as u32)), "{name}");
        }
        assert_eq!(view.blobs.len(), manifest.blobs.len(), "{name}");
        assert_eq!(view.platforms.len(), manifest.platforms.len(), "{name}");
        for platform in Platform::ALL {
            let (entry, expected) = (view.platform(platform), manifest.platform(platform));
            assert_eq!(entry.is_some(), expected.is_some(), "{name} {platform}");
            let variants = entry.iter().flat_map(|entry| &entry.variants);
            for (variant, expected) in variants.zip(expected.iter().flat_map(|entry| &entry.variants)) {
                let Variant { isa, features, object, imports, .. } = expected;
                assert_eq!((variant.isa.as_str(), variant.object), (isa.as_str(), *object), "{name}");
                assert!(variant.features().map(|feature| feature.as_str()).eq(features.iter()), "{name}");
                assert_eq!(&variant.imports().collect::<Vec<_>>(), imports, "{name}");
                let (known, unknown) = expected.feature_set();
                assert_eq!(variant.feature_set(platform), unknown.is_empty().then_some(known), "{name}");
            }
        }
    }
}
