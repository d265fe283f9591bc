//! `pixie run`: call a function of a module with arguments from the command line.

mod calls;

use std::fmt::Write;

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::signature::{Array, Dim, Mode, Param, Return, Scalar, Signature, Type};
use pixie_format::{Platform, thunk};
use pixie_ld::{LoadOptions, LoadedModule};
use serde_json::json;

use super::values::{ArrayValue, render_slot, shape_text, slot};
use super::{print, print_json};
use crate::args::RunArgs;
use crate::files;

/// An argument as the thunk gets it; arrays stay here so that they outlive the call.
enum Argument {
    Slot(u64),
    Array(ArrayValue),
}

pub fn run(args: &RunArgs) -> Result<()> {
    // An empty variable is one that is not set.
    let isa = args.isa.as_deref().filter(|isa| !isa.is_empty());
    let chosen = LoadOptions::from_variables(std::env::var_os)?.run_as(args.platform);
    let options = |isa| chosen.at_level(isa);
    files::check_regular(&args.file)?;
    if let Some(calls) = &args.calls {
        return calls::run(&args.file, calls, isa, options);
    }
    let Some(function) = &args.function else {
        unreachable!("clap asks for a function unless there is --calls")
    };
    let module = pixie_ld::load_file(&args.file, &options(isa.map(str::to_owned)))?;
    for warning in module.warnings() {
        eprintln!("warning: {warning}");
    }
    let index = find(&module, function)?;
    let export = &module.exports()[index];
    let signature = &module.signature(export)?;
    let mut arguments =
        bind(signature, &args.arguments, module.platform()).with_context(|| format!("`{signature}`"))?;
    let mut slots: Vec<u64> = arguments
        .iter_mut()
        .map(|argument| match argument {
            Argument::Slot(slot) => *slot,
            Argument::Array(array) => array.address(),
        })
        .collect();
    // A thunk of a function without parameters reads nothing, but a dangling address is nothing to hand on.
    slots.push(0);
    let mut ret = 0u64;
    // SAFETY: there is one slot for each parameter, in the forms of spec §8.2; arrays have the shapes that the signature
    // demands and live in `arguments` until after the call.
    unsafe { export.call(slots.as_ptr(), &raw mut ret) };
    report(args, &module, signature, &arguments, ret)
}

fn find(module: &LoadedModule, name: &str) -> Result<usize> {
    module.exports().iter().position(|export| &*export.name == name).ok_or_else(|| {
        let names: Vec<String> = module.exports().iter().map(|export| format!("`{}`", export.name)).collect();
        anyhow!(
            "the module `{}` has no function `{name}`\nhint: it has {}",
            module.manifest().name,
            names.join(", ")
        )
    })
}

/// Turns words into slots: hidden parameters come from shapes, `out` arrays are made.
fn bind(signature: &Signature, words: &[String], platform: Platform) -> Result<Vec<Argument>> {
    let visible = |index: usize, param: &Param| !signature.is_hidden(index) && param.mode != Mode::Out;
    let mut words = words.iter();
    let mut values: Vec<Option<i128>> = vec![None; signature.params.len()];
    let mut bound: Vec<Option<Argument>> = Vec::new();
    for (index, param) in signature.params.iter().enumerate() {
        if !visible(index, param) {
            bound.push(None);
            continue;
        }
        let default = param.default.map(|default| default.to_string());
        let word = words
            .next()
            .cloned()
            .or(default)
            .ok_or_else(|| anyhow!("the argument `{}` is missing", param.name))?;
        let named = || format!("argument `{}`", param.name);
        bound.push(Some(match &param.ty {
            Type::Array(array) if array.optional && word == "None" => Argument::Slot(0),
            Type::Array(array) => {
                let value = ArrayValue::parse(&word, array.element, array.dims.len(), platform)
                    .with_context(named)?;
                learn(signature, array, param.mode, &value, &mut values).with_context(named)?;
                Argument::Array(value)
            }
            Type::Scalar(scalar) => {
                let bits = slot(&word, *scalar, platform).with_context(named)?;
                values[index] =
                    scalar.is_integer().then(|| render_slot(bits, *scalar, platform).parse().unwrap_or(0));
                Argument::Slot(bits)
            }
            Type::Ptr => bail!("argument `{}` is a bare address, which cannot be given here", param.name),
        }));
    }
    if words.next().is_some() {
        let expected =
            signature.params.iter().enumerate().filter(|(index, param)| visible(*index, param)).count();
        bail!("expected {expected} arguments, found {}", expected + 1 + words.count());
    }
    complete(signature, bound, &values, platform)
}

