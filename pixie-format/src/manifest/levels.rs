//! The features of each ISA level as a manifest lists them, encoded when this crate is compiled: checking a variant compares bytes.

use crate::targets::{Feature, FeatureSet, IsaLevel, Platform};

/// More than any level takes, bytes.
const ROOM: usize = 192;
/// More than any platform has.
const LEVELS: usize = 4;

/// Texts of CBOR, one after the other.
#[derive(Clone, Copy)]
struct Encoded {
    bytes: [u8; ROOM],
    size: usize,
}

/// Of every platform's levels, in their order.
static ENCODED: [[Encoded; LEVELS]; Platform::ALL.len()] = {
    let mut encoded = [[Encoded { bytes: [0; ROOM], size: 0 }; LEVELS]; Platform::ALL.len()];
    let mut platform = 0;
    while platform < encoded.len() {
        let levels = Platform::ALL[platform].levels();
        let mut level = 0;
        while level < levels.len() {
            encoded[platform][level] = encode(levels[level].features);
            level += 1;
        }
        platform += 1;
    }
    encoded
};

const fn encode(features: FeatureSet) -> Encoded {
    let mut encoded = Encoded { bytes: [0; ROOM], size: 0 };
    let mut next = 0;
    while next < Feature::ALL.len() {
        let feature = Feature::ALL[next];
        next += 1;
        if !features.contains(feature) {
            continue;
        }
        let name = feature.name().as_bytes();
        assert!(name.len() < 24, "longer texts have a longer head");
        encoded.bytes[encoded.size] = 0x60 + name.len() as u8;
        encoded.size += 1;
        let mut at = 0;
        while at < name.len() {
            encoded.bytes[encoded.size] = name[at];
            encoded.size += 1;
            at += 1;
        }
    }
    encoded
}

/// The level of this name, and its features as a manifest lists them.
pub(super) fn level(platform: Platform, name: &[u8]) -> Option<(&'static IsaLevel, &'static [u8])> {
    let levels = platform.levels().iter().zip(&ENCODED[platform as usize]);
    let (level, encoded) = levels.into_iter().find(|(level, _)| level.name.as_bytes() == name)?;
    Some((level, &encoded.bytes[..encoded.size]))
}

/// A level of this name on some platform: platforms that share a name share the level.
pub(super) fn any(name: &[u8]) -> Option<(&'static IsaLevel, &'static [u8])> {
    Platform::ALL.into_iter().find_map(|platform| level(platform, name))
}
