//! The one master key of an installation: derives other keys and seals what must not be readable at rest.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use spiral_domain::{Error, Result};

use super::random;

/// The first byte of whatever is sealed, so that another scheme can follow this one.
const VERSION: u8 = 1;
/// More than any way to write 32 bytes in base64.
const MAX_FILE: u64 = 256;
const NOT_A_KEY: &str = "a master key is 32 random bytes in base64";

/// 32 random bytes; never printed.
pub struct MasterKey(SecretBox<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// From 32 bytes in base64, of either alphabet, padded or not.
    pub fn from_base64(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::internal(NOT_A_KEY))
    }

    /// From a file that only its owner can read; makes it with a new key where there is none.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        let key = match Self::load(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Self::create(path),
            found => found,
        };
        key.map_err(|cause| Error::internal(format!("master key file {}: {cause}", path.display())))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text
            .trim()
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_");
        let bytes = SecretSlice::from(URL_SAFE_NO_PAD.decode(text).ok()?);
        let key = <[u8; 32]>::try_from(bytes.expose_secret()).ok()?;
        Some(Self(SecretBox::new(Box::new(key))))
    }

    fn load(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        check_private(&file)?;
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text)?;
        Self::parse(&text).ok_or_else(|| io::Error::other(NOT_A_KEY))
    }

    /// Another process may do the same at the same moment: the key that is linked first is the key of both.
    fn create(path: &Path) -> io::Result<Self> {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        make_directory(directory)?;
        let name = URL_SAFE_NO_PAD.encode(random::<12>().map_err(io::Error::other)?);
        let key = STANDARD.encode(random::<32>().map_err(io::Error::other)?);
        let draft = directory.join(format!(".master-key-{name}"));
        let linked = write_draft(&draft, &key).and_then(|()| match fs::hard_link(&draft, path) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
        let removed = fs::remove_file(&draft);
        linked.and(removed)?;
        sync_directory(directory)?;
        Self::load(path)
    }

    fn expand(&self, use_: &[u8], purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        Salt::new(HKDF_SHA256, b"spiral")
            .extract(self.0.expose_secret())
            .expand(&[use_, purpose.as_bytes()], HKDF_SHA256)
            .and_then(|block| block.fill(&mut key))
            .expect("32 bytes are one block of SHA-256");
        key
    }

    /// A key for one purpose that tells nothing of this one or of those for other purposes.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.expand(b"derive:", purpose)
    }

    /// A key that seals for one capability, and opens nothing that another one has sealed.
    pub fn part(&self, capability: &str) -> Self {
        Self(SecretBox::new(Box::new(self.expand(b"part:", capability))))
    }

    /// Encrypts for one purpose; opens with the same purpose only.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> Result<Vec<u8>> {
        let mut text = plaintext.to_vec();
        let nonce = self
            .sealing_key(purpose)?
            .seal_in_place_append_tag(aad(purpose), &mut text)
            .map_err(|_| Error::internal("sealing failed"))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Decrypts what was sealed with this key for this purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let refused = || Error::internal("sealed bytes are damaged, or another master key sealed them");
        let (version, rest) = sealed.split_first().ok_or_else(refused)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
        if *version != VERSION {
            return Err(refused());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut text = text.to_vec();
        let length = self
            .sealing_key(purpose)?
            .open_in_place(nonce, aad(purpose), &mut text)
            .map_err(|_| refused())?
            .len();
        text.truncate(length);
        Ok(text)
    }

    fn sealing_key(&self, purpose: &str) -> Result<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.expand(b"seal:", purpose))
            .map_err(|_| Error::internal("the sealing key is refused"))
    }
}

fn aad(purpose: &str) -> Aad<Vec<u8>> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(purpose.as_bytes());
    Aad::from(bytes)
}

#[cfg(unix)]
fn check_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if found.mode() & 0o077 != 0 {
        return Err(io::Error::other(
            "others than its owner may use it; its mode must be 0600 or 0400",
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_file: &File) -> io::Result<()> {
    Ok(())
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

fn write_draft(draft: &Path, key: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

/// A new name lasts only once its directory is on disk.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scratch;
    use super::*;

    const TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn key() -> MasterKey {
        MasterKey::from_base64(TEXT).unwrap()
    }

    #[test]
    fn keys_are_read_in_either_alphabet_and_never_printed() {
        let url = format!(" {}\n", TEXT.trim_end_matches('='));
        assert_eq!(
            MasterKey::from_base64(&url).unwrap().derive("x"),
            key().derive("x")
        );
        let odd = STANDARD.encode([0xfb; 32]);
        assert!(odd.contains('+') && MasterKey::from_base64(&odd).is_ok());
        for wrong in [
            "",
            "AAEC",
            &TEXT[4..],
            &format!("AAAA{TEXT}"),
            "not base64 at all, not even a bit of it",
        ] {
            assert!(MasterKey::from_base64(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?} {}", key(), key()), "MasterKey(…) MasterKey(…)");
    }

    #[test]
    fn each_purpose_has_its_own_key() {
        assert_eq!(key().derive("cursor"), key().derive("cursor"));
        assert_ne!(key().derive("cursor"), key().derive("webhook"));
        assert_ne!(
            key().derive("cursor"),
            MasterKey::from_base64(&STANDARD.encode([9; 32]))
                .unwrap()
                .derive("cursor")
        );
        assert_ne!(key().derive("cursor"), key().expand(b"seal:", "cursor"));
    }

    #[test]
    fn sealed_bytes_open_for_their_purpose_unchanged_only() {
        let sealed = key().seal("webhook", b"a secret").unwrap();
        assert_eq!(key().open("webhook", &sealed).unwrap(), b"a secret");
        assert_ne!(
            key().seal("webhook", b"a secret").unwrap(),
            sealed,
            "another nonce each time"
        );
        assert!(key().open("signing-key", &sealed).is_err());
        assert!(
            MasterKey::from_base64(&STANDARD.encode([9; 32]))
                .unwrap()
                .open("webhook", &sealed)
                .is_err()
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key().open("webhook", &changed).is_err(), "at {at}");
            assert!(key().open("webhook", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(
            key().open("empty", &key().seal("empty", b"").unwrap()).unwrap(),
            b""
        );
    }

    #[test]
    fn a_key_file_is_made_once() {
        let scratch = Scratch::new();
        let path = scratch.path("deep/er/master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap().derive("x")))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "all have the same key");
        assert_eq!(MasterKey::load_or_create(&path).unwrap().derive("x"), keys[0]);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "no drafts are left"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new();
        let path = scratch.path("master.key");
        MasterKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for (mode, accepted) in [(0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(MasterKey::load_or_create(&path).is_ok(), accepted, "{mode:o}");
        }
        assert!(
            MasterKey::load_or_create(&scratch.path("")).is_err(),
            "a directory"
        );
    }

    #[test]
    fn a_damaged_key_file_is_never_replaced() {
        let scratch = Scratch::new();
        let path = scratch.path("master.key");
        write_draft(&path, "").unwrap();
        assert!(MasterKey::load_or_create(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "\n");
    }
}
