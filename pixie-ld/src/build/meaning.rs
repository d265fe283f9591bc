//! What the facts of an object mean, per file format: which sections are loaded, which symbols are missing, what is refused.

use pixie_format::{Arch, ObjectFormat, Platform};

use super::facts::{RawRelocation, RawSection, RawSymbol};
use crate::parse::coff::IMPORT_CELL;

/// Where a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Home {
    Undefined,
    Section(u32),
    /// Absolute or common: defined, but in no section.
    Elsewhere,
    /// A debugging entry, a file name, a section's own symbol: nobody refers to it by name.
    Nameless,
}

/// The name in the IR: Mach-O puts one underscore before it.
pub(super) fn ir_name(format: ObjectFormat, name: &str) -> &str {
    match format {
        ObjectFormat::MachO => name.strip_prefix('_').unwrap_or(name),
        ObjectFormat::Elf | ObjectFormat::Coff => name,
    }
}

/// The outside symbol that an undefined symbol stands for: COFF's `__imp_` means a cell with its address, which the linker makes.
pub(super) fn needed_name(format: ObjectFormat, name: &str) -> &str {
    match format {
        ObjectFormat::Coff => name.strip_prefix(IMPORT_CELL).unwrap_or(name),
        ObjectFormat::Elf | ObjectFormat::MachO => ir_name(format, name),
    }
}

/// Whether a section takes memory at run time.
pub(super) fn is_loaded(format: ObjectFormat, section: &RawSection) -> bool {
    match format {
        // SHF_ALLOC
        ObjectFormat::Elf => section.flags & 2 != 0,
        // S_ATTR_DEBUG; the linker rewrites __compact_unwind instead of loading it.
        ObjectFormat::MachO => section.flags & 0x0200_0000 == 0 && !section.name.starts_with("__LD,"),
        // IMAGE_SCN_LNK_INFO, IMAGE_SCN_LNK_REMOVE, IMAGE_SCN_MEM_DISCARDABLE
        ObjectFormat::Coff => section.flags & 0x0200_0a00 == 0,
    }
}

/// Whether a section holds code.
pub(super) fn is_code(format: ObjectFormat, section: &RawSection) -> bool {
    match format {
        // SHF_EXECINSTR
        ObjectFormat::Elf => section.flags & 4 != 0,
        // S_ATTR_PURE_INSTRUCTIONS, S_ATTR_SOME_INSTRUCTIONS
        ObjectFormat::MachO => section.flags & 0x8000_0400 != 0,
        // IMAGE_SCN_CNT_CODE
        ObjectFormat::Coff => section.flags & 0x20 != 0,
    }
}

/// Why a loaded section is refused, with a hint.
pub(super) fn refusal(format: ObjectFormat, section: &RawSection) -> Option<&'static str> {
    const THREAD_LOCAL: &str = "thread-local data is not supported\nhint: pass the state as an argument";
    const CONSTRUCTOR: &str = "code that runs when a module is loaded or unloaded is not supported\n\
                               hint: export a function that sets up the state and call it";
    let name = section.name.as_str();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match format {
        ObjectFormat::Elf if section.flags & 0x400 != 0 => Some(THREAD_LOCAL),
        // SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY
        ObjectFormat::Elf if (14..=16).contains(&section.kind) => Some(CONSTRUCTOR),
        ObjectFormat::Elf if begins(&[".ctors", ".dtors", ".init_array", ".fini_array"]) => Some(CONSTRUCTOR),
        ObjectFormat::MachO => match section.flags & 0xff {
            // S_MOD_INIT_FUNC_POINTERS, S_MOD_TERM_FUNC_POINTERS, S_INIT_FUNC_OFFSETS
            0x9 | 0xa | 0x16 => Some(CONSTRUCTOR),
            // S_THREAD_LOCAL_*
            0x11..=0x15 => Some(THREAD_LOCAL),
            _ => None,
        },
        ObjectFormat::Coff if begins(&[".tls"]) => Some(THREAD_LOCAL),
        ObjectFormat::Coff if begins(&[".CRT$", ".ctors", ".dtors"]) => Some(CONSTRUCTOR),
        ObjectFormat::Elf | ObjectFormat::Coff => None,
    }
}

/// Why a symbol is refused, with a hint.
pub(super) fn symbol_refusal(format: ObjectFormat, symbol: &RawSymbol) -> Option<&'static str> {
    match (format, symbol.class & 0xf) {
        // STT_TLS, STT_GNU_IFUNC
        (ObjectFormat::Elf, 6) => {
            Some("thread-local data is not supported\nhint: pass the state as an argument")
        }
        (ObjectFormat::Elf, 10) => Some(
            "indirect functions (ifunc) are not supported\nhint: the variants of a module make them needless",
        ),
        _ => None,
    }
}

