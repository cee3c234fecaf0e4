"""The programs, where their pinned versions are written, and how each is linked."""

from __future__ import annotations

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from tools.toolchain.versions import KUBECTL_RANGE, PULUMI_RANGE, Range, ToolchainError, Version, find_version

ROOT = Path(__file__).resolve().parents[2]
MODULES = Path(__file__).resolve().parent / "modules"
# A program without C needs no C compiler to be built and no library to run, so it can also stand alone in an image.
BUILD_ENVIRONMENT = {"CGO_ENABLED": "0", "GOWORK": "off"}


@dataclass(frozen=True)
class Program:
    """A command in a Go module that some module below `modules/` requires at one version."""

    name: str
    module: Path
    """The folder of the `go.mod` and `go.sum` that pin it."""
    package: str
    """The import path of its main package; or, where that is our own, of what it is about."""
    version_arguments: tuple[str, ...] = ("--version",)
    """How it is asked for its version; none: it does not tell, and what Go has written into it is read."""
    variables: tuple[str, ...] = ()
    """What the linker sets, as `path.Variable=value`; `{version}`, `{major}` and `{minor}` are the pinned ones."""
    tags: tuple[str, ...] = ()
    own: Range | None = None
    """Which version of the machine's own will do; None: only the pinned one."""
    prefix: str = ""
    """Its folder within the toolchain's: the program is at `<prefix>/bin/<name>`."""
    main: str = ""
    """The folder of the main package within the module's, where that is our own."""
    usual: bool = True
    """Whether it is one of "all"; False: it is built where it is named."""
    files: tuple[str, ...] = ()
    """What comes with it, by its place in the module that holds its package: put into `share/<name>/`."""

    @property
    def version(self) -> Version:
        """The pinned version, as the `go.mod` has it.

        Raises ToolchainError when the `go.mod` requires no module that could hold the package.
        """
        version = find_version(self._holder[1])
        if version is None:
            raise ToolchainError(f"{self.module / 'go.mod'} requires no release of a module that holds {self.package}.")
        return version

    @property
    def holder(self) -> str:
        """The module that holds the package."""
        return self._holder[0]

    @property
    def _holder(self) -> tuple[str, str]:
        required = required_modules((self.module / "go.mod").read_text())
        holders = [path for path in required if f"{self.package}/".startswith(f"{path}/")]
        longest = max(holders, key=len, default="")
        return longest, required.get(longest, "")

    @property
    def oldest_go(self) -> str:
        """The oldest Go that the `go.mod` lets build it, as in "1.26.6"."""
        match = re.search(r"^go (\S+)$", (self.module / "go.mod").read_text(), re.MULTILINE)
        return match.group(1) if match else "1.21"

    @property
    def build_arguments(self) -> tuple[str, ...]:
        """What `go build` is given, but for the place of the result."""
        version = self.version
        values = {"version": str(version), "major": version.major, "minor": version.minor}
        linked = ["-s", "-w", *(f"-X {variable.format(**values)}" for variable in self.variables)]
        tags = (f"-tags={','.join(self.tags)}",) if self.tags else ()
        return (
            "-mod=readonly",
            "-trimpath",
            f"-ldflags={' '.join(linked)}",
            *tags,
            f"./{self.main}" if self.main else self.package,
        )

    @property
    def recipe(self) -> str:
        """The digest of all that decides what is built, but for the version of Go."""
        ours = sorted((self.module / self.main).glob("*.go")) if self.main else []
        parts = [path.read_text() for path in (*sorted(self.module.glob("go.*")), *ours)]
        settings = [f"{key}={value}" for key, value in BUILD_ENVIRONMENT.items()]
        machine = (platform.system(), platform.machine())
        text = "\0".join([*parts, *self.build_arguments, *self.files, *settings, *machine])
        return hashlib.sha256(text.encode()).hexdigest()


