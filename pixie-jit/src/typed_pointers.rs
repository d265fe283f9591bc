//! Text with the typed pointers of LLVM 14 and older (`double* %x`), rewritten with the one pointer type that LLVM has today.
//!
//! Outside names, strings and comments an asterisk stands only behind a type, so each one turns the type before it into `ptr`. What
//! the type said is repeated by every instruction that needs it since LLVM 3.7, but for a few attributes, which get it from here.

use crate::error::{Error, Result};
use crate::source::Source;

mod tokens;

use tokens::{Kind, Token, tokens};

/// What helps where the text is not clear, or where LLVM refuses what came out.
pub const HINT: &str = "the text has the typed pointers of LLVM 14 and older; pass bitcode (.bc) instead, which LLVM upgrades itself";

/// The text with opaque pointers, line for line; `None` where it has no typed ones.
///
/// # Errors
/// [`Error::TypedPointer`], with the line, where a pointer's type cannot be told.
pub fn upgrade(source: &Source) -> Result<Option<Vec<u8>>> {
    if !source.bytes.contains(&b'*') {
        return Ok(None);
    }
    let input = tokens(&source.bytes);
    if !input.iter().any(|token| token.is(b"*")) {
        return Ok(None);
    }
    let mut output = Output { source, tokens: Vec::with_capacity(input.len()) };
    for (index, token) in input.iter().enumerate() {
        let next = input[index + 1..].iter().find(|token| token.kind != Kind::Blank);
        match token.kind {
            Kind::Mark if token.is(b"*") => output.point(token, next)?,
            Kind::Word if lost_its_type(token) && !next.is_some_and(|next| next.is(b"(")) => {
                output.type_attribute(token)?;
            }
            _ => output.tokens.push(token.clone()),
        }
    }
    Ok(Some(output.tokens.iter().flat_map(|token| token.text.iter().copied()).collect()))
}

/// Attributes that took the type of their pointer before LLVM 12.
fn lost_its_type(token: &Token<'_>) -> bool {
    [&b"sret"[..], b"byval", b"inalloca", b"preallocated"].iter().any(|name| token.is(name))
}

struct Output<'t> {
    source: &'t Source,
    tokens: Vec<Token<'t>>,
}

impl<'t> Output<'t> {
    /// Makes the type at the end a pointer.
    fn point(&mut self, star: &Token<'t>, next: Option<&Token<'t>>) -> Result<()> {
        let (mut end, mut space) = (self.tokens.len(), Vec::new());
        if let Some(word) = self.address_space(end) {
            space = b" ".to_vec();
            space.extend(joined(&self.tokens[word..end]).trim_ascii());
            end = word;
        }
        let Some(start) = self.type_start(end) else {
            return Err(self.unclear(star, "does not follow a type"));
        };
        let pointee = joined(&self.tokens[start..end]).trim_ascii().to_vec();
        if self.tokens[start].is(b"ptr") {
            return Err(self.unclear(star, "points to an opaque pointer, so that old and new text are mixed"));
        }
        self.no_older(start, star, next, pointee.ends_with(b")"))?;
        let kept: Vec<u8> = joined(&self.tokens[start..]).into_iter().filter(|byte| *byte == b'\n').collect();
        self.tokens.truncate(start);
        let text = [b"ptr".as_slice(), &space].concat();
        self.tokens.push(Token { kind: Kind::Pointer(pointee), text: text.into(), line: star.line });
        if !kept.is_empty() {
            self.tokens.push(Token { kind: Kind::Blank, text: kept.into(), line: star.line });
        }
        Ok(())
    }

