"""Runs dbus-broker as a session's bus, without the systemd that it wants for a parent.

    unshare --user --map-root-user --mount python3 broker.py SOCKET CONFIG

It says `ready` once somebody can connect. systemd's part is played as far as a bus needs it that
starts nobody: every call to it gets an empty answer. /run is this process's own."""

import ctypes, os, socket, struct, subprocess, sys, threading

IDENTIFIER = b"0123456789abcdef0123456789abcdef"


def listen(path, kind):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    if kind == socket.SOCK_STREAM:
        listener.listen(128)
    return listener


def in_background(work, *arguments):
    threading.Thread(target=work, args=arguments, daemon=True).start()


def read_forever(journal):
    while True:
        print(journal.recv(65536), file=sys.stderr, flush=True)


def serve_all(manager):
    while True:
        client, _ = manager.accept()
        in_background(serve, client.makefile("rwb"))


def serve(client):
    while (line := client.readline()) and b"BEGIN" not in line:
        if line.endswith(b"AUTH EXTERNAL\r\n"):
            answer = b"DATA"
        elif b"NEGOTIATE" in line:
            answer = b"AGREE_UNIX_FD"
        else:
            answer = b"OK " + IDENTIFIER
        client.write(answer + b"\r\n")
        client.flush()
    number = 0
    while head := client.read(16):
        order = "<" if head[:1] == b"l" else ">"
        body, serial, fields = struct.unpack(order + "III", head[4:])
        client.read(fields + -fields % 8 + body)
        METHOD_CALL, NO_REPLY_EXPECTED = 1, 1
        if head[1] == METHOD_CALL and not head[2] & NO_REPLY_EXPECTED:
            number += 1
            reply_serial = b"\x05\x01u\0" + struct.pack("<I", serial)
            client.write(b"l\x02\x01\x01" + struct.pack("<III", 0, number, 8) + reply_serial)
            client.flush()


def main(path, configuration):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/run", b"tmpfs", 0, None) != 0:
        sys.exit("broker.py: mount: " + os.strerror(ctypes.get_errno()))
    in_background(read_forever, listen("/run/systemd/journal/socket", socket.SOCK_DGRAM))
    os.environ.update(XDG_RUNTIME_DIR="/run/user", DBUS_SESSION_BUS_ADDRESS="unix:path=" + path)
    in_background(serve_all, listen("/run/user/systemd/private", socket.SOCK_STREAM))
    bus = listen(path, socket.SOCK_STREAM)

    def become_listener():
        # The protocol of systemd's socket activation: the first descriptor, and for whom.
        os.dup2(bus.fileno(), 3)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = "1"

    command = ["dbus-broker-launch", "--scope", "user", "--config-file", configuration]
    launcher = subprocess.Popen(command, close_fds=False, preexec_fn=become_listener)
    print("ready", flush=True)
    sys.exit(launcher.wait())


main(*sys.argv[1:])
