//! The token store as a session's flights use it: entries become tokens, and tokens become entries.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::auth::RefreshToken;
use super::source::{Access, Refresh, SessionSource};
use crate::api::auth::LOGIN;
use crate::clock::{Reading, random_bytes};
use crate::hex;
use crate::http::Connections;
use crate::store::{Contents, Entry, Lease, Opened, Refusal, SealingKey, Slot, StoredTokens, TokenStore};
use crate::token::{Expiry, FlightStore, LEASE, PairToSave, Saved, Stored};
use crate::{AccessToken, Error, ErrorKind, Result};

/// What a session needs to find and read its entry.
pub(super) struct SlotKey {
    pub(super) slot: Slot,
    pub(super) key: SealingKey,
}

/// The store during one flight.
pub(super) struct SharedTokens<'a> {
    source: &'a SessionSource,
    store: &'a dyn TokenStore,
    flight: u64,
    /// The holder of the lease. It is new for every flight.
    owner: String,
    slot_key: Option<Arc<SlotKey>>,
    contents: Contents,
    entry: Entry,
    /// The expiry of the entry's access token.
    expiry: Option<Expiry>,
    has_lease: bool,
    /// What was wrong with the entry.
    complaint: Option<Error>,
}

impl<'a> SharedTokens<'a> {
    pub(super) fn new(source: &'a SessionSource, store: &'a dyn TokenStore, flight: u64) -> Self {
        SharedTokens {
            source,
            store,
            flight,
            owner: hex::encode(&random_bytes::<16>()),
            slot_key: None,
            contents: Contents::empty(""),
            entry: Entry::empty(0),
            expiry: None,
            has_lease: false,
            complaint: None,
        }
    }

    fn slot_key(&mut self) -> Result<Arc<SlotKey>> {
        if let Some(slot_key) = &self.slot_key {
            return Ok(Arc::clone(slot_key));
        }
        let slot_key = self.source.slot_key(self.store, self.flight)?;
        self.slot_key = Some(Arc::clone(&slot_key));
        Ok(slot_key)
    }

    /// Decrypts what was read. An entry that cannot be read is replaced later, like an empty slot.
    fn read(&mut self, contents: Contents) -> Result<Stored> {
        let SlotKey { slot, key } = &*self.slot_key()?;
        let now = Reading::of(&*self.source.clock);
        let opened = Entry::open(&contents, key, slot, now.wall);
        self.contents = contents;
        (self.entry, self.expiry) = (Entry::empty(0), None);
        let (mut entry, age, is_native) = match opened {
            Opened::Empty => (Entry::empty(0), Duration::ZERO, true),
            Opened::Entry { entry, age, is_native } => (entry, age, is_native),
            Opened::Unreadable => {
                let cause = "it was altered or cut";
                self.complaint = Some(Error::store("the entry in the token store cannot be read", cause));
                (Entry::empty(0), Duration::ZERO, true)
            }
            Opened::Newer => {
                let cause = "a newer version of this crate wrote it";
                return Err(Error::store("the entry in the token store is left alone", cause));
            }
        };
        if let Some(tokens) = &mut entry.tokens {
            tokens.remaining = tokens.remaining.min(tokens.life).saturating_sub(age);
            self.expiry = Some(self.source.adopted(now, tokens.remaining, tokens.life));
            // A storage that may have lost its last writes may hold a token that was presented since.
            tokens.refresh.take_if(|_| !is_native);
        }
        if let Some(refusal) = &mut entry.refusal {
            refusal.pause = refusal.pause.saturating_sub(age);
        }
        self.entry = entry;
        Ok(Stored {
            version: self.entry.version,
            expiry: self.expiry,
            has_refresh: self.entry.tokens.as_ref().is_some_and(|tokens| tokens.refresh.is_some()),
            refused: self
                .entry
                .refusal
                .filter(|refusal| self.is_ours(refusal))
                .map(|refusal| (refusal.pause, refusal.count)),
        })
    }

    /// Whether the credentials that were refused are those of this session.
    fn is_ours(&self, refusal: &Refusal) -> bool {
        self.fingerprint().is_ok_and(|own| own == refusal.fingerprint)
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        let login = self.source.credentials_of(self.flight).map_err(|failed| failed.error)?;
        let key = self.slot_key.as_ref().map(|slot_key| &slot_key.key);
        Ok(key.map(|key| key.fingerprint(login.key.expose(), login.secret.expose())).unwrap_or_default())
    }

