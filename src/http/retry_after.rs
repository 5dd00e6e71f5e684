//! How long a server wants to be left alone.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::Response;

/// From the `Retry-After` header, in seconds or as a date, else from the number in the server's message.
pub(super) fn of(response: &Response, message: Option<&str>, wall: Duration) -> Option<Duration> {
    match response.header("retry-after") {
        Some(header) => {
            header.parse().ok().map(Duration::from_secs).or_else(|| until(response, header, wall))
        }
        None => message.and_then(in_message),
    }
}

/// The time until an HTTP date, by the server's own clock where it shows it.
fn until(response: &Response, header: &str, wall: Duration) -> Option<Duration> {
    let then = http_date(header)?;
    let now = response
        .header("date")
        .and_then(http_date)
        .map_or_else(|| i64::try_from(wall.as_secs()).ok(), |date| Some(date.unix_timestamp()))?;
    Some(Duration::from_secs(u64::try_from(then.unix_timestamp().saturating_sub(now)).unwrap_or(0)))
}

/// An instant as HTTP headers write it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc2822).ok()
}

/// The first number of a text such as "Retry after 12 seconds."
fn in_message(message: &str) -> Option<Duration> {
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?;
    digits.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::http::Body;

    fn response(headers: &[(&'static str, &str)]) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Response { status: 429, headers: map, body: Body::new(Vec::new()), resent: false }
    }

    #[test]
    fn every_documented_form_is_understood() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:50:07 GMT";
        let wall = Duration::from_secs(784_111_777);
        for (headers, message, seconds) in [
            (&[("retry-after", "12")][..], None, Some(12)),
            (&[("retry-after", later), ("date", date)], None, Some(30)),
            (&[("retry-after", later)], None, Some(30)),
            (&[("retry-after", date), ("date", later)], None, Some(0)),
            (&[], Some("Rate limit exceeded. Retry after 7 seconds."), Some(7)),
            (&[], Some("Too many login attempts."), None),
            (&[("retry-after", "soon")], Some("99"), None),
            (&[("retry-after", "-5")], None, None),
        ] {
            let found = of(&response(headers), message, wall);
            assert_eq!(found, seconds.map(Duration::from_secs), "{headers:?} {message:?}");
        }
    }
}
