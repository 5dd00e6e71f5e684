//! Servers that are no Redis: scripted ones, and a proxy that loses replies.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// No connection of these tests lasts longer.
const LONGEST: Duration = Duration::from_secs(20);

/// What a fake does with one request.
#[derive(Clone)]
pub(crate) enum Step {
    Reply(Vec<u8>),
    /// Sends nothing until the client leaves.
    Silence,
    /// Sends the bytes one at a time.
    Drip(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Says that this very server owns the keys.
    Redirect,
}

impl Step {
    pub(crate) fn reply(bytes: impl AsRef<[u8]>) -> Self {
        Step::Reply(bytes.as_ref().to_vec())
    }

    /// What `open` needs.
    pub(crate) fn opening() -> [Step; 3] {
        let acquired = "*2\r\n:1\r\n*3\r\n$3\r\nrun\r\n$-1\r\n:-1\r\n";
        [Step::reply(acquired), Step::reply("*2\r\n:0\r\n:999\r\n"), Step::reply(":1\r\n")]
    }
}

/// Takes one step for each request, on whatever connection, and closes each connection after the last one.
pub(crate) struct Fake {
    address: SocketAddr,
    pub(crate) requests: Arc<Mutex<Vec<Vec<u8>>>>,
    stopped: Arc<AtomicBool>,
}

impl Fake {
    pub(crate) fn start(steps: impl IntoIterator<Item = Step>) -> Result<Self> {
        let steps = Arc::new(Mutex::new(steps.into_iter().collect::<VecDeque<_>>()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        Fake::serving(requests, move |client| serve(client, &steps, &log))
    }

    fn serving(
        requests: Arc<Mutex<Vec<Vec<u8>>>>,
        serve: impl Fn(TcpStream) + Clone + Send + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stopped);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                client.set_read_timeout(Some(LONGEST)).unwrap();
                let serve = serve.clone();
                thread::spawn(move || serve(client));
            }
        });
        Ok(Fake { address, requests, stopped })
    }

    /// Passes everything on to a server. After `lose` is set, it passes on one more request but not its reply.
    pub(crate) fn in_front_of(port: u16, lose: &Arc<AtomicBool>) -> Result<Self> {
        let lose = Arc::clone(lose);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        Fake::serving(requests, move |client| relay(client, port, &lose, &log))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// How many requests contain this text.
    pub(crate) fn count(&self, text: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| String::from_utf8_lossy(request).contains(text)).count()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        TcpStream::connect(self.address).map(drop).unwrap_or_default();
    }
}

fn serve(mut client: TcpStream, steps: &Mutex<VecDeque<Step>>, log: &Mutex<Vec<Vec<u8>>>) {
    while let Some(request) = read(&mut client) {
        log.lock().unwrap().push(request);
        let step = steps.lock().unwrap().pop_front().unwrap_or(Step::Close);
        match step {
            Step::Reply(bytes) => client.write_all(&bytes).unwrap_or_default(),
            Step::Silence => drop(read(&mut client)),
            Step::Drip(bytes) => {
                for byte in bytes.chunks(1) {
                    // The pace of the drip, not a wait for something.
                    thread::sleep(Duration::from_millis(100));
                    if client.write_all(byte).is_err() {
                        return;
                    }
                }
            }
            Step::Close => return,
            Step::Redirect => {
                let moved = format!("-MOVED 1 :{}\r\n", client.local_addr().unwrap().port());
                client.write_all(moved.as_bytes()).unwrap_or_default();
            }
        }
    }
}

fn relay(mut client: TcpStream, port: u16, lose: &AtomicBool, log: &Mutex<Vec<Vec<u8>>>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    server.set_read_timeout(Some(LONGEST)).unwrap();
    while let Some(request) = read(&mut client) {
        server.write_all(&request).unwrap();
        log.lock().unwrap().push(request);
        let Some(reply) = read(&mut server) else { break };
        if lose.swap(false, Ordering::SeqCst) {
            break;
        }
        client.write_all(&reply).unwrap_or_default();
    }
    client.shutdown(Shutdown::Both).unwrap_or_default();
}

/// Reads what the other side has sent: one request or reply, because it then waits. `None` after its end.
fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 64 * 1024];
    let length = stream.read(&mut bytes).ok().filter(|length| *length > 0)?;
    bytes.truncate(length);
    Some(bytes)
}
