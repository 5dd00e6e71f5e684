//! Requests as received, and responses byte by byte.

use std::io::{self, Read};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The server appends a number to these, so every token is different.
pub(crate) const ACCESS: &str = "acc3ss-canary-0003";
pub(crate) const REFRESH: &str = "refr3sh-canary-0004";

/// A request as received from the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawRequest {
    /// The index of its connection, from 0.
    pub(crate) connection: usize,
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl RawRequest {
    /// Returns the method and the target, such as `GET /api/v1/countries`.
    pub(crate) fn line(&self) -> &str {
        self.head.split(" HTTP/").next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        lines
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    pub(super) fn is_auth(&self) -> bool {
        self.line().starts_with("POST /auth/")
    }
}

/// Builds a response with a content length and a request id.
pub(crate) fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nx-request-id: req-7\r\n{headers}content-length: {length}\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Builds a 200 response with a JSON body.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "content-type: application/json\r\n", body)
}

/// Builds the body of a login's response.
pub(crate) fn tokens(number: u32) -> String {
    let expires = (OffsetDateTime::now_utc() + time::Duration::hours(1)).format(&Rfc3339).unwrap_or_default();
    format!(
        r#"{{"success":true,"data":{{"access_token":"{ACCESS}-{number}","refresh_token":"{REFRESH}-{number}",
            "access_expires_at":"{expires}","refresh_expires_at":"{expires}","client_id":77}}}}"#
    )
}

/// Reads the next request of a connection in full.
pub(crate) fn read_request(stream: &mut impl Read, connection: usize) -> io::Result<RawRequest> {
    let mut bytes = Vec::new();
    let head = loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        read_some(stream, &mut bytes)?;
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut seen =
        RawRequest { connection, head: text(bytes.get(..head).unwrap_or_default()), body: String::new() };
    let length: usize = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head + length {
        read_some(stream, &mut bytes)?;
    }
    seen.body = text(bytes.get(head..).unwrap_or_default());
    Ok(seen)
}

fn read_some(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => {
            bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
            Ok(())
        }
    }
}
