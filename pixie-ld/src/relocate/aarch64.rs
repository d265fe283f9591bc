//! The relocations of AArch64 that LLVM emits for position-independent code of the small model, in ELF and in Mach-O (ELF for
//! the Arm 64-bit Architecture, §5.7; `mach-o/arm64/reloc.h`).
//!
//! `S` is the symbol's address, `A` the addend, `P` the address of the field, `G` the address of the symbol's entry of the
//! global offset table, `Page(x)` is `x` without its low 12 bits.

use crate::image::Address;
use crate::relocate::{Fault, StubShape, Target};
use crate::resolve::ResolvedKind;

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Nothing.
    None,
    /// `S + A`, 64 bits.
    Absolute64,
    /// `S + A`, 32 bits, signed or unsigned.
    Absolute32,
    /// The field as it is, less `S + A`, 64 bits: after `Absolute64` the distance between two symbols.
    Subtract64,
    /// `S + A - P`, 64 bits.
    Relative64,
    /// `S + A - P`, 32 bits.
    Relative32,
    /// `S + A - P`, 32 bits, a stub may stand for `S`.
    Call32,
    /// `S + A - P` in words, 26 bits of `b` or `bl`: a stub may stand for `S`.
    Branch26,
    /// `S + A - P` in words, 19 bits of a conditional branch.
    Branch19,
    /// `S + A - P` in words, 14 bits of a test and branch.
    Branch14,
    /// `S + A - P` in words, 19 bits of a load of a literal.
    Literal19,
    /// `S + A - P`, 21 bits of `adr`.
    Address21,
    /// `Page(S + A) - Page(P)` in pages, 21 bits of `adrp`.
    Page21,
    /// The low 12 bits of `S + A` in units of `1 << shift` bytes, in an `add` or a load or store.
    PageOffset12 {
        /// The binary logarithm of the access size; 0 for `add`.
        shift: u8,
    },
    /// `Page(G) - Page(P)` in pages, 21 bits of `adrp`.
    GotPage21,
    /// The low 12 bits of `G` in words of 8 bytes, in an `ldr`.
    GotPageOffset12,
    /// `G + A - P`, 32 bits.
    GotRelative32,
    /// `G + A`, 64 bits.
    GotAbsolute64,
}

/// A branch reaches 128 MiB, from its own start, and one instruction less forwards.
pub(crate) const STUB: StubShape = StubShape { size: 16, align: 8, reach: (128 << 20) - 4 };
/// `ldr x16, 8; br x16`, then the address: x16 is the register that the procedure call standard leaves to veneers (AAPCS64 §6.1.1).
pub(crate) const STUB_CODE: [u8; 8] = [0x50, 0, 0, 0x58, 0, 0x02, 0x1f, 0xd6];

impl Kind {
    pub(crate) const fn needs_got(self) -> bool {
        matches!(self, Kind::GotPage21 | Kind::GotPageOffset12 | Kind::GotRelative32 | Kind::GotAbsolute64)
    }

    pub(crate) const fn may_need_stub(self) -> bool {
        matches!(self, Kind::Branch26 | Kind::Call32)
    }

    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::None => "NONE",
            Kind::Absolute64 => "ABS64",
            Kind::Absolute32 => "ABS32",
            Kind::Subtract64 => "SUBTRACTOR",
            Kind::Relative64 => "PREL64",
            Kind::Relative32 => "PREL32",
            Kind::Call32 => "PLT32",
            Kind::Branch26 => "CALL26",
            Kind::Branch19 => "CONDBR19",
            Kind::Branch14 => "TSTBR14",
            Kind::Literal19 => "LD_PREL_LO19",
            Kind::Address21 => "ADR_PREL_LO21",
            Kind::Page21 => "ADR_PREL_PG_HI21",
            Kind::PageOffset12 { shift: 0 } => "ADD_ABS_LO12_NC",
            Kind::PageOffset12 { .. } => "LDST_ABS_LO12_NC",
            Kind::GotPage21 => "ADR_GOT_PAGE",
            Kind::GotPageOffset12 => "LD64_GOT_LO12_NC",
            Kind::GotRelative32 => "GOTPCREL32",
            Kind::GotAbsolute64 => "POINTER_TO_GOT",
        }
    }
}

