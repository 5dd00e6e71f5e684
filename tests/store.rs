//! The token store in a file.
