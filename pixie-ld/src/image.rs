//! The product of linking: bytes and protections for given addresses, with nothing of an operating system in it.

use std::fmt;

use crate::object::SymbolId;

/// An address in the process that runs the image.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Address(pub u64);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The unit in which memory is protected: a power of two of 4 to 64 KiB.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PageSize(u64);

impl PageSize {
    /// 4 KiB: x86-64, most AArch64 Linux.
    pub const K4: PageSize = PageSize(4 << 10);
    /// 16 KiB: Apple silicon, some AArch64 Linux.
    pub const K16: PageSize = PageSize(16 << 10);
    /// 64 KiB: some AArch64 Linux.
    pub const K64: PageSize = PageSize(64 << 10);

    /// The page size of `bytes`, if it is one of the three.
    pub fn new(bytes: u64) -> Option<PageSize> {
        [PageSize::K4, PageSize::K16, PageSize::K64].into_iter().find(|size| size.0 == bytes)
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

/// What may be done with memory. Writable and executable is not among it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Protection {
    /// Code.
    ReadExecute,
    /// Constants.
    Read,
    /// Data.
    ReadWrite,
}

/// A run of pages with one protection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Bytes from the image's base, a multiple of the page size.
    pub offset: u64,
    /// Size in memory, bytes; what `bytes` does not cover is zero.
    pub size: u64,
    /// The bytes, relocated.
    pub bytes: Vec<u8>,
    /// What may be done with it.
    pub protection: Protection,
}

/// An object linked for a base address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// Where it must be mapped.
    pub base: Address,
    /// From the first byte to the last, bytes.
    pub size: u64,
    /// Code, constants, data: those that are there, in this order, ascending.
    pub segments: Vec<Segment>,
    /// The address of each symbol, by [`SymbolId`].
    pub symbols: Vec<Option<Address>>,
    /// Where the unwind tables are: address and size in bytes.
    pub unwind: Option<(Address, u64)>,
}

impl Image {
    /// The address of a symbol.
    pub fn symbol(&self, id: SymbolId) -> Option<Address> {
        self.symbols.get(id.0 as usize).copied().flatten()
    }
}
