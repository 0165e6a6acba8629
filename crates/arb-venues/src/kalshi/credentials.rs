//! Kalshi's request signatures: a key id and a private key, RSA or Ed25519.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use thiserror::Error;
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// DER of an Ed25519 private key (PKCS#8 version 1) up to its 32-byte seed.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Why a key cannot be used. No variant holds key material.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The key id is empty.
    #[error(
        "the kalshi key id is empty: set it to the id shown beside the key in the account settings"
    )]
    NoKeyId,
    /// The text is not a PEM private key.
    #[error(
        "the kalshi private key is not PEM: expected -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    )]
    NotPem,
    /// The PEM holds something else, or an encrypted key.
    #[error(
        "the kalshi private key has the PEM label {label:?}: expected an unencrypted PRIVATE KEY or RSA PRIVATE KEY"
    )]
    Label {
        /// What the PEM says it holds.
        label: String,
    },
    /// The key is damaged or of a kind Kalshi does not take (RSA of 2048 to 8192 bits, Ed25519).
    #[error("the kalshi private key is refused: {reason}")]
    Key {
        /// The cryptographic library's word.
        reason: String,
    },
    /// The random number generator of the system failed while signing.
    #[error("the kalshi request could not be signed")]
    Signing,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// A Kalshi API key: signs handshakes and requests. `Debug` shows neither the id nor the key.
///
/// Our own copies of the key's text and DER are wiped from memory as soon as the key is read; the parsed key lives in the
/// cryptographic library. Sessions and clients share one of these: [`KalshiCredentials::replace`] gives all of them another key.
pub struct KalshiCredentials {
    identity: RwLock<Identity>,
    random: SystemRandom,
}

struct Identity {
    key_id: String,
    key: Key,
}

/// The three headers of a signed request.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `KALSHI-ACCESS-KEY`.
    pub key_id: String,
    /// `KALSHI-ACCESS-TIMESTAMP`, Unix milliseconds.
    pub timestamp: String,
    /// `KALSHI-ACCESS-SIGNATURE`, base64.
    pub signature: String,
}

impl SignedHeaders {
    /// Names and values, in order.
    #[must_use]
    pub fn into_pairs(self) -> [(&'static str, String); 3] {
        [
            ("KALSHI-ACCESS-KEY", self.key_id),
            ("KALSHI-ACCESS-TIMESTAMP", self.timestamp),
            ("KALSHI-ACCESS-SIGNATURE", self.signature),
        ]
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders").field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

impl KalshiCredentials {
    /// Reads a private key from PEM: PKCS#8 (`PRIVATE KEY`, RSA or Ed25519) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// When the id is empty or the text is no usable private key.
    pub fn from_pem(key_id: &str, pem: &str) -> Result<Self, CredentialsError> {
        if key_id.trim().is_empty() {
            return Err(CredentialsError::NoKeyId);
        }
        let (label, der) = decode_pem(pem)?;
        let refused =
            |error: ring::error::KeyRejected| CredentialsError::Key { reason: error.to_string() };
        let key = match label.as_str() {
            "RSA PRIVATE KEY" => Key::Rsa(Box::new(RsaKeyPair::from_der(&der).map_err(refused)?)),
            "PRIVATE KEY" => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
                Ok(key) => Key::Ed25519(key),
                Err(_) => Key::Rsa(Box::new(RsaKeyPair::from_pkcs8(&der).map_err(refused)?)),
            },
            _ => return Err(CredentialsError::Label { label }),
        };
        Ok(Self::new(key_id, key))
    }

    /// An Ed25519 key from its 32-byte seed.
    ///
    /// # Errors
    /// When the id is empty or the seed is refused.
    pub fn from_ed25519_seed(key_id: &str, seed: &[u8; 32]) -> Result<Self, CredentialsError> {
        if key_id.trim().is_empty() {
            return Err(CredentialsError::NoKeyId);
        }
        let mut der = Zeroizing::new(Vec::with_capacity(ED25519_PKCS8_PREFIX.len() + seed.len()));
        der.extend_from_slice(&ED25519_PKCS8_PREFIX);
        der.extend_from_slice(seed);
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map_err(|error| CredentialsError::Key { reason: error.to_string() })?;
        Ok(Self::new(key_id, Key::Ed25519(key)))
    }

    fn new(key_id: &str, key: Key) -> Self {
        let identity = RwLock::new(Identity { key_id: key_id.trim().to_owned(), key });
        Self { identity, random: SystemRandom::new() }
    }

    /// Everything that shares these credentials signs with another key from now on. Open connections stay open: their next
    /// handshake carries the new key.
    pub fn replace(&self, by: Self) {
        let new = by.identity.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Signs a request: timestamp in milliseconds, upper-case method and the path from the host root, without the query.
    ///
    /// # Errors
    /// When the system gives no random numbers (RSA only).
    pub fn sign(
        &self,
        now: OffsetDateTime,
        method: &str,
        path: &str,
    ) -> Result<SignedHeaders, CredentialsError> {
        let timestamp = (now.unix_timestamp_nanos() / 1_000_000).to_string();
        let path = path.split('?').next().unwrap_or(path);
        let text = format!("{timestamp}{}{path}", method.to_ascii_uppercase());
        let identity = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        let signature = match &identity.key {
            Key::Ed25519(key) => STANDARD.encode(key.sign(text.as_bytes())),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PSS_SHA256, &self.random, text.as_bytes(), &mut signature)
                    .map_err(|_| CredentialsError::Signing)?;
                STANDARD.encode(signature)
            }
        };
        Ok(SignedHeaders { key_id: identity.key_id.clone(), timestamp, signature })
    }
}

impl fmt::Debug for KalshiCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        let kind = match identity.key {
            Key::Rsa(_) => "RSA",
            Key::Ed25519(_) => "Ed25519",
        };
        f.debug_struct("KalshiCredentials").field("key", &kind).finish_non_exhaustive()
    }
}

