//! The listing of a module, as spec/reader/pixie_reader.py prints it.

use ciborium::Value as Cbor;
use pixie_format::{BlobId, Module, Signature};
use serde_json::{Map, Value, json};

/// The listing, as text.
pub fn listing(bytes: &[u8]) -> Result<String, String> {
    let module = Module::parse(bytes).map_err(|error| error.to_string())?;
    // Decoded by another library than the one in the reader, so that the two can be compared.
    let value: Cbor = ciborium::from_reader(module.manifest_bytes()).map_err(|error| error.to_string())?;
    let header = module.header();
    let extent = |index: usize| match module.extent(BlobId(index as u32)) {
        Some(extent) => json!([extent.offset, extent.size]),
        None => Value::Null,
    };
    let hidden = |text: &String| -> Result<Value, String> {
        let signature = Signature::parse(text).map_err(|error| error.to_string())?;
        let indices: Vec<usize> =
            (0..signature.params.len()).filter(|index| signature.is_hidden(*index)).collect();
        Ok(json!(indices))
    };
    let manifest = module.manifest();
    let hidden: Result<Vec<Value>, String> =
        manifest.exports.iter().map(|export| hidden(&export.signature)).collect();
    let mut listing = json!({
        "format": format!("{}.{}", header.major, header.minor),
        "file_length": header.file_len,
        "build_id": module.build_id().map_err(|error| error.to_string())?.to_string(),
        "content_id": module.content_id().map_err(|error| error.to_string())?.to_string(),
        "extents": (0..manifest.blobs.len()).map(extent).collect::<Vec<_>>(),
        "hidden": hidden?,
        "manifest": to_json(&value)?,
    });
    // Another crate of the same build may have asked serde_json to keep the order of insertion.
    listing.sort_all_objects();
    Ok(format!("{listing:#}\n"))
}

fn to_json(value: &Cbor) -> Result<Value, String> {
    Ok(match value {
        Cbor::Integer(integer) => {
            let wide = i128::from(*integer);
            u64::try_from(wide)
                .map(Value::from)
                .or_else(|_| i64::try_from(wide).map(Value::from))
                .map_err(|error| error.to_string())?
        }
        Cbor::Bytes(bytes) => Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        Cbor::Text(text) => Value::from(text.as_str()),
        Cbor::Bool(value) => Value::from(*value),
        Cbor::Null => Value::Null,
        Cbor::Array(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let entry = |(key, value): &(Cbor, Cbor)| {
                let key = key.as_text().ok_or("a key that is not text")?;
                Ok((key.to_owned(), to_json(value)?))
            };
            Value::Object(entries.iter().map(entry).collect::<Result<Map<_, _>, String>>()?)
        }
        other => return Err(format!("no JSON for {other:?}")),
    })
}
