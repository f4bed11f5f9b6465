//! [`Vault`]: encrypts what must not stand in the database in clear — AES-256-GCM under a master key that is not in it.
//!
//! Sealed is `nonce (12) ‖ ciphertext ‖ tag (16)`; the account's id and the secret's name are authenticated with it, so that no
//! secret can be put into the place of another.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::Error;
use crate::change::{Change, Uncommitted, commit};
use crate::db::{Db, reading};
use crate::value::now_ms;

/// The file of the data folder in which the master keys are, unless they come from the environment.
pub const MASTER_KEY_FILE: &str = "master.key";

/// The variable of the environment.
pub const MASTER_KEY_VARIABLE: &str = "ECHOSTR_MASTER_KEY";

/// Where the master keys are.
#[derive(Debug)]
pub enum MasterKeys {
    /// The value of `ECHOSTR_MASTER_KEY`: one, or several with commas; the first encrypts, the others only decrypt.
    Environment(SecretString),
    /// A file, only for the server's user; the same, one per line. It is made when there is none and none is needed.
    File(PathBuf),
}

/// The master keys: the first encrypts, all decrypt.
pub struct Vault {
    keys: ArcSwap<Vec<MasterKey>>,
    file: Option<PathBuf>,
    // Held while something that was sealed is not written yet.
    sealing: RwLock<()>,
}

#[derive(Clone)]
struct MasterKey {
    /// The first 8 hex digits of its SHA-256.
    id: String,
    bytes: Arc<SecretBox<[u8; 32]>>,
}

/// What the master keys are after a rotation, by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// How many secrets were encrypted anew.
    pub n_secrets: usize,
    /// The key under which all are encrypted.
    pub key_id: String,
    /// Keys that are needed no more.
    pub retired: Vec<String>,
    /// Where the keys are: with a file, the retired ones have left it already; with the environment, its owner removes them.
    pub file: Option<PathBuf>,
}

/// Why the master keys cannot be used. No key is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadMasterKey {
    /// One is none.
    #[error(
        "the master key {number} in {place} {what}; 32 random bytes in base64 are needed, make one with: openssl rand -base64 32"
    )]
    Form {
        /// The variable or the file.
        place: String,
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        what: String,
    },
    /// There is none.
    #[error(
        "there is no master key in {place}; put 32 random bytes in base64 there, make them with: openssl rand -base64 32"
    )]
    None {
        /// The variable or the file.
        place: String,
    },
    /// Others may read the file.
    #[error(
        "the file of the master key {} may be read by others (mode {mode:o}): make it private with: chmod 600 {}",
        path.display(),
        path.display()
    )]
    Public {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is gone, and the database needs it.
    #[error(
        "the file of the master key {} is missing, but secrets in the database are encrypted under it (key {needed}): \
         put it back from a backup, or give the key with {MASTER_KEY_VARIABLE}",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The ids of the keys that are needed.
        needed: String,
    },
    /// The file cannot be read or written.
    #[error("cannot {what} the file of the master key {}: may the server's user do that, and is there room?", path.display())]
    File {
        /// `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// They do not open what is in the database.
    #[error(
        "the master key in {place} is not that of the database: it has key {given}, the database needs {needed}; give that one too, \
         behind the first ({MASTER_KEY_VARIABLE}: with a comma; {MASTER_KEY_FILE}: on a line of its own)"
    )]
    Wrong {
        /// The variable or the file.
        place: String,
        /// Ids of the keys that are there.
        given: String,
        /// Ids of the keys that are missing.
        needed: String,
    },
}

