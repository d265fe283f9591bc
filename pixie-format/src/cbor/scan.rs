//! One pass over CBOR that refuses what is not deterministic, and notes the first value that is not of a given shape.

use std::ops::Range;

use super::{Field, MAX_DEPTH, MAX_ITEMS, Shape, Token, fail};
use crate::error::{Error, Result};

/// A part of the path to a value.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a [u8]),
    Index(u64),
}

/// The bytes are not sound; the scan holds the error. It has no size, so that a result of the scan fits in a register.
struct Stop;

type Checked<T> = std::result::Result<T, Stop>;

pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    items: usize,
    open: bool,
    path: [Step<'a>; MAX_DEPTH],
    /// The first value that is not of its shape. It is kept back until the whole is known to be sound, and until `critical`
    /// is known, which may say that the shape is another.
    fault: Option<Error>,
    /// Where the value of the top-level key `critical` is.
    critical: Option<Range<usize>>,
    /// Why the scan stopped.
    error: Option<Error>,
}

/// What a scan of sound CBOR found.
pub(super) struct Findings {
    pub(super) fault: Option<Error>,
    pub(super) critical: Option<Range<usize>>,
}

/// Scans `bytes`, which must be one item, and nothing else.
pub(super) fn scan(bytes: &[u8], shape: &Shape, open: bool) -> Result<Findings> {
    let path = [Step::Index(0); MAX_DEPTH];
    let mut scan = Scan { bytes, at: 0, items: 0, open, path, fault: None, critical: None, error: None };
    if let (Err(Stop), Some(error)) = (scan.item(0, shape), scan.error.take()) {
        return Err(error);
    }
    match bytes.len() - scan.at {
        0 => Ok(Findings { fault: scan.fault, critical: scan.critical }),
        more => Err(fail("M9", scan.at, format!("expected the end, found {more} more bytes"))),
    }
}

impl<'a> Scan<'a> {
    #[cold]
    fn stop(&mut self, rule: &'static str, offset: usize, what: impl Into<String>) -> Stop {
        self.error = Some(fail(rule, offset, what));
        Stop
    }

