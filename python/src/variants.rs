//! The variants of a module as people see them: those that its file holds, and one that was compiled from it.

use pixie_format::manifest::Variant;
use pixie_ld::LoadedModule;
use pixie_ld::select::{Selection, select};

/// A variant, whether it runs here, and why or why not.
pub struct Row {
    pub platform: String,
    pub isa: String,
    pub features: Vec<String>,
    pub chosen: bool,
    pub reason: String,
}

/// Why the variant runs that runs.
pub fn reason(loaded: &LoadedModule) -> String {
    let reason = match (loaded.selection().forced, loaded.manifest().origin.is_some()) {
        (true, _) => "chosen by the caller or PIXIE_USE_ISA",
        (false, false) => "the highest that this processor runs",
        (false, true) => "compiled for this kind of processor",
    };
    reason.to_owned()
}

/// Every variant of every platform, lowest level first.
pub fn rows(loaded: &LoadedModule) -> Vec<Row> {
    let own = loaded.platform().name();
    let origin = loaded.origin_manifest();
    let mut rows = Vec::new();
    for (platform, entry) in origin.iter().flat_map(|manifest| &manifest.platforms) {
        let selection = select("", entry, loaded.host(), None).ok();
        rows.extend(entry.variants.iter().map(|variant| {
            let reason = match platform == own {
                false => "for another platform".to_owned(),
                true => lacking(selection.as_ref(), variant).unwrap_or_else(|| {
                    format!("{}, compiled for this kind of processor, is preferred", loaded.variant().isa)
                }),
            };
            row(platform, variant, false, reason)
        }));
    }
    for (platform, entry) in &loaded.manifest().platforms {
        rows.extend(entry.variants.iter().map(|variant| {
            let here = platform == own;
            let chosen = here && variant.isa == loaded.variant().isa;
            let refused = loaded.selection().refused.iter().find(|refusal| refusal.isa == variant.isa);
            let reason = match (here, refused) {
                (false, _) => "for another platform".to_owned(),
                (true, Some(refusal)) if !chosen => refusal.reason.clone(),
                (true, _) => reason(loaded),
            };
            row(platform, variant, chosen, reason)
        }));
    }
    rows
}

/// Why a variant of the module that this one was compiled from does not run here; `None` if it would.
fn lacking(selection: Option<&Selection>, variant: &Variant) -> Option<String> {
    // Where none fits, there is no selection.
    let Some(selection) = selection else { return Some("needs what this processor lacks".to_owned()) };
    let refusal = selection.refused.iter().find(|refusal| refusal.isa == variant.isa)?;
    refusal.reason.starts_with("needs ").then(|| refusal.reason.clone())
}

fn row(platform: &str, variant: &Variant, chosen: bool, reason: String) -> Row {
    let (isa, features) = (variant.isa.clone(), variant.features.clone());
    Row { platform: platform.to_owned(), isa, features, chosen, reason }
}
