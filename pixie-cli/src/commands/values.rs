//! Values on the command line: text to numbers and arrays of a type, and back.

use std::fmt::{Display, LowerExp};

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::Platform;
use pixie_format::signature::{Scalar, ScalarKind};

/// Most elements of an array written on the command line or asked for with `zeros`.
const MAX_ELEMENTS: u64 = 1 << 28;

/// An array in C order. Storage is in words so that every element type is aligned.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayValue {
    pub element: Scalar,
    pub shape: Vec<u64>,
    words: Vec<u64>,
}

impl ArrayValue {
    /// An array of zeros.
    pub fn zeros(element: Scalar, shape: Vec<u64>, platform: Platform) -> Result<ArrayValue> {
        let count = shape.iter().try_fold(1u64, |count, extent| count.checked_mul(*extent));
        let Some(count) = count.filter(|count| *count <= MAX_ELEMENTS) else {
            bail!("an array of shape {} is larger than {MAX_ELEMENTS} elements", shape_text(&shape));
        };
        let bytes = count * u64::from(element.size(platform));
        // One word more, so that an empty array has an address too.
        let words = vec![0; usize::try_from(bytes / 8)? + 1];
        Ok(ArrayValue { element, shape, words })
    }

    /// Reads `1,2,3`, rows as `1,2;3,4`, `zeros(3,4)` or `text:hello` (bytes).
    pub fn parse(text: &str, element: Scalar, rank: usize, platform: Platform) -> Result<ArrayValue> {
        if let Some(extents) = text.strip_prefix("zeros(").and_then(|rest| rest.strip_suffix(')')) {
            let shape = extents
                .split(',')
                .map(|extent| {
                    extent
                        .trim()
                        .parse()
                        .with_context(|| format!("expected `zeros(ROWS,COLUMNS)`, found `{text}`"))
                })
                .collect::<Result<_>>()?;
            return ArrayValue::zeros(element, shape, platform);
        }
        if let Some(bytes) = text.strip_prefix("text:") {
            if element.size(platform) != 1 {
                bail!("`text:` makes an array of bytes, expected one of {}", element.name());
            }
            let mut array = ArrayValue::zeros(element, vec![bytes.len() as u64], platform)?;
            bytes.bytes().enumerate().for_each(|(index, byte)| array.put(index, 1, u128::from(byte)));
            return Ok(array);
        }
        let rows: Vec<Vec<&str>> =
            text.split(';').map(|row| row.split(',').map(str::trim).collect()).collect();
        let rows = if text.is_empty() { vec![Vec::new()] } else { rows };
        let columns = rows[0].len();
        if let Some(row) = rows.iter().find(|row| row.len() != columns) {
            bail!("expected {columns} elements in every row, found {}", row.len());
        }
        let shape = if rank == 1 && rows.len() == 1 {
            vec![columns as u64]
        } else {
            vec![rows.len() as u64, columns as u64]
        };
        let mut array = ArrayValue::zeros(element, shape, platform)?;
        for (index, item) in rows.into_iter().flatten().enumerate() {
            let bits = element_bits(item, element, platform)?;
            array.put(index, element.size(platform) as usize, bits);
        }
        Ok(array)
    }

    /// The address of the first element.
    pub fn address(&mut self) -> u64 {
        self.words.as_mut_ptr() as u64
    }

    fn put(&mut self, index: usize, size: usize, bits: u128) {
        for (k, byte) in bits.to_le_bytes()[..size].iter().enumerate() {
            let at = index * size + k;
            self.words[at / 8] &= !(0xff << (at % 8 * 8));
            self.words[at / 8] |= u64::from(*byte) << (at % 8 * 8);
        }
    }

    fn bits(&self, index: usize, size: usize) -> u128 {
        let byte = |at: usize| self.words[at / 8].to_le_bytes()[at % 8];
        (0..size).rev().fold(0, |bits, k| bits << 8 | u128::from(byte(index * size + k)))
    }

    /// The elements in the form that `parse` reads, rows separated by `;`.
    pub fn render(&self, platform: Platform) -> String {
        let size = self.element.size(platform) as usize;
        let count: u64 = self.shape.iter().product();
        let row = self.shape.last().copied().unwrap_or(1).max(1);
        let mut text = String::new();
        for index in 0..count {
            text.push_str(match index {
                0 => "",
                _ if index % row == 0 => ";",
                _ => ",",
            });
            text.push_str(&render_element(self.bits(index as usize, size), self.element, platform));
        }
        text
    }
}

/// The shape as Python writes it.
pub fn shape_text(shape: &[u64]) -> String {
    let extents: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("({}{})", extents.join(", "), if shape.len() == 1 { "," } else { "" })
}

