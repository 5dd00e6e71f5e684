//! A connection to one Redis server.
//!
//! The crate `redis` parses URLs and replies. Its own connections are not used: their limits are per read, so a server
//! that sends one byte at a time could hold a call forever.

use std::io::{self, Read, Write};
use std::sync::Arc;

use redis::{Cmd, Parser, RedisResult, Value, cmd};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use super::failure;
use super::server::Server;
use super::socket::{Socket, TimeLimit};
use crate::{Result, Secret};

/// The longest reply that is read, in bytes. An entry is far shorter.
const LONGEST_REPLY: u64 = 1024 * 1024;
/// How many nodes of a Cluster one call asks. The second one owns the keys, unless they are moving.
const MOST_NODES: usize = 4;

pub(super) struct Connection {
    stream: Stream,
    server: Server,
}

enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Connection {
    /// Connects and authenticates.
    pub(super) fn open(server: &Server, tls: &Arc<ClientConfig>, limit: TimeLimit) -> Result<Self> {
        let stream = Stream::open(server, tls, limit).map_err(|error| failure::unreachable(server, error))?;
        let mut connection = Connection { stream, server: server.clone() };
        if let Some(password) = server.password.as_ref().map(Secret::expose) {
            let mut auth = cmd("AUTH");
            auth.arg(server.user.as_deref()).arg(password);
            connection.request(&auth).map_err(|error| failure::unauthenticated(server, error))?;
        }
        if server.database != 0 {
            connection
                .request(cmd("SELECT").arg(server.database))
                .map_err(|error| failure::refused(server, error))?;
        }
        Ok(connection)
    }

    /// Sends a command and reads its reply. In a Cluster, follows the redirection to the node that owns the keys, and
    /// returns the connection to that node.
    ///
    /// Returns the connection only if `read` accepts the reply: any other one may be out of step.
    pub(super) fn call<T>(
        mut self,
        command: &Cmd,
        tls: &Arc<ClientConfig>,
        limit: TimeLimit,
        read: impl Fn(Value) -> Option<T>,
    ) -> Result<(Self, T)> {
        self.stream.socket().limit = limit;
        for _ in 0..MOST_NODES {
            let error = match self.request(command) {
                Ok(reply) => {
                    let result = read(reply).ok_or_else(|| failure::nonsense(&self.server))?;
                    return Ok((self, result));
                }
                Err(error) => error,
            };
            let moved = error.redirect_node().filter(|_| error.code() == Some("MOVED"));
            let Some(node) = moved.and_then(|(address, _)| self.server.redirected(address)) else {
                return Err(failure::refused(&self.server, error));
            };
            self = Connection::open(&node, tls, limit)?;
        }
        Err(failure::astray(&self.server))
    }

    fn request(&mut self, command: &Cmd) -> RedisResult<Value> {
        // It may hold a password.
        let packed = Zeroizing::new(command.get_packed_command());
        let stream = self.stream.io();
        stream.write_all(&packed)?;
        stream.flush()?;
        Parser::new().parse_value(stream.take(LONGEST_REPLY))?.extract_error()
    }
}

trait Io: Read + Write {}

impl<T: Read + Write> Io for T {}

impl Stream {
    fn open(server: &Server, tls: &Arc<ClientConfig>, limit: TimeLimit) -> io::Result<Self> {
        let socket = Socket::connect(&server.host, server.port, limit)?;
        let Some(name) = server.tls.clone() else { return Ok(Stream::Plain(socket)) };
        let mut session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
        let mut socket = socket;
        session.complete_io(&mut socket)?;
        Ok(Stream::Tls(Box::new(StreamOwned::new(session, socket))))
    }

    fn socket(&mut self) -> &mut Socket {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &mut stream.sock,
        }
    }

    fn io(&mut self) -> &mut dyn Io {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => stream,
        }
    }
}
