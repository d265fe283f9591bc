//! The grammar of signatures (spec §7.1): a tokenizer and a recursive-descent parser that points at columns.

use super::{
    Array, Default, Dim, ExportSpec, Layout, Mode, Param, Return, Scalar, ScalarKind, Signature, Type,
};
use crate::error::{Error, Result, one_of};

/// Longest text that is looked at; no real signature comes near it (spec §7.1).
const MAX_LENGTH: usize = 16 * 1024;
/// Deepest nesting of a dimension (spec §7.1).
const MAX_DEPTH: usize = 32;
/// Most operators in one dimension (spec §7.1); it bounds the depth of the tree too.
const MAX_OPERATORS: usize = 64;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    Symbol(&'a str),
    End,
}

/// A token and the byte at which it begins.
type Spanned<'a> = (usize, Token<'a>);

/// Python's keywords cannot be names of functions or arguments (Python reference §2.3.1).
#[rustfmt::skip]
pub(crate) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "False" | "None" | "True" | "and" | "as" | "assert" | "async" | "await" | "break" | "class" | "continue" | "def"
            | "del" | "elif" | "else" | "except" | "finally" | "for" | "from" | "global" | "if" | "import" | "in" | "is"
            | "lambda" | "nonlocal" | "not" | "or" | "pass" | "raise" | "return" | "try" | "while" | "with" | "yield"
    )
}

pub(super) fn signature(text: &str) -> Result<Signature> {
    let mut parser = Parser::new(text)?;
    let name = parser.name("a function name")?;
    parser.rest(name)
}

pub(super) fn export(text: &str) -> Result<ExportSpec> {
    let head = &text[..text.find('(').unwrap_or(text.len())];
    let Some((_, written)) = head.split_once('=') else {
        let mut parser = Parser::new(text)?;
        let name = parser.name("a function name")?;
        return Ok(ExportSpec {
            name: name.to_owned(),
            symbol: name.to_owned(),
            signature: parser.optional_rest(name)?,
        });
    };
    // Symbols of other languages hold any character (`cfunc._ZN3foo`), so this one is blanked out for the tokenizer, byte for byte.
    let symbol = written.trim();
    let start = head.len() - written.len();
    let blank = if symbol.is_empty() { "" } else { "_" };
    let masked = format!("{}{}{}", &text[..start], blank.repeat(written.len()), &text[head.len()..]);
    let mut parser = Parser { text, ..Parser::new(&masked)? };
    let name = parser.name("a function name")?;
    parser.expect("=")?;
    if symbol.is_empty() {
        return Err(parser.unexpected("a symbol"));
    }
    parser.next += 1;
    Ok(ExportSpec {
        name: name.to_owned(),
        symbol: symbol.to_owned(),
        signature: parser.optional_rest(name)?,
    })
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned<'a>>,
    next: usize,
    operators: usize,
}

/// A dimension before names are resolved to parameters.
enum RawDim<'a> {
    Const(u64),
    Name(usize, &'a str),
    Binary(char, Box<RawDim<'a>>, Box<RawDim<'a>>),
}

enum RawLayout<'a> {
    C,
    F,
    Strided(usize, &'a str),
}

enum RawType<'a> {
    Plain(Type),
    Array { element: Scalar, dims: Vec<RawDim<'a>>, layout: RawLayout<'a>, optional: bool },
}

