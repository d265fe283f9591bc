//! Input to the crate: LLVM IR as text or bitcode, told apart by content.

use serde::{Deserialize, Serialize};

/// One input file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// The name that messages give it.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// What a source holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// Bitcode, bare (`BC` 0xC0DE) or in the wrapper that Apple's tools write (0x0B17C0DE).
    Bitcode,
    /// Text.
    Ir,
}

impl SourceKind {
    /// The word for messages.
    pub const fn name(self) -> &'static str {
        match self {
            SourceKind::Bitcode => "bitcode",
            SourceKind::Ir => "IR",
        }
    }
}

impl Source {
    /// Looks at the first four bytes.
    pub fn kind(&self) -> SourceKind {
        match self.bytes.get(..4) {
            Some(b"BC\xC0\xDE" | b"\xDE\xC0\x17\x0B") => SourceKind::Bitcode,
            _ => SourceKind::Ir,
        }
    }

    /// The last component of the name, whichever system wrote it.
    pub fn base_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_the_kind_and_the_name_loses_its_folder() {
        let source = |bytes: &[u8]| Source { name: "/a/b\\c.ll".to_owned(), bytes: bytes.to_vec() };
        assert_eq!(source(b"BC\xC0\xDE rest").kind(), SourceKind::Bitcode);
        assert_eq!(source(b"\xDE\xC0\x17\x0B rest").kind(), SourceKind::Bitcode);
        assert_eq!(source(b"define void @f()").kind(), SourceKind::Ir);
        assert_eq!(source(b"").kind(), SourceKind::Ir);
        assert_eq!(source(b"").base_name(), "c.ll");
    }
}
