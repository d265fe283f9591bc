//! The join step: prepared modules become one, in which the calls between them are ordinary calls that can be inlined.

use std::fmt::Write as _;

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::LLVMGetCalledFunctionType;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;

use super::compile::internalise;
use super::ir::{self, Type, Value};
use super::prepare::link;
use super::session::Session;
use super::{describe, retarget, target};
use crate::error::{Error, Result};
use crate::join::{Argument, BoundFunction, JoinRequest, Part};
use crate::prepare::Warning;

/// Joins, and returns the bitcode.
pub fn join(request: &JoinRequest) -> Result<Vec<u8>> {
    let session = Session::new();
    let machine = target::baseline(request.platform)?;
    let mut neutral = true;
    let mut modules = Vec::with_capacity(request.parts.len());
    for part in &request.parts {
        let module = session.parse_own(&part.name, &part.bitcode)?;
        retarget::check(&module, &machine, request.platform)?;
        neutral &= module.get_triple().as_str().is_empty();
        internal(&module, part)?;
        modules.push(module);
    }
    let mut whole: Option<Module<'_>> = None;
    for (module, part) in modules.into_iter().zip(&request.parts) {
        if !neutral {
            retarget::retarget(&module, &machine, request.platform.triple());
        }
        whole = Some(match whole {
            None => module,
            Some(whole) => link(&session, whole, module, &part.name)?,
        });
    }
    let Some(mut module) = whole else {
        return Err(Error::Llvm { message: "nothing to join".to_owned() });
    };
    let visible = request.parts.iter().flat_map(|part| &part.visible).map(|(_, name)| name.as_str());
    let caller = request.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join("`, `");
    called_rightly(&module, &visible.collect::<Vec<_>>(), &caller)?;
    if let Some(bound) = &request.bound {
        module = bind(&session, module, bound, &machine)?;
    }
    module.verify().map_err(|message| Error::Llvm { message: message.to_string() })?;
    Ok(module.write_bitcode_to_memory().as_slice().to_vec())
}

/// Leaves of a module's definitions only the visible ones to the others, under their new names.
fn internal(module: &Module<'_>, part: &Part) -> Result<()> {
    let mut symbols: Vec<&str> = part.visible.iter().map(|(symbol, _)| symbol.as_str()).collect();
    symbols.sort_unstable();
    internalise(module, &symbols);
    let missing = |symbol: &str| Error::Llvm {
        message: format!("the bitcode of `{}` does not define `{symbol}`", part.name),
    };
    let values: Vec<(Value<'_>, &str)> = part
        .visible
        .iter()
        .map(|(symbol, name)| {
            let found = ir::function(module, symbol).filter(|function| !function.is_declaration());
            Ok((found.ok_or_else(|| missing(symbol))?, name.as_str()))
        })
        .collect::<Result<_>>()?;
    for (value, name) in values {
        value.set_name(name);
    }
    Ok(())
}

/// Adds the bound function, and sees to it that what it calls is inlined into it.
fn bind<'c>(
    session: &'c Session,
    module: Module<'c>,
    bound: &BoundFunction,
    machine: &TargetMachine,
) -> Result<Module<'c>> {
    let text = text(&module, bound)?;
    let caller = session.parse_own("bound function", text.as_bytes())?;
    retarget_as(&caller, &module);
    let module = link(session, module, caller, &bound.symbol)?;
    internalise(&module, &[bound.symbol.as_str()]);
    let named = |name: &str| ir::function(&module, name).ok_or_else(|| undefined(name));
    let mut functions = Vec::new();
    for argument in &bound.arguments {
        if let Argument::Function(name) = argument {
            functions.push(named(name)?);
        }
    }
    for function in functions.iter().copied().chain([named(&bound.calls)?]) {
        for hindrance in ["noinline", "optnone"] {
            function.remove_enum_attribute(hindrance);
        }
        function.set_enum_attribute("alwaysinline", 0);
    }
    state(&module, bound, machine)?;
    // Which function a pointer is, is known once the caller is part of the new function.
    let copy = module.clone();
    run(&copy, machine, "always-inline,function(sroa),ipsccp,always-inline,function(sroa)")?;
    let names = bound.arguments.iter().filter_map(|argument| match argument {
        Argument::Function(name) => Some(name.as_str()),
        _ => None,
    });
    called_rightly(&copy, &names.collect::<Vec<_>>(), &bound.symbol)?;
    Ok(module)
}

fn undefined(name: &str) -> Error {
    Error::Llvm { message: format!("the bitcode does not define `{name}`") }
}

/// Gives `module` the triple and the data layout of `model`.
fn retarget_as(module: &Module<'_>, model: &Module<'_>) {
    module.set_triple(&model.get_triple());
    module.set_data_layout(&model.get_data_layout());
}

