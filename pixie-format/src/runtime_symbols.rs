//! The runtime symbol list: what an object may need from outside and still load everywhere (spec §9).

use crate::targets::Platform;

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    /// Code that is called.
    Function,
    /// Memory that is read.
    Data,
    /// A value without memory behind it: a reference to it need only resolve.
    Absolute,
}

impl SymbolKind {
    /// The name in the spec and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            SymbolKind::Function => "function",
            SymbolKind::Data => "data",
            SymbolKind::Absolute => "absolute",
        }
    }
}

/// Who provides a symbol at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Provider {
    /// The C library of the host.
    Libc,
    /// The mathematics library of the host, looked up by name when the module is loaded.
    Libm,
    /// The pixie runtime itself.
    Runtime,
}

impl Provider {
    /// The name in the spec and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Provider::Libc => "libc",
            Provider::Libm => "libm",
            Provider::Runtime => "runtime",
        }
    }
}

/// A symbol that every runtime of its platforms provides.
#[derive(PartialEq, Eq, Debug)]
pub struct RuntimeSymbol {
    /// The name in the IR: no Mach-O underscore.
    pub name: &'static str,
    /// The C prototype; the ABI is that of the platform's C compiler.
    pub prototype: &'static str,
    /// Function, data or absolute.
    pub kind: SymbolKind,
    /// Who provides it.
    pub provider: Provider,
    /// Where it is provided.
    pub platforms: &'static [Platform],
}

/// The entry of `name` on `platform`.
pub fn find(name: &str, platform: Platform) -> Option<&'static RuntimeSymbol> {
    entries(name.as_bytes()).find(|symbol| symbol.platforms.contains(&platform))
}

/// Whether `name` is provided on each platform, by [`Platform::ALL`].
pub(crate) fn provided(name: &[u8]) -> [bool; Platform::ALL.len()] {
    let mut provided = [false; Platform::ALL.len()];
    for platform in entries(name).flat_map(|symbol| symbol.platforms) {
        provided[*platform as usize] = true;
    }
    provided
}

/// The entries of `name`. Numbers are compared: by names, and for each platform apart, a manifest took 7.4 instead of 6.5 us to check.
fn entries(name: &[u8]) -> impl Iterator<Item = &'static RuntimeSymbol> {
    let wanted = start(name);
    let first = STARTS.partition_point(|start| *start < wanted);
    let alike = STARTS.iter().zip(ALL).skip(first).take_while(move |(start, _)| **start == wanted);
    alike.map(|(_, symbol)| symbol).filter(move |symbol| symbol.name.as_bytes() == name)
}

/// The first eight bytes of a name, which numbers sort as names do.
const fn start(name: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let mut at = 0;
    while at < bytes.len() && at < name.len() {
        bytes[at] = name[at];
        at += 1;
    }
    u64::from_be_bytes(bytes)
}

/// The start of every name.
const STARTS: [u64; ALL.len()] = {
    let mut starts = [0; ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        starts[at] = start(ALL[at].name.as_bytes());
        at += 1;
    }
    starts
};

const EVERY: &[Platform] = &Platform::ALL;
const LINUX: &[Platform] = &[Platform::Linux64, Platform::LinuxAarch64];
const UNIX: &[Platform] = &[Platform::Linux64, Platform::LinuxAarch64, Platform::OsxArm64];
const MACOS: &[Platform] = &[Platform::OsxArm64];
const WINDOWS: &[Platform] = &[Platform::Win64];
const X86: &[Platform] = &[Platform::Linux64, Platform::Win64];

macro_rules! symbols {
    ($($name:literal $kind:ident $provider:ident $platforms:ident $prototype:literal)*) => {
        /// Every runtime symbol, sorted by name.
        pub const ALL: &[RuntimeSymbol] = &[$(RuntimeSymbol {
            name: $name,
            prototype: $prototype,
            kind: SymbolKind::$kind,
            provider: Provider::$provider,
            platforms: $platforms,
        },)*];
    };
}

include!("runtime_symbols_table.rs");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_symbol_once_per_platform() {
        for pair in ALL.windows(2) {
            let disjoint = pair[0].platforms.iter().all(|platform| !pair[1].platforms.contains(platform));
            assert!(
                pair[0].name < pair[1].name || pair[0].name == pair[1].name && disjoint,
                "{}",
                pair[1].name
            );
        }
    }

    #[test]
    fn lookup_respects_the_platform() {
        assert_eq!(find("memcpy", Platform::Win64).map(|symbol| symbol.provider), Some(Provider::Libc));
        assert!(find("__sincos_stret", Platform::OsxArm64).is_some());
        assert!(find("__sincos_stret", Platform::Linux64).is_none());
        assert!(find("printf", Platform::Linux64).is_none());
    }
}
