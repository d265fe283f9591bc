//! The processor and system of this process, detected once.

use std::sync::OnceLock;

use pixie_format::{FeatureSet, Platform};

use crate::error::{Error, Result};
use crate::sys;

/// What this process runs on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// The platform whose objects can run.
    pub platform: Platform,
    /// The features that the processor has and the operating system has enabled.
    pub features: FeatureSet,
    /// The processor's name as it gives it, for reports.
    pub cpu: String,
}

impl Host {
    /// The host of this process. The first call asks the processor, later ones answer from memory.
    pub fn detect() -> Result<&'static Host> {
        static HOST: OnceLock<Option<Host>> = OnceLock::new();
        let host = HOST.get_or_init(|| {
            let platform = Platform::host()?;
            let (features, cpu) = sys::processor();
            Some(Host { platform, features, cpu })
        });
        host.as_ref().ok_or_else(|| Error::UnknownHost {
            system: concat_system(),
            known: Platform::ALL.map(Platform::name).join(", "),
        })
    }
}

fn concat_system() -> &'static str {
    // The pairs that Rust runs on and pixie does not are many; the operating system alone tells most.
    std::env::consts::OS
}
