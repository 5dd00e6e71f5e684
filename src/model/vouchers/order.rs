//! A gift card order, its status and its gift cards.

use std::fmt;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::NewOrder;
use crate::model::members::{Members, Model, ReadError, deserialize_models};
use crate::model::money;
use crate::model::placed::{agree_if_known, placed};
use crate::model::text_enum::text_enum;
use crate::{OrderId, ProductId, Secret, TransactionId, WalletId};

/// A gift card order.
///
/// It is paid as soon as it exists, even while it is pending. If it fails, it is refunded automatically.
///
/// Only the id is required. Any other field is `None`, or has the value stated below, if its member is missing or
/// cannot be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// The product's id. 0 if the server does not say.
    pub product_id: ProductId,
    /// The product's name.
    pub product_name: Option<String>,
    /// The face value of one gift card, in the product's currency. 0 if the server does not say.
    pub denomination: Decimal,
    /// The number of gift cards. 0 if the server does not say.
    pub quantity: u32,
    /// The face value of all gift cards, in the product's currency.
    pub amount: Option<Decimal>,
    /// The discount as an amount in the product's currency, not in percent.
    pub discount: Option<Decimal>,
    /// The order's client reference.
    pub client_reference: Option<String>,
    /// The id of the wallet that paid.
    pub wallet_id: Option<WalletId>,
    /// The status. Act on this, not on whether a call succeeded. `Unknown` if the server does not say.
    pub status: OrderStatus,
    /// The server's message, as free text.
    pub message: Option<String>,
    /// The address to which the server mails the gift cards.
    pub email: Option<String>,
    /// The product's currency, ISO 4217.
    pub base_currency: Option<String>,
    /// The wallet's currency, ISO 4217.
    pub deduction_currency: Option<String>,
    /// The id of the transaction that debited the wallet.
    pub transaction_id: Option<TransactionId>,
    /// Time of placement.
    pub created_at: Option<OffsetDateTime>,
    /// The delivered gift cards. Empty in lists of orders.
    pub vouchers: Vec<Voucher>,
    /// Whether the e-mail address or the wallet is present but cannot be read.
    pub(super) is_partly_unreadable: bool,
}

placed!(Order, NewOrder, is_same_order, is_other_order);

fn is_same_order(order: &Order, new: &NewOrder, since: Option<OffsetDateTime>) -> bool {
    let is_known = order.product_id.get() != 0 && !order.denomination.is_zero() && order.quantity != 0;
    is_known
        && !order.is_partly_unreadable
        && !is_other_order(order, new, since)
        && agree_if_known(order.email.as_deref(), new.email_address(), str::eq_ignore_ascii_case)
        && agree_if_known(order.wallet_id.as_ref(), new.wallet_id().as_ref(), WalletId::eq)
}

/// 0 stands for a value that could not be read: no request contains it.
fn is_other_order(order: &Order, new: &NewOrder, _since: Option<OffsetDateTime>) -> bool {
    let may_be_same = (order.product_id.get() == 0 || order.product_id == new.product())
        && (order.denomination.is_zero() || money::agree(order.denomination, new.denomination()))
        && (order.quantity == 0 || order.quantity == new.quantity());
    !may_be_same
}

/// A delivered gift card. Its codes are worth money, so they are wiped from memory on drop.
///
/// The API calls a gift card's code a voucher, and so do the identifiers of this crate.
#[derive(Clone)]
#[non_exhaustive]
pub struct Voucher {
    /// The number or code of the gift card.
    pub card_number: Option<Secret>,
    /// The PIN that belongs to the number.
    pub pin_code: Option<Secret>,
    /// The URL of the page where the gift card is claimed. Anyone who has it can claim the gift card.
    pub claim_url: Option<Secret>,
    /// The issuer's reference for support cases. It cannot be redeemed.
    pub voucher_reference_number: Option<String>,
    /// Time of expiry. If the server sends only a date, this is its last second in UTC.
    pub expires_at: Option<OffsetDateTime>,
}

impl fmt::Debug for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voucher")
            .field("card_number", &self.card_number)
            .field("pin_code", &self.pin_code)
            .field("claim_url", &self.claim_url)
            .field("voucher_reference_number", &self.voucher_reference_number)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

deserialize_models! { Order Voucher }

impl Model for Order {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        let (email, wallet_id) = (from.text("email"), from.number("wallet_id"));
        Ok(Order {
            id: from.required("id", Members::number)?,
            product_id: from.number("product_id").unwrap_or(0.into()),
            product_name: from.text("product_name"),
            denomination: from.amount("denomination").unwrap_or_default(),
            quantity: from.number("quantity").unwrap_or_default(),
            amount: from.amount("amount"),
            discount: from.amount("discount"),
            client_reference: from.reference(),
            is_partly_unreadable: from.has("email") && email.is_none()
                || from.has("wallet_id") && wallet_id.is_none(),
            wallet_id,
            status: from.text_enum("status"),
            message: from.text("message"),
            email,
            base_currency: from.text("base_currency").or_else(|| from.text("currency")),
            deduction_currency: from.text("deduction_currency"),
            transaction_id: from.number("transaction_id"),
            created_at: from.placed_at(),
            vouchers: from.list("vouchers"),
        })
    }
}

impl Model for Voucher {
    fn read(from: &Members<'_>) -> Result<Self, ReadError> {
        Ok(Voucher {
            card_number: from.code("card_number"),
            pin_code: from.code("pin_code"),
            claim_url: from.code("claim_url"),
            voucher_reference_number: from.text("voucher_reference_number"),
            expires_at: from.end("expires_at"),
        })
    }
}

text_enum! {
    /// The status of a gift card order.
    OrderStatus {
        /// Paid, and not delivered yet.
        Pending = "PENDING",
        /// All gift cards were delivered.
        Delivered = "DELIVERED",
        /// Some gift cards were delivered. The others are pending or failed.
        PartiallyDelivered = "PARTIALLY_DELIVERED",
        /// Nothing was delivered and the wallet was refunded.
        Failed = "FAILED",
        /// Cancelled, and the wallet was refunded.
        Cancelled = "CANCELLED" | "CANCELED",
    }
}

impl OrderStatus {
    /// Whether the status is final: delivered, failed or cancelled. A partial delivery or a status that this version
    /// does not know may still change.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, OrderStatus::Delivered | OrderStatus::Failed | OrderStatus::Cancelled)
    }
}
