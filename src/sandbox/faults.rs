//! Scripted faults.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::api_error::ApiError;
use super::server_response::ServerResponse;

/// A fault for the next request to a route, or for several with [`times`](Fault::times) or
/// [`always`](Fault::always), for [`Sandbox::fault`](super::Sandbox::fault).
///
/// Each variant says whether the server executes the request. Delays are in real time and
/// [`Sandbox::advance`](super::Sandbox::advance) does not shorten them. Only [`held`](Fault::held) and
/// [`hold`](Fault::hold) follow the sandbox's clock.
///
/// ```
/// use std::time::Duration;
/// use popup_rewards::sandbox::{Fault, Sandbox};
///
/// let sandbox = Sandbox::start()?;
/// sandbox.fault("POST /auth/refresh", Fault::Status(503).times(2));
/// sandbox.fault("POST /api/v1/orders", Fault::CloseAfter);
/// sandbox.fault("POST /auth/login", Fault::Status(500).after(Duration::from_millis(20)));
/// # Ok::<(), popup_rewards::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Responds with this status and the API's error body. The request is not executed.
    Status(u16),
    /// Executes the request, then responds with this status and the API's error body, like a gateway that lost
    /// the response.
    StatusAfter(u16),
    /// Executes the request, then responds with this status and an HTML page, like a gateway that lost the
    /// response.
    PageAfter(u16),
    /// Responds with this status, code and message in the API's error body. The request is not executed.
    Refusal {
        /// The HTTP status.
        status: u16,
        /// The `error.code`.
        code: String,
        /// The `error.message`.
        message: String,
    },
    /// Responds with 429 and a `Retry-After` of this many seconds. The request is not executed.
    RateLimited(u64),
    /// Responds with 429 and the seconds only in the message. The request is not executed.
    RateLimitedInMessage(u64),
    /// Waits, then executes the request. It is not executed if the client disconnects meanwhile.
    Delay(Duration),
    /// Executes the request at once and delays the response by this duration.
    SlowResponse(Duration),
    /// Never executes the request and never responds. The connection stays open until the client or the sandbox
    /// closes it.
    Hang,
    /// Executes the request at once and never responds.
    HangAfter,
    /// Closes the connection. The request is not executed.
    CloseBefore,
    /// Executes the request, then closes the connection without a response.
    CloseAfter,
    /// Executes the request, sends the headers and the first half of the body, then closes the connection.
    CutBody,
    /// Executes the request and responds with 200 and bytes that are not JSON.
    Garbage,
    /// Responds with 502 and an HTML page, as a gateway does. The request is not executed.
    Html,
    /// Responds with this status and an HTML page, as a gateway does. The request is not executed.
    Page(u16),
    /// Executes the request and responds with 200 and an empty body.
    EmptyOk,
    /// Executes the request and responds with 200 and JSON of an unexpected shape.
    WrongShape,
    /// Executes the request and responds with 200 and a body of this many bytes, sent in chunks.
    HugeBody(u64),
    /// Redirects to this address with 302. The request is not executed.
    Redirect(String),
    /// Waits, then applies the inner fault. Created by [`after`](Fault::after).
    After(Duration, Box<Fault>),
    /// Waits on the sandbox's clock, then applies the inner fault, if any. Created by [`held`](Fault::held) and
    /// [`hold`](Fault::hold).
    Held(Duration, Option<Box<Fault>>),
    /// Applies the inner fault to this many requests. Created by [`times`](Fault::times).
    Times(u32, Box<Fault>),
}

impl Fault {
    /// Repeats the fault for this many requests in a row.
    #[must_use]
    pub fn times(self, requests: u32) -> Fault {
        Fault::Times(requests, Box::new(self))
    }

    /// Repeats the fault for every request until [`clear_faults`](super::Sandbox::clear_faults).
    #[must_use]
    pub fn always(self) -> Fault {
        self.times(u32::MAX)
    }

    /// Delays the fault in real time. The request is not executed if the client disconnects meanwhile.
    #[must_use]
    pub fn after(self, delay: Duration) -> Fault {
        Fault::After(delay, Box::new(self))
    }

    /// Delays the fault until the sandbox's clock has advanced by `by`, which a test controls with
    /// [`Sandbox::advance`](super::Sandbox::advance). The request is not executed if the client disconnects
    /// meanwhile.
    #[must_use]
    pub fn held(self, by: Duration) -> Fault {
        Fault::Held(by, Some(Box::new(self)))
    }

    /// Holds the request until the sandbox's clock has advanced by `by`, then executes it normally.
    #[must_use]
    pub fn hold(by: Duration) -> Fault {
        Fault::Held(by, None)
    }

