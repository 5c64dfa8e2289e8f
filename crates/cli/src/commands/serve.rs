//! `docket serve`

use std::future::poll_fn;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use clap::ValueEnum;
use clap::builder::FalseyValueParser;
use docket_backends::{FolderError, Location, OpenError};
use docket_engine::Environment;
use docket_engine::store::Store;
use docket_server::config::{Listen, LogFormat};
use docket_server::control::{Connection, Control};
use docket_server::demo::{self, Demo};
use docket_server::jwt::Jwts;
use docket_server::listen::{Listener, Transport};
use docket_server::operations::Operations;
use docket_server::shutdown::{self, Stopping};
use docket_server::tls::Tls;
use docket_server::{Config, Opened, Wiring, launch, listen, reload, telemetry};
use ipnet::IpNet;

use crate::args::{Common, DATA_DEFAULT};
use crate::output;
use crate::place;
use crate::reach;
use crate::wrong_use::WrongUse;

/// The folder in the data folder that holds what --dev-tls makes.
const DEV_TLS: &str = "tls";
/// How often a folder is tried again that a command has open.
const COMMAND_TRIES: u32 = 50;
/// How long to wait in between.
const COMMAND_PAUSE: Duration = Duration::from_millis(100);

/// Serve the API
///
/// Answers the native API below /api/v1 and the vendors' own APIs at their own paths, all on every address,
/// with HTTP/1.1 and HTTP/2. Stops in order at SIGTERM or Ctrl-C. While it runs, the other commands reach
/// a data folder through it. Of a database any number of servers and commands can be at work at a time.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket serve --demo
  docket serve --data /var/lib/docket --listen 127.0.0.1:8080 --listen [::1]:8080
  docket serve --listen 0.0.0.0:8080 --trust-proxy 10.0.0.0/8
  docket serve --database-url postgres://docket@db/docket --database-password-file /run/secrets/db
  docket serve --demo --dev-tls                            TLS on port 8081
  docket serve --listen 0.0.0.0:442 --tls-cert fullchain.pem --tls-key privkey.pem")]
pub struct Args {
    /// Address to listen on, can be given several times [default: 127.0.0.1:8080]
    ///
    /// With TLS, each address has its TLS on the next port up. Off loopback an address needs TLS or
    /// --trust-proxy: tokens do not cross the network in the clear. Port 0 takes any free one.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "DOCKET_LISTEN",
        hide_env_values = true
    )]
    #[arg(value_delimiter = ',')]
    listen: Vec<SocketAddr>,
    /// Network of proxies that speak TLS to the world, can be given several times
    ///
    /// Their x-forwarded-for is believed, and nobody else but this machine is served in the clear.
    #[arg(
        long,
        value_name = "CIDR",
        env = "DOCKET_TRUST_PROXY",
        hide_env_values = true
    )]
    #[arg(value_delimiter = ',')]
    trust_proxy: Vec<IpNet>,
    /// File with the certificate for TLS and its chain (PEM), read again at SIGHUP
    #[arg(
        long,
        value_name = "FILE",
        env = "DOCKET_TLS_CERT",
        hide_env_values = true
    )]
    tls_cert: Option<PathBuf>,
    /// File with the certificate's key (PEM, not encrypted), read again at SIGHUP
    #[arg(
        long,
        value_name = "FILE",
        env = "DOCKET_TLS_KEY",
        hide_env_values = true
    )]
    tls_key: Option<PathBuf>,
    /// Serve TLS with a certificate of an own authority, to try it: clients trust tls/ca.pem in the data folder
    ///
    /// The certificate is for localhost, 127.0.0.1, ::1, and the addresses that are listened on.
    #[arg(
        long,
        value_name = "BOOL",
        env = "DOCKET_DEV_TLS",
        hide_env_values = true
    )]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = FalseyValueParser::new())]
    dev_tls: Option<bool>,
    /// Make an organization to look at, with three months of events; prints a token and what to paste
    ///
    /// Without --data it lives in a temporary folder and is gone at the end.
    #[arg(long, env = "DOCKET_DEMO", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    demo: bool,
    /// Requests a second that one token may send in the long run [default: as many as it likes]
    ///
    /// Beyond it, requests are answered with 429 and when to come back.
    #[arg(
        long,
        value_name = "N",
        env = "DOCKET_TOKEN_RATE",
        hide_env_values = true
    )]
    token_rate: Option<NonZeroU32>,
    /// Requests that one token may send at once before its rate counts [default: 100]
    #[arg(
        long,
        value_name = "N",
        env = "DOCKET_TOKEN_BURST",
        hide_env_values = true
    )]
    token_burst: Option<NonZeroU32>,
    /// Events of one organization that are sealed into a block
    #[arg(long, value_name = "N", env = "DOCKET_BLOCK_EVENTS", hide = true)]
    block_events: Option<u32>,
    /// What to log: a level, or levels by part, as in info,docket_engine=debug [default: info]
    #[arg(
        long,
        value_name = "FILTER",
        env = "DOCKET_LOG",
        hide_env_values = true
    )]
    log: Option<String>,
    /// Form of log lines [default: text]
    #[arg(long, value_enum, env = "DOCKET_LOG_FORMAT", hide_env_values = true)]
    log_format: Option<LogForm>,
}

