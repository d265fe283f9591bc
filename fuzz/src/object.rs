//! Takes any bytes through everything that happens to an object before it is mapped. Nothing is executed.

use pixie_format::{Arch, Platform};
use pixie_ld::build::{Prelinked, check_object, prelink};
use pixie_ld::layout::{Layout, layout};
use pixie_ld::object::{MAX_IMAGE, Object, SectionKind};
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, Image, PageSize, link};

/// Where outside symbols are.
#[derive(Clone, Copy, Debug)]
enum Outside {
    /// Within reach of every call.
    Near,
    /// Out of reach of all but stubs and tables.
    Far,
    /// Just within and just beyond the reach of fields of 32, 28, 21 and 16 bits.
    Edge,
    /// Nowhere.
    Nobody,
}

/// Checks `bytes` as an object of `platform` with both parsers of the build, parses it as the run time does, and links it for every
/// page size at low and high addresses. What the build accepts, the run time must read as it does; an image must keep to its bounds
/// and leave everything but relocated fields as it was.
pub fn check_and_link(platform: Platform, bytes: &[u8]) {
    let checked = check_object(platform, bytes, "fuzzed");
    let object = match parse(platform, bytes) {
        Ok(object) => object,
        Err(error) => {
            assert!(checked.is_err(), "the build accepts what the run time refuses: {error}");
            return;
        }
    };
    if checked.is_ok() {
        assert!(
            !matches!(prelink(platform, bytes, "fuzzed"), Ok(Prelinked::Wrong)),
            "the image is not the object"
        );
    }
    for page in [PageSize::K4, PageSize::K16, PageSize::K64] {
        let Ok(layout) = layout(&object, page) else {
            assert!(checked.is_err(), "the build accepts what cannot be laid out");
            return;
        };
        assert!(layout.frame.size <= MAX_IMAGE + page.bytes() && layout.frame.align >= page.bytes());
        let bases = [0x5555_0000_0000_u64, 0x40_0000, 0x7fff_f000_0000];
        for (base, outside) in bases.into_iter().zip([Outside::Far, Outside::Edge, Outside::Near]) {
            link_at(&object, &layout, base.next_multiple_of(layout.frame.align), outside);
        }
        // The highest base there is, and one that leaves no room.
        let last = (u64::MAX - layout.frame.size) / layout.frame.align * layout.frame.align;
        link_at(&object, &layout, last, Outside::Nobody);
        link_at(&object, &layout, last, Outside::Edge);
        if let Some(above) = last.checked_add(layout.frame.align) {
            assert!(link(&object, &layout, Address(above), &|_| None).is_err());
        }
    }
}

fn link_at(object: &Object<'_>, layout: &Layout, base: u64, outside: Outside) {
    let resolver = |name: &str| {
        let number = name.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let address = match outside {
            Outside::Near => base.wrapping_add(layout.frame.size).wrapping_add(number % 0x10_0000),
            Outside::Far => 0x7fff_0000_1230,
            Outside::Edge => {
                let reach = [1u64 << 31, 1 << 32, 1 << 27, 1 << 20, 1 << 15][number as usize % 5];
                let place = base.wrapping_add(number / 5 % layout.frame.size.max(1));
                match number % 2 {
                    0 => place.wrapping_add(reach).wrapping_sub(number / 7 % 3),
                    _ => place.wrapping_sub(reach).wrapping_add(number / 7 % 3),
                }
            }
            Outside::Nobody => return None,
        };
        let kind = match number % 3 {
            0 => ResolvedKind::Data,
            1 => ResolvedKind::Function,
            _ => ResolvedKind::Absolute,
        };
        Some(Resolved { address: Address(address), kind })
    };
    if let Ok(image) = link(object, layout, Address(base), &resolver) {
        bounds(&image, layout);
        unrelocated_bytes(object, layout, &image);
    }
}

fn bounds(image: &Image, layout: &Layout) {
    assert!(image.size == layout.frame.size);
    let mut end = 0;
    for segment in &image.segments {
        assert!(segment.offset >= end && segment.bytes.len() as u64 <= segment.size);
        end = segment.offset + segment.size;
        assert!(end <= image.size);
    }
    if let Some((start, size)) = image.unwind {
        assert!(start >= image.base && start.0 - image.base.0 + size <= image.size);
    }
}

/// Bytes that no relocation covers are those of the file.
fn unrelocated_bytes(object: &Object<'_>, layout: &Layout, image: &Image) {
    let widest = match object.arch {
        Arch::X86_64 | Arch::Aarch64 => 8,
    };
    for (section, start) in object.sections.iter().zip(&layout.sections) {
        // Linking sorts the entries of a function table.
        if section.data.is_empty() || section.kind == SectionKind::FunctionTable {
            continue;
        }
        let segment = image.segments.iter().rfind(|segment| segment.offset <= *start);
        let segment = segment.expect("every section lies in a segment");
        let offset = (start - segment.offset) as usize;
        let linked = &segment.bytes[offset..offset + section.data.len()];
        let mut fields: Vec<usize> =
            section.relocations.iter().map(|relocation| relocation.offset as usize).collect();
        fields.sort_unstable();
        let mut at = 0;
        for field in fields.into_iter().chain([section.data.len()]) {
            if at < field {
                assert_eq!(linked[at..field], section.data[at..field], "section `{}`", section.name);
            }
            at = at.max((field + widest).min(section.data.len()));
        }
    }
}