/// Stands in the database under each master key, so that a wrong one is known.
const CHECK: &str = "echostr";
const CHECK_PLACE: &str = "check";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Vault {
    /// Reads the master keys, makes one if there has never been any, and compares them with the database.
    ///
    /// # Errors
    /// [`BadMasterKey`]; or the database cannot be read or written.
    pub async fn open(db: &Db, source: MasterKeys) -> Result<Self, Error> {
        let needed = needed(db).await?;
        let (place, file, keys) = match source {
            MasterKeys::Environment(text) => {
                let place = format!("the variable {MASTER_KEY_VARIABLE}");
                let keys = parse(&place, text.expose_secret(), ',')?;
                (place, None, keys)
            }
            MasterKeys::File(path) => {
                let keys = read_or_make(&path, &needed)?;
                (path.display().to_string(), Some(path), keys)
            }
        };
        let vault = Self {
            keys: ArcSwap::from_pointee(keys),
            file,
            sealing: RwLock::default(),
        };
        vault.compare(db, &place, &needed).await?;
        Ok(vault)
    }

    /// Encrypts a secret of an account; answers under which key.
    pub(crate) fn seal(&self, account: &str, name: &str, clear: &str) -> (String, Vec<u8>) {
        let keys = self.keys.load();
        let first = keys.first().expect("a vault has a key");
        (
            first.id.clone(),
            first.seal(&format!("{account}/{name}"), clear),
        )
    }

    /// Decrypts it. Nothing when the key is not there, or it is not what was sealed for this account and name.
    pub(crate) fn unseal(
        &self,
        account: &str,
        name: &str,
        key_id: &str,
        sealed: &[u8],
    ) -> Option<SecretString> {
        let keys = self.keys.load();
        let mut keys = keys.iter().filter(|key| key.id == key_id);
        keys.find_map(|key| key.unseal(&format!("{account}/{name}"), sealed))
    }

    /// Held from sealing until it is written, by who may seal while the keys are rotated.
    pub(crate) async fn sealing(&self) -> RwLockReadGuard<'_, ()> {
        self.sealing.read().await
    }

    /// Waits until everything is written that was sealed before, perhaps under another key.
    pub(crate) async fn settle(&self) {
        drop(self.sealing.write().await);
    }

    /// With a file: puts a new key first in it. With the environment the first key is new already.
    pub(crate) fn begin_rotation(&self) -> Result<(), Error> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let mut keys = vec![MasterKey::random()];
        keys.extend(self.keys.load().iter().cloned());
        write(path, &keys)?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// The check value of the key under which everything is encrypted now, and the keys that are needed no more.
    pub(crate) fn check_value(&self) -> (String, Vec<u8>) {
        let keys = self.keys.load();
        let first = keys.first().expect("a vault has a key");
        (first.id.clone(), first.seal(CHECK_PLACE, CHECK))
    }

    /// Ids of all keys but the first.
    pub(crate) fn older(&self) -> Vec<String> {
        let keys = self.keys.load();
        keys.iter().skip(1).map(|key| key.id.clone()).collect()
    }

    /// With a file: takes the old keys out of it. Nothing is encrypted under them any more.
    pub(crate) fn end_rotation(&self) -> Result<Option<PathBuf>, Error> {
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let keys = vec![self.keys.load().first().expect("a vault has a key").clone()];
        write(path, &keys)?;
        self.keys.store(Arc::new(keys));
        Ok(Some(path.clone()))
    }

    /// Refuses keys that do not open what is there, and writes down those that are new.
    async fn compare(&self, db: &Db, place: &str, needed: &Needed) -> Result<(), Error> {
        let keys = self.keys.load_full();
        let is_given = |id: &String| keys.iter().any(|key| key.id == *id);
        let opens = |id: &str, sealed: &[u8]| {
            let mut keys = keys.iter().filter(|key| key.id == id);
            keys.any(|key| key.unseal(CHECK_PLACE, sealed).is_some())
        };
        let known: Vec<_> = needed
            .checks
            .iter()
            .filter(|(id, _)| is_given(id))
            .collect();
        let missing = needed.in_use.iter().filter(|id| !is_given(id));
        let mut missing: Vec<&str> = missing.map(String::as_str).collect();
        missing.extend(
            known
                .iter()
                .filter(|(id, sealed)| !opens(id, sealed))
                .map(|(id, _)| id.as_str()),
        );
        if !missing.is_empty() {
            let given: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
            return Err(BadMasterKey::Wrong {
                place: place.to_owned(),
                given: given.join(", "),
                needed: missing.join(", "),
            }
            .into());
        }

        let at_ms = now_ms();
        let new = keys
            .iter()
            .filter(|key| !needed.checks.iter().any(|(id, _)| *id == key.id));
        // Keys that nobody gave and that encrypt nothing.
        let gone = needed.checks.iter().filter(|(id, _)| !is_given(id));
        let changes: Vec<_> = new
            .map(|key| Change::MasterKey {
                key_id: &key.id,
                check_value: key.seal(CHECK_PLACE, CHECK),
                at_ms,
            })
            .chain(gone.map(|(key_id, _)| Change::NoMasterKey { key_id }))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let written = commit(db, &changes).await;
        written.map_err(Uncommitted::of("the check value of the master key"))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.load().iter().map(|key| key.id.clone()).collect();
        f.debug_struct("Vault")
            .field("keys", &ids)
            .finish_non_exhaustive()
    }
}

