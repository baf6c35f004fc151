"""Policy files that want to run something, or to be read for ever: refused in one line within a second, and nothing ran.

Each payload would make a file, the canary. That they can is shown first: the same bytes, opened as is usual elsewhere, do.
"""

import io
import json
import os
import pickle
import struct
import sys
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from agents.learned.bundle import DESCRIPTION, WEIGHTS, load_bundle, save_bundle
from agents.registry import find
from chain.errors import InputError
from tests.agents.learned.networks import CARD, policy
from tests.chain.markets import python

SECONDS = 1.0


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, canary):
        self.command = f"{sys.executable} -c \"open(r'{canary}', 'w')\""

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


@pytest.fixture
def folder(tmp_path):
    return save_bundle(tmp_path / "mine", policy(), CARD)


def pickled(canary):
    return pickle.dumps(Bomb(canary))


def zipped(canary):
    """A zip such as Stable-Baselines3 writes, with a payload in the place of its learning rate."""
    import base64

    data = {
        "policy_class": {":type:": "x", "__module__": "stable_baselines3.common.policies"},
        "lr_schedule": {":type:": "x", ":serialized:": base64.b64encode(pickled(canary)).decode()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data", json.dumps(data))
        archive.writestr("policy.pth", pickled(canary))
    return out.getvalue()


def framed(header, content=b""):
    """A safetensors file with this header."""
    return struct.pack("<Q", len(header)) + header + content


def tensor(name, **given):
    return json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | given}).encode()


PAYLOADS = {
    "pickle": pickled,
    "zip": zipped,
    "deep": lambda canary: b"[" * 10**6,
    "deep objects": lambda canary: b'{"a":' * 10**5 + b"1" + b"}" * 10**5,
    "long number": lambda canary: b'{"format": "ledgerlab policy", "version": ' + b"9" * 10**6 + b"}",
    "many keys": lambda canary: b"{" + b",".join(b'"%d":1' % k for k in range(70_000)) + b"}",
    "surrogates": lambda canary: b'{"format": "\\ud800"}',
    "not utf-8": lambda canary: b'{"format": "\xff\xfe"}',
    "nothing": lambda canary: b"",
    "zeros": lambda canary: b"\0" * 10**6,
    "python": lambda canary: f"__import__('os').system('touch {canary}')".encode(),
    "yaml": lambda canary: f"!!python/object/apply:os.system ['touch {canary}']".encode(),
    "header beyond the end": lambda canary: struct.pack("<Q", 2**63) + b"{}",
    "header of a pickle": lambda canary: framed(pickled(canary)),
    "offsets beyond the end": lambda canary: framed(tensor("layers.0.bias", data_offsets=[0, 2**40]), b"\0" * 4),
    "offsets backwards": lambda canary: framed(tensor("layers.0.bias", data_offsets=[4, 0]), b"\0" * 4),
    "shape overflows": lambda canary: framed(tensor("layers.0.bias", shape=[2**62, 2**62]), b"\0" * 4),
    "negative shape": lambda canary: framed(tensor("layers.0.bias", shape=[-1]), b"\0" * 4),
    "objects": lambda canary: framed(tensor("layers.0.bias", dtype="O"), b"\0" * 4),
    "name of a path": lambda canary: framed(tensor(f"../../../{canary}"), b"\0" * 4),
    "name with NUL": lambda canary: framed(tensor("layers\0"), b"\0" * 4),
}


def refused(ask, *parts):
    """Assert that this is refused in one line, quickly."""
    start = time.perf_counter()
    with pytest.raises(InputError) as error:
        ask()
    assert time.perf_counter() - start < SECONDS
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1_000
    for part in parts:
        assert part in str(error.value)


def test_the_payloads_do_run_where_files_are_trusted(tmp_path, canary):
    """By `pickle.loads`, and by Stable-Baselines3 itself."""
    (tmp_path / "payload").write_bytes(pickled(canary))
    python("import pickle, sys; pickle.loads(open(sys.argv[1], 'rb').read())", tmp_path / "payload")
    assert canary.exists()
    canary.unlink()
    (tmp_path / "payload.zip").write_bytes(zipped(canary))
    python(
        "import sys\nfrom stable_baselines3 import PPO\ntry: PPO.load(sys.argv[1])\nexcept Exception: pass",
        tmp_path / "payload.zip",
    )
    assert canary.exists()


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("place", [DESCRIPTION, WEIGHTS])
def test_a_payload_in_the_place_of_either_file_does_nothing(folder, canary, name, place):
    payload = PAYLOADS[name](canary)
    (folder / place).write_bytes(payload)
    refused(lambda: load_bundle(folder), f"bundle {folder}: ", place)
    if place == WEIGHTS:  # its author knows the digest too
        described = json.loads((folder / DESCRIPTION).read_text())
        (folder / DESCRIPTION).write_text(json.dumps(described | {"weights_sha256": sha256(payload).hexdigest()}))
        refused(lambda: load_bundle(folder), f"bundle {folder}: ")
    assert not canary.exists()


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_anywhere_in_the_description_does_nothing(folder, canary, name):
    described = json.loads((folder / DESCRIPTION).read_text())
    text = PAYLOADS[name](canary)[:10_000].decode("latin-1")
    for path in (["network", "activation"], ["encoding", "form"], ["card", "about", "deeper"], ["format"], ["weights_sha256"]):
        changed = json.loads(json.dumps(described))
        inside = changed
        for step in path[:-1]:
            inside[step] = inside[step] if isinstance(inside[step], dict) else {}
            inside = inside[step]
        inside[path[-1]] = text
        (folder / DESCRIPTION).write_text(json.dumps(changed))
        refused(lambda: load_bundle(folder), f"bundle {folder}: ")
    assert not canary.exists()


@pytest.mark.parametrize("payload", [pickled, zipped], ids=["pickle", "zip"])
@pytest.mark.parametrize("name", ["policy.zip", "policy.json", "policy.safetensors", "policy.pkl", "policy.pt"])
def test_a_payload_by_any_name_is_no_policy(tmp_path, canary, payload, name):
    (tmp_path / name).write_bytes(payload(canary))
    refused(
        lambda: find("provider", str(tmp_path / name)), "policy provider=", "--trust" if name.endswith(".zip") else "allowed are"
    )
    assert not canary.exists()


@pytest.mark.parametrize("place", [DESCRIPTION, WEIGHTS])
@pytest.mark.parametrize("target", ["link", "device", "folder", "pipe", "loop"])
def test_what_is_not_a_plain_file_is_not_read(tmp_path, folder, place, target):
    file = folder / place
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    file.unlink()
    if target == "folder":
        file.mkdir()
    elif target == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to({"link": tmp_path / "elsewhere", "device": Path("/dev/zero"), "loop": file}[target])
    refused(lambda: load_bundle(folder), f"bundle {folder}: {place}")
    refused(lambda: find("provider", str(folder)), "policy provider=")


@pytest.mark.parametrize("name", ["../provider/mine", "..", ".", "", "/", "mine/../mine", "mine\0", "x" * 5_000, "*", "~"])
def test_a_name_never_becomes_a_path(tmp_path, monkeypatch, name):
    """A shipped policy is meant by its name alone; anything else is a path, from where the user stands."""
    monkeypatch.setattr("agents.registry.BUNDLES", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    save_bundle(tmp_path / "policies" / "provider" / "mine", policy(), CARD)
    assert find("provider", "mine")[0] == "mine"
    start = time.perf_counter()
    with pytest.raises(InputError, match=r"no such policy, no bundle and no path\.py:name; allowed are .*mine"):
        find("provider", name)
    assert time.perf_counter() - start < SECONDS
