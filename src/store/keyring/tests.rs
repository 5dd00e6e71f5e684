use std::any::Any;
use std::collections::HashMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use keyring_core::api::{Credential, CredentialApi, CredentialStoreApi};
use keyring_core::{Entry, Error as KeychainError, mock};

use super::keychain::{Key, USER, key};
use super::*;
use crate::ErrorKind;

const BOUND: Duration = Duration::from_secs(20);

/// A folder that is deleted with all that is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Folder(std::env::temp_dir().join(format!("popup-rewards-{}", Slot::random())))
    }

    fn file(&self) -> TokenFile {
        TokenFile::open(&self.0.join("tokens")).unwrap()
    }

    fn key(&self, keychain: &Arc<impl CredentialStoreApi + Send + Sync + 'static>) -> Result<Key> {
        std::fs::create_dir_all(&self.0).unwrap();
        let keychain = keychain.clone();
        key(move || Ok(keychain), "service", self.0.join("key.lock"), BOUND)
    }

    fn open(&self, keychain: &Arc<mock::Store>) -> Result<KeyringStore> {
        let keychain = keychain.clone();
        KeyringStore::with("service", self.file(), BOUND, move || Ok(keychain))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

fn entry(keychain: &mock::Store) -> Entry {
    keychain.build("service", USER, None).unwrap()
}

fn assert_unavailable<T>(result: Result<T>, words: &str) {
    let error = result.err().expect("it succeeded");
    assert_eq!(error.kind(), ErrorKind::Store);
    let text = format!("{error}: {}", error.source().unwrap());
    assert!(text.contains(words), "{text}");
}

#[test]
fn the_first_process_creates_the_key_and_the_next_reads_it() {
    let (folder, keychain) = (Folder::new(), mock::Store::new().unwrap());
    let first = folder.key(&keychain).unwrap();
    // Text, because some keychains can hold nothing else.
    assert_eq!(entry(&keychain).get_password().unwrap().len(), 44);
    assert_ne!(*first, [0; 32]);
    assert_eq!(folder.key(&keychain).unwrap(), first);
}

#[test]
fn a_deleted_key_is_replaced_and_the_file_stays() {
    let (folder, keychain, slot) = (Folder::new(), mock::Store::new().unwrap(), Slot::random());
    let first = folder.key(&keychain).unwrap();
    let store = folder.open(&keychain).unwrap();
    assert!(store.swap(&slot, &store.load(&slot).unwrap(), b"entry").unwrap());
    entry(&keychain).delete_credential().unwrap();
    let store = folder.open(&keychain).unwrap();
    assert_ne!(folder.key(&keychain).unwrap(), first);
    assert_eq!(store.load(&slot).unwrap().entry(), Some(&b"entry"[..]));
}

#[test]
fn an_entry_that_is_no_key_is_an_error_and_stays() {
    let (folder, keychain) = (Folder::new(), mock::Store::new().unwrap());
    for other in [&b"hunter2"[..], b"", b"\xff\xfe", &[7; 32], b"AAAA"] {
        entry(&keychain).set_secret(other).unwrap();
        assert_unavailable(folder.open(&keychain), "the keychain holds something else");
        assert_eq!(entry(&keychain).get_secret().unwrap(), other);
    }
}

#[test]
fn an_error_of_the_keychain_holds_nothing_that_it_returned() {
    let (folder, keychain) = (Folder::new(), mock::Store::new().unwrap());
    let returned = || b"hunter2".to_vec();
    for (error, words) in [
        (KeychainError::BadEncoding(returned()), "cannot be read"),
        (KeychainError::BadDataFormat(returned(), "wrong".into()), "cannot be read"),
        (KeychainError::Ambiguous(vec![entry(&keychain)]), "several entries"),
        (KeychainError::NoStorageAccess("it is locked".into()), "it is locked"),
    ] {
        let entry = entry(&keychain);
        entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
        let error = folder.open(&keychain).unwrap_err();
        let text = format!("{error:?}");
        assert!(!text.contains("hunter2") && !text.contains("104, 117"), "{text}");
        assert_unavailable::<()>(Err(error), words);
    }
}

#[test]
fn a_keychain_that_does_not_respond_is_abandoned() {
    let folder = Folder::new();
    let (release, held) = mpsc::channel::<()>();
    let started = Instant::now();
    let result = KeyringStore::with("service", folder.file(), Duration::from_millis(50), move || {
        held.recv().unwrap_or_default();
        Err(KeychainError::NoEntry)
    });
    assert_unavailable(result, "locked or does not respond");
    assert!(started.elapsed() < BOUND);
    drop(release);
}

#[test]
fn no_keychain_and_a_panic_are_errors_that_say_what_to_do() {
    let folder = Folder::new();
    let failed = || Err(KeychainError::PlatformFailure("no session bus".into()));
    let error = KeyringStore::with("service", folder.file(), BOUND, failed).unwrap_err();
    assert_unavailable::<()>(Err(error.clone()), "no session bus");
    assert_unavailable::<()>(Err(error), "use an EncryptedFileStore");
    let result = KeyringStore::with("service", folder.file(), BOUND, || panic!("a defect"));
    assert_unavailable(result, "does not respond");
}

#[test]
fn the_limit_depends_on_the_terminal() {
    assert_eq!((limit(false).as_secs(), limit(true).as_secs()), (3, 60));
}

#[test]
fn any_service_has_a_file_name_and_none_has_two() {
    assert_eq!(file_name("com.example"), "tokens-com%2Eexample");
    assert_eq!(file_name("../a b"), "tokens-%2E%2E%2Fa%20b");
    assert_unavailable(KeyringStore::open(""), "the name of the service is empty");
}

#[test]
fn debug_shows_no_key() {
    let (folder, keychain) = (Folder::new(), mock::Store::new().unwrap());
    let text = format!("{:?}", folder.open(&keychain).unwrap());
    assert!(text.starts_with("KeyringStore(EncryptedFileStore { path: "), "{text}");
    assert!(!text.contains(&entry(&keychain).get_password().unwrap()));
}

/// A keychain that lets two processes create the key at the same time, as far as their lock allows it.
struct Slow {
    inner: Entry,
    turns: Arc<Turns>,
}

#[derive(Default)]
struct Turns {
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl Turns {
    /// Waits for the other process to get this far. It cannot if it has to wait for this one.
    fn wait_for_reads(&self, reads: usize) {
        let started = Instant::now();
        while self.reads.load(Ordering::SeqCst) < reads && started.elapsed() < Duration::from_millis(200) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl CredentialApi for Slow {
    fn set_secret(&self, secret: &[u8]) -> keyring_core::Result<()> {
        if self.turns.writes.fetch_add(1, Ordering::SeqCst) > 0 {
            // Both have found no key, twice. The first now reads back its own.
            self.turns.wait_for_reads(5);
        }
        self.inner.set_secret(secret)
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        let found = self.inner.get_secret();
        let reads = self.turns.reads.fetch_add(1, Ordering::SeqCst) + 1;
        self.turns.wait_for_reads(reads.next_multiple_of(2).min(4));
        found
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        self.inner.delete_credential()
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        &self.turns
    }
}

struct SlowStore(Arc<mock::Store>, Arc<Turns>);

impl CredentialStoreApi for SlowStore {
    fn vendor(&self) -> String {
        String::new()
    }

    fn id(&self) -> String {
        String::new()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Entry> {
        let inner = self.0.build(service, user, modifiers)?;
        Ok(Entry::new_with_credential(Arc::new(Slow { inner, turns: self.1.clone() })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn two_processes_that_start_at_once_have_the_same_key() {
    let (folder, keychain) = (Folder::new(), mock::Store::new().unwrap());
    let slow = Arc::new(SlowStore(keychain, Arc::default()));
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(|| folder.key(&slow).unwrap());
        (folder.key(&slow).unwrap(), other.join().unwrap())
    });
    assert_eq!(first, second);
}
