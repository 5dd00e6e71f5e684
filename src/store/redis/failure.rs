//! Errors that say what is missing, without anything secret that a server may quote.

use std::error::Error as _;
use std::io;

use redis::RedisError;

use super::server::Server;
use crate::Error;
use crate::error::printable;

/// How Redis 6 and newer say that the ACL refuses a key.
const REFUSED_KEY: &str = "permissions to access";
const REFUSED_COMMAND: &str =
    "does not allow a command that the token store needs; extend the ACL of the user";
const MOVING: &str = "is moving the keys of the token store to another node";

/// What a refusal means, by a part of its text. The text begins with a code, but before Redis 7 that of a command in a
/// script follows later.
const REFUSALS: [(&str, &str); 16] = [
    (REFUSED_KEY, "does not allow the keys of the token store; extend the ACL of the user"),
    ("NOPERM", REFUSED_COMMAND),
    ("The user executing the script", REFUSED_COMMAND),
    ("ACL failure in script", REFUSED_COMMAND),
    ("unknown command", "lacks a command that the token store needs"),
    ("NORUNID", "does not show its run_id in INFO, which the token store needs"),
    ("NOAUTH", "requires a password; add it to the URL"),
    ("READONLY", "is a read-only replica; connect to its master"),
    ("OOM", "is out of memory; raise its maxmemory, or let it evict keys"),
    ("MISCONF", "cannot save to its disk and therefore refuses to write"),
    ("NOREPLICAS", "has too few replicas and therefore refuses to write"),
    ("LOADING", "is still loading its data"),
    ("MASTERDOWN", "is a replica whose master is down"),
    ("ASK ", MOVING),
    ("TRYAGAIN", MOVING),
    ("CLUSTERDOWN", "belongs to a Cluster that is down"),
];

pub(super) fn unreachable(server: &Server, cause: io::Error) -> Error {
    Error::store(format!("failed to connect to the Redis server {server}"), cause)
}

pub(super) fn unauthenticated(server: &Server, error: RedisError) -> Error {
    if error.is_io_error() {
        return refused(server, error);
    }
    // A server that does not know the command quotes its arguments, so only the code is kept.
    let code = printable(error.code().unwrap_or("no error code"));
    Error::store(format!("the Redis server {server} refuses the user name or password"), code.into_string())
}

pub(super) fn refused(server: &Server, error: RedisError) -> Error {
    if error.is_timeout() {
        return Error::store(format!("the Redis server {server} did not reply in time"), "timed out");
    }
    if error.is_io_error() {
        return Error::store(format!("the connection to the Redis server {server} broke"), error);
    }
    let Some(code) = error.code() else { return nonsense(server) };
    let text = format!("{code} {}", error.detail().unwrap_or_default());
    let meaning = REFUSALS.iter().find(|(sign, _)| text.contains(sign));
    let meaning = meaning.map_or("refuses a command of the token store", |(_, meaning)| meaning);
    Error::store(format!("the Redis server {server} {meaning}"), printable(&text).into_string())
}

pub(super) fn nonsense(server: &Server) -> Error {
    Error::store(
        format!("the reply of {server} cannot be read; check that it is a Redis server"),
        "unexpected type, length or syntax",
    )
}

pub(super) fn astray(server: &Server) -> Error {
    Error::store(
        "the nodes of the Redis Cluster disagree about who owns the keys",
        format!("the last was {server}"),
    )
}

pub(super) fn busy() -> Error {
    Error::store("another thread uses the connection to Redis", "timed out")
}

/// Whether a server refused the keys of a command, but not the command.
pub(super) fn is_about_keys(error: &Error) -> bool {
    error.source().is_some_and(|cause| cause.to_string().contains(REFUSED_KEY))
}