    #[inline(always)]
    fn take(&mut self, count: usize) -> Checked<&'a [u8]> {
        match self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => {
                let left = self.bytes.len() - self.at;
                Err(self.stop("M9", self.at, format!("expected {count} more bytes, found {left}")))
            }
        }
    }

    /// Major type, additional information.
    #[inline(always)]
    fn head(&mut self) -> Checked<(u8, u8)> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(self.stop("M14", self.at, format!("more than {MAX_ITEMS} items")));
        }
        let head = self.take(1)?.first().copied().unwrap_or_default();
        Ok((head >> 5, head & 31))
    }

    /// The argument of an item head, in its shortest form (RFC 8949 §3).
    #[inline(always)]
    fn argument(&mut self, info: u8, start: usize) -> Checked<u64> {
        if info <= 23 { Ok(u64::from(info)) } else { self.long_argument(info, start) }
    }

    #[inline(never)]
    fn long_argument(&mut self, info: u8, start: usize) -> Checked<u64> {
        let (value, least) = match info {
            24..=27 => {
                let size = 1usize << (info - 24);
                let value = self.take(size)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
                (value, if info == 24 { 24 } else { 1u64 << (size * 4) })
            }
            31 => return Err(self.stop("M11", start, "indefinite length")),
            _ => return Err(self.stop("M9", start, format!("reserved additional information {info}"))),
        };
        if value < least {
            return Err(self.stop("M10", start, format!("{value} is not in its shortest form")));
        }
        Ok(value)
    }

    /// What is not plain ASCII must be UTF-8.
    #[inline(always)]
    fn utf8(&mut self, bytes: &[u8], start: usize) -> Checked<()> {
        if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
            return Err(self.stop("M9", start, "a text string that is not UTF-8"));
        }
        Ok(())
    }

    /// The next 16 bytes as a little-endian number, if there are so many.
    #[inline(always)]
    fn window(&self) -> Option<u128> {
        self.bytes.get(self.at..)?.first_chunk().map(|bytes| u128::from_le_bytes(*bytes))
    }

    /// One item. What most items are, a short text, a word, a hash or a small number where the schema asks for it, is settled here by
    /// looking at 16 bytes at once; all else, and whatever is wrong, is for `any_item`.
    #[inline(always)]
    fn item(&mut self, depth: usize, shape: &Shape) -> Checked<()> {
        let length = match self.window() {
            Some(window) if self.items < MAX_ITEMS => match shape {
                Shape::Text => short_ascii(window),
                Shape::Uint(most) => {
                    let head = window as u8;
                    (head <= 23 && u64::from(head) <= *most).then_some(1)
                }
                Shape::Word(words) | Shape::OpenWord(words) => {
                    words.iter().find(|word| word.begins(window)).map(Token::len)
                }
                // The head of a string of 32 bytes.
                Shape::Bytes(32) if window as u16 == 0x2058 && self.bytes.len() - self.at >= 34 => Some(34),
                _ => None,
            },
            _ => None,
        };
        match length {
            Some(length) => {
                self.items += 1;
                self.at += length;
                Ok(())
            }
            None => self.any_item(depth, shape),
        }
    }

    #[inline(never)]
    fn any_item(&mut self, depth: usize, shape: &Shape) -> Checked<()> {
        let start = self.at;
        let (major, info) = self.head()?;
        match major {
            0 | 1 => {
                let value = self.argument(info, start)?;
                // serde_cbor would read it as a 128-bit number, other readers would not.
                if major == 1 && value > i64::MAX as u64 {
                    return Err(self.stop("M14", start, "an integer below -2^63"));
                }
                self.integer(depth, shape, major == 1, value);
                Ok(())
            }
            2 => {
                let length = self.string(info, start)?.len();
                match shape {
                    Shape::Any => {}
                    Shape::Bytes(expected) if *expected == length => {}
                    _ => self.mismatch(depth, shape, || format!("a byte string of {length} bytes")),
                }
                Ok(())
            }
            3 => {
                let text = self.string(info, start)?;
                self.utf8(text, start)?;
                let listed = |words: &[Token]| words.iter().any(|word| word.text.as_bytes() == text);
                match shape {
                    Shape::Any | Shape::Text => {}
                    Shape::Word(words) | Shape::OpenWord(words) if listed(words) => {}
                    Shape::OpenWord(_) if self.open => {}
                    Shape::Word(_) | Shape::OpenWord(_) => {
                        self.mismatch(depth, shape, || format!("`{}`", printable(text)));
                    }
                    _ => self.mismatch(depth, shape, || "a text string".to_owned()),
                }
                Ok(())
            }
            4 | 5 if depth >= MAX_DEPTH => {
                Err(self.stop("M14", start, format!("nested deeper than {MAX_DEPTH}")))
            }
            4 => self.list(info, start, depth, shape),
            5 => self.map(info, start, depth, shape),
            6 => Err(self.stop("M12", start, "a tag")),
            _ => self.simple(info, start, depth, shape),
        }
    }

    fn simple(&mut self, info: u8, start: usize, depth: usize, shape: &Shape) -> Checked<()> {
        let name = match info {
            20 => "`false`",
            21 => "`true`",
            22 => "`null`",
            25..=27 => return Err(self.stop("M12", start, "a floating-point number")),
            28..=30 => return Err(self.stop("M9", start, format!("reserved additional information {info}"))),
            31 => return Err(self.stop("M11", start, "a break without its beginning")),
            _ => return Err(self.stop("M12", start, "a simple value other than false, true and null")),
        };
        match shape {
            Shape::Any => {}
            Shape::True if info == 21 => {}
            _ => self.mismatch(depth, shape, || name.to_owned()),
        }
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self, info: u8, start: usize) -> Checked<&'a [u8]> {
        let length = self.argument(info, start)?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.stop("M9", start, "a string longer than the file")),
        }
    }

    /// An item is at least one byte, so a count above what is left is a lie.
    fn count(&mut self, info: u8, start: usize) -> Checked<u64> {
        let count = self.argument(info, start)?;
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(self.stop("M9", start, format!("{count} items announced, only {left} bytes left")));
        }
        Ok(count)
    }

    fn list(&mut self, info: u8, start: usize, depth: usize, shape: &Shape) -> Checked<()> {
        let count = self.count(info, start)?;
        let element = match shape {
            Shape::Any => &Shape::Any,
            Shape::List(element) => element,
            Shape::SomeList(element) if count > 0 => element,
            _ => {
                let found = if count == 0 { "an empty list" } else { "a list" };
                self.mismatch(depth, shape, || found.to_owned());
                &Shape::Any
            }
        };
        for index in 0..count {
            self.step(depth, Step::Index(index));
            self.item(depth + 1, element)?;
        }
        Ok(())
    }

    fn map(&mut self, info: u8, start: usize, depth: usize, shape: &Shape) -> Checked<()> {
        let count = self.count(info, start)?;
        let (mut fields, rest, strict): (&[Field], &Shape, bool) = match shape {
            Shape::Any => (&[], &Shape::Any, false),
            Shape::Record(fields) => (fields, &Shape::Any, !self.open),
            Shape::Table(value) => (&[], value, false),
            _ => {
                self.mismatch(depth, shape, || "a map".to_owned());
                (&[], &Shape::Any, false)
            }
        };
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let key_at = self.at;
            if let Some(index) = self.known(fields) {
                let (field, later) = (&fields[index], &fields[index + 1..]);
                self.items += 1;
                self.at += field.key.len();
                previous = &self.bytes[key_at..self.at];
                fields = later;
                self.step(depth, Step::Key(field.key.text.as_bytes()));
                self.value(depth, &field.shape, field.key.text.as_bytes())?;
                continue;
            }
            let (major, info) = self.head()?;
            if major != 3 {
                return Err(self.stop("M13", key_at, "a map key that is not a text string"));
            }
            let key = self.string(info, key_at)?;
            let encoded = self.bytes.get(key_at..self.at).unwrap_or_default();
            // Both the map's keys and the schema's are sorted, so one walk over both finds what is missing and what is unknown; a
            // key that it finds is in order, as the schema's keys before it are gone.
            let known = fields.first().is_some_and(|field| field.key.text.as_bytes() == key);
            if !known && encoded <= previous {
                let twice = "a map key that stands twice";
                let what =
                    if encoded == previous { twice } else { "map keys not sorted by their encoded bytes" };
                return Err(self.stop("M13", key_at, what));
            }
            previous = encoded;
            while !known
                && let Some((field, later)) = fields.split_first()
                && precedes(field.key.text.as_bytes(), key)
            {
                self.missing(depth, field);
                fields = later;
            }
            let value = match fields.split_first() {
                Some((field, later)) if field.key.text.as_bytes() == key => {
                    self.step(depth, Step::Key(field.key.text.as_bytes()));
                    fields = later;
                    &field.shape
                }
                _ => {
                    self.utf8(key, key_at)?;
                    if strict {
                        let what = format!("the key `{}` is not of this format version", printable(key));
                        self.note(depth, what);
                    }
                    self.step(depth, Step::Key(key));
                    rest
                }
            };
            self.value(depth, value, key)?;
        }
        fields.iter().for_each(|field| self.missing(depth, field));
        Ok(())
    }

    /// Which of the fields comes next, if nothing that is required stands before it.
    #[inline(always)]
    fn known(&self, fields: &[Field]) -> Option<usize> {
        let window = self.window().filter(|_| self.items < MAX_ITEMS)?;
        for (index, field) in fields.iter().enumerate() {
            if field.key.begins(window) {
                return Some(index);
            }
            if field.required {
                break;
            }
        }
        None
    }

    #[inline(always)]
    fn value(&mut self, depth: usize, shape: &Shape, key: &[u8]) -> Checked<()> {
        let start = self.at;
        self.item(depth + 1, shape)?;
        if depth == 0 && key == b"critical" {
            self.critical = Some(start..self.at);
        }
        Ok(())
    }

    fn step(&mut self, depth: usize, step: Step<'a>) {
        if let Some(slot) = self.path.get_mut(depth) {
            *slot = step;
        }
    }

    fn integer(&mut self, depth: usize, shape: &Shape, negative: bool, value: u64) {
        let fits = match shape {
            Shape::Any => true,
            Shape::Uint(most) => !negative && value <= *most,
            Shape::Int32 => value <= i32::MAX as u64,
            _ => false,
        };
        if !fits {
            let signed = if negative { -1 - i128::from(value) } else { i128::from(value) };
            self.mismatch(depth, shape, || format!("the integer {signed}"));
        }
    }

    fn missing(&mut self, depth: usize, field: &Field) {
        if field.required {
            self.note(depth, format!("the key `{}` is missing", field.key.text));
        }
    }

    #[cold]
    fn mismatch(&mut self, depth: usize, shape: &Shape, found: impl FnOnce() -> String) {
        let expected = shape.describe();
        self.note(depth, format!("expected {expected}, found {}", found()));
    }

    #[cold]
    fn note(&mut self, depth: usize, what: String) {
        if self.fault.is_some() {
            return;
        }
        let mut path = String::new();
        for step in self.path.iter().take(depth) {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(&printable(key)),
                Step::Key(key) => path.extend([".", &printable(key)]),
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        if path.is_empty() {
            path.push_str("the whole");
        }
        self.fault = Some(Error::Manifest { rule: "M16", path, what });
    }
}

