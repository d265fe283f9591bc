//! A module as a draft: a manifest that can be bent, blobs, and the header that fits them.

use super::cbor::{Cbor, indices, map, text, texts};

/// What a file is made of. `build` computes every length and hash from it.
#[derive(Clone)]
pub struct Draft {
    pub minor: u16,
    pub flags: u32,
    pub manifest: Cbor,
    /// In the order of the table; `None` leaves the bytes out of the file.
    pub blobs: Vec<Option<Vec<u8>>>,
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

impl Draft {
    /// The file.
    pub fn build(&self) -> Vec<u8> {
        self.build_with(self.manifest.encode())
    }

    /// The file, with other bytes for the manifest.
    pub fn build_with(&self, manifest: Vec<u8>) -> Vec<u8> {
        let mut file = vec![0; 128];
        file.extend(&manifest);
        for blob in self.blobs.iter().flatten() {
            file.resize(file.len().next_multiple_of(64), 0);
            file.extend(blob);
        }
        let length = file.len() as u64;
        file[..8].copy_from_slice(b"\x8fPIX\r\n\x1a\n");
        file[8..10].copy_from_slice(&1u16.to_le_bytes());
        file[10..12].copy_from_slice(&self.minor.to_le_bytes());
        file[12..16].copy_from_slice(&self.flags.to_le_bytes());
        file[16..24].copy_from_slice(&length.to_le_bytes());
        file[24..32].copy_from_slice(&128u64.to_le_bytes());
        file[32..40].copy_from_slice(&(manifest.len() as u64).to_le_bytes());
        file[40..72].copy_from_slice(&hash(&manifest));
        seal(&mut file);
        file
    }
}

/// Makes the header hash right again.
pub fn seal(file: &mut [u8]) {
    let sum = hash(&file[..96]);
    file[96..128].copy_from_slice(&sum);
}

/// Blobs by role, and their table sorted by hash.
pub struct Table {
    sorted: Vec<(&'static str, &'static str, Vec<u8>)>,
}

impl Table {
    /// Roles with the kind of each; the bytes are made of the role, so that they are small and never change.
    pub fn new(roles: &[(&'static str, &'static str)]) -> Table {
        let mut sorted: Vec<_> =
            roles.iter().map(|(role, kind)| (*role, *kind, format!("{kind}: {role}").into_bytes())).collect();
        sorted.sort_by_key(|(_, _, bytes)| hash(bytes));
        Table { sorted }
    }

    /// The same with other bytes for a role.
    pub fn with(mut self, role: &str, bytes: Vec<u8>) -> Table {
        let index = self.index(role);
        self.sorted[index].2 = bytes;
        self.sorted.sort_by_key(|(_, _, bytes)| hash(bytes));
        self
    }

    pub fn index(&self, role: &str) -> usize {
        self.sorted.iter().position(|(name, _, _)| *name == role).expect("a role of the table")
    }

    pub fn id(&self, role: &str) -> Cbor {
        Cbor::Uint(self.index(role) as u64)
    }

    pub fn entries(&self) -> Cbor {
        let entry = |(_, kind, bytes): &(&str, &str, Vec<u8>)| {
            map([
                ("hash", Cbor::Bytes(hash(bytes).to_vec())),
                ("kind", text(*kind)),
                ("size", Cbor::Uint(bytes.len() as u64)),
            ])
        };
        Cbor::List(self.sorted.iter().map(entry).collect())
    }

