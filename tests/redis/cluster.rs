//! A real Cluster: three masters, and a replica of one of them.

use anyhow::{Context, Result};
use popup_rewards::store::{Lease, Slot, TokenStore};

use super::time_limits::fails_in_time;
use super::{SECOND, filled, open};
use crate::common::redis_server::{RedisServer, free_port};
use crate::common::until;

/// The first hash slot of each master, and the one after its last.
const RANGES: [(u32, u32); 3] = [(0, 5461), (5461, 10_923), (10_923, 16_384)];

pub(crate) struct Cluster {
    pub(crate) masters: Vec<RedisServer>,
    /// The replica of the first master.
    pub(crate) replica: RedisServer,
}

impl Cluster {
    pub(crate) fn start() -> Result<Self> {
        let masters = (0..3).map(|_| node()).collect::<Result<Vec<_>>>()?;
        let (first, replica) = (masters.first().context("no master")?, node()?);
        for (master, (from, to)) in masters.iter().zip(RANGES) {
            master.tell(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &(to - 1).to_string()])?;
        }
        for other in masters.iter().skip(1).chain([&replica]) {
            let bus = other.ask(&["CONFIG", "GET", "cluster-port"])?;
            let bus = bus.lines().nth(1).context("no bus port")?;
            first.tell(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string(), bus])?;
        }
        let all = || masters.iter().chain([&replica]);
        until("the nodes know each other", || {
            all().all(|node| node.ask(&["CLUSTER", "INFO"]).unwrap().contains("cluster_known_nodes:4"))
        })?;
        let id = first.ask(&["CLUSTER", "MYID"])?;
        until("the replica follows", || {
            replica.ask(&["CLUSTER", "REPLICATE", &id]).unwrap();
            replica.ask(&["INFO", "replication"]).unwrap().contains("master_link_status:up")
        })?;
        until("the Cluster is up", || {
            let is_up = |info: &str| {
                // The state alone is also good while a node does not know the owners of all slots.
                info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384")
            };
            all().all(|node| is_up(&node.ask(&["CLUSTER", "INFO"]).unwrap()))
        })?;
        Ok(Cluster { masters, replica })
    }

    pub(crate) fn urls(&self) -> String {
        self.masters.iter().map(RedisServer::url).collect::<Vec<_>>().join(",")
    }

    /// Returns a slot whose keys the given master owns.
    pub(crate) fn slot_of(&self, master: usize) -> Result<Slot> {
        let (from, to) = *RANGES.get(master).context("no such master")?;
        loop {
            let slot = Slot::random();
            let hash: u32 = self.replica.ask(&["CLUSTER", "KEYSLOT", slot.as_str()])?.parse()?;
            if (from..to).contains(&hash) {
                return Ok(slot);
            }
        }
    }

    /// Stops the replica and ends its connection to the master, so that it gets no more writes.
    ///
    /// A stopped process alone would find them in its socket when it goes on.
    pub(crate) fn cut_off_replica(&self) -> Result<()> {
        self.replica.pause()?;
        let master = self.masters.first().context("no master")?;
        master.ask(&["CLIENT", "KILL", "TYPE", "replica"])?;
        until("the replica is cut off", || {
            master.ask(&["INFO", "replication"]).unwrap().contains("connected_slaves:0")
        })
    }

    /// Makes the replica the master, as after the loss of the first one, and waits until these nodes know it.
    pub(crate) fn promote(&self, nodes: &[RedisServer]) -> Result<()> {
        self.replica.tell(&["CLUSTER", "FAILOVER", "TAKEOVER"])?;
        let id = self.replica.ask(&["CLUSTER", "MYID"])?;
        until("the nodes know the new master", || {
            let know = |node: &RedisServer| {
                let slots = node.ask(&["CLUSTER", "SLOTS"]).unwrap();
                slots.find(&id).is_some_and(|at| slots.find("5461").is_none_or(|next| at < next))
            };
            nodes.iter().all(know)
        })
    }
}

/// Returns the number of keys that a node holds for a slot.
fn keys(node: &RedisServer, slot: &Slot) -> Result<String> {
    let hash = node.ask(&["CLUSTER", "KEYSLOT", slot.as_str()])?;
    node.ask(&["CLUSTER", "COUNTKEYSINSLOT", &hash])
}

