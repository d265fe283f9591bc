//! Compact unwind: makes the index that macOS's unwinder reads from an object's unwind codes, as a linker does for `__unwind_info`
//! (`mach-o/compact_unwind_encoding.h`). Pure.
//!
//! Everything is 32 bits, little-endian, but two counts of 16. A header is followed by the first-level index, one entry a page and one
//! for the end, and by the pages of the regular kind: functions, ascending, each with its code.

use crate::layout::PlacedCode;

/// Personality and language-specific data, which no object that we load can have: it would need their functions.
const EXCEPTIONS: u32 = 0x7000_0000;
/// The version of the header.
const VERSION: u32 = 1;
/// `UNWIND_SECOND_LEVEL_REGULAR`.
const REGULAR: u32 = 2;
const HEADER: usize = 28;
const INDEX_ENTRY: usize = 12;
const PAGE_HEADER: usize = 8;
const ENTRY: usize = 8;
/// What fits the 4 KiB that linkers give a page.
const PER_PAGE: usize = (4096 - PAGE_HEADER) / ENTRY;

/// The index for functions with their codes, ascending; empty if there are none.
pub(crate) fn table(functions: &[PlacedCode]) -> Vec<u8> {
    // An entry reaches to the next one, so what lies between two functions gets one that says nothing.
    let mut entries: Vec<(u32, u32)> = Vec::with_capacity(functions.len() + 1);
    let mut end = 0;
    for &PlacedCode { start, size, code } in functions {
        if start > end && !entries.is_empty() {
            entries.push((end, 0));
        }
        // Two names of one function have one code.
        if entries.last().is_none_or(|(last, _)| *last < start) {
            entries.push((start, code & !EXCEPTIONS));
        }
        end = end.max(start.saturating_add(size));
    }
    if entries.is_empty() { Vec::new() } else { write(&entries, end) }
}

/// The bytes for ascending functions, the last of which ends at `end`.
fn write(entries: &[(u32, u32)], end: u32) -> Vec<u8> {
    let pages: Vec<&[(u32, u32)]> = entries.chunks(PER_PAGE).collect();
    let index_end = HEADER + INDEX_ENTRY * (pages.len() + 1);
    let size = index_end + pages.len() * PAGE_HEADER + entries.len() * ENTRY;
    let mut bytes = Vec::with_capacity(size);
    let mut word = |value: u32| bytes.extend(value.to_le_bytes());
    // No common encodings and no personalities: both arrays are empty, at the header's end.
    for value in [VERSION, HEADER as u32, 0, HEADER as u32, 0, HEADER as u32, pages.len() as u32 + 1] {
        word(value);
    }
    let mut at = index_end;
    for page in &pages {
        let first = page.first().map_or(0, |entry| entry.0);
        // The array of language-specific data is empty too, at the index's end.
        [first, at as u32, index_end as u32].into_iter().for_each(&mut word);
        at += PAGE_HEADER + page.len() * ENTRY;
    }
    [end, 0, index_end as u32].into_iter().for_each(&mut word);
    for page in &pages {
        word(REGULAR);
        // Where its entries begin, counted from the page, and how many there are.
        word(PAGE_HEADER as u32 | (page.len() as u32) << 16);
        for (start, code) in *page {
            word(*start);
            word(*code);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use pixie_format::Arch;

    use super::*;
    use crate::image::PageSize;
    use crate::layout::layout;
    use crate::object::{Object, Section, SectionId, SectionKind, UnwindCode};

    fn object(codes: &[(u64, u32, u32)]) -> Object<'static> {
        let text = |size| Section {
            name: "text",
            kind: SectionKind::Text,
            align: 4,
            size,
            data: &[],
            relocations: Vec::new(),
        };
        let code = |(offset, size, code): &(u64, u32, u32)| UnwindCode {
            section: SectionId(1),
            offset: *offset,
            size: *size,
            code: *code,
        };
        Object {
            arch: Arch::Aarch64,
            sections: vec![text(0x40), text(1 << 20)],
            symbols: Vec::new(),
            unwind_codes: codes.iter().map(code).collect(),
        }
    }

    fn table_of(codes: &[(u64, u32, u32)]) -> Vec<u8> {
        let object = object(codes);
        table(&layout(&object, PageSize::K16).unwrap().unwind_codes(&object))
    }

    /// The code for an offset as libunwind finds it: both levels searched for the last start that is not above it.
    fn find(table: &[u8], offset: u32) -> Option<u32> {
        let word = |at: usize| u32::from_le_bytes(table[at..at + 4].try_into().unwrap());
        assert_eq!(word(0), VERSION);
        let (index, count) = (word(20) as usize, word(24) as usize);
        let start = |entry: usize| word(index + INDEX_ENTRY * entry);
        let page = (0..count - 1).rfind(|entry| start(*entry) <= offset)?;
        if offset >= start(count - 1) {
            return None;
        }
        let page = word(index + INDEX_ENTRY * page + 4) as usize;
        assert_eq!(word(page), REGULAR);
        let (first, count) = (word(page + 4) & 0xffff, word(page + 4) >> 16);
        let entry = |number: u32| page + (first + 8 * number) as usize;
        let found = (0..count).rfind(|number| word(entry(*number)) <= offset)?;
        Some(word(entry(found) + 4))
    }

    #[test]
    fn functions_are_found_and_gaps_are_not() {
        // Out of order, with a gap of 8 bytes, an alias, and a code with a personality.
        let table = table_of(&[(0x30, 0x10, 0x0400_0001), (0, 0x28, 0x5200_1000), (0, 0x28, 0x5200_1000)]);
        let expected = [
            (0x3f, None),
            (0x40, Some(0x0200_1000)),
            (0x67, Some(0x0200_1000)),
            (0x68, Some(0)),
            (0x6f, Some(0)),
            (0x70, Some(0x0400_0001)),
            (0x7f, Some(0x0400_0001)),
            (0x80, None),
        ];
        for (offset, code) in expected {
            assert_eq!(find(&table, offset), code, "{offset:#x}");
        }
    }

    #[test]
    fn many_functions_take_many_pages() {
        let codes: Vec<_> = (0..10_000).map(|number| (number * 16, 16, number as u32)).collect();
        let table = table_of(&codes);
        assert_eq!(table.len(), HEADER + 20 * PAGE_HEADER + 21 * INDEX_ENTRY + 10_000 * ENTRY);
        for number in [0, 1, 510, 511, 512, 5_000, 9_999] {
            assert_eq!(find(&table, 0x40 + number * 16 + 15), Some(number));
        }
        assert_eq!(find(&table, 0x40 + 160_000), None);
    }

    #[test]
    fn no_codes_are_no_table() {
        assert_eq!(table_of(&[]), []);
    }
}