impl Shape {
    fn describe(&self) -> String {
        match self {
            Shape::Any => "any value".to_owned(),
            Shape::Uint(u64::MAX) => "an integer from 0".to_owned(),
            Shape::Uint(most) => format!("an integer from 0 to {most}"),
            Shape::Int32 => "an integer of 32 bits".to_owned(),
            Shape::Text => "a text string".to_owned(),
            Shape::Bytes(size) => format!("a byte string of {size} bytes"),
            Shape::True => "`true`, or no such key".to_owned(),
            Shape::Word(words) | Shape::OpenWord(words) => {
                crate::error::one_of(words.iter().map(|word| word.text))
            }
            Shape::List(_) => "a list".to_owned(),
            Shape::SomeList(_) => "a list that is not empty".to_owned(),
            Shape::Record(_) | Shape::Table(_) => "a map".to_owned(),
        }
    }
}

/// Bytes of the item that is at the start of `window` if it is a text of 15 bytes of ASCII at most.
#[inline(always)]
pub(crate) fn short_ascii(window: u128) -> Option<usize> {
    /// The highest bit of each byte but the first.
    const HIGH: u128 = u128::from_le_bytes([0x80; 16]) & !0xff;
    let length = (window as u8).wrapping_sub(0x60);
    let is_ascii = length <= 15 && window & HIGH & (u128::MAX >> (8 * (15 - u32::from(length)))) == 0;
    is_ascii.then_some(1 + usize::from(length))
}

fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).escape_debug().to_string()
}

/// Whether a text key comes first by its encoded bytes: the shorter one does.
fn precedes(a: &[u8], b: &[u8]) -> bool {
    a.len() < b.len() || a.len() == b.len() && a < b
}