/// The argument slot of a number (spec §8.2): integers are sign- or zero-extended.
pub fn slot(text: &str, scalar: Scalar, platform: Platform) -> Result<u64> {
    let bits = element_bits(text, scalar, platform)?;
    let size = scalar.size(platform) * 8;
    Ok(match scalar.kind() {
        ScalarKind::Signed if size < 64 => (((bits as u64) << (64 - size)) as i64 >> (64 - size)) as u64,
        _ => bits as u64,
    })
}

/// A result slot as text.
pub fn render_slot(bits: u64, scalar: Scalar, platform: Platform) -> String {
    render_element(u128::from(bits), scalar, platform)
}

fn element_bits(text: &str, scalar: Scalar, platform: Platform) -> Result<u128> {
    let bits = scalar.size(platform) * 8;
    let wrong = || anyhow!("expected a {}, found `{text}`", scalar.name());
    Ok(match scalar.kind() {
        ScalarKind::Bool => match text {
            "true" | "True" | "1" => 1,
            "false" | "False" | "0" => 0,
            _ => return Err(wrong()),
        },
        ScalarKind::Float if bits == 32 => u128::from(text.parse::<f32>().map_err(|_| wrong())?.to_bits()),
        ScalarKind::Float => u128::from(text.parse::<f64>().map_err(|_| wrong())?.to_bits()),
        ScalarKind::Complex => {
            bail!(
                "arrays of {} cannot be written here\nhint: use `zeros(…)`, or call it from Python",
                scalar.name()
            )
        }
        kind => {
            let value = parse_integer(text).ok_or_else(wrong)?;
            let (low, high) = match kind {
                ScalarKind::Signed => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                _ => (0, (1i128 << bits) - 1),
            };
            if value < low || value > high {
                bail!("expected a {} ({low} to {high}), found {text}", scalar.name());
            }
            (value as u128) & ((1u128 << bits) - 1)
        }
    })
}

fn parse_integer(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn render_element(bits: u128, scalar: Scalar, platform: Platform) -> String {
    let size = scalar.size(platform) * 8;
    let low = bits as u64;
    match scalar.kind() {
        ScalarKind::Bool => (low & 1 == 1).to_string(),
        ScalarKind::Float if size == 32 => {
            float(f32::from_bits(low as u32), f64::from(f32::from_bits(low as u32)))
        }
        ScalarKind::Float => float(f64::from_bits(low), f64::from_bits(low)),
        ScalarKind::Signed => ((low << (64 - size)) as i64 >> (64 - size)).to_string(),
        ScalarKind::Unsigned => ((low << (64 - size)) >> (64 - size)).to_string(),
        ScalarKind::Complex if size == 64 => {
            complex(f32::from_bits(low as u32).into(), f32::from_bits((low >> 32) as u32).into())
        }
        ScalarKind::Complex => complex(f64::from_bits(low), f64::from_bits((bits >> 64) as u64)),
    }
}

/// The shortest text that reads back, with an exponent where it would be long.
fn float<T: Display + LowerExp>(value: T, magnitude: f64) -> String {
    match magnitude.abs() {
        0.0 => value.to_string(),
        size if (1e-5..1e16).contains(&size) || !size.is_finite() => value.to_string(),
        _ => format!("{value:e}"),
    }
}

fn complex(real: f64, imaginary: f64) -> String {
    format!("{real}{imaginary:+}j")
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Platform = Platform::Linux64;

    #[test]
    fn arrays_round_trip() {
        for (text, element, rank) in [
            ("1,-2,3", Scalar::I16, 1),
            ("1.5,2;3,4", Scalar::F32, 2),
            ("true,false", Scalar::Bool, 1),
            ("0,18446744073709551615", Scalar::U64, 1),
            ("", Scalar::F64, 1),
        ] {
            assert_eq!(ArrayValue::parse(text, element, rank, P).unwrap().render(P), text);
        }
    }

    #[test]
    fn numbers_are_checked_and_extended() {
        assert_eq!(slot("-1", Scalar::I8, P).unwrap(), u64::MAX);
        assert_eq!(slot("255", Scalar::U8, P).unwrap(), 255);
        assert_eq!(
            slot("256", Scalar::U8, P).unwrap_err().to_string(),
            "expected a u8 (0 to 255), found 256"
        );
        assert_eq!(slot("x", Scalar::F64, P).unwrap_err().to_string(), "expected a f64, found `x`");
        assert!(ArrayValue::parse("1,2;3", Scalar::I32, 2, P).is_err());
        assert!(ArrayValue::parse("zeros(99999999999)", Scalar::I32, 1, P).is_err());
    }
}
