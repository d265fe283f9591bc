//! Bitcode in, objects out.
