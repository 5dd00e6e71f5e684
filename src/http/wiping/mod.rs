//! Keeps secrets from staying in memory. To understand how calls work, you can skip this folder.
//!
//! After a session has ended, a search of the process's own memory finds no copy of the password, the tokens or the
//! codes of dropped orders. `tests/secrets` makes this search, over TLS and over plain HTTP. An ordinary client leaves
//! copies in these places:
//!
//! * **ureq's connection buffers.** ureq never clears them. They hold the bearer token and entire bodies while the
//!   connection lives, and afterwards until the allocator reuses the block. [`WipingConnector`] wraps every connection.
//!   It overwrites what was sent and read, after each exchange and when the connection closes.
//! * **rustls's record buffers.** rustls copies each decrypted record into a vector and frees it unwiped.
//!   [`TlsConnector`] decrypts records in our own buffer instead: [`provider`] wraps the decrypters of ring's cipher
//!   suites. The cryptography remains ring's, and the protocol rustls's.
//! * **Vectors that grow.** `Vec` frees its old block unwiped. [`Received`](buffers::Received) and [`Body`] wipe theirs.
//! * **serde's scratch buffer.** serde copies every string with an escape into it. [`json_text`] unescapes a secret
//!   directly into memory of its final size.
//! * **The credentials of an idle session.** The next login needs them. [`Masked`] stores them in two halves, neither of
//!   which reveals anything.
//!
//! One gap remains. Responses with secrets are requested uncompressed. If a gateway compresses one anyway, and it is
//! damaged, the decoder frees its window of 32 KiB unwiped.
//!
//! The connectors use ureq's `unversioned::transport` traits, which its semver promise excludes. That is why
//! `Cargo.toml` pins ureq's *minor* version. [`transport`] names the methods that matter.
//!
//! Nothing here uses the rest of the crate, except [`Secret`](crate::Secret).

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
