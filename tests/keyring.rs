//! The token store with its key in the keychain.
