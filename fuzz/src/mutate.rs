//! Changes to an object that leave its headers valid: one field of a section header, a symbol or a relocation at a time, so that
//! what is tried gets past the headers, which blind changes seldom do.

use pixie_format::{ObjectFormat, Platform};

/// What an entry of a table is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Section,
    Symbol,
    Relocation,
}

/// An entry of a table: where it begins in the file.
struct Entry {
    at: usize,
    kind: Kind,
}

/// Offset and width of a field, and values that decide something.
type Field = (usize, usize, &'static [u64]);

/// Changes one or more fields of the object in `data` in place. `None` if no table is found in it.
pub fn mutate(platform: Platform, data: &mut [u8], seed: u32) -> Option<()> {
    let format = platform.object_format();
    let mut random = Random(u64::from(seed) << 20 | 0x9_e379);
    let entries = match format {
        ObjectFormat::Elf => elf(data),
        ObjectFormat::MachO => macho(data),
        ObjectFormat::Coff => coff(data),
    }?;
    let relocations = entries.iter().filter(|entry| entry.kind == Kind::Relocation).count();
    for _ in 0..=random.below(3) {
        // Relocations are what this is for: half of the changes.
        let at = match random.below(2) {
            0 if relocations > 0 => entries.len() - 1 - random.below(relocations),
            _ => random.below(entries.len()),
        };
        change(format, data, &entries, at, &mut random)?;
    }
    Some(())
}

fn change(
    format: ObjectFormat,
    data: &mut [u8],
    entries: &[Entry],
    at: usize,
    random: &mut Random,
) -> Option<()> {
    let entry = entries.get(at)?;
    let (size, fields) = layout(format, entry.kind);
    let same: Vec<usize> =
        entries.iter().filter(|other| other.kind == entry.kind).map(|other| other.at).collect();
    let other = *same.get(random.below(same.len()))?;
    let (offset, width, values) = *fields.get(random.below(fields.len()))?;
    let field = entry.at + offset;
    let old = read(data, field, width)?;
    let new = match random.below(8) {
        0 => *values.get(random.below(values.len())).unwrap_or(&0),
        1 => read(data, other + offset, width)?,
        2 => old ^ 1 << random.below(width * 8),
        3 => old.wrapping_add(random.below(17) as u64).wrapping_sub(8),
        4 => [0, 1, u64::MAX, 1 << 31, (1 << 31) - 1, 1 << 63, data.len() as u64][random.below(7)],
        5 => random.next() % 512,
        // The whole entry.
        6 => {
            data.copy_within(other..other.checked_add(size)?, entry.at);
            return Some(());
        }
        // A number in the bytes that a relocation fills, which is the addend where entries have none.
        _ => {
            let place = random.below(data.len());
            let word = [0, u64::MAX, 1 << 31, random.next(), random.next() % 4096][random.below(5)];
            write(data, place, 4, word);
            return Some(());
        }
    };
    write(data, field, width, new);
    Some(())
}

/// Size of an entry, and its fields.
fn layout(format: ObjectFormat, kind: Kind) -> (usize, &'static [Field]) {
    match (format, kind) {
        // Name, type, flags, offset, size, link, info, alignment, entry size.
        (ObjectFormat::Elf, Kind::Section) => (
            64,
            &[
                (0, 4, &[0]),
                (4, 4, &[0, 1, 2, 4, 8, 9, 14, 15, 18, 0x7000_0001]),
                (8, 8, &[0, 2, 3, 6, 7, 0x32, 0x402]),
                (24, 8, &[0]),
                (32, 8, &[0]),
                (40, 4, &[0]),
                (44, 4, &[0]),
                (48, 8, &[0, 1, 3, 64, 1 << 21, 1 << 22]),
                (56, 8, &[0, 24]),
            ],
        ),
        // Name, binding and type, section, value, size.
        (ObjectFormat::Elf, Kind::Symbol) => (
            24,
            &[
                (0, 4, &[0]),
                (4, 1, &[0, 1, 2, 3, 0x10, 0x11, 0x12, 0x16, 0x1a, 0x20, 0x22, 0xa0]),
                (6, 2, &[0, 1, 0xfff1, 0xfff2, 0xffff]),
                (8, 8, &[0, 1 << 20, 1 << 30]),
                (16, 8, &[0, 1 << 20, 1 << 30]),
            ],
        ),
        // Offset, type, symbol, addend.
        (ObjectFormat::Elf, Kind::Relocation) => (
            24,
            &[
                (0, 8, &[0]),
                (
                    8,
                    4,
                    &[
                        0, 1, 2, 4, 9, 10, 11, 24, 25, 26, 28, 29, 41, 42, 257, 258, 260, 261, 273, 274, 275,
                        277, 278, 279, 280, 282, 283, 284, 285, 286, 299, 311, 312, 314, 315,
                    ],
                ),
                (12, 4, &[0]),
                (16, 8, &[0, 4, 0xffff_ffff_ffff_fffc, (1 << 31) - 1, 1 << 31, 1 << 62]),
            ],
        ),
        // Names, address, size, offset, alignment, relocations and their number, flags.
        (ObjectFormat::MachO, Kind::Section) => (
            80,
            &[
                (32, 8, &[0]),
                (40, 8, &[0]),
                (48, 4, &[0]),
                (52, 4, &[0, 2, 21, 22, 63, 64]),
                (56, 4, &[0]),
                (60, 4, &[0, 1]),
                (64, 4, &[0, 1, 2, 3, 4, 5, 9, 0xb, 0x11, 0x12, 0x8000_0400, 0x0200_0000]),
            ],
        ),
        // Name, type, section, description, value.
        (ObjectFormat::MachO, Kind::Symbol) => (
            16,
            &[
                (0, 4, &[0]),
                (4, 1, &[0, 1, 2, 3, 0xa, 0xe, 0xf, 0x1f, 0x64]),
                (5, 1, &[0, 1, 2, 3]),
                (6, 2, &[0, 0x40, 0x80, 0x100, 0xf00]),
                (8, 8, &[0, 1 << 20]),
            ],
        ),
        // Address; symbol (three bytes); symbol's last byte shared with relative, length, external and type.
        (ObjectFormat::MachO, Kind::Relocation) => (
            8,
            &[
                (0, 4, &[0]),
                (4, 3, &[0, 1, 2, 3, 0xff_ffff]),
                (
                    7,
                    1,
                    &[
                        0x0c, 0x0e, 0x1c, 0x1e, 0x2d, 0x3d, 0x4c, 0x5d, 0x6c, 0x7d, 0x7e, 0x9c, 0xa4, 0xa5,
                        0xac, 0x04, 0x06,
                    ],
                ),
            ],
        ),
        // Size, offset of the bytes, of the relocations, their number, flags.
        (ObjectFormat::Coff, Kind::Section) => (
            40,
            &[
                (16, 4, &[0, 12]),
                (20, 4, &[0]),
                (24, 4, &[0]),
                (32, 2, &[0, 0xffff]),
                (
                    36,
                    4,
                    &[
                        0x6050_0020,
                        0x4030_0040,
                        0xc030_0040,
                        0xc030_0080,
                        0x4030_1040,
                        0x0210_0040,
                        0x6150_0020,
                        0x40f0_0040,
                    ],
                ),
            ],
        ),
        // Name, value, section, type, class, auxiliary entries.
        (ObjectFormat::Coff, Kind::Symbol) => (
            18,
            &[
                (0, 4, &[0]),
                (4, 4, &[0, 4]),
                (8, 4, &[0, 8, 1 << 20]),
                (12, 2, &[0, 1, 2, 0xffff, 0xfffe]),
                (14, 2, &[0, 0x20]),
                (16, 1, &[0, 2, 3, 103, 104, 105]),
                (17, 1, &[0, 1, 2]),
            ],
        ),
        (ObjectFormat::Coff, Kind::Relocation) => {
            (10, &[(0, 4, &[0, 1, 2]), (4, 4, &[0]), (8, 2, &[0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11])])
        }
    }
}

/// Entries of a table that lie in the file, at most so many that one change still finds its like.
fn table(entries: &mut Vec<Entry>, data: &[u8], kind: Kind, start: u64, size: usize, count: u64) {
    for index in 0..count.min(256) {
        let at = index.saturating_mul(size as u64).saturating_add(start);
        if at.saturating_add(size as u64) <= data.len() as u64 {
            entries.push(Entry { at: at as usize, kind });
        }
    }
}

/// Sections, then symbols, then relocations, which [`mutate`] relies on.
fn sorted(mut entries: Vec<Entry>) -> Option<Vec<Entry>> {
    entries.sort_by_key(|entry| entry.kind as u8);
    (!entries.is_empty()).then_some(entries)
}

/// System V gABI: section header table at 0x28, their number at 0x3c; type 2 is the symbol table, 4 relocations.
fn elf(data: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    table(&mut entries, data, Kind::Section, read(data, 0x28, 8)?, 64, read(data, 0x3c, 2)?);
    for section in 0..entries.len() {
        let at = entries[section].at;
        let (offset, size) = (read(data, at + 24, 8)?, read(data, at + 32, 8)?);
        match read(data, at + 4, 4)? {
            2 => table(&mut entries, data, Kind::Symbol, offset, 24, size / 24),
            4 => table(&mut entries, data, Kind::Relocation, offset, 24, size / 24),
            _ => {}
        }
    }
    sorted(entries)
}

/// `mach-o/loader.h`: commands after 32 bytes; `LC_SEGMENT_64` is 0x19, `LC_SYMTAB` 2.
fn macho(data: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut at = 32;
    for _ in 0..read(data, 16, 4)?.min(16) {
        let size = read(data, at + 4, 4)? as usize;
        match read(data, at, 4)? {
            0x19 => {
                let first = entries.len();
                table(&mut entries, data, Kind::Section, at as u64 + 72, 80, read(data, at + 64, 4)?);
                for section in first..entries.len() {
                    let at = entries[section].at;
                    let (offset, count) = (read(data, at + 56, 4)?, read(data, at + 60, 4)?);
                    table(&mut entries, data, Kind::Relocation, offset, 8, count);
                }
            }
            2 => {
                let (offset, count) = (read(data, at + 8, 4)?, read(data, at + 12, 4)?);
                table(&mut entries, data, Kind::Symbol, offset, 16, count);
            }
            _ => {}
        }
        at = at.checked_add(size)?;
    }
    sorted(entries)
}

/// Microsoft PE format §3.3, §4: sections after 20 bytes; symbols at 8, their number at 12.
fn coff(data: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    table(&mut entries, data, Kind::Section, 20, 40, read(data, 2, 2)?);
    for section in 0..entries.len() {
        let at = entries[section].at;
        let (offset, count) = (read(data, at + 24, 4)?, read(data, at + 32, 2)?);
        table(&mut entries, data, Kind::Relocation, offset, 10, count);
    }
    table(&mut entries, data, Kind::Symbol, read(data, 8, 4)?, 18, read(data, 12, 4)?);
    sorted(entries)
}

fn read(data: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = data.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn write(data: &mut [u8], at: usize, width: usize, value: u64) {
    for (byte, new) in data.iter_mut().skip(at).zip(value.to_le_bytes().into_iter().take(width)) {
        *byte = new;
    }
}

/// Xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Below `bound`; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
