//! Pushing a pack that is there already (gitprotocol-pack, "Pushing Data To a Server"): over HTTP
//! two requests, over ssh one conversation.

use std::collections::VecDeque;
use std::sync::Arc;

use git2::Oid;
use git2::transport::Service;

use crate::adapters::git::error::{ServerProblem, shown};
use crate::adapters::git::location::Scheme;
use crate::adapters::git::session::Session;
use crate::adapters::git::stream::Connection;
use crate::adapters::git::{http, ssh, tcp};

/// The most that a server may list or say.
const LONGEST: usize = 256 << 20;

/// How much of what a server says is kept.
const WORDS: usize = 4096;

/// What stands in the place of a name where a server has no ref.
const NO_REF: &str = "capabilities^{}";

/// What became of a push.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The branch is at the new commit.
    Landed,
    /// The branch was elsewhere.
    Moved,
    /// The server refused; its reason, and what it said besides.
    Refused { reason: String, words: String },
}

/// Moves a ref of a server from `old`, where it must be, to `new`, whose objects are in `pack`.
pub(super) fn push(
    session: &Arc<Session>,
    name: &str,
    old: Option<Oid>,
    new: Oid,
    pack: &[u8],
) -> Result<Pushed, ServerProblem> {
    let mut conversation = Conversation::begin(session)?;
    let offer = Offer::read(&mut conversation.refs, name)?;
    if offer.at != old {
        return Ok(Pushed::Moved);
    }
    let old = old.unwrap_or(Oid::ZERO_SHA1);
    let wanted = ["report-status", "side-band-64k", "ofs-delta"];
    let capabilities: Vec<&str> = wanted.into_iter().filter(|wanted| offer.has(wanted)).collect();
    let agent = concat!("agent=kmodgen/", env!("CARGO_PKG_VERSION"));
    let command = format!("{old} {new} {name}\0 {} {agent}", capabilities.join(" "));
    let connection = conversation.request()?;
    connection.write(format!("{:04x}{command}0000", command.len() + 4).as_bytes())?;
    connection.write(pack)?;
    if !offer.has("report-status") {
        return Ok(Pushed::Landed);
    }
    let report = Report::read(connection, offer.has("side-band-64k"))?;
    Ok(report.about(name))
}

/// What a server has, where a ref is to be moved.
pub(super) fn offer(session: &Arc<Session>, name: &str) -> Result<Offer, ServerProblem> {
    let mut conversation = Conversation::begin(session)?;
    Offer::read(&mut conversation.refs, name)
}

/// The two halves of a conversation, which are one where it is no HTTP.
struct Conversation {
    session: Arc<Session>,
    refs: Lines,
    http: Option<http::Subtransport>,
}

impl Conversation {
    fn begin(session: &Arc<Session>) -> Result<Self, ServerProblem> {
        let mut http = None;
        let connection: Box<dyn Connection> = match session.location.scheme {
            Scheme::Http | Scheme::Https => {
                let transport = http.insert(http::Subtransport::new(Arc::clone(session)));
                Box::new(transport.refs(Service::ReceivePackLs)?)
            }
            Scheme::Ssh => Box::new(ssh::start(session, Service::ReceivePack)?),
            Scheme::File => Box::new(ssh::start_here(session, Service::ReceivePack)?),
            Scheme::Git => Box::new(tcp::connect(session, Service::ReceivePack)?),
        };
        let mut refs = Lines::of(connection);
        if http.is_some() {
            // The service's name comes first, and an end.
            while refs.next()?.is_some() {}
        }
        Ok(Self { session: Arc::clone(session), refs, http })
    }

    fn request(&mut self) -> Result<&mut Lines, ServerProblem> {
        if let Some(http) = &self.http {
            self.refs = Lines::of(Box::new(http.request(Service::ReceivePack)?));
        }
        // What follows is a conversation of its own.
        self.session.restart_clock();
        Ok(&mut self.refs)
    }
}

/// What a server offers before it is told anything.
pub(super) struct Offer {
    /// Where the ref is.
    pub(super) at: Option<Oid>,
    /// The ids of all refs.
    pub(super) ids: Vec<Oid>,
    capabilities: Vec<String>,
}

