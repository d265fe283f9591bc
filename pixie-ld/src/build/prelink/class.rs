//! What of a relocation an image can say: what its field depends on, and which bytes it writes.

use crate::object::Section;
use crate::relocate::{RelocationKind, aarch64, x86_64};

/// What a relocation's field depends on, apart from its symbol.
pub(super) enum Class {
    /// The symbol's address, 64 bits.
    Address,
    /// Less than 64 bits of the symbol's address.
    Half,
    /// The distance to the symbol.
    Distance,
    /// The distance to the symbol, or to its stub.
    Call,
    /// The distance to the symbol, or by its stub or its entry of the global offset table, for good.
    ByTable,
    /// Where the symbol's entry of the global offset table is, from here; or nothing at all.
    Table,
    /// The same as an address, 64 bits.
    TableAddress,
}

impl Class {
    pub(super) fn of(kind: RelocationKind) -> Class {
        match kind {
            RelocationKind::X86_64(kind) => match kind {
                x86_64::Kind::Absolute64 => Class::Address,
                x86_64::Kind::Absolute32 | x86_64::Kind::Absolute32Signed => Class::Half,
                x86_64::Kind::Call32 => Class::Call,
                x86_64::Kind::Address32 => Class::ByTable,
                x86_64::Kind::None
                | x86_64::Kind::GotRelative32
                | x86_64::Kind::GotRelative64
                | x86_64::Kind::GotBase32
                | x86_64::Kind::GotBase64 => Class::Table,
                x86_64::Kind::Relative32
                | x86_64::Kind::Relative64
                | x86_64::Kind::GotOffset64
                | x86_64::Kind::ImageRelative32 => Class::Distance,
            },
            RelocationKind::Aarch64(kind) => match kind {
                aarch64::Kind::Absolute64 => Class::Address,
                aarch64::Kind::GotAbsolute64 => Class::TableAddress,
                aarch64::Kind::Absolute32 => Class::Half,
                aarch64::Kind::Branch26 => Class::Call,
                aarch64::Kind::Call32 => Class::ByTable,
                aarch64::Kind::None
                | aarch64::Kind::GotPage21
                | aarch64::Kind::GotPageOffset12
                | aarch64::Kind::GotRelative32 => Class::Table,
                aarch64::Kind::Subtract64
                | aarch64::Kind::Relative64
                | aarch64::Kind::Relative32
                | aarch64::Kind::Branch19
                | aarch64::Kind::Branch14
                | aarch64::Kind::Literal19
                | aarch64::Kind::Address21
                | aarch64::Kind::Page21
                | aarch64::Kind::PageOffset12 { .. } => Class::Distance,
            },
        }
    }
}

/// Whether no two relocations of a section touch the same bytes, but for the distance between two symbols: an address, from which the
/// next relocation takes another one.
pub(super) fn is_plain(section: &Section<'_>) -> bool {
    let mut fields: Vec<(u64, u64, bool)> = Vec::with_capacity(section.relocations.len());
    for relocation in &section.relocations {
        let is_subtracted = relocation.kind == SUBTRACT;
        match fields.last_mut() {
            Some((offset, _, is_distance))
                if is_subtracted && *offset == relocation.offset && !*is_distance =>
            {
                *is_distance = true;
            }
            _ if is_subtracted => return false,
            _ => fields.push((relocation.offset, width(relocation.kind), false)),
        }
    }
    fields.sort_unstable();
    fields.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0)
}

/// The second half of a distance between two symbols.
pub(super) const SUBTRACT: RelocationKind = RelocationKind::Aarch64(aarch64::Kind::Subtract64);

/// The bytes that a relocation writes.
fn width(kind: RelocationKind) -> u64 {
    match kind {
        RelocationKind::X86_64(x86_64::Kind::None) | RelocationKind::Aarch64(aarch64::Kind::None) => 0,
        RelocationKind::X86_64(
            x86_64::Kind::Absolute64
            | x86_64::Kind::Relative64
            | x86_64::Kind::GotRelative64
            | x86_64::Kind::GotBase64
            | x86_64::Kind::GotOffset64,
        )
        | RelocationKind::Aarch64(
            aarch64::Kind::Absolute64
            | aarch64::Kind::Subtract64
            | aarch64::Kind::Relative64
            | aarch64::Kind::GotAbsolute64,
        ) => 8,
        // An opcode, a byte and a word.
        RelocationKind::X86_64(x86_64::Kind::Address32) => 6,
        _ => 4,
    }
}
