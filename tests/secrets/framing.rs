//! The ways in which a server can say where its answer ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::{ServerConnection, StreamOwned};

pub(crate) trait Connection: Read + Write {
    /// Says that nothing more is sent.
    fn end(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Connection for TcpStream {}

impl Connection for StreamOwned<ServerConnection, TcpStream> {
    fn end(&mut self) -> Result<()> {
        self.conn.send_close_notify();
        Ok(self.flush()?)
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Framing {
    Length,
    /// All but the last bytes of what was announced.
    Cut,
    Chunks,
    UntilClose,
    /// Although the client has not asked for it.
    Compressed,
}

impl Framing {
    /// Writes an answer; an error says that the connection ends with it.
    pub(crate) fn write(self, connection: &mut dyn Connection, status: u16, body: &str) -> Result<()> {
        let body = body.as_bytes();
        let mut answer = format!("HTTP/1.1 {status} Thus\r\nContent-Type: application/json\r\n").into_bytes();
        match self {
            Framing::Length => with_length(&mut answer, body.len(), body)?,
            Framing::Cut => with_length(&mut answer, body.len() + 10, body)?,
            Framing::UntilClose => {
                write!(answer, "Connection: close\r\n\r\n")?;
                answer.extend_from_slice(body);
            }
            Framing::Chunks => {
                write!(answer, "Transfer-Encoding: chunked\r\n\r\n")?;
                for chunk in body.chunks(1000) {
                    write!(answer, "{:x}\r\n", chunk.len())?;
                    answer.extend_from_slice(chunk);
                    answer.extend_from_slice(b"\r\n");
                }
                answer.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::Compressed => {
                write!(answer, "Content-Encoding: gzip\r\n")?;
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body)?;
                let packed = encoder.finish()?;
                with_length(&mut answer, packed.len(), &packed)?;
            }
        }
        connection.write_all(&answer)?;
        connection.flush()?;
        match self {
            Framing::UntilClose => {
                connection.end()?;
                bail!("the answer ends with the connection")
            }
            Framing::Cut => bail!("the answer is cut"),
            Framing::Length | Framing::Chunks | Framing::Compressed => Ok(()),
        }
    }
}

fn with_length(answer: &mut Vec<u8>, length: usize, body: &[u8]) -> Result<()> {
    write!(answer, "Content-Length: {length}\r\n\r\n")?;
    answer.extend_from_slice(body);
    Ok(())
}
