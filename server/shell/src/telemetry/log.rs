//! The log: one line for each event, on standard error, written by a thread of its own.
//!
//! Security: secrets are `Secret<T>`, whose `Debug` says `[redacted]` and which has no `Display`, so a field cannot show one;
//! bodies, headers and URLs of requests are never fields.

use super::lines::{self, Guard, Lines};
use crate::config::{self, LogFormat, LogLevel};
use std::io::{self, IsTerminal};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Registry, reload};

/// The target of the one event that is logged for each request.
pub const REQUEST: &str = "claimsmith::request";

/// The log of this process.
pub(super) struct LogDesk {
    level: reload::Handle<Targets, Registry>,
    lines: Lines,
    _writer: Guard,
}

/// Starts the log. The first caller of a process has it; later ones, as in tests, write into the first one's.
pub(super) fn start(settings: &config::Log) -> io::Result<LogDesk> {
    let (lines, guard) = lines::start(settings.queue, io::stderr())?;
    let (filter, level) = reload::Layer::new(targets(settings));
    let layer = layer(settings.format, io::stderr().is_terminal(), lines.clone());
    let _ = tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(filter)));
    Ok(LogDesk { level, lines, _writer: guard })
}

impl LogDesk {
    /// Takes over a new level.
    pub(super) fn set_level(&self, settings: &config::Log) {
        let _ = self.level.reload(targets(settings));
    }

    /// Where lines are handed in, and those that did not fit are counted.
    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }
}

/// Our own events at the level that is set, libraries' warnings, and requests unless they are switched off.
fn targets(settings: &config::Log) -> Targets {
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let requests = if settings.requests { level } else { LevelFilter::OFF };
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("claimsmith", level).with_target(REQUEST, requests)
}

fn layer<S, W>(format: LogFormat, ansi: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        LogFormat::Text => layer.with_ansi(ansi).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use claimsmith_jose::Secret;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn settings(format: LogFormat) -> config::Log {
        config::Log { level: LogLevel::Info, format, requests: true, queue: 1_000 }
    }

    /// What is written of what `act` does.
    fn written(settings: &config::Log, act: impl FnOnce()) -> String {
        let written = Written::default();
        let (writer, guard) = lines::start(settings.queue, written.clone()).expect("a thread");
        let subscriber = Registry::default().with(layer(settings.format, false, writer).with_filter(targets(settings)));
        tracing::subscriber::with_default(subscriber, act);
        drop(guard);
        let bytes = written.0.lock().expect("unpoisoned").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn request(secret: &Secret<String>) {
        tracing::info!(target: REQUEST, endpoint = "token", client = "a\"\n{", status = 200_u16, proof = ?secret);
    }

    #[test]
    fn net_012_lines_are_json_and_secrets_are_redacted() {
        let secret = Secret::new("hunter2".to_owned());
        let text = written(&settings(LogFormat::Json), || request(&secret));
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).expect("one JSON object");
        assert_eq!((&line["endpoint"], &line["client"], &line["status"]), (&"token".into(), &"a\"\n{".into(), &200.into()));
        assert_eq!((&line["proof"], &line["target"], &line["level"]), (&"[redacted]".into(), &REQUEST.into(), &"INFO".into()));
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn a_line_of_text_stays_one_line() {
        let text = written(&settings(LogFormat::Text), || request(&Secret::new(String::new())));
        assert_eq!(text.lines().count(), 1, "{text}");
    }

    #[test]
    fn requests_can_be_switched_off_and_libraries_are_quiet() {
        let quiet = config::Log { requests: false, ..settings(LogFormat::Json) };
        let text = written(&quiet, || {
            request(&Secret::new(String::new()));
            tracing::info!(target: "h2::proto", "chatter");
            tracing::info!(target: "claimsmith_shell::listen", "ours");
        });
        assert!(text.contains("ours") && !text.contains("chatter") && !text.contains("endpoint"), "{text}");
    }

    #[test]
    fn a_full_queue_drops_lines_and_counts_them() {
        struct Stuck(std::sync::mpsc::Receiver<()>);
        impl io::Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (release, stuck) = std::sync::mpsc::channel();
        let (lines, guard) = lines::start(2, Stuck(stuck)).expect("a thread");
        for _ in 0..50 {
            io::Write::write_all(&mut lines.make_writer(), b"line\n").expect("never fails");
        }
        assert!(lines.dropped() >= 46, "two are being written, two wait: {}", lines.dropped());
        drop((release, guard));
    }

    #[test]
    fn everything_handed_in_is_written_in_its_order() {
        let written = Written::default();
        let (lines, guard) = lines::start(100_000, written.clone()).expect("a thread");
        let text = |number: usize| format!("{number}\n");
        for number in 0..2_000 {
            io::Write::write_all(&mut lines.make_writer(), text(number).as_bytes()).expect("never fails");
            if number % 500 == 0 {
                std::thread::sleep(Duration::from_millis(30));
            }
        }
        drop(guard);
        let bytes = written.0.lock().expect("unpoisoned").clone();
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), (0..2_000).map(text).collect::<String>());
        assert_eq!(lines.dropped(), 0);
    }
}
