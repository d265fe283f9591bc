//! The relocation numbers of ELF AArch64 (ELF for the Arm 64-bit Architecture, §5.7).

use crate::relocate::RelocationKind;
use crate::relocate::aarch64::Kind;

/// How messages name the numbers.
pub(super) const PREFIX: &str = "R_AARCH64";

/// The kind of a number. A jump and a call differ in nothing that matters here.
pub(super) fn relocation_kind(number: u32) -> Option<RelocationKind> {
    Some(RelocationKind::Aarch64(match number {
        // 256 is withdrawn and to be treated as NONE.
        0 | 256 => Kind::None,
        257 => Kind::Absolute64,
        258 => Kind::Absolute32,
        260 => Kind::Relative64,
        261 => Kind::Relative32,
        273 => Kind::Literal19,
        274 => Kind::Address21,
        275 => Kind::Page21,
        277 | 278 => Kind::PageOffset12 { shift: 0 },
        279 => Kind::Branch14,
        280 => Kind::Branch19,
        282 | 283 => Kind::Branch26,
        284 => Kind::PageOffset12 { shift: 1 },
        285 => Kind::PageOffset12 { shift: 2 },
        286 => Kind::PageOffset12 { shift: 3 },
        299 => Kind::PageOffset12 { shift: 4 },
        311 => Kind::GotPage21,
        312 => Kind::GotPageOffset12,
        314 => Kind::Call32,
        315 => Kind::GotRelative32,
        _ => return None,
    }))
}