struct RawParam<'a> {
    at: usize,
    name: &'a str,
    mode: Mode,
    ty: RawType<'a>,
    default: Option<Default>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Parser<'a>> {
        let tokens = tokenize(text)?;
        Ok(Parser { text, tokens, next: 0, operators: 0 })
    }

    fn peek(&self) -> Token<'a> {
        self.tokens[self.next].1
    }

    fn at(&self) -> usize {
        self.tokens[self.next].0
    }

    fn advance(&mut self) -> Spanned<'a> {
        let token = self.tokens[self.next];
        if token.1 != Token::End {
            self.next += 1;
        }
        token
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.peek() == Token::Symbol(symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn fail(&self, at: usize, what: impl Into<String>) -> Error {
        fail(self.text, at, what)
    }

    fn unexpected(&self, expected: &str) -> Error {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Name(word) | Token::Number(word) | Token::Symbol(word) => format!("`{word}`"),
        };
        self.fail(self.at(), format!("expected {expected}, found {found}"))
    }

    fn name(&mut self, what: &str) -> Result<&'a str> {
        let (at, token) = self.tokens[self.next];
        match token {
            Token::Name(name) if is_keyword(name) => {
                Err(self.fail(at, format!("`{name}` is a keyword of Python\nhint: choose another name")))
            }
            Token::Name(name) => {
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// A symbol may be any C identifier, also a Python keyword.
    /// The parameters and the result, if anything is left.
    fn optional_rest(&mut self, name: &str) -> Result<Option<Signature>> {
        match self.peek() {
            Token::End => Ok(None),
            _ => self.rest(name).map(Some),
        }
    }

    fn rest(&mut self, name: &str) -> Result<Signature> {
        self.expect("(")?;
        let mut raw = Vec::new();
        while !self.eat(")") {
            if !raw.is_empty() {
                self.expect(",")?;
            }
            raw.push(self.param()?);
        }
        let ret = if self.eat("->") { self.ret()? } else { Return::Void };
        if self.peek() != Token::End {
            return Err(self.unexpected("the end of the signature"));
        }
        let ends: Vec<usize> = raw.iter().map(|param| param.at).collect();
        let signature = Signature { name: name.to_owned(), params: self.resolve(raw)?, ret };
        signature.validate(self.text, &ends)?;
        Ok(signature)
    }

    fn param(&mut self) -> Result<RawParam<'a>> {
        let at = self.at();
        let name = self.name("a parameter name or `)`")?;
        self.expect(":")?;
        let mode = match self.peek() {
            Token::Name("inout") => Mode::InOut,
            Token::Name("out") => Mode::Out,
            _ => Mode::In,
        };
        if mode != Mode::In {
            self.next += 1;
        }
        let ty = self.ty(mode)?;
        let default = if self.eat("=") { Some(self.default()?) } else { None };
        Ok(RawParam { at, name, mode, ty, default })
    }

    fn ty(&mut self, mode: Mode) -> Result<RawType<'a>> {
        let Token::Name(word) = self.peek() else { return Err(self.unexpected("a type")) };
        let at = self.at();
        if word == "ptr" {
            self.next += 1;
            return Ok(RawType::Plain(Type::Ptr));
        }
        let Some(scalar) = Scalar::from_name(word) else {
            let names = Scalar::ALL.iter().map(|scalar| scalar.name()).chain(["ptr"]);
            return Err(self.fail(at, format!("unknown type `{word}`\nhint: expected {}", one_of(names))));
        };
        self.next += 1;
        if !self.eat("[") {
            if mode == Mode::Out {
                let layout = RawLayout::C;
                return Ok(RawType::Array { element: scalar, dims: Vec::new(), layout, optional: false });
            }
            return match scalar.kind() {
                ScalarKind::Complex => Err(self.fail(
                    at,
                    format!("`{word}` can only be the element of an array\nhint: write `{word}[1]`, or pass the parts as two floats"),
                )),
                _ => Ok(RawType::Plain(Type::Scalar(scalar))),
            };
        }
        let mut dims = vec![self.whole_dim()?];
        while self.eat(",") {
            dims.push(self.whole_dim()?);
        }
        let layout = if self.eat(";") { self.layout()? } else { RawLayout::C };
        self.expect("]")?;
        let optional = self.eat("|");
        if optional && self.advance().1 != Token::Name("None") {
            self.next -= 1;
            return Err(self.unexpected("`None`"));
        }
        Ok(RawType::Array { element: scalar, dims, layout, optional })
    }

    fn layout(&mut self) -> Result<RawLayout<'a>> {
        match self.advance() {
            (_, Token::Name("order")) => {
                self.expect("=")?;
                match self.advance() {
                    (_, Token::Name("F")) => Ok(RawLayout::F),
                    (_, Token::Name("C")) => Ok(RawLayout::C),
                    (at, _) => Err(self.fail(at, "expected `order=C` or `order=F`")),
                }
            }
            (_, Token::Name("stride")) => {
                self.expect("=")?;
                match self.advance() {
                    (at, Token::Name(name)) => Ok(RawLayout::Strided(at, name)),
                    (at, _) => Err(self.fail(at, "expected the name of the parameter that takes the stride")),
                }
            }
            (at, _) => Err(self.fail(at, "expected `order=F` or `stride=NAME`")),
        }
    }

    fn whole_dim(&mut self) -> Result<RawDim<'a>> {
        self.operators = 0;
        self.dim(0)
    }

    fn binary(&mut self, operator: char, a: RawDim<'a>, b: RawDim<'a>) -> Result<RawDim<'a>> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(self.fail(self.at(), format!("a dimension has more than {MAX_OPERATORS} operators")));
        }
        Ok(RawDim::Binary(operator, Box::new(a), Box::new(b)))
    }

    fn dim(&mut self, depth: usize) -> Result<RawDim<'a>> {
        let mut left = self.term(depth)?;
        loop {
            let operator = match self.peek() {
                Token::Symbol("+") => '+',
                Token::Symbol("-") => '-',
                _ => return Ok(left),
            };
            self.next += 1;
            let right = self.term(depth)?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn term(&mut self, depth: usize) -> Result<RawDim<'a>> {
        let mut left = self.factor(depth)?;
        while self.eat("*") {
            let right = self.factor(depth)?;
            left = self.binary('*', left, right)?;
        }
        Ok(left)
    }

    fn factor(&mut self, depth: usize) -> Result<RawDim<'a>> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(self.at(), format!("a dimension nests deeper than {MAX_DEPTH}")));
        }
        match self.advance() {
            (at, Token::Number(digits)) => {
                match digits.parse() {
                    Ok(value) => Ok(RawDim::Const(value)),
                    Err(_) => Err(self
                        .fail(at, format!("expected a whole number of at most 64 bits, found `{digits}`"))),
                }
            }
            (at, Token::Name(name)) => Ok(RawDim::Name(at, name)),
            (_, Token::Symbol("(")) => {
                let dim = self.dim(depth + 1)?;
                self.expect(")")?;
                Ok(dim)
            }
            (at, _) => {
                Err(self.fail(at, "expected a dimension: a number, a parameter, or a sum or product of them"))
            }
        }
    }

    fn default(&mut self) -> Result<Default> {
        let at = self.at();
        let negative = self.eat("-");
        match self.advance() {
            (_, Token::Name("True")) if !negative => Ok(Default::Bool(true)),
            (_, Token::Name("False")) if !negative => Ok(Default::Bool(false)),
            (_, Token::Name("None")) if !negative => Ok(Default::None),
            (_, Token::Name("inf")) => {
                Ok(Default::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }.to_bits()))
            }
            (_, Token::Name("nan")) if !negative => Ok(Default::Float(f64::NAN.to_bits())),
            (at, Token::Number(digits)) => number(digits, negative)
                .ok_or_else(|| self.fail(at, format!("expected a number as the default, found `{digits}`"))),
            _ => Err(self.fail(at, "expected a default: a number, `inf`, `nan`, `True`, `False` or `None`")),
        }
    }

    fn ret(&mut self) -> Result<Return> {
        let at = self.at();
        let Token::Name(word) = self.peek() else { return Err(self.unexpected("a result type")) };
        self.next += 1;
        let ret = match word {
            "ptr" => Return::Ptr,
            "status" => Return::Status,
            "void" => Return::Void,
            _ => match Scalar::from_name(word) {
                Some(scalar) if scalar.kind() == ScalarKind::Complex => {
                    return Err(self.fail(
                        at,
                        format!("`{word}` cannot be returned\nhint: write the result to an array `inout {word}[1]`"),
                    ));
                }
                Some(scalar) => Return::Scalar(scalar),
                None => {
                    let names =
                        Scalar::ALL.iter().map(|scalar| scalar.name()).chain(["ptr", "status", "void"]);
                    return Err(self.fail(
                        at,
                        format!("unknown result type `{word}`\nhint: expected {}", one_of(names)),
                    ));
                }
            },
        };
        if self.peek() == Token::Symbol("[") {
            return Err(
                self.fail(at, "an array cannot be returned\nhint: make it a parameter, `inout` or `out`")
            );
        }
        Ok(ret)
    }

    fn resolve(&self, raw: Vec<RawParam<'a>>) -> Result<Vec<Param>> {
        let names: Vec<&str> = raw.iter().map(|param| param.name).collect();
        raw.into_iter()
            .map(|param| {
                let ty = match param.ty {
                    RawType::Plain(ty) => ty,
                    RawType::Array { element, dims, layout, optional } => Type::Array(Array {
                        element,
                        dims: dims
                            .into_iter()
                            .map(|dim| self.resolve_dim(dim, &names))
                            .collect::<Result<_>>()?,
                        layout: match layout {
                            RawLayout::C => Layout::C,
                            RawLayout::F => Layout::F,
                            RawLayout::Strided(at, name) => Layout::Strided(self.find(at, name, &names)?),
                        },
                        optional,
                    }),
                };
                Ok(Param { name: param.name.to_owned(), mode: param.mode, ty, default: param.default })
            })
            .collect()
    }

    fn resolve_dim(&self, dim: RawDim<'a>, names: &[&str]) -> Result<Dim> {
        Ok(match dim {
            RawDim::Const(value) => Dim::Const(value),
            RawDim::Name(at, name) => Dim::Param(self.find(at, name, names)?),
            RawDim::Binary(operator, a, b) => {
                let a = Box::new(self.resolve_dim(*a, names)?);
                let b = Box::new(self.resolve_dim(*b, names)?);
                match operator {
                    '+' => Dim::Add(a, b),
                    '-' => Dim::Sub(a, b),
                    _ => Dim::Mul(a, b),
                }
            }
        })
    }

    fn find(&self, at: usize, name: &str, names: &[&str]) -> Result<usize> {
        names.iter().position(|candidate| *candidate == name).ok_or_else(|| {
            self.fail(at, format!("`{name}` is not a parameter\nhint: the length of an array is a parameter of the C function, for example `{name}: usize`"))
        })
    }
}

