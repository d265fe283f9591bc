//! The grammar of signatures (spec §7.1): a recursive-descent parser that points at columns. It takes its tokens one at a time
//! and builds the signature itself, because a loader parses one for each export.

use super::token::{Lexer, Token};
use super::{
    Array, Default, Dim, ExportSpec, Layout, Mode, Param, Return, Scalar, ScalarKind, Signature, Type,
};
use crate::error::{Error, Result, one_of};

/// Longest text that is looked at; no real signature comes near it (spec §7.1).
const MAX_LENGTH: usize = 16 * 1024;
/// Deepest nesting of a dimension (spec §7.1).
const MAX_DEPTH: usize = 32;
/// What joins two dimensions.
type Operator = fn(Box<Dim>, Box<Dim>) -> Dim;

/// Most operators in one dimension (spec §7.1); it bounds the depth of the tree too.
const MAX_OPERATORS: usize = 64;

/// Python's keywords cannot be names of functions or arguments (Python reference §2.3.1).
#[rustfmt::skip]
pub(crate) fn is_keyword(name: &[u8]) -> bool {
    matches!(
        name,
        b"False" | b"None" | b"True" | b"and" | b"as" | b"assert" | b"async" | b"await" | b"break" | b"class" | b"continue" | b"def"
            | b"del" | b"elif" | b"else" | b"except" | b"finally" | b"for" | b"from" | b"global" | b"if" | b"import" | b"in" | b"is"
            | b"lambda" | b"nonlocal" | b"not" | b"or" | b"pass" | b"raise" | b"return" | b"try" | b"while" | b"with" | b"yield"
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
    parser.expect(b'=')?;
    if symbol.is_empty() {
        return Err(parser.unexpected("a symbol"));
    }
    parser.step();
    Ok(ExportSpec {
        name: name.to_owned(),
        symbol: symbol.to_owned(),
        signature: parser.optional_rest(name)?,
    })
}

struct Parser<'a> {
    /// What messages quote.
    text: &'a str,
    lexer: Lexer<'a>,
    /// The byte at which the next token begins.
    at: usize,
    next: Token<'a>,
    operators: usize,
    /// Names that stand for parameters, each with its byte. A dimension holds the index of its name here until all are known.
    references: Vec<(usize, &'a str)>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Parser<'a>> {
        if text.len() > MAX_LENGTH {
            // The text itself would drown the message.
            return Err(Error::Signature {
                text: text.chars().take(40).chain("…".chars()).collect(),
                column: 1,
                what: format!("expected at most {MAX_LENGTH} bytes, found {}", text.len()),
            });
        }
        let lexer = Lexer::new(text);
        let references = Vec::with_capacity(8);
        let mut parser = Parser { text, lexer, at: 0, next: Token::End, operators: 0, references };
        parser.step();
        Ok(parser)
    }

    /// Goes to the next token.
    fn step(&mut self) {
        (self.at, self.next) = self.lexer.token();
    }

    /// The next token with its byte, after which comes the one behind it.
    fn advance(&mut self) -> (usize, Token<'a>) {
        let token = (self.at, self.next);
        // What is no token stays where it is, so that every error there names it.
        if !matches!(self.next, Token::Unknown(_)) {
            self.step();
        }
        token
    }

    fn eat(&mut self, symbol: u8) -> bool {
        let found = self.next == Token::Symbol(symbol);
        if found {
            self.step();
        }
        found
    }

    fn expect(&mut self, symbol: u8) -> Result<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected(&Token::Symbol(symbol).to_string())) }
    }

    #[cold]
    fn fail(&self, at: usize, what: impl Into<String>) -> Error {
        if let Token::Unknown(found) = self.next {
            return fail(self.text, self.at, format!("unexpected character `{}`", found.escape_default()));
        }
        fail(self.text, at, what)
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> Error {
        self.fail(self.at, format!("expected {expected}, found {}", self.next))
    }

    fn name(&mut self, what: &str) -> Result<&'a str> {
        match self.next {
            Token::Name(name) if is_keyword(name.as_bytes()) => {
                Err(self.fail(self.at, format!("`{name}` is a keyword of Python\nhint: choose another name")))
            }
            Token::Name(name) => {
                self.step();
                Ok(name)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// Notes a name that stands for a parameter; its index among the references.
    fn refer(&mut self, at: usize, name: &'a str) -> usize {
        self.references.push((at, name));
        self.references.len() - 1
    }

    /// The parameters and the result, if anything is left.
    fn optional_rest(&mut self, name: &str) -> Result<Option<Signature>> {
        match self.next {
            Token::End => Ok(None),
            _ => self.rest(name).map(Some),
        }
    }

    fn rest(&mut self, name: &str) -> Result<Signature> {
        self.expect(b'(')?;
        let mut params = Vec::with_capacity(4);
        let mut starts = Vec::with_capacity(8);
        while !self.eat(b')') {
            if !params.is_empty() {
                self.expect(b',')?;
            }
            starts.push(self.at);
            params.push(self.param()?);
        }
        let ret = if self.eat(Token::ARROW) { self.ret()? } else { Return::Void };
        if self.next != Token::End {
            return Err(self.unexpected("the end of the signature"));
        }
        self.resolve(&mut params)?;
        let signature = Signature { name: name.to_owned(), params, ret };
        signature.validate(self.text, &starts)?;
        Ok(signature)
    }

    fn param(&mut self) -> Result<Param> {
        let name = self.name("a parameter name or `)`")?;
        self.expect(b':')?;
        let mode = match self.next {
            Token::Name("inout") => Mode::InOut,
            Token::Name("out") => Mode::Out,
            _ => Mode::In,
        };
        if mode != Mode::In {
            self.step();
        }
        let ty = self.ty(mode)?;
        let default = if self.eat(b'=') { Some(self.default()?) } else { None };
        Ok(Param { name: name.to_owned(), mode, ty, default })
    }

    fn ty(&mut self, mode: Mode) -> Result<Type> {
        let Token::Name(word) = self.next else { return Err(self.unexpected("a type")) };
        let at = self.at;
        if word == "ptr" {
            self.step();
            return Ok(Type::Ptr);
        }
        let Some(scalar) = Scalar::from_name(word) else {
            let names = Scalar::ALL.iter().map(|scalar| scalar.name()).chain(["ptr"]);
            return Err(self.fail(at, format!("unknown type `{word}`\nhint: expected {}", one_of(names))));
        };
        self.step();
        if !self.eat(b'[') {
            if mode == Mode::Out {
                let (dims, layout) = (Vec::new(), Layout::C);
                return Ok(Type::Array(Array { element: scalar, dims, layout, optional: false }));
            }
            return match scalar.kind() {
                ScalarKind::Complex => Err(self.fail(
                    at,
                    format!("`{word}` can only be the element of an array\nhint: write `{word}[1]`, or pass the parts as two floats"),
                )),
                _ => Ok(Type::Scalar(scalar)),
            };
        }
        let mut dims = Vec::with_capacity(2);
        dims.push(self.whole_dim()?);
        while self.eat(b',') {
            dims.push(self.whole_dim()?);
        }
        let layout = if self.eat(b';') { self.layout()? } else { Layout::C };
        self.expect(b']')?;
        let optional = self.eat(b'|');
        if optional {
            match self.next {
                Token::Name("None") => self.step(),
                _ => return Err(self.unexpected("`None`")),
            }
        }
        Ok(Type::Array(Array { element: scalar, dims, layout, optional }))
    }

    fn layout(&mut self) -> Result<Layout> {
        match self.advance() {
            (_, Token::Name("order")) => {
                self.expect(b'=')?;
                match self.advance() {
                    (_, Token::Name("F")) => Ok(Layout::F),
                    (_, Token::Name("C")) => Ok(Layout::C),
                    (at, _) => Err(self.fail(at, "expected `order=C` or `order=F`")),
                }
            }
            (_, Token::Name("stride")) => {
                self.expect(b'=')?;
                match self.advance() {
                    (at, Token::Name(name)) => Ok(Layout::Strided(self.refer(at, name))),
                    (at, _) => Err(self.fail(at, "expected the name of the parameter that takes the stride")),
                }
            }
            (at, _) => Err(self.fail(at, "expected `order=F` or `stride=NAME`")),
        }
    }

    fn whole_dim(&mut self) -> Result<Dim> {
        self.operators = 0;
        self.dim(0)
    }

    fn binary(&mut self, operator: Operator, a: Dim, b: Dim) -> Result<Dim> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(self.fail(self.at, format!("a dimension has more than {MAX_OPERATORS} operators")));
        }
        Ok(operator(Box::new(a), Box::new(b)))
    }

    fn dim(&mut self, depth: usize) -> Result<Dim> {
        let mut left = self.term(depth)?;
        loop {
            let operator = match self.next {
                Token::Symbol(b'+') => Dim::Add as Operator,
                Token::Symbol(b'-') => Dim::Sub,
                _ => return Ok(left),
            };
            self.step();
            let right = self.term(depth)?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn term(&mut self, depth: usize) -> Result<Dim> {
        let mut left = self.factor(depth)?;
        while self.eat(b'*') {
            let right = self.factor(depth)?;
            left = self.binary(Dim::Mul, left, right)?;
        }
        Ok(left)
    }

    fn factor(&mut self, depth: usize) -> Result<Dim> {
        if depth >= MAX_DEPTH {
            return Err(self.fail(self.at, format!("a dimension nests deeper than {MAX_DEPTH}")));
        }
        match self.advance() {
            (at, Token::Number(digits)) => {
                match digits.parse() {
                    Ok(value) => Ok(Dim::Const(value)),
                    Err(_) => Err(self
                        .fail(at, format!("expected a whole number of at most 64 bits, found `{digits}`"))),
                }
            }
            (at, Token::Name(name)) => Ok(Dim::Param(self.refer(at, name))),
            (_, Token::Symbol(b'(')) => {
                let dim = self.dim(depth + 1)?;
                self.expect(b')')?;
                Ok(dim)
            }
            (at, _) => {
                Err(self.fail(at, "expected a dimension: a number, a parameter, or a sum or product of them"))
            }
        }
    }

    fn default(&mut self) -> Result<Default> {
        let at = self.at;
        let negative = self.eat(b'-');
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
        let at = self.at;
        let Token::Name(word) = self.next else { return Err(self.unexpected("a result type")) };
        self.step();
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
        if self.next == Token::Symbol(b'[') {
            return Err(
                self.fail(at, "an array cannot be returned\nhint: make it a parameter, `inout` or `out`")
            );
        }
        Ok(ret)
    }

    /// Puts parameters in the place of references.
    fn resolve(&mut self, params: &mut [Param]) -> Result<()> {
        // From here on the first half of a reference is the parameter's index.
        let mut references = std::mem::take(&mut self.references);
        for (at, name) in &mut references {
            let index = params.iter().position(|param| param.name == *name);
            *at = index.ok_or_else(|| {
                self.fail(*at, format!("`{name}` is not a parameter\nhint: the length of an array is a parameter of the C function, for example `{name}: usize`"))
            })?;
        }
        for param in params {
            let Type::Array(array) = &mut param.ty else { continue };
            array.dims.iter_mut().for_each(|dim| resolve_dim(dim, &references));
            if let Layout::Strided(index) = &mut array.layout {
                *index = references[*index].0;
            }
        }
        Ok(())
    }
}

fn resolve_dim(dim: &mut Dim, references: &[(usize, &str)]) {
    match dim {
        Dim::Const(_) => {}
        Dim::Param(index) => *index = references[*index].0,
        Dim::Add(a, b) | Dim::Sub(a, b) | Dim::Mul(a, b) => {
            resolve_dim(a, references);
            resolve_dim(b, references);
        }
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
