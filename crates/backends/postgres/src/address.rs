//! Where the database is: a URL, of which no part that may be secret is ever shown.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::tls::Tls;

/// A host that does not answer for so long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes that nobody has acknowledged for so long say that the connection is gone.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that is silent for so long is asked whether it is alive.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// How often it is asked, at this distance, before it counts as gone.
const KEEPALIVE_RETRIES: u32 = 3;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const PORT: u16 = 5432;

/// A database, and how to get there.
pub(crate) struct Address {
    config: Config,
    security: Security,
    pub tls: Tls,
    passfile: Option<PathBuf>,
    /// The hosts, for messages.
    hosts: String,
}

/// What `sslmode` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Disable,
    Prefer,
    Verify,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, {:?})", self.hosts, self.security)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hosts)
    }
}

impl Address {
    /// Reads a URL. What is wrong with it is said without quoting it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("it does not begin with postgres://".to_owned());
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut options = Options::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            options.take(pair)?;
        }
        let rest = format!("{place}?{}", options.rest.join("&"));
        // What the driver finds wrong may quote the URL.
        let mut config: Config = rest.parse().map_err(|_| {
            "write postgres://USER@HOST:PORT/DATABASE?OPTION=VALUE, and % with two hex digits for every other \
             character than letters, digits, - . _ and ~ in a name or password; or one of its options is unknown"
                .to_owned()
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("it names no host".to_owned());
        }
        if options.passfile.is_some() && config.get_password().is_some() {
            return Err("it has a password and a passfile; leave one out".to_owned());
        }
        options.complete(&mut config);
        let security = options.security.unwrap_or(Security::Prefer);
        config.ssl_mode(match security {
            Security::Disable => SslMode::Disable,
            Security::Prefer => SslMode::Prefer,
            Security::Verify => SslMode::Require,
        });
        Ok(Address {
            hosts: hosts(&config),
            tls: Tls::trusting(options.sslrootcert.as_deref())?,
            passfile: options.passfile,
            security,
            config,
        })
    }

    /// What the driver is told, with the password as its file has it now.
    pub(crate) fn config(&self) -> Result<Config, String> {
        let mut config = self.config.clone();
        if let Some(file) = &self.passfile {
            config.password(password(file)?);
        }
        Ok(config)
    }

    /// What the driver is told when TLS failed; `None` if there is no way without.
    pub(crate) fn without_tls(&self, config: &Config) -> Option<Config> {
        (self.security == Security::Prefer).then(|| {
            let mut config = config.clone();
            config.ssl_mode(SslMode::Disable);
            config
        })
    }
}

/// The options that the driver does not know, or not as we mean them, and the rest.
#[derive(Default)]
struct Options {
    security: Option<Security>,
    sslrootcert: Option<PathBuf>,
    passfile: Option<PathBuf>,
    rest: Vec<String>,
}

impl Options {
    fn take(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = || {
            let text = percent_decode_str(value).decode_utf8();
            text.map_err(|_| format!("its option {name} is not UTF-8"))
        };
        match name {
            "sslmode" => {
                self.security = Some(match &*text()? {
                    "disable" => Security::Disable,
                    "prefer" => Security::Prefer,
                    "require" | "verify-ca" | "verify-full" => Security::Verify,
                    _ => {
                        let known = "disable, prefer, require, verify-ca or verify-full";
                        return Err(format!("its sslmode is none of {known}"));
                    }
                });
            }
            "sslrootcert" => self.sslrootcert = Some(PathBuf::from(&*text()?)),
            "passfile" => self.passfile = Some(PathBuf::from(&*text()?)),
            _ => self.rest.push(pair.to_owned()),
        }
        Ok(())
    }

    fn names(&self, start: &str) -> bool {
        self.rest.iter().any(|pair| pair.starts_with(start))
    }

    /// Adds what the URL does not say.
    fn complete(&self, config: &mut Config) {
        if !self.names("application_name=") {
            config.application_name("docket");
        }
        if !self.names("target_session_attrs=") {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if !self.names("connect_timeout=") {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if !self.names("tcp_user_timeout=") {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        if !self.names("keepalives") {
            config.keepalives_idle(KEEPALIVE);
            config.keepalives_interval(KEEPALIVE_INTERVAL);
            config.keepalives_retries(KEEPALIVE_RETRIES);
        }
    }
}

fn hosts(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
    let named = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let mut names: Vec<String> = named.collect();
    if names.is_empty() {
        names = config
            .get_hostaddrs()
            .iter()
            .map(ToString::to_string)
            .collect();
    }
    let shown = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!("{name}:{}", port(index)));
    shown.collect::<Vec<_>>().join(",")
}

fn password(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| format!("cannot read passfile {}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_ours_are_taken_out() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let file = folder.path().join("pass word");
        fs::write(&file, "s&cret\n").expect("writes");
        let url = format!(
            "postgres://u@one:1,two:2/d?sslmode=disable&passfile={}&connect_timeout=7",
            file.display().to_string().replace(' ', "%20")
        );
        let address = Address::parse(&url).expect("reads");
        assert_eq!(address.to_string(), "one:1,two:2");
        let config = address.config().expect("reads the password");
        assert_eq!(config.get_password(), Some(&b"s&cret"[..]));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(
            config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        assert!(!format!("{address:?}").contains("cret"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h/d?sslmode=secret",
            "postgres://u:se%zzcret@h/d?nothing=secret",
            "postgres://u:secret?secret@h:port/d",
            "postgres://u:secret@h:secret/d",
            "postgres://u:secret@h/d?passfile=x",
            "postgres://u:secret@h/d?sslmode=require&sslrootcert=/dev/null",
            "postgres:///d?password=secret",
        ] {
            let error = Address::parse(url).expect_err(url);
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn verification_is_never_skipped() {
        for (mode, expected) in [
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            let address = Address::parse(&format!("postgres://u@h/d?sslmode={mode}"));
            let address = address.expect("reads");
            let config = address.config().expect("has no password");
            assert_eq!(config.get_ssl_mode(), expected);
            assert_eq!(address.without_tls(&config).is_some(), mode == "prefer");
        }
    }
}
