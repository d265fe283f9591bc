//! Takes any bytes for an image through everything that happens before it is mapped. Nothing is executed.

use pixie_format::Arch;
use pixie_format::image::{Header, Tables, check};
use pixie_ld::Address;
use pixie_ld::prelinked::{fill, frame};
use pixie_ld::resolve::{Resolved, ResolvedKind};

/// An image that is larger is only read: filling it would measure the fuzzer's memory.
const LARGEST: u64 = 64 << 20;

/// Reads `bytes` as an image and fills it in at low and high addresses, with outside symbols near and far. Nothing but what the tables
/// name may change.
pub fn read_and_fill(bytes: &[u8]) {
    let checked = check(bytes);
    let Ok(Some(header)) = Header::parse(bytes, bytes.len() as u64) else { return };
    let Ok(tables) = Tables::parse(&header, bytes) else {
        assert!(checked.is_err());
        return;
    };
    let (code, rest) = bytes[header.contents() as usize..].split_at(header.text as usize);
    assert_eq!(checked.is_ok(), header.check_unwind_end(code, rest).is_ok());
    let frame = frame(&header);
    if frame.size > LARGEST {
        return;
    }
    for arch in [Arch::X86_64, Arch::Aarch64] {
        for (base, outside) in
            [(0x5555_0000_0000_u64, 0x7fff_0000_1230), (0x40_0000, 0x50_0000), (0, u64::MAX)]
        {
            let base = base.next_multiple_of(frame.align);
            let mut rest = &bytes[header.contents() as usize..];
            let mut segments = Vec::new();
            for segment in &frame.segments {
                let (part, after) = rest.split_at(segment.filled as usize);
                segments.push(part.to_vec());
                rest = after;
            }
            assert!(rest.is_empty());
            let before = segments.clone();
            let mut places: Vec<&mut [u8]> = segments.iter_mut().map(Vec::as_mut_slice).collect();
            let found = Resolved { address: Address(outside), kind: ResolvedKind::Function };
            let variable: &dyn Fn(&str) -> Option<&'static [u8]> = &|_| Some(&[0xee; 16]);
            let outcome = fill(arch, &frame, &tables, Address(base), &|_| Some(found), variable, &mut places);
            let is_known = tables.variables().all(|(_, _, size)| size == 16);
            assert_eq!(outcome.is_ok(), is_known, "{outcome:?}");
            let changed: usize = before
                .iter()
                .zip(&segments)
                .map(|(before, after)| before.iter().zip(after).filter(|(a, b)| a != b).count())
                .sum();
            let fields = 8 * (header.relative + header.bindings) + 4 * header.calls + 16 * header.variables;
            assert!(changed as u64 <= u64::from(fields));
        }
    }
}
