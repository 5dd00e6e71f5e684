//! The wire: the only code that names ureq.

mod rate_limit;
mod request;
mod response;
mod schedule;

pub use rate_limit::RateLimits;
pub(crate) use rate_limit::{Limiter, RateClass};
pub(crate) use request::{Method, Request, TimeLimit};
pub(crate) use response::{Body, Response};