/// The label and the bytes of the first PEM block.
fn decode_pem(pem: &str) -> Result<(String, Zeroizing<Vec<u8>>), CredentialsError> {
    let rest = pem.split_once("-----BEGIN ").ok_or(CredentialsError::NotPem)?.1;
    let (label, rest) = rest.split_once("-----").ok_or(CredentialsError::NotPem)?;
    let body = rest.split_once("-----END ").ok_or(CredentialsError::NotPem)?.0;
    // Room for all of it at once: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    body.split_ascii_whitespace().for_each(|part| text.push_str(part));
    let der = STANDARD.decode(text.as_bytes()).map_err(|_| {
        // An encrypted key has header lines that are no base64.
        if body.contains(':') {
            CredentialsError::Label { label: format!("{label} (encrypted)") }
        } else {
            CredentialsError::NotPem
        }
    })?;
    Ok((label.to_owned(), Zeroizing::new(der)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = {
        let mut seed = [0; 32];
        let mut index = 0;
        while index < 32 {
            seed[index] = index as u8;
            index += 1;
        }
        seed
    };

    fn at(millis: i128) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(millis * 1_000_000).unwrap()
    }

    #[test]
    fn ed25519_signatures_equal_the_published_vectors() {
        let key = KalshiCredentials::from_ed25519_seed("id", &SEED).unwrap();
        let ws = key.sign(at(1_703_123_456_789), "GET", "/trade-api/ws/v2").unwrap();
        assert_eq!(ws.timestamp, "1703123456789");
        assert_eq!(
            ws.signature,
            "GpkXLSIK8avqVF1CPnKos7fulth1qYoYZjI5qzovCmuzcKV0/qCnl8R5kVmiu2d6dLYPcYVo2r2OgcCWv1uwAw=="
        );
        let rest =
            key.sign(at(1_703_123_456_789), "get", "/trade-api/v2/portfolio/balance?x=1").unwrap();
        assert_eq!(
            rest.signature,
            "hkBtGNHKCfMll7XdniCzUygg/ek7JdCINuVOaGq0bDS3feQIdYVMirJSybX93bQtj8CMmr3q0RiAToeTeMOwBg=="
        );
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let key = KalshiCredentials::from_ed25519_seed("my-key-id", &SEED).unwrap();
        let signed = key.sign(at(1), "GET", "/x").unwrap();
        for text in [format!("{key:?}"), format!("{signed:?}")] {
            assert!(!text.contains("my-key-id") && !text.contains(&signed.signature), "{text}");
        }
    }

    #[test]
    fn unusable_keys_are_refused_by_name_and_without_their_text() {
        let refused = |pem: &str| KalshiCredentials::from_pem("id", pem).unwrap_err();
        assert_eq!(refused("c2VjcmV0"), CredentialsError::NotPem);
        assert!(matches!(
            refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
            CredentialsError::Label { label } if label == "PUBLIC KEY"
        ));
        assert!(matches!(
            refused("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"),
            CredentialsError::Key { .. }
        ));
        assert!(matches!(KalshiCredentials::from_pem(" ", ""), Err(CredentialsError::NoKeyId)));
    }
}