impl Offer {
    fn read(lines: &mut Lines, wanted: &str) -> Result<Self, ServerProblem> {
        let mut offer = Self { at: None, ids: Vec::new(), capabilities: Vec::new() };
        while let Some(line) = lines.next()? {
            let text = String::from_utf8_lossy(&line).into_owned();
            let text = text.trim_end_matches('\n');
            if let Some(said) = text.strip_prefix("ERR ") {
                return Err(ServerProblem::Server { detail: shown(said) });
            }
            let (listed, capabilities) = text.split_once('\0').unwrap_or((text, ""));
            offer.capabilities.extend(capabilities.split(' ').map(str::to_owned));
            let Some((id, name)) = listed.split_once(' ').filter(|(_, name)| *name != NO_REF) else { continue };
            let Ok(id) = Oid::from_str(id) else { continue };
            offer.ids.push(id);
            if name == wanted {
                offer.at = Some(id);
            }
        }
        if let Some(other) = offer.capabilities.iter().find_map(|c| c.strip_prefix("object-format="))
            && other != "sha1"
        {
            let detail = format!("its objects have ids of the form {}, and kmodgen writes sha1", shown(other));
            return Err(ServerProblem::Server { detail });
        }
        Ok(offer)
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|offered| offered == capability)
    }
}

/// What a server tells of a push.
#[derive(Debug, Default)]
struct Report {
    /// The lines that are about the pack and the refs.
    lines: Vec<String>,
    /// What it says to people.
    words: Vec<u8>,
}

impl Report {
    fn read(lines: &mut Lines, banded: bool) -> Result<Self, ServerProblem> {
        let mut report = Self::default();
        if !banded {
            while let Some(line) = lines.next()? {
                report.note(&line);
            }
            return Ok(report);
        }
        let mut inner = Vec::new();
        while let Some(line) = lines.next()? {
            match line.split_first() {
                Some((1, bytes)) => inner.extend_from_slice(bytes),
                Some((2, bytes)) => {
                    report.words.extend_from_slice(bytes);
                    let surplus = report.words.len().saturating_sub(WORDS);
                    report.words.drain(..surplus);
                }
                Some((3, bytes)) => {
                    return Err(ServerProblem::Server { detail: shown(&String::from_utf8_lossy(bytes)) });
                }
                _ => return Err(not_git("a line of its answer is for nobody")),
            }
            if inner.len() > LONGEST {
                return Err(not_git("its answer does not end"));
            }
        }
        let mut inner = Lines::in_memory(inner);
        while let Some(line) = inner.next()? {
            report.note(&line);
        }
        Ok(report)
    }

    fn note(&mut self, line: &[u8]) {
        self.lines.push(String::from_utf8_lossy(line).trim_end().to_owned());
    }

    fn about(&self, name: &str) -> Pushed {
        let refused = |reason: &str| {
            let words = String::from_utf8_lossy(&self.words);
            // A carriage return begins a line of progress anew.
            let lines =
                words.lines().map(|line| shown(line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or(line)));
            let words = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
            Pushed::Refused { reason: shown(reason), words }
        };
        let unpacked = self.lines.iter().find_map(|line| line.strip_prefix("unpack "));
        if let Some(why) = unpacked.filter(|status| *status != "ok") {
            return refused(&format!("it could not unpack the objects: {why}"));
        }
        let about = |line: &&String, verdict: &str| {
            line.strip_prefix(verdict).is_some_and(|rest| rest == name || rest.starts_with(&format!("{name} ")))
        };
        if let Some(line) = self.lines.iter().find(|line| about(line, "ng ")) {
            return refused(line.get(name.len() + 4..).unwrap_or("it gives no reason"));
        }
        if self.lines.iter().any(|line| about(&line, "ok ")) {
            return Pushed::Landed;
        }
        refused("it says nothing about the branch")
    }
}

fn not_git(why: &str) -> ServerProblem {
    ServerProblem::NotGit { detail: shown(why) }
}

/// The lines of a connection (gitprotocol-common, "pkt-line").
struct Lines {
    connection: Option<Box<dyn Connection>>,
    read: VecDeque<u8>,
    listed: usize,
}

impl Lines {
    fn of(connection: Box<dyn Connection>) -> Self {
        Self { connection: Some(connection), read: VecDeque::new(), listed: 0 }
    }

