"""Serves a folder to those who know the login of a secret's folder: FOLDER SECRET PORT_FILE."""

import base64
import functools
import http.server
import pathlib
import sys

folder, secret, port_file = map(pathlib.Path, sys.argv[1:])
login = ":".join((secret / name).read_text() for name in ("username", "password"))
EXPECTED = "Basic " + base64.b64encode(login.encode()).decode()


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") == EXPECTED:
            return super().do_GET()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="e2e"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
port_file.write_text(str(server.server_port))
server.serve_forever()
