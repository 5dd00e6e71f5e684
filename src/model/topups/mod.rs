//! Phone credit, data bundles and game credit: products, orders, and what it takes to ask for them.

mod input_field;
mod new_order;
mod order;
mod product;

pub use input_field::TopupInputField;
pub use new_order::{NewTopupOrder, NewTopupQuote};
pub use order::{TopupOrder, TopupOrderStatus};
pub use product::{MobileMatch, TopupCategory, TopupProduct, TopupRegion, TopupType, TopupVariant};
