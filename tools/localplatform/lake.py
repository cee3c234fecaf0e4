"""The platform's lake as this machine reaches it: at the object store's address in the cluster, as one of its accounts.

The secret keys are not asked for: like all passwords they follow from the seed that is kept beside the stack.
"""

from __future__ import annotations

from typing import Final

from mlplatform import naming
from mlplatform.foundation.incluster import object_store
from mlplatform.foundation.incluster.passwords import password

from tools.localplatform.site import Site

DELIVERY: Final = object_store.DELIVERY.name
"""Brings raw files, and may do nothing else."""
READER: Final = "notebooks-notebook"
"""Reads data sets, predictions and artifacts, as people do on AWS."""


def lake_environment(site: Site, account: str) -> dict[str, str]:
    """The variables with which the SDKs of AWS reach the lake from here.

    Args:
        site: where the platform is up.
        account: one of the object store's (`object_store.ACCOUNTS`, or `object_store.ROOT`).
    """
    address = site.service_address(naming.NAMESPACE_DATA, object_store.APP, object_store.PORT)
    key = password(site.seed(), object_store.password_of(account))
    return {name: str(value) for name, value in object_store.environment(account, key, address).items()}
