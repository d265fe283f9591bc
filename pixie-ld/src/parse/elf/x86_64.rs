//! The relocation numbers of ELF x86-64 (x86-64 psABI 1.0, table 4.10).

use crate::relocate::RelocationKind;
use crate::relocate::x86_64::Kind;

/// How messages name the numbers.
pub(super) const PREFIX: &str = "R_X86_64";

/// The kind of a number. The two relaxable forms of GOTPCREL are the plain one to us.
pub(super) fn relocation_kind(number: u32) -> Option<RelocationKind> {
    Some(RelocationKind::X86_64(match number {
        0 => Kind::None,
        1 => Kind::Absolute64,
        2 => Kind::Relative32,
        4 => Kind::Call32,
        9 | 41 | 42 => Kind::GotRelative32,
        10 => Kind::Absolute32,
        11 => Kind::Absolute32Signed,
        24 => Kind::Relative64,
        25 => Kind::GotOffset64,
        26 => Kind::GotBase32,
        28 => Kind::GotRelative64,
        29 => Kind::GotBase64,
        _ => return None,
    }))
}
