//! An order of gift cards and the codes it brought.

use std::fmt;

use rust_decimal::Decimal;
use time::OffsetDateTime;

use super::NewOrder;
use crate::model::members::{Members, Model, Odd, deserialize_models};
use crate::model::money;
use crate::model::placed::{agree, placed};
use crate::model::text_enum::text_enum;
use crate::{OrderId, ProductId, Secret, TransactionId, WalletId};

/// An order of gift cards.
///
/// It is paid as soon as it exists, even while it is pending; an order that fails is refunded by itself.
///
/// It can be read as long as it has an id, and its codes with it. Any other member that the server leaves out, or writes in
/// a way that cannot be read, is none, or what its field says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The product that was ordered; 0 if the server does not say.
    pub product_id: ProductId,
    /// The name of the product.
    pub product_name: Option<String>,
    /// The face value of one card, in the product's currency; 0 if the server does not say.
    pub denomination: Decimal,
    /// How many cards were ordered; 0 if the server does not say.
    pub quantity: u32,
    /// The face value of all cards, in the product's currency.
    pub amount: Option<Decimal>,
    /// The discount as an amount (not in percent), in the product's currency.
    pub discount: Option<Decimal>,
    /// The client reference of the order.
    pub client_reference: Option<String>,
    /// The wallet that paid.
    pub wallet_id: Option<WalletId>,
    /// How far it is. Branch on this, not on how the call ended.
    pub status: OrderStatus,
    /// A remark of the server, as free text.
    pub message: Option<String>,
    /// Where the server mails the cards.
    pub email: Option<String>,
    /// The product's currency, ISO 4217.
    pub base_currency: Option<String>,
    /// The wallet's currency, ISO 4217.
    pub deduction_currency: Option<String>,
    /// The transaction that debited the wallet.
    pub transaction_id: Option<TransactionId>,
    /// When it was placed.
    pub created_at: Option<OffsetDateTime>,
    /// The cards, once they are delivered; lists of orders leave them out.
    pub vouchers: Vec<Voucher>,
    /// Whether it says for whom it is in a way that cannot be read.
    pub(super) is_doubtful: bool,
}

placed!(Order, NewOrder, is_it, is_another);

fn is_it(order: &Order, asked: &NewOrder, since: Option<OffsetDateTime>) -> bool {
    let is_known = order.product_id.get() != 0 && !order.denomination.is_zero() && order.quantity != 0;
    is_known
        && !order.is_doubtful
        && !is_another(order, asked, since)
        && agree(order.email.as_deref(), asked.email_address(), str::eq_ignore_ascii_case)
        && agree(order.wallet_id.as_ref(), asked.wallet_id().as_ref(), WalletId::eq)
}

/// What could not be read is 0, which nobody can ask for.
fn is_another(order: &Order, asked: &NewOrder, _since: Option<OffsetDateTime>) -> bool {
    let is_same = (order.product_id.get() == 0 || order.product_id == asked.product())
        && (order.denomination.is_zero() || money::agree(order.denomination, asked.denomination()))
        && (order.quantity == 0 || order.quantity == asked.quantity());
    !is_same
}

/// One gift card. What it holds is as good as money: it is wiped from memory when it is dropped.
#[derive(Clone)]
#[non_exhaustive]
pub struct Voucher {
    /// The number of the card, or its code.
    pub card_number: Option<Secret>,
    /// The PIN that goes with the card number.
    pub pin_code: Option<Secret>,
    /// The page on which the card is claimed; whoever knows it can.
    pub claim_url: Option<Secret>,
    /// The issuer's reference for support cases; it cannot be redeemed.
    pub voucher_reference_number: Option<String>,
    /// When the card expires.
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
        let (email, wallet_id) = (from.text("email"), from.number("wallet_id"));
        Ok(Order {
            id: from.needed("id", Members::number)?,
            product_id: from.number("product_id").unwrap_or(0.into()),
            product_name: from.text("product_name"),
            denomination: from.amount("denomination").unwrap_or_default(),
            quantity: from.number("quantity").unwrap_or_default(),
            amount: from.amount("amount"),
            discount: from.amount("discount"),
            client_reference: from.reference(),
            is_doubtful: from.has("email") && email.is_none() || from.has("wallet_id") && wallet_id.is_none(),
            wallet_id,
            status: from.kind("status"),
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
    fn read(from: &Members<'_>) -> Result<Self, Odd> {
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
    /// How far an order of gift cards is.
    OrderStatus {
        /// Paid, and being delivered.
        Pending = "PENDING",
        /// All cards are there.
        Delivered = "DELIVERED",
        /// Some cards are there, others are still pending or failed.
        PartiallyDelivered = "PARTIALLY_DELIVERED",
        /// Nothing was delivered and the wallet was refunded.
        Failed = "FAILED",
        /// Called off, and the wallet was refunded.
        Cancelled = "CANCELLED" | "CANCELED",
    }
}

impl OrderStatus {
    /// Whether it stays as it is: delivered, failed or cancelled. A status this version does not know may
    /// still change, and so may a partial delivery.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, OrderStatus::Delivered | OrderStatus::Failed | OrderStatus::Cancelled)
    }
}
