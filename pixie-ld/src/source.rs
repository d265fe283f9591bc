//! Where a module's bytes come from, a file or memory, and reading parts of them. A file is never mapped.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, IoSliceMut, Read, Seek, SeekFrom};
use std::path::Path;

use pixie_format::manifest::Extent;

use crate::error::{Error, Result};
use crate::sys;

/// What is zeroed sooner than read in the parts that `read_to_end` takes, bytes.
const ZEROED: u64 = 16 << 10;

/// A module's bytes.
pub(crate) enum Source<'a> {
    Bytes(&'a [u8]),
    File {
        path: &'a Path,
        file: File,
        metadata: Metadata,
        /// Where in the file the next read would begin by itself.
        at: Cell<u64>,
    },
}

impl<'a> Source<'a> {
    /// Opens a regular file.
    pub(crate) fn open(path: &'a Path) -> io::Result<Source<'a>> {
        let (file, metadata) = sys::open(path)?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Source::File { path, file, metadata, at: Cell::new(0) })
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File { metadata, .. } => metadata.len(),
        }
    }

    /// What the system says of the file, as it was when it was opened.
    pub(crate) fn metadata(&self) -> Option<&Metadata> {
        match self {
            Source::Bytes(_) => None,
            Source::File { metadata, .. } => Some(metadata),
        }
    }

    /// `size` bytes at `offset`; the caller has checked that the source is that long.
    pub(crate) fn get(&self, offset: u64, size: u64) -> Result<Cow<'_, [u8]>> {
        match self {
            Source::Bytes(bytes) => {
                let end = offset.saturating_add(size) as usize;
                Ok(Cow::Borrowed(bytes.get(offset as usize..end).unwrap_or_default()))
            }
            Source::File { path, file, at, .. } => {
                let read = || {
                    let mut file = seek(file, at, offset)?;
                    if size <= ZEROED {
                        let mut bytes = vec![0; size as usize];
                        file.read_exact(&mut bytes)?;
                        at.set(offset + size);
                        return Ok(bytes);
                    }
                    // Unlike a slice to be filled, memory to be appended to need not be zeroed before.
                    let mut bytes = Vec::with_capacity(size as usize);
                    match file.by_ref().take(size).read_to_end(&mut bytes)? as u64 {
                        read if read == size => {
                            at.set(offset + size);
                            Ok(bytes)
                        }
                        _ => Err(ErrorKind::UnexpectedEof.into()),
                    }
                };
                let failed = |source| Error::Read { path: path.to_path_buf(), source };
                read().map(Cow::Owned).map_err(failed)
            }
        }
    }

    /// Fills `places`, one after the other, with what is at `offset`; the caller has checked that the source is that long.
    fn read_into(&self, offset: u64, mut places: &mut [IoSliceMut<'_>]) -> Result<()> {
        match self {
            Source::Bytes(bytes) => {
                let mut rest = bytes.get(offset as usize..).unwrap_or_default();
                for place in places {
                    let (part, after) = rest.split_at(place.len().min(rest.len()));
                    place[..part.len()].copy_from_slice(part);
                    rest = after;
                }
                Ok(())
            }
            Source::File { path, file, at, .. } => {
                let mut read = || {
                    let mut file = seek(file, at, offset)?;
                    // Also drops what is empty, of which a read would tell nothing.
                    IoSliceMut::advance_slices(&mut places, 0);
                    while !places.is_empty() {
                        match file.read_vectored(places) {
                            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                            Ok(read) => {
                                at.set(at.get() + read as u64);
                                IoSliceMut::advance_slices(&mut places, read);
                            }
                            Err(error) if error.kind() == ErrorKind::Interrupted => {}
                            Err(error) => return Err(error),
                        }
                    }
                    Ok(())
                };
                read().map_err(|source| Error::Read { path: path.to_path_buf(), source })
            }
        }
    }
}

/// The file, to be read at `offset`. It mostly is there already.
fn seek<'f>(mut file: &'f File, at: &Cell<u64>, offset: u64) -> io::Result<&'f File> {
    if at.replace(offset) != offset {
        file.seek(SeekFrom::Start(offset))?;
    }
    Ok(file)
}

/// A blob of a module, some of which may have been read with the module's first bytes.
pub(crate) struct Blob<'s> {
    pub source: &'s Source<'s>,
    /// The first bytes of the source.
    pub first: &'s [u8],
    pub extent: Extent,
}

impl<'s> Blob<'s> {
    /// All of it.
    pub(crate) fn whole(&self) -> Result<Cow<'s, [u8]>> {
        self.start(self.extent.size)
    }

    /// Its first bytes, `size` of them or all there are, more where that costs nothing.
    pub(crate) fn start(&self, size: u64) -> Result<Cow<'s, [u8]>> {
        let size = size.min(self.extent.size);
        let there = usize::try_from(self.extent.offset).ok().and_then(|start| self.first.get(start..));
        match there {
            Some(bytes) if bytes.len() as u64 >= size => {
                let all = bytes.len().min(self.extent.size as usize);
                Ok(Cow::Borrowed(bytes.get(..all).unwrap_or_default()))
            }
            _ => self.source.get(self.extent.offset, size),
        }
    }

    /// Fills `places`, one after the other, with what is at `offset` in the blob.
    pub(crate) fn read_into(&self, offset: u64, places: &mut [IoSliceMut<'_>]) -> Result<()> {
        self.source.read_into(self.extent.offset.saturating_add(offset), places)
    }
}
