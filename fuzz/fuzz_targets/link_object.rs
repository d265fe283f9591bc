//! Parses, lays out and links any bytes as an object of linux-64: an image or an error, never a crash. Nothing is executed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pixie_format::Platform;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, PageSize, layout, link, parse};

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = parse::parse(Platform::Linux64, bytes) else { return };
    let page = if bytes.len() % 2 == 0 { PageSize::K4 } else { PageSize::K64 };
    let Ok(layout) = layout::layout(&object, page) else { return };
    let base = Address(0x5555_0000_0000_u64.next_multiple_of(layout.align));
    // Near names and far ones, so that both direct calls and stubs are made, and some that nobody has.
    let resolver = |name: &str| {
        let address = match name.len() % 4 {
            0 => base.0 + 0x100_0000,
            1 => 0x7fff_0000_1230,
            2 => 0,
            _ => return None,
        };
        let kind = if name.len() > 8 { ResolvedKind::Data } else { ResolvedKind::Function };
        Some(Resolved { address: Address(address), kind })
    };
    if let Ok(image) = link(&object, &layout, base, &resolver) {
        assert!(image.size <= pixie_ld::object::MAX_IMAGE + page.bytes());
        for segment in &image.segments {
            assert!(segment.offset + segment.size <= image.size && segment.bytes.len() as u64 <= segment.size);
        }
    }
});
