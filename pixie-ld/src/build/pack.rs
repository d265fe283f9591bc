//! Packing: from objects and bitcode to the bytes of a module.

use std::collections::BTreeMap;

use pixie_format::manifest::{Bitcode, Export, Import, Manifest, Options, PlatformEntry, Variant};
use pixie_format::{BlobKind, BuildId, FeatureSet, IsaLevel, ModuleBuilder, Platform};

use super::check::{ObjectReport, check_object};
use super::imports::{Needs, collect};
use super::prelink::prelink;
use crate::error::{Error, Result};

/// An object for one platform at one level.
#[derive(Clone, Debug)]
pub struct PackObject {
    /// The platform.
    pub platform: Platform,
    /// What it was compiled for.
    pub isa: PackIsa,
    /// The object file.
    pub bytes: Vec<u8>,
}

/// What an object was compiled for: a level of the platform, or one kind of processor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackIsa {
    /// The name of the variant.
    pub name: String,
    /// What a host must have.
    pub features: FeatureSet,
}

impl From<&IsaLevel> for PackIsa {
    fn from(level: &IsaLevel) -> PackIsa {
        PackIsa { name: level.name.to_owned(), features: level.features }
    }
}

/// A bitcode module.
#[derive(Clone, Debug)]
pub struct PackBitcode {
    /// The platforms it was made for.
    pub platforms: Vec<Platform>,
    /// Whether it is target-neutral and can serve any other platform too.
    pub neutral: bool,
    /// The level it was made for, where the source asked for ISA macros.
    pub isa: Option<String>,
    /// The LLVM version that wrote it.
    pub llvm: String,
    /// The producers of the input, as the IR names them.
    pub producers: Vec<String>,
    /// The target triple; empty when neutral.
    pub triple: String,
    /// The data layout; empty when neutral.
    pub data_layout: String,
    /// The bitcode file.
    pub bytes: Vec<u8>,
}

/// What a module is made of.
#[derive(Clone, Debug)]
pub struct PackInput {
    /// The module's name.
    pub name: String,
    /// The tool that writes it, with its version.
    pub producer: String,
    /// Text for `module.__doc__`.
    pub doc: Option<String>,
    /// Text of the author's own.
    pub metadata: Option<String>,
    /// The exports, in the author's order.
    pub exports: Vec<Export>,
    /// How the objects were compiled.
    pub options: Options,
    /// The bitcode modules, in any order.
    pub bitcode: Vec<PackBitcode>,
    /// The objects, in any order.
    pub objects: Vec<PackObject>,
    /// Outside symbols beyond the runtime symbol list that the author allows.
    pub allowed_imports: Vec<String>,
    /// The build id of the module that this one is specialised from.
    pub origin: Option<BuildId>,
}

