//! Describes a module as plain data: functions, producers, vectors, writable variables.

use std::collections::{BTreeSet, HashMap};
use std::ffi::CStr;

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::{
    LLVMGetFirstNamedMetadata, LLVMGetMDNodeNumOperands, LLVMGetMDNodeOperands, LLVMGetMDString,
    LLVMGetNamedMetadataName, LLVMGetNamedMetadataNumOperands, LLVMGetNamedMetadataOperands,
    LLVMGetNextNamedMetadata, LLVMIsAMDString,
};
use inkwell::module::Module;

use super::ir::{self, Type, Value};
use super::only;
use super::session::Session;
use crate::error::Result;
use crate::function_info::{Access, FunctionInfo, IrParam, IrType};
use crate::prepare::Warning;
use crate::{debug_info, metadata};

/// The text of a module that has debug metadata.
pub fn debug_text(module: &Module<'_>) -> Option<String> {
    let has_units = operand_count(module, c"llvm.dbg.cu") > 0;
    has_units.then(|| module.print_to_string().to_string_lossy().into_owned())
}

/// Every function that is not an intrinsic; `debug` is the module's text, if that tells the types of the source, and `accesses`
/// says by function what is done to the memory behind each parameter.
pub fn functions(
    module: &Module<'_>,
    debug: Option<&str>,
    accesses: &HashMap<String, Vec<Access>>,
) -> Vec<FunctionInfo> {
    let mut debug = debug.map(debug_info::signatures).unwrap_or_default().into_iter();
    let mut found = Vec::new();
    for function in ir::functions(module) {
        let defined = !function.is_declaration();
        // The n-th `define` of the text is the n-th definition.
        let debug = if defined { debug.next().flatten() } else { None };
        if function.is_intrinsic() {
            continue;
        }
        let ty = function.value_type();
        let name = function.name();
        let accesses = accesses.get(&name).map(Vec::as_slice).unwrap_or_default();
        let params = ty.param_types().into_iter().enumerate().map(|(index, ty)| IrParam {
            ty: ir_type(ty),
            restrict: function.param_has(index, "noalias"),
            indirect: ["byval", "sret", "inalloca", "preallocated"]
                .into_iter()
                .find(|name| function.param_has(index, name))
                .map(str::to_owned),
            access: accesses.get(index).copied().unwrap_or_default(),
        });
        found.push(FunctionInfo {
            name,
            defined,
            local: function.is_local(),
            calling_convention: function.calling_convention(),
            variadic: ty.is_variadic(),
            params: params.collect(),
            ret: ir_type(ty.return_type()),
            debug,
        });
    }
    found
}

fn ir_type(ty: Type<'_>) -> IrType {
    match ty.kind() {
        LLVMTypeKind::LLVMVoidTypeKind => IrType::Void,
        LLVMTypeKind::LLVMFloatTypeKind => IrType::Float,
        LLVMTypeKind::LLVMDoubleTypeKind => IrType::Double,
        LLVMTypeKind::LLVMPointerTypeKind => IrType::Pointer,
        _ => match ty.int_bits() {
            Some(bits) => IrType::Int(bits),
            None => IrType::Other(ty.to_string()),
        },
    }
}

fn operand_count(module: &Module<'_>, name: &CStr) -> u32 {
    // SAFETY: the module is alive and the name terminated.
    unsafe { LLVMGetNamedMetadataNumOperands(module.as_mut_ptr(), name.as_ptr()) }
}