/// Forms of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// For people
    Text,
    /// A JSON object a line
    Json,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let home = Home::of(common, args.demo)?;
    let config = config(args, &common.settings);
    let contradiction = config.listen.certificate().err();
    contradiction.map_or(Ok(()), |error| Err(WrongUse(error.to_string())))?;
    home.must_keep(&config.listen)?;
    telemetry::init(&config.log).map_err(|error| WrongUse(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(serve(config, &home, args.demo));
    // What still blocks was told to stop and holds nothing that is not durable.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn serve(config: Config, home: &Home, demo: bool) -> Result<()> {
    let stop = heard_from_now_on(shutdown::signal()).await;
    let hangups = reload::hangups().context("hear SIGHUP")?;
    let ports = listen::plan(&config.listen)?;
    let environment = Environment::system();
    let tls = Tls::open(&config.listen, &home.folder().join(DEV_TLS), environment)?;
    let listeners = listen::bind(&ports, tls.as_ref()).await?;
    let paste = match demo {
        true => Paste::of(&listeners, tls.as_deref())?,
        false => None,
    };
    let jwts = Jwts::open(&config.jwt)?;
    let issuers = jwts.as_ref().map(|jwts| jwts.issuers());
    tokio::spawn(reload::at(hangups, tls, jwts));
    let location = home.location();
    let mut wiring = Wiring::new(config, Box::new(move || open(&location)));
    wiring.issuers = issuers;
    // Commands reach a database by themselves.
    if let Location::Folder(path) = home.location() {
        wiring.beside = Some(Box::new(move |opened, stopping| {
            Box::pin(beside(opened, stopping, path, paste))
        }));
    }
    launch(listeners, wiring, stop).await
}

/// What the demo's snippets need to know.
#[derive(Debug)]
struct Paste {
    url: String,
    /// What their clients must trust.
    authority: Option<PathBuf>,
}

impl Paste {
    /// The first address in the clear, or else the first one.
    fn of(listeners: &[Listener], tls: Option<&Tls>) -> Result<Option<Self>> {
        let is_clear = |listener: &&Listener| listener.transport() == Transport::Clear;
        let clear = listeners.iter().find(is_clear);
        let Some(listener) = clear.or(listeners.first()) else {
            return Ok(None);
        };
        let authority = match listener.transport() {
            Transport::Clear => None,
            Transport::Tls => tls.and_then(Tls::authority),
        };
        Ok(Some(Paste {
            url: listener.near_url()?,
            authority,
        }))
    }
}

/// Begins to wait at once, so that a signal that comes while the store is being opened is not missed.
async fn heard_from_now_on(signal: impl Future<Output = ()>) -> impl Future<Output = ()> {
    let mut signal = Box::pin(signal);
    let heard = poll_fn(|context| Poll::Ready(signal.as_mut().poll(context).is_ready())).await;
    async move {
        if !heard {
            signal.await;
        }
    }
}

/// Opens the store. A command that has a folder open is given time to end; a server is not.
fn open(location: &Location) -> Result<Arc<dyn Store>> {
    let Location::Folder(folder) = location else {
        return reach::open(location);
    };
    for _ in 0..COMMAND_TRIES {
        match docket_backends::open(location) {
            Err(OpenError::Folder(FolderError::Locked { .. })) if !is_served(folder) => {
                thread::sleep(COMMAND_PAUSE);
            }
            done => return done.with_context(|| format!("open {}", folder.display())),
        }
    }
    reach::open(location)
}

fn is_served(folder: &Path) -> bool {
    matches!(Connection::open(folder), Ok(Some(_)))
}

/// What runs beside the listeners: the demo's beginning, and the control socket.
async fn beside(
    opened: Opened,
    stopping: Stopping,
    folder: PathBuf,
    paste: Option<Paste>,
) -> Result<()> {
    let control = Control::bind(&folder, Operations::new(opened.access.clone()))
        .with_context(|| format!("control socket in {}", folder.display()))?;
    if let Some(Paste { url, authority }) = paste {
        let prepared = tokio::task::spawn_blocking(move || demo::prepare(&opened.access));
        let demo: Demo = prepared.await.context("the demo ended badly")??;
        let banner = demo.banner(&url, authority.as_deref());
        output::text(&banner).context("print what to paste")?;
    }
    control.run(stopping.stopped()).await;
    Ok(())
}

/// Where a server keeps what it has.
#[derive(Debug)]
enum Home {
    /// All of it in a folder that stays.
    Lasting(PathBuf),
    /// All of it in a folder that goes with this value.
    Passing(tempfile::TempDir),
    /// The store in a database, and in the folder, if there is one, what belongs to this machine.
    Database {
        location: Location,
        folder: Option<PathBuf>,
    },
}

impl Home {
    fn of(common: &Common, demo: bool) -> Result<Self> {
        match place::location(common)? {
            Location::Url(_) if demo => {
                let reason = "--demo makes a data folder of its own; leave out --database-url, \
                     also in the environment (DOCKET_DATABASE_URL)";
                Err(WrongUse(reason.to_owned()).into())
            }
            location @ Location::Url(_) => Ok(Home::Database {
                location,
                folder: common.data.clone(),
            }),
            Location::Folder(_) if demo && common.data.is_none() => {
                let passing = tempfile::Builder::new().prefix("docket-demo-").tempdir();
                Ok(Home::Passing(passing.context("make a temporary folder")?))
            }
            Location::Folder(folder) => Ok(Home::Lasting(folder)),
        }
    }

    /// Refuses what needs a folder that stays.
    fn must_keep(&self, listen: &Listen) -> Result<(), WrongUse> {
        match self {
            Home::Database { folder: None, .. } if listen.dev_tls => {
                let reason = "--dev-tls keeps its certificate authority in the data folder: give --data \
                     beside --database-url, or a certificate with --tls-cert and --tls-key";
                Err(WrongUse(reason.to_owned()))
            }
            Home::Database { .. } | Home::Lasting(_) | Home::Passing(_) => Ok(()),
        }
    }

    /// Where the store is.
    fn location(&self) -> Location {
        match self {
            Home::Database { location, .. } => location.clone(),
            Home::Lasting(_) | Home::Passing(_) => Location::Folder(self.folder().to_owned()),
        }
    }

    /// Where files are, if there are any.
    fn folder(&self) -> &Path {
        match self {
            Home::Lasting(path) => path,
            Home::Passing(folder) => folder.path(),
            Home::Database { folder, .. } => folder.as_deref().unwrap_or(Path::new(DATA_DEFAULT)),
        }
    }
}

/// The file's settings, but for what the command line or the environment says.
fn config(args: &Args, file: &Config) -> Config {
    let mut config = file.clone();
    if !args.listen.is_empty() {
        config.listen.addresses.clone_from(&args.listen);
    }
    if !args.trust_proxy.is_empty() {
        config.listen.trust_proxy.clone_from(&args.trust_proxy);
    }
    set_certificate(&mut config.listen, args);
    if let Some(filter) = &args.log {
        config.log.filter.clone_from(filter);
    }
    match args.log_format {
        Some(LogForm::Text) => config.log.format = LogFormat::Text,
        Some(LogForm::Json) => config.log.format = LogFormat::Json,
        None => {}
    }
    let (engine, limits) = (&mut config.engine, &mut config.limits);
    engine.block_events = args.block_events.or(engine.block_events);
    limits.token_rate = args.token_rate.or(limits.token_rate);
    limits.token_burst = args.token_burst.or(limits.token_burst);
    config
}

/// A certificate of the command line replaces the file's, from wherever that one comes.
fn set_certificate(listen: &mut Listen, args: &Args) {
    let has_files = args.tls_cert.is_some() || args.tls_key.is_some();
    if has_files {
        listen.dev_tls = false;
    }
    if args.dev_tls == Some(true) {
        (listen.tls_cert, listen.tls_key) = (None, None);
    }
    listen.dev_tls = args.dev_tls.unwrap_or(listen.dev_tls);
    listen.tls_cert = args.tls_cert.clone().or(listen.tls_cert.take());
    listen.tls_key = args.tls_key.clone().or(listen.tls_key.take());
}
