//! One pass over CBOR that refuses what is not deterministic, or not of a given shape.

use std::ops::Range;

use super::{Field, MAX_DEPTH, MAX_ITEMS, Shape, fail};
use crate::error::{Error, Result};

/// The first thing that is wrong. Boxed, so that a pass without faults moves little.
type Checked<T = ()> = Result<T, Box<Fault>>;

struct Fault {
    rule: &'static str,
    offset: usize,
    what: String,
    /// Where in the manifest, once it is known; outer parts are put in front on the way out.
    path: String,
}

pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
    open: bool,
    /// Where the value of the top-level key `critical` is.
    pub(super) critical: Option<Range<usize>>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Scan<'a> {
        Scan { bytes, at: 0, items: 0, open: false, critical: None }
    }

    /// The bytes are one item, and nothing else.
    pub(super) fn whole(&mut self, shape: &Shape, open: bool) -> Result<()> {
        self.open = open;
        self.item(0, shape).map_err(|fault| match fault.rule {
            "M16" => {
                let path = fault.path.trim_start_matches('.');
                let path = if path.is_empty() { "the whole" } else { path };
                Error::Manifest { rule: fault.rule, path: path.to_owned(), what: fault.what }
            }
            rule => fail(rule, fault.offset, fault.what),
        })?;
        match self.bytes.len() - self.at {
            0 => Ok(()),
            more => Err(fail("M9", self.at, format!("expected the end, found {more} more bytes"))),
        }
    }

    fn take(&mut self, count: usize) -> Checked<&'a [u8]> {
        match self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => {
                let left = self.bytes.len() - self.at;
                Err(fault("M9", self.at, format!("expected {count} more bytes, found {left}")))
            }
        }
    }

    /// The argument of an item head, in its shortest form (RFC 8949 §3).
    fn argument(&mut self, info: u8, start: usize) -> Checked<u64> {
        let (value, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24..=27 => {
                let size = 1usize << (info - 24);
                let value = self.take(size)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                (value, if info == 24 { 24 } else { 1u64 << (size * 4) })
            }
            31 => return Err(fault("M11", start, "indefinite length")),
            _ => return Err(fault("M9", start, format!("reserved additional information {info}"))),
        };
        if value < least {
            return Err(fault("M10", start, format!("{value} is not in its shortest form")));
        }
        Ok(value)
    }

    fn item(&mut self, depth: usize, shape: &Shape) -> Checked {
        let start = self.at;
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(fault("M14", start, format!("more than {MAX_ITEMS} items")));
        }
        let head = self.take(1)?.first().copied().unwrap_or_default();
        let (major, info) = (head >> 5, head & 31);
        match major {
            0 | 1 => {
                let value = self.argument(info, start)?;
                // serde_cbor would read it as a 128-bit number, other readers would not.
                if major == 1 && value > i64::MAX as u64 {
                    return Err(fault("M14", start, "an integer below -2^63"));
                }
                integer(shape, major == 1, value, start)
            }
            2 | 3 => self.string(major, info, start, shape),
            4 | 5 if depth >= MAX_DEPTH => {
                Err(fault("M14", start, format!("nested deeper than {MAX_DEPTH}")))
            }
            4 => self.list(info, start, depth, shape),
            5 => self.map(info, start, depth, shape),
            6 => Err(fault("M12", start, "a tag")),
            _ => match info {
                20..=22 => match shape {
                    Shape::Any => Ok(()),
                    Shape::True if info == 21 => Ok(()),
                    _ => Err(mismatch(shape, ["`false`", "`true`", "`null`"][usize::from(info - 20)], start)),
                },
                25..=27 => Err(fault("M12", start, "a floating-point number")),
                31 => Err(fault("M11", start, "a break without its beginning")),
                _ => Err(fault("M12", start, "a simple value other than false, true and null")),
            },
        }
    }

    fn string(&mut self, major: u8, info: u8, start: usize, shape: &Shape) -> Checked {
        let length = self.argument(info, start)?;
        let length =
            usize::try_from(length).map_err(|_| fault("M9", start, "a string longer than the file"))?;
        let bytes = self.take(length)?;
        if major == 2 {
            return match shape {
                Shape::Any => Ok(()),
                Shape::Bytes(expected) if *expected == length => Ok(()),
                _ => Err(mismatch(shape, &format!("a byte string of {length} bytes"), start)),
            };
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(fault("M9", start, "a text string that is not UTF-8"));
        };
        match shape {
            Shape::Any | Shape::Text => Ok(()),
            Shape::Word(words) | Shape::OpenWord(words) if words.contains(&text) => Ok(()),
            Shape::OpenWord(_) if self.open => Ok(()),
            Shape::Word(_) | Shape::OpenWord(_) => {
                Err(mismatch(shape, &format!("`{}`", text.escape_debug()), start))
            }
            _ => Err(mismatch(shape, "a text string", start)),
        }
    }

    fn list(&mut self, info: u8, start: usize, depth: usize, shape: &Shape) -> Checked {
        let count = self.count(info, start)?;
        let element = match shape {
            Shape::Any => &Shape::Any,
            Shape::List(element) => element,
            Shape::SomeList(element) if count > 0 => element,
            Shape::SomeList(_) => return Err(mismatch(shape, "an empty one", start)),
            _ => return Err(mismatch(shape, "a list", start)),
        };
        for index in 0..count {
            self.item(depth + 1, element).map_err(|fault| fault.inside(&format!("[{index}]")))?;
        }
        Ok(())
    }

    /// An item is at least one byte, so a count above what is left is a lie.
    fn count(&mut self, info: u8, start: usize) -> Checked<u64> {
        let count = self.argument(info, start)?;
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(fault("M9", start, format!("{count} items announced, only {left} bytes left")));
        }
        Ok(count)
    }

    fn map(&mut self, info: u8, start: usize, depth: usize, shape: &Shape) -> Checked {
        let (mut fields, rest): (&[Field], &Shape) = match shape {
            Shape::Any => (&[], &Shape::Any),
            Shape::Record(fields) => (fields, &Shape::Any),
            Shape::Table(value) => (&[], value),
            _ => return Err(mismatch(shape, "a map", start)),
        };
        let mut previous: Option<&[u8]> = None;
        for _ in 0..self.count(info, start)? {
            let key_at = self.at;
            let key = self.key(depth)?;
            let encoded = self.bytes.get(key_at..self.at).unwrap_or_default();
            match previous {
                Some(earlier) if earlier == encoded => {
                    return Err(fault("M13", key_at, "a duplicate map key"));
                }
                Some(earlier) if earlier > encoded => {
                    return Err(fault("M13", key_at, "map keys are not sorted by their encoded bytes"));
                }
                _ => previous = Some(encoded),
            }
            // Both the map's keys and the schema's are sorted, so one walk over both finds what is missing and what is unknown.
            while let Some((field, later)) = fields.split_first()
                && precedes(field.name, key)
            {
                missing(field, start)?;
                fields = later;
            }
            let value = match fields.split_first() {
                Some((field, later)) if field.name == key => {
                    fields = later;
                    &field.shape
                }
                _ if matches!(shape, Shape::Record(_)) && !self.open => {
                    let what = format!("the key `{}` is not of this format version", key.escape_debug());
                    return Err(fault("M16", key_at, what));
                }
                _ => rest,
            };
            let value_at = self.at;
            self.item(depth + 1, value).map_err(|fault| fault.inside(&format!(".{}", key.escape_debug())))?;
            if depth == 0 && key == "critical" {
                self.critical = Some(value_at..self.at);
            }
        }
        fields.iter().try_for_each(|field| missing(field, start))
    }

    fn key(&mut self, depth: usize) -> Checked<&'a str> {
        let start = self.at;
        if self.bytes.get(start).is_some_and(|head| head >> 5 != 3) {
            return Err(fault("M13", start, "a map key that is not a text string"));
        }
        self.item(depth + 1, &Shape::Text)?;
        let encoded = self.bytes.get(start..self.at).unwrap_or_default();
        // The head is as long as its length demands; `item` has checked that the rest is UTF-8.
        let head = match encoded.first().map_or(0, |head| head & 31) {
            0..=23 => 1,
            info => 1 + (1usize << (info - 24)),
        };
        let text = encoded.get(head..).and_then(|text| std::str::from_utf8(text).ok());
        text.ok_or_else(|| fault("M9", start, "a text string that is not UTF-8"))
    }
}