/// Checks every object with two parsers and against the exports, collects the imports, links each object ahead of time, and writes the
/// module. Deterministic:
/// the order of objects and bitcode does not matter, equal bytes are stored once.
pub fn pack(input: PackInput) -> Result<Vec<u8>> {
    let PackInput {
        name,
        producer,
        doc,
        metadata,
        exports,
        options,
        bitcode,
        mut objects,
        allowed_imports,
        origin: origin_id,
    } = input;
    sort(&mut objects)?;
    let mut reports = Vec::with_capacity(objects.len());
    for object in &objects {
        let report = check_object(object.platform, &object.bytes, &origin(object))?;
        check_exports(&exports, &report, &origin(object))?;
        reports.push(report);
    }
    let needs: Vec<Needs<'_>> = objects
        .iter()
        .zip(&reports)
        .map(|(object, report)| Needs { platform: object.platform, isa: &object.isa.name, report })
        .collect();
    let imports = collect(&name, &needs, &allowed_imports)?;

    let mut builder = ModuleBuilder::new();
    let mut platforms = BTreeMap::new();
    for (object, report) in objects.into_iter().zip(&reports) {
        let image = prelink(object.platform, &object.bytes, &origin(&object))?.image();
        let PackObject { platform, isa, bytes } = object;
        let needed = |import: &Import| report.undefined.iter().any(|symbol| symbol.name == import.name);
        let variant = Variant {
            isa: isa.name,
            features: isa.features.iter().map(|feature| feature.name().to_owned()).collect(),
            imports: (0..)
                .zip(&imports)
                .filter(|(_, import)| needed(import))
                .map(|(index, _)| index)
                .collect(),
            object: builder.blob(BlobKind::Object, bytes),
            image: image.map(|image| builder.blob(BlobKind::Image, image)),
        };
        let entry = platforms.entry(platform.name().to_owned()).or_insert_with(|| PlatformEntry {
            triple: platform.triple().to_owned(),
            object_format: platform.object_format().name().to_owned(),
            variants: Vec::new(),
        });
        entry.variants.push(variant);
    }
    let mut bitcode: Vec<Bitcode> = bitcode.into_iter().map(|one| one.into_entry(&mut builder)).collect();
    bitcode.sort_by(|a, b| (&a.platforms, &a.isa).cmp(&(&b.platforms, &b.isa)));
    let manifest = Manifest {
        name,
        producer,
        exports,
        imports,
        bitcode,
        platforms,
        blobs: Vec::new(),
        options,
        doc,
        metadata,
        origin: origin_id.map(|id| id.0),
        critical: Vec::new(),
    };
    let name = manifest.name.clone();
    builder.finish(manifest).map_err(|source| Error::Format { file: name, source: source.into() })
}

fn origin(object: &PackObject) -> String {
    format!("object of {} for {}", object.platform, object.isa.name)
}

/// Of those that fit a host the last is taken: levels in the platform's order, then kinds of processors, those that need less first.
fn sort(objects: &mut [PackObject]) -> Result<()> {
    let rank = |object: &PackObject| {
        let levels = object.platform.levels();
        let level = levels.iter().position(|level| level.name == object.isa.name).unwrap_or(levels.len());
        (object.platform, level, object.isa.features.len(), object.isa.name.clone())
    };
    objects.sort_by_key(rank);
    let refused = |object, what: &str| Err(Error::Refused { origin: origin(object), what: what.to_owned() });
    match objects.windows(2).find(|pair| rank(&pair[0]) == rank(&pair[1])) {
        Some(pair) => refused(&pair[0], "there are two of them"),
        None => Ok(()),
    }
}

impl PackBitcode {
    fn into_entry(self, builder: &mut ModuleBuilder) -> Bitcode {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names.dedup();
            names
        };
        Bitcode {
            blob: builder.blob(BlobKind::Bitcode, self.bytes),
            platforms: sorted(self.platforms.iter().map(|platform| platform.name().to_owned()).collect()),
            neutral: self.neutral,
            isa: self.isa,
            llvm: self.llvm,
            producers: sorted(self.producers),
            triple: self.triple,
            data_layout: self.data_layout,
        }
    }
}

/// Every export must be there, as code, with its thunk.
fn check_exports(exports: &[Export], report: &ObjectReport, origin: &str) -> Result<()> {
    for export in exports {
        let inner_loop = export.ufunc.as_ref().map(|ufunc| ("loop", &ufunc.inner_loop));
        for (kind, symbol) in
            [("function", &export.symbol), ("thunk", &export.thunk)].into_iter().chain(inner_loop)
        {
            let what = match report.definition(symbol) {
                Some(definition) if definition.is_code => continue,
                Some(_) => format!("the export `{}` needs the {kind} `{symbol}`, which is data", export.name),
                None => format!(
                    "the export `{}` needs the {kind} `{symbol}`, which the object does not define\n\
                     hint: a function that is exported must not be `static` or `inline`",
                    export.name
                ),
            };
            return Err(Error::Refused { origin: origin.to_owned(), what });
        }
    }
    Ok(())
}
