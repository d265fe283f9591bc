//! What the module offers: signatures checked on every platform, or derived on every platform and found to agree.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use pixie_format::manifest::{Export, StatusText, Ufunc};
use pixie_format::signature::{ExportSpec, Return};
use pixie_format::{Platform, Signature, thunk};
use pixie_jit::FunctionInfo;
use pixie_jit::signatures::{Checked, check, derive};

use super::bitcode::Prepared;
use super::plan::{Plan, Source, Wanted};

pub fn resolve(plan: &Plan, prepared: &Prepared) -> Result<Vec<Export>> {
    let wanted = if plan.exports.is_empty() { discover(plan, prepared)? } else { plan.exports.clone() };
    let mut exports: Vec<Export> = Vec::new();
    for wanted in wanted {
        let checked = agree(plan, &wanted.spec, prepared)?;
        for warning in &checked.warnings {
            eprintln!("warning: {warning}");
        }
        let signature = checked.signature;
        if signature.name.starts_with("__") && signature.name.ends_with("__") {
            bail!(
                "`{}` is a name that Python gives a meaning of its own\nhint: choose another, `other = {}(…)`",
                signature.name,
                wanted.spec.symbol
            );
        }
        if signature.has_pointers() && !plan.unsafe_pointers {
            bail!("{}", pointer_message(&signature));
        }
        let symbol = wanted.spec.symbol;
        exports.push(Export {
            name: signature.name.clone(),
            signature: signature.to_string(),
            thunk: thunk::symbol(&symbol),
            doc: wanted.doc,
            restrict: checked.restrict,
            status: status(plan, &signature, wanted.status)?,
            metadata: plan
                .export_metadata
                .iter()
                .find(|(name, _)| *name == signature.name)
                .map(|(_, text)| text.clone()),
            gil: plan.gil.iter().find(|(name, _)| *name == signature.name).map(|(_, gil)| *gil),
            ufunc: wanted.ufunc.then(|| ufunc(plan, &signature, &symbol)).transpose()?,
            symbol,
            ..Export::default()
        });
    }
    same_operands(&exports)?;
    let ufuncs = || exports.iter().filter(|export| export.ufunc.is_some());
    if let Some((name, _)) =
        plan.identities.iter().find(|(name, _)| ufuncs().all(|export| export.name != *name))
    {
        bail!("--identity takes the name of a ufunc, found `{name}`\nhint: give its signature with --ufunc");
    }
    are_exports("--gil and --nogil take", plan.gil.iter().map(|(name, _)| name), &exports)?;
    are_exports("--status takes", plan.statuses.iter().map(|(name, _)| name), &exports)?;
    are_exports("--export-metadata takes", plan.export_metadata.iter().map(|(name, _)| name), &exports)?;
    Ok(exports)
}

/// What results mean, ascending by code.
fn status(plan: &Plan, signature: &Signature, mut texts: Vec<StatusText>) -> Result<Vec<StatusText>> {
    let given = plan.statuses.iter().filter(|(name, _)| *name == signature.name);
    texts.extend(given.map(|(_, text)| text.clone()));
    texts.sort_by_key(|text| text.code);
    if let Some(pair) = texts.windows(2).find(|pair| pair[0].code == pair[1].code) {
        bail!("the status {} of `{}` has two meanings\nhint: leave one out", pair[0].code, signature.name);
    }
    if !texts.is_empty() && signature.ret != Return::Status {
        bail!(
            "`{signature}` returns no status, so no meaning of one can be given\nhint: end it with `-> status`"
        );
    }
    Ok(texts)
}

fn ufunc(plan: &Plan, signature: &Signature, symbol: &str) -> Result<Ufunc> {
    let core = signature.has_arrays();
    signature.check_ufunc(core).map_err(|what| anyhow!("`{signature}` cannot be a ufunc: {what}"))?;
    let identity = plan.identities.iter().find(|(name, _)| *name == signature.name);
    if identity.is_some() && !signature.can_reduce() {
        bail!("`{signature}` has an identity, which only a function of two numbers with one result can have");
    }
    Ok(Ufunc {
        inner_loop: thunk::loop_symbol(symbol),
        core,
        identity: identity.map(|(_, identity)| *identity),
    })
}

/// Exports of one name are the types of one ufunc, so their operands are alike.
fn same_operands(exports: &[Export]) -> Result<()> {
    let shape = |export: &Export| -> Result<_> {
        let signature = Signature::parse(&export.signature)?;
        Ok(export.ufunc.as_ref().map(|_| signature.ufunc_shape()))
    };
    for (index, export) in exports.iter().enumerate() {
        let Some(first) = exports[..index].iter().find(|first| first.name == export.name) else { continue };
        if shape(first)? != shape(export)? {
            bail!(
                "`{}` and `{}` share a name, but are not both ufuncs with the same operands and core dimensions\n\
                 hint: give one of them another name",
                first.signature,
                export.signature
            );
        }
    }
    Ok(())
}

/// Whether every name that was given to an option is that of an export.
fn are_exports<'n>(
    takes: &str,
    mut names: impl Iterator<Item = &'n String>,
    exports: &[Export],
) -> Result<()> {
    let Some(name) = names.find(|name| exports.iter().all(|export| export.name != **name)) else {
        return Ok(());
    };
    let known: Vec<String> = exports.iter().map(|export| format!("`{}`", export.name)).collect();
    bail!("{takes} the name of an export, found `{name}`\nhint: expected one of {}", known.join(", "))
}

