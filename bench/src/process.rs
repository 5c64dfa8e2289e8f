//! What a process takes: memory, processor time, bytes from the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};

/// How often memory is looked at.
const PERIOD: Duration = Duration::from_millis(50);
/// Ticks of a second in `/proc`: fixed for all programs, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// Looks at a process's memory until it is asked for the most that it saw.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    /// Begins to look at a process.
    pub fn start(pid: u32) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let look = move || {
            let mut most = 0;
            while !stopped.load(Ordering::Relaxed) {
                most = most.max(anonymous_bytes(pid).unwrap_or_default());
                std::thread::sleep(PERIOD);
            }
            most.max(anonymous_bytes(pid).unwrap_or_default())
        };
        let thread = std::thread::Builder::new().name("watch".to_owned());
        Ok(Watch {
            stop,
            thread: thread.spawn(look).context("starting a thread")?,
        })
    }

    /// The most `RssAnon` that was seen, bytes.
    pub fn stop(self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the watch panicked"))
    }
}

/// Memory of a process that no file backs, bytes.
pub fn anonymous_bytes(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let kib: u64 = kib.context("no RssAnon in /proc")?.trim().parse()?;
    Ok(kib << 10)
}

/// Processor time of a process, all its threads together, seconds.
pub fn processor_seconds(pid: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The name, in brackets, may hold anything; behind it, user and system time are the 12th and 13th words.
    let (_, rest) = text.rsplit_once(')').context("no name in /proc")?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Bytes that this process had fetched from the disk so far.
pub fn fetched_bytes() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/io").context("reading /proc/self/io")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("read_bytes: "));
    Ok(line.context("no read_bytes in /proc")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_takes_something() {
        let pid = std::process::id();
        let watch = Watch::start(pid).unwrap();
        let ballast = vec![1_u8; 32 << 20];
        assert!(anonymous_bytes(pid).unwrap() >= ballast.len() as u64);
        assert!(watch.stop().unwrap() >= ballast.len() as u64);
        assert!(processor_seconds(pid).unwrap() >= 0.0);
        assert!(fetched_bytes().is_ok());
    }
}
