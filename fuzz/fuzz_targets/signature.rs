//! A signature: text that parses prints to a canonical text, which parses to an equal value and prints to itself.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use pixie_format::signature::{ExportSpec, Type};
use pixie_format::thunk::Slot;
use pixie_format::{Platform, Signature};

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(input) else { return Corpus::Reject };
    if let Ok(spec) = ExportSpec::parse(text)
        && let Some(signature) = spec.signature
    {
        assert_eq!(signature.name, spec.name);
    }
    let Ok(signature) = Signature::parse(text) else { return Corpus::Keep };
    let canonical = signature.to_string();
    // Spaces that the canonical text adds may take it over the bound on length.
    match Signature::parse(&canonical) {
        Ok(again) => {
            assert_eq!(again, signature);
            assert_eq!(again.to_string(), canonical);
        }
        Err(error) => assert!(canonical.len() > 16 * 1024, "{error}"),
    }
    for (index, param) in signature.params.iter().enumerate() {
        let hidden = signature.is_hidden(index);
        assert!(!hidden || matches!(param.ty, Type::Scalar(scalar) if scalar.is_integer()));
        for platform in Platform::ALL {
            Slot::of_param(&param.ty, platform);
        }
    }
    Corpus::Keep
});
