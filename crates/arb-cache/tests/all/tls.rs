//! Redis over TLS: the same contract, and no word to a server whose certificate nobody vouches for.

use std::path::Path;
use std::process::Command;

use arb_cache::{CacheError, RedisConfig, RedisStore};

use crate::conformance::{Subject, conforms};
use crate::redis_server::{RedisServer, free_port, skipped};

/// Where the test that runs itself a second time says which server it means.
const SERVER: &str = "ARB_CACHE_TEST_TLS_URL";

/// A server that also speaks TLS, with a certificate of its own making; its URL.
fn start(directory: &Path) -> (RedisServer, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (certificate, key) = (
        file("certificate.pem", made.cert.pem()),
        file("key.pem", made.signing_key.serialize_pem()),
    );
    let port = free_port();
    let server = RedisServer::start_with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-auth-clients",
        "no",
    ]);
    (server, format!("rediss://127.0.0.1:{port}"))
}

/// Which certificates are trusted is read from the environment, once a process; so the contract is tested by this same test in a
/// process of its own.
#[test]
fn redis_over_tls_conforms() {
    if let Ok(url) = std::env::var(SERVER) {
        conforms(async || Subject::redis(url.as_str()).await);
        return;
    }
    if skipped() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (server, url) = start(directory.path());
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::redis_over_tls_conforms", "--nocapture"])
        .env(SERVER, url)
        .env("SSL_CERT_FILE", directory.path().join("certificate.pem"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{said}\n{}", String::from_utf8_lossy(&again.stderr));
    assert!(said.contains("1 passed"), "the contract was tested: {said}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_nobody_vouches_for_is_refused() {
    if skipped() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (server, url) = start(directory.path());
    let refused = RedisStore::connect(RedisConfig::new(url)).await;
    let error = refused.err().unwrap();
    assert!(matches!(error, CacheError::Unreachable { .. }), "{error:?}");
    assert_eq!(server.command(&["DBSIZE"]).number(), 0);
}
