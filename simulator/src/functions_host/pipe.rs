//! A pipe from the worker to the log that can be waited for. The host keeps a writing end of its own: a mark that it writes
//! there comes out behind all that the worker wrote before, so who has waited for it has the whole log up to then.

use std::{
    io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write},
    process::Stdio,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
};

/// Begins a mark; its number and the end of the line follow. No line of a worker has this control character.
const MARK: u8 = 0x1e;

/// One of a worker's two outputs.
pub(super) struct Pipe {
    /// Our writing end, and the last mark that was written to it.
    marks: Mutex<(PipeWriter, u64)>,
    read: Arc<Read>,
}

/// How far the reader has come.
#[derive(Default)]
struct Read {
    mark: Mutex<u64>,
    further: Condvar,
}

impl Pipe {
    /// A pipe of which each line is handed on, and the end of it that is the worker's.
    pub(super) fn open(line: impl FnMut(&str) + Send + 'static) -> io::Result<(Self, Stdio)> {
        let (reader, writer) = io::pipe()?;
        let workers = writer.try_clone()?;
        let read = Arc::new(Read::default());
        let pipe = Self { marks: Mutex::new((writer, 0)), read: read.clone() };
        // A thread, so that the log goes on whatever the tasks of this process do.
        thread::Builder::new().name("worker-log".to_owned()).spawn(move || pump(reader, line, &read))?;
        Ok((pipe, workers.into()))
    }

    /// Waits until all that was written up to now has been handed on.
    pub(super) fn drain(&self) {
        let wanted = {
            let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
            let next = marks.1 + 1;
            // One write of a few bytes is never torn apart.
            if marks.0.write_all(format!("{}{next}\n", char::from(MARK)).as_bytes()).is_err() {
                return;
            }
            marks.1 = next;
            next
        };
        let read = self.read.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let _read = self.read.further.wait_while(read, |read| *read < wanted);
    }
}

impl Read {
    fn reached(&self, mark: u64) {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        self.further.notify_all();
    }
}

/// Hands lines on until nobody has a writing end any more.
fn pump(reader: PipeReader, mut hand_on: impl FnMut(&str), read: &Read) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        if let Some((start, mark)) = mark_in(&line) {
            // What stands before it is a line whose end is still to come.
            line.truncate(start);
            read.reached(mark);
            continue;
        }
        hand_on(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
    if !line.is_empty() {
        hand_on(&String::from_utf8_lossy(&line));
    }
    read.reached(u64::MAX);
}

/// Where the mark begins that ends this line, and its number.
fn mark_in(line: &[u8]) -> Option<(usize, u64)> {
    let start = line.iter().rposition(|byte| *byte == MARK)?;
    let number = std::str::from_utf8(&line[start + 1..]).ok()?.strip_suffix('\n')?;
    Some((start, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn shell(script: &str) -> (Pipe, Arc<Mutex<Vec<String>>>, std::process::Child) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let (pipe, end) = Pipe::open(move |line| kept.lock().unwrap().push(line.to_owned())).unwrap();
        let child = Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(end).spawn().unwrap();
        (pipe, lines, child)
    }

    #[test]
    fn all_that_was_written_before_is_there_after_a_drain() {
        let (pipe, lines, mut child) = shell("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done");
        assert!(child.wait().unwrap().success());
        pipe.drain();
        assert_eq!(lines.lock().unwrap().len(), 5000);
        pipe.drain();
        assert_eq!(lines.lock().unwrap()[4999], "line 4999", "a mark is no line");
    }

    #[test]
    fn a_line_that_is_not_at_its_end_is_not_torn_apart_and_the_last_needs_no_end() {
        let (pipe, lines, mut child) = shell("printf 'one\\ntw'; read go; printf 'o\\nthree'");
        while lines.lock().unwrap().is_empty() {
            pipe.drain();
        }
        pipe.drain();
        assert_eq!(*lines.lock().unwrap(), ["one"]);
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        assert!(child.wait().unwrap().success());
        pipe.drain();
        assert_eq!(*lines.lock().unwrap(), ["one", "two"]);
        drop(pipe);
        while lines.lock().unwrap().len() < 3 {
            thread::yield_now();
        }
        assert_eq!(lines.lock().unwrap()[2], "three");
    }
}
