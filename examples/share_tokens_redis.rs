//! Workers on many machines share one token set in Redis: one login, and one refresh an hour.
//!
//! Needs `--features redis`, and a Redis server at `REDIS_URL` (default: `redis://127.0.0.1:6379`). If `API_BASE_URL`,
//! `API_KEY` and `API_SECRET` are set, it is one worker of that server, with the key in `TOKEN_STORE_KEY`. Otherwise it
//! uses a local sandbox and acts as four workers.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;

use popup_rewards::sandbox::Sandbox;
use popup_rewards::store::{RedisTokenStore, StoreKey};
use popup_rewards::{Credentials, EventKind, Session, SessionBuilder};

const WORKERS: usize = 4;

fn main() -> anyhow::Result<()> {
    let redis = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    if let Ok(base_url) = std::env::var("API_BASE_URL") {
        let store = RedisTokenStore::open(&redis, StoreKey::from_env("TOKEN_STORE_KEY")?)?;
        return work(1, Session::builder(&base_url, Credentials::from_env()?), store);
    }
    let sandbox = Sandbox::start()?;
    thread::scope(|scope| {
        let workers: Vec<_> = (1..=WORKERS)
            .map(|number| {
                let (redis, sandbox) = (&redis, &sandbox);
                scope.spawn(move || {
                    // Every worker opens the store for itself, as it would on a machine of its own.
                    let store = RedisTokenStore::open(redis, StoreKey::new([7; 32]))?;
                    work(number, Session::builder(&sandbox.url(), sandbox.credentials()), store)
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })?;
    println!("{} login for {WORKERS} workers", sandbox.calls("POST /auth/login"));
    Ok(())
}

fn work(number: usize, builder: SessionBuilder, store: RedisTokenStore) -> anyhow::Result<()> {
    let session = builder
        .token_store(store)
        .observer(move |event| match event.kind {
            EventKind::Minted => println!("worker {number} logged in"),
            EventKind::Adopted => println!("worker {number} uses the token of another worker"),
            EventKind::StoreFailed => {
                println!("worker {number}: {}", event.message.as_deref().unwrap_or_default());
            }
            _ => {}
        })
        .build()?;
    for _ in 0..3 {
        session.countries()?;
    }
    Ok(())
}
