//! Reading tables of TOML key by key, so that whoever misspells one is told which was meant.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Result};

/// A table that is being read. What no reader has asked for when it is finished is unknown.
pub(crate) struct Keys<'t> {
    file: &'t Path,
    /// The keys of the tables around it, as `tool.pixie`.
    path: String,
    table: &'t Table,
    known: Vec<&'static str>,
}

impl<'t> Keys<'t> {
    pub(crate) fn new(file: &'t Path, path: &str, table: &'t Table) -> Keys<'t> {
        Keys { file, path: path.to_owned(), table, known: Vec::new() }
    }

    /// An error about one of its keys.
    pub(crate) fn error(&self, key: &str, what: impl Into<String>) -> Error {
        let key = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        Error::Key { path: self.file.to_owned(), key, what: what.into() }
    }

    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'t Value> {
        self.known.push(key);
        self.table.get(key)
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        convert: impl FnOnce(&'t Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match convert(value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(self.error(key, format!("expected {expected}, found {}", describe(value)))),
        }
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<&'t str>> {
        self.typed(key, "a string", Value::as_str)
    }

    pub(crate) fn required(&mut self, key: &'static str, hint: &str) -> Result<&'t str> {
        match self.text(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            Some(_) => Err(self.error(key, format!("it is empty\nhint: {hint}"))),
            None => Err(self.missing(key, hint)),
        }
    }

    pub(crate) fn missing(&self, key: &str, hint: &str) -> Error {
        self.error("", format!("the key `{key}` is missing\nhint: {hint}"))
    }

    pub(crate) fn flag(&mut self, key: &'static str) -> Result<bool> {
        Ok(self.typed(key, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(crate) fn integer(&mut self, key: &'static str) -> Result<Option<i64>> {
        self.typed(key, "a number", Value::as_integer)
    }

    /// A list of strings; empty where there is none.
    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Vec<String>> {
        let list = self.typed(key, "a list of strings", strings)?;
        Ok(list.unwrap_or_default())
    }

    pub(crate) fn table(&mut self, key: &'static str) -> Result<Option<&'t Table>> {
        self.typed(key, "a table", Value::as_table)
    }

    /// A table of strings; empty where there is none.
    pub(crate) fn texts_by_name(&mut self, key: &'static str) -> Result<BTreeMap<String, String>> {
        Ok(self.typed(key, "a table of strings", strings_by_name)?.unwrap_or_default())
    }

    /// A table of lists of strings; empty where there is none.
    pub(crate) fn lists_by_name(&mut self, key: &'static str) -> Result<BTreeMap<String, Vec<String>>> {
        let pair = |(name, value): (&String, &Value)| Some((name.clone(), strings(value)?));
        let convert = |value: &'t Value| value.as_table()?.iter().map(pair).collect::<Option<_>>();
        Ok(self.typed(key, "a table of lists of strings", convert)?.unwrap_or_default())
    }

    /// A table of tables of strings; empty where there is none.
    pub(crate) fn tables_by_name(
        &mut self,
        key: &'static str,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
        let pair = |(name, value): (&String, &Value)| Some((name.clone(), strings_by_name(value)?));
        let convert = |value: &'t Value| value.as_table()?.iter().map(pair).collect::<Option<_>>();
        Ok(self.typed(key, "a table of tables of strings", convert)?.unwrap_or_default())
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(&self) -> Result<()> {
        let Some(unknown) = self.table.keys().find(|key| !self.known.contains(&key.as_str())) else {
            return Ok(());
        };
        let mut known = self.known.clone();
        known.sort_unstable();
        known.dedup();
        let near = nearest(unknown, known.iter().copied());
        let hint = near.map_or_else(
            || format!("expected some of {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Err(self.error(unknown, format!("there is no such key\nhint: {hint}")))
    }
}

/// The name that was probably meant.
fn nearest<'n>(found: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = known.map(|name| (strsim::jaro_winkler(found, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// A table of strings, if `value` is one.
pub(crate) fn strings_by_name(value: &Value) -> Option<BTreeMap<String, String>> {
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    value.as_table()?.iter().map(pair).collect()
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the string `{text}`"),
        Value::Array(_) => "a list with something else in it".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Integer(number) => format!("`{number}`"),
        Value::Float(number) => format!("`{number}`"),
        Value::Boolean(flag) => format!("`{flag}`"),
        Value::Datetime(time) => format!("`{time}`"),
    }
}
