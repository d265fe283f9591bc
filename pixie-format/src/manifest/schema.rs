//! The manifest's schema as data: spec/manifest.cddl, key for key.

use crate::cbor::{Field, Shape, Token};

const INDEX: Shape = Shape::Uint(u32::MAX as u64);
const HASH: Shape = Shape::Bytes(32);

const fn must(name: &'static str, shape: Shape) -> Field {
    Field { key: Token::new(name), shape, required: true }
}

const fn may(name: &'static str, shape: Shape) -> Field {
    Field { key: Token::new(name), shape, required: false }
}

/// The value of `critical`, which is looked at before the rest.
pub(super) const CRITICAL: Shape = Shape::SomeList(&Shape::Text);

/// `manifest`, spec §4.2.
pub(super) const MANIFEST: Shape = Shape::Record(&[
    may("doc", Shape::Text),
    must("name", Shape::Text),
    must("blobs", Shape::List(&BLOB)),
    may("origin", HASH),
    must("bitcode", Shape::List(&BITCODE)),
    must("exports", Shape::List(&EXPORT)),
    must("imports", Shape::List(&IMPORT)),
    must("options", OPTIONS),
    may("critical", CRITICAL),
    may("metadata", Shape::Text),
    must("producer", Shape::Text),
    must("platforms", Shape::Table(&PLATFORM)),
]);

const EXPORT: Shape = Shape::Record(&[
    may("doc", Shape::Text),
    may("gil", Shape::Word(&[Token::new("hold"), Token::new("release")])),
    must("name", Shape::Text),
    must("thunk", Shape::Text),
    may("ufunc", UFUNC),
    may("source", Shape::Text),
    may("status", Shape::SomeList(&STATUS)),
    must("symbol", Shape::Text),
    may("metadata", Shape::Text),
    may("restrict", Shape::SomeList(&INDEX)),
    must("signature", Shape::Text),
]);

const UFUNC: Shape = Shape::Record(&[
    may("core", Shape::True),
    must("loop", Shape::Text),
    may(
        "identity",
        Shape::Word(&[
            Token::new("zero"),
            Token::new("one"),
            Token::new("minus-one"),
            Token::new("reorderable"),
        ]),
    ),
]);

const STATUS: Shape = Shape::Record(&[must("code", Shape::Int32), must("text", Shape::Text)]);

const IMPORT: Shape = Shape::Record(&[must("name", Shape::Text), may("foreign", Shape::True)]);

const BITCODE: Shape = Shape::Record(&[
    may("isa", Shape::Text),
    must("blob", INDEX),
    must("llvm", Shape::Text),
    must("triple", Shape::Text),
    may("neutral", Shape::True),
    must("platforms", Shape::List(&Shape::Text)),
    must("producers", Shape::List(&Shape::Text)),
    must("data_layout", Shape::Text),
]);

const PLATFORM: Shape = Shape::Record(&[
    must("triple", Shape::Text),
    must("variants", Shape::SomeList(&VARIANT)),
    must("object_format", Shape::Text),
]);

const VARIANT: Shape = Shape::Record(&[
    must("isa", Shape::Text),
    may("image", INDEX),
    must("object", INDEX),
    must("imports", Shape::List(&INDEX)),
    must("features", Shape::List(&Shape::Text)),
]);

const BLOB: Shape = Shape::Record(&[
    must("hash", HASH),
    must("kind", Shape::OpenWord(&[Token::new("object"), Token::new("bitcode"), Token::new("image")])),
    must("size", Shape::Uint(u64::MAX)),
    may("absent", Shape::True),
]);

const OPTIONS: Shape = Shape::Record(&[
    must("opt", Shape::Uint(3)),
    may("debug", Shape::True),
    may("reproducible", Shape::True),
]);

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(shape: &Shape) {
        match shape {
            Shape::List(inner) | Shape::SomeList(inner) | Shape::Table(inner) => sorted(inner),
            Shape::Record(fields) => {
                for pair in fields.windows(2) {
                    let order = |field: &Field| (field.key.text.len(), field.key.text);
                    assert!(
                        order(&pair[0]) < order(&pair[1]),
                        "{} stands before {}",
                        pair[0].key.text,
                        pair[1].key.text
                    );
                }
                fields.iter().for_each(|field| sorted(&field.shape));
            }
            _ => {}
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_their_encoding() {
        sorted(&MANIFEST);
    }
}
