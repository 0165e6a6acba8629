//! The recorder's thread: lines into files, gzip members, rotation, and what a full disk does.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::{At, Line};

/// Makes the next file, named after a moment (nanoseconds since the epoch).
pub(super) type NextFile = Box<dyn FnMut(i64) -> io::Result<Box<dyn Write + Send>> + Send>;

pub(super) struct Settings {
    pub(super) compress: bool,
    pub(super) member_every: Duration,
    pub(super) rotate_bytes: u64,
    pub(super) rotate_every: Duration,
    /// Written at the head of every file, beside the format's number.
    pub(super) meta: serde_json::Value,
}

/// Counts what reaches the file.
struct Counted {
    file: Box<dyn Write + Send>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

enum Member {
    Plain(BufWriter<Counted>),
    Gzip(GzEncoder<BufWriter<Counted>>),
}

impl Member {
    fn begin(output: BufWriter<Counted>, compress: bool) -> Self {
        if compress {
            Self::Gzip(GzEncoder::new(output, Compression::fast()))
        } else {
            Self::Plain(output)
        }
    }

    fn write_line(&mut self, line: &Line) -> io::Result<()> {
        let mut json = line.to_json();
        json.push('\n');
        match self {
            Self::Plain(output) => output.write_all(json.as_bytes()),
            Self::Gzip(output) => output.write_all(json.as_bytes()),
        }
    }

    /// Everything written so far reaches the file.
    fn end(self) -> io::Result<BufWriter<Counted>> {
        let mut output = match self {
            Self::Plain(output) => output,
            Self::Gzip(output) => output.finish()?,
        };
        output.flush()?;
        Ok(output)
    }
}

struct OpenFile {
    member: Member,
    /// Lines in the open member, which a failing disk takes with it.
    unsaved: u64,
    /// Lost lines that the open member tells of.
    told: u64,
    member_began: Instant,
    began: Instant,
}

pub(super) struct Writer {
    settings: Settings,
    next_file: NextFile,
    file: Option<OpenFile>,
    /// While files cannot be written: when to try again.
    retry_at: Option<Instant>,
    /// Connections whose last event was an open.
    open: BTreeSet<(String, u32)>,
    /// Lines lost since the last one written.
    lost: u64,
    last_ns: i64,
    pub(super) lines: u64,
    pub(super) lost_total: u64,
    pub(super) failure: Option<String>,
}

impl Writer {
    pub(super) fn new(settings: Settings, next_file: NextFile) -> Self {
        Self {
            settings,
            next_file,
            file: None,
            retry_at: None,
            open: BTreeSet::new(),
            lost: 0,
            last_ns: 0,
            lines: 0,
            lost_total: 0,
            failure: None,
        }
    }

    /// So many lines never came here.
    pub(super) fn lose(&mut self, lines: u64) {
        self.lost += lines;
        self.lost_total += lines;
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn write(&mut self, line: &Line, now: Instant) {
        self.last_ns = self.last_ns.max(line.received_at_ns());
        if self.retry_at.is_some_and(|at| now < at) {
            self.lose(1);
        } else if let Err(error) = self.try_write(line, now) {
            self.fail(&error, now);
            self.lose(1);
        } else {
            self.lines += 1;
        }
        // What is open is known whether or not it could be written.
        match line {
            Line::Open { at, .. } => {
                self.open.insert((at.venue.clone(), at.connection));
            }
            Line::Close { at, .. } => {
                self.open.remove(&(at.venue.clone(), at.connection));
            }
            _ => {}
        }
    }

    fn try_write(&mut self, line: &Line, now: Instant) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(self.begin_file(now)?);
        }
        let markers = if self.lost > 0 { self.gap() } else { Vec::new() };
        let Some(file) = &mut self.file else { return Ok(()) };
        for marker in markers {
            file.member.write_line(&marker)?;
        }
        file.told += std::mem::take(&mut self.lost);
        file.member.write_line(line)?;
        file.unsaved += 1;
        self.retry_at = None;
        Ok(())
    }