    pub fn bytes(&self) -> Vec<Option<Vec<u8>>> {
        self.sorted.iter().map(|(_, _, bytes)| Some(bytes.clone())).collect()
    }
}

pub const LAYOUT_X86: &str =
    "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128";
pub const LAYOUT_MAC: &str = "e-m:o-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-n32:64-S128-Fn32";

pub fn export(signature: &str) -> Cbor {
    let name = signature.split('(').next().unwrap_or_default();
    map([
        ("name", text(name)),
        ("signature", text(signature)),
        ("symbol", text(name)),
        ("thunk", text(format!("__pixie_thunk_{name}"))),
    ])
}

pub fn variant(table: &Table, isa: &str, features: &[&str], role: &str, imports: &[u64]) -> Cbor {
    map([
        ("isa", text(isa)),
        ("features", texts(features)),
        ("object", table.id(role)),
        ("imports", indices(imports)),
    ])
}

pub const V2: &[&str] = &["cx16", "sahf", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2"];
pub const M1: &[&str] = &[
    "neon",
    "crc",
    "lse",
    "rdm",
    "fullfp16",
    "dotprod",
    "fp16fml",
    "jsconv",
    "complxnum",
    "rcpc",
    "aes",
    "sha2",
    "sha3",
];

/// A module without anything in it.
pub fn minimal() -> Draft {
    let manifest = map([
        ("name", text("nothing")),
        ("producer", text("vectors 1")),
        ("exports", Cbor::List(vec![])),
        ("imports", Cbor::List(vec![])),
        ("bitcode", Cbor::List(vec![])),
        ("platforms", Cbor::Map(vec![])),
        ("blobs", Cbor::List(vec![])),
        ("options", map([("opt", Cbor::Uint(3))])),
    ]);
    Draft { minor: 0, flags: 0, manifest, blobs: vec![] }
}

/// The table of the module that most vectors are variations of.
pub fn base_table() -> Table {
    Table::new(&[
        ("linux v1", "object"),
        ("linux v2", "object"),
        ("mac m1", "object"),
        ("linux code", "bitcode"),
        ("mac code", "bitcode"),
    ])
}

/// The module that most vectors are variations of: two platforms, three variants, two exports, two imports.
pub fn base() -> Draft {
    let table = base_table();
    let mut draft = minimal();
    let manifest = &mut draft.manifest;
    manifest.set("", "name", text("kernels"));
    manifest.set("", "doc", text("Two kernels."));
    let mut axpy = export("axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)");
    axpy.set("", "doc", text("y += alpha * x"));
    axpy.set("", "gil", text("release"));
    axpy.set("", "restrict", indices(&[1, 2]));
    axpy.set("", "source", text("src/axpy.c"));
    manifest.set("", "exports", Cbor::List(vec![axpy, export("root(x: f64) -> f64")]));
    let import = |name: &str| map([("name", text(name))]);
    manifest.set("", "imports", Cbor::List(vec![import("memcpy"), import("sqrt")]));
    let linux = map([
        ("triple", text("x86_64-unknown-linux-gnu")),
        ("object_format", text("elf")),
        (
            "variants",
            Cbor::List(vec![
                variant(&table, "x86-64", &[], "linux v1", &[0, 1]),
                variant(&table, "x86-64-v2", V2, "linux v2", &[1]),
            ]),
        ),
    ]);
    let mac = map([
        ("triple", text("arm64-apple-macosx11.0.0")),
        ("object_format", text("macho")),
        ("variants", Cbor::List(vec![variant(&table, "apple-m1", M1, "mac m1", &[])])),
    ]);
    manifest.set("", "platforms", map([("linux-64", linux), ("osx-arm64", mac)]));
    let bitcode = |role: &str, platform: &str, triple: &str, layout: &str| {
        map([
            ("blob", table.id(role)),
            ("platforms", texts(&[platform])),
            ("llvm", text("22.1.8")),
            ("producers", texts(&["clang version 22.1.8"])),
            ("triple", text(triple)),
            ("data_layout", text(layout)),
        ])
    };
    manifest.set(
        "",
        "bitcode",
        Cbor::List(vec![
            bitcode("linux code", "linux-64", "x86_64-unknown-linux-gnu", LAYOUT_X86),
            bitcode("mac code", "osx-arm64", "arm64-apple-macosx11.0.0", LAYOUT_MAC),
        ]),
    );
    manifest.set("", "blobs", table.entries());
    draft.blobs = table.bytes();
    draft
}
