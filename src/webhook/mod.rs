//! Webhooks: check that a delivery is authentic, then read its event.
//!
//! The server posts an event to a URL that is set up in the dashboard, signed with a secret that is shown
//! there. A receiver needs the raw body, exactly as it came over the wire, and the headers, from whatever HTTP
//! server it runs on:
//!
//! ```
//! use popup_rewards::{OffsetDateTime, Secret, webhook};
//!
//! let secret = Secret::new("whsec-of-this-endpoint");
//! let now = OffsetDateTime::now_utc();
//! let body = br#"{"id":"evt_1","type":"order.delivered","created_at":"2031-03-02T10:05:00Z","data":{"id":88101}}"#;
//! let headers = [
//!     ("X-Signature", webhook::sign(body, &secret)),
//!     ("X-Timestamp", now.unix_timestamp().to_string()),
//! ];
//!
//! let event = webhook::verify(body, &headers, &secret, now)?;
//! match event.kind {
//!     webhook::EventKind::OrderDelivered(order) => println!("order {} is there", order.order_id),
//!     other => println!("not for us: {other:?}"),
//! }
//! # Ok::<(), popup_rewards::Error>(())
//! ```
//!
//! A receiver that loses and repeats nothing follows four rules:
//!
//! - Answer any 2xx within a few seconds and do the work afterwards; other answers are delivered again.
//! - Events repeat and their order is not guaranteed: keep every [`Event::id`] that was handled, answer 2xx
//!   to a repeat and do nothing.
//! - Answer 2xx to [`EventKind::Unknown`] too: new kinds may appear at any time.
//! - An event carries no card codes: fetch the order for them. Keep polling as a fallback for events that
//!   never arrive.

mod event;
mod signature;

use time::OffsetDateTime;

pub use event::{Event, EventKind, OrderEvent, WalletEvent};
pub use signature::sign;

use crate::{Result, Secret};

/// Checks that a delivery is authentic and recent, and reads its event.
///
/// `body` is the raw body; one that was parsed and written again has another signature. `headers` may be all
/// headers of the request, in any case and order; the names that CGI and WSGI make of them (`HTTP_X_SIGNATURE`) will
/// do as well. `now` is the time of day, an argument so that a test can choose it.
///
/// Nothing of the body is parsed before its signature is found right, in constant time. The timestamp header
/// must be within five minutes of `now`, in either direction. It is not covered by the signature, so a
/// receiver that must not act twice keeps the event ids as well.
///
/// # Errors
/// No message quotes the body, a header or the secret.
/// - [`Configuration`](crate::ErrorKind::Configuration): the secret is empty, or has a blank or a line break at one
///   end, as it does when a file is read in full: trim it.
/// - [`Unauthorized`](crate::ErrorKind::Unauthorized): `X-Signature` or `X-Timestamp` is missing, there
///   twice or malformed; the signature is not that of the body; the timestamp is too far from `now`;
///   `X-Event-ID` or `X-Event-Type` contradicts the body. Answer 401 and ignore the delivery.
/// - [`InvalidResponse`](crate::ErrorKind::InvalidResponse): the body is authentic but not an event with an id and
///   a type. One member that is odd is no error: it is left out, or the event is
///   [`Unknown`](EventKind::Unknown).
///
/// # Examples
/// ```
/// use popup_rewards::{ErrorKind, OffsetDateTime, Secret, webhook};
///
/// /// The status to answer a delivery with.
/// fn receive(body: &[u8], headers: &[(String, Vec<u8>)], secret: &Secret) -> u16 {
///     match webhook::verify(body, headers, secret, OffsetDateTime::now_utc()) {
///         Ok(event) => {
///             println!("event {} is to be handled, once", event.id);
///             204
///         }
///         Err(error) if error.kind() == ErrorKind::Unauthorized => 401,
///         Err(_) => 400,
///     }
/// }
/// assert_eq!(receive(b"{}", &[], &Secret::new("whsec-of-this-endpoint")), 401);
/// ```
///
/// While the secret is being rotated, deliveries signed with either secret arrive. Verify with the new one, else with
/// the old one:
/// ```
/// use popup_rewards::webhook::{self, Event};
/// use popup_rewards::{ErrorKind, OffsetDateTime, Result, Secret};
///
/// fn verify(body: &[u8], headers: &[(String, Vec<u8>)], new: &Secret, old: &Secret) -> Result<Event> {
///     let now = OffsetDateTime::now_utc();
///     webhook::verify(body, headers, new, now).or_else(|error| match error.kind() {
///         ErrorKind::Unauthorized => webhook::verify(body, headers, old, now),
///         _ => Err(error),
///     })
/// }
///
/// let (new, old) = (Secret::new("whsec-new"), Secret::new("whsec-old"));
/// let body = br#"{"id":"evt_1","type":"ping","created_at":"2031-03-02T10:05:00Z","data":{}}"#;
/// for secret in [&new, &old] {
///     let headers = [
///         ("X-Signature".to_owned(), webhook::sign(body, secret).into_bytes()),
///         ("X-Timestamp".to_owned(), OffsetDateTime::now_utc().unix_timestamp().to_string().into_bytes()),
///     ];
///     assert_eq!(verify(body, &headers, &new, &old)?.id, "evt_1");
/// }
/// # Ok::<(), popup_rewards::Error>(())
/// ```
pub fn verify(
    body: &[u8],
    headers: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    secret: &Secret,
    now: OffsetDateTime,
) -> Result<Event> {
    signature::check(body, headers, secret)?;
    let sent = signature::check_time(headers, now)?;
    event::parse(body, headers, sent)
}