    /// Refuses the instructions of LLVM 3.6 and older, which took what they need to know from the pointer.
    fn no_older(
        &self,
        start: usize,
        star: &Token<'t>,
        next: Option<&Token<'t>>,
        to_function: bool,
    ) -> Result<()> {
        let goes_on = |marks: &[&[u8]]| next.is_some_and(|next| marks.iter().any(|mark| next.is(mark)));
        if goes_on(&[b"*", b"(", b"addrspace"]) {
            return Ok(());
        }
        let mut at = start;
        while let Some(before) = self.before(at) {
            let token = &self.tokens[before];
            let opened = token.is(b"(") && at == start;
            match token.kind {
                Kind::Word if token.is(b"load") || token.is(b"getelementptr") => {
                    return match goes_on(&[b","]) {
                        true => Ok(()),
                        false => Err(self.unclear(star, "is the only type, as in LLVM 3.6 and older")),
                    };
                }
                Kind::Word if [&b"call"[..], b"invoke", b"callbr"].iter().any(|name| token.is(name)) => {
                    return match to_function {
                        true => Err(self.unclear(
                            star,
                            "is the type of the callee in LLVM 3.6 and older, and that of its result since",
                        )),
                        false => Ok(()),
                    };
                }
                Kind::Word if !is_base_type(&token.text) => at = before,
                Kind::Mark if opened => at = before,
                Kind::Mark if token.is(b")") => match self.opening(before) {
                    Some(open) => at = open,
                    None => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Gives an attribute the type that its parameter's pointer had.
    fn type_attribute(&mut self, token: &Token<'t>) -> Result<()> {
        let mut pointee = None;
        let mut at = self.tokens.len();
        while let Some(before) = self.before(at) {
            match &self.tokens[before] {
                Token { kind: Kind::Pointer(of), .. } => pointee = Some(of.clone()),
                found if found.is(b",") || found.is(b"(") => break,
                found if found.is(b")") => match self.opening(before) {
                    Some(open) => {
                        at = open;
                        continue;
                    }
                    None => break,
                },
                _ => {}
            }
            at = before;
        }
        let Some(pointee) = pointee else {
            return Err(self.unclear(token, "has no type, and stands behind no typed pointer"));
        };
        let text = [&token.text, b"(".as_slice(), &pointee, b")"].concat();
        self.tokens.push(Token { text: text.into(), ..token.clone() });
        Ok(())
    }

    /// The last token before `end` that is not blank.
    fn before(&self, end: usize) -> Option<usize> {
        self.tokens[..end].iter().rposition(|token| token.kind != Kind::Blank)
    }

    /// Where the type that ends before `end` begins.
    fn type_start(&self, end: usize) -> Option<usize> {
        let last = self.before(end)?;
        let token = &self.tokens[last];
        match token.kind {
            Kind::Pointer(_) | Kind::Local => Some(last),
            Kind::Word if is_base_type(&token.text) => Some(last),
            Kind::Mark if token.is(b")") => {
                let open = self.opening(last)?;
                // A function's type begins with that of its result.
                self.type_start(open)
            }
            Kind::Mark if [&b"]"[..], b"}", b">"].iter().any(|mark| token.is(mark)) => self.opening(last),
            _ => None,
        }
    }

    /// Where `addrspace(n)` begins, if it ends before `end`.
    fn address_space(&self, end: usize) -> Option<usize> {
        let close = self.before(end).filter(|at| self.tokens[*at].is(b")"))?;
        let word = self.before(self.opening(close)?)?;
        self.tokens[word].is(b"addrspace").then_some(word)
    }

    /// The bracket that the one at `close` closes.
    fn opening(&self, close: usize) -> Option<usize> {
        let mut open = Vec::new();
        for (at, token) in self.tokens[..=close].iter().enumerate().rev() {
            if token.kind != Kind::Mark {
                continue;
            }
            match token.text.first() {
                Some(b')') => open.push(b'('),
                Some(b']') => open.push(b'['),
                Some(b'}') => open.push(b'{'),
                Some(b'>') => open.push(b'<'),
                Some(mark @ (b'(' | b'[' | b'{' | b'<')) => {
                    if open.pop() != Some(*mark) {
                        return None;
                    }
                    if open.is_empty() {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn unclear(&self, token: &Token<'_>, what: &str) -> Error {
        let line = self.source.bytes.split(|byte| *byte == b'\n').nth(token.line - 1).unwrap_or_default();
        Error::TypedPointer {
            file: self.source.name.clone(),
            line: token.line,
            text: String::from_utf8_lossy(line.trim_ascii()).into_owned(),
            what: format!("`{}` {what}", String::from_utf8_lossy(&token.text)),
        }
    }
}

fn joined(tokens: &[Token<'_>]) -> Vec<u8> {
    tokens.iter().flat_map(|token| token.text.iter().copied()).collect()
}

/// Whether a word is a type by itself.
fn is_base_type(word: &[u8]) -> bool {
    const TYPES: &[&[u8]] = &[
        b"void",
        b"half",
        b"bfloat",
        b"float",
        b"double",
        b"x86_fp80",
        b"fp128",
        b"ppc_fp128",
        b"x86_mmx",
        b"x86_amx",
        b"token",
        b"label",
        b"metadata",
        b"ptr",
    ];
    let width = word.strip_prefix(b"i").unwrap_or_default();
    TYPES.contains(&word) || (!width.is_empty() && width.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests;
