"""Files that are no specs, files that specs name, and changes from the command line."""

import json
import os
import pickle
import socket

from tests.sim.experiments.hostile.entry import CANARY, GOOD, Hostile

CODE = f"open({CANARY!r}, 'w').close()\n\ndef f(view, memory, dice):\n    return {{}}\n"


class Bomb:
    """Makes the canary when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (CANARY,)


def bound(folder):
    """A socket of this name."""
    here = os.getcwd()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("spec.yml")
    os.chdir(here)


def lay_code(folder):
    (folder / "evil.py").write_text(CODE)
    (folder / "sub").mkdir()
    (folder / "sub" / "evil.py").write_text(CODE)
    (folder / "link.py").symlink_to("evil.py")
    (folder / "a.py:f").mkdir()
    (folder / "a.py:f" / "policy.json").write_text("{}")
    (folder / "a.py").write_text(CODE)


def lay_pickles(folder):
    import zipfile

    content = pickle.dumps(Bomb())
    (folder / "evil.pkl").write_bytes(content)
    with zipfile.ZipFile(folder / "evil.zip", "w") as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", content)
    (folder / "b.zip").mkdir()
    (folder / "b.zip" / "policy.json").write_text("{}")


def bundle(*, description=b"{}", weights=b"", link=None):
    """Lays a bundle of these bytes; a link in the place of one of its files leads to another file."""

    def lay(folder):
        inside = folder / "bundle"
        inside.mkdir()
        (inside / "policy.json").write_bytes(description)
        (inside / "weights.safetensors").write_bytes(weights)
        if link is not None:
            (folder / "elsewhere").write_bytes(description)
            (inside / link).unlink()
            (inside / link).symlink_to("../elsewhere")

    return lay


def lay_pipe_bundle(folder):
    (folder / "bundle").mkdir()
    os.mkfifo(folder / "bundle" / "policy.json")


def spec_with(policy):
    return {**GOOD, "policies": {"client": policy}}


FILES = {
    "missing": ("no.yml", None, "there is no such file"),
    "misspelt": ("stak", None, "did you mean stake?"),
    "directory": ("sub", lambda f: (f / "sub").mkdir(), "Is a directory"),
    "fifo": ("spec.yml", lambda f: os.mkfifo(f / "spec.yml"), "is not a plain file"),
    "socket": ("spec.yml", bound, "can not be read"),
    "zeros": ("/dev/zero", None, "is not a plain file"),
    "random": ("/dev/urandom", None, "is not a plain file"),
    "null device": ("/dev/null", None, "is not a plain file"),
    "process": ("/proc/self/environ", None, "spec"),
    "link to a device": ("spec.yml", lambda f: (f / "spec.yml").symlink_to("/dev/zero"), "is not a plain file"),
    "link to itself": ("spec.yml", lambda f: (f / "spec.yml").symlink_to("spec.yml"), "spec.yml"),
    "link to nothing": ("spec.yml", lambda f: (f / "spec.yml").symlink_to("nothing"), "can not be read"),
    "link to a directory": ("spec.yml", lambda f: (f / "spec.yml").symlink_to("/"), "Is a directory"),
    "sparse": ("spec.yml", lambda f: os.truncate(os.open(f / "spec.yml", os.O_CREAT | os.O_RDWR), 2**40), "65_536 bytes"),
    "NUL in the name": ("a\0b", None, "there is no such file"),
    "no name": ("", None, "there is no such file"),
    "long name": ("x" * 10_000, None, "there is no such file"),
    "newline in the name": ("a\nb.yml", lambda f: (f / "a\nb.yml").write_text("x: ["), "'a\\nb.yml'"),
    "escape in the name": ("a\x1b[2J.yml", lambda f: (f / "a\x1b[2J.yml").write_text("- x"), "allowed is a mapping"),
    "directory with a newline": ("a\nb", lambda f: (f / "a\nb").mkdir(), "Is a directory"),
    "no UTF-8 in the name": ("\udcff.yml", lambda f: (f / "\udcff.yml").write_text("x: ["), "spec"),
}

RUNS = "allowed with --trust"
POLICIES = {
    "code": ("evil.py:f", lay_code, RUNS),
    "code with a slash": ("evil.py/:f", lay_code, RUNS),
    "code with a dot": ("evil.py/.:f", lay_code, RUNS),
    "code with slashes": ("./evil.py//:f", lay_code, RUNS),
    "code in a folder": ("sub/evil.py:f", lay_code, RUNS),
    "code by a detour": ("sub/../evil.py:f", lay_code, RUNS),
    "code by a detour with a slash": ("sub/../evil.py/:f", lay_code, RUNS),
    "code behind a link": ("link.py/:f", lay_code, RUNS),
    "code in a mixture": ("evil.py:f:3+random:3", lay_code, RUNS),
    "code in a mixture with a slash": ("random:3+evil.py/:f:3", lay_code, RUNS),
    "code without a name": ("evil.py:", lay_code, RUNS),
    "code without a colon": ("evil.py", lay_code, "no such policy"),
    "code that looks like a bundle": ("a.py:f", lay_code, RUNS),
    "absolute code": ("/tmp/evil.py:f", None, RUNS),
    "module": ("os:system", None, RUNS),
    "url": ("http://127.0.0.1/evil.py:f", None, RUNS),
    "url of a file": ("file:///etc/passwd", None, RUNS),
    "zip": ("evil.zip", lay_pickles, RUNS),
    "zip in a folder": ("./evil.zip", lay_pickles, RUNS),
    "zip in a mixture": ("evil.zip:3+random:3", lay_pickles, RUNS),
    "zip that is a bundle": ("b.zip", lay_pickles, RUNS),
    "pickle": ("evil.pkl", lay_pickles, "no such policy"),
    "pickle in a folder": ("./evil.pkl", lay_pickles, "no such policy"),
    "absolute path": ("/etc/passwd", None, "no such policy"),
    "device": ("/dev/zero", None, "no such policy"),
    "long path": ("a/" * 240, None, "no such policy"),
    "long name": ("./" + "a" * 490, None, "no such policy"),
    "traversal": ("../" * 60 + "etc", None, "no such policy"),
    "home": ("~/x", None, "no such policy"),
    "bundle of nothing": ("bundle", bundle(description=b""), "policy.json"),
    "bundle of a list": ("bundle", bundle(description=b"[]"), "policy.json"),
    "bundle of nothing known": ("bundle", bundle(), "policy.json"),
    "bundle with newlines": ("bundle", bundle(description=json.dumps({"format": "a\nb"}).encode()), "policy.json"),
    "bundle of depth": ("bundle", bundle(description=b"[" * 10**6), "policy.json"),
    "bundle of size": ("bundle", bundle(description=b"{" + b" " * 10**7), "policy.json"),
    "bundle of a pickle": ("bundle", bundle(description=pickle.dumps(Bomb())), "policy.json"),
    "bundle of a link": ("bundle", bundle(link="policy.json"), "it is a link"),
    "bundle of a pipe": ("bundle", lay_pipe_bundle, "no such policy"),
}

CHANGES = {
    "nothing": ("", "FIELD=VALUE"),
    "no value": ("seeds", "FIELD=VALUE"),
    "no field": ("=5", "FIELD=VALUE"),
    "no last field": ("grid.=5", "FIELD=VALUE"),
    "of a number": ("seeds.a=5", "FIELD=VALUE"),
    "deep": (".".join(["a"] * 50_000) + "=5", "FIELD=VALUE"),
    "nested": ("grid=" + "[" * 50_000, "--set grid, line 1: nested deeper than 8 levels"),
    "large": ("question=" + "x" * 70_000, "--set question: longer than the 65_536 bytes allowed"),
    "of a tag": (f"seeds=!!python/object/apply:os.system ['touch {CANARY}']", "tags are not allowed"),
    "of an alias": ("seeds=*a", "anchors and aliases are not allowed"),
    "of two documents": ("seeds=1\n---\n2", "another document"),
    "of a path": ("name=../../x", "spec: name: '../../x' given"),
    "unknown": ("sedes=5", "did you mean seeds?"),
    "unknown inside": ("sample.sedes=5", "sample"),
    "of a role": ("policies.clint=random", "did you mean client?"),
    "of code": ("policies.client=evil.py/:f", RUNS),
    "of a bomb": ("grid={min_stake: [1], min_stake: [2]}", "given twice"),
    "of NUL": ("name=a\0", "--set name"),
    "of a newline": ("a\nb=5", "'a\\nb' is no such field"),
    "of a newline in YAML": ("a\nb=[", "--set 'a\\nb'"),
    "of a private name": ("__class__.x=5", "__class__ is no such field"),
    "of no text": ("\ud800=5", "unable to parse raw data as a unicode string"),
    "of a value that is no text": ("question=\ud800", "--set question"),
    "of infinity": ("horizon=1e999", "horizon: inf given"),
}

PLACES = {f"file {name}": Hostile(None, (says,), lay=lay, path=path) for name, (path, lay, says) in FILES.items()}
PLACES |= {f"policy {name}": Hostile(spec_with(text), ("client", says), lay=lay) for name, (text, lay, says) in POLICIES.items()}
PLACES |= {f"change {name}": Hostile(GOOD, (says,), (text,), lay_code) for name, (text, says) in CHANGES.items()}
