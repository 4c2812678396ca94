//! Cursors that a caller can neither forge nor change.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A longer text is refused unread.
const MAX_TEXT: usize = 4096;
/// How much of the HMAC is kept: nobody finds one of 2^128 values by asking.
const TAG: usize = 16;

fn mac(key: &[u8; 32], payload: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(payload);
    mac
}

/// The payload and its signature as one opaque text that is safe in a URL; payloads stay below 3,000 bytes.
pub fn sign(key: &[u8; 32], payload: &[u8]) -> String {
    let mut bytes = payload.to_vec();
    bytes.extend_from_slice(&mac(key, payload).finalize().into_bytes()[..TAG]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The payload, if this text was signed with this key.
pub fn open(key: &[u8; 32], text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let tag = bytes.split_off(bytes.len().checked_sub(TAG)?);
    // Compares in constant time.
    mac(key, &bytes).verify_truncated_left(&tag).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_signed_cursor_opens_with_its_key_only() {
        for payload in [&b""[..], b"a", &[0xff; 3000]] {
            let text = sign(&KEY, payload);
            assert_eq!(open(&KEY, &text).as_deref(), Some(payload));
            assert_eq!(open(&[8; 32], &text), None);
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let text = sign(&KEY, b"after 42");
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                open(&KEY, std::str::from_utf8(&changed).unwrap()),
                None,
                "at {at}"
            );
            assert_eq!(open(&KEY, &text[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn odd_texts_are_refused() {
        let long = sign(&KEY, &[1; 3100]);
        for text in ["", "AAAA", "not base64!", "é", &long] {
            assert_eq!(open(&KEY, text), None, "{text}");
        }
    }
}
