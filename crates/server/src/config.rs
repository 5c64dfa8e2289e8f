//! What an operator can set: one section per file, each the manual of its settings.

mod engine;
mod limits;
mod listen;
mod log;

use serde::Deserialize;

pub use engine::EngineSection;
pub use limits::LimitsSection;
pub use listen::Listen;
pub use log::{Log, LogFormat};

/// All sections. Every member has a default, and unknown ones are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses and connections.
    pub listen: Listen,
    /// Sizes of the engine.
    pub engine: EngineSection,
    /// How much is taken at once.
    pub limits: LimitsSection,
    /// Log lines.
    pub log: Log,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_default_and_strangers_are_refused() {
        let read = serde_json::from_str::<Config>;
        assert_eq!(read("{}").unwrap(), Config::default());
        let set = read(
            r#"{"listen":{"addresses":["[::1]:80"],"trust_proxy":["10.0.0.0/8"],"drain_time_s":5},
                "limits":{"token_rate":15},"log":{"format":"json"}}"#,
        );
        assert_eq!(
            set.unwrap().limits.limits().token_rate.map(u32::from),
            Some(15)
        );
        for wrong in [
            r#"{"listn":{}}"#,
            r#"{"listen":{"address":[]}}"#,
            r#"{"limits":{"token_rate":0}}"#,
            r#"{"log":{"format":"xml"}}"#,
            r#"{"listen":{"trust_proxy":["10.0.0.0/33"]}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
