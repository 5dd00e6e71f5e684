//! A script whose second run needs no login: its tokens stay in an encrypted file.
//!
//! If `API_BASE_URL`, `API_KEY` and `API_SECRET` are set, it uses that server, the file at the default path, and the key in
//! `TOKEN_STORE_KEY` (`openssl rand -hex 32` prints one). Run it twice. Otherwise it uses a local sandbox and a temporary
//! folder, and acts as two runs.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use popup_rewards::sandbox::Sandbox;
use popup_rewards::store::{EncryptedFileStore, StoreKey};
use popup_rewards::{Credentials, EventKind, Session, SessionBuilder};

fn main() -> anyhow::Result<()> {
    if let Ok(base_url) = std::env::var("API_BASE_URL") {
        let store = EncryptedFileStore::open_default(StoreKey::from_env("TOKEN_STORE_KEY")?)?;
        return run(Session::builder(&base_url, Credentials::from_env()?), store);
    }
    let sandbox = Sandbox::start()?;
    let folder = std::env::temp_dir().join(format!("remember-login-{}", std::process::id()));
    for number in 1..=2 {
        println!("run {number}");
        let key = StoreKey::from_passphrase("only for this example");
        let store = EncryptedFileStore::open(folder.join("tokens"), key)?;
        run(Session::builder(&sandbox.url(), sandbox.credentials()), store)?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// One run of the script.
fn run(builder: SessionBuilder, store: EncryptedFileStore) -> anyhow::Result<()> {
    // Without an observer, a failure of the store is only logged: the script works, but logs in each time.
    let warn = |event: &popup_rewards::Event| {
        if let Some(message) = event.message.as_ref().filter(|_| event.kind == EventKind::StoreFailed) {
            println!("  the tokens are not shared: {message}");
        }
    };
    let session = builder.token_store(store).observer(warn).build()?;
    let countries = session.countries()?.len();
    println!("  {countries} countries, {} logins", session.stats().logins);
    // No logout: it would revoke the tokens for the next run.
    Ok(())
}
