//! The git daemon's protocol, `git://`.
//!
//! libgit2 has it built in, but takes its time limits from global variables, and they are for
//! each read, so that a slow server is never done with.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream};

use super::error::{ServerProblem, shown};
use super::session::Session;
use super::stream::{Connection, Stream};

/// The port of a git daemon.
const PORT: u16 = 9418;

/// Talks to git daemons.
pub(super) struct Subtransport(Arc<Session>);

impl Subtransport {
    /// For one session.
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self(session)
    }
}

impl SmartSubtransport for Subtransport {
    fn action(&self, _: &str, service: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let tcp = connect(&self.0, service).map_err(|problem| self.0.fail(problem))?;
        Ok(Box::new(Stream::new(tcp, Arc::clone(&self.0))))
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// The program that does a service on the server.
pub(super) fn program(service: Service) -> &'static str {
    match service {
        Service::UploadPackLs | Service::UploadPack => "git-upload-pack",
        Service::ReceivePackLs | Service::ReceivePack => "git-receive-pack",
    }
}

pub(super) struct Tcp {
    stream: TcpStream,
    session: Arc<Session>,
}

pub(super) fn connect(session: &Arc<Session>, service: Service) -> Result<Tcp, ServerProblem> {
    let location = &session.location;
    let mut refused = None;
    for address in addresses(session)? {
        match TcpStream::connect_timeout(&address, session.remaining()?) {
            Ok(stream) => {
                let mut tcp = Tcp { stream, session: Arc::clone(session) };
                let request = format!("{} {}\0host={}\0", program(service), location.path, location.authority());
                tcp.write(format!("{:04x}{request}", request.len() + 4).as_bytes())?;
                return Ok(tcp);
            }
            Err(error) => refused = Some(problem(session, &error)),
        }
    }
    Err(refused.unwrap_or_else(|| ServerProblem::UnknownHost { host: shown(&location.host) }))
}

/// Looks the host up; in a thread, since the system's own look-up knows no time limit.
fn addresses(session: &Session) -> Result<Vec<SocketAddr>, ServerProblem> {
    let host = (session.location.host.clone(), session.location.port.unwrap_or(PORT));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(host.to_socket_addrs()));
    let found = receiver.recv_timeout(session.remaining()?).map_err(|_| session.timed_out(""))?;
    match found {
        Ok(addresses) => Ok(addresses.collect()),
        Err(_) => Err(ServerProblem::UnknownHost { host: shown(&session.location.host) }),
    }
}

/// What an error of a socket means.
pub(super) fn problem(session: &Session, error: &io::Error) -> ServerProblem {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => session.timed_out(""),
        _ => {
            ServerProblem::Unreachable { host: shown(&session.location.authority()), detail: shown(&error.to_string()) }
        }
    }
}

impl Connection for Tcp {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ServerProblem> {
        let remaining = self.session.remaining()?;
        let read = self.stream.set_read_timeout(Some(remaining)).and_then(|()| self.stream.read(buffer));
        read.map_err(|error| problem(&self.session, &error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ServerProblem> {
        let remaining = self.session.remaining()?;
        let written = self.stream.set_write_timeout(Some(remaining)).and_then(|()| self.stream.write_all(bytes));
        written.map_err(|error| problem(&self.session, &error))
    }
}
