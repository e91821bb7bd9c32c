"""The key file: whole or not at all, whatever happens in between, and what it held before is overwritten."""

import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyrings import held
from ticketing.privacy.errors import VaultError
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.keys import Chain, Keys, parse, text_of
from ticketing.privacy.sealing import SHA256, SM3

ROOT = bytes(range(32))
DAY = date(2026, 11, 29)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "master.key"


def put(path: Path, keys: Keys) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch(0o600)
    path.write_text(text_of(keys))


# -- its text ----------------------------------------------------------------------------------------------------------

KEY = st.binary(min_size=32, max_size=32)
HASH = st.sampled_from([SHA256, SM3])
CHAIN = st.builds(Chain, st.from_regex(r"[0-9a-f]{16}", fullmatch=True), st.dates(), KEY)
MONTH = st.tuples(st.from_regex(r"20[0-9]{2}-(0[1-9]|1[0-2])", fullmatch=True), KEY)
KEYS = st.builds(
    Keys,
    root=KEY,
    hash=HASH,
    lasting=st.none() | KEY,
    seals=st.lists(KEY, max_size=3).map(tuple),
    chain=st.none() | CHAIN,
    following=st.none() | CHAIN,
    months=st.lists(MONTH, max_size=9).map(tuple),
)


def of_one_hash(keys: Keys) -> Keys:
    chains = (replace(one, hash=keys.hash) if one else None for one in (keys.chain, keys.following))
    return replace(keys, **dict(zip(("chain", "following"), chains, strict=True)))


@given(KEYS.map(of_one_hash))
@settings(max_examples=25, deadline=None)
def test_keys_come_back_from_their_text(keys: Keys) -> None:
    assert parse(text_of(keys)) == keys


@given(KEYS.map(of_one_hash), st.integers(1, 4000))
@settings(max_examples=25, deadline=None)
def test_a_text_that_was_cut_is_not_taken_for_whole(keys: Keys, length: int) -> None:
    text = text_of(keys)
    cut = text[: length % (len(text) - 1)]
    # The first line alone is what a hall writes on paper; what follows at once is a comment.
    if cut.split("#")[0].strip() != keys.root.hex():
        with pytest.raises(ValueError):
            parse(cut)


def test_no_key_is_in_a_representation() -> None:
    keys = replace(held(ROOT).keys, lasting=ROOT, seals=(ROOT,))
    assert ROOT.hex() not in repr(keys)
    assert repr(ROOT) not in repr(keys)
    assert repr(keys.months[0][1]) not in repr(keys)


# -- the chain ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 200), max_size=4))
@settings(max_examples=20, deadline=None)
def test_boxes_that_move_on_different_days_have_the_same_keys(steps: list[int]) -> None:
    until = DAY + timedelta(days=400)
    box = other = Keys(ROOT).begun(DAY)
    for step in steps:
        box = box.moved(min(until, DAY + timedelta(days=step)), DAY)
    assert box.chain is not None
    assert other.chain is not None
    assert box.chain.moved(until) == other.chain.moved(until)
    assert box.month_keys(until) == other.month_keys(until)
    assert box.moved(until, DAY).months == other.moved(until, DAY).months
    assert len(other.month_keys(until)) == 15


def test_a_chain_does_not_go_back() -> None:
    chain = Chain.begun(DAY, SHA256)
    with pytest.raises(ValueError, match="back"):
        chain.moved(DAY - timedelta(days=1))
    assert chain.moved(DAY + timedelta(days=1)).key != chain.key


def test_a_month_goes_when_its_retention_is_over_and_its_key_is_not_made_again() -> None:
    keys = Keys(ROOT).begun(date(2026, 1, 15)).moved(date(2026, 6, 10), date(2026, 1, 1))
    assert [month for month, _ in keys.months] == [f"2026-0{month}" for month in range(1, 7)]
    later = keys.moved(date(2026, 6, 11), date(2026, 4, 30))
    assert [month for month, _ in later.months] == ["2026-04", "2026-05", "2026-06"]
    assert len(later.month_keys(date(2026, 7, 1))) == 4
    assert later.month_keys(date(2026, 6, 11))[0] == keys.month_keys(date(2026, 6, 11))[0]


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_first_start_makes_keys_that_only_their_owner_may_read(path: Path) -> None:
    keys = KeyFile(path).keys
    assert len(keys.root) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert KeyFile(path).keys == keys
    assert list(path.parent.iterdir()) == [path]


