//! A linker and loader for fat modules.
