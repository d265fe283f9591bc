//! A quick road into the view: one pass that takes what nearly every manifest is, and gives up at anything else.
//!
//! What it takes keeps rules M9 to M16: keys of the schema in its order, shortest forms, ASCII. It says nothing of what is wrong, nor takes all
//! that is right: where it gives up, the scan of [`crate::cbor`] decides.

use super::{
    BitcodeView, BlobView, ExportView, ImportView, ManifestView, PlatformView, UfuncView, VariantView,
};
use crate::cbor::{List, MAX_ITEMS, Text, Token, short_ascii};
use crate::manifest::{BlobId, BlobKind, Gil, Identity, levels};

/// The view of a manifest of a known minor version, if it can be had quickly.
pub(super) fn view(bytes: &[u8]) -> Option<ManifestView<'_>> {
    // An item takes a byte at least, so that there are not too many.
    if bytes.len() > MAX_ITEMS {
        return None;
    }
    let mut reader = Reader { bytes, at: 0 };
    let view = reader.manifest()?;
    (reader.at == bytes.len()).then_some(view)
}

struct Reader<'m> {
    bytes: &'m [u8],
    at: usize,
}

/// A map: how many of its keys are to come.
struct Keys(u64);

macro_rules! key {
    ($reader:ident, $keys:ident, $text:literal) => {{
        const KEY: Token = Token::new($text);
        $reader.key(&mut $keys, &KEY)
    }};
}

