//! What is chosen once for the whole process.

use anyhow::bail;
use tokio::runtime::{Builder, Runtime};

/// The runtime of a program of ours, after what must be settled before anything else happens.
pub fn begin() -> anyhow::Result<Runtime> {
    // The allocator asks for huge pages and gives them back between two bursts: the system would clear 2 MiB at a time
    // for a push that needs a few hundred kB, and keep them in memory. Where this may not be said, it costs that much.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_thp_disable(true);
    // One choice of cryptography, before anything opens a connection.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        bail!("another TLS provider was installed first");
    }
    Ok(Builder::new_multi_thread().enable_all().build()?)
}
