//! Modules whose objects or images are damaged though every hash is right, as a faulty or hostile tool would write them: loading refuses them
//! or takes them, and never crashes. What is loaded is not executed.
#![cfg(feature = "build")]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;

use pixie_format::manifest::BlobKind;
use pixie_format::{Module, ModuleBuilder, Platform};
use pixie_ld::build::pack;
use pixie_ld::parse::parse;
use pixie_ld::resolve::{Resolved, ResolvedKind};
use pixie_ld::{Address, LoadOptions, PageSize, link, load_bytes};

const SOURCE: &str = "
    extern double sin(double);
    typedef unsigned long long u64;
    static int table[3] = {1, 2, 3};
    int *const pointers[2] = {&table[0], &table[2]};
    double zero[4];
    u64 run(u64 x) { zero[x & 3] += sin(x) + *pointers[x & 1]; return zero[1]; }
    u64 (*const functions[])(u64) = {run};
    void __pixie_thunk_run(const u64 *args, u64 *ret) { *ret = run(args[0]); }
";
const DAMAGED: usize = 3000;
/// Set in the process that loads.
const CHILD: &str = "PIXIE_TEST_LOADS_DAMAGED";

/// A module of one platform, and a like one with other bytes for its object or its image; all hashes are made anew.
struct Sample {
    module: Vec<u8>,
    kind: BlobKind,
    object: Vec<u8>,
    /// The bytes that are changed: the image's or the object's, which then has no image beside it.
    blob: Vec<u8>,
}

impl Sample {
    fn new(platform: Platform, kind: BlobKind) -> Sample {
        let object = common::object_for(platform, SOURCE, &[]);
        let mut input = common::input(&["run(x: u64) -> u64"]);
        input.objects.push(common::pack_object(platform, "baseline", object.clone()));
        let module = pack(input).unwrap();
        let parsed = Module::parse(&module).unwrap();
        let image = parsed.manifest().platforms[platform.name()].variants[0].image.unwrap();
        let image = parsed.blob(image).unwrap().to_vec();
        let blob = if kind == BlobKind::Image { image } else { object.clone() };
        Sample { module, kind, object, blob }
    }

    fn with(&self, blob: Vec<u8>) -> Vec<u8> {
        let mut manifest = Module::parse(&self.module).unwrap().manifest().clone();
        let mut builder = ModuleBuilder::new();
        manifest.blobs.clear();
        for variant in manifest.platforms.values_mut().flat_map(|entry| &mut entry.variants) {
            let (object, image) = match self.kind {
                BlobKind::Image => (self.object.clone(), Some(blob.clone())),
                _ => (blob.clone(), None),
            };
            variant.object = builder.blob(BlobKind::Object, object);
            variant.image = image.map(|image| builder.blob(BlobKind::Image, image));
        }
        builder.finish(manifest).unwrap()
    }

    /// The module with one to three runs of bytes of the blob changed, the same ones for the same number.
    fn damaged(&self, number: usize) -> Vec<u8> {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64 ^ (number as u64) << 20;
        let mut random = |bound: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 16) as usize % bound
        };
        let mut blob = self.blob.clone();
        for _ in 0..=random(3) {
            let width = [1, 2, 4, 8][random(4)];
            let at = random(blob.len() - width);
            let value =
                [0, 1, u64::MAX, 1 << 31, random(4096) as u64, random(usize::MAX >> 1) as u64][random(6)];
            blob[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        if random(20) == 0 {
            blob.truncate(1 + random(blob.len() - 1));
        }
        self.with(blob)
    }
}

/// Reads the object out of the module and links it, as a loader on its platform does; how far it came.
fn link_object(platform: Platform, module: &[u8]) -> &'static str {
    let module = Module::parse(module).unwrap();
    module.verify().unwrap();
    let variant = &module.manifest().platforms[platform.name()].variants[0];
    let Ok(object) = parse(platform, module.blob(variant.object).unwrap()) else { return "parse" };
    let page = if platform == Platform::OsxArm64 { PageSize::K16 } else { PageSize::K4 };
    let Ok(layout) = pixie_ld::layout::layout(&object, page) else { return "layout" };
    let outside = Resolved { address: Address(0x7fff_0000_1230), kind: ResolvedKind::Function };
    let base = Address(0x5555_0000_0000_u64.next_multiple_of(layout.frame.align));
    if link(&object, &layout, base, &|_| Some(outside)).is_ok() { "linked" } else { "link" }
}

#[test]
fn objects_of_every_platform_are_linked_or_refused() {
    for platform in Platform::ALL {
        let sample = Sample::new(platform, BlobKind::Object);
        let mut outcomes = std::collections::BTreeMap::new();
        for number in 0..DAMAGED {
            *outcomes.entry(link_object(platform, &sample.damaged(number))).or_insert(0) += 1;
        }
        assert!(outcomes["parse"] > 100 && outcomes["linked"] > 100, "{platform}: {outcomes:?}");
    }
}

/// Loads them for good, in a process of its own so that a crash is noticed as what it is.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn damaged_modules_of_this_platform_are_loaded_or_refused() {
    let samples = [BlobKind::Object, BlobKind::Image].map(|kind| Sample::new(Platform::Linux64, kind));
    if std::env::var_os(CHILD).is_none() {
        let name = "damaged_modules_of_this_platform_are_loaded_or_refused";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{}: {said}{}", child.status, String::from_utf8_lossy(&child.stderr));
        assert!(said.contains("damaged modules were refused"), "{said}");
        return;
    }
    let options = LoadOptions::default();
    load_bytes("whole.pixie", &samples[0].module, &options).unwrap();
    assert_eq!(samples[1].with(samples[1].blob.clone()), samples[1].module);
    for sample in samples {
        let mut refused = 0;
        for number in 0..DAMAGED {
            if let Err(error) = load_bytes("damaged.pixie", &sample.damaged(number), &options) {
                assert!(error.to_string().contains("damaged.pixie"), "change {number}: {error}");
                refused += 1;
            }
        }
        println!("{:?}: {refused} of {DAMAGED} damaged modules were refused", sample.kind);
        assert!(refused > 100 && refused < DAMAGED);
    }
}
