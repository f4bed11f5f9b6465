//! TLS for every call that is made: one provider, passed explicitly, so that nobody has to install one.

use std::sync::{Arc, LazyLock};

use rustls_platform_verifier::Verifier;

/// TLS with the machine's root certificates, or with none for connections that are all in clear.
pub fn tls_config(has_https: bool) -> rustls::ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3");
    let mut tls = match has_https.then(|| VERIFIER.clone()).flatten() {
        Some(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(verifier),
        None => builder.with_root_certificates(rustls::RootCertStore::empty()),
    }
    .with_no_client_auth();
    tls.alpn_protocols = vec!["http/1.1".into()];
    tls
}

/// Whether this machine has root certificates to check others with.
pub fn has_roots() -> bool {
    VERIFIER.is_some()
}

/// One for all connections: it holds the machine's root certificates. Nothing when there are none.
static VERIFIER: LazyLock<Option<Arc<Verifier>>> =
    LazyLock::new(|| Verifier::new(provider()).ok().map(Arc::new));

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
