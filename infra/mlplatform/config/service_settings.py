"""What services and deployments may know of a configuration, whatever the environment stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from platform_contract.executor_profile import NodeShape

from mlplatform.config.base import Environment
from mlplatform.config.workload_sections import Images, Mlflow, Ray, Serving, Spark
from mlplatform.instance_types import NodeCapacity


class NodesOfType(Protocol):
    """The nodes of one service type: a node group's of AWS, or those that a given cluster has."""

    @property
    def enabled(self) -> bool:
        """Whether there are any."""

    @property
    def min_size(self) -> int:
        """Nodes that are always there."""

    @property
    def max_size(self) -> int:
        """Nodes at most."""

    @property
    def largest_size(self) -> int:
        """What `max_size` can be at most."""

    @property
    def places(self) -> int:
        """Pods that a node has room for beside those that run on every node, however small they are.

        Raises:
            KeyError: a size is not known.
        """

    @property
    def is_known(self) -> bool:
        """Whether there are any, and the sizes of all of them are known, so that pods can be fitted to them."""

    @property
    def shapes(self) -> Sequence[NodeShape]:
        """What a node offers to the platform's pods: a shape for each kind of node that may come, the preferred first.

        Raises:
            KeyError: a size is not known.
        """

    @property
    def capacities(self) -> Sequence[NodeCapacity]:
        """What a node gives to all of its pods, those of its own system among them, for each kind of node.

        Raises:
            KeyError: a size is not known.
        """


class NodesByType(Protocol):
    """The nodes of an environment."""

    @property
    def system(self) -> NodesOfType:
        """Controllers, operators, MLflow."""

    @property
    def spark_driver(self) -> NodesOfType:
        """Drivers in client mode."""

    @property
    def spark_executor(self) -> NodesOfType:
        """Executors."""

    @property
    def ray(self) -> NodesOfType:
        """Ray's head and workers."""

    @property
    def serving(self) -> NodesOfType:
        """Model and wrapping APIs."""

    @property
    def notebook(self) -> NodesOfType:
        """Notebook servers."""


class ServiceSettings(Protocol):
    """The sections that services and deployments read."""

    @property
    def environment(self) -> Environment:
        """The stack's name."""

    @property
    def node_groups(self) -> NodesByType:
        """The nodes, by service type."""

    @property
    def mlflow(self) -> Mlflow:
        """The tracking server."""

    @property
    def ray(self) -> Ray:
        """The Ray cluster."""

    @property
    def spark(self) -> Spark:
        """Spark's driver and executors."""

    @property
    def serving(self) -> Serving:
        """The serving deployments."""

    @property
    def images(self) -> Images:
        """Digests of the workloads' images."""
