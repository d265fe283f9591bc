//! Placing the text, with the stubs through which calls go that cannot go straight. Pure.
//!
//! A stub jumps to an address that it holds, so it reaches everything; a call only has to reach a stub. Stubs stand in islands.
//! Where one branch spans all of the text, as nearly always, there is a single island, behind it, with a stub for each outside
//! function that is called. Longer text is cut, between sections, into runs that a branch spans, with islands before, between and
//! behind them; each call that may leave its run has a stub in the nearer of the two islands around it, half a run away.
//! Whether a call takes its stub shows when addresses are known.

use std::collections::BTreeSet;

use crate::error::LinkError;
use crate::layout::{Cursor, StubLayout};
use crate::object::{Object, Place, Relocation, Section, SectionId, SectionKind, SymbolId, SymbolKind};
use crate::relocate::{StubShape, stub};

/// Where a stub leads: the symbol, and what is added to its address.
pub(crate) type Callee = (SymbolId, i64);

/// Where a relocation's stub would lead, if its kind may take one.
pub(crate) fn callee(relocation: &Relocation) -> Option<Callee> {
    let kind = relocation.kind;
    kind.may_need_stub().then(|| (relocation.symbol, kind.callee_addend(relocation.addend)))
}

/// Places the sections of text, giving where each begins in `starts`, and stubs; `outside` are the outside functions that are called.
pub(crate) fn place_text(
    object: &Object<'_>,
    outside: &mut Vec<Callee>,
    cursor: &mut Cursor,
    starts: &mut [u64],
) -> Result<Vec<StubLayout>, LinkError> {
    let shape = stub(object.arch);
    let mut stubs = Vec::with_capacity(outside.len());
    let start = cursor.at;
    place_sections(object, 0..object.sections.len(), cursor, starts)?;
    outside.sort_unstable();
    outside.dedup();
    let island = shape.align + shape.size * outside.len() as u64;
    if cursor.at - start + island <= shape.reach {
        place_island(outside.iter(), shape, cursor, &mut stubs)?;
        return Ok(stubs);
    }
    cursor.at = start;
    let runs = runs(object, shape.reach);
    let islands = islands(object, &runs, outside);
    for (run, island) in runs.iter().zip(&islands) {
        place_island(island.iter(), shape, cursor, &mut stubs)?;
        // So every section is where in its run it was when the run was measured.
        cursor.take("the code", 0, run.align)?;
        place_sections(object, run.sections.clone(), cursor, starts)?;
    }
    for island in islands.iter().skip(runs.len()) {
        place_island(island.iter(), shape, cursor, &mut stubs)?;
    }
    stubs.sort_unstable_by_key(|stub| (stub.callee, stub.offset));
    Ok(stubs)
}

fn is_text(section: &Section<'_>) -> bool {
    section.kind == SectionKind::Text
}

fn place_sections(
    object: &Object<'_>,
    range: std::ops::Range<usize>,
    cursor: &mut Cursor,
    starts: &mut [u64],
) -> Result<(), LinkError> {
    let sections = object.sections.iter().zip(starts).take(range.end).skip(range.start);
    for (section, start) in sections.filter(|(section, _)| is_text(section)) {
        *start = cursor.take(section.name, section.size, section.align)?;
    }
    Ok(())
}

fn place_island<'c>(
    callees: impl Iterator<Item = &'c Callee>,
    shape: StubShape,
    cursor: &mut Cursor,
    stubs: &mut Vec<StubLayout>,
) -> Result<(), LinkError> {
    for callee in callees {
        let offset = cursor.take("the call stubs", shape.size, shape.align)?;
        stubs.push(StubLayout { callee: *callee, offset });
    }
    Ok(())
}

/// Sections of text, among others, that follow each other without an island.
struct Run {
    sections: std::ops::Range<usize>,
    size: u64,
    align: u64,
    /// Whether a branch spans it; a single section may be longer.
    spanned: bool,
}

fn runs(object: &Object<'_>, reach: u64) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, section) in object.sections.iter().enumerate().filter(|(_, section)| is_text(section)) {
        let end = |run: &Run| run.size.next_multiple_of(section.align) + section.size;
        match runs.last_mut().filter(|run| end(run) <= reach) {
            Some(run) => {
                run.size = end(run);
                run.align = run.align.max(section.align);
                run.sections.end = index + 1;
            }
            None => runs.push(Run {
                sections: index..index + 1,
                size: section.size,
                align: section.align,
                spanned: section.size <= reach,
            }),
        }
    }
    runs
}

/// The stubs of the island before each run, and of the last one. Fields outside the text that hold a distance to a function are as
/// wide as the image: their stubs are in the last one.
fn islands(object: &Object<'_>, runs: &[Run], outside: &[Callee]) -> Vec<BTreeSet<Callee>> {
    let mut islands = vec![BTreeSet::new(); runs.len() + 1];
    let mut in_text = BTreeSet::new();
    for (number, run) in runs.iter().enumerate() {
        let mut start: u64 = 0;
        for (index, section) in
            object.sections.iter().enumerate().take(run.sections.end).skip(run.sections.start)
        {
            if !is_text(section) {
                continue;
            }
            start = start.next_multiple_of(section.align);
            for relocation in &section.relocations {
                let Some(callee) = callee(relocation) else { continue };
                if !leaves(object, run, index, relocation) {
                    continue;
                }
                in_text.insert(callee);
                let second_half = start + relocation.offset > run.size / 2;
                if let Some(island) = islands.get_mut(number + usize::from(second_half)) {
                    island.insert(callee);
                }
            }
            start += section.size;
        }
    }
    if let Some(last) = islands.last_mut() {
        last.extend(outside.iter().filter(|callee| !in_text.contains(callee)));
    }
    islands
}

/// Whether a call in the section `index` of `run` may go farther than a branch reaches.
fn leaves(object: &Object<'_>, run: &Run, index: usize, relocation: &Relocation) -> bool {
    let Some(symbol) = object.symbols.get(relocation.symbol.0 as usize) else { return false };
    match symbol.place {
        Place::Undefined => true,
        Place::Section(SectionId(home), _) => {
            let home = home as usize;
            // Within a section only functions may lose what a stub overwrites (AAELF64, call and jump relocations).
            let may_stub = home != index || symbol.kind == SymbolKind::Function;
            may_stub
                && !(run.spanned && run.sections.contains(&home))
                && object.sections.get(home).is_some_and(is_text)
        }
        Place::Absolute(_) | Place::Common(..) | Place::Discarded => false,
    }
}
