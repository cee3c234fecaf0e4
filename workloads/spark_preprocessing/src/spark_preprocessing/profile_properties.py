"""TODO"""

from platform_contract import ExecutorProfile


def profile_properties(profile: ExecutorProfile) -> dict[str, str]:
    return {}
