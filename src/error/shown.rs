//! What an error shows: its text in one line, and its parts.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(route) = self.route() {
            write!(f, "{route}: ")?;
        }
        f.write_str(&self.0.message)?;
        match (self.0.status, self.code()) {
            (Some(status), Some(code)) => write!(f, " ({status} {code})")?,
            (Some(status), None) => write!(f, " ({status})")?,
            (None, _) => {}
        }
        match self.server_message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &data.kind);
        field(&mut out, "route", data.route.as_ref());
        out.field("message", &data.message);
        field(&mut out, "status", data.status.as_ref());
        field(&mut out, "code", data.code.as_ref());
        field(&mut out, "server_message", data.server_message.as_ref());
        field(&mut out, "request_id", data.request_id.as_ref());
        field(&mut out, "retry_after", data.retry_after.as_ref());
        field(&mut out, "may_have_executed", data.may_have_executed.then_some(&true));
        field(&mut out, "client_reference", data.client_reference.as_ref());
        field(&mut out, "unreadable", data.unreadable.as_ref());
        if data.has_foreign_source {
            out.field("source", &format_args!("not shown"));
        } else {
            field(&mut out, "source", data.source.as_ref());
        }
        out.finish()
    }
}

/// Adds a field if it is set.
fn field<T: fmt::Debug>(out: &mut fmt::DebugStruct<'_, '_>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        out.field(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_text_does_not_include_the_cause() {
        let error = Error::new(ErrorKind::Network, "the connection broke")
            .with_source(std::io::Error::other("reset by peer"));
        assert_eq!(error.to_string(), "the connection broke");
        assert_eq!(error.source().unwrap().to_string(), "reset by peer");
    }
}
