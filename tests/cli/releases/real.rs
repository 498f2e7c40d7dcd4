//! A real registry: that of the distribution project.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::images::Store;
use super::kernels;
use crate::scenario::Project;

/// A registry that ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Uploads everything that a store has.
fn upload(store: &Store, port: u16) {
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    for (path, body) in store.0.iter().filter(|(path, _)| path.contains("/blobs/")) {
        let (repository, digest) = path.split_once("/blobs/").unwrap();
        let started = ureq::post(url(&format!("{repository}/blobs/uploads/"))).send_empty().unwrap();
        let location = started.headers()["location"].to_str().unwrap().to_owned();
        ureq::put(format!("{location}&digest={digest}")).send(body.as_slice()).unwrap();
    }
    for (path, body) in store.0.iter().filter(|(path, _)| path.contains("/manifests/")) {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        ureq::put(url(path)).header("content-type", kind).send(body.as_slice()).unwrap();
    }
}

#[test]
#[ignore = "needs docker-registry"]
fn a_real_registry_is_read_like_the_stand_in() {
    let project = Project::empty();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = project.path("registry").display().to_string();
    project.write(
        "registry.yml",
        format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
        ),
    );
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(project.path("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Server(command.spawn().unwrap());
    project.waits_until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let store = Store::default().with_release();
    upload(&store, port);
    let stand_in = store.start();
    let read = |port| kernels(&project, port, "--release 4.17.1 --add").fine().stdout;
    assert_eq!(read(port), read(stand_in.port));
}
