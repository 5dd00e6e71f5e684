//! Keeps secrets from staying in memory. A reader who wants to know how calls work may skip this folder.
//!
//! After a session has ended, a search of the process's own memory finds no copy of the password, the tokens or
//! the codes of dropped orders. `tests/secrets` makes that search, over plain HTTP and over TLS. An ordinary
//! client leaves copies in these places:
//!
//! * **ureq's connection buffers.** ureq never clears them, so they keep the bearer token and whole bodies for as
//!   long as the connection lives, and afterwards until the allocator reuses the block. [`WipingConnector`] wraps
//!   every connection and overwrites what was sent and what was read, after each exchange and when the connection
//!   ends.
//! * **rustls's record buffers.** rustls copies each decrypted record into a vector of its own and frees it as it
//!   is. [`TlsConnector`] opens records inside a buffer of ours instead: [`provider`] wraps the decrypting end of
//!   ring's cipher suites. Cryptography and protocol remain ring's and rustls's.
//! * **Vectors that grow.** `Vec` frees the old block unwiped when it moves. [`Received`](buffers::Received) and
//!   [`Body`] move by hand and wipe what they leave.
//! * **serde's scratch buffer.** It holds every string that has an escape. [`json_text`] unescapes a secret
//!   straight into memory of its final size.
//! * **The credentials of an idle session.** They are needed for the next login. [`Masked`] stores them in two
//!   halves, neither of which says anything.
//!
//! Decompression is the one gap. Responses that hold secrets are requested uncompressed; if a gateway compresses
//! one anyway and it turns out to be damaged, the decoder frees its window of 32 KiB unwiped.
//!
//! The connectors depend on ureq's `unversioned::transport` traits, which its semver promise leaves out. That is
//! why `Cargo.toml` pins ureq's *minor* version; [`transport`] names the methods that matter.
//!
//! Nothing here uses the rest of the crate, except for [`Secret`](crate::Secret).

mod body;
mod buffers;
pub(crate) mod json_text;
mod masked;
mod records;
mod tls;
mod transport;

pub(crate) use body::Body;
pub(in crate::http) use body::read;
pub(crate) use masked::Masked;
pub(in crate::http) use records::provider;
pub(in crate::http) use tls::{TlsConnector, remaining};
pub(in crate::http) use transport::{WipingConnector, WipingTransport};
