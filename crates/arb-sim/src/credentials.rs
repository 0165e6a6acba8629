//! Kalshi's request signatures: throw-away keys for clients, verification for the venue.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use ring::signature::{self, Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey};

use crate::error::SimError;

/// A throw-away RSA key that signs nothing but simulated sessions; it is public on purpose.
const RSA_TEST_KEY_PEM: &str = include_str!("test_rsa_key.pem");

const RSA_KEY_ID: &str = "5d2b6c0e-7a41-4f0e-9c1d-1f7f6f2a9b10";
const ED25519_KEY_ID: &str = "a952bcbe-ec3b-4b5b-b8f9-11dae589608c";

/// DER of an Ed25519 private key (PKCS#8 version 1) up to its 32-byte seed.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A public key that the simulated Kalshi accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// A raw Ed25519 public key.
    Ed25519([u8; 32]),
    /// An RSA public key as the DER of PKCS#1's `RSAPublicKey` (2048 to 8192 bits).
    Rsa(Vec<u8>),
}

/// A key id and its public key, as registered with the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedKey {
    /// The value of `KALSHI-ACCESS-KEY`.
    pub key_id: String,
    /// The key that checks its signatures.
    pub key: PublicKey,
}

/// A test identity that the simulated Kalshi accepts: one Ed25519 key made at the start, one fixed RSA key.
#[derive(Clone)]
pub struct KalshiCredentials {
    /// Key id of the Ed25519 key.
    pub key_id: String,
    /// Its private key, PKCS#8 in PEM (`-----BEGIN PRIVATE KEY-----`).
    pub private_key_pem: String,
    /// The same private key in DER.
    pub private_key_der: Vec<u8>,
    /// Key id of the RSA key.
    pub rsa_key_id: String,
    /// The RSA private key, PKCS#8 in PEM.
    pub rsa_private_key_pem: String,
}

impl fmt::Debug for KalshiCredentials {
    /// Names the keys and shows none of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KalshiCredentials")
            .field("key_id", &self.key_id)
            .field("rsa_key_id", &self.rsa_key_id)
            .finish_non_exhaustive()
    }
}

/// Why a signed request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    UnknownKey,
    Expired,
    BadSignature,
}

/// The keys the venue knows.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: HashMap<String, PublicKey>,
    credentials: KalshiCredentials,
}

impl KeyRing {
    pub(crate) fn new(accepted: &[AcceptedKey]) -> Result<Self, SimError> {
        let bad = |key_id: &str, reason: &str| SimError::Key {
            key_id: key_id.to_owned(),
            reason: reason.to_owned(),
        };
        let mut seed = [0_u8; 32];
        ring::rand::SystemRandom::new()
            .fill(&mut seed)
            .map_err(|_| bad(ED25519_KEY_ID, "the system gave no random numbers"))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| bad(ED25519_KEY_ID, "the seed was refused"))?;
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref())
            .map_err(|_| bad(ED25519_KEY_ID, "the public key is not 32 bytes"))?;
        let der = [&ED25519_PKCS8_PREFIX[..], &seed[..]].concat();
        let rsa_der = pem_body(RSA_TEST_KEY_PEM)
            .ok_or_else(|| bad(RSA_KEY_ID, "the PEM text is not base64"))?;
        let rsa = RsaKeyPair::from_pkcs8(&rsa_der)
            .map_err(|_| bad(RSA_KEY_ID, "the PKCS#8 key was refused"))?;

        let mut keys = HashMap::from([
            (ED25519_KEY_ID.to_owned(), PublicKey::Ed25519(public)),
            (RSA_KEY_ID.to_owned(), PublicKey::Rsa(rsa.public().as_ref().to_vec())),
        ]);
        for key in accepted {
            if key.key_id.is_empty() {
                return Err(bad("", "the key id is empty"));
            }
            keys.insert(key.key_id.clone(), key.key.clone());
        }
        let credentials = KalshiCredentials {
            key_id: ED25519_KEY_ID.to_owned(),
            private_key_pem: pem(&der),
            private_key_der: der,
            rsa_key_id: RSA_KEY_ID.to_owned(),
            rsa_private_key_pem: RSA_TEST_KEY_PEM.to_owned(),
        };
        Ok(Self { keys, credentials })
    }

    pub(crate) fn credentials(&self) -> KalshiCredentials {
        self.credentials.clone()
    }

    /// Checks the three headers of one request. `now` and the skew are milliseconds.
    pub(crate) fn verify(
        &self,
        headers: &hyper::HeaderMap,
        method: &str,
        path: &str,
        now: i64,
        skew: i64,
    ) -> Result<(), Refusal> {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let (Some(key_id), Some(stamp), Some(signature)) = (
            header("kalshi-access-key"),
            header("kalshi-access-timestamp"),
            header("kalshi-access-signature"),
        ) else {
            return Err(Refusal::Missing);
        };
        let key = self.keys.get(key_id).ok_or(Refusal::UnknownKey)?;
        let at: i64 = stamp.parse().map_err(|_| Refusal::Expired)?;
        if at.abs_diff(now) > skew.unsigned_abs() {
            return Err(Refusal::Expired);
        }
        let signature = STANDARD.decode(signature).map_err(|_| Refusal::BadSignature)?;
        let text = format!("{stamp}{method}{path}");
        let checked = match key {
            PublicKey::Ed25519(raw) => UnparsedPublicKey::new(&signature::ED25519, raw.as_slice())
                .verify(text.as_bytes(), &signature),
            PublicKey::Rsa(der) => {
                UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, der.as_slice())
                    .verify(text.as_bytes(), &signature)
            }
        };
        checked.map_err(|_| Refusal::BadSignature)
    }
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).ok()
}
