//! `pixie extract`: an object, its bitcode, or a C header of the exports.

use std::fmt::Write;

use anyhow::{Context, Result, anyhow};
use pixie_format::signature::{Mode, Param, Return, Scalar, Type};
use pixie_format::{Manifest, Signature};

use super::{counted, parse, platform_entry, platform_or_host, print, variant};
use crate::args::ExtractArgs;
use crate::files;

pub fn run(args: &ExtractArgs) -> Result<()> {
    files::check_not_input(&args.output, [args.file.as_path()])?;
    let bytes = files::read(&args.file)?;
    let module = parse(&args.file, &bytes)?;
    let manifest = module.manifest();
    let named = || format!("`{}`", args.file.display());
    if args.header {
        let header = header(manifest)?;
        files::write(&args.output, header.as_bytes())?;
        let functions = counted(manifest.exports.len(), "function");
        return print(&format!("{}: {functions}\n", args.output.display()));
    }
    let platform = platform_or_host(args.platform)?;
    let entry = platform_entry(manifest, platform).with_context(named)?;
    let chosen = variant(entry, platform, &args.isa).with_context(named)?;
    let (what, id) = if args.bitcode {
        let bitcode = manifest
            .bitcode_of(platform, chosen)
            .ok_or_else(|| anyhow!("the module holds no bitcode for {platform}"))
            .with_context(named)?;
        ("bitcode", bitcode.blob)
    } else {
        ("object", chosen.object)
    };
    let blob = module.blob(id).with_context(named)?;
    files::write(&args.output, blob)?;
    print(&format!("{}: {what} {platform} {}, {} bytes\n", args.output.display(), chosen.isa, blob.len()))
}

/// C declarations that match the compiled functions.
fn header(manifest: &Manifest) -> Result<String> {
    let guard = format!("PIXIE_{}_H", manifest.name.to_uppercase());
    let mut out = format!(
        "/* The functions of the fat module `{}`. */\n#ifndef {guard}\n#define {guard}\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
        manifest.name
    );
    let mut declared = Vec::new();
    for export in &manifest.exports {
        let signature = Signature::parse(&export.signature)?;
        writeln!(out, "/* {signature} */")?;
        // Two Python names may stand for one symbol.
        if declared.contains(&&export.symbol) {
            continue;
        }
        declared.push(&export.symbol);
        let params: Vec<String> = signature.params.iter().map(parameter).collect();
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        writeln!(out, "{} {}({params});\n", result(signature.ret), export.symbol)?;
    }
    out.push_str("#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
    Ok(out)
}

fn parameter(param: &Param) -> String {
    match &param.ty {
        Type::Scalar(scalar) => format!("{} {}", c_type(*scalar), param.name),
        Type::Ptr => format!("void *{}", param.name),
        Type::Array(array) => {
            let constant = if param.mode == Mode::In { "const " } else { "" };
            // A complex element is a pair in memory.
            let element = match array.element {
                Scalar::C64 => "float",
                Scalar::C128 => "double",
                element => c_type(element),
            };
            format!("{constant}{element} *{}", param.name)
        }
    }
}

const fn result(ret: Return) -> &'static str {
    match ret {
        Return::Void => "void",
        Return::Scalar(scalar) => c_type(scalar),
        Return::Ptr => "void *",
        Return::Status => "int",
    }
}

const fn c_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::I8 => "int8_t",
        Scalar::I16 => "int16_t",
        Scalar::I32 => "int32_t",
        Scalar::I64 => "int64_t",
        Scalar::U8 => "uint8_t",
        Scalar::U16 => "uint16_t",
        Scalar::U32 => "uint32_t",
        Scalar::U64 => "uint64_t",
        Scalar::Usize => "size_t",
        Scalar::Long => "long",
        Scalar::Ulong => "unsigned long",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        // Complex values are passed by address only.
        Scalar::C64 => "float *",
        Scalar::C128 => "double *",
    }
}
