//! Encrypted connections.

use std::fs;

use anyhow::Result;
use popup_rewards::ErrorKind;
use popup_rewards::store::{RedisTokenStore, Slot, StoreKey, TokenStore};

use super::fake::{Fake, Step};
use super::{filled, open};
use crate::common::redis_server::{RedisServer, free_port};

#[test]
fn a_store_verifies_the_certificate_of_its_server() -> Result<()> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let directory = std::env::temp_dir().join(format!("popup-redis-tls-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    fs::write(&certificate, signed.cert.pem())?;
    fs::write(&key, signed.signing_key.serialize_pem())?;
    let port = free_port()?.to_string();
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "pw",
    ])?;
    fs::remove_dir_all(&directory)?;

    let pem = signed.cert.pem();
    let slot = Slot::random();
    // Longer than one TLS record.
    let long = vec![7; 20_000];
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("rediss://:pw@{host}:{port}");
        let store = RedisTokenStore::open_with_roots(&url, StoreKey::new([7; 32]), pem.as_bytes())?;
        let seen = store.load(&slot)?;
        assert!(store.swap(&slot, &seen, &long)?);
        assert_eq!(store.load(&slot)?.entry(), Some(&*long));
        server.ask(&["-a", "pw", "CLIENT", "KILL", "TYPE", "normal"])?;
        assert!(store.load(&slot).is_ok());
        // No public authority has signed it.
        let error = open(&url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    }
    let wrong = RedisTokenStore::open_with_roots("rediss://a", StoreKey::new([7; 32]), b"no PEM");
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Configuration);
    let plain = format!("redis://:pw@127.0.0.1:{}", server.port());
    filled(&open(&plain)?, &Slot::random(), b"entry")?;
    Ok(())
}

#[test]
fn the_password_is_never_sent_unencrypted() -> Result<()> {
    let fake = Fake::start([Step::reply("+OK\r\n"), Step::reply("+OK\r\n")])?;
    let url = fake.url().replace("redis://", "rediss://:hunter2@");
    assert_eq!(open(&url).unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(fake.count("hunter2"), 0);
    Ok(())
}