/// The strings among the operands of the nodes of a named metadata list.
fn strings(module: &Module<'_>, name: &CStr) -> Vec<String> {
    let mut nodes = vec![std::ptr::null_mut(); operand_count(module, name) as usize];
    let mut found = Vec::new();
    // SAFETY: LLVM fills as many operands as it counts; an operand may be null; a string is `len` bytes of LLVM's.
    unsafe {
        LLVMGetNamedMetadataOperands(module.as_mut_ptr(), name.as_ptr(), nodes.as_mut_ptr());
        for node in nodes {
            let mut operands = vec![std::ptr::null_mut(); LLVMGetMDNodeNumOperands(node) as usize];
            LLVMGetMDNodeOperands(node, operands.as_mut_ptr());
            for operand in operands {
                if operand.is_null() || LLVMIsAMDString(operand).is_null() {
                    continue;
                }
                let mut len = 0;
                let start = LLVMGetMDString(operand, &raw mut len);
                let bytes = std::slice::from_raw_parts(start.cast::<u8>(), len as usize);
                found.push(String::from_utf8_lossy(bytes).into_owned());
            }
        }
    }
    found
}

/// Who made the module, by `llvm.ident`.
pub fn producers(module: &Module<'_>) -> BTreeSet<String> {
    strings(module, IDENT).iter().map(|text| metadata::without_path_words(text)).collect()
}

const IDENT: &CStr = c"llvm.ident";

/// The named lists that stored bitcode must not have.
pub fn foreign_lists(module: &Module<'_>) -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: the module is alive, and its lists are walked without changing them; a name is `len` bytes of LLVM's.
    unsafe {
        let mut list = LLVMGetFirstNamedMetadata(module.as_mut_ptr());
        while !list.is_null() {
            let mut len = 0;
            let start = LLVMGetNamedMetadataName(list, &raw mut len);
            let name = std::slice::from_raw_parts(start.cast::<u8>(), len);
            names.push(String::from_utf8_lossy(name).into_owned());
            list = LLVMGetNextNamedMetadata(list);
        }
    }
    let has_path = strings(module, IDENT).iter().any(|text| {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        words != metadata::without_path_words(text)
    });
    names.retain(|name| !metadata::is_kept(name) || (has_path && name == "llvm.ident"));
    names
}

/// Variables that the program may write.
pub fn mutable_globals(file: &str, module: &Module<'_>) -> Option<Warning> {
    let mutable = ir::globals(module).into_iter().filter(|global| {
        !global.is_declaration() && !global.is_constant() && !global.is_intrinsic() && global.is_used()
    });
    let globals: Vec<String> = mutable.map(Value::name).collect();
    (!globals.is_empty()).then(|| Warning::MutableGlobals { file: file.to_owned(), globals })
}

/// Functions that were vectorised before, with a vector type of theirs. One that asks for features of its own was written so. A
/// vector of less than 128 bits is how x86-64 passes a complex number.
pub fn vectorised(file: &str, module: &Module<'_>) -> Option<Warning> {
    let mut found = Vec::new();
    let mut vector = String::new();
    for function in ir::functions(module) {
        if function.is_declaration() || function.attribute("target-features").is_some() {
            continue;
        }
        let mut types = function.instructions().into_iter().map(Value::ty);
        if let Some(ty) = types.find(|ty| ty.vector_bits() >= 128) {
            found.push(function.name());
            if vector.is_empty() {
                vector = ty.to_string();
            }
        }
    }
    (!found.is_empty()).then(|| Warning::Vectorised { file: file.to_owned(), functions: found, vector })
}

/// The vector types of a module's functions, sorted, without repeats: stored bitcode may have none that its input had not.
pub fn vector_types(bitcode: &[u8]) -> Result<Vec<String>> {
    let session = Session::new();
    let module = session.parse_own("bitcode", bitcode)?;
    let mut found = BTreeSet::new();
    for function in ir::functions(&module) {
        for instruction in function.instructions() {
            let types =
                std::iter::once(instruction.ty()).chain(instruction.operands().into_iter().map(Value::ty));
            found.extend(types.filter(|ty| ty.is_vector()).map(|ty| ty.to_string()));
        }
    }
    Ok(found.into_iter().collect())
}

/// The text of stored bitcode, as it is, or of the functions with these symbols.
pub fn text(bitcode: &[u8], functions: &[String]) -> Result<Vec<u8>> {
    let session = Session::new();
    let module = session.parse_own("bitcode", bitcode)?;
    Ok(only::text(&module, &only::named(&module, functions)?))
}
