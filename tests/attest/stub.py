# SPDX-License-Identifier: BSL-1.0
"""stub: the gdb stub of a program under qemu-aarch64, as a test needs it.

    with Stub(socket) as stub:
        stub.run_to(address)                    # a breakpoint there, which is gone afterwards
        stub.serve(socket2)                     # others may connect there, one after the other, while the program stands

How it works. qemu-aarch64 takes one connection only. So the test keeps it, and passes on what another client asks; a
client's "detach" (D) is answered here.
"""
import socket
import threading


class Stub:
    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(60)
        self.line.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    @staticmethod
    def packet(text):
        return f"${text}#{sum(text.encode()) & 255:02x}".encode()

    def ask(self, text):
        self.line.sendall(self.packet(text))
        got = b""
        while not (b"$" in got and b"#" in got[got.index(b"$"):-2]):
            part = self.line.recv(65536)
            assert part, "the stub has closed the line"
            got += part
        self.line.sendall(b"+")
        return got[got.index(b"$") + 1:got.rindex(b"#")].decode()

    def run_to(self, address):
        assert self.ask(f"Z0,{address:x},4") == "OK"
        assert self.ask("c").startswith("T05")
        assert self.ask(f"z0,{address:x},4") == "OK"

    def read(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def serve(self, path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener):
        while True:
            client, _ = listener.accept()
            asked = b""
            while part := client.recv(65536):
                asked += part
                while b"#" in asked[:-2]:  # a whole packet
                    end = asked.index(b"#") + 3
                    one, asked = asked[asked.index(b"$"):end], asked[end:]
                    answer = "OK" if one == self.packet("D") else self.ask(one[1:-3].decode())
                    client.sendall(b"+" + self.packet(answer))
            client.close()
