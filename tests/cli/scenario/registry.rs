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

impl Registry {
    /// Starts a registry that answers each request, given its head, by a status line and headers; a body may follow
    /// after an empty line.
    pub(crate) fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (answer, noted) = (Arc::new(answer), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, noted) = (answer.clone(), noted.clone());
                thread::spawn(move || serve(stream, &*answer, &noted));
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

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> String, requests: &Mutex<Vec<String>>) {
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
    let text = answer(&head);
    let (lines, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let lines = lines.replace('\n', "\r\n");
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {lines}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}