    /// Returns the response of a fault that does not execute the request. `None` for all other faults.
    pub(super) fn response_without_executing(&self) -> Option<ServerResponse> {
        let response = match self {
            Fault::Status(status) => error_response(*status),
            Fault::Refusal { status, code, message } => {
                let error = json!({ "name": "RefusedError", "code": code, "message": message });
                ServerResponse::json(status_of(*status), &json!({ "error": error }))
            }
            Fault::RateLimited(seconds) => ApiError::too_many_requests(*seconds).into(),
            Fault::RateLimitedInMessage(seconds) => {
                let mut response = ServerResponse::from(ApiError::too_many_requests(*seconds));
                response.headers.remove(http::header::RETRY_AFTER);
                response
            }
            Fault::Page(status) => page(*status),
            Fault::Html => page(502),
            Fault::Redirect(to) => {
                ServerResponse::new(StatusCode::FOUND, "text/html", "").header("location", to)
            }
            _ => return None,
        };
        Some(response)
    }

    /// Returns what the client gets in place of the response of an executed request.
    pub(super) fn replace(&self, response: ServerResponse) -> ServerResponse {
        let ok = |body: &'static str| ServerResponse::new(StatusCode::OK, "application/json", body);
        match self {
            Fault::StatusAfter(status) => error_response(*status),
            Fault::PageAfter(status) => {
                ServerResponse::new(status_of(*status), "text/html", "<h1>Something is wrong</h1>")
            }
            Fault::Garbage => ok("\u{1}\u{2} not json {{{"),
            Fault::EmptyOk | Fault::HugeBody(_) => ok(""),
            Fault::WrongShape => ok(r#"{"unexpected":[{"shape":true}]}"#),
            _ => response,
        }
    }
}

const HTML: &str = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>\
                    <body><h1>502 Bad Gateway</h1></body></html>";

fn page(status: u16) -> ServerResponse {
    ServerResponse::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), "text/html", HTML)
}

fn error_response(status: u16) -> ServerResponse {
    ApiError::with_status(status_of(status)).into()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The faults that have not happened yet.
#[derive(Default)]
pub(super) struct Faults {
    /// By route, `*` for all. First in, first out.
    queues: HashMap<String, Vec<Fault>>,
    rates: Vec<FaultRate>,
}

struct FaultRate {
    route: String,
    percent: u8,
    random: fastrand::Rng,
    kinds: Vec<Fault>,
}

impl Faults {
    pub(super) fn push(&mut self, route: &str, fault: Fault) {
        self.queues.entry(route.to_owned()).or_default().push(fault);
    }

    pub(super) fn push_rate(&mut self, route: &str, percent: u8, seed: u64, kinds: Vec<Fault>) {
        let random = fastrand::Rng::with_seed(seed);
        self.rates.push(FaultRate { route: route.to_owned(), percent, random, kinds });
    }

    /// Returns the fault for a request to this route: a queued one, else one drawn at random.
    pub(super) fn take(&mut self, route: &str) -> Option<Fault> {
        let queued = [route, "*"].into_iter().find_map(|key| self.queues.get_mut(key).and_then(pop));
        queued.or_else(|| self.rates.iter_mut().find_map(|rate| rate.draw(route)))
    }
}

/// Removes the first fault. A repeated one stays until it is used up.
fn pop(queue: &mut Vec<Fault>) -> Option<Fault> {
    while let Some(first) = queue.first_mut() {
        match first {
            Fault::Times(left @ 1.., fault) => {
                // `u32::MAX` means always.
                if *left < u32::MAX {
                    *left -= 1;
                }
                return Some((**fault).clone());
            }
            Fault::Times(..) => drop(queue.remove(0)),
            _ => return Some(queue.remove(0)),
        }
    }
    None
}

impl FaultRate {
    fn draw(&mut self, route: &str) -> Option<Fault> {
        if (self.route != "*" && self.route != route) || self.random.u8(0..100) >= self.percent {
            return None;
        }
        self.random.choice(&self.kinds).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_applied_in_order_and_as_often_as_scripted() {
        let mut faults = Faults::default();
        faults.push("GET /status", Fault::Hang.times(2));
        faults.push("GET /status", Fault::Html);
        faults.push("*", Fault::EmptyOk.times(0));
        let taken: Vec<_> = (0..4).map(|_| faults.take("GET /status")).collect();
        assert_eq!(taken, [Some(Fault::Hang), Some(Fault::Hang), Some(Fault::Html), None]);
        faults.push("*", Fault::Garbage.always());
        assert!((0..1000).all(|_| faults.take("POST /auth/login") == Some(Fault::Garbage)));
    }

    #[test]
    fn random_faults_depend_on_the_seed_and_follow_the_rate() {
        let run = |seed| -> Vec<Option<Fault>> {
            let mut faults = Faults::default();
            faults.push_rate("*", 30, seed, vec![Fault::Hang, Fault::CloseAfter]);
            (0..1000).map(|_| faults.take("GET /status")).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).iter().flatten().count();
        assert!((200..400).contains(&hits), "{hits}");
    }
}
