//! What the server tells its operator: log lines on standard error, and metrics.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use docket_surfaces_kit::app::MetricsText;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Upper bounds of the buckets of request times, in seconds.
const REQUEST_SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

/// How often measured times are put into their buckets.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// The process's metrics: there is one recorder per process, however many servers it runs.
static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// From now on log lines go to standard error in the configured form, panics among them. A second call
/// changes nothing.
///
/// # Errors
/// A filter that is none.
pub fn init(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).with_context(|| {
        format!(
            "`{}` is no log filter; write info or docket=debug",
            log.filter
        )
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // What cannot be written there cannot be complained about there: that would end the process.
        .log_internal_errors(false);
    let installed = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if installed.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

fn panicked(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let text = info.payload_as_str().unwrap_or("(no text)");
    tracing::error!(place, text, "a thread panicked");
}

/// Gives the text of `/metrics`.
pub fn metrics() -> MetricsText {
    let handle = handle();
    Arc::new(move || handle.render())
}

/// Keeps the metrics small; never ends.
pub async fn upkeep() {
    let handle = handle();
    let mut ticks = tokio::time::interval(UPKEEP_PERIOD);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

fn handle() -> PrometheusHandle {
    let recorder = || {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &REQUEST_SECONDS);
        let recorder = builder
            .expect("the list of buckets is not empty")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder keeps this process's metrics");
        }
        handle
    };
    METRICS.get_or_init(recorder).clone()
}
