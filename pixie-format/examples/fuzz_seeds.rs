//! Makes the first corpus of fuzz targets from the test vectors: `fuzz_seeds -- spec/vectors fuzz/corpus`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pixie_format::header::HEADER_LEN;
use pixie_format::{BlobId, BlobKind, Module};

fn main() -> io::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [vectors, corpus] = arguments.as_slice() else {
        return Err(io::Error::other("expected the folder of the vectors and that of the corpus"));
    };
    for kind in ["valid", "invalid"] {
        for entry in fs::read_dir(vectors.join(kind))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "pixie") {
                seed(&path, corpus)?;
            }
        }
    }
    Ok(())
}

fn seed(path: &Path, corpus: &Path) -> io::Result<()> {
    let file = fs::read(path)?;
    let name = path.file_stem().unwrap_or_default();
    let write = |target: &str, name: PathBuf, bytes: &[u8]| {
        fs::create_dir_all(corpus.join(target))?;
        fs::write(corpus.join(target).join(name), bytes)
    };
    let field = |at: usize| file.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let length = field(32).and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let Some(manifest) = length.checked_add(HEADER_LEN).and_then(|end| file.get(HEADER_LEN..end)) else {
        return write("reader", name.into(), &file);
    };
    write("manifest", name.into(), &[&file[10..11], manifest].concat())?;
    let length = (manifest.len() as u16).to_le_bytes();
    write("reader", name.into(), &[&file[10..11], &length, &file[HEADER_LEN..]].concat())?;
    if let Ok(module) = Module::parse(&file) {
        for (index, export) in module.manifest().exports.iter().enumerate() {
            let name = format!("{}-{index}", name.to_string_lossy());
            write("signature", name.into(), export.signature.as_bytes())?;
        }
        let images = (0..).map(BlobId).zip(&module.manifest().blobs);
        for (id, _) in images.filter(|(_, blob)| blob.kind == BlobKind::Image) {
            if let Ok(image) = module.blob(id) {
                write("image", format!("{}-{}", name.to_string_lossy(), id.0).into(), image)?;
            }
        }
    }
    Ok(())
}
