//! How long a manifest of 12 exports and 16 variants takes to check and decode: part of what an import costs.

#![allow(clippy::unwrap_used, reason = "its only input is its own module")]

use std::time::Instant;

use pixie_format::manifest::{Bitcode, Export, Import, PlatformEntry, Variant};
use pixie_format::{BlobKind, Hash, Header, Manifest, Module, ModuleBuilder, Platform, Signature};

const SIGNATURES: [&str; 12] = [
    "add(x: f64, y: f64) -> f64",
    "axpy(alpha: f64, x: f64[n], y: inout f64[n], n: usize)",
    "blur(image: f32[h, w], result: out f32[h, w], h: usize, w: usize)",
    "dot(a: f64[n], b: f64[n], n: usize) -> f64",
    "hash(data: u8[n], n: usize, seed: u64 = 0) -> u64",
    "histogram(data: u8[n], n: usize, counts: inout u64[256])",
    "mandelbrot(result: inout i32[h, w], h: usize, w: usize, limit: i32 = 100)",
    "matmul(a: f64[m, k], b: f64[k, n], c: inout f64[m, n], m: usize, k: usize, n: usize)",
    "polynomial(c: f64[n], n: usize, x: f64) -> f64",
    "popcount(data: u64[n], n: usize) -> u64",
    "sieve(composite: inout bool[n+1], n: usize) -> usize",
    "sum(x: f64[n], n: usize) -> f64",
];

fn module() -> Vec<u8> {
    let mut builder = ModuleBuilder::new();
    let mut manifest =
        Manifest { name: "kernels".into(), producer: "pixie 0.1.0".into(), ..Manifest::default() };
    for text in SIGNATURES {
        let signature = Signature::parse(text).unwrap();
        manifest.exports.push(Export {
            symbol: signature.name.clone(),
            thunk: pixie_format::thunk::symbol(&signature.name),
            name: signature.name,
            signature: text.into(),
            doc: Some("What this kernel computes, in a sentence or two.".into()),
            ..Export::default()
        });
    }
    for name in ["exp", "log", "malloc", "memcpy", "memset"] {
        manifest.imports.push(Import { name: name.into(), foreign: false });
    }
    for platform in Platform::ALL {
        let mut entry = PlatformEntry {
            triple: platform.triple().into(),
            object_format: platform.object_format().name().into(),
            variants: Vec::new(),
        };
        for level in platform.levels() {
            entry.variants.push(Variant {
                isa: level.name.into(),
                features: level.features.iter().map(|feature| feature.name().into()).collect(),
                object: builder.blob(BlobKind::Object, format!("{platform} {}", level.name).into_bytes()),
                imports: vec![0, 1, 2, 3, 4],
                image: None,
            });
        }
        manifest.platforms.insert(platform.name().into(), entry);
        manifest.bitcode.push(Bitcode {
            blob: builder.blob(BlobKind::Bitcode, platform.name().into()),
            platforms: vec![platform.name().into()],
            llvm: "22.1.8".into(),
            producers: vec!["clang version 22.1.8".into()],
            triple: platform.triple().into(),
            data_layout: "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
                .into(),
            ..Bitcode::default()
        });
    }
    builder.finish(manifest).unwrap()
}

fn main() {
    let file = module();
    let header = Header::parse(&file, file.len() as u64).unwrap();
    let module = Module::parse(&file).unwrap();
    let bytes = module.manifest_bytes();
    let variants: usize = module.manifest().platforms.values().map(|entry| entry.variants.len()).sum();
    println!("manifest: {} bytes, {} exports, {variants} variants", bytes.len(), SIGNATURES.len());
    report("header", || {
        std::hint::black_box(Header::parse(&file, file.len() as u64).unwrap());
    });
    report("hash of the manifest", || {
        std::hint::black_box(Hash::of(bytes));
    });
    report("parse", || {
        drop(pixie_format::manifest::ManifestView::parse(bytes, header.major, header.minor).unwrap())
    });
    report("signatures alone", || {
        SIGNATURES.iter().for_each(|text| drop(Signature::parse(std::hint::black_box(text)).unwrap()));
    });
}

/// The best and the median of many runs, since the best alone hides what a cold start costs.
fn report(what: &str, mut run: impl FnMut()) {
    let start = Instant::now();
    run();
    let first = start.elapsed();
    let mut times: Vec<_> = (0..2000)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("{what:24} first {first:9.1?}  best {:9.1?}  median {:9.1?}", times[0], times[times.len() / 2]);
}
