//! An image as bytes, in parts that can be bent.

/// Words of the header in their order, rows of the tables, names, code, constants and data: an image with something of everything.
#[derive(Clone)]
pub struct Image {
    pub version: u32,
    pub page: u32,
    pub align: u32,
    pub zeroes: u32,
    pub unwind: [u32; 2],
    /// Name, offset.
    pub symbols: Vec<(&'static [u8], u32)>,
    /// Name, stub.
    pub imports: Vec<(&'static [u8], u32)>,
    /// Name, offset, size.
    pub variables: Vec<(&'static [u8], u32, u32)>,
    pub relative: Vec<u32>,
    pub bindings: Vec<[u32; 2]>,
    pub calls: Vec<[u32; 2]>,
    pub codes: Vec<[u32; 3]>,
    pub text: Vec<u8>,
    pub constants: Vec<u8>,
    pub data: Vec<u8>,
}

impl Image {
    /// 64 bytes of code that end in a stub, then a page with 48 of constants, then one with 16 of data and 32 of zeroes.
    pub fn new() -> Image {
        let none = u32::MAX;
        Image {
            version: 1,
            page: 0x1000,
            align: 0x1000,
            zeroes: 32,
            unwind: [0x1010, 20],
            symbols: vec![(b"__pixie_thunk_f", 16), (b"f", 0)],
            imports: vec![(b"sin", 48), (b"memcpy", none)],
            variables: vec![(b"__cpu_model", 0x1000, 16)],
            relative: vec![0x2000],
            bindings: vec![[56, 0], [0x2008, 1]],
            calls: vec![[4, 0]],
            codes: vec![[0, 16, 1], [16, 32, 2]],
            text: (0..64).collect(),
            constants: vec![0; 48],
            data: vec![0; 16],
        }
    }

    /// An image without anything.
    pub fn empty() -> Image {
        Image {
            zeroes: 0,
            unwind: [0, 0],
            symbols: vec![],
            imports: vec![],
            variables: vec![],
            relative: vec![],
            bindings: vec![],
            calls: vec![],
            codes: vec![],
            text: vec![],
            constants: vec![],
            data: vec![],
            ..Image::new()
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let names = self.symbols.iter().map(|one| one.0).chain(self.imports.iter().map(|one| one.0));
        let names: Vec<&[u8]> = names.chain(self.variables.iter().map(|one| one.0)).collect();
        let mut end = 0;
        let mut ends = names.iter().map(|name| {
            end += name.len() as u32;
            end
        });
        let mut words = vec![self.version, self.page, self.align];
        words.extend([&self.text, &self.constants, &self.data].map(|bytes| bytes.len() as u32));
        words.extend([self.zeroes, self.unwind[0], self.unwind[1]]);
        let counts = [
            self.symbols.len(),
            self.imports.len(),
            self.variables.len(),
            self.relative.len(),
            self.bindings.len(),
            self.calls.len(),
            self.codes.len(),
            names.concat().len(),
        ];
        words.extend(counts.map(|count| count as u32));
        for (_, offset) in self.symbols.iter().chain(&self.imports) {
            words.extend([ends.next().unwrap(), *offset]);
        }
        for (_, offset, size) in &self.variables {
            words.extend([ends.next().unwrap(), *offset, *size]);
        }
        words.extend(&self.relative);
        words.extend(self.bindings.iter().chain(&self.calls).flatten());
        words.extend(self.codes.iter().flatten());
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(names.concat());
        bytes.extend([&self.text, &self.constants, &self.data].into_iter().flatten());
        bytes
    }
}
