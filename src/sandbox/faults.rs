//! What goes wrong on purpose, and when.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;

use serde_json::json;

use super::reply::{Refusal, Reply};

/// Something that goes wrong with one request, for [`Sandbox::fault`](super::Sandbox::fault).
///
/// Whether the request takes effect matters as much as what the client sees, so each kind says so. Delays are
/// real time, which moving the sandbox's clock does not shorten; only [`held`](Fault::held) goes by that clock.
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
    /// Answers with this status and the API's error body. Nothing is executed.
    Status(u16),
    /// Executes, then answers with this status all the same, like a gateway that lost the answer.
    StatusAfter(u16),
    /// Executes, then answers with this status and a page of HTML, like a gateway that lost the answer.
    PageAfter(u16),
    /// Refuses with this status and these words in the API's error body. Nothing is executed.
    Refusal {
        /// The HTTP status.
        status: u16,
        /// The `error.code`.
        code: String,
        /// The `error.message`.
        message: String,
    },
    /// Answers 429 with `Retry-After` of this many seconds. Nothing is executed.
    RateLimited(u64),
    /// Answers 429 with the seconds in the message only. Nothing is executed.
    RateLimitedInMessage(u64),
    /// Waits, then goes on as usual. Nothing is executed if the client hangs up meanwhile.
    Delay(Duration),
    /// Executes at once, and answers after this time.
    SlowAnswer(Duration),
    /// Never answers and never executes. The connection stays open until the client or the sandbox goes.
    Hang,
    /// Executes at once, and never answers.
    HangAfter,
    /// Closes the connection instead of executing.
    CloseBefore,
    /// Executes, then closes the connection without an answer.
    CloseAfter,
    /// Executes, sends the head and the first half of the body, then closes the connection.
    CutBody,
    /// Executes, and answers 200 with bytes that are not JSON.
    Garbage,
    /// Answers 502 with a page of HTML, as a gateway does. Nothing is executed.
    Html,
    /// Answers with this status and a page of HTML, as a gateway does. Nothing is executed.
    Page(u16),
    /// Executes, and answers 200 with an empty body.
    EmptyOk,
    /// Executes, and answers 200 with JSON of another shape.
    WrongShape,
    /// Executes, and answers 200 with a body of this many bytes, sent piece by piece.
    HugeBody(u64),
    /// Answers 302 to this address. Nothing is executed.
    Redirect(String),
    /// Waits, then applies the other fault; made by [`after`](Fault::after).
    After(Duration, Box<Fault>),
    /// Waits for the sandbox's clock, then applies the other fault, if any; made by [`held`](Fault::held).
    Held(Duration, Option<Box<Fault>>),
    /// Applies the other fault to this many requests; made by [`times`](Fault::times).
    Times(u32, Box<Fault>),
}

impl Fault {
    /// The same fault for this many requests in a row.
    #[must_use]
    pub fn times(self, requests: u32) -> Fault {
        Fault::Times(requests, Box::new(self))
    }

    /// The same fault for every request until [`clear_faults`](super::Sandbox::clear_faults).
    #[must_use]
    pub fn always(self) -> Fault {
        self.times(u32::MAX)
    }

    /// The same fault after a pause. Nothing happens if the client hangs up meanwhile.
    #[must_use]
    pub fn after(self, pause: Duration) -> Fault {
        Fault::After(pause, Box::new(self))
    }

    /// The same fault once the sandbox's clock has moved on by so much, so that a test decides when. Nothing
    /// happens if the client hangs up meanwhile.
    #[must_use]
    pub fn held(self, by: Duration) -> Fault {
        Fault::Held(by, Some(Box::new(self)))
    }

    /// No fault, once the sandbox's clock has moved on by so much: the request is executed then.
    #[must_use]
    pub fn hold(by: Duration) -> Fault {
        Fault::Held(by, None)
    }

    /// The answer of a fault that does not execute the request.
    pub(super) fn refusal(&self) -> Option<Reply> {
        let reply = match self {
            Fault::Status(status) => scripted(*status),
            Fault::Refusal { status, code, message } => {
                let error = json!({ "name": "RefusedError", "code": code, "message": message });
                Reply::json(status_of(*status), &json!({ "error": error }))
            }
            Fault::RateLimited(seconds) => Refusal::too_many_requests(*seconds).into(),
            Fault::RateLimitedInMessage(seconds) => {
                let mut reply = Reply::from(Refusal::too_many_requests(*seconds));
                reply.headers.remove(http::header::RETRY_AFTER);
                reply
            }
            Fault::Page(status) => page(*status),
            Fault::Html => page(502),
            Fault::Redirect(to) => Reply::new(StatusCode::FOUND, "text/html", "").header("location", to),
            _ => return None,
        };
        Some(reply)
    }

    /// What the client gets instead of the answer of a request that was executed.
    pub(super) fn disguise(&self, answer: Reply) -> Reply {
        let ok = |body: &'static str| Reply::new(StatusCode::OK, "application/json", body);
        match self {
            Fault::StatusAfter(status) => scripted(*status),
            Fault::PageAfter(status) => {
                Reply::new(status_of(*status), "text/html", "<h1>Something is wrong</h1>")
            }
            Fault::Garbage => ok("\u{1}\u{2} not json {{{"),
            Fault::EmptyOk | Fault::HugeBody(_) => ok(""),
            Fault::WrongShape => ok(r#"{"unexpected":[{"shape":true}]}"#),
            _ => answer,
        }
    }
}

const HTML: &str = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>\
                    <body><h1>502 Bad Gateway</h1></body></html>";

fn page(status: u16) -> Reply {
    Reply::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), "text/html", HTML)
}

fn scripted(status: u16) -> Reply {
    Refusal::scripted(status_of(status)).into()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The faults that are still to come.
#[derive(Default)]
pub(super) struct Faults {
    /// Per route (`*` for all), in the order they were asked for.
    queues: HashMap<String, Vec<Fault>>,
    rates: Vec<Rate>,
}

struct Rate {
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
        self.rates.push(Rate { route: route.to_owned(), percent, random, kinds });
    }

    /// The fault of the next request to this route: a queued one, else one drawn by chance.
    pub(super) fn take(&mut self, route: &str) -> Option<Fault> {
        let queued = [route, "*"].into_iter().find_map(|key| self.queues.get_mut(key).and_then(pop));
        queued.or_else(|| self.rates.iter_mut().find_map(|rate| rate.draw(route)))
    }
}

/// The first fault of a queue; a repeated one stays until it is used up.
fn pop(queue: &mut Vec<Fault>) -> Option<Fault> {
    while let Some(first) = queue.first_mut() {
        match first {
            Fault::Times(left @ 1.., fault) => {
                // The largest number stands for always.
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

impl Rate {
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
    fn faults_come_in_the_order_asked_for_and_as_often_as_asked_for() {
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
    fn random_faults_are_the_same_for_the_same_seed_and_about_as_many_as_asked_for() {
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
