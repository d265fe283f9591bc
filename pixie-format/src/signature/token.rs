//! The tokens of signatures (spec §7.1), cut from the text one at a time.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    /// A character that stands for itself, or [`Token::ARROW`].
    Symbol(u8),
    /// A character that begins no token.
    Unknown(char),
    End,
}

impl Token<'_> {
    /// `->`
    pub(super) const ARROW: u8 = b'>';
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Name(word) | Token::Number(word) => write!(f, "`{word}`"),
            Token::Symbol(Self::ARROW) => f.write_str("`->`"),
            Token::Symbol(symbol) => write!(f, "`{}`", *symbol as char),
            Token::Unknown(found) => write!(f, "`{}`", found.escape_default()),
            Token::End => f.write_str("the end"),
        }
    }
}

/// Whether a byte can stand in a name; one look each, as names are most of a signature.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0 }
    }

    /// The next token with the byte at which it begins.
    pub(super) fn token(&mut self) -> (usize, Token<'a>) {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let start = self.at;
        let Some(first) = bytes.get(start) else { return (start, Token::End) };
        let token = match first {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                self.at = end_of(bytes, start, |byte| IN_NAME[usize::from(byte)]);
                Token::Name(&self.text[start..self.at])
            }
            b'0'..=b'9' | b'.' => {
                self.at = end_of_number(bytes, start);
                Token::Number(&self.text[start..self.at])
            }
            b'-' if bytes.get(start + 1) == Some(&b'>') => {
                self.at += 2;
                Token::Symbol(Token::ARROW)
            }
            b'(' | b')' | b'[' | b']' | b',' | b':' | b';' | b'=' | b'|' | b'+' | b'-' | b'*' => {
                self.at += 1;
                Token::Symbol(*first)
            }
            _ => Token::Unknown(self.text[start..].chars().next().unwrap_or_default()),
        };
        (start, token)
    }
}

fn end_of(bytes: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    start + bytes[start..].iter().take_while(|byte| belongs(**byte)).count()
}

/// Digits, a point, an exponent with its sign: `1`, `0.5`, `1e-9`.
fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let mut at = end_of(bytes, start, |byte| byte.is_ascii_digit() || byte == b'.');
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = end_of(bytes, at + 1 + sign, |byte| byte.is_ascii_digit());
        }
    }
    at
}