impl Fault {
    fn inside(mut self: Box<Fault>, outer: &str) -> Box<Fault> {
        self.path.insert_str(0, outer);
        self
    }
}

#[cold]
fn fault(rule: &'static str, offset: usize, what: impl Into<String>) -> Box<Fault> {
    Box::new(Fault { rule, offset, what: what.into(), path: String::new() })
}

/// Whether a text key comes first by its encoded bytes: the shorter one does.
fn precedes(a: &str, b: &str) -> bool {
    (a.len(), a) < (b.len(), b)
}

fn missing(field: &Field, start: usize) -> Checked {
    if field.required {
        Err(fault("M16", start, format!("the key `{}` is missing", field.name)))
    } else {
        Ok(())
    }
}

fn integer(shape: &Shape, negative: bool, value: u64, start: usize) -> Checked {
    let fits = match shape {
        Shape::Any => true,
        Shape::Uint(most) => !negative && value <= *most,
        Shape::Int32 => value <= i32::MAX as u64,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let signed = if negative { -1 - i128::from(value) } else { i128::from(value) };
    Err(mismatch(shape, &format!("the integer {signed}"), start))
}

#[cold]
fn mismatch(shape: &Shape, found: &str, start: usize) -> Box<Fault> {
    let expected = match shape {
        Shape::Any => "any value".to_owned(),
        Shape::Uint(u64::MAX) => "an integer from 0".to_owned(),
        Shape::Uint(most) => format!("an integer from 0 to {most}"),
        Shape::Int32 => "an integer of 32 bits".to_owned(),
        Shape::Text => "a text string".to_owned(),
        Shape::Bytes(size) => format!("a byte string of {size} bytes"),
        Shape::True => "`true`, or no such key".to_owned(),
        Shape::Word(words) | Shape::OpenWord(words) => crate::error::one_of(words.iter().copied()),
        Shape::List(_) => "a list".to_owned(),
        Shape::SomeList(_) => "a list that is not empty, or no such key".to_owned(),
        Shape::Record(_) | Shape::Table(_) => "a map".to_owned(),
    };
    fault("M16", start, format!("expected {expected}, found {found}"))
}