/// Takes parameters from the shape of an array that determines them.
fn learn(
    signature: &Signature,
    array: &Array,
    mode: Mode,
    value: &ArrayValue,
    values: &mut [Option<i128>],
) -> Result<()> {
    if value.shape.len() != array.dims.len() {
        bail!(
            "expected {}, found an array of shape {}",
            signature.array_text(array),
            shape_text(&value.shape)
        );
    }
    for (dim, extent) in array.dims.iter().zip(&value.shape) {
        if let (Dim::Param(index), true) = (dim, mode != Mode::Out && !array.optional) {
            values[*index].get_or_insert(i128::from(*extent));
        }
    }
    if let pixie_format::signature::Layout::Strided(index) = array.layout {
        values[index].get_or_insert(1);
    }
    Ok(())
}

fn complete(
    signature: &Signature,
    bound: Vec<Option<Argument>>,
    values: &[Option<i128>],
    platform: Platform,
) -> Result<Vec<Argument>> {
    let mut arguments = Vec::new();
    for ((index, param), argument) in signature.params.iter().enumerate().zip(bound) {
        let argument = match (argument, &param.ty) {
            (Some(Argument::Array(value)), Type::Array(array)) => {
                let expected = shape(signature, array, values)?;
                if value.shape != expected {
                    bail!(
                        "argument `{}`: expected the shape {} for {}, found {}",
                        param.name,
                        shape_text(&expected),
                        signature.array_text(array),
                        shape_text(&value.shape)
                    );
                }
                Argument::Array(value)
            }
            (Some(argument), _) => argument,
            (None, Type::Array(array)) => {
                let shape = shape(signature, array, values)?;
                Argument::Array(ArrayValue::zeros(array.element, shape, platform)?)
            }
            (None, Type::Scalar(scalar)) => {
                let value = values[index]
                    .ok_or_else(|| anyhow!("`{}` is not determined by any array", param.name))?;
                Argument::Slot(
                    slot(&value.to_string(), *scalar, platform)
                        .with_context(|| format!("dimension `{}`", param.name))?,
                )
            }
            (None, Type::Ptr) => {
                bail!("argument `{}` is a bare address, which cannot be given here", param.name)
            }
        };
        arguments.push(argument);
    }
    Ok(arguments)
}

fn shape(signature: &Signature, array: &Array, values: &[Option<i128>]) -> Result<Vec<u64>> {
    array
        .dims
        .iter()
        .map(|dim| {
            evaluate(dim, values)
                .and_then(|extent| u64::try_from(extent).ok())
                .ok_or_else(|| anyhow!("the extent `{}` has no valid value", signature.dim_text(dim)))
        })
        .collect()
}

fn evaluate(dim: &Dim, values: &[Option<i128>]) -> Option<i128> {
    match dim {
        Dim::Const(value) => Some(i128::from(*value)),
        Dim::Param(index) => values[*index],
        Dim::Add(a, b) => evaluate(a, values)?.checked_add(evaluate(b, values)?),
        Dim::Sub(a, b) => evaluate(a, values)?.checked_sub(evaluate(b, values)?),
        Dim::Mul(a, b) => evaluate(a, values)?.checked_mul(evaluate(b, values)?),
    }
}

fn report(
    args: &RunArgs,
    module: &LoadedModule,
    signature: &Signature,
    arguments: &[Argument],
    ret: u64,
) -> Result<()> {
    let platform = module.platform();
    let result = match signature.ret {
        Return::Void => None,
        Return::Scalar(scalar) => Some(render_slot(ret, scalar, platform)),
        Return::Status => Some(render_slot(ret, Scalar::I32, platform)),
        Return::Ptr => Some(format!("{ret:#x}")),
    };
    debug_assert_eq!(thunk::Slot::of_return(signature.ret, platform).is_none(), result.is_none());
    let written = signature.params.iter().zip(arguments).filter_map(|(param, argument)| match argument {
        Argument::Array(array) if param.mode != Mode::In => {
            Some((param.name.as_str(), array.render(platform)))
        }
        _ => None,
    });
    if args.json {
        let arrays: serde_json::Map<String, serde_json::Value> =
            written.map(|(name, text)| (name.to_owned(), json!(text))).collect();
        return print_json(&json!({"result": result, "arrays": arrays, "isa": module.variant().isa}));
    }
    let mut out = String::new();
    if let Some(result) = result {
        writeln!(out, "{result}")?;
    }
    for (name, text) in written {
        writeln!(out, "{name} = {text}")?;
    }
    print(&out)
}
