//! What a plugin says: log lines without control characters, bounded per call.

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For its author.
    Debug,
    /// Of interest.
    Info,
    /// Unusual.
    Warn,
    /// Wrong; also what the guest wrote to its standard error, a panic's message among it.
    Error,
}

/// One line of a plugin's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// The text; control characters are escaped.
    pub text: String,
}

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    room: usize,
    cut: bool,
    /// What was written to standard output and error and has not ended its line.
    partial: [Vec<u8>; 2],
}

/// What a line costs beside its text, bytes: a million empty lines are no smaller than a long one.
const LINE_COST: usize = 16;

impl Log {
    /// An empty log that takes `room` bytes.
    pub(crate) fn new(room: usize) -> Self {
        Self { lines: Vec::new(), room, cut: false, partial: [Vec::new(), Vec::new()] }
    }

    /// Appends a line, as much of it as there is room for.
    pub(crate) fn write(&mut self, level: Level, text: &str) {
        let Some(room) = self.room.checked_sub(LINE_COST) else {
            self.cut = true;
            return;
        };
        // Security: log lines end up in terminals and in line-based files; neither may be steered by a plugin.
        let mut line = String::new();
        for character in text.chars() {
            let before = line.len();
            if is_steering(character) {
                line.extend(character.escape_default())
            } else {
                line.push(character)
            }
            if line.len() > room {
                line.truncate(before);
                self.cut = true;
                break;
            }
        }
        self.room = room - line.len();
        self.lines.push(LogLine { level, text: line });
    }

    /// Takes bytes of a standard stream; whole lines become log lines.
    pub(crate) fn stream(&mut self, stream: Stream, bytes: &[u8]) {
        let (mut partial, level) = (std::mem::take(&mut self.partial[stream as usize]), stream.level());
        for &byte in bytes {
            if byte == b'\n' {
                self.write(level, &String::from_utf8_lossy(&partial));
                partial.clear();
            } else if partial.len() < self.room {
                partial.push(byte);
            } else {
                self.cut = true;
            }
        }
        self.partial[stream as usize] = partial;
    }

    /// The lines, the last of them saying so when something was cut.
    pub(crate) fn finish(mut self) -> Vec<LogLine> {
        for stream in [Stream::Out, Stream::Err] {
            let partial = std::mem::take(&mut self.partial[stream as usize]);
            if !partial.is_empty() {
                self.write(stream.level(), &String::from_utf8_lossy(&partial));
            }
        }
        if self.cut {
            self.lines.push(LogLine { level: Level::Warn, text: "the rest of this log was cut".to_owned() });
        }
        self.lines
    }
}

/// Control characters, line and paragraph separators, and the marks that reorder text on a screen.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A standard stream of the guest.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// Standard output.
    Out = 0,
    /// Standard error.
    Err = 1,
}

impl Stream {
    const fn level(self) -> Level {
        match self {
            Self::Out => Level::Info,
            Self::Err => Level::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_marks_are_escaped() {
        let mut log = Log::new(1024);
        log.write(Level::Info, "a\x1b[31m\r\nb\u{202e}c\u{85}ü");
        assert_eq!(log.finish()[0].text, "a\\u{1b}[31m\\r\\nb\\u{202e}c\\u{85}ü");
    }

    #[test]
    fn a_flood_is_cut_and_says_so() {
        let mut log = Log::new(1000);
        for _ in 0..10_000 {
            log.write(Level::Debug, "");
            log.stream(Stream::Out, b"0123456789\n");
        }
        log.stream(Stream::Err, &[b'x'; 100_000]);
        let lines = log.finish();
        assert!(lines.iter().map(|line| line.text.len() + LINE_COST).sum::<usize>() < 1100);
        assert_eq!(lines.last().unwrap().text, "the rest of this log was cut");
    }

    #[test]
    fn streams_are_read_by_line() {
        let mut log = Log::new(1000);
        log.stream(Stream::Err, b"one\ntw");
        log.stream(Stream::Out, b"other");
        log.stream(Stream::Err, b"o\n");
        let texts: Vec<_> = log.finish().into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["one", "two", "other"]);
    }
}
