//! Servers that refuse, and servers that are no Redis: `open` and the calls say what is missing.

use anyhow::Result;
use popup_rewards::store::{Contents, Slot, TokenStore};
use popup_rewards::{Error, ErrorKind};

use super::fake::{Fake, Step};
use super::{SECOND, filled, open};
use crate::common::redis_server::{RedisServer, free_port};
use crate::common::until;

#[track_caller]
fn says(error: &Error, text: &str) {
    assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
    assert!(error.to_string().contains(text), "{text}: {error:?}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn a_wrong_or_missing_password_is_named() -> Result<()> {
    let server = RedisServer::start_with(&["--requirepass", "right"])?;
    let at = format!("127.0.0.1:{}", server.port());
    says(&open(&format!("redis://{at}")).unwrap_err(), "requires a password");
    says(&open(&format!("redis://:hunter2@{at}")).unwrap_err(), "refuses the user name or password");
    says(&open(&format!("redis://nobody:hunter2@{at}")).unwrap_err(), "refuses the user name or password");
    open(&format!("redis://:right@{at}/3"))?;
    open(&format!("redis://default:right@{at}"))?;
    assert!(open(&format!("redis://:right@{at}/99")).unwrap_err().kind() == ErrorKind::Store);
    Ok(())
}

#[test]
fn a_password_that_the_server_quotes_is_not_shown() -> Result<()> {
    let fake =
        Fake::start([Step::reply("-ERR unknown command `AUTH`, with args beginning with: `hunter2`, \r\n")])?;
    let url = fake.url().replace("redis://", "redis://:hunter2@");
    says(&open(&url).unwrap_err(), "refuses the user name or password");
    Ok(())
}

#[test]
fn a_command_that_the_acl_refuses_is_named() -> Result<()> {
    let server = RedisServer::start()?;
    let allowed = ["+eval", "+info", "+time", "+get", "+set", "+pttl", "+del"];
    let user = |name: &str, keys: &str, without: &str| {
        let commands = allowed.iter().filter(|command| **command != without);
        let command = ["ACL", "SETUSER", name, "on", ">pw", keys].into_iter().chain(commands.copied());
        server.tell(&command.collect::<Vec<_>>())?;
        anyhow::Ok(format!("redis://{name}:pw@127.0.0.1:{}", server.port()))
    };
    for command in allowed {
        let url = user(&format!("no{}", &command[1..]), "~popup-rewards:*", command)?;
        says(&open(&url).unwrap_err(), "does not allow a command that the token store needs");
    }
    // The commands of the documentation are enough.
    let store = open(&user("all", "~popup-rewards:*", "")?)?;
    let slot = Slot::random();
    filled(&store, &slot, b"entry")?;
    store.acquire(&slot, "me", SECOND)?;
    store.release(&slot, "me")?;

    // Refused keys are no error of `open`, because the prefix is set after it.
    let store = open(&user("shop", "~shop:*", "")?)?;
    says(&store.load(&slot).unwrap_err(), "does not allow the keys of the token store");
    filled(&store.prefix("shop"), &slot, b"entry")?;
    Ok(())
}

#[test]
fn a_replica_is_refused_for_writing_and_reading() -> Result<()> {
    let (master, server) = (RedisServer::start()?, RedisServer::start()?);
    let store = open(&server.url())?;
    let slot = Slot::random();
    let seen = filled(&store, &slot, b"entry")?;
    server.tell(&["REPLICAOF", "127.0.0.1", &master.port().to_string()])?;
    says(&open(&server.url()).unwrap_err(), "is a read-only replica");
    says(&store.load(&slot).unwrap_err(), "is a read-only replica");
    says(&store.swap(&slot, &seen, b"new").unwrap_err(), "is a read-only replica");

    // Of several servers, the one that can be written is used.
    let both = open(&format!("{},{}", server.url(), master.url()))?;
    filled(&both, &slot, b"on the master")?;
    assert_eq!(open(&master.url())?.load(&slot)?.entry(), Some(&b"on the master"[..]));

    // Once promoted, the same store works again, with another origin although the server is the same.
    until("the replica follows", || {
        server.ask(&["INFO", "replication"]).unwrap().contains("link_status:up")
    })?;
    server.tell(&["REPLICAOF", "NO", "ONE"])?;
    let held = store.load(&slot)?;
    assert_eq!(held.entry(), Some(&b"on the master"[..]));
    assert_ne!(held.origin(), seen.origin());
    Ok(())
}

#[test]
fn a_full_server_is_named_and_keeps_the_old_entry() -> Result<()> {
    let server = RedisServer::start()?;
    let store = open(&server.url())?;
    let slot = Slot::random();
    let seen = filled(&store, &slot, b"old")?;
    server.tell(&["CONFIG", "SET", "maxmemory", "1"])?;
    says(&store.swap(&slot, &seen, b"new").unwrap_err(), "is out of memory");
    says(&store.acquire(&slot, "me", SECOND).unwrap_err(), "is out of memory");
    says(&open(&server.url()).unwrap_err(), "is out of memory");
    assert_eq!(store.load(&slot)?.entry(), Some(&b"old"[..]));
    server.tell(&["CONFIG", "SET", "maxmemory", "0"])?;
    assert!(store.swap(&slot, &seen, b"new")?);
    Ok(())
}

#[test]
fn states_of_a_server_are_named() -> Result<()> {
    for (reply, text) in [
        ("-LOADING Redis is loading the dataset in memory", "still loading"),
        ("-MASTERDOWN Link with MASTER is down", "whose master is down"),
        ("-CLUSTERDOWN The cluster is down", "a Cluster that is down"),
        ("-MISCONF Redis is configured to save RDB snapshots", "cannot save to its disk"),
        ("-NOREPLICAS Not enough good replicas to write.", "too few replicas"),
        ("-ERR unknown command `EVAL`, with args beginning with: `x`", "lacks a command"),
        ("-ERR max number of clients reached", "refuses a command"),
        ("-NORUNID", "does not show its run_id"),
        (
            "-ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
            "read-only replica",
        ),
    ] {
        let fake = Fake::start([Step::reply(format!("{reply}\r\n"))])?;
        says(&open(&fake.url()).unwrap_err(), text);
    }
    says(&open(&format!("redis://127.0.0.1:{}", free_port()?)).unwrap_err(), "failed to connect");
    Ok(())
}

const NONSENSE: [&str; 24] = [
    "",
    "\r\n",
    "+OK\r\n",
    ":7\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*1\r\n:1\r\n",
    "$3\r\nabc\r\n",
    "*2\r\n:1\r\n:1\r\n",
    "*2\r\n:0\r\n:-5\r\n",
    "*2\r\n:0\r\n$1\r\nx\r\n",
    "*2\r\n:9\r\n:9\r\n",
    "*3\r\n$1\r\nr\r\n:1\r\n:1\r\n",
    "*3\r\n$1\r\nr\r\n$1\r\ne\r\n$1\r\na\r\n",
    "*3\r\n$1\r\n\u{7f}\r\n*0\r\n:1\r\n",
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "*9223372036854775807\r\n",
    "*99999999999\r\n",
    "%9223372036854775807\r\n",
    "$9223372036854775807\r\n",
    "$-9\r\n",
    "=-1\r\n",
    "-\r\n",
];

type Call = fn(&dyn TokenStore, &Slot) -> popup_rewards::Result<()>;

#[test]
fn nonsense_is_an_error_of_every_call() -> Result<()> {
    for reply in NONSENSE {
        // No reply ends the connection.
        let nonsense = || if reply.is_empty() { Step::Close } else { Step::reply(reply) };
        let fake = Fake::start([nonsense(), nonsense()])?;
        let error = open(&fake.url()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{reply:?}: {error:?}");
        assert!(!format!("{error:?}").contains("HTTP"), "{error:?}");
        if matches!(reply, "*2\r\n:1\r\n:1\r\n") {
            says(&error, "cannot be read");
        }

        let slot = Slot::random();
        let calls: [Call; 4] = [
            |store, slot| store.load(slot).map(drop),
            |store, slot| store.acquire(slot, "me", SECOND).map(drop),
            |store, slot| store.swap(slot, &Contents::empty("run"), b"x").map(drop),
            |store, slot| store.release(slot, "me"),
        ];
        for call in calls {
            let steps = Step::opening().into_iter().chain([nonsense(), nonsense()]);
            let fake = Fake::start(steps)?;
            let error = call(&open(&fake.url())?, &slot).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store, "{reply:?}: {error:?}");
        }
    }
    Ok(())
}

#[test]
fn endless_redirections_end() -> Result<()> {
    let fake = Fake::start((0..100).map(|_| Step::Redirect))?;
    says(&open(&fake.url()).unwrap_err(), "disagree about who owns the keys");
    assert_eq!(fake.count("EVAL"), 4);
    let fake = Fake::start([Step::reply("-MOVED 1 nonsense\r\n")])?;
    says(&open(&fake.url()).unwrap_err(), "refuses a command");
    Ok(())
}
