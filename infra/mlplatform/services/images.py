"""Images that are not built yet: what needs one is left out of the plan, with a line that says so."""

from __future__ import annotations

import pulumi
from pydantic.alias_generators import to_camel

from mlplatform.config.workload_sections import Images
from mlplatform.endpoints import Endpoints


def find_image(endpoints: Endpoints, image: str, what: str) -> pulumi.Output[str] | None:
    """The image by digest, or None and a line in the plan if there is none yet.

    Args:
        endpoints: what the foundation offers.
        image: a field of `mlplatform.config.workload_sections.Images`.
        what: is left out without it, as a sentence's subject.

    Raises:
        ValueError: there is no such field.
    """
    if image not in Images.model_fields:
        raise ValueError(f"{image} is no field of Images")
    found = endpoints.images.get(image)
    if found is None:
        pulumi.log.info(f"{what} is left out of the plan: it has no image yet: `make images` builds it")
    return found


def pending_images(endpoints: Endpoints) -> list[str]:
    """The keys below ``mlplatform:images`` that no digest is known for, sorted."""
    return sorted(to_camel(image) for image in Images.model_fields if image not in endpoints.images)