/// Every external definition whose derived signature has no pointers; the others are named, with what to write for them.
fn discover(plan: &Plan, prepared: &Prepared) -> Result<Vec<Wanted>> {
    let Some((platform, functions)) = prepared.functions().next() else { bail!("there is nothing to build") };
    let mut wanted = Vec::new();
    let mut left_out = Vec::new();
    let mut pointers = false;
    let (mangled, plain): (Vec<_>, Vec<_>) = functions
        .iter()
        .filter(|function| function.defined && !function.local)
        .partition(|function| is_mangled(&function.name));
    for function in plain {
        match derive(functions, platform, &function.name) {
            Ok(checked) if checked.signature.has_pointers() && !plan.unsafe_pointers => {
                // The derived signature is a start for the author's own.
                left_out.push(format!("`{}`", checked.signature));
                pointers = true;
            }
            Ok(_) => {
                let spec = ExportSpec {
                    name: function.name.clone(),
                    symbol: function.name.clone(),
                    signature: None,
                };
                wanted.push(Wanted { spec, doc: None, ufunc: false, status: Vec::new() });
            }
            // With its own hint, on the next line of the list.
            Err(error) => left_out.push(error.to_string().replace('\n', "\n    ")),
        }
    }
    if wanted.is_empty() && left_out.is_empty() && !mangled.is_empty() {
        bail!(
            "the sources define no function that could be exported, only C++ functions\nhint: put those to be exported into `extern \"C\" {{ … }}`"
        );
    }
    if wanted.is_empty() && left_out.is_empty() {
        bail!("the sources define no function that could be exported\nhint: a function must not be static");
    }
    let list = left_out.join("\n  ");
    if wanted.is_empty() {
        match pointers {
            true => bail!("no function can be exported without a signature:\n  {list}\n{ARRAYS_HINT}"),
            false => bail!("no function can be exported:\n  {list}"),
        }
    }
    if !left_out.is_empty() {
        let why = if pointers { ", since they need a signature (--export)" } else { "" };
        eprintln!("note: left out{why}:\n  {list}");
    }
    Ok(wanted)
}

/// Whether a symbol is the name of a C++ function with its types (Itanium C++ ABI §5.1), which differ between platforms.
fn is_mangled(symbol: &str) -> bool {
    symbol.starts_with("_Z")
}

const ARRAYS_HINT: &str = "hint: say which pointers are arrays and how long they are, for example --export 'dot(a: f64[n], b: f64[n], n: usize) -> f64'";

fn pointer_message(signature: &Signature) -> String {
    format!(
        "`{signature}` takes or returns bare addresses\nhint: say what they point to, for example `f64[n]`, `inout f64[m, n]`; or offer it as it is with --unsafe-pointers"
    )
}

/// The signature on every platform; a derived one must come out the same everywhere.
fn agree(plan: &Plan, spec: &ExportSpec, prepared: &Prepared) -> Result<Checked> {
    let mut agreed: Option<(Platform, Checked)> = None;
    for (platform, functions) in prepared.functions() {
        let known = functions.iter().any(|function| function.name == spec.symbol);
        if let (false, Some(path)) = (known, static_in(plan, &spec.symbol)) {
            bail!(
                "`{}` is static in `{}`, so it cannot be exported\nhint: remove the word `static`",
                spec.symbol,
                path.display()
            );
        }
        let checked = one(spec, functions, platform)?;
        match &agreed {
            None => agreed = Some((platform, checked)),
            Some((first, known)) if known.signature != checked.signature => bail!(
                "the signature of `{}` differs between platforms: `{}` on {first}, `{}` on {platform}\nhint: use fixed-width types such as int32_t and int64_t, or write a signature with --export",
                spec.symbol,
                known.signature,
                checked.signature
            ),
            Some((_, known)) if known.restrict != checked.restrict => bail!(
                "the parameters of `{}` that are `restrict` differ between platforms\nhint: is `restrict` behind an #ifdef?",
                spec.symbol
            ),
            Some(_) => {}
        }
    }
    match agreed {
        Some((_, checked)) => Ok(checked),
        None => bail!("there is nothing to build"),
    }
}

/// The C source that seems to define a static function of this name. The front end drops static functions that nothing calls, so
/// the bitcode does not tell.
fn static_in<'p>(plan: &'p Plan, symbol: &str) -> Option<&'p Path> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mentions = |line: &str| {
        let mut words = line.split(|c| !is_word(c)).filter(|word| !word.is_empty());
        words.clone().any(|word| word == "static") && words.any(|word| word == symbol)
    };
    plan.sources
        .iter()
        .map(Source::path)
        .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(mentions)))
}

fn one(spec: &ExportSpec, functions: &[FunctionInfo], platform: Platform) -> Result<Checked> {
    match &spec.signature {
        Some(signature) => Ok(check(functions, platform, &spec.symbol, signature)?),
        None => {
            let mut checked = derive(functions, platform, &spec.symbol)?;
            checked.signature.name.clone_from(&spec.name);
            Ok(checked)
        }
    }
}
