//! One conversation with a repository through libgit2.
//!
//! libgit2 makes a transport from nothing but a URL, and gets nothing back from it but a number
//! and a line of text. A [`Session`] carries the rest: the environment and the clock on the way
//! in, and the exact problem on the way out. libgit2 calls transports on the thread that called
//! it, so the session of a thread is enough for them to find each other.

#![expect(clippy::disallowed_methods, reason = "waiting for servers takes a clock")]

use std::cell::RefCell;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use git2::transport::Transport;

use super::config::GitConfig;
use super::environment::GitEnvironment;
use super::error::{ServerProblem, shown};
use super::location::{Location, Scheme};
use super::refs::Listing;
use super::{http, ssh, tcp};
use crate::vocabulary::GitOid;

/// What a transport needs to know, and where it leaves what went wrong.
pub(super) struct Session {
    pub(super) location: Location,
    pub(super) environment: GitEnvironment,
    pub(super) config: GitConfig,
    limit: Duration,
    end: Mutex<Instant>,
    problem: Mutex<Option<ServerProblem>>,
    /// The `Authorization` that a server took, so that nobody is asked twice.
    authorization: Mutex<Option<(Location, String)>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Session>>> = const { RefCell::new(None) };
}

impl Session {
    /// A conversation that is over after `limit`.
    pub(super) fn new(
        location: Location,
        environment: GitEnvironment,
        config: GitConfig,
        limit: Duration,
    ) -> Arc<Self> {
        let end = Mutex::new(Instant::now() + limit);
        Arc::new(Self {
            location,
            environment,
            config,
            limit,
            end,
            problem: Mutex::new(None),
            authorization: Mutex::new(None),
        })
    }

    /// The refs that the server lists.
    pub(super) fn list(self: &Arc<Self>) -> Result<Listing, ServerProblem> {
        register_transports();
        let _entered = Entered::new(Arc::clone(self));
        // The transport takes the place from the session; libgit2 need not see more than the scheme.
        let list = || {
            let mut remote = git2::Remote::create_detached(format!("{}://", self.location.scheme.as_str()))?;
            let connection = remote.connect_auth(git2::Direction::Fetch, None, None)?;
            let heads = connection.list()?;
            Ok(heads.iter().map(|head| (head.name().to_owned(), head.oid().to_string())).collect::<Vec<_>>())
        };
        let advertised = list().map_err(|error| self.explain(&error))?;
        Ok(Listing::new(advertised.into_iter().filter_map(|(name, oid)| Some((name, GitOid::parse(&oid).ok()?)))))
    }

    /// How long the server may take for each part of a conversation.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// How long there still is; an error when the time is up.
    pub(super) fn remaining(&self) -> Result<Duration, ServerProblem> {
        let end = *self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or_else(|| self.timed_out(""))
    }

    /// Starts the clock anew, once a person has answered a question.
    pub(super) fn restart_clock(&self) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + self.limit;
    }

    /// The `Authorization` that the server of `location` took before.
    pub(super) fn authorization(&self, location: &Location) -> Option<String> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(server, _)| server.same_origin(location)).map(|(_, header)| header.clone())
    }

    /// Notes the `Authorization` that the server of `location` took.
    pub(super) fn authorized(&self, location: &Location, header: &str) {
        let known = (location.clone(), header.to_owned());
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// The problem that the time is up.
    pub(super) fn timed_out(&self, detail: &str) -> ServerProblem {
        ServerProblem::TimedOut { limit: self.limit, detail: shown(detail) }
    }

    /// Leaves a problem for the caller, and makes the error that stops libgit2.
    ///
    /// Its text is fixed, since git2 cannot take one with a NUL in it.
    pub(super) fn fail(&self, problem: ServerProblem) -> git2::Error {
        // What goes wrong while hanging up follows from what went wrong before.
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(problem);
        git2::Error::new(git2::ErrorCode::GenericError, git2::ErrorClass::Net, "the transport failed")
    }

    /// What a libgit2 error is about: what a transport left, or what libgit2 did not understand.
    pub(super) fn explain(&self, error: &git2::Error) -> ServerProblem {
        if let Some(problem) = self.problem.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return problem;
        }
        match error.message().strip_prefix("remote error: ") {
            Some(said) => {
                let known = ["not exported", "not found", "does not exist", "no such repository"];
                let detail = shown(said);
                match known.iter().any(|phrase| said.to_ascii_lowercase().contains(phrase)) {
                    true => ServerProblem::NoRepository { detail },
                    false => ServerProblem::Server { detail },
                }
            }
            None if error.code() == git2::ErrorCode::Eof => {
                ServerProblem::Server { detail: "it hung up without an answer".into() }
            }
            None => ServerProblem::NotGit { detail: shown(error.message()) },
        }
    }
}

/// Makes a session the thread's, until dropped.
pub(super) struct Entered(Option<Arc<Session>>);

impl Entered {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self(CURRENT.with_borrow_mut(|current| current.replace(session)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Makes libgit2 use the transports of this adapter, in the whole process.
pub(super) fn register_transports() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for scheme in [Scheme::Https, Scheme::Http, Scheme::Ssh, Scheme::Git] {
            let factory = move |remote: &git2::Remote<'_>| {
                let session = CURRENT.with_borrow(Clone::clone);
                let session = session.ok_or_else(|| git2::Error::from_str("no session was entered"))?;
                match scheme {
                    Scheme::Https | Scheme::Http => Transport::smart(remote, true, http::Subtransport::new(session)),
                    Scheme::Ssh => Transport::smart(remote, false, ssh::Subtransport::new(session)),
                    Scheme::Git | Scheme::File => Transport::smart(remote, false, tcp::Subtransport::new(session)),
                }
            };
            // A scheme that is registered already would be an error, and cannot be: this runs once.
            #[expect(unsafe_code, reason = "libgit2 keeps transports in a global list")]
            // SAFETY: registering must not run while another thread makes a transport or registers
            // one. Transports are made by `Session` alone, which waits for this to have finished.
            let _ = unsafe { git2::transport::register(scheme.as_str(), factory) };
        }
    });
}