/// Which keys the database asks for.
struct Needed {
    /// Under which secrets are encrypted.
    in_use: Vec<String>,
    /// Id and check value of all that it has seen.
    checks: Vec<(String, Vec<u8>)>,
}

async fn needed(db: &Db) -> Result<Needed, Error> {
    let unread = Error::unread("the master keys");
    let in_use = reading!(db, pool => sqlx::query_scalar::<_, String>(
        "SELECT key_id FROM secrets UNION SELECT key_id FROM rules WHERE key_id IS NOT NULL ORDER BY key_id",
    )
    .fetch_all(pool)
    .await);
    let in_use = in_use.map_err(&unread)?;
    let checks = reading!(db, pool => sqlx::query_as::<_, (String, Vec<u8>)>(
        "SELECT key_id, check_value FROM master_keys ORDER BY key_id",
    )
    .fetch_all(pool)
    .await);
    Ok(Needed {
        in_use,
        checks: checks.map_err(&unread)?,
    })
}

impl MasterKey {
    fn new(bytes: SecretBox<[u8; 32]>) -> Self {
        let hash = digest(&SHA256, bytes.expose_secret());
        let id = hash.as_ref()[..4].iter().map(|byte| format!("{byte:02x}"));
        Self {
            id: id.collect(),
            bytes: Arc::new(bytes),
        }
    }

    fn random() -> Self {
        Self::new(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
            *bytes = rand::random();
        }))
    }

    // It is expanded for each use, because ring does not wipe what it expands.
    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.bytes.expose_secret());
        LessSafeKey::new(key.expect("the key has 32 bytes"))
    }

    fn seal(&self, place: &str, clear: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut text = Zeroizing::new(clear.as_bytes().to_vec());
        let sealed = self.cipher().seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place),
            &mut text,
        );
        let tag = sealed.expect("a secret is shorter than 64 GiB");
        [&nonce[..], &text, tag.as_ref()].concat()
    }

    fn unseal(&self, place: &str, sealed: &[u8]) -> Option<SecretString> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let clear = self
            .cipher()
            .open_in_place(nonce, Aad::from(place), &mut text);
        let clear = std::str::from_utf8(clear.ok()?).ok()?;
        Some(clear.into())
    }
}

fn parse(place: &str, text: &str, separator: char) -> Result<Vec<MasterKey>, BadMasterKey> {
    let keys = text.split(separator).map(str::trim);
    let keys = keys.filter(|key| !key.is_empty()).enumerate();
    let key = |(index, text): (usize, &str)| {
        let bad = |what| BadMasterKey::Form {
            place: place.to_owned(),
            number: index + 1,
            what,
        };
        let decoded = BASE64.decode(text).map(Zeroizing::new);
        let decoded = decoded.map_err(|_| bad("is not base64".into()))?;
        let bytes: &[u8; 32] = decoded
            .as_slice()
            .try_into()
            .map_err(|_| bad(format!("has {} bytes", decoded.len())))?;
        Ok(MasterKey::new(SecretBox::init_with_mut(
            |inner: &mut [u8; 32]| inner.copy_from_slice(bytes),
        )))
    };
    let keys: Vec<_> = keys.map(key).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(BadMasterKey::None {
            place: place.to_owned(),
        });
    }
    Ok(keys)
}

fn read_or_make(path: &Path, needed: &Needed) -> Result<Vec<MasterKey>, BadMasterKey> {
    let failed = |source| BadMasterKey::File {
        what: "read",
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && needed.in_use.is_empty() => {
            let keys = vec![MasterKey::random()];
            write(path, &keys)?;
            return Ok(keys);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BadMasterKey::Missing {
                path: path.to_owned(),
                needed: needed.in_use.join(", "),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(BadMasterKey::Public {
            path: path.to_owned(),
            mode,
        });
    }
    let text = io::read_to_string(file).map(Zeroizing::new);
    parse(&path.display().to_string(), &text.map_err(failed)?, '\n')
}

/// The whole file or none of it, also after a power cut.
fn write(path: &Path, keys: &[MasterKey]) -> Result<(), BadMasterKey> {
    let mut text = Zeroizing::new(String::new());
    for key in keys {
        BASE64.encode_string(key.bytes.expose_secret(), &mut text);
        text.push('\n');
    }
    let folder = path.parent().expect("the file stands in the data folder");
    let new = path.with_extension("key.new");
    let written = (|| {
        // One that a crash left behind may have another mode.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        File::open(folder)?.sync_all()
    })();
    written.map_err(|source| BadMasterKey::File {
        what: "write",
        path: path.to_owned(),
        source,
    })
}
