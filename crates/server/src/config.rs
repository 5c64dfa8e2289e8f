//! What an operator can set: one section per file, each the manual of its settings.

mod engine;
mod file;
mod jwt;
mod limits;
mod listen;
mod log;

use serde::{Deserialize, Serialize};

pub use engine::EngineSection;
pub use file::{FileError, Settings};
pub use jwt::JwtSection;
pub use limits::LimitsSection;
pub use listen::{Certificate, Listen, TlsContradiction};
pub use log::{Log, LogFormat};

/// All sections. Every member has a default, and unknown ones are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Issuers of JWTs that are trusted.
    pub jwt: Vec<JwtSection>,
}

impl Config {
    /// The keys of all settings, such as `listen.addresses`.
    pub fn keys() -> Vec<String> {
        let sections = match serde_json::to_value(Config::default()) {
            Ok(serde_json::Value::Object(sections)) => sections,
            Ok(_) | Err(_) => serde_json::Map::new(),
        };
        let keys = sections.iter().flat_map(|(section, settings)| {
            let names = settings.as_object().into_iter().flat_map(|all| all.keys());
            names.map(move |name| format!("{section}.{name}"))
        });
        keys.chain(JwtSection::keys()).collect()
    }
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
