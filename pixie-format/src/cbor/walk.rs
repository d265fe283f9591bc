//! Reading in place of bytes that have passed the scan: nothing is copied and nothing is checked again. On bytes that have not,
//! it gives wrong values, but neither panics nor runs on.

/// A text string of the bytes. That it is UTF-8 has been checked; it is looked at again only where somebody wants a `str`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a>(pub(crate) &'a [u8]);

impl<'a> Text<'a> {
    /// The text.
    pub fn as_str(self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    /// Its bytes, which compare faster.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A position in checked bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Walk<'a> {
    rest: &'a [u8],
}

/// The elements of a list, not yet read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List<'a> {
    left: usize,
    at: Walk<'a>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { rest: bytes }
    }

    /// Major type and argument.
    #[inline]
    fn head(&mut self) -> (u8, u64) {
        let Some((&head, rest)) = self.rest.split_first() else { return (7, 0) };
        self.rest = rest;
        let info = head & 31;
        if info < 24 {
            return (head >> 5, u64::from(info));
        }
        let size = 1usize << (info & 3);
        let (argument, rest) = self.rest.split_at_checked(size).unwrap_or_default();
        self.rest = rest;
        (head >> 5, argument.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: u64) -> &'a [u8] {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        taken
    }

    /// The bytes from here to a later position.
    pub(crate) fn until(self, later: &Walk<'a>) -> &'a [u8] {
        self.rest.get(..self.rest.len().saturating_sub(later.rest.len())).unwrap_or_default()
    }

    /// A count of items, each of which takes a byte at least.
    fn count(&mut self) -> usize {
        let (_, count) = self.head();
        usize::try_from(count).unwrap_or(usize::MAX).min(self.rest.len())
    }

    pub(crate) fn uint(&mut self) -> u64 {
        self.head().1
    }

    /// An integer with a sign, of 32 bits.
    pub(crate) fn int32(&mut self) -> i32 {
        match self.head() {
            (1, value) => -1 - value as i32,
            (_, value) => value as i32,
        }
    }

    /// A text or byte string.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let (_, length) = self.head();
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Text<'a> {
        Text(self.bytes())
    }

    /// Passes over one item.
    pub(crate) fn skip(&mut self) {
        let mut left = 1u64;
        while left > 0 && !self.rest.is_empty() {
            left -= 1;
            match self.head() {
                (2 | 3, length) => {
                    self.take(length);
                }
                (4, count) => left = left.saturating_add(count),
                (5, count) => left = left.saturating_add(count.saturating_mul(2)),
                _ => {}
            }
        }
    }

    /// Calls `field` with each key of a map, in their order; it reads or skips the value.
    #[inline]
    pub(crate) fn map(&mut self, mut field: impl FnMut(&'a [u8], &mut Walk<'a>)) {
        for _ in 0..self.count() {
            let key = self.bytes();
            field(key, self);
        }
    }

    /// Reads a list of what `element` reads.
    pub(crate) fn collect<T>(&mut self, mut element: impl FnMut(&mut Walk<'a>) -> T) -> Vec<T> {
        let count = self.count();
        // A count is bounded by the bytes that are left; an element takes many.
        let mut all = Vec::with_capacity(count.min(64));
        all.extend((0..count).map(|_| element(self)));
        all
    }

    /// Passes over a list, to be read later.
    pub(crate) fn list(&mut self) -> List<'a> {
        let mut list = List { left: 0, at: *self };
        list.left = list.at.count();
        self.skip();
        list
    }
}

impl<'a> List<'a> {
    /// `count` elements at the start of `rest`.
    pub(crate) fn new(count: usize, rest: &'a [u8]) -> List<'a> {
        List { left: count, at: Walk::new(rest) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Whether it has `count` elements, which are encoded so.
    pub(crate) fn is_encoded(&self, count: usize, elements: &[u8]) -> bool {
        self.left == count && self.at.rest.starts_with(elements)
    }

    pub(crate) fn texts(self) -> impl Iterator<Item = Text<'a>> + Clone {
        self.items(Walk::text)
    }

    pub(crate) fn uints(self) -> impl Iterator<Item = u64> + Clone {
        self.items(Walk::uint)
    }

    pub(crate) fn items<T>(
        mut self,
        element: impl Fn(&mut Walk<'a>) -> T + Clone,
    ) -> impl Iterator<Item = T> + Clone {
        (0..self.left).map(move |_| element(&mut self.at))
    }
}
