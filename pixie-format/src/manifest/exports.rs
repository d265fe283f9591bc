//! The rules of spec §5 about exports: names, signatures, overloads, status messages, ufuncs.

use super::validate::{Seen, broken, check_identifier, check_symbol};
use super::view::{ExportView, ManifestView};
use crate::error::Result;
use crate::signature::{Return, Signature, Type};

impl ManifestView<'_> {
    /// Rules M17 and M19: what needs no signature to be read.
    pub(super) fn export_rules(&self) -> Result<()> {
        let mut seen = Seen::new();
        for (index, export) in self.exports.iter().enumerate() {
            let path = |field: &str| format!("exports[{index}].{field}");
            check_identifier(export.name, || path("name"))?;
            check_symbol(export.symbol, || path("symbol"))?;
            check_symbol(export.thunk, || path("thunk"))?;
            if let Some(ufunc) = &export.ufunc {
                check_symbol(ufunc.inner_loop, || path("ufunc.loop"))?;
            }
            if !seen.insert(export.signature) {
                return Err(broken("M19", path("signature"), format!("`{}` stands twice", export.signature)));
            }
        }
        Ok(())
    }

    /// The signatures of the exports, in their order, with rules M18, M20 and M21.
    pub fn signatures(&self) -> Result<Vec<Signature>> {
        self.exports.iter().enumerate().map(|(index, export)| export.parse_signature(index)).collect()
    }
}

impl ExportView<'_> {
    /// The signature, with rules M18, M20 and M21, which a loader checks for a function when it is first asked for (spec §5).
    /// `index` is that of the export, for the error.
    pub fn parse_signature(&self, index: usize) -> Result<Signature> {
        let path = |field: &str| format!("exports[{index}].{field}");
        let text = self.signature.as_str();
        let signature =
            Signature::parse(text).map_err(|error| broken("M18", path("signature"), error.to_string()))?;
        let mut canonical = String::with_capacity(text.len());
        signature.write_to(&mut canonical);
        if canonical != text || signature.name.as_bytes() != self.name.as_bytes() {
            let name = self.name;
            let what = format!("expected the canonical text for `{name}`, `{canonical}`, found `{text}`");
            return Err(broken("M18", path("signature"), what));
        }
        check_restrict(self, &signature).map_err(|what| broken("M20", path("restrict"), what))?;
        check_status(self, &signature).map_err(|what| broken("M21", path("status"), what))?;
        if let Some(ufunc) = &self.ufunc {
            signature.check_ufunc(ufunc.core).map_err(|what| broken("M21", path("ufunc"), what))?;
        }
        Ok(signature)
    }
}

fn check_restrict(export: &ExportView<'_>, signature: &Signature) -> Result<(), String> {
    let is_pointer = |index: u32| {
        let param = signature.params.get(index as usize);
        param.is_some_and(|param| !matches!(param.ty, Type::Scalar(_)))
    };
    if export.restrict().is_sorted_by(|a, b| a < b) && export.restrict().all(is_pointer) {
        return Ok(());
    }
    let found: Vec<u32> = export.restrict().collect();
    Err(format!("expected ascending indices of pointer parameters, found {found:?}"))
}

fn check_status(export: &ExportView<'_>, signature: &Signature) -> Result<(), String> {
    let mut codes = export.status().map(|entry| entry.code);
    let Some(first) = codes.next() else { return Ok(()) };
    if signature.ret != Return::Status {
        return Err("only a function that returns `status` can have it".to_owned());
    }
    let mut previous = first;
    let ascending = codes.all(|code| std::mem::replace(&mut previous, code) < code && code != 0);
    if ascending && first != 0 {
        return Ok(());
    }
    Err("expected ascending codes other than 0".to_owned())
}
