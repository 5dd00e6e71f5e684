//! The wire: the only code that names ureq.

mod request;
mod response;

pub(crate) use request::{Method, Request, TimeLimit};
pub(crate) use response::{Body, Response};
