//! What goes over the wire, as types.

mod charges;
mod client_reference;
mod esim;
mod id;
pub(crate) mod lenient;
pub(crate) mod money;
mod paging;
mod placed;
mod reference;
mod rules;
pub(crate) mod secret_text;
mod sort;
mod text_enum;
mod topups;
mod vouchers;
mod wallets;

pub use charges::{Charges, ChargesDetails};
pub use client_reference::ClientReference;
pub use esim::*;
pub(crate) use id::Identified;
pub use id::*;
pub use reference::{Category, Country, Currency, Subcategory};
pub(crate) use secret_text::unescape;
pub use sort::{ProductSort, SortDirection};
pub use topups::*;
pub use vouchers::*;
pub use wallets::*;