def test_two_first_starts_at_once_agree_on_one_key(path: Path) -> None:
    gate = threading.Barrier(8)
    keys: list[Keys] = []

    def start() -> None:
        gate.wait(30)
        keys.append(KeyFile(path).change(lambda keys: keys.begun(DAY)))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(keys) == 8
    assert len({one.chain and one.chain.key for one in keys}) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_key_typed_in_from_paper_is_taken(path: Path) -> None:
    put(path, Keys(ROOT))
    path.write_text("\n".join(ROOT[at : at + 8].hex(" ").upper() for at in range(0, 32, 8)))
    assert KeyFile(path).keys == Keys(ROOT)


def test_a_change_of_one_process_is_seen_by_the_next_change_of_another(path: Path) -> None:
    one, other = KeyFile(path), KeyFile(path)
    one.change(lambda keys: keys.begun(DAY).moved(DAY + timedelta(days=5), DAY))
    other.change(lambda keys: keys.begun(DAY + timedelta(days=9)).moved(DAY + timedelta(days=1), DAY))
    assert other.keys == one.keys == KeyFile(path).keys
    assert other.keys.chain
    assert other.keys.chain.day == DAY + timedelta(days=5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_the_file_held_before_is_overwritten(path: Path, tmp_path: Path) -> None:
    keys = KeyFile(path)
    before = keys.change(lambda keys: keys.begun(DAY))
    assert before.chain
    old = path.open("rb")
    with old:
        assert before.chain.key.hex().encode() in old.read()
        keys.change(lambda keys: keys.moved(DAY + timedelta(days=1), DAY))
        old.seek(0)
        content = old.read()
        assert content
        assert before.chain.key.hex().encode() not in content
        assert before.root.hex().encode() not in content
    assert list(path.parent.iterdir()) == [path]


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    KeyFile(path)
    link = tmp_path / "link.key"
    link.symlink_to(path)
    KeyFile(link).change(lambda keys: keys.begun(DAY))
    assert link.is_symlink()
    assert KeyFile(path).keys.chain


def spoil_open(path: Path) -> None:
    path.chmod(0o640)


def spoil_short(path: Path) -> None:
    path.write_text(path.read_text()[:40])


def spoil_raw(path: Path) -> None:
    path.write_bytes(os.urandom(32))


def spoil_empty(path: Path) -> None:
    path.write_text("")


def spoil_end(path: Path) -> None:
    put(path, held(ROOT).keys)
    path.write_text(path.read_text().removesuffix("end\n"))


def spoil_line(path: Path) -> None:
    put(path, held(ROOT).keys)
    path.write_text(path.read_text().replace("chain ", "chain of "))


def spoil_folder(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


def spoil_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (spoil_open, "key_too_open", "chmod 600"),
        (spoil_short, "key_malformed", "64 hexadecimal digits"),
        (spoil_raw, "key_malformed", "64 hexadecimal digits"),
        (spoil_empty, "key_malformed", "64 hexadecimal digits"),
        (spoil_end, "key_malformed", "put it back"),
        (spoil_line, "key_malformed", "put it back"),
        (spoil_folder, "key_malformed", "does not hold a key"),
        (spoil_pipe, "key_malformed", "does not hold a key"),
    ],
)
def test_a_key_file_that_is_not_as_it_must_be_is_refused_in_clear_words(
    path: Path, spoil: Callable[[Path], None], code: str, words: str
) -> None:
    keys = KeyFile(path).keys
    spoil(path)
    with pytest.raises(VaultError) as refused:
        KeyFile(path)
    assert refused.value.code == code
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert keys.root.hex()[:12] not in str(refused.value) + repr(refused.value)


def test_a_key_file_below_something_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VaultError, match="cannot read the master key file"):
        KeyFile(tmp_path / "file" / "master.key")


def test_missing_keys_are_not_made_anew_where_a_store_is_sealed_with_them(path: Path) -> None:
    with pytest.raises(VaultError, match="put it back") as refused:
        KeyFile(path, create=False)
    assert refused.value.code == "key_missing"
    assert not path.exists()


