//! The relocations of x86-64 that LLVM emits for position-independent code of the small model (x86-64 psABI 1.0, §4.4).
//!
//! `S` is the symbol's address, `A` the addend, `P` the address of the field, `G` the address of the symbol's entry of the
//! global offset table, `GOT` the table's own, `B` the address of the image. Loads of the table are not relaxed into address
//! computations: LLVM emits them only for symbols that may be outside.

use crate::image::Address;
use crate::relocate::{Fault, StubShape, Target};

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Nothing.
    None,
    /// `S + A`, 64 bits.
    Absolute64,
    /// `S + A`, 32 bits, zero-extended by the instruction.
    Absolute32,
    /// `S + A`, 32 bits, sign-extended by the instruction.
    Absolute32Signed,
    /// `S + A - P`, 32 bits.
    Relative32,
    /// `S + A - P`, 64 bits.
    Relative64,
    /// `S + A - P`, 32 bits, in a call or jump: a stub may stand for `S`.
    Call32,
    /// `S + A - P`, 32 bits, in a `lea` that takes an outside symbol's address. The relocation begins at the opcode, two bytes before
    /// the field: what is out of reach is loaded from the global offset table instead.
    Address32,
    /// `G + A - P`, 32 bits.
    GotRelative32,
    /// `G + A - P`, 64 bits.
    GotRelative64,
    /// `GOT + A - P`, 32 bits.
    GotBase32,
    /// `GOT + A - P`, 64 bits.
    GotBase64,
    /// `S + A - GOT`, 64 bits.
    GotOffset64,
    /// `S + A - B`, 32 bits (COFF `ADDR32NB`).
    ImageRelative32,
}

/// The reach is more than the largest image.
pub(crate) const STUB: StubShape = StubShape { size: 16, align: 8, reach: i32::MAX as u64 };
/// `jmp *2(%rip)`, counted from its end, and a trap, so that nothing runs past it; then the address.
pub(crate) const STUB_CODE: [u8; 8] = [0xff, 0x25, 2, 0, 0, 0, 0x0f, 0x0b];

impl Kind {
    pub(crate) const fn needs_got(self) -> bool {
        matches!(self, Kind::GotRelative32 | Kind::GotRelative64 | Kind::Address32)
    }

    /// Calls and jumps alone: a plain relative reference may be to data, for which a stub's bytes would be read silently, or
    /// take an address, which must be the same everywhere.
    pub(crate) const fn may_need_stub(self) -> bool {
        matches!(self, Kind::Call32)
    }

    /// The name in messages: that of the psABI without its prefix.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::None => "NONE",
            Kind::Absolute64 => "64",
            Kind::Absolute32 => "32",
            Kind::Absolute32Signed => "32S",
            Kind::Relative32 => "PC32",
            Kind::Relative64 => "PC64",
            Kind::Call32 => "PLT32",
            Kind::Address32 => "PC32",
            Kind::GotRelative32 => "GOTPCREL",
            Kind::GotRelative64 => "GOTPCREL64",
            Kind::GotBase32 => "GOTPC32",
            Kind::GotBase64 => "GOTPC64",
            Kind::GotOffset64 => "GOTOFF64",
            Kind::ImageRelative32 => "ADDR32NB",
        }
    }
}

/// Fills the field at the start of `field`, which reaches to the end of the section.
pub(crate) fn apply(kind: Kind, target: &Target<'_>, field: &mut [u8]) -> Result<(), Fault> {
    // Wide enough that no sum of addresses and addends wraps.
    let wide = |address: Address| i128::from(address.0);
    let (s, a, p) = (wide(target.symbol.address), i128::from(target.addend), wide(target.place));
    let got = || target.got.map_or(0, wide);
    match kind {
        Kind::None => Ok(()),
        Kind::Absolute64 => put64(field, s + a),
        Kind::Absolute32 => match u32::try_from(s + a) {
            Ok(value) => put(field, value.to_le_bytes()),
            Err(_) => Err(Fault::Overflow { kind: kind.name(), value: s + a, bits: 32 }),
        },
        Kind::Absolute32Signed => put32(field, kind, s + a),
        Kind::Relative32 => put32(field, kind, s + a - p),
        Kind::Call32 => {
            let direct = s + a - p;
            match i32::try_from(direct) {
                Ok(value) => put(field, value.to_le_bytes()),
                Err(_) => put32(field, kind, (target.stub)().map_or(direct, |stub| wide(stub) + a - p)),
            }
        }
        Kind::Address32 => put_address(field, s + a - (p + 2), got() + a - (p + 2)),
        Kind::Relative64 => put64(field, s + a - p),
        Kind::GotRelative32 => put32(field, kind, got() + a - p),
        Kind::GotRelative64 => put64(field, got() + a - p),
        Kind::GotBase32 => put32(field, kind, wide(target.got_base) + a - p),
        Kind::GotBase64 => put64(field, wide(target.got_base) + a - p),
        Kind::GotOffset64 => put64(field, s + a - wide(target.got_base)),
        Kind::ImageRelative32 => put32(field, kind, s + a - wide(target.image_base)),
    }
}

/// Arithmetic of 64-bit fields is modulo 2^64: there is no wider register that could tell.
fn put64(field: &mut [u8], value: i128) -> Result<(), Fault> {
    put(field, (value as u64).to_le_bytes())
}

fn put32(field: &mut [u8], kind: Kind, value: i128) -> Result<(), Fault> {
    match i32::try_from(value) {
        Ok(value) => put(field, value.to_le_bytes()),
        Err(_) => Err(Fault::Overflow { kind: kind.name(), value, bits: 32 }),
    }
}

/// Fills the field of a `lea` with the distance to the symbol or, where that does not fit, makes it a `mov` from the symbol's entry
/// of the global offset table: opcode 8b for 8d, the rest is the same.
fn put_address(code: &mut [u8], direct: i128, entry: i128) -> Result<(), Fault> {
    let Some([opcode, _, field @ ..]) = code.first_chunk_mut::<6>() else {
        return Err(Fault::OutOfSection { width: 6 });
    };
    match i32::try_from(direct) {
        Ok(value) => {
            *field = value.to_le_bytes();
            Ok(())
        }
        Err(_) => {
            *opcode = 0x8b;
            put32(field, Kind::Address32, entry)
        }
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