    fn in_memory(bytes: Vec<u8>) -> Self {
        Self { connection: None, read: bytes.into(), listed: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ServerProblem> {
        self.connection.as_mut().map_or(Ok(()), |connection| connection.write(bytes))
    }

    /// The next line; `None` where a part ends.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ServerProblem> {
        if !self.fill(4)? {
            return Ok(None);
        }
        let digits: Vec<u8> = self.read.drain(..4).collect();
        let length = std::str::from_utf8(&digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length {
            Some(0) => Ok(None),
            Some(length @ 4..) if self.fill(length - 4)? => Ok(Some(self.read.drain(..length - 4).collect())),
            Some(4..) => Err(ServerProblem::Server { detail: "it hung up in the middle of its answer".into() }),
            _ => Err(not_git("what it sends is not git's protocol")),
        }
    }

    /// Reads until there are so many bytes; says whether there are.
    fn fill(&mut self, count: usize) -> Result<bool, ServerProblem> {
        let mut chunk = [0; 16 * 1024];
        while self.read.len() < count {
            let Some(connection) = &mut self.connection else { return Ok(false) };
            let got = connection.read(&mut chunk)?;
            if got == 0 {
                return Ok(false);
            }
            self.listed += got;
            if self.listed > LONGEST {
                return Err(ServerProblem::Server { detail: "its answer does not end".into() });
            }
            self.read.extend(&chunk[..got]);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &[&[u8]]) -> Lines {
        let framed = text.iter().map(|line| match line.len() {
            0 => b"0000".to_vec(),
            length => [format!("{:04x}", length + 4).as_bytes(), *line].concat(),
        });
        Lines::in_memory(framed.collect::<Vec<_>>().concat())
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let framed = [format!("{:04x}", bytes.len() + 4).as_bytes(), &bytes, b"0000"].concat();
            for text in [bytes, framed] {
                let _ = Offer::read(&mut Lines::in_memory(text.clone()), "refs/heads/main");
                for banded in [false, true] {
                    let report = Report::read(&mut Lines::in_memory(text.clone()), banded);
                    let _ = report.map(|report| report.about("refs/heads/main"));
                }
            }
        }
    }

    #[test]
    fn the_offer_says_where_the_branch_is() {
        let id = "1".repeat(40);
        let first = format!("{} refs/heads/a\0report-status side-band-64k object-format=sha1", "2".repeat(40));
        let second = format!("{id} refs/heads/b\n");
        let text = [first.as_bytes(), second.as_bytes(), b""];
        let offer = Offer::read(&mut lines(&text), "refs/heads/b").unwrap();
        assert_eq!(offer.at, Some(Oid::from_str(&id).unwrap()));
        assert!(offer.has("report-status") && !offer.has("side-band"));
        assert_eq!(Offer::read(&mut lines(&text), "refs/heads/c").unwrap().at, None);
        assert!(Offer::read(&mut lines(&[b"ERR no access\n"]), "x").is_err());
        let sha256 = format!("{} capabilities^{{}}\0object-format=sha256", "0".repeat(64));
        assert!(Offer::read(&mut lines(&[sha256.as_bytes()]), "x").is_err());
    }

    #[test]
    fn the_report_is_read_from_its_band() {
        let inner = b"000eunpack ok\n0017ok refs/heads/main\n0000";
        let (first, second) = inner.split_at(20);
        let banded = [[&[1], first].concat(), b"\x02all is \x02well\n".to_vec(), [&[1], second].concat(), vec![]];
        let text: Vec<&[u8]> = banded.iter().map(Vec::as_slice).collect();
        let report = Report::read(&mut lines(&text), true).unwrap();
        assert_eq!(report.about("refs/heads/main"), Pushed::Landed);
        assert!(matches!(report.about("refs/heads/mai"), Pushed::Refused { .. }));
    }

    #[test]
    fn refusals_have_the_servers_words() {
        let text: [&[u8]; 4] = [
            b"\x02 50%\r 100%\nno \x1b[31mentry\n",
            b"\x01000eunpack ok\n",
            b"\x01002bng refs/heads/main pre-receive declined",
            b"",
        ];
        let report = Report::read(&mut lines(&text), true).unwrap();
        let Pushed::Refused { reason, words } = report.about("refs/heads/main") else { panic!("{report:?}") };
        assert_eq!((reason.as_str(), words.as_str()), ("pre-receive declined", "100%\nno \\u{1b}[31mentry"));
        let plain = Report::read(&mut lines(&[b"unpack index-pack abnormal exit\n", b""]), false).unwrap();
        assert!(matches!(plain.about("x"), Pushed::Refused { reason, .. } if reason.contains("abnormal")));
        assert!(Lines::in_memory(b"Welcome".to_vec()).next().is_err());
        assert!(Lines::in_memory(b"0009ab".to_vec()).next().is_err());
    }
}