/// Fills the field at the start of `field`, which reaches to the end of the section.
pub(crate) fn apply(kind: Kind, target: &Target<'_>, field: &mut [u8]) -> Result<(), Fault> {
    // Wide enough that no sum of addresses and addends wraps.
    let wide = |address: Address| i128::from(address.0);
    let (a, p) = (i128::from(target.addend), wide(target.place));
    let s = match target.symbol.kind {
        ResolvedKind::Missing => missing(kind, a, p),
        _ => wide(target.symbol.address),
    };
    let got = || target.got.map_or(0, wide);
    // A call goes where it should if it can, else to a stub, which can reach everything.
    let call = |fits: bool| match fits {
        true => None,
        false => (target.stub)().map(wide),
    };
    match kind {
        Kind::None => Ok(()),
        Kind::Absolute64 => put(field, ((s + a) as u64).to_le_bytes()),
        Kind::Relative64 => put(field, ((s + a - p) as u64).to_le_bytes()),
        Kind::GotAbsolute64 => put(field, ((got() + a) as u64).to_le_bytes()),
        Kind::Subtract64 => {
            let number = field.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            put(field, number.wrapping_sub((s + a) as u64).to_le_bytes())
        }
        // Signed or unsigned: what fits either is right (AAELF64 §5.7.5).
        Kind::Absolute32 => match u32::try_from(s + a) {
            Ok(value) => put(field, value.to_le_bytes()),
            Err(_) => put32(field, kind, s + a),
        },
        Kind::Relative32 => put32(field, kind, s + a - p),
        // The addend of a distance in data is where the distance counts from, so the stub needs it too.
        Kind::Call32 => put32(field, kind, call(fits(s + a - p, 32)).unwrap_or(s) + a - p),
        Kind::GotRelative32 => put32(field, kind, got() + a - p),
        Kind::Branch26 => words(field, kind, call(fits(s + a - p, 28)).unwrap_or(s + a) - p, 26, 0),
        Kind::Branch19 | Kind::Literal19 => words(field, kind, s + a - p, 19, 5),
        Kind::Branch14 => words(field, kind, s + a - p, 14, 5),
        Kind::Address21 => adr(field, kind, s + a - p),
        Kind::Page21 => pages(field, kind, s + a, p),
        // `G` is the entry of `S + A` (AAELF64 §5.7), and there are entries of symbols only.
        Kind::GotPage21 | Kind::GotPageOffset12 if a != 0 => Err(Fault::Addend { kind: kind.name() }),
        Kind::GotPage21 => pages(field, kind, got(), p),
        Kind::PageOffset12 { shift } => page_offset(field, kind, s + a, shift),
        Kind::GotPageOffset12 => page_offset(field, kind, got(), 3),
    }
}

/// What stands for the address of a weak symbol that nobody has: the next instruction for branches, the place itself for distances,
/// zero else (AAELF64, weak references).
fn missing(kind: Kind, addend: i128, place: i128) -> i128 {
    match kind {
        Kind::Branch26 | Kind::Branch19 | Kind::Branch14 => place + 4 - addend,
        Kind::Relative64 | Kind::Relative32 | Kind::Call32 => place,
        Kind::Literal19 | Kind::Address21 | Kind::Page21 => place,
        _ => 0,
    }
}

/// Whether `value` is a signed number of `bits` bits.
fn fits(value: i128, bits: u32) -> bool {
    (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&value)
}

/// Replaces `mask` of an instruction by `bits`.
fn patch(field: &mut [u8], mask: u32, bits: u32) -> Result<(), Fault> {
    match field.first_chunk_mut::<4>() {
        Some(bytes) => {
            *bytes = (u32::from_le_bytes(*bytes) & !mask | bits & mask).to_le_bytes();
            Ok(())
        }
        None => Err(Fault::OutOfSection { width: 4 }),
    }
}

/// A distance in words of 4 bytes, `width` bits of it from bit `at` on.
fn words(field: &mut [u8], kind: Kind, value: i128, width: u32, at: u32) -> Result<(), Fault> {
    if !fits(value, width + 2) {
        return Err(Fault::Overflow { kind: kind.name(), value, bits: width + 2 });
    }
    if value & 3 != 0 {
        return Err(Fault::Misaligned { kind: kind.name(), value, align: 4 });
    }
    patch(field, ((1 << width) - 1) << at, ((value >> 2) as u32) << at)
}

/// The branch `word` (`b`, `bl`) to a place `further` bytes on; `None` if that is out of its reach.
pub(crate) fn branch_by(word: u32, further: i64) -> Option<u32> {
    let distance = i64::from((word << 6).cast_signed() >> 4).checked_add(further)?;
    (distance % 4 == 0 && fits(distance.into(), 28))
        .then_some(word & !0x03ff_ffff | (distance >> 2) as u32 & 0x03ff_ffff)
}

/// The 21 bits of `adr` and `adrp`: the low two at bit 29, the others at bit 5.
fn adr(field: &mut [u8], kind: Kind, value: i128) -> Result<(), Fault> {
    if !fits(value, 21) {
        return Err(Fault::Overflow { kind: kind.name(), value, bits: 21 });
    }
    patch(field, 0x60ff_ffe0, adr_bits(value as u32))
}

const fn adr_bits(value: u32) -> u32 {
    (value & 3) << 29 | (value >> 2 & 0x7_ffff) << 5
}

fn pages(field: &mut [u8], kind: Kind, target: i128, place: i128) -> Result<(), Fault> {
    let value = (target & !0xfff) - (place & !0xfff);
    match fits(value, 33) {
        true => adr(field, kind, value >> 12),
        false => Err(Fault::Overflow { kind: kind.name(), value, bits: 33 }),
    }
}

fn page_offset(field: &mut [u8], kind: Kind, target: i128, shift: u8) -> Result<(), Fault> {
    let low = (target & 0xfff) as u32;
    if low & ((1 << shift) - 1) != 0 {
        return Err(Fault::Misaligned { kind: kind.name(), value: target, align: 1 << shift });
    }
    patch(field, 0xfff << 10, (low >> shift) << 10)
}

fn put32(field: &mut [u8], kind: Kind, value: i128) -> Result<(), Fault> {
    match i32::try_from(value) {
        Ok(value) => put(field, value.to_le_bytes()),
        Err(_) => Err(Fault::Overflow { kind: kind.name(), value, bits: 32 }),
    }
}

fn put<const N: usize>(field: &mut [u8], value: [u8; N]) -> Result<(), Fault> {
    match field.first_chunk_mut::<N>() {
        Some(field) => {
            *field = value;
            Ok(())
        }
        None => Err(Fault::OutOfSection { width: N }),
    }
}
