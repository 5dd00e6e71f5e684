//! The ways to mark the end of a response.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::{ServerConnection, StreamOwned};

pub(crate) trait ClientStream: Read + Write {
    /// Marks the end of the data.
    fn end(&mut self) -> Result<()> {
        Ok(())
    }
}

impl ClientStream for TcpStream {}

impl ClientStream for StreamOwned<ServerConnection, TcpStream> {
    fn end(&mut self) -> Result<()> {
        self.conn.send_close_notify();
        Ok(self.flush()?)
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Length,
    /// The announced length exceeds the body.
    Cut,
    Chunks,
    UntilClose,
    /// Compressed although the client did not accept it.
    Compressed,
}

impl Framing {
    /// Writes a response. Returns an error if the connection ends with it.
    pub(crate) fn write(self, connection: &mut dyn ClientStream, status: u16, body: &str) -> Result<()> {
        let body = body.as_bytes();
        let mut response =
            format!("HTTP/1.1 {status} Thus\r\nContent-Type: application/json\r\n").into_bytes();
        match self {
            Framing::Length => with_length(&mut response, body.len(), body)?,
            Framing::Cut => with_length(&mut response, body.len() + 10, body)?,
            Framing::UntilClose => {
                write!(response, "Connection: close\r\n\r\n")?;
                response.extend_from_slice(body);
            }
            Framing::Chunks => {
                write!(response, "Transfer-Encoding: chunked\r\n\r\n")?;
                for chunk in body.chunks(1000) {
                    write!(response, "{:x}\r\n", chunk.len())?;
                    response.extend_from_slice(chunk);
                    response.extend_from_slice(b"\r\n");
                }
                response.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::Compressed => {
                write!(response, "Content-Encoding: gzip\r\n")?;
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                let compressed = encoder.finish()?;
                with_length(&mut response, compressed.len(), &compressed)?;
            }
        }
        connection.write_all(&response)?;
        connection.flush()?;
        match self {
            Framing::UntilClose => {
                connection.end()?;
                bail!("the response ends with the connection")
            }
            Framing::Cut => bail!("the response is truncated"),
            Framing::Length | Framing::Chunks | Framing::Compressed => Ok(()),
        }
    }
}

fn with_length(response: &mut Vec<u8>, length: usize, body: &[u8]) -> Result<()> {
    write!(response, "Content-Length: {length}\r\n\r\n")?;
    response.extend_from_slice(body);
    Ok(())
}
