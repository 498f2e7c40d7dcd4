//! A connection as libgit2 reads and writes it.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::error::ServerProblem;
use super::session::Session;

/// A connection to a server.
pub(super) trait Connection: Send + 'static {
    /// Reads some bytes; none at the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ServerProblem>;

    /// Writes all of the bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), ServerProblem>;
}

/// The most that a list of refs may take: several times what the largest forges list.
const LONGEST_LIST: usize = 256 << 20;

/// A [`Connection`] with what libgit2's bindings need around it.
///
/// Until the first write, a server sends its list of refs, and the bindings panic over a name
/// that is not UTF-8. So `?` takes the place of each such byte: the length stays, which the
/// protocol needs, and nobody can have asked for such a ref, since no ref name contains `?`.
pub(super) struct Stream<C> {
    connection: C,
    session: Arc<Session>,
    lists: bool,
    listed: usize,
    /// Bytes that were read, of which the last may be the start of a character.
    read: Vec<u8>,
    /// How many of them are fit to hand over.
    fit: usize,
}

impl<C: Connection> Stream<C> {
    /// Wraps a connection.
    pub(super) fn new(connection: C, session: Arc<Session>) -> Self {
        Self { connection, session, lists: true, listed: 0, read: Vec::new(), fit: 0 }
    }

    fn fail(&self, problem: ServerProblem) -> io::Error {
        io::Error::other(self.session.fail(problem))
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        while self.fit == 0 {
            let count = self.connection.read(&mut chunk).map_err(|problem| self.fail(problem))?;
            self.listed += count;
            if self.listed > LONGEST_LIST {
                return Err(self.fail(ServerProblem::Server { detail: "its list of refs does not end".into() }));
            }
            self.read.extend_from_slice(&chunk[..count]);
            self.fit = mask(&mut self.read, count == 0);
            if count == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl<C: Connection> Read for Stream<C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.lists && self.read.is_empty() {
            let count = self.connection.read(buffer).map_err(|problem| self.fail(problem))?;
            if count > 0 {
                // Objects may come slowly; what must not take long is that nothing comes.
                self.session.restart_clock();
            }
            return Ok(count);
        }
        self.fill()?;
        let count = buffer.len().min(self.fit);
        buffer[..count].copy_from_slice(&self.read[..count]);
        self.read.drain(..count);
        self.fit -= count;
        Ok(count)
    }
}

impl<C: Connection> Write for Stream<C> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lists = false;
        self.connection.write(bytes).map_err(|problem| self.fail(problem))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Puts `?` in the place of bytes that are not UTF-8, and tells how many bytes are known to be:
/// all but the start of a character that may still be completed.
fn mask(bytes: &mut [u8], at_end: bool) -> usize {
    let mut good = 0;
    while let Err(error) = std::str::from_utf8(&bytes[good..]) {
        let bad = good + error.valid_up_to();
        match error.error_len() {
            None if !at_end => return bad,
            None => bytes[bad..].fill(b'?'),
            Some(length) => bytes[bad..bad + length].fill(b'?'),
        }
        good = bad;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_become_question_marks() {
        let mut bytes = b"a\xff\xfeb\xc3\xbc\xc3".to_vec();
        assert_eq!(mask(&mut bytes, false), 6, "the last may be the start of a character");
        assert_eq!(bytes, b"a??b\xc3\xbc\xc3");
        assert_eq!(mask(&mut bytes, true), 7);
        assert_eq!(bytes, b"a??b\xc3\xbc?");
    }
}
