"""A small real web server: git over HTTP, as a CGI program that comes with git.

Usage: http_backend.py ROOT [--auth USER:PASSWORD] [--tls CERT KEY]

Prints the port it listens on. Paths of its own, besides the repositories:
  /page/...            an HTML page, as a forge's web interface answers
  /moved/REPO/...      redirects to /REPO/...
  /login/...           redirects to a login page, an HTML page below /users/
  /elsewhere/PORT/...  redirects to the same host at another port
"""

import base64
import http.server
import os
import ssl
import subprocess
import sys

root = sys.argv[1]
options = sys.argv[2:]
auth = options[options.index("--auth") + 1] if "--auth" in options else None
tls = options[options.index("--tls") + 1:][:2] if "--tls" in options else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith(("/page/", "/users/")):
            return self.answer(200, [("Content-Type", "text/html")], b"<html>\n<body>a forge</body>\n</html>\n")
        if self.path.startswith("/moved/"):
            return self.answer(301, [("Location", self.path[len("/moved"):])])
        if self.path.startswith("/login/"):
            return self.answer(302, [("Location", "/users/sign_in")])
        if self.path.startswith("/elsewhere/"):
            port, rest = self.path[len("/elsewhere/"):].split("/", 1)
            return self.answer(307, [("Location", f"http://127.0.0.1:{port}/{rest}")])
        if self.path.startswith("/files/"):
            return self.send_file(self.path[len("/files/"):].partition("?")[0])
        self.run_git()

    def send_file(self, path):
        try:
            with open(os.path.join(root, path), "rb") as file:
                self.answer(200, [("Content-Type", "application/octet-stream")], file.read())
        except OSError:
            self.answer(404)

    def do_POST(self):
        self.run_git()

    def run_git(self):
        expected = auth and "Basic " + base64.b64encode(auth.encode()).decode()
        if expected and self.headers.get("Authorization") != expected:
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="test"')])
        path, _, query = self.path.partition("?")
        environment = dict(
            os.environ,
            GIT_PROJECT_ROOT=root,
            GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO=path,
            QUERY_STRING=query,
            REQUEST_METHOD=self.command,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            REMOTE_ADDR="127.0.0.1",
        )
        if expected:
            # Who is known may push.
            environment["REMOTE_USER"] = auth.split(":")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cgi = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True)
        head, _, body = cgi.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.answer(int(status.split()[0]), [pair for pair in headers if pair[0] != "Status"], body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
# Clients that hang up are part of the tests.
server.handle_error = lambda *_: None
if tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
