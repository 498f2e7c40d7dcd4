//! A stand-in for a registry, which notes what it is asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A registry at a port of this machine, until the tests end.
pub(crate) struct Registry {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Answers a request, given its head, on its connection.
type Serve = dyn Fn(&str, &mut TcpStream) + Send + Sync;

impl Registry {
    /// Starts a registry that answers each request, given its head, by a status line and headers; a body may follow
    /// after an empty line.
    pub(crate) fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::serving(move |head, stream| {
            let text = answer(head);
            let (lines, body) = text.split_once("\n\n").unwrap_or((&text, ""));
            respond(stream, lines, body.as_bytes());
        })
    }

    /// Starts a registry that writes its answer to each request itself.
    pub(crate) fn serving(serve: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (serve, noted): (Arc<Serve>, _) = (Arc::new(serve), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serve, noted) = (serve.clone(), noted.clone());
                thread::spawn(move || receive(stream, &*serve, &noted));
            }
        });
        Self { port, requests }
    }

    /// Returns the method and path of each request since the last call, sorted.
    pub(crate) fn requests(&self) -> Vec<String> {
        let mut requests = std::mem::take(&mut *self.requests.lock().unwrap());
        requests.sort();
        requests
    }
}

fn receive(mut stream: TcpStream, serve: &Serve, requests: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        // A greeting in TLS begins so, and ends here: kmodgen tries HTTP next.
        if !matches!(stream.read(&mut byte), Ok(1)) || (head.is_empty() && byte[0] == 0x16) {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let words: Vec<&str> = head.split(' ').take(2).collect();
    requests.lock().unwrap().push(words.join(" "));
    serve(&head, &mut stream);
}

/// Writes an answer with a status line and headers.
pub(crate) fn respond(stream: &mut TcpStream, lines: &str, body: &[u8]) {
    let (lines, length) = (lines.replace('\n', "\r\n"), body.len());
    let _ = write!(stream, "HTTP/1.1 {lines}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(body);
}
