//! Whether a source asks for ISA macros such as `__AVX2__`, and so compiles to other code at each level.

use std::path::Path;

/// How the macros of clang that depend on the ISA level begin.
const PREFIXES: &[&str] =
    &["__AVX", "__SSE", "__SSSE", "__FMA", "__BMI", "__LZCNT", "__POPCNT", "__F16C", "__MOVBE", "__ARM_NEON"];

/// The first ISA macro that a file mentions. A mention in a comment counts too: that costs compile time, never speed.
pub fn find(files: &[&Path]) -> Option<String> {
    files.iter().find_map(|path| mention(&std::fs::read(path).ok()?))
}

fn mention(text: &[u8]) -> Option<String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.split(|byte| !word(*byte))
        .filter_map(|candidate| std::str::from_utf8(candidate).ok())
        .find(|candidate| {
            let named = |prefix: &&str| candidate.strip_prefix(*prefix).is_some_and(is_rest);
            PREFIXES.iter().any(named) || candidate.starts_with("__ARM_FEATURE_")
        })
        .map(str::to_owned)
}

/// What may follow a prefix in a macro: `2__`, `512F__`, `4_2__`, nothing (`__ARM_NEON`).
fn is_rest(rest: &str) -> bool {
    rest.is_empty() || rest.ends_with("__") && !rest.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_found_as_whole_words() {
        assert_eq!(mention(b"#ifdef __AVX2__\n"), Some("__AVX2__".to_owned()));
        assert_eq!(mention(b"#if defined(__ARM_FEATURE_SVE)\n"), Some("__ARM_FEATURE_SVE".to_owned()));
        assert_eq!(mention(b"int my__AVX2__x; __AVXish"), None);
    }
}
