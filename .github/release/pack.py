"""Packs a folder into a .tar.gz or .zip that depends on nothing but names and contents.

    pack.py FOLDER ARCHIVE SECONDS

Every file gets the same time (seconds since 1970), owner and mode, wherever it is packed.
"""

import gzip
import io
import sys
import tarfile
import time
import zipfile
from pathlib import Path


def members(folder):
    """Each file with its name in the archive, whether it is a program, and its bytes."""
    for path in sorted(folder.rglob("*"), key=lambda path: path.as_posix()):
        if path.is_file():
            is_program = path.name in ("git-credential-pat", "git-credential-pat.exe")
            yield path.relative_to(folder.parent).as_posix(), is_program, path.read_bytes()


def pack_tar(folder, archive, seconds):
    with open(archive, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, seconds) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, is_program, content in members(folder):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime = len(content), seconds
                entry.mode = 0o755 if is_program else 0o644
                entry.uname = entry.gname = "root"
                tar.addfile(entry, io.BytesIO(content))


def pack_zip(folder, archive, seconds):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, is_program, content in members(folder):
            entry = zipfile.ZipInfo(name, time.gmtime(seconds)[:6])
            entry.create_system = 3  # whose modes the next line gives
            entry.external_attr = (0o100755 if is_program else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)


def main():
    folder, archive, seconds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    (pack_zip if archive.endswith(".zip") else pack_tar)(folder, archive, seconds)


main()