fn node() -> Result<RedisServer> {
    let bus = free_port()?.to_string();
    RedisServer::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus,
        "--cluster-replica-no-failover",
        "yes",
        "--cluster-require-full-coverage",
        "no",
        "--repl-diskless-sync-delay",
        "0",
    ])
}

#[test]
fn one_store_serves_the_slots_of_all_nodes() -> Result<()> {
    let cluster = Cluster::start()?;
    // Any one node leads to the others, a replica too.
    for url in [cluster.masters[2].url(), cluster.replica.url()] {
        let store = open(&url)?;
        for master in [0, 1, 2, 0] {
            let slot = cluster.slot_of(master)?;
            let held = filled(&store, &slot, b"entry")?;
            assert!(matches!(store.acquire(&slot, "me", SECOND)?, Lease::Acquired(_)));
            assert!(matches!(store.acquire(&slot, "you", SECOND)?, Lease::Held(_)));
            store.release(&slot, "me")?;
            assert!(store.swap(&slot, &held, b"next")?);
            assert_eq!(keys(&cluster.masters[master], &slot)?, "1");
        }
    }
    Ok(())
}

#[test]
fn a_promoted_replica_has_the_entry_and_another_origin() -> Result<()> {
    let cluster = Cluster::start()?;
    let store = open(&cluster.urls())?;
    let slot = cluster.slot_of(0)?;
    let before = filled(&store, &slot, b"entry")?;
    until("the entry is replicated", || keys(&cluster.replica, &slot).unwrap() == "1")?;
    cluster.promote(&cluster.masters)?;
    let after = store.load(&slot)?;
    assert_eq!(after.entry(), before.entry());
    assert_ne!(after.origin(), before.origin());
    assert!(!store.swap(&slot, &before, b"new")?);
    assert!(store.swap(&slot, &after, b"new")?);
    Ok(())
}

#[test]
fn a_stopped_node_costs_two_seconds_at_most_and_only_for_its_slots() -> Result<()> {
    let cluster = Cluster::start()?;
    let (stopped, others) = (cluster.slot_of(0)?, cluster.slot_of(1)?);
    let store = open(&cluster.urls())?;
    let held = filled(&store, &stopped, b"entry")?;
    until("the entry is replicated", || keys(&cluster.replica, &stopped).unwrap() == "1")?;
    cluster.masters[0].pause()?;
    fails_in_time("load, stopped node of a Cluster", || store.load(&stopped));
    fails_in_time("acquire, stopped node of a Cluster", || store.acquire(&stopped, "me", SECOND));
    // The first URL is that of the stopped node.
    assert!(store.load(&others).is_ok());
    fails_in_time("swap, stopped node of a Cluster", || store.swap(&stopped, &held, b"new"));
    // Its replica takes its place.
    cluster.replica.ask(&["CLUSTER", "FAILOVER", "TAKEOVER"])?;
    until("the replica serves the slot", || store.load(&stopped).is_ok())?;
    let found = store.load(&stopped)?;
    assert_eq!(found.entry(), held.entry());
    assert_ne!(found.origin(), held.origin());
    cluster.masters[0].resume()?;
    Ok(())
}

#[test]
fn a_slot_that_is_being_moved_is_found_once_it_has_moved() -> Result<()> {
    let cluster = Cluster::start()?;
    let slot = cluster.slot_of(0)?;
    let (from, to) = (&cluster.masters[0], &cluster.masters[1]);
    let (from_id, to_id) = (from.ask(&["CLUSTER", "MYID"])?, to.ask(&["CLUSTER", "MYID"])?);
    let hash = to.ask(&["CLUSTER", "KEYSLOT", slot.as_str()])?;
    let store = open(&from.url())?;
    store.load(&slot)?;
    to.tell(&["CLUSTER", "SETSLOT", &hash, "IMPORTING", &from_id])?;
    from.tell(&["CLUSTER", "SETSLOT", &hash, "MIGRATING", &to_id])?;
    let error = store.load(&slot).unwrap_err();
    assert!(error.to_string().contains("is moving the keys"), "{error:?}");
    for node in [to, from] {
        node.tell(&["CLUSTER", "SETSLOT", &hash, "NODE", &to_id])?;
    }
    filled(&store, &slot, b"entry")?;
    assert_eq!(keys(to, &slot)?, "1");
    Ok(())
}