def required_modules(go_mod: str) -> dict[str, str]:
    """The version of each module in a `go.mod`'s `require` lines."""
    line = re.compile(r"^(?:require )?\s*([^\s/]\S*) (v\d\S*)(?: // indirect)?$", re.MULTILINE)
    return dict(line.findall(go_mod))


def _kubernetes(name: str, *version_arguments: str, own: Range | None = None) -> Program:
    return Program(
        name,
        MODULES / "kubernetes",
        f"k8s.io/kubernetes/cmd/{name}",
        version_arguments or ("--version",),
        # Without these, a node and an API server call themselves v0.0.0-master.
        variables=tuple(
            f"{package}.{variable}"
            for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
            for variable in ("gitVersion={version}", "gitMajor={major}", "gitMinor={minor}")
        ),
        own=own,
    )


KUBERAY_KINDS = ("rayclusters", "raycronjobs", "rayjobs", "rayservices")
PROGRAMS = {
    program.name: program
    for program in (
        Program(
            "pulumi",
            MODULES / "pulumi",
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            ("version",),
            # Without it the Automation API cannot tell the version and refuses.
            variables=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
            own=PULUMI_RANGE,
            # The Automation API is given a folder and looks for bin/pulumi in it.
            prefix="pulumi",
        ),
        _kubernetes("kubectl", "version", "--client", own=KUBECTL_RANGE),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kubelet"),
        _kubernetes("kube-proxy"),
        Program("etcd", MODULES / "kubernetes", "go.etcd.io/etcd/server/v3"),
        Program(
            "network-policies",
            MODULES / "kubernetes",
            "sigs.k8s.io/kube-network-policies/pkg/networkpolicy",
            main="networkpolicies",
            variables=("main.version={version}",),
        ),
        Program("kwok", MODULES / "kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        Program(
            "kuberay-operator",
            MODULES / "kubernetes",
            "github.com/ray-project/kuberay/ray-operator",
            version_arguments=(),
            # The kinds that it looks after, and the rights that it needs.
            files=(
                *(f"config/crd/bases/ray.io_{kind}.yaml" for kind in KUBERAY_KINDS),
                "config/rbac/role.yaml",
            ),
        ),
        Program(
            "coredns",
            MODULES / "kubernetes",
            "github.com/coredns/coredns/coremain",
            ("-version",),
            # CoreDNS's own, of its Makefile: without it the linker keeps every exported method.
            tags=("grpcnotrace",),
            main="coredns",
        ),
        Program(
            "registry",
            MODULES / "kubernetes",
            "github.com/distribution/distribution/v3/registry",
            main="registry",
            variables=("github.com/distribution/distribution/v3/version.version={version}",),
        ),
        # S3 over a folder: what the stack `local` has in its place, and what tests of S3 run against.
        Program(
            "versitygw",
            MODULES / "versitygw",
            "github.com/versity/versitygw/cmd/versitygw",
            variables=("main.Version={version}",),
        ),
        # It speaks Terraform's plugin protocol and is small: what the tests of `make judge` ask.
        Program(
            "terraform-provider-time",
            MODULES / "terraform-provider-time",
            "github.com/hashicorp/terraform-provider-time",
            version_arguments=(),
            usual=False,
        ),
    )
}
JUDGE = Program(
    "terraform-provider-aws",
    MODULES / "terraform-provider-aws",
    "github.com/hashicorp/terraform-provider-aws",
    version_arguments=(),
    usual=False,
)
"""What `make judge` asks: 2,025 packages, an hour or more on 2 cores; so it is built only where it is named.

Not one of `PROGRAMS`, whose versions are numbers that are compared: its module has a pseudo-version of a commit.
"""


def known_program(name: str) -> Program:
    """The program of that name.

    Raises ToolchainError that lists the names when there is none.
    """
    if name == JUDGE.name:
        return JUDGE
    if name not in PROGRAMS:
        raise ToolchainError(f"no such program: {name} (there is {', '.join(PROGRAMS)})")
    return PROGRAMS[name]
