//! Webhooks: verify a delivery, then read its event.
//!
//! The server posts events to the URL set in the dashboard and signs them with the secret shown there. The
//! receiver can run on any HTTP server that gives access to the raw body, byte for byte, and the headers:
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
//!     webhook::EventKind::OrderDelivered(order) => println!("order {} is delivered", order.order_id),
//!     other => println!("ignored: {other:?}"),
//! }
//! # Ok::<(), popup_rewards::Error>(())
//! ```
//!
//! To lose no event and handle none twice:
//!
//! - Respond with any 2xx status within a few seconds and do the work afterwards. After any other response the
//!   event is delivered again.
//! - Expect events in any order, and repeats. Store the [`Event::id`] of every handled event. Respond to a repeat
//!   with a 2xx status without handling it again.
//! - Respond to [`EventKind::Unknown`] with a 2xx status too. New kinds may appear at any time.
//! - Fetch the order to read its card codes, which are not in the event. Keep polling as a fallback for events
//!   that never arrive.

mod event;
mod signature;

use time::OffsetDateTime;

pub use event::{Event, EventKind, OrderEvent, WalletEvent};
pub use signature::sign;

use crate::{Result, Secret};

/// Verifies that a delivery is authentic and recent, and reads its event.
///
/// `body` is the raw body: parsing and serializing it again can change its signature. `headers` can be all headers
/// of the request, in any case and order, and with the names that CGI and WSGI use (`HTTP_X_SIGNATURE`). `now` is
/// the current time, which a test can choose.
///
/// The signature is compared in constant time, before the body is parsed. The timestamp header must be within five
/// minutes of `now`, in either direction. The signature does not cover the timestamp: a receiver that must not
/// handle an event twice stores the event ids as well.
///
/// # Errors
/// No message quotes the body, a header or the secret.
/// - [`Configuration`](crate::ErrorKind::Configuration): the secret is empty, or begins or ends with a blank or a
///   line break. A secret read from a file often ends with a line break: trim it.
/// - [`Unauthorized`](crate::ErrorKind::Unauthorized): `X-Signature` or `X-Timestamp` is missing, duplicated or
///   malformed; the signature does not match the body; the timestamp is too far from `now`; `X-Event-ID` or
///   `X-Event-Type` contradicts the body. Respond with 401 and ignore the delivery.
/// - [`InvalidResponse`](crate::ErrorKind::InvalidResponse): the body is authentic, but not an event with an id and
///   a type. Any other malformed field is ignored, or makes the event [`Unknown`](EventKind::Unknown).
///
/// # Examples
/// ```
/// use popup_rewards::{ErrorKind, OffsetDateTime, Secret, webhook};
///
/// /// Returns the status to respond with.
/// fn receive(body: &[u8], headers: &[(String, Vec<u8>)], secret: &Secret) -> u16 {
///     match webhook::verify(body, headers, secret, OffsetDateTime::now_utc()) {
///         Ok(event) => {
///             println!("event {} received", event.id);
///             204
///         }
///         Err(error) if error.kind() == ErrorKind::Unauthorized => 401,
///         Err(_) => 400,
///     }
/// }
/// assert_eq!(receive(b"{}", &[], &Secret::new("whsec-of-this-endpoint")), 401);
/// ```
///
/// During a rotation of the secret, deliveries arrive with signatures of either secret. Verify with the new secret
/// first, then with the old one:
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
    let sent_at = signature::check_timestamp(headers, now)?;
    event::parse(body, headers, sent_at)
}
