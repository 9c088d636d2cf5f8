from __future__ import annotations

import subprocess
import sys


def test_the_daemon_imports_the_standard_library_alone() -> None:
    """Measured at run time: the import contract cannot see what is imported late."""
    code = (
        "import sys, vipkeeper.daemon.main, vipkeeper.daemon.speaker;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}"
        " - set(sys.stdlib_module_names) - {'__main__', 'vipkeeper'}))"
    )
    # -S: no site-packages, so nothing but the standard library could be imported at all.
    completed = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {_source()!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stderr == ""
    assert completed.stdout.strip() == ""


def test_the_speaker_does_not_load_what_only_the_keeper_needs() -> None:
    code = (
        "import sys, vipkeeper.daemon.speaker;"
        "print([name for name in ('subprocess', 'logging', 'asyncio', 'vipkeeper.keepalived')"
        " if name in sys.modules])"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == "[]"


def _source() -> str:
    import vipkeeper

    return str(next(iter(vipkeeper.__path__))).rpartition("/")[0]
