//! A writer of CBOR that shares nothing with the library, and can write what the format forbids.

/// A value. Maps come out sorted; whatever is forbidden goes in as `Raw` bytes.
#[derive(Clone, Debug)]
pub enum Cbor {
    Uint(u64),
    Negative(i64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Cbor>),
    Map(Vec<(String, Cbor)>),
    True,
    Raw(Vec<u8>),
}

use Cbor::{Bytes, List, Map, Negative, Raw, Text, True, Uint};

pub fn text(value: impl Into<String>) -> Cbor {
    Text(value.into())
}

pub fn texts(values: &[&str]) -> Cbor {
    List(values.iter().map(|value| text(*value)).collect())
}

pub fn indices(values: &[u64]) -> Cbor {
    List(values.iter().map(|value| Uint(*value)).collect())
}

pub fn map<const N: usize>(entries: [(&str, Cbor); N]) -> Cbor {
    Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A head in its shortest form.
pub fn head(major: u8, value: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = value.to_be_bytes();
    match value {
        0..=23 => out.push(major | bytes[7]),
        24..=0xff => out.extend([major | 24, bytes[7]]),
        0x100..=0xffff => out.extend([&[major | 25], &bytes[6..]].concat()),
        0x1_0000..=0xffff_ffff => out.extend([&[major | 26], &bytes[4..]].concat()),
        _ => out.extend([&[major | 27], &bytes[..]].concat()),
    }
}

impl Cbor {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Uint(value) => head(0, *value, out),
            Negative(value) => head(1, !*value as u64, out),
            Bytes(bytes) => {
                head(2, bytes.len() as u64, out);
                out.extend(bytes);
            }
            Text(text) => {
                head(3, text.len() as u64, out);
                out.extend(text.as_bytes());
            }
            List(items) => {
                head(4, items.len() as u64, out);
                items.iter().for_each(|item| item.write(out));
            }
            Map(entries) => {
                head(5, entries.len() as u64, out);
                let mut encoded: Vec<(Vec<u8>, &Cbor)> =
                    entries.iter().map(|(key, value)| (text(key.as_str()).encode(), value)).collect();
                encoded.sort_by(|a, b| a.0.cmp(&b.0));
                for (key, value) in encoded {
                    out.extend(key);
                    value.write(out);
                }
            }
            True => out.push(0xf5),
            Raw(bytes) => out.extend(bytes),
        }
    }

    /// The value at a path such as `exports.0.name`.
    pub fn at(&mut self, path: &str) -> &mut Cbor {
        path.split('.').filter(|part| !part.is_empty()).fold(self, |value, part| match value {
            List(items) => {
                let index: usize = part.parse().expect("an index");
                &mut items[index]
            }
            Map(entries) => {
                let entry = entries.iter_mut().find(|(key, _)| key == part);
                &mut entry.unwrap_or_else(|| panic!("no key `{part}` in `{path}`")).1
            }
            _ => panic!("no `{part}` in `{path}`"),
        })
    }

    /// Sets a key of the map at `path`, adding it where it is missing.
    pub fn set(&mut self, path: &str, key: &str, value: Cbor) {
        let Map(entries) = self.at(path) else { panic!("no map at `{path}`") };
        entries.retain(|(name, _)| name != key);
        entries.push((key.to_owned(), value));
    }

    /// Removes a key of the map at `path`.
    pub fn remove(&mut self, path: &str, key: &str) {
        let Map(entries) = self.at(path) else { panic!("no map at `{path}`") };
        entries.retain(|(name, _)| name != key);
    }

    /// Appends to the list at `path`.
    pub fn push(&mut self, path: &str, value: Cbor) {
        let List(items) = self.at(path) else { panic!("no list at `{path}`") };
        items.push(value);
    }
}
