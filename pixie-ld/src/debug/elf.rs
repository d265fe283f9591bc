//! An object as gdb wants it: the ELF file with the address of each section filled in. Pure.

use object::elf;
use object::endian::LittleEndian as LE;
use object::read::elf::{FileHeader, SectionHeader};

use super::Placed;

/// Where `sh_addr` is in a section header, and how large one is: gABI, `Elf64_Shdr`, bytes.
const SH_ADDR: usize = 16;
const SECTION_HEADER: usize = 64;

/// The image's file with `sh_addr` set; gdb places symbols and relocates debug sections by it. `None` if it is no ELF file.
pub(super) fn with_addresses(image: &Placed<'_>) -> Option<Vec<u8>> {
    let header = elf::FileHeader64::<LE>::parse(image.file).ok()?;
    let sections = header.section_headers(LE, image.file).ok()?;
    let table = usize::try_from(header.e_shoff(LE)).ok()?;
    let mut file = image.file.to_vec();
    let mut loaded = image.object.sections.iter().zip(&image.layout.sections);
    for (index, section) in sections.iter().enumerate() {
        // The reader takes every section that is loaded, in the file's order; what the runtime added comes behind them.
        if section.sh_flags(LE).0 & elf::SHF_ALLOC.0 == 0 {
            continue;
        }
        let (ours, offset) = loaded.next()?;
        if ours.size != section.sh_size(LE) {
            return None;
        }
        let place = table + index * SECTION_HEADER + SH_ADDR;
        file.get_mut(place..place + 8)?.copy_from_slice(&(image.base.0 + offset).to_le_bytes());
    }
    Some(file)
}
