//! A real `redis-server` on a loopback port, with a directory of its own.

use std::cell::RefCell;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::until;

/// How often to try another port if somebody else takes a free one first.
const TRIES: usize = 5;

/// The server. It is killed when it is dropped.
pub(crate) struct RedisServer {
    child: Child,
    port: u16,
    directory: PathBuf,
    arguments: Vec<String>,
}

impl RedisServer {
    /// Starts a server that writes no snapshot by itself.
    pub(crate) fn start() -> Result<Self> {
        RedisServer::start_with(&[])
    }

    /// Starts a server with more command line arguments, such as `--maxmemory`, `1mb`.
    pub(crate) fn start_with(arguments: &[&str]) -> Result<Self> {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        for _ in 0..TRIES {
            let port = free_port()?;
            let directory = std::env::temp_dir().join(format!("popup-redis-{}-{port}", std::process::id()));
            fs::create_dir_all(&directory)?;
            let child = spawn(port, &directory, &arguments)?;
            let mut server = RedisServer { child, port, directory, arguments: arguments.clone() };
            if server.is_up()? {
                return Ok(server);
            }
        }
        anyhow::bail!("redis-server does not start")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs a command, and returns its reply in the raw format of `redis-cli`.
    pub(crate) fn ask(&self, command: &[&str]) -> Result<String> {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command).output()?;
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Runs a command that must return `OK`.
    pub(crate) fn tell(&self, command: &[&str]) -> Result<()> {
        let reply = self.ask(command)?;
        ensure!(reply == "OK", "{command:?}: {reply}");
        Ok(())
    }

    /// Stops the process, but not its connections. They stay silent.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(libc::SIGSTOP)
    }

    /// Ends a [`pause`](RedisServer::pause).
    pub(crate) fn resume(&self) -> Result<()> {
        self.signal(libc::SIGCONT)
    }

    /// Stops the process until the result is dropped.
    pub(crate) fn stopped(&self) -> Result<Stopped<'_>> {
        self.pause()?;
        Ok(Stopped(self))
    }

    /// Kills the server, as `kill -9` does. It keeps its last snapshot.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the killed server again on its port. It loads its snapshot if it has one.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child = spawn(self.port, &self.directory, &self.arguments)?;
        ensure!(self.is_up()?, "redis-server does not start again");
        Ok(())
    }

    /// Writes a snapshot.
    pub(crate) fn snapshot(&self) -> Result<()> {
        self.tell(&["SAVE"])
    }

    /// The process id, to see that the server is another one.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: libc::c_int) -> Result<()> {
        let pid = libc::pid_t::try_from(self.child.id())?;
        #[expect(unsafe_code, reason = "the standard library cannot send a signal")]
        // SAFETY: `kill` touches no memory, and the process is a child that has not been waited for.
        let sent = unsafe { libc::kill(pid, signal) };
        ensure!(sent == 0, "{}", std::io::Error::last_os_error());
        Ok(())
    }

    /// Waits until the server replies. Returns false if it has exited.
    fn is_up(&mut self) -> Result<bool> {
        let port = self.port.to_string();
        let child = RefCell::new(&mut self.child);
        let has_exited = || child.borrow_mut().try_wait().is_ok_and(|status| status.is_some());
        until("redis-server replies", || {
            let ping = Command::new("redis-cli").args(["-p", &port, "PING"]).output();
            // A server with a password replies NOAUTH.
            let reply = ping.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            reply.is_ok_and(|reply| reply.contains("PONG") || reply.contains("NOAUTH")) || has_exited()
        })?;
        Ok(!has_exited())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill().unwrap_or_default();
        fs::remove_dir_all(&self.directory).unwrap_or_default();
    }
}

/// A server that is stopped. It goes on when this is dropped.
pub(crate) struct Stopped<'a>(&'a RedisServer);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.resume().unwrap_or_default();
    }
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn spawn(port: u16, directory: &Path, arguments: &[String]) -> Result<Child> {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .context("these tests need redis-server and redis-cli: install the package redis-server")
}
