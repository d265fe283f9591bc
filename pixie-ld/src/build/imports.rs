//! Which outside symbols the objects need, and whether every runtime has them.

use std::collections::BTreeMap;

use pixie_format::manifest::Import;
use pixie_format::{Platform, runtime_symbols, thunk};

use super::check::ObjectReport;
use super::hints;
use crate::error::{Error, Result};

/// An object as far as imports are concerned.
pub(super) struct Needs<'a> {
    pub platform: Platform,
    pub isa: &'a str,
    pub report: &'a ObjectReport,
}

/// Symbol to the objects that need it, by platform, level and place.
type Missing<'a> = BTreeMap<&'a str, Vec<(Platform, &'a str, &'a [String])>>;

/// The union of what the objects need, by name. A symbol that is neither in the runtime symbol list of its platform nor
/// `allowed` is refused, all of them in one error. A weak symbol that no runtime has stays undefined and is no import.
pub(super) fn collect(name: &str, objects: &[Needs<'_>], allowed: &[String]) -> Result<Vec<Import>> {
    let mut imports: BTreeMap<&str, bool> = BTreeMap::new();
    let mut missing: Missing<'_> = BTreeMap::new();
    for object in objects {
        for symbol in &object.report.undefined {
            let known = runtime_symbols::find(&symbol.name, object.platform).is_some();
            if known || allowed.contains(&symbol.name) {
                *imports.entry(&symbol.name).or_default() |= !known;
            } else if !symbol.weak {
                missing.entry(&symbol.name).or_default().push((object.platform, object.isa, &symbol.places));
            }
        }
    }
    if !missing.is_empty() {
        return Err(Error::Refused { origin: format!("module `{name}`"), what: describe(&missing) });
    }
    Ok(imports.into_iter().map(|(name, foreign)| Import { name: name.to_owned(), foreign }).collect())
}

/// An export that is inlined into its thunk shows up there too; its own name is all that the author knows.
fn without_thunk(place: &str) -> String {
    place.replace(&format!("`{}", thunk::symbol("")), "`")
}

/// The first of the places that need a symbol: a header of C++ may be used by hundreds.
fn some(places: &[String]) -> String {
    const SHOWN: usize = 3;
    match places {
        [] => "nothing visible".to_owned(),
        [shown @ .., _] if shown.len() < SHOWN => places.join(", "),
        _ => format!("{} and {} more", places[..SHOWN].join(", "), places.len() - SHOWN),
    }
}

fn describe(missing: &Missing<'_>) -> String {
    let mut text = String::new();
    for (symbol, needs) in missing {
        let mut levels: BTreeMap<Platform, Vec<&str>> = BTreeMap::new();
        let mut places: Vec<String> = Vec::new();
        for (platform, isa, of) in needs {
            levels.entry(*platform).or_default().push(isa);
            for place in of.iter().map(|place| without_thunk(place)) {
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        let levels = levels.iter().map(|(platform, isas)| format!("{platform} ({})", isas.join(", ")));
        let levels = levels.collect::<Vec<_>>().join(", ");
        let places = some(&places);
        let elsewhere = runtime_symbols::ALL.iter().find(|known| known.name == *symbol);
        let hint = match (hints::of(symbol), elsewhere) {
            (Some(hint), _) => {
                format!("{hint}; if every system that loads the module has it, `--allow-import {symbol}`")
            }
            (None, Some(known)) => {
                let has =
                    known.platforms.iter().map(|platform| platform.name()).collect::<Vec<_>>().join(", ");
                format!("only {has} has it; write it portably, or `--allow-import {symbol}`")
            }
            (None, None) => {
                format!(
                    "define it, or, if every system that loads the module has it, `--allow-import {symbol}`"
                )
            }
        };
        if !text.is_empty() {
            text.push('\n');
        }
        text += &format!("undefined symbol `{symbol}`, needed by {places} on {levels}\nhint: {hint}");
    }
    text
}
