//! The tokens of LLVM's text, as far as finding types needs them.

use std::borrow::Cow;

/// What a token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Space and comments.
    Blank,
    /// A keyword, a number, a label, a type's name.
    Word,
    /// `%name`: a value or a type.
    Local,
    /// A string, or a name with another sign before it.
    Other,
    /// One character of punctuation.
    Mark,
    /// A pointer that was typed, with the type it pointed to.
    Pointer(Vec<u8>),
}

/// A token and the line, from 1, in which it begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token<'t> {
    pub kind: Kind,
    pub text: Cow<'t, [u8]>,
    pub line: usize,
}

impl Token<'_> {
    /// Whether this is the keyword or the mark `text`.
    pub fn is(&self, text: &[u8]) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && *self.text == *text
    }
}

/// Cuts the text; the tokens put together are the text again.
pub fn tokens(text: &[u8]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let (kind, len) = first(rest);
        let (token, after) = rest.split_at(len);
        tokens.push(Token { kind, text: token.into(), line });
        line += token.iter().filter(|byte| **byte == b'\n').count();
        rest = after;
    }
    tokens
}

/// The kind and the length of the first token.
fn first(text: &[u8]) -> (Kind, usize) {
    let run = |from: usize, within: fn(u8) -> bool| {
        from + text[from..].iter().position(|byte| !within(*byte)).unwrap_or(text.len() - from)
    };
    // LLVM writes a quotation mark in a string as `\22`.
    let string = |from: usize| {
        let end = text[from + 1..].iter().position(|byte| *byte == b'"');
        end.map_or(text.len(), |end| from + 1 + end + 1)
    };
    match text[0] {
        b';' => (Kind::Blank, run(0, |byte| byte != b'\n')),
        byte if byte.is_ascii_whitespace() => (Kind::Blank, run(0, |byte| byte.is_ascii_whitespace())),
        b'"' => (Kind::Other, string(0)),
        sign @ (b'%' | b'@' | b'!' | b'#' | b'$' | b'^') => {
            let kind = if sign == b'%' { Kind::Local } else { Kind::Other };
            match text.get(1) {
                Some(b'"') => (kind, string(1)),
                Some(byte) if is_name(*byte) => (kind, run(1, is_name)),
                _ => (Kind::Mark, 1),
            }
        }
        byte if is_name(byte) => (Kind::Word, run(0, is_name)),
        _ => (Kind::Mark, 1),
    }
}

const fn is_name(byte: u8) -> bool {
    // A backslash stands in names of metadata.
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'$' | b'.' | b'_' | b'+' | b'\\') || byte >= 0x80
}