/// Where a symbol is.
pub(super) fn home(format: ObjectFormat, symbol: &RawSymbol) -> Home {
    if symbol.name.is_empty() {
        return Home::Nameless;
    }
    match format {
        ObjectFormat::Elf => match (symbol.class & 0xf, symbol.section) {
            // STT_SECTION, STT_FILE
            (3 | 4, _) => Home::Nameless,
            (_, 0) => Home::Undefined,
            // SHN_LORESERVE and above but SHN_XINDEX
            (_, 0xff00..=0xfffe) => Home::Elsewhere,
            (_, section) => Home::Section(section),
        },
        ObjectFormat::MachO => match symbol.class {
            // N_STAB
            class if class & 0xe0 != 0 => Home::Nameless,
            // N_UNDF: with a value it is common.
            class if class & 0xe == 0 && symbol.value == 0 => Home::Undefined,
            class if class & 0xe == 0xe => Home::Section(symbol.section),
            _ => Home::Elsewhere,
        },
        ObjectFormat::Coff => match (symbol.class, symbol.section) {
            // IMAGE_SYM_CLASS_FILE, _SECTION; IMAGE_SYM_DEBUG
            (103 | 104, _) | (_, 0xfffe) => Home::Nameless,
            // A static symbol with auxiliary data at 0 that is called as its section stands for it.
            (_, 0) if symbol.value == 0 || symbol.class == 105 => Home::Undefined,
            (_, 0 | 0xffff) => Home::Elsewhere,
            (_, section) => Home::Section(section),
        },
    }
}

/// Whether other objects see the symbol.
pub(super) fn is_global(format: ObjectFormat, symbol: &RawSymbol) -> bool {
    match format {
        ObjectFormat::Elf => symbol.class >> 4 != 0,
        // N_EXT
        ObjectFormat::MachO => symbol.class & 1 != 0,
        // IMAGE_SYM_CLASS_EXTERNAL, IMAGE_SYM_CLASS_WEAK_EXTERNAL
        ObjectFormat::Coff => symbol.class == 2 || symbol.class == 105,
    }
}

/// Whether it may stay undefined.
pub(super) fn is_weak(format: ObjectFormat, symbol: &RawSymbol) -> bool {
    match format {
        ObjectFormat::Elf => symbol.class >> 4 == 2,
        // N_WEAK_REF
        ObjectFormat::MachO => symbol.more & 0x40 != 0,
        ObjectFormat::Coff => symbol.class == 105,
    }
}

/// The relocations that LLVM emits for position-independent code of the small model, and that the linker knows or will know.
const KNOWN_RELOCATIONS: &[(ObjectFormat, Arch, &[u32])] = &[
    (ObjectFormat::Elf, Arch::X86_64, &[0, 1, 2, 4, 9, 10, 11, 24, 25, 26, 28, 29, 41, 42]),
    // NONE, ABS64, ABS32, PREL64, PREL32, LD_PREL_LO19, ADR_PREL_LO21, ADR_PREL_PG_HI21, ADD_ABS_LO12_NC, LDST8/16/32/64/128,
    // TSTBR14, CONDBR19, JUMP26, CALL26, ADR_GOT_PAGE, LD64_GOT_LO12_NC, PLT32, GOTPCREL32
    (
        ObjectFormat::Elf,
        Arch::Aarch64,
        &[
            0, 256, 257, 258, 260, 261, 273, 274, 275, 277, 278, 279, 280, 282, 283, 284, 285, 286, 299, 311,
            312, 314, 315,
        ],
    ),
    // UNSIGNED, SUBTRACTOR, BRANCH26, PAGE21, PAGEOFF12, GOT_LOAD_PAGE21, GOT_LOAD_PAGEOFF12, POINTER_TO_GOT, ADDEND
    (ObjectFormat::MachO, Arch::Aarch64, &[0, 1, 2, 3, 4, 5, 6, 7, 10]),
    // ABSOLUTE, ADDR64, ADDR32NB, REL32 to REL32_5
    (ObjectFormat::Coff, Arch::X86_64, &[0, 1, 3, 4, 5, 6, 7, 8, 9]),
];

/// Whether the linker of `platform` knows, or will know, this kind of relocation.
pub(super) fn knows_relocation(platform: Platform, relocation: &RawRelocation) -> bool {
    let of_platform = |(format, arch, _): &&(ObjectFormat, Arch, &[u32])| {
        *format == platform.object_format() && *arch == platform.arch()
    };
    KNOWN_RELOCATIONS.iter().find(of_platform).is_some_and(|(_, _, kinds)| kinds.contains(&relocation.kind))
}

/// Whether a relocation reaches only what is near, as nothing outside the image surely is, and no stub can help: it is no call.
pub(super) fn is_near_reference(platform: Platform, relocation: &RawRelocation) -> bool {
    match (platform.object_format(), platform.arch()) {
        // PC32, 32, 32S
        (ObjectFormat::Elf, Arch::X86_64) => matches!(relocation.kind, 2 | 10 | 11),
        // ABS32, PREL32, LD_PREL_LO19, ADR_PREL_LO21, ADR_PREL_PG_HI21, TSTBR14, CONDBR19
        (ObjectFormat::Elf, Arch::Aarch64) => matches!(relocation.kind, 258 | 261 | 273..=275 | 279 | 280),
        // PAGE21
        (ObjectFormat::MachO, _) => relocation.kind == 3,
        // ADDR32NB, and REL32 in what is neither a branch nor a lea
        (ObjectFormat::Coff, _) => relocation.kind == 3 || relocation.flags == 1,
    }
}

/// The number of the symbol that a relocation refers to, if it refers to one.
pub(super) fn target_symbol(format: ObjectFormat, relocation: &RawRelocation) -> Option<u32> {
    match format {
        // Only with r_extern; ARM64_RELOC_ADDEND carries a number instead.
        ObjectFormat::MachO if relocation.flags & 1 == 0 || relocation.kind == 10 => None,
        _ => Some(relocation.target),
    }
}
