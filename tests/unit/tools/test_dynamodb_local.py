"""DynamoDB Local is the pinned jars, all of them, or it is not there."""

import hashlib
from pathlib import Path

import pytest

from tests.unit.tools.conftest import Program, Server
from tools.bootstrap.dynamodb_local import LOCK, provide_dynamodb_local, read_lock
from tools.bootstrap.errors import ToolError
from tools.bootstrap.host import Host

JARS = {
    "software/amazon/dynamodb/DynamoDBLocal/3.1.0/DynamoDBLocal-3.1.0.jar": b"main",
    "a/b/1/b-1.jar": b"b",
}
MVN = """
for option; do case "$option" in -DoutputDirectory=*) to="${option#*=}";; esac; done
printf main > "$to/DynamoDBLocal-3.1.0.jar"
printf b > "$to/b-1.jar"
printf native > "$to/libsqlite4java-linux-amd64-1.0.392.so"
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Pins two jars."""
    path = tmp_path / "jars.lock"
    lines = [f"{hashlib.sha256(content).hexdigest()}  {jar}\n" for jar, content in JARS.items()]
    path.write_text("# how it was made\n" + "".join(lines))
    return path


def _content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_all_jars_are_downloaded_once_into_one_folder(host: Host, server: Server, lock: Path) -> None:
    server.files = {f"/maven2/{jar}": content for jar, content in JARS.items()}

    folder = provide_dynamodb_local(host, lock)

    assert _content(folder) == {"DynamoDBLocal-3.1.0.jar": b"main", "b-1.jar": b"b"}
    assert provide_dynamodb_local(host, lock) == folder
    assert sorted(server.asked) == sorted(server.files)


def test_maven_is_asked_where_the_repository_is_not_reachable(
    host: Host, program: Program, lock: Path
) -> None:
    program("mvn", MVN)

    assert _content(provide_dynamodb_local(host, lock)) == {
        "DynamoDBLocal-3.1.0.jar": b"main",
        "b-1.jar": b"b",
    }


def test_other_jars_are_refused_from_either_source(
    host: Host, server: Server, program: Program, lock: Path
) -> None:
    server.files = {f"/maven2/{jar}": b"something else" for jar in JARS}
    program("mvn", MVN.replace("printf b ", "printf c "))

    with pytest.raises(ToolError) as raised:
        provide_dynamodb_local(host, lock)

    reasons = dict(raised.value.tried)
    assert "refused" in reasons["Maven Central"]
    assert reasons["mvn"] == "refused, other content than in dynamodb-local.lock: b-1.jar"
    assert not [path for path in host.cache.iterdir() if path.is_dir()]


def test_a_new_lock_gets_a_new_folder(host: Host, server: Server, lock: Path) -> None:
    server.files = {f"/maven2/{jar}": content for jar, content in JARS.items()}
    before = provide_dynamodb_local(host, lock)

    lock.write_text(lock.read_text() + "# pinned anew\n")

    assert provide_dynamodb_local(host, lock) != before


def test_the_real_lock_names_jars_alone() -> None:
    """Native libraries are inside DynamoDB Local's own jar, for every platform."""
    jars = read_lock(LOCK)

    assert all(path.endswith(".jar") for path in jars)
    assert "software/amazon/dynamodb/DynamoDBLocal/3.1.0/DynamoDBLocal-3.1.0.jar" in jars
    assert len({path.rsplit("/", 1)[1] for path in jars}) == len(jars)