/// The bound function as text: what it calls is declared with the type and the extensions that it has.
fn text(module: &Module<'_>, bound: &BoundFunction) -> Result<String> {
    let callee = ir::function(module, &bound.calls).ok_or_else(|| undefined(&bound.calls))?;
    let ty = callee.value_type();
    let types = ty.param_types();
    if types.len() != bound.arguments.len() {
        let message = format!("`{}` has {} parameters in the bitcode", bound.calls, types.len());
        return Err(Error::Llvm { message });
    }
    let mut declared = Vec::new();
    let mut taken = Vec::new();
    let mut given = Vec::new();
    let mut functions = String::new();
    for (index, (argument, ty)) in bound.arguments.iter().zip(types).enumerate() {
        let extension = ["zeroext", "signext"].into_iter().find(|name| callee.param_has(index, name));
        let typed = format!("{ty} {}", extension.unwrap_or_default());
        match argument {
            Argument::Passed => {
                taken.push(format!("{typed} %a{index}"));
                given.push(format!("{typed} %a{index}"));
            }
            Argument::Bits(bits) => given.push(format!("{typed} {}", constant(ty, *bits)?)),
            Argument::Function(name) => {
                let function = ir::function(module, name).ok_or_else(|| undefined(name))?;
                let declaration = declaration(name, function);
                if *name != bound.calls && !functions.contains(&declaration) {
                    functions += &declaration;
                }
                given.push(format!("{typed} @\"{name}\""));
            }
        }
        declared.push(typed);
    }
    let result = ty.return_type().to_string();
    // The attribute of a result is no part of its type, and an inlined call needs none of its own.
    let (call, ret) = match result.as_str() {
        "void" => ("call", "ret void".to_owned()),
        _ => ("%r = call", format!("ret {result} %r")),
    };
    let extension = ["zeroext", "signext"].into_iter().find(|name| callee.ret_has(name)).unwrap_or_default();
    let (calls, symbol) = (&bound.calls, &bound.symbol);
    let mut text = functions;
    let _ = write!(
        text,
        "declare {extension} {result} @\"{calls}\"({})\n\
         define {extension} {result} @\"{symbol}\"({}) {{\n  {call} {extension} {result} @\"{calls}\"({})\n  {ret}\n}}\n",
        declared.join(", "),
        taken.join(", "),
        given.join(", ")
    );
    Ok(text)
}

fn declaration(name: &str, function: Value<'_>) -> String {
    let ty = function.value_type();
    let params: Vec<String> = ty.param_types().iter().map(ToString::to_string).collect();
    format!("declare {} @\"{name}\"({})\n", ty.return_type(), params.join(", "))
}

/// A number as a constant of its parameter's type; LLVM writes a `float` as the double of the same value.
fn constant(ty: Type<'_>, bits: u64) -> Result<String> {
    Ok(match ty.kind() {
        LLVMTypeKind::LLVMDoubleTypeKind => format!("0x{bits:016X}"),
        LLVMTypeKind::LLVMFloatTypeKind => {
            format!("0x{:016X}", f64::from(f32::from_bits(bits as u32)).to_bits())
        }
        LLVMTypeKind::LLVMPointerTypeKind if bits == 0 => "null".to_owned(),
        _ => match ty.int_bits() {
            Some(1) => (if bits & 1 == 1 { "true" } else { "false" }).to_owned(),
            Some(width @ 2..=64) => {
                let unused = 64 - width;
                ((bits << unused) as i64 >> unused).to_string()
            }
            _ => return Err(Error::Llvm { message: format!("no constant of the type `{ty}` can be bound") }),
        },
    })
}

/// Refuses variables that the result would have a second copy of.
fn state(module: &Module<'_>, bound: &BoundFunction, machine: &TargetMachine) -> Result<()> {
    let copy = module.clone();
    run(&copy, machine, "globaldce")?;
    match describe::mutable_globals(&bound.symbol, &copy) {
        Some(Warning::MutableGlobals { globals, .. }) => Err(Error::State {
            function: bound.symbol.clone(),
            globals: globals.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        }),
        _ => Ok(()),
    }
}

/// Refuses functions of `names` that are called as if they were of another type: what they would get is anybody's guess. `caller` stands
/// for the result in the error.
fn called_rightly(module: &Module<'_>, names: &[&str], caller: &str) -> Result<()> {
    for function in ir::functions(module) {
        for call in function.instructions() {
            let called = call.callee().filter(|callee| names.contains(&callee.name().as_str()));
            let Some(callee) = called.filter(|callee| callee.is_function()) else { continue };
            // SAFETY: it is a call, in a module that is alive.
            let as_if = unsafe { Type::new(LLVMGetCalledFunctionType(call.raw())) };
            let (found, expected) = (callee.value_type().to_string(), as_if.to_string());
            if found != expected {
                return Err(Error::CalledAs {
                    function: caller.to_owned(),
                    name: callee.name(),
                    found,
                    expected,
                });
            }
        }
    }
    Ok(())
}

fn run(module: &Module<'_>, machine: &TargetMachine, passes: &str) -> Result<()> {
    module
        .run_passes(passes, machine, PassBuilderOptions::create())
        .map_err(|message| Error::Llvm { message: message.to_string() })
}
