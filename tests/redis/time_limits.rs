//! A call takes at most two seconds, whatever the server does.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use popup_rewards::store::{Contents, RedisTokenStore, Slot, TokenStore};

use super::fake::{Fake, Step};
use super::{SECOND, filled, open};
use crate::common::redis_server::{RedisServer, free_port};

const MOST: Duration = Duration::from_secs(2);

/// Runs a call that must fail in time. Prints the time.
#[expect(clippy::print_stdout, reason = "cargo test -- --show-output shows the times")]
#[track_caller]
pub(crate) fn fails_in_time<T>(what: &str, call: impl FnOnce() -> popup_rewards::Result<T>) -> Duration {
    let started = Instant::now();
    let failed = call().is_err();
    let time = started.elapsed();
    println!("{what}: {time:?}");
    assert!(failed, "{what}: the call succeeded");
    assert!(time < MOST, "{what}: {time:?}");
    time
}

fn all_calls(what: &str, store: &RedisTokenStore, slot: &Slot) {
    fails_in_time(&format!("load, {what}"), || store.load(slot));
    fails_in_time(&format!("acquire, {what}"), || store.acquire(slot, "me", SECOND));
    fails_in_time(&format!("swap, {what}"), || store.swap(slot, &Contents::empty("run"), b"x"));
    fails_in_time(&format!("release, {what}"), || store.release(slot, "me"));
}

#[test]
fn a_stopped_server_costs_two_seconds_at_most_and_is_used_again_when_it_goes_on() -> Result<()> {
    let server = RedisServer::start_with(&["--requirepass", "pw"])?;
    let url = server.url().replace("redis://", "redis://:pw@") + "/1";
    let store = open(&url)?;
    let slot = Slot::random();
    let held = filled(&store, &slot, b"entry")?;
    server.pause()?;
    all_calls("stopped", &store, &slot);
    fails_in_time("open, stopped", || open(&url));
    fails_in_time("open, five stopped", || open(&[&*url; 5].join(",")));
    // A thread that waits for the connection has the same limit.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fails_in_time("load beside others, stopped", || store.load(&slot)));
        }
    });
    server.resume()?;
    assert_eq!(store.load(&slot)?.entry(), held.entry());
    Ok(())
}

#[test]
fn a_silent_server_costs_two_seconds_at_most() -> Result<()> {
    let fake = Fake::start(vec![Step::Silence; 100])?;
    let time = fails_in_time("open, silent", || open(&fake.url()));
    assert!(time > Duration::from_millis(400), "{time:?}");
    fails_in_time("open, five silent", || open(&[&*fake.url(); 5].join(",")));
    fails_in_time("open with TLS, silent", || open(&fake.url().replace("redis:", "rediss:")));
    let fake = Fake::start(Step::opening().into_iter().chain(vec![Step::Silence; 100]))?;
    all_calls("silent", &open(&fake.url())?, &Slot::random());
    Ok(())
}

#[test]
fn a_server_that_sends_byte_by_byte_costs_two_seconds_at_most() -> Result<()> {
    // Each byte comes in time, and the reply would end after a minute.
    let drip = Step::Drip([b"$600\r\n", &[b'x'; 600][..]].concat());
    let fake = Fake::start(vec![drip.clone(); 100])?;
    let time = fails_in_time("open, dripping", || open(&fake.url()));
    assert!(time > SECOND, "{time:?}");
    fails_in_time("open with a password, dripping", || open(&fake.url().replace("redis://", "redis://:pw@")));
    let tls = [&b"\x16\x03\x03\x02\x58"[..], &[b'x'; 600][..]].concat();
    let dripping_tls = Fake::start(vec![Step::Drip(tls); 9])?;
    fails_in_time("open with TLS, dripping", || open(&dripping_tls.url().replace("redis:", "rediss:")));
    let fake = Fake::start(Step::opening().into_iter().chain(vec![drip; 100]))?;
    all_calls("dripping", &open(&fake.url())?, &Slot::random());
    Ok(())
}

#[test]
fn an_address_that_accepts_no_connection_costs_two_seconds_at_most() -> Result<()> {
    // With a full backlog, the kernel drops the first packet of a connection, as a firewall does.
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    listener.listen(0)?;
    let address = listener.local_addr()?.as_socket().unwrap();
    let wait = Duration::from_millis(100);
    let waiting: Vec<_> = (0..8).filter_map(|_| TcpStream::connect_timeout(&address, wait).ok()).collect();
    assert!(waiting.len() < 8, "the backlog is not full");
    let url = format!("redis://{address}");
    let time = fails_in_time("open, dropped packets", || open(&url));
    assert!(time > Duration::from_millis(400), "{time:?}");
    fails_in_time("open, five times dropped packets", || open(&[&*url; 5].join(",")));
    drop(waiting);

    let refusing = format!("redis://127.0.0.1:{}", free_port()?);
    assert!(fails_in_time("open, refused", || open(&refusing)) < SECOND);
    fails_in_time("open, unknown name", || open("redis://name.invalid"));
    Ok(())
}

extern "C" fn ignore(_: libc::c_int) {}

#[test]
#[expect(
    unsafe_code,
    clippy::as_conversions,
    reason = "the standard library cannot send a signal to a thread"
)]
fn a_signal_breaks_no_call() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    server.tell(&["CLIENT", "PAUSE", "200"])?;
    // SAFETY: the handler does nothing, and the structure is filled as sigaction(2) requires.
    let this = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut());
        libc::pthread_self()
    };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                // SAFETY: the thread waits for this one, so it exists.
                unsafe { libc::pthread_kill(this, libc::SIGUSR2) };
                thread::sleep(Duration::from_millis(10));
            }
        });
        let loaded = store.load(&Slot::random());
        is_over.store(true, Ordering::SeqCst);
        assert_eq!(loaded?.entry(), None);
        Ok(())
    })
}