impl<'m> Reader<'m> {
    fn rest(&self) -> &'m [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    fn window(&self) -> Option<u128> {
        self.rest().first_chunk().map(|bytes| u128::from_le_bytes(*bytes))
    }

    #[inline(always)]
    fn take(&mut self, count: usize) -> Option<&'m [u8]> {
        let taken = self.rest().get(..count)?;
        self.at += count;
        Some(taken)
    }

    /// The argument of an item of this major type, in its shortest form.
    #[inline(always)]
    fn head(&mut self, major: u8) -> Option<u64> {
        let (&head, rest) = self.rest().split_first()?;
        let info = head.checked_sub(major << 5)?;
        if info <= 23 {
            self.at += 1;
            return Some(info.into());
        }
        let (value, size, least) = match info {
            24 => (u64::from(*rest.first()?), 1, 24),
            25 => (u16::from_be_bytes(*rest.first_chunk()?).into(), 2, 1 << 8),
            26 => (u32::from_be_bytes(*rest.first_chunk()?).into(), 4, 1 << 16),
            27 => (u64::from_be_bytes(*rest.first_chunk()?), 8, 1 << 32),
            _ => return None,
        };
        self.at += 1 + size;
        (value >= least).then_some(value)
    }

    fn map(&mut self) -> Option<Keys> {
        self.head(5).map(Keys)
    }

    /// Whether this key is next; passes over it then.
    #[inline(always)]
    fn key(&mut self, keys: &mut Keys, key: &Token) -> bool {
        let is_next = keys.0 > 0 && self.window().is_some_and(|window| key.begins(window));
        if is_next {
            keys.0 -= 1;
            self.at += key.len();
        }
        is_next
    }

    #[inline(always)]
    fn text(&mut self) -> Option<Text<'m>> {
        if let Some(length) = self.window().and_then(short_ascii) {
            let text = self.take(length)?.get(1..)?;
            return Some(Text(text));
        }
        let length = self.head(3)?;
        let text = self.take(usize::try_from(length).ok()?)?;
        text.is_ascii().then_some(Text(text))
    }

    fn index(&mut self) -> Option<u32> {
        self.head(0).and_then(|index| u32::try_from(index).ok())
    }

    fn id(&mut self) -> Option<BlobId> {
        self.index().map(BlobId)
    }

    /// A mark, which is `true`.
    fn mark(&mut self) -> Option<bool> {
        (self.take(1)? == [0xf5]).then_some(true)
    }

    fn hash(&mut self) -> Option<&'m [u8]> {
        (self.head(2)? == 32).then(|| self.take(32))?
    }

    /// A list of what `element` reads.
    fn all<T>(&mut self, element: impl Fn(&mut Reader<'m>) -> Option<T>) -> Option<Vec<T>> {
        let count = self.head(4)?;
        // A count may be a lie, which shows at the end of the bytes.
        let mut all = Vec::with_capacity(count.min(64) as usize);
        for _ in 0..count {
            all.push(element(self)?);
        }
        Some(all)
    }

    /// A list to be read later.
    fn list<T>(&mut self, element: impl Fn(&mut Reader<'m>) -> Option<T>) -> Option<List<'m>> {
        let count = self.head(4)?;
        let list = List::new(usize::try_from(count).ok()?, self.rest());
        for _ in 0..count {
            element(self)?;
        }
        Some(list)
    }

    fn manifest(&mut self) -> Option<ManifestView<'m>> {
        let mut keys = self.map()?;
        let mut view = ManifestView::default();
        if key!(self, keys, "doc") {
            view.doc = Some(self.text()?);
        }
        view.name = key!(self, keys, "name").then(|| self.text())??;
        view.blobs = key!(self, keys, "blobs").then(|| self.all(Reader::blob))??;
        if key!(self, keys, "origin") {
            view.origin = Some(super::build_id(self.hash()?));
        }
        view.bitcode = key!(self, keys, "bitcode").then(|| self.all(Reader::bitcode))??;
        view.exports = key!(self, keys, "exports").then(|| self.all(Reader::export))??;
        view.imports = key!(self, keys, "imports").then(|| self.all(Reader::import))??;
        key!(self, keys, "options").then(|| self.options())??;
        if key!(self, keys, "metadata") {
            self.text()?;
        }
        key!(self, keys, "producer").then(|| self.text())??;
        view.platforms = key!(self, keys, "platforms").then(|| self.platforms())??;
        (keys.0 == 0).then_some(view)
    }

    fn blob(&mut self) -> Option<BlobView<'m>> {
        let mut keys = self.map()?;
        let hash = key!(self, keys, "hash").then(|| self.hash())??;
        let kind = key!(self, keys, "kind").then(|| self.kind())??;
        let size = key!(self, keys, "size").then(|| self.head(0))??;
        let absent = key!(self, keys, "absent") && self.mark()?;
        (keys.0 == 0).then_some(BlobView { hash, kind, size, absent })
    }

    fn kind(&mut self) -> Option<BlobKind> {
        match self.text()?.as_bytes() {
            b"object" => Some(BlobKind::Object),
            b"bitcode" => Some(BlobKind::Bitcode),
            b"image" => Some(BlobKind::Image),
            _ => None,
        }
    }

    fn bitcode(&mut self) -> Option<BitcodeView<'m>> {
        let mut keys = self.map()?;
        let isa = if key!(self, keys, "isa") { Some(self.text()?) } else { None };
        let blob = key!(self, keys, "blob").then(|| self.id())??;
        key!(self, keys, "llvm").then(|| self.text())??;
        let triple = key!(self, keys, "triple").then(|| self.text())??;
        let neutral = key!(self, keys, "neutral") && self.mark()?;
        let platforms = key!(self, keys, "platforms").then(|| self.list(Reader::text))??;
        let producers = key!(self, keys, "producers").then(|| self.list(Reader::text))??;
        let data_layout = key!(self, keys, "data_layout").then(|| self.text())??;
        let view = BitcodeView { blob, platforms, neutral, isa, producers, triple, data_layout };
        (keys.0 == 0).then_some(view)
    }

    fn export(&mut self) -> Option<ExportView<'m>> {
        let start = self.at;
        let mut keys = self.map()?;
        let mut view = ExportView::default();
        if key!(self, keys, "doc") {
            view.doc = Some(self.text()?);
        }
        if key!(self, keys, "gil") {
            view.gil = match self.text()?.as_bytes() {
                b"hold" => Some(Gil::Hold),
                b"release" => Some(Gil::Release),
                _ => return None,
            };
        }
        view.name = key!(self, keys, "name").then(|| self.text())??;
        view.thunk = key!(self, keys, "thunk").then(|| self.text())??;
        if key!(self, keys, "ufunc") {
            view.ufunc = Some(self.ufunc()?);
        }
        if key!(self, keys, "source") {
            self.text()?;
        }
        view.symbol = key!(self, keys, "symbol").then(|| self.text())??;
        if key!(self, keys, "metadata") {
            self.text()?;
        }
        if key!(self, keys, "restrict") {
            // An empty one would have been left out.
            view.restrict = self.list(Reader::index).filter(|list| !list.is_empty())?;
        }
        view.signature = key!(self, keys, "signature").then(|| self.text())??;
        view.encoded = self.bytes.get(start..self.at)?;
        (keys.0 == 0).then_some(view)
    }

    fn ufunc(&mut self) -> Option<UfuncView<'m>> {
        let mut keys = self.map()?;
        let core = key!(self, keys, "core") && self.mark()?;
        let inner_loop = key!(self, keys, "loop").then(|| self.text())??;
        let mut identity = None;
        if key!(self, keys, "identity") {
            identity = Some(match self.text()?.as_bytes() {
                b"zero" => Identity::Zero,
                b"one" => Identity::One,
                b"minus-one" => Identity::MinusOne,
                b"reorderable" => Identity::Reorderable,
                _ => return None,
            });
        }
        (keys.0 == 0).then_some(UfuncView { inner_loop, core, identity })
    }

    fn import(&mut self) -> Option<ImportView<'m>> {
        let mut keys = self.map()?;
        let name = key!(self, keys, "name").then(|| self.text())??;
        let foreign = key!(self, keys, "foreign") && self.mark()?;
        (keys.0 == 0).then_some(ImportView { name, foreign })
    }

    fn options(&mut self) -> Option<()> {
        let mut keys = self.map()?;
        let opt = key!(self, keys, "opt").then(|| self.head(0))??;
        if key!(self, keys, "debug") {
            self.mark()?;
        }
        if key!(self, keys, "reproducible") {
            self.mark()?;
        }
        (opt <= 3 && keys.0 == 0).then_some(())
    }

    /// Keys of a table ascend by their encoded bytes.
    fn platforms(&mut self) -> Option<Vec<PlatformView<'m>>> {
        let count = self.map()?.0;
        let mut platforms: Vec<PlatformView<'m>> = Vec::with_capacity(count.min(8) as usize);
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.at;
            let name = self.text()?;
            let encoded = self.bytes.get(start..self.at)?;
            if encoded <= previous {
                return None;
            }
            previous = encoded;
            platforms.push(PlatformView { name, ..self.platform()? });
        }
        Some(platforms)
    }

    fn platform(&mut self) -> Option<PlatformView<'m>> {
        let mut keys = self.map()?;
        let triple = key!(self, keys, "triple").then(|| self.text())??;
        let variants = key!(self, keys, "variants").then(|| self.all(Reader::variant))??;
        let object_format = key!(self, keys, "object_format").then(|| self.text())??;
        let view = PlatformView { name: Text::default(), triple, object_format, variants };
        (keys.0 == 0 && !view.variants.is_empty()).then_some(view)
    }

    fn variant(&mut self) -> Option<VariantView<'m>> {
        let mut keys = self.map()?;
        let isa = key!(self, keys, "isa").then(|| self.text())??;
        let image = if key!(self, keys, "image") { Some(self.id()?) } else { None };
        let object = key!(self, keys, "object").then(|| self.id())??;
        let imports = key!(self, keys, "imports").then(|| self.list(Reader::index))??;
        let features = key!(self, keys, "features").then(|| self.features(isa))??;
        (keys.0 == 0).then_some(VariantView { isa, object, image, features, imports })
    }

    /// A list of features, which mostly is that of a level of the spec and then passed over at once.
    fn features(&mut self, isa: Text<'m>) -> Option<List<'m>> {
        let start = self.at;
        let count = self.head(4)?;
        if let Some((level, encoded)) = levels::any(isa.as_bytes())
            && u64::from(level.features.len()) == count
            && self.rest().starts_with(encoded)
        {
            let list = List::new(usize::try_from(count).ok()?, self.rest());
            self.at += encoded.len();
            return Some(list);
        }
        self.at = start;
        self.list(Reader::text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::cbor;
    use crate::header::{HEADER_LEN, Header};
    use crate::manifest::schema;

    /// What is taken quickly is what the scan takes, and the view is the same.
    fn agrees(bytes: &[u8]) -> bool {
        let Some(view) = view(bytes) else { return false };
        cbor::check(bytes, &schema::MANIFEST, false, |_| panic!("it marks nothing critical")).unwrap();
        assert_eq!(format!("{view:?}"), format!("{:?}", ManifestView::read(bytes)));
        true
    }

    macro_rules! vectors {
        ($($name:literal),*) => {
            [$(include_bytes!(concat!("../../../../spec/vectors/", $name, ".pixie")).as_slice()),*]
        };
    }

    fn manifest(file: &[u8]) -> Vec<u8> {
        let header = Header::parse(file, file.len() as u64).unwrap();
        file[HEADER_LEN..][..header.manifest_len as usize].to_vec()
    }

    #[test]
    fn nothing_is_taken_that_the_scan_refuses() {
        let valid = vectors![
            "valid/kernels",
            "valid/thinned",
            "valid/signatures",
            "valid/overloads",
            "valid/ufuncs",
            "valid/neutral-bitcode",
            "valid/level-bitcode",
            "valid/shared-object",
            "valid/foreign-import",
            "valid/specialised",
            "valid/image",
            "valid/metadata",
            "valid/minimal"
        ];
        let (mut whole, mut changed) = (0, 0);
        for file in valid {
            let mut manifest = manifest(file);
            // Those with texts that are not ASCII are left to the scan.
            whole += usize::from(agrees(&manifest));
            for at in 0..manifest.len() {
                for change in [0x01, 0x20, 0x80] {
                    manifest[at] ^= change;
                    changed += usize::from(agrees(&manifest));
                    manifest[at] ^= change;
                }
                assert!(!agrees(&manifest[..at]));
            }
        }
        assert!(whole >= 8, "{whole} valid manifests were taken");
        assert!(changed > 1000, "{changed} changed manifests were taken");
    }
}
