//! Deterministic CBOR (spec §4.1): the scan that stands in front of serde_cbor, and the only use of serde_cbor.
//!
//! serde_cbor is no longer maintained and lenient: it takes a list or numbered keys for a struct, a map for an enum, bytes for
//! text. The scan lets none of that pass: it checks the encoding first and then every value against the schema.

mod scan;
mod walk;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_cbor::Value;

use crate::error::{Error, Result};
use scan::scan;
pub(crate) use scan::short_ascii;
pub use walk::Text;
pub(crate) use walk::{List, Walk};

/// spec §4.1: deepest nesting of arrays and maps.
pub(crate) const MAX_DEPTH: usize = 16;
/// spec §4.1: most items in a manifest, keys included.
pub(crate) const MAX_ITEMS: usize = 1 << 20;

/// What a value must be (spec §4.2, in the words of the CDDL).
#[derive(Debug)]
pub(crate) enum Shape {
    /// Anything that is deterministic CBOR.
    Any,
    /// `uint .le` this.
    Uint(u64),
    /// An integer of 32 bits with a sign.
    Int32,
    /// `tstr`
    Text,
    /// `bstr .size` this.
    Bytes(usize),
    /// `true`: a mark, which is left out where it is not set.
    True,
    /// One of these words, in every minor version.
    Word(&'static [Token]),
    /// One of these words; a later minor version may have more.
    OpenWord(&'static [Token]),
    /// `[* shape]`
    List(&'static Shape),
    /// `[+ shape]`: a list that is left out where it is empty.
    SomeList(&'static Shape),
    /// A map with these keys, sorted by their encoded bytes.
    Record(&'static [Field]),
    /// `{* tstr => shape}`
    Table(&'static Shape),
}

/// A key of a map and its value.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) key: Token,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

/// A short text that is known beforehand, with its encoding as a number, so that one comparison finds it.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: &'static str,
    /// Its item: head and text as a little-endian number.
    bits: u128,
    /// The bytes of the item among those of a number.
    mask: u128,
}

impl Token {
    pub(crate) const fn new(text: &'static str) -> Token {
        let bytes = text.as_bytes();
        assert!(bytes.len() < size_of::<u128>(), "a token has 15 bytes at most");
        let mut item = [0; size_of::<u128>()];
        item[0] = 0x60 | bytes.len() as u8;
        let mut at = 0;
        while at < bytes.len() {
            item[at + 1] = bytes[at];
            at += 1;
        }
        let mask = u128::MAX >> (8 * (size_of::<u128>() - 1 - bytes.len()));
        Token { text, bits: u128::from_le_bytes(item), mask }
    }

    /// Whether an item of 16 bytes or less at the start of `window` is this text.
    #[inline(always)]
    pub(crate) fn begins(&self, window: u128) -> bool {
        window & self.mask == self.bits
    }

    /// Bytes of its item.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.text.len() + 1
    }
}

/// Checks that `bytes` are one item of deterministic CBOR within the bounds of spec §4.1 (rules M9 to M14), then gives the value
/// of a top-level key `critical` to `critical`, then reports the first value that is not of its shape (rule M16). `open` allows
/// keys and words of a later minor version. Nothing is allocated but an error, so that hostile counts cost nothing.
pub(crate) fn check(
    bytes: &[u8],
    shape: &Shape,
    open: bool,
    critical: impl FnOnce(&[u8]) -> Result<()>,
) -> Result<()> {
    let findings = scan(bytes, shape, open)?;
    if let Some(value) = findings.critical.and_then(|range| bytes.get(range)) {
        critical(value)?;
    }
    findings.fault.map_or(Ok(()), Err)
}

/// Decodes bytes that passed `check` into a typed value; fields it does not name are ignored.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_cbor::from_slice(bytes).map_err(|error| {
        let offset = usize::try_from(error.offset()).unwrap_or(0);
        fail("M16", offset, format!("does not follow the schema: {error}"))
    })
}

/// Decodes bytes that passed `check` into a generic value, which keeps unknown fields.
pub(crate) fn decode_value(bytes: &[u8]) -> Result<Value> {
    decode(bytes)
}

/// Encodes deterministically. Going through `Value` matters: only its maps come out sorted by their encoded keys.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    let failed = |error: serde_cbor::Error| fail("M16", 0, format!("cannot be encoded: {error}"));
    let value = serde_cbor::value::to_value(value).map_err(failed)?;
    serde_cbor::to_vec(&value).map_err(failed)
}

fn fail(rule: &'static str, offset: usize, what: impl Into<String>) -> Error {
    Error::Cbor { rule, offset, what: what.into() }
}

/// Sets or clears the `absent` mark of each blob of a generic manifest value, by index.
pub(crate) fn mark_absent(value: &mut Value, absent: &mut dyn FnMut(usize) -> bool) {
    let Value::Map(fields) = value else { return };
    let Some(Value::Array(blobs)) = fields.get_mut(&Value::Text("blobs".to_owned())) else { return };
    for (index, blob) in blobs.iter_mut().enumerate() {
        let Value::Map(blob) = blob else { continue };
        let key = Value::Text("absent".to_owned());
        if absent(index) {
            blob.insert(key, Value::Bool(true));
        } else {
            blob.remove(&key);
        }
    }
}
