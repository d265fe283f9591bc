//! Deterministic CBOR (RFC 8949 §4.2.1): the pre-scan that refuses everything else, and the only use of serde_cbor.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_cbor::Value;

use crate::error::{Error, Result};

/// spec §4.1: deepest nesting of arrays and maps.
pub(crate) const MAX_DEPTH: usize = 16;
/// spec §4.1: most items in a manifest.
pub(crate) const MAX_ITEMS: usize = 1 << 20;

/// Checks that `bytes` are one item of deterministic CBOR within the bounds of spec §4.1. Nothing is allocated, so that
/// hostile counts cost nothing; only then may serde see the bytes.
pub(crate) fn check(bytes: &[u8]) -> Result<()> {
    let mut scan = Scan { bytes, at: 0, items: 0 };
    scan.item(0)?;
    if scan.at != bytes.len() {
        return Err(fail(scan.at, format!("expected the end, found {} more bytes", bytes.len() - scan.at)));
    }
    Ok(())
}

/// Decodes bytes that passed `check` into a typed value; fields it does not name are ignored.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_cbor::from_slice(bytes).map_err(|error| {
        let offset = usize::try_from(error.offset()).unwrap_or(0);
        fail(offset, format!("does not follow the schema: {error}"))
    })
}

/// Decodes bytes that passed `check` into a generic value, which keeps unknown fields.
pub(crate) fn decode_value(bytes: &[u8]) -> Result<Value> {
    decode(bytes)
}

/// Encodes deterministically. Going through `Value` matters: only its maps come out sorted by their encoded keys.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    let failed = |error: serde_cbor::Error| fail(0, format!("cannot be encoded: {error}"));
    let value = serde_cbor::value::to_value(value).map_err(failed)?;
    serde_cbor::to_vec(&value).map_err(failed)
}

fn fail(offset: usize, what: impl Into<String>) -> Error {
    Error::Cbor { offset, what: what.into() }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
}

impl<'a> Scan<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(fail(
                self.at,
                format!("expected {count} more bytes, found {}", self.bytes.len() - self.at),
            )),
        }
    }

    /// The argument of an item head, in its shortest form (RFC 8949 §3).
    fn argument(&mut self, info: u8, start: usize) -> Result<u64> {
        let (value, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (u64::from(self.take(1)?[0]), 24),
            25..=27 => {
                let size = 1usize << (info - 24);
                let value = self.take(size)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                (value, 1u64 << (size * 4))
            }
            31 => return Err(fail(start, "indefinite length")),
            _ => return Err(fail(start, format!("reserved additional information {info}"))),
        };
        if value < least {
            return Err(fail(start, format!("{value} is not in its shortest form")));
        }
        Ok(value)
    }

    fn item(&mut self, depth: usize) -> Result<()> {
        let start = self.at;
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(fail(start, format!("more than {MAX_ITEMS} items")));
        }
        let head = self.take(1)?[0];
        let (major, info) = (head >> 5, head & 31);
        match major {
            0 | 1 => {
                let value = self.argument(info, start)?;
                // serde_cbor would read it as a 128-bit number, other readers would not.
                if major == 1 && value > i64::MAX as u64 {
                    return Err(fail(start, "an integer below -2^63"));
                }
                Ok(())
            }
            2 | 3 => {
                let length = self.argument(info, start)?;
                let length =
                    usize::try_from(length).map_err(|_| fail(start, "a string longer than the file"))?;
                let bytes = self.take(length)?;
                if major == 3 && std::str::from_utf8(bytes).is_err() {
                    return Err(fail(start, "a text string that is not UTF-8"));
                }
                Ok(())
            }
            4 | 5 if depth >= MAX_DEPTH => Err(fail(start, format!("nested deeper than {MAX_DEPTH}"))),
            4 => {
                let count = self.count(info, start)?;
                (0..count).try_for_each(|_| self.item(depth + 1))
            }
            5 => self.map(info, start, depth),
            6 => Err(fail(start, "a tag")),
            _ => match info {
                20..=22 => Ok(()),
                25..=27 => Err(fail(start, "a floating-point number")),
                _ => Err(fail(start, format!("a simple value other than false, true and null ({info})"))),
            },
        }
    }

    /// An item is at least one byte, so a count above what is left is a lie.
    fn count(&mut self, info: u8, start: usize) -> Result<u64> {
        let count = self.argument(info, start)?;
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(fail(start, format!("{count} items announced, only {left} bytes left")));
        }
        Ok(count)
    }

    fn map(&mut self, info: u8, start: usize, depth: usize) -> Result<()> {
        let mut previous: Option<&[u8]> = None;
        for _ in 0..self.count(info, start)? {
            let key_at = self.at;
            if self.bytes.get(key_at).is_some_and(|head| head >> 5 != 3) {
                return Err(fail(key_at, "a map key that is not a text string"));
            }
            self.item(depth + 1)?;
            let key = &self.bytes[key_at..self.at];
            match previous {
                Some(earlier) if earlier == key => return Err(fail(key_at, "a duplicate map key")),
                Some(earlier) if earlier > key => {
                    return Err(fail(key_at, "map keys are not sorted by their encoded bytes"));
                }
                _ => previous = Some(key),
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }
}
