//! Signatures of functions that have some of their arguments already.

use super::{Array, Dim, Layout, Mode, Param, Signature, Type};

/// What is known of a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing: the caller gives it.
    No,
    /// An integer.
    Integer(i128),
    /// Another value.
    Yes,
}

impl Signature {
    /// The signature without the parameters that are `known`; an extent that is one of them becomes a constant. The error says what cannot
    /// be known.
    pub fn bound(&self, known: &[Known]) -> Result<Signature, String> {
        let is_known = |index: usize| known.get(index).is_some_and(|known| *known != Known::No);
        // The index that a parameter has behind those that stay.
        let place = |index: usize| (0..index).filter(|before| !is_known(*before)).count();
        let mut params = Vec::new();
        for (index, param) in self.params.iter().enumerate() {
            if is_known(index) {
                if matches!(param.ty, Type::Array(_)) || param.mode != Mode::In {
                    return Err(format!("`{}` is an array, whose memory a function cannot hold", param.name));
                }
                continue;
            }
            let ty = match &param.ty {
                Type::Array(array) => Type::Array(self.array(array, known, &place)?),
                other => other.clone(),
            };
            params.push(Param { ty, ..param.clone() });
        }
        Ok(Signature { name: self.name.clone(), params, ret: self.ret })
    }

    fn array(&self, array: &Array, known: &[Known], place: &dyn Fn(usize) -> usize) -> Result<Array, String> {
        let layout = match array.layout {
            Layout::Strided(index) if known.get(index).is_some_and(|known| *known != Known::No) => {
                return Err(format!(
                    "`{}` is the stride of an array, which each array has of its own",
                    self.params[index].name
                ));
            }
            Layout::Strided(index) => Layout::Strided(place(index)),
            other => other,
        };
        let dims = array.dims.iter().map(|dim| self.dim(dim, known, place)).collect::<Result<_, _>>()?;
        Ok(Array { element: array.element, dims, layout, optional: array.optional })
    }

    fn dim(&self, dim: &Dim, known: &[Known], place: &dyn Fn(usize) -> usize) -> Result<Dim, String> {
        let both = |a: &Dim, b: &Dim| -> Result<_, String> {
            Ok((Box::new(self.dim(a, known, place)?), Box::new(self.dim(b, known, place)?)))
        };
        Ok(match dim {
            Dim::Const(value) => Dim::Const(*value),
            Dim::Param(index) => match known.get(*index) {
                Some(Known::Integer(value)) => Dim::Const(u64::try_from(*value).map_err(|_| {
                    format!(
                        "`{}` is the length of an axis, which cannot be {value}",
                        self.params[*index].name
                    )
                })?),
                _ => Dim::Param(place(*index)),
            },
            Dim::Add(a, b) => both(a, b).map(|(a, b)| Dim::Add(a, b))?,
            Dim::Sub(a, b) => both(a, b).map(|(a, b)| Dim::Sub(a, b))?,
            Dim::Mul(a, b) => both(a, b).map(|(a, b)| Dim::Mul(a, b))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str, known: &[Known]) -> Result<String, String> {
        let bound = Signature::parse(text).unwrap().bound(known)?;
        // What comes out is a signature by every rule.
        assert_eq!(Signature::parse(&bound.to_string()).unwrap(), bound);
        Ok(bound.to_string())
    }

    #[test]
    fn extents_become_constants_and_the_rest_moves_up() {
        use Known::{Integer, No, Yes};
        let blur = "blur(a: f32[h, w], b: inout f32[h, w], h: usize, w: usize)";
        assert_eq!(
            bound(blur, &[No, No, Integer(4), Integer(6)]).unwrap(),
            "blur(a: f32[4, 6], b: inout f32[4, 6])"
        );
        assert_eq!(
            bound(blur, &[No, No, Integer(4), No]).unwrap(),
            "blur(a: f32[4, w], b: inout f32[4, w], w: usize)"
        );
        assert_eq!(
            bound(
                "f(p: ptr, x: f64, a: f64[2*n+1], n: i64, y: out f64[m*n], m: i64) -> status",
                &[Yes, Yes, No, Integer(3), No, No]
            )
            .unwrap(),
            "f(a: f64[2*3+1], y: out f64[m*3], m: i64) -> status"
        );
        assert_eq!(
            bound("f(a: f64[n; stride=s], n: i64, s: i64)", &[No, Integer(3), No]).unwrap(),
            "f(a: f64[3; stride=s], s: i64)"
        );
    }

    #[test]
    fn what_cannot_be_known_is_named() {
        use Known::{Integer, No, Yes};
        let error = |text, known: &[Known]| bound(text, known).unwrap_err();
        assert!(error("f(a: f64[n], n: i64)", &[No, Integer(-1)]).contains("`n` is the length of an axis"));
        assert!(
            error("f(a: f64[n; stride=s], n: i64, s: i64)", &[No, No, Integer(1)])
                .contains("`s` is the stride")
        );
        assert!(error("f(a: f64[n], n: i64)", &[Yes, No]).contains("`a` is an array"));
        assert!(error("f(y: out f64)", &[Yes]).contains("`y` is an array"));
    }
}
