//! The processor and system of this process, detected once.

use std::sync::OnceLock;

use pixie_format::{FeatureSet, Platform};

use crate::error::{Error, Result};
use crate::sys;

/// What this process runs on.
#[derive(Debug)]
pub struct Host {
    /// The platform whose objects can run.
    pub platform: Platform,
    /// The features that the processor has and the operating system has enabled.
    pub features: FeatureSet,
    name: OnceLock<String>,
}

impl Host {
    /// The host of this process. The first call asks the processor, later ones answer from memory.
    pub fn detect() -> Result<&'static Host> {
        static HOST: OnceLock<Option<Host>> = OnceLock::new();
        let host = HOST.get_or_init(|| {
            let platform = Platform::host()?;
            Some(Host::detected(platform, sys::features()))
        });
        host.as_ref().ok_or_else(|| Error::UnknownHost {
            // The pairs that Rust runs on and pixie does not are many; the operating system alone tells most.
            system: std::env::consts::OS,
            known: Platform::ALL.map(Platform::name).join(", "),
        })
    }

    /// This process as objects of `platform` see it, with these of the processor's features.
    pub(crate) fn detected(platform: Platform, features: FeatureSet) -> Host {
        Host { platform, features, name: OnceLock::new() }
    }

    /// Whether its objects are this process's own, rather than another platform's.
    pub(crate) fn is_native(&self) -> bool {
        Platform::host() == Some(self.platform)
    }

    /// A host as it might be, for deciding what would be chosen there.
    pub fn hypothetical(platform: Platform, features: FeatureSet, cpu: &str) -> Host {
        Host { platform, features, name: OnceLock::from(cpu.to_owned()) }
    }

    /// The model of the processor, by numbers of its maker's: what code that was tuned for one model is kept under.
    pub fn model(&self) -> String {
        sys::cpu_model()
    }

    /// The processor's name as it gives it, for reports. Asked only when wanted: three more `cpuid`, which cost 15 us on a
    /// virtual machine, as much as a tenth of loading a module.
    pub fn cpu(&self) -> &str {
        self.name.get_or_init(sys::cpu_name)
    }
}
