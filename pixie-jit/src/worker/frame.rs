//! Frames on a pipe: a length of four bytes, little-endian, then postcard.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes one frame.
pub fn write<T: Serialize>(to: &mut impl Write, value: &T) -> io::Result<()> {
    let bytes = postcard::to_stdvec(value).map_err(io::Error::other)?;
    let len = u32::try_from(bytes.len()).map_err(|_| io::Error::other("a frame of 4 GiB or more"))?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(&bytes)?;
    to.flush()
}

/// Reads one frame; `None` at the end of the stream.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut len = [0; 4];
    match from.read_exact(&mut len) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let len = u64::from(u32::from_le_bytes(len));
    let mut bytes = Vec::new();
    // `take` rather than a buffer of the stated length: a stray frame must not ask for 4 GiB.
    if from.take(len).read_to_end(&mut bytes)? as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_a_cut_one_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"hello".to_owned()).unwrap();
        let mut whole = pipe.as_slice();
        assert_eq!(read::<String>(&mut whole).unwrap().as_deref(), Some("hello"));
        assert_eq!(read::<String>(&mut whole).unwrap(), None);
        let mut cut = &pipe[..pipe.len() - 1];
        assert!(read::<String>(&mut cut).is_err());
    }
}
