//! Reading `.eh_frame`: where its records are, and whether they have the plain form that an unwinder can be given. Pure.
//!
//! An unwinder believes what is registered with it, and libgcc aborts where it cannot read a table, so nothing else goes there.
//! Form: Linux Standard Base 5.0, Core, §10.6; little-endian.

use std::ops::Range;

/// Version of a CIE (one byte, after length and id), augmentation string and, after three one-byte numbers, its data.
const CIE_VERSION: u8 = 1;
/// `DW_EH_PE_pcrel | DW_EH_PE_sdata4`, which LLVM takes for ELF, and `DW_EH_PE_pcrel | DW_EH_PE_absptr`, for Mach-O.
const PC_RELATIVE_32: u8 = 0x1b;
const PC_RELATIVE_64: u8 = 0x10;

/// The frame descriptions in `bytes`, which lie at address `at`: the offset of each from the start. `None` unless every record is
/// whole, of the form that LLVM writes for code without exceptions, and about code within `code`.
pub(crate) fn descriptions(bytes: &[u8], at: u64, code: Range<u64>) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut common = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let length = word(bytes, offset)? as usize;
        if length == 0 {
            break;
        }
        // 0xffffffff begins a 64-bit length, which nothing that fits here needs: it ends beyond the table.
        let record = bytes.get(offset + 4..(offset + 4).checked_add(length)?)?;
        match word(record, 0)? as usize {
            0 => {
                common.push((offset, plain_width(record)?));
            }
            back => {
                let of = (offset + 4).checked_sub(back)?;
                let (_, width) = *common.iter().find(|known| known.0 == of)?;
                let (begin, size) = match width {
                    4 => (word(record, 4)?.cast_signed().into(), word(record, 8)?.into()),
                    _ => (long(record, 4)?.cast_signed(), long(record, 12)?),
                };
                let begin = (at + offset as u64 + 8).checked_add_signed(begin)?;
                (record.len() > 4 + 2 * width
                    && size > 0
                    && begin >= code.start
                    && begin.checked_add(size)? <= code.end)
                    .then_some(())?;
                found.push(offset);
            }
        }
        offset += 4 + length;
    }
    Some(found)
}

/// The bytes of an address in the descriptions of a CIE, if it has nothing but their encoding for augmentation, and that a usual one.
fn plain_width(record: &[u8]) -> Option<usize> {
    let rest = record.strip_prefix(&[0, 0, 0, 0, CIE_VERSION])?;
    let rest = rest.strip_prefix(b"zR\0")?;
    // Alignment factors of code and data, the register of the return address, the size of what follows: all below 128.
    let (numbers, rest) = rest.split_first_chunk::<4>()?;
    (numbers.iter().all(|number| *number < 0x80) && numbers[3] == 1).then_some(())?;
    match *rest.first()? {
        PC_RELATIVE_32 => Some(4),
        PC_RELATIVE_64 => Some(8),
        _ => None,
    }
}

fn long(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const AT: u64 = 0x2000;
    const CODE: Range<u64> = 0x1000..0x1100;

    /// A CIE of 24 bytes, as LLVM writes it for x86-64, and one description of `size` bytes of code at `begin`.
    fn table(begin: u64, size: u32) -> Vec<u8> {
        let mut bytes =
            vec![20, 0, 0, 0, 0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x1b, 12, 7, 8, 0x90, 1, 0, 0];
        let back = bytes.len() as u32 + 4;
        let place = AT + bytes.len() as u64 + 8;
        for word in [20, back, begin.wrapping_sub(place) as u32, size, 0x100e_4100, 0x080e_4141] {
            bytes.extend(word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn descriptions_are_found_up_to_the_end_or_a_terminator() {
        let mut bytes = table(0x1000, 0x100);
        assert_eq!(descriptions(&bytes, AT, CODE).unwrap(), [24]);
        bytes.extend([0; 4]);
        bytes.extend([0xee; 8]);
        assert_eq!(descriptions(&bytes, AT, CODE).unwrap(), [24]);
        assert_eq!(descriptions(&[], AT, CODE).unwrap(), []);
    }

    /// As LLVM writes it for Mach-O on arm64.
    #[test]
    fn addresses_of_eight_bytes() {
        let described = |begin: u64, size: u64| {
            let mut bytes = vec![16, 0, 0, 0, 0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 30, 1, 0x10, 12, 31, 0];
            bytes.extend(24_u32.to_le_bytes());
            let place = AT + bytes.len() as u64 + 4;
            bytes.extend((bytes.len() as u32).to_le_bytes());
            bytes.extend(begin.wrapping_sub(place).to_le_bytes());
            bytes.extend(size.to_le_bytes());
            bytes.extend([0; 4]);
            descriptions(&bytes, AT, CODE)
        };
        assert_eq!(described(0x1000, 0x100).unwrap(), [20]);
        for (begin, size) in [(0xfff, 1), (0x1000, 0x101), (0x1000, 0), (0x1000, u64::MAX)] {
            assert_eq!(described(begin, size), None, "{begin:#x} {size:#x}");
        }
    }

    #[test]
    fn code_elsewhere_is_refused() {
        for (begin, size) in [(0xfff, 1), (0x1000, 0x101), (0x1100, 1), (0x1000, 0)] {
            assert_eq!(descriptions(&table(begin, size), AT, CODE), None, "{begin:#x} {size:#x}");
        }
    }

    #[test]
    fn no_damage_to_what_decides_the_form_passes() {
        let good = table(0x1000, 0x100);
        // Lengths, ids, version, augmentation, encoding, the address and the size.
        let decisive = (0..12).chain(15..17).chain(24..40);
        for at in decisive {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let outcome = descriptions(&bad, AT, CODE);
                let smaller = (36..40).contains(&at) || (32..36).contains(&at);
                assert!(outcome.is_none() || smaller, "byte {at} bit {bit}: {outcome:?}");
            }
        }
        for length in (1..good.len()).filter(|length| *length != 24) {
            assert_eq!(descriptions(&good[..length], AT, CODE), None, "{length} bytes");
        }
    }
}
