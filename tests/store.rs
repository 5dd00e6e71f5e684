//! The token store in a file.
#![cfg(target_os = "linux")]
#![expect(
    unsafe_code,
    reason = "the standard library has no fork and cannot change the user or limits of a process"
)]

mod store {
    mod bad_files;
    mod copies;
    mod default_path;
    mod failed_writes;
    mod leases;
    mod links;
    mod locks;
    mod permissions;
    mod processes;
    pub(crate) mod scene;
}
