//! The wire: the only code that names ureq.

mod buffers;
mod connector;
mod request;
mod response;
mod tls;
mod wipe;

pub(crate) use request::{Method, Request, TimeLimit};
pub(crate) use response::{Body, Response};
