//! A manifest: decided alike by the scan and by a second CBOR library, and encoded again to the same bytes.
#![no_main]

use ciborium::Value;
use libfuzzer_sys::{Corpus, fuzz_target};
use pixie_format::{Error, Manifest};

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((minor, bytes)) = input.split_first() else { return Corpus::Reject };
    let minor = u16::from(*minor);
    let verdict = Manifest::parse(bytes, 1, minor);
    if !matches!(verdict, Err(Error::Cbor { .. })) {
        // The scan says that this is deterministic CBOR: then another library decodes it, and gives the same bytes back.
        let value: Value = ciborium::from_reader(bytes).expect("deterministic CBOR");
        let mut again = Vec::new();
        ciborium::into_writer(&value, &mut again).expect("an encodable value");
        assert!(again == bytes, "not deterministic, but accepted");
    }
    let Ok(manifest) = verdict else { return Corpus::Keep };

    let newer = Manifest::parse(bytes, 1, minor.saturating_add(1)).expect("a later minor version only allows more");
    assert_eq!(newer, manifest);
    if minor == 0 {
        let again = manifest.to_bytes().expect("an encodable manifest");
        assert!(again == bytes, "a known version with bytes that its fields do not account for");
    }
    manifest.content_id(bytes).expect("a content id");
    let _ = manifest.extents(bytes.len() as u64);
    for platform in pixie_format::Platform::ALL {
        if let Some(entry) = manifest.platform(platform) {
            entry.variants.iter().for_each(|variant| drop(variant.feature_set().1));
        }
        let _ = manifest.bitcode_for(platform.name(), "x86-64-v3");
    }
    Corpus::Keep
});