    /// Replaces what was read last. Returns whether nobody else has replaced it meanwhile.
    fn write(&mut self) -> Result<bool> {
        let SlotKey { slot, key } = &*self.slot_key()?;
        let origin = self.contents.origin().to_owned();
        let now = Reading::of(&*self.source.clock);
        if let Some((tokens, expiry)) = self.entry.tokens.as_mut().zip(self.expiry) {
            tokens.remaining = expiry.remaining(now);
        }
        let bytes = self.entry.seal(key, slot, &origin, now.wall)?;
        let written = self.store.swap(slot, &self.contents, &bytes)?;
        if written {
            self.contents = Contents::new(origin, bytes);
        }
        Ok(written)
    }

    /// Removes everything from the entry and returns its tokens.
    pub(super) fn clear(&mut self) -> Result<Option<StoredTokens>> {
        const ATTEMPTS: usize = 4;
        let slot_key = self.slot_key()?;
        for _ in 0..ATTEMPTS {
            let contents = self.store.load(&slot_key.slot)?;
            self.read(contents)?;
            let cleared = Entry::empty(self.next_version(0));
            let tokens = std::mem::replace(&mut self.entry, cleared).tokens;
            if self.write()? {
                return Ok(tokens);
            }
        }
        Err(Error::store("failed to clear the token store", "other processes kept writing to it"))
    }

    /// Returns a version above that of the entry and above `seen`. It is a time where possible: processes that remember
    /// the entries of a store that has lost them then follow the new ones.
    fn next_version(&self, seen: u64) -> u64 {
        let wall = Reading::of(&*self.source.clock).wall.as_millis();
        let next = self.entry.version.max(seen).saturating_add(1);
        u64::try_from(wall).unwrap_or_default().max(next)
    }

    fn connections(&self) -> Arc<Connections> {
        self.source.connections()
    }
}

impl FlightStore<Arc<Access>, Refresh> for SharedTokens<'_> {
    fn load(&mut self) -> Result<Stored> {
        let contents = self.store.load(&self.slot_key()?.slot)?;
        self.read(contents)
    }

    fn acquire(&mut self) -> Result<Option<Stored>> {
        let slot_key = self.slot_key()?;
        self.has_lease = false;
        match self.store.acquire(&slot_key.slot, &self.owner, LEASE)? {
            Lease::Acquired(contents) => {
                self.has_lease = true;
                let stored = self.read(contents);
                if stored.is_err() {
                    // The entry is left alone: without the lease, nothing is saved.
                    self.release().unwrap_or_default();
                }
                stored.map(Some)
            }
            Lease::Held(_) => Ok(None),
        }
    }

    fn take(&mut self) -> Result<Option<Refresh>> {
        let Some(token) = self.entry.tokens.as_mut().and_then(|tokens| tokens.refresh.take()) else {
            return Ok(None);
        };
        let connections = self.connections();
        Ok(self.write()?.then(|| Refresh { token: RefreshToken::from_store(token), connections }))
    }

    fn adopt(&mut self) -> Option<Arc<Access>> {
        let tokens = self.entry.tokens.take()?;
        let token = AccessToken::new(&tokens.access, self.expiry?.expires_at())?;
        Some(Arc::new(Access { token, connections: self.connections() }))
    }

    fn refusal(&self) -> Error {
        let message = "the server refused the API key and secret when another process logged in";
        Error::new(ErrorKind::InvalidCredentials, message).with_route(&LOGIN)
    }

    fn complaint(&mut self) -> Option<Error> {
        self.complaint.take()
    }

    fn has_lease(&self) -> bool {
        self.has_lease
    }

    fn save(&mut self, pair: &PairToSave<Arc<Access>, Refresh>, is_open: &dyn Fn() -> bool) -> Result<Saved> {
        let refresh = Some(Zeroizing::new(pair.refresh.token.for_store().to_owned()));
        if let Some((access, expiry)) = &pair.access {
            self.entry = Entry::empty(self.next_version(pair.seen));
            self.entry.tokens = Some(StoredTokens {
                access: Zeroizing::new(access.token.expose().to_owned()),
                refresh,
                remaining: expiry.life(),
                life: expiry.life(),
            });
            self.expiry = Some(*expiry);
        } else if let Some(tokens) = &mut self.entry.tokens {
            // The token that was taken goes back.
            tokens.refresh = refresh;
        }
        let version = self.entry.version;
        Ok(if is_open() && self.write()? { Saved::As { version } } else { Saved::Superseded })
    }

    fn save_refusal(&mut self, pause: Duration, count: u32) -> Result<()> {
        self.entry.refusal = Some(Refusal { pause, count, fingerprint: self.fingerprint()? });
        self.write().map(drop)
    }

    fn release(&mut self) -> Result<()> {
        self.has_lease = false;
        self.entry = Entry::empty(0);
        self.store.release(&self.slot_key()?.slot, &self.owner)
    }
}