pub(super) fn fail(text: &str, at: usize, what: impl Into<String>) -> Error {
    let column = text[..at].chars().count() + 1;
    Error::Signature { text: text.to_owned(), column, what: what.into() }
}

fn number(digits: &str, negative: bool) -> Option<Default> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let value: i128 = digits.parse().ok()?;
        return Some(Default::Int(if negative { -value } else { value }));
    }
    // What overflows to infinity must be written `inf`.
    let value = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(Default::Float(if negative { -value } else { value }.to_bits()))
}

fn tokenize(text: &str) -> Result<Vec<Spanned<'_>>> {
    if text.len() > MAX_LENGTH {
        // The text itself would drown the message.
        return Err(Error::Signature {
            text: text.chars().take(40).chain("…".chars()).collect(),
            column: 1,
            what: format!("expected at most {MAX_LENGTH} bytes, found {}", text.len()),
        });
    }
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(text.len() / 2 + 1);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                at = end_of(bytes, at, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                tokens.push((start, Token::Name(&text[start..at])));
            }
            b'0'..=b'9' | b'.' => {
                at = end_of_number(bytes, at);
                tokens.push((start, Token::Number(&text[start..at])));
            }
            b'-' if bytes.get(at + 1) == Some(&b'>') => {
                at += 2;
                tokens.push((start, Token::Symbol("->")));
            }
            b'(' | b')' | b'[' | b']' | b',' | b':' | b';' | b'=' | b'|' | b'+' | b'-' | b'*' => {
                at += 1;
                tokens.push((start, Token::Symbol(&text[start..at])));
            }
            _ => {
                let found = text[at..].chars().next().unwrap_or_default();
                return Err(fail(text, at, format!("unexpected character `{}`", found.escape_default())));
            }
        }
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
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
