//! A whole module: any bytes, and bytes that get a header with the right lengths and hashes.
//!
//! A fuzzer cannot guess hashes, so the input is a minor version, the manifest's length, the manifest, and what follows it.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use pixie_format::header::HEADER_LEN;
use pixie_format::{Hash, Header, Module, rewrite_presence};

fuzz_target!(|input: &[u8]| -> Corpus {
    // As it is, and with a header hash that is right.
    let _ = Module::parse(input).map(|module| module.verify());
    if let Some(mut file) = (input.len() >= HEADER_LEN).then(|| input.to_vec()) {
        let sum = Hash::of(&file[..96]);
        file[96..HEADER_LEN].copy_from_slice(&sum.0);
        let _ = Module::parse(&file);
    }

    let Some((&[minor, low, high], rest)) = input.split_first_chunk() else { return Corpus::Reject };
    let Some((manifest, blobs)) = rest.split_at_checked(u16::from_le_bytes([low, high]).into()) else {
        return Corpus::Reject;
    };
    let header = Header {
        major: 1,
        minor: u16::from(minor),
        flags: 0,
        reserved: [0; 24],
        file_len: (HEADER_LEN + rest.len()) as u64,
        manifest_len: manifest.len() as u64,
        manifest_hash: Hash::of(manifest),
    };
    let file = [&header.to_bytes()[..], manifest, blobs].concat();
    let Ok(module) = Module::parse(&file) else { return Corpus::Keep };

    assert_eq!(module.header(), &header);
    assert_eq!(module.manifest_bytes(), manifest);
    let content = module.content_id().expect("the content id of a sound manifest");
    let build = module.build_id().expect("the build id of a sound manifest");
    assert_eq!(build.0, module.manifest().origin.unwrap_or(content));
    if module.verify().is_err() {
        return Corpus::Keep;
    }

    let thinned = rewrite_presence(&module, |_| None).expect("a thinned module");
    let thinned = Module::parse(&thinned).expect("a thinned module");
    assert_eq!(thinned.content_id().expect("a content id"), content);
    let again = rewrite_presence(&thinned, |id| module.blob(id).ok()).expect("a merged module");
    assert!(again == file, "thinning and merging changed the bytes");
    Corpus::Keep
});
