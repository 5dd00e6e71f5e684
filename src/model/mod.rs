//! The types of requests and responses.

mod charges;
pub(crate) mod check;
mod client_reference;
mod esim;
mod id;
mod instant;
mod members;
pub(crate) mod money;
mod placed;
mod reference;
mod repair;
mod scalar;
mod sort;
mod text_enum;
mod topups;
mod vouchers;
mod wallets;

pub(crate) use crate::http::json_text::unescape;
pub use charges::{Charges, ChargesDetails};
pub use client_reference::ClientReference;
pub use esim::*;
pub(crate) use id::Identified;
pub use id::*;
pub(crate) use instant::{http_date, instant};
pub(crate) use members::{Elements, Members, Model, ReadError};
pub(crate) use placed::{Placed, Unplaced};
pub use reference::{Category, Country, Currency, Subcategory};
pub(crate) use repair::{Repaired, repair};
pub(crate) use scalar::flag;
pub use sort::{ProductSort, SortDirection};
pub use topups::*;
pub use vouchers::*;
pub use wallets::*;