def test_a_file_that_cannot_be_written_stays_as_it_is_and_says_so(path: Path) -> None:
    # A name that leaves no room for a draft beside it: so it fails for root, too.
    long = path.with_name("k" * 250)
    keys = KeyFile(path)
    before = keys.change(lambda keys: keys.begun(DAY))
    path.rename(long)
    keys.path = long
    with pytest.raises(VaultError, match="cannot be written: File name too long") as refused:
        keys.change(lambda keys: keys.moved(DAY + timedelta(days=1), DAY))
    assert refused.value.code == "key_unwritable"
    assert keys.keys == before == KeyFile(long).keys
    assert list(path.parent.iterdir()) == [long]


# -- under a credential ------------------------------------------------------------------------------------------------


def test_a_file_is_sealed_under_the_first_credential_and_opens_with_no_other(path: Path) -> None:
    plain = KeyFile(path).change(lambda keys: keys.begun(DAY))
    assert plain.chain
    sealed = KeyFile(path, credential="一句口令".encode())
    assert sealed.sealed
    assert sealed.keys == plain
    for secret in (plain.root, plain.chain.key, plain.months[0][1]):
        assert secret.hex() not in path.read_text()
    sealed.change(lambda keys: keys.moved(DAY + timedelta(days=1), DAY))
    assert KeyFile(path, credential="一句口令".encode()).keys == sealed.keys != plain
    assert list(path.parent.iterdir()) == [path]
    for credential, code, words in (
        (None, "key_sealed", "systemd-run"),
        (b"\x00\xff another", "key_credential", "another credential"),
    ):
        with pytest.raises(VaultError, match=words) as refused:
            KeyFile(path, credential=credential)
        assert refused.value.code == code


# -- a power cut at any point ------------------------------------------------------------------------------------------

# Forks a process for each call of the system that the module makes, and kills it there.
KILLED = """
import os, signal, sys
from datetime import date, timedelta
from pathlib import Path
from ticketing.privacy.key_file import KeyFile
from ticketing.privacy.keys import Chain

path, what = Path(sys.argv[1]), sys.argv[2]
day = date(2026, 11, 29)
changes = {
    "make": lambda: KeyFile(path),
    "move": lambda: KeyFile(path).change(lambda keys: keys.moved(day + timedelta(days=1), day)),
    "announce": lambda: KeyFile(path).change(lambda keys: keys.announcing(Chain.begun(day, keys.hash), day)),
    "seal": lambda: KeyFile(path, credential=b"x"),
}
content = path.read_bytes() if path.exists() else None

def restore():
    for one in path.parent.iterdir():
        one.unlink()
    if content is not None:
        path.touch(0o600)
        path.write_bytes(content)

def dies_at(point):
    calls = 0
    def watch(frame, event, arg):
        nonlocal calls
        # The frame before it: pathlib calls on the module's behalf.
        near = [one.f_code.co_filename for one in (frame, frame.f_back) if one]
        of_system = getattr(arg, "__module__", "") in ("posix", "fcntl")
        if event == "c_call" and of_system and any(one.endswith("key_file.py") for one in near):
            calls += 1
            if calls == point:
                os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == signal.SIGKILL
    sys.setprofile(watch)
    changes[what]()
    os._exit(0)

import argon2.low_level
point = 1
left = 0
while dies_at(point):
    left = max(left, len(list(path.parent.iterdir())))
    credential = b"x" if path.exists() and path.read_bytes().startswith(b"quhao-sealed") else None
    keys = KeyFile(path, credential=credential).keys
    assert list(path.parent.iterdir()) == [path], (point, list(path.parent.iterdir()))
    print(what, keys.chain.day if keys.chain else None, bool(keys.following), bool(credential))
    restore()
    # A key made from a passphrase takes its time.
    point += 4 if what == "seal" else 1
assert point > 10, point
assert left > 1, left
"""


@pytest.mark.parametrize("what", ["make", "move", "announce", "seal"])
def test_whoever_is_killed_at_any_point_leaves_the_old_keys_or_the_new_ones_and_nothing_else(
    path: Path, what: str
) -> None:
    path.parent.mkdir()
    if what != "make":
        put(path, Keys(ROOT).begun(DAY))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), what], capture_output=True, text=True, timeout=100, cwd=Path.cwd()
    )
    assert done.returncode == 0, done.stderr
    states = dict.fromkeys(done.stdout.splitlines())
    assert (
        list(states)
        == {
            "make": ["make None False False"],
            "move": ["move 2026-11-29 False False", "move 2026-11-30 False False"],
            "announce": ["announce 2026-11-29 False False", "announce 2026-11-29 True False"],
            "seal": ["seal 2026-11-29 False False", "seal 2026-11-29 False True"],
        }[what]
    )
