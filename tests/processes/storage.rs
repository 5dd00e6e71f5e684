//! The storages that a fleet can use.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use crate::common::redis_server::RedisServer;

pub(crate) enum Storage {
    Redis(RedisServer),
    File(PathBuf),
}

impl Storage {
    pub(crate) fn redis() -> Result<Self> {
        Ok(Storage::Redis(RedisServer::start()?))
    }

    pub(crate) fn file() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("popup-tokens-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::remove_dir_all(&folder).unwrap_or_default();
        Storage::File(folder)
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Storage::Redis(server) => server.url(),
            Storage::File(folder) => format!("file:{}", folder.join("tokens").display()),
        }
    }

    /// Removes every entry and lease.
    pub(crate) fn empty(&self) -> Result<()> {
        match self {
            Storage::Redis(server) => server.tell(&["FLUSHALL"]),
            Storage::File(folder) => Ok(fs::remove_file(folder.join("tokens"))?),
        }
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Storage::File(folder) = self {
            fs::remove_dir_all(folder).unwrap_or_default();
        }
    }
}