    fn begin_file(&mut self, now: Instant) -> io::Result<OpenFile> {
        let output = Counted { file: (self.next_file)(self.last_ns)?, bytes: 0 };
        let mut member = Member::begin(BufWriter::new(output), self.settings.compress);
        let mut meta = json!({ "format": 1 });
        if let (Some(head), Some(more)) = (meta.as_object_mut(), self.settings.meta.as_object()) {
            head.extend(more.clone());
        }
        member.write_line(&Line::Meta { received_at_ns: self.last_ns, meta })?;
        for at in self.open_now() {
            member.write_line(&Line::Open { at, reason: Some("continued".to_owned()) })?;
        }
        Ok(OpenFile { member, unsaved: 0, told: 0, member_began: now, began: now })
    }

    fn open_now(&self) -> Vec<At> {
        let at = |(venue, connection): &(String, u32)| At {
            received_at_ns: self.last_ns,
            venue: venue.clone(),
            connection: *connection,
        };
        self.open.iter().map(at).collect()
    }

    /// Says that lines are missing, so that a replay trusts no book across the hole.
    fn gap(&self) -> Vec<Line> {
        let lost = self.lost;
        let reason = || Some(format!("recording gap: {lost} lines lost"));
        let meta = Line::Meta { received_at_ns: self.last_ns, meta: json!({ "gap": lost }) };
        let mut lines = vec![meta];
        for at in self.open_now() {
            lines.push(Line::Close { at: at.clone(), reason: reason() });
            lines.push(Line::Open { at, reason: reason() });
        }
        lines
    }

    fn fail(&mut self, error: &io::Error, now: Instant) {
        if let Some(file) = self.file.take() {
            self.give_up(file.unsaved, file.told);
        }
        self.retry_at = Some(now + self.settings.member_every);
        if self.failure.is_none() {
            tracing::error!(%error, "the recording cannot be written; lines are lost until it can");
        }
        self.failure = Some(error.to_string());
    }

    /// A member is lost with what it held and what it told of.
    fn give_up(&mut self, unsaved: u64, told: u64) {
        self.lines -= unsaved;
        self.lost_total += unsaved;
        self.lost += unsaved + told;
    }

    /// Ends the member, and the file, where their time or size has come.
    pub(super) fn tend(&mut self, now: Instant) {
        let Some(file) = &self.file else { return };
        if now - file.member_began >= self.settings.member_every {
            self.end_member(now);
        }
    }

    pub(super) fn end_member(&mut self, now: Instant) {
        let Some(OpenFile { member, unsaved, told, began, .. }) = self.file.take() else { return };
        match member.end() {
            Err(error) => {
                self.give_up(unsaved, told);
                self.fail(&error, now);
            }
            Ok(output) => {
                if self.failure.take().is_some() {
                    tracing::info!("the recording is on the disk again");
                }
                let full = output.get_ref().bytes >= self.settings.rotate_bytes
                    || now - began >= self.settings.rotate_every;
                if !full {
                    let member = Member::begin(output, self.settings.compress);
                    let (unsaved, told) = (0, 0);
                    self.file = Some(OpenFile { member, unsaved, told, member_began: now, began });
                }
            }
        }
    }

