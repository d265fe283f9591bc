//! Which ISA macros such as `__AVX2__` a source asks for, and so compiles to other code where they differ.

use std::collections::BTreeSet;
use std::path::Path;

/// How the macros of clang that depend on the ISA level begin.
const PREFIXES: &[&str] =
    &["__AVX", "__SSE", "__SSSE", "__FMA", "__BMI", "__LZCNT", "__POPCNT", "__F16C", "__MOVBE", "__ARM_NEON"];

/// The ISA macros that files mention. A mention in a comment counts too: that costs compile time, never speed.
pub fn find(files: &[&Path]) -> BTreeSet<String> {
    files.iter().filter_map(|path| std::fs::read(path).ok()).flat_map(|text| mentions(&text)).collect()
}

fn mentions(text: &[u8]) -> BTreeSet<String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.split(|byte| !word(*byte))
        .filter_map(|candidate| std::str::from_utf8(candidate).ok())
        .filter(|candidate| is_isa_macro(candidate))
        .map(str::to_owned)
        .collect()
}

fn is_isa_macro(word: &str) -> bool {
    let named = |prefix: &&str| word.strip_prefix(*prefix).is_some_and(is_rest);
    PREFIXES.iter().any(named) || word.starts_with("__ARM_FEATURE_")
}

/// Those of the macros `wanted` that the compiler's list of definitions (`-dM`) has, with their values.
pub fn defined(list: &str, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let lines = list.lines().filter_map(|line| line.strip_prefix("#define "));
    lines
        .filter(|line| line.split(' ').next().is_some_and(|name| wanted.contains(name)))
        .map(str::to_owned)
        .collect()
}

/// What may follow a prefix in a macro: `2__`, `512F__`, `4_2__`, nothing (`__ARM_NEON`).
fn is_rest(rest: &str) -> bool {
    rest.is_empty() || rest.ends_with("__") && !rest.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        mentions(text.as_bytes()).into_iter().collect()
    }

    #[test]
    fn macros_are_found_as_whole_words() {
        assert_eq!(found("#ifdef __AVX2__\n#elif __SSE2__ || __AVX2__"), ["__AVX2__", "__SSE2__"]);
        assert_eq!(found("#if defined(__ARM_FEATURE_SVE)\n"), ["__ARM_FEATURE_SVE"]);
        assert_eq!(found("int my__AVX2__x; __AVXish"), Vec::<String>::new());
    }

    #[test]
    fn only_what_is_wanted_tells_levels_apart() {
        let list = "#define __AVX2__ 1\n#define __SSE2__ 1\n#define __ARM_FEATURE_SVE_BITS 0\n";
        let wanted = ["__SSE2__", "__AVX512F__"].map(str::to_owned).into();
        assert_eq!(defined(list, &wanted), BTreeSet::from(["__SSE2__ 1".to_owned()]));
    }
}
