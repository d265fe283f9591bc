//! Compiler builtins, linked into a module that needs them, so that no object depends on a compiler's run-time library.

use inkwell::llvm_sys::LLVMLinkage;
use inkwell::llvm_sys::core::*;
use inkwell::llvm_sys::linker::LLVMLinkModules2;
use inkwell::module::Module;
use object::{Object, ObjectSymbol};

use super::ir::{self, Value};
use super::session::Session;
use crate::error::{Error, Result};

/// The library, made of `builtins/builtins.c`.
const LIBRARY: &str = include_str!("builtins/builtins.ll");

/// What instruction selection calls by name, over the library.
const NAMED: &str = include_str!("builtins/named.ll");

/// The functions that `named.ll` defines.
const NAMES: &[&str] = &["__extendhfsf2", "__truncdfbf2", "__truncdfhf2", "__truncsfbf2", "__truncsfhf2"];

/// Complex arithmetic that C front ends call, and the function of the library behind it.
const COMPLEX: &[(&str, &str, Element)] = &[
    ("__muldc3", "__pixie_mul_complex", Element::Double),
    ("__divdc3", "__pixie_div_complex", Element::Double),
    ("__mulsc3", "__pixie_mul_complex_float", Element::Float),
    ("__divsc3", "__pixie_div_complex_float", Element::Float),
];

#[derive(Clone, Copy)]
enum Element {
    Float,
    Double,
}

/// Links the library for what the module calls of it, and hides it.
pub fn link(session: &Session, module: &Module<'_>) -> Result<()> {
    let names = link_text(session, module, "builtins", LIBRARY)?;
    for function in names.iter().filter_map(|name| ir::function(module, name)) {
        function.set_linkage(LLVMLinkage::LLVMInternalLinkage);
    }
    Ok(())
}

/// Links a text; returns the names of what it defines for others. Its local functions may have names of the module's own.
pub(super) fn link_text(
    session: &Session,
    module: &Module<'_>,
    name: &str,
    text: &str,
) -> Result<Vec<String>> {
    let library = session.parse_own(name, text.as_bytes())?;
    let names = ir::definitions(&library);
    let names = names.into_iter().filter(|value| !value.is_local()).map(Value::name).collect();
    let raw = library.as_mut_ptr();
    library.set_triple(&module.get_triple());
    library.set_data_layout(&module.get_data_layout());
    // LLVM takes the library over.
    std::mem::forget(library);
    // SAFETY: both modules are alive and of one context; the library is not used after this.
    let failed = unsafe { LLVMLinkModules2(module.as_mut_ptr(), raw) } != 0;
    match session.take_errors() {
        None if !failed => Ok(names),
        message => Err(Error::Llvm { message: format!("cannot link the compiler builtins: {message:?}") }),
    }
}

/// Defines the complex functions that the module declares and calls, each with the very type that it is declared with: the ABI of
/// a returned pair is a struct, a vector, an integer or an address, by platform. Says whether the library is needed.
pub fn define_complex(module: &Module<'_>) -> bool {
    let mut needed = false;
    for (name, behind, element) in COMPLEX {
        let declared = ir::function(module, name).filter(|function| function.is_declaration());
        if let Some(function) = declared {
            define(module, function, behind, *element);
            needed = true;
        }
    }
    needed
}

fn define(module: &Module<'_>, function: Value<'_>, behind: &str, element: Element) {
    let ret = function.value_type().return_type();
    let by_address = ret.to_string() == "void";
    let params = function.params();
    let numbers = params.get(usize::from(by_address)..).unwrap_or_default();
    // SAFETY: the function is a declaration, which gets one block; the builder is freed. Memory of the size of the result, at least
    // that of two elements, stands between the library's pair and the declared type.
    unsafe {
        let context = LLVMGetModuleContext(module.as_mut_ptr());
        let number = match element {
            Element::Float => LLVMFloatTypeInContext(context),
            Element::Double => LLVMDoubleTypeInContext(context),
        };
        let none = c"".as_ptr();
        let builder = LLVMCreateBuilderInContext(context);
        LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function.raw(), none));
        let place = match params.first() {
            Some(first) if by_address => first.raw(),
            _ => LLVMBuildAlloca(builder, LLVMArrayType2(number, 2), none),
        };
        if !by_address {
            LLVMSetAlignment(place, 16);
        }
        let pointer = LLVMPointerTypeInContext(context, 0);
        let mut types = [number, number, number, number, pointer];
        let ty = LLVMFunctionType(LLVMVoidTypeInContext(context), types.as_mut_ptr(), 5, 0);
        let callee = match ir::function(module, behind) {
            Some(callee) => callee.raw(),
            None => LLVMAddFunction(module.as_mut_ptr(), ir::c_string(behind).as_ptr(), ty),
        };
        let mut args: Vec<_> = numbers.iter().take(4).map(|value| value.raw()).collect();
        args.resize(4, LLVMConstReal(number, 0.0));
        args.push(place);
        LLVMBuildCall2(builder, ty, callee, args.as_mut_ptr(), 5, none);
        if by_address {
            LLVMBuildRetVoid(builder);
        } else {
            LLVMBuildRet(builder, LLVMBuildLoad2(builder, ret.raw(), place, none));
        }
        LLVMDisposeBuilder(builder);
    }
    function.set_linkage(LLVMLinkage::LLVMInternalLinkage);
}

/// The named builtins among the undefined symbols of an object.
pub fn missing(object: &[u8]) -> Result<Vec<String>> {
    let error = |error| Error::Llvm { message: format!("wrote an object that cannot be read: {error}") };
    let object = object::File::parse(object).map_err(error)?;
    let strip = matches!(object.format(), object::BinaryFormat::MachO);
    let undefined = object.symbols().filter(ObjectSymbol::is_undefined);
    let names = undefined.filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    let names = names.map(|name| match name.strip_prefix('_') {
        Some(rest) if strip => rest.to_owned(),
        _ => name,
    });
    Ok(names.filter(|name| NAMES.contains(&name.as_str())).collect())
}

/// Links the named builtins, of which `names` are kept though nothing in the IR calls them. Whoever removes unused definitions
/// next must call `hide` after that.
pub fn link_named(session: &Session, module: &Module<'_>, names: &[String]) -> Result<()> {
    link_text(session, module, "named builtins", NAMED)?;
    link(session, module)?;
    for name in NAMES {
        if let Some(function) = ir::function(module, name)
            && !names.iter().any(|kept| kept == name)
        {
            function.set_linkage(LLVMLinkage::LLVMInternalLinkage);
        }
    }
    Ok(())
}

/// Hides the named builtins that were kept.
pub fn hide(module: &Module<'_>, names: &[String]) {
    for name in names {
        if let Some(function) = ir::function(module, name) {
            function.set_linkage(LLVMLinkage::LLVMInternalLinkage);
        }
    }
}