    /// Ends the file for good.
    pub(super) fn end(&mut self, now: Instant) {
        self.settings.rotate_bytes = 0;
        self.end_member(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::CaptureReader;
    use std::sync::{Arc, Mutex};

    /// Files in memory on a disk that may be full.
    #[derive(Clone, Default)]
    struct Disk {
        files: Arc<Mutex<Vec<Vec<u8>>>>,
        full: Arc<Mutex<bool>>,
    }

    struct OnDisk(Disk, usize);

    impl Write for OnDisk {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            if *self.0.full.lock().unwrap() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.files.lock().unwrap()[self.1].extend_from_slice(buffer);
            Ok(buffer.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Disk {
        fn writer(&self, rotate_bytes: u64) -> Writer {
            let disk = self.clone();
            let settings = Settings {
                compress: true,
                member_every: Duration::from_secs(5),
                rotate_bytes,
                rotate_every: Duration::from_secs(3600),
                meta: json!({ "program": "test" }),
            };
            let next = move |_| {
                let mut files = disk.files.lock().unwrap();
                files.push(Vec::new());
                Ok(Box::new(OnDisk(disk.clone(), files.len() - 1)) as Box<dyn Write + Send>)
            };
            Writer::new(settings, Box::new(next))
        }

        fn lines(&self, file: usize) -> Vec<String> {
            let bytes = self.files.lock().unwrap()[file].clone();
            let short = |line: Line| match line {
                Line::Frame { frame, .. } => frame,
                Line::Meta { meta, .. } => meta.to_string(),
                Line::Open { reason, .. } => format!("open {}", reason.unwrap_or_default()),
                Line::Close { reason, .. } => format!("close {}", reason.unwrap_or_default()),
                other => other.kind().to_owned(),
            };
            let bad = |bad: super::super::BadLine| format!("bad {}", bad.reason);
            let reader = CaptureReader::new(io::Cursor::new(bytes)).unwrap();
            reader.map(|line| line.map_or_else(bad, short)).collect()
        }
    }

    fn at(received_at_ns: i64) -> At {
        At { received_at_ns, venue: "toy".to_owned(), connection: 0 }
    }

    fn frame(number: i64) -> Line {
        Line::Frame { at: at(number), frame: number.to_string() }
    }

    const HEAD: &str = r#"{"format":1,"program":"test"}"#;

    #[test]
    fn a_killed_recorder_loses_only_its_last_member() {
        let disk = Disk::default();
        let mut writer = disk.writer(u64::MAX);
        let start = Instant::now();
        writer.write(&frame(1), start);
        writer.tend(start + Duration::from_secs(5));
        writer.write(&frame(2), start + Duration::from_secs(6));
        // As after a kill: of the open member nothing reaches the disk but its first bytes.
        if let Some(OpenFile { member: Member::Gzip(encoder), .. }) = writer.file.take() {
            std::mem::forget(encoder);
        }
        disk.files.lock().unwrap()[0].extend_from_slice(&[0x1f, 0x8b, 8, 0]);
        let lines = disk.lines(0);
        assert_eq!(lines[..2], [HEAD, "1"]);
        assert!(lines[2].starts_with("bad the file breaks off"), "{lines:?}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn files_rotate_by_size_at_the_end_of_a_member_and_say_what_is_open() {
        let disk = Disk::default();
        let mut writer = disk.writer(10);
        let start = Instant::now();
        writer.write(&Line::Open { at: at(1), reason: None }, start);
        writer.write(&frame(2), start);
        writer.tend(start + Duration::from_secs(4));
        writer.write(&frame(3), start);
        writer.tend(start + Duration::from_secs(5));
        writer.write(&frame(4), start);
        writer.end(start);
        assert_eq!(disk.lines(0), [HEAD, "open ", "2", "3"]);
        assert_eq!(disk.lines(1), [HEAD, "open continued", "4"]);
        assert_eq!(writer.lines, 4);
    }

    #[test]
    fn a_full_disk_is_a_marked_gap_and_the_recording_goes_on_after_it() {
        let disk = Disk::default();
        let mut writer = disk.writer(u64::MAX);
        let start = Instant::now();
        let second = |seconds| start + Duration::from_secs(seconds);
        writer.write(&Line::Open { at: at(1), reason: None }, start);
        writer.write(&frame(2), start);
        writer.tend(second(5));
        *disk.full.lock().unwrap() = true;
        writer.write(&frame(3), second(6));
        writer.tend(second(11));
        assert!(writer.failure.as_deref().is_some_and(|why| why.contains("space")));
        // Not tried again before its time, and not with every line.
        writer.write(&frame(4), second(12));
        writer.write(&frame(5), second(17));
        writer.tend(second(22));
        *disk.full.lock().unwrap() = false;
        writer.write(&frame(6), second(28));
        writer.end(second(29));
        assert_eq!(writer.failure, None);
        let last = disk.files.lock().unwrap().len() - 1;
        let lines = disk.lines(last);
        assert_eq!(lines[..2], [HEAD, "open continued"]);
        // Lines 3 and 5 went with the members that failed, 4 was refused.
        assert_eq!(lines[2], r#"{"gap":3}"#);
        assert_eq!((writer.lines, writer.lost_total), (3, 3));
        assert!(lines[3].starts_with("close recording gap"), "{lines:?}");
        assert!(lines[4].starts_with("open recording gap"), "{lines:?}");
        assert_eq!(lines[5..], ["6"]);
    }
}
