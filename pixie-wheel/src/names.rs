//! Names of distributions and of their files.

use std::str::FromStr;

use pep440_rs::Version;

/// The name by which package indexes compare (PEP 503): `Fast_Math` is `fast-math`.
pub fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// The name as it stands in file names (PEP 427, PEP 625).
pub(crate) fn file_part(name: &str) -> String {
    normalized(name).replace('-', "_")
}

/// Whether it is a valid name of a distribution.
pub(crate) fn is_distribution(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(name.chars().next())
        && edge(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether it is a name that Python can import.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A version in its normal form (PEP 440).
pub(crate) fn version(text: &str) -> Result<String, String> {
    Version::from_str(text.trim())
        .map(|version| version.to_string())
        .map_err(|error| format!("`{text}` is not a version: {error}\nhint: as \"0.1.0\""))
}

/// The distribution that a requirement (PEP 508) names.
pub(crate) fn required(requirement: &str) -> &str {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    requirement.get(..end.unwrap_or(requirement.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_indexes_do() {
        assert_eq!(normalized("Fast__Math.-x"), "fast-math-x");
        assert_eq!(file_part("Fast-Math.x"), "fast_math_x");
        assert_eq!(required("pixie-runtime>=0.1; python_version>'3'"), "pixie-runtime");
        assert_eq!(required("numpy[x] @ https://a"), "numpy");
        assert_eq!(version("1.0-alpha1").as_deref(), Ok("1.0a1"));
        assert!(version("one").is_err());
        for (name, valid) in [("a", true), ("a-b.c_d", true), ("-a", false), ("a b", false), ("", false)] {
            assert_eq!(is_distribution(name), valid, "{name}");
        }
    }
}
